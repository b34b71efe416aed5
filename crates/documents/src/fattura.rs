//! FatturaPA, the Italian e-invoice (`FatturaElettronica`, formats FPA12, FPR12 and FSM10). One file may hold several
//! invoices of one seller to one buyer, each a `FatturaElettronicaBody`.

use outlay_core::{Currency, InvoiceIdentity, Money};

use crate::category;
use crate::error::{Excess, Problem, ReadError};
use crate::field::{self, Decimals, refuse};
use crate::invoice::{CheckKind, Dialect, Invoice, InvoiceKind, InvoiceLine, Party, TaxRate};
use crate::limits::Limits;
use crate::tree::Element;

/// Whether the element is the root of this format.
pub(crate) fn is_invoice(element: Element<'_>) -> bool {
    matches!(element.name(), "FatturaElettronica" | "FatturaElettronicaSemplificata")
        && element.at("FatturaElettronicaBody").is_some()
}

/// Reads every invoice of a file.
pub(crate) fn read(root: Element<'_>, limits: &Limits) -> Result<Vec<Invoice>, ReadError> {
    let seller = party(root, "FatturaElettronicaHeader/CedentePrestatore")?;
    let buyer = party(root, "FatturaElettronicaHeader/CessionarioCommittente")?;
    let bodies = root.all("FatturaElettronicaBody");
    bodies
        .into_iter()
        .map(|body| one(body, &seller, &buyer, limits))
        .collect()
}

const HEAD: &str = "DatiGenerali/DatiGeneraliDocumento";

fn one(body: Element<'_>, seller: &Party, buyer: &Party, limits: &Limits) -> Result<Invoice, ReadError> {
    let text = |path: &str| optional(body, path);
    let at = |name: &str| format!("{HEAD}/{name}");
    let code = text(&at("Divisa"))?.unwrap_or_default();
    let currency = Currency::parse(&code).map_err(|_| refuse(&at("Divisa"), &code, Problem::NotACurrency))?;
    let mut invoice = Invoice::new(Dialect::FatturaPa, currency);
    invoice.number = text(&at("Numero"))?;
    if let Some(day) = text(&at("Data"))? {
        invoice.issued_on = Some(field::day(&at("Data"), &day)?);
    }
    (invoice.seller, invoice.buyer) = (seller.clone(), buyer.clone());
    invoice.gross = match text(&at("ImportoTotaleDocumento"))? {
        Some(amount) => Some(money(&at("ImportoTotaleDocumento"), &amount, currency)?),
        None => None,
    };
    // The totals are stated once for each rate of tax.
    let summary = "DatiBeniServizi/DatiRiepilogo";
    invoice.net = total(body, summary, "ImponibileImporto", currency)?;
    invoice.tax = total(body, summary, "Imposta", currency)?;
    if invoice.number.is_none() && invoice.gross.is_none() && invoice.net.is_none() {
        return Err(ReadError::NoInvoice);
    }
    let lines = body.all("DatiBeniServizi/DettaglioLinee");
    if lines.len() > limits.max_lines {
        return Err(ReadError::TooComplex {
            what: Excess::Lines,
            limit: limits.max_lines,
        });
    }
    for (i, item) in lines.into_iter().enumerate() {
        invoice.lines.push(line(item, i + 1, currency)?);
    }
    let kind = text(&at("TipoDocumento"))?;
    if matches!(kind.as_deref(), Some("TD04" | "TD08")) || invoice.gross.is_some_and(|m| m.minor < 0) {
        invoice.kind = InvoiceKind::Red;
        invoice.red_of = text("DatiGenerali/DatiFattureCollegate/IdDocumento")?;
        if invoice.red_of.is_some() {
            invoice.note("red_of", "DatiGenerali/DatiFattureCollegate/IdDocumento");
        }
    }
    sources(&mut invoice);
    let seller = invoice.seller.tax_id.as_deref().or(invoice.seller.name.as_deref());
    invoice.identity = match (seller, &invoice.number, invoice.issued_on) {
        (Some(seller), Some(number), Some(day)) => InvoiceIdentity::european(seller, number, day).ok(),
        _ => None,
    };
    invoice.category_hint = category::of_lines(&invoice, category::european);
    if invoice.category_hint.is_some() {
        invoice.infer("category_hint", "DatiBeniServizi/DettaglioLinee", 50);
    }
    invoice.check_total();
    let net = invoice.net;
    invoice.check_lines(CheckKind::LinesNet, |l| l.net, &[], net);
    Ok(invoice)
}

fn sources(invoice: &mut Invoice) {
    let (seller, buyer) = (
        "CedentePrestatore/DatiAnagrafici",
        "CessionarioCommittente/DatiAnagrafici",
    );
    let found = [
        ("number", format!("{HEAD}/Numero"), invoice.number.is_some()),
        ("issued_on", format!("{HEAD}/Data"), invoice.issued_on.is_some()),
        ("seller.name", seller.to_owned(), invoice.seller.name.is_some()),
        ("seller.tax_id", seller.to_owned(), invoice.seller.tax_id.is_some()),
        ("buyer.name", buyer.to_owned(), invoice.buyer.name.is_some()),
        ("buyer.tax_id", buyer.to_owned(), invoice.buyer.tax_id.is_some()),
        (
            "net",
            "DatiRiepilogo/ImponibileImporto".to_owned(),
            invoice.net.is_some(),
        ),
        ("tax", "DatiRiepilogo/Imposta".to_owned(), invoice.tax.is_some()),
        (
            "gross",
            format!("{HEAD}/ImportoTotaleDocumento"),
            invoice.gross.is_some(),
        ),
    ];
    for (name, path, present) in found {
        if present {
            invoice.note(name, &path);
        }
    }
}

fn optional(base: Element<'_>, path: &str) -> Result<Option<String>, ReadError> {
    match base.at(path) {
        Some(element) => field::text(element, path),
        None => Ok(None),
    }
}

fn party(root: Element<'_>, path: &str) -> Result<Party, ReadError> {
    let Some(party) = root.at(path) else {
        return Ok(Party::default());
    };
    let text = |at: &str| optional(party, at);
    let person = [
        text("DatiAnagrafici/Anagrafica/Nome")?,
        text("DatiAnagrafici/Anagrafica/Cognome")?,
    ];
    let person: Vec<String> = person.into_iter().flatten().collect();
    let person = Some(person.join(" ")).filter(|p| !p.is_empty());
    let country = text("DatiAnagrafici/IdFiscaleIVA/IdPaese")?.unwrap_or_default();
    let vat = text("DatiAnagrafici/IdFiscaleIVA/IdCodice")?.map(|code| format!("{country}{code}"));
    let name = text("DatiAnagrafici/Anagrafica/Denominazione")?.or(person);
    Ok(Party {
        name: name.map(|n| field::one_line(&n)),
        tax_id: vat.or(text("DatiAnagrafici/CodiceFiscale")?),
    })
}

fn money(field: &str, text: &str, currency: Currency) -> Result<Money, ReadError> {
    field::amount(field, text, currency, Decimals::ZerosToo)
}

/// The sum of what is stated for each rate; empty where a row lacks it.
fn total(body: Element<'_>, rows: &str, name: &str, currency: Currency) -> Result<Option<Money>, ReadError> {
    let mut amounts = Vec::new();
    for row in body.all(rows) {
        let Some(text) = optional(row, name)? else {
            return Ok(None);
        };
        amounts.push(money(&format!("{rows}/{name}"), &text, currency)?);
    }
    if amounts.is_empty() {
        return Ok(None);
    }
    let sum = Money::sum(currency, amounts).map_err(|e| refuse(name, "", Problem::of_money(&e)))?;
    Ok(Some(sum))
}

fn line(item: Element<'_>, n: usize, currency: Currency) -> Result<InvoiceLine, ReadError> {
    let at = |name: &str| format!("DettaglioLinee[{n}]/{name}");
    let text = |name: &str| optional(item, name);
    let quantity = match text("Quantita")? {
        Some(text) => Some(field::quantity(&at("Quantita"), &text)?),
        None => None,
    };
    // Prices may have up to eight decimals; such a line's amount is left out.
    let net = text("PrezzoTotale")?.and_then(|t| money(&at("PrezzoTotale"), &t, currency).ok());
    let tax_rate = match (text("Natura")?.as_deref(), text("AliquotaIVA")?) {
        (Some("N4"), _) => Some(TaxRate::Exempt),
        (Some(nature), _) if nature.starts_with("N2") => Some(TaxRate::NotTaxed),
        (_, Some(rate)) => Some(TaxRate::Percent(field::percent(&at("AliquotaIVA"), &rate)?)),
        _ => None,
    };
    Ok(InvoiceLine {
        name: text("Descrizione")?.map(|n| field::one_line(&n)),
        quantity,
        unit: text("UnitaMisura")?,
        net,
        tax_rate,
        ..InvoiceLine::default()
    })
}
