//! ISO 20022 customer credit transfer initiation, `pain.001.001.09`.
//!
//! Written after the message's schema, and for SEPA after EPC132-08 (SLEV, names up to 70 characters, at most
//! 999,999,999.99). No bank has tried the files: each has its own guide.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::{BankAccount, Batch, Payment, PaymentError, Scheme};
use crate::claim::Problem;
use crate::{Currency, Money};

/// The message's namespace.
pub const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09";

const MAX_SEPA_NAME: usize = 70;
const MAX_SEPA_MINOR: i64 = 99_999_999_999;

/// Countries of the SEPA schemes (EPC409-09).
const SEPA: &[&str] = &[
    "AD", "AL", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GI", "GR", "HR", "HU",
    "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MC", "MD", "ME", "MK", "MT", "NL", "NO", "PL", "PT", "RO", "RS", "SE",
    "SI", "SK", "SM", "VA",
];

type Xml = Writer<Vec<u8>>;

/// The file, in UTF-8: one group of SEPA payments and one of others, each with its count and exact sum.
pub fn render(batch: &Batch) -> Result<String, PaymentError> {
    batch.validate()?;
    let (sepa, other): (Vec<_>, Vec<_>) = batch.payments.iter().enumerate().partition(|(_, p)| is_sepa(batch, p));
    within_sepa(batch, &sepa)?;
    let groups: Vec<Group> = [(true, sepa), (false, other)]
        .into_iter()
        .filter(|(_, payments)| !payments.is_empty())
        .map(|(sepa, payments)| Group {
            sepa,
            payments: payments.into_iter().map(|(_, p)| p).collect(),
        })
        .collect();
    document(batch, &groups)
        .and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other))
        .map_err(|_| PaymentError {
            problems: vec![Problem::new("payments", "unwritable")],
        })
}

struct Group<'a> {
    sepa: bool,
    payments: Vec<&'a Payment>,
}

fn is_sepa(batch: &Batch, payment: &Payment) -> bool {
    let inside = |a: &BankAccount| a.scheme == Scheme::Iban && a.country().is_some_and(|c| SEPA.contains(&c));
    batch.currency == Currency::EUR && inside(&batch.debtor) && inside(&payment.creditor)
}

fn within_sepa(batch: &Batch, payments: &[(usize, &Payment)]) -> Result<(), PaymentError> {
    let mut problems = Vec::new();
    let mut name = |field: String, name: &str| {
        let found = name.chars().count();
        if found > MAX_SEPA_NAME {
            problems.push(
                Problem::new(field, "too-long")
                    .with("max", MAX_SEPA_NAME)
                    .with("found", found),
            );
        }
    };
    if !payments.is_empty() {
        name("debtor.holder".to_owned(), &batch.debtor.holder);
    }
    for (i, payment) in payments {
        name(format!("payments[{i}].creditor.holder"), &payment.creditor.holder);
    }
    for (i, payment) in payments {
        if payment.amount.minor > MAX_SEPA_MINOR {
            let max = Money::new(MAX_SEPA_MINOR, batch.currency);
            problems.push(Problem::new(format!("payments[{i}].amount"), "too-large").with("max", max));
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(PaymentError { problems })
    }
}

fn document(batch: &Batch, groups: &[Group]) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.create_element("Document")
        .with_attribute(("xmlns", NAMESPACE))
        .write_inner_content(|xml| {
            node(xml, "CstmrCdtTrfInitn", |xml| {
                header(xml, batch)?;
                groups
                    .iter()
                    .enumerate()
                    .try_for_each(|(i, group)| info(xml, batch, i + 1, group))
            })
        })?;
    Ok(xml.into_inner())
}

fn header(xml: &mut Xml, batch: &Batch) -> io::Result<()> {
    node(xml, "GrpHdr", |xml| {
        leaf(xml, "MsgId", &batch.message_id)?;
        leaf(
            xml,
            "CreDtTm",
            &batch.created_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        )?;
        totals(xml, batch.currency, batch.payments.iter())?;
        node(xml, "InitgPty", |xml| leaf(xml, "Nm", &batch.debtor.holder))
    })
}

fn info(xml: &mut Xml, batch: &Batch, n: usize, group: &Group) -> io::Result<()> {
    node(xml, "PmtInf", |xml| {
        leaf(xml, "PmtInfId", &format!("{}-{n}", batch.message_id))?;
        leaf(xml, "PmtMtd", "TRF")?;
        totals(xml, batch.currency, group.payments.iter().copied())?;
        if group.sepa {
            node(xml, "PmtTpInf", |xml| {
                node(xml, "SvcLvl", |xml| leaf(xml, "Cd", "SEPA"))
            })?;
        }
        node(xml, "ReqdExctnDt", |xml| leaf(xml, "Dt", &batch.execute_on.to_string()))?;
        node(xml, "Dbtr", |xml| leaf(xml, "Nm", &batch.debtor.holder))?;
        node(xml, "DbtrAcct", |xml| {
            account(xml, &batch.debtor)?;
            leaf(xml, "Ccy", batch.currency.code())
        })?;
        node(xml, "DbtrAgt", |xml| agent(xml, &batch.debtor))?;
        if group.sepa {
            leaf(xml, "ChrgBr", "SLEV")?;
        }
        group.payments.iter().try_for_each(|payment| transfer(xml, payment))
    })
}

fn transfer(xml: &mut Xml, payment: &Payment) -> io::Result<()> {
    node(xml, "CdtTrfTxInf", |xml| {
        node(xml, "PmtId", |xml| leaf(xml, "EndToEndId", &payment.end_to_end_id))?;
        node(xml, "Amt", |xml| {
            xml.create_element("InstdAmt")
                .with_attribute(("Ccy", payment.amount.currency.code()))
                .write_text_content(BytesText::new(&payment.amount.plain()))?;
            Ok(())
        })?;
        if has_agent(&payment.creditor) {
            node(xml, "CdtrAgt", |xml| agent(xml, &payment.creditor))?;
        }
        node(xml, "Cdtr", |xml| leaf(xml, "Nm", &payment.creditor.holder))?;
        node(xml, "CdtrAcct", |xml| account(xml, &payment.creditor))?;
        let remittance = payment.remittance();
        if remittance.is_empty() {
            return Ok(());
        }
        node(xml, "RmtInf", |xml| leaf(xml, "Ustrd", &remittance))
    })
}

fn totals<'a>(
    xml: &mut Xml,
    currency: Currency,
    payments: impl Iterator<Item = &'a Payment> + Clone,
) -> io::Result<()> {
    let sum = Money::sum(currency, payments.clone().map(|p| p.amount)).map_err(io::Error::other)?;
    leaf(xml, "NbOfTxs", &payments.count().to_string())?;
    leaf(xml, "CtrlSum", &sum.plain())
}

fn account(xml: &mut Xml, account: &BankAccount) -> io::Result<()> {
    node(xml, "Id", |xml| match account.scheme {
        Scheme::Iban => leaf(xml, "IBAN", &account.number),
        Scheme::Cn => node(xml, "Othr", |xml| {
            leaf(xml, "Id", &account.number)?;
            node(xml, "SchmeNm", |xml| leaf(xml, "Cd", "BBAN"))
        }),
    })
}

fn has_agent(account: &BankAccount) -> bool {
    account.bic.is_some() || account.scheme == Scheme::Cn
}

/// The bank. An IBAN names it already, so that banks in Europe take a BIC or nothing; a Chinese account is found by
/// the branch's number in China's clearing system and its name.
fn agent(xml: &mut Xml, account: &BankAccount) -> io::Result<()> {
    node(xml, "FinInstnId", |xml| {
        if let Some(bic) = &account.bic {
            leaf(xml, "BICFI", bic)?;
        }
        if account.scheme == Scheme::Iban {
            return match account.bic {
                Some(_) => Ok(()),
                None => node(xml, "Othr", |xml| leaf(xml, "Id", "NOTPROVIDED")),
            };
        }
        if let Some(branch) = &account.branch {
            node(xml, "ClrSysMmbId", |xml| {
                node(xml, "ClrSysId", |xml| leaf(xml, "Cd", "CNAPS"))?;
                leaf(xml, "MmbId", branch)
            })?;
        }
        account.bank.iter().try_for_each(|bank| leaf(xml, "Nm", bank))
    })
}

fn node(xml: &mut Xml, name: &str, inner: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<()> {
    xml.create_element(name).write_inner_content(inner)?;
    Ok(())
}

fn leaf(xml: &mut Xml, name: &str, text: &str) -> io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(text))?;
    Ok(())
}
