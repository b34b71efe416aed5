//! EN 16931: the fields that UBL and CII have in common, found by the paths of each.

use outlay_core::{Currency, InvoiceIdentity, Money};

use crate::category;
use crate::china::Found;
use crate::error::{Excess, Problem, ReadError};
use crate::field::{self, Decimals, refuse};
use crate::invoice::{CheckKind, Dialect, Invoice, InvoiceKind, InvoiceLine, Party, SourceKind, TaxRate};
use crate::limits::Limits;
use crate::tree::Element;

/// Where one syntax keeps each field. Paths start at the invoice's element, or at the line or party.
pub(crate) struct Syntax {
    pub(crate) dialect: Dialect,
    pub(crate) number: &'static str,
    pub(crate) issued_on: &'static str,
    pub(crate) currency: &'static str,
    pub(crate) type_code: &'static str,
    /// Number of the preceding invoice (BT-25).
    pub(crate) preceding: &'static str,
    pub(crate) seller: &'static str,
    pub(crate) buyer: &'static str,
    /// Names of a party, the registered one first.
    pub(crate) names: &'static [&'static str],
    /// Tax ids of a party, the VAT number first.
    pub(crate) tax_ids: fn(Element<'_>) -> Vec<Element<'_>>,
    pub(crate) net: &'static str,
    pub(crate) tax: &'static str,
    pub(crate) gross: &'static str,
    pub(crate) allowances: &'static str,
    pub(crate) charges: &'static str,
    pub(crate) prepaid: &'static str,
    pub(crate) rounding: &'static str,
    pub(crate) payable: &'static str,
    pub(crate) lines: &'static str,
    /// Whether a line is charged, rather than a heading or a group that sums up others.
    pub(crate) charged: fn(Element<'_>) -> bool,
    pub(crate) item: &'static [&'static str],
    pub(crate) class_code: &'static str,
    pub(crate) quantity: &'static str,
    pub(crate) line_net: &'static str,
    pub(crate) tax_category: &'static str,
    pub(crate) tax_percent: &'static str,
}

/// Document types of UNTDID 1001 that take back: credit notes of all sorts.
const CREDIT_CODES: [&str; 9] = ["81", "83", "261", "262", "296", "308", "381", "396", "532"];

/// Reads an invoice in `syntax`.
///
/// `around` is the currency that the file around the XML shows, for XML that names none.
pub(crate) fn read(
    syntax: &Syntax,
    root: Element<'_>,
    around: Option<Currency>,
    limits: &Limits,
) -> Result<Invoice, ReadError> {
    let stated = currency(syntax, root);
    let unstated = matches!(&stated, Err(error) if is_missing(error));
    let document = Document {
        syntax,
        root,
        currency: match around {
            Some(shown) if unstated => shown,
            _ => stated?,
        },
    };
    let mut invoice = Invoice::new(syntax.dialect, document.currency);
    if unstated {
        let kind = SourceKind::Text;
        invoice.found(
            "currency",
            &Found {
                kind,
                ..Found::new(String::new(), String::new())
            },
        );
    } else {
        invoice.note("currency", &bare(syntax.currency));
    }
    document.head(&mut invoice)?;
    let lines = root.all(syntax.lines);
    let lines: Vec<_> = lines.into_iter().filter(|l| (syntax.charged)(*l)).collect();
    if lines.len() > limits.max_lines {
        return Err(ReadError::TooComplex {
            what: Excess::Lines,
            limit: limits.max_lines,
        });
    }
    for (i, line) in lines.into_iter().enumerate() {
        invoice.lines.push(document.line(line, i + 1)?);
    }
    document.kind(&mut invoice)?;
    let seller = invoice.seller.tax_id.as_deref();
    let seller = seller.or(invoice.seller.name.as_deref());
    invoice.identity = match (seller, &invoice.number, invoice.issued_on) {
        (Some(seller), Some(number), Some(day)) => InvoiceIdentity::european(seller, number, day).ok(),
        _ => None,
    };
    invoice.category_hint = category::of_lines(&invoice, category::european);
    if invoice.category_hint.is_some() {
        invoice.infer("category_hint", &bare(syntax.lines), 50);
    }
    document.compare(&mut invoice)?;
    Ok(invoice)
}

/// Whether an invoice was refused only since it names no currency.
pub(crate) fn is_missing(error: &ReadError) -> bool {
    matches!(error, ReadError::Field { text, problem: Problem::NotACurrency, .. } if text.is_empty())
}

/// The document's currency, or else that of its total.
fn currency(syntax: &Syntax, root: Element<'_>) -> Result<Currency, ReadError> {
    let stated = root.at(syntax.currency).map(|e| (syntax.currency, e.text()));
    let of_total = || {
        let total = root.at(syntax.gross)?;
        Some((syntax.gross, total.attribute("currencyID")?))
    };
    match stated.filter(|(_, code)| !code.is_empty()).or_else(of_total) {
        Some((path, code)) => Currency::parse(code).map_err(|_| refuse(&bare(path), code, Problem::NotACurrency)),
        None => Err(refuse(&bare(syntax.currency), "", Problem::NotACurrency)),
    }
}

struct Document<'s, 't> {
    syntax: &'s Syntax,
    root: Element<'t>,
    currency: Currency,
}

impl<'t> Document<'_, 't> {
    fn head(&self, invoice: &mut Invoice) -> Result<(), ReadError> {
        let syntax = self.syntax;
        invoice.number = self.text(self.root, "", syntax.number)?;
        if let Some(text) = self.text(self.root, "", syntax.issued_on)? {
            invoice.issued_on = Some(field::day(&bare(syntax.issued_on), &text)?);
        }
        invoice.seller = self.party(syntax.seller)?;
        invoice.buyer = self.party(syntax.buyer)?;
        invoice.net = self.total(syntax.net)?;
        invoice.tax = self.tax()?;
        invoice.gross = self.total(syntax.gross)?;
        if invoice.number.is_none() && invoice.gross.is_none() {
            return Err(ReadError::NoInvoice);
        }
        let found = [
            ("number", syntax.number, invoice.number.is_some()),
            ("issued_on", syntax.issued_on, invoice.issued_on.is_some()),
            ("seller.name", syntax.seller, invoice.seller.name.is_some()),
            ("seller.tax_id", syntax.seller, invoice.seller.tax_id.is_some()),
            ("buyer.name", syntax.buyer, invoice.buyer.name.is_some()),
            ("buyer.tax_id", syntax.buyer, invoice.buyer.tax_id.is_some()),
            ("net", syntax.net, invoice.net.is_some()),
            ("tax", syntax.tax, invoice.tax.is_some()),
            ("gross", syntax.gross, invoice.gross.is_some()),
        ];
        for (name, path, present) in found {
            if present {
                invoice.note(name, &bare(path));
            }
        }
        Ok(())
    }

    fn party(&self, path: &str) -> Result<Party, ReadError> {
        let Some(party) = self.root.at(path) else {
            return Ok(Party::default());
        };
        let at = format!("{path}/");
        let mut name = None;
        for one in self.syntax.names {
            name = name.or(self.text(party, &at, one)?);
        }
        let mut tax_id = None;
        for id in (self.syntax.tax_ids)(party) {
            // Some firms write a remark here, such as being approved for a tax.
            let text = field::text(id, &bare(path))?;
            tax_id = tax_id.or(text.filter(|t| t.contains(|c: char| c.is_ascii_digit())));
        }
        let name = name.map(|n| field::one_line(&n));
        Ok(Party { name, tax_id })
    }

    /// The total of tax in the document's currency; a second one may stand in the currency of accounting.
    fn tax(&self) -> Result<Option<Money>, ReadError> {
        let all = self.root.all(self.syntax.tax);
        let own = |e: &Element<'_>| e.attribute("currencyID").is_none_or(|c| c == self.currency.code());
        match all.into_iter().find(own) {
            Some(element) => self.money(element, &bare(self.syntax.tax)),
            None => Ok(None),
        }
    }

    fn total(&self, path: &str) -> Result<Option<Money>, ReadError> {
        let field = bare(path);
        let mut found: Option<Money> = None;
        for element in self.root.all(path) {
            let money = self.money(element, &field)?;
            if found.is_some() && money.is_some() && found != money {
                return Err(ReadError::Ambiguous { field });
            }
            found = found.or(money);
        }
        Ok(found)
    }

    fn money(&self, element: Element<'_>, field: &str) -> Result<Option<Money>, ReadError> {
        let Some(text) = field::text(element, field)? else {
            return Ok(None);
        };
        if element
            .attribute("currencyID")
            .is_some_and(|c| c != self.currency.code())
        {
            let expected = self.currency;
            return Err(refuse(field, &text, Problem::OtherCurrency { expected }));
        }
        field::amount(field, &decimal(&text), self.currency, Decimals::ZerosToo).map(Some)
    }

    fn text(&self, base: Element<'_>, at: &str, path: &str) -> Result<Option<String>, ReadError> {
        match base.at(path) {
            Some(element) => field::text(element, &bare(&format!("{at}{path}"))),
            None => Ok(None),
        }
    }

    fn line(&self, line: Element<'t>, n: usize) -> Result<InvoiceLine, ReadError> {
        let syntax = self.syntax;
        let at = format!("{}[{n}]/", syntax.lines);
        let mut name = None;
        for path in syntax.item {
            name = name.or(self.text(line, &at, path)?);
        }
        let class_code = line.at(syntax.class_code).map(|code| {
            let list = code.attribute("listID").unwrap_or_default();
            format!("{list}:{}", code.text())
        });
        let measured = line.at(syntax.quantity);
        let quantity = match self.text(line, &at, syntax.quantity)? {
            Some(text) => {
                let field = bare(&format!("{at}{}", syntax.quantity));
                Some(field::quantity(&field, &decimal(&text))?)
            }
            None => None,
        };
        let net = match line.at(syntax.line_net) {
            Some(e) => self.money(e, &bare(&format!("{at}{}", syntax.line_net)))?,
            None => None,
        };
        Ok(InvoiceLine {
            name: name.map(|n| field::one_line(&n)),
            class_code,
            quantity,
            unit: measured.and_then(|e| e.attribute("unitCode")).map(str::to_owned),
            net,
            tax_rate: self.rate(line, &at)?,
            ..InvoiceLine::default()
        })
    }

    fn rate(&self, line: Element<'_>, at: &str) -> Result<Option<TaxRate>, ReadError> {
        let syntax = self.syntax;
        let category = self.text(line, at, syntax.tax_category)?;
        match category.as_deref() {
            Some("E") => return Ok(Some(TaxRate::Exempt)),
            Some("O") => return Ok(Some(TaxRate::NotTaxed)),
            _ => {}
        }
        match self.text(line, at, syntax.tax_percent)? {
            Some(text) => {
                let field = bare(&format!("{at}{}", syntax.tax_percent));
                field::percent(&field, &decimal(&text)).map(|p| Some(TaxRate::Percent(p)))
            }
            None => Ok(None),
        }
    }

    fn kind(&self, invoice: &mut Invoice) -> Result<(), ReadError> {
        let code = self.text(self.root, "", self.syntax.type_code)?;
        let credit =
            self.syntax.dialect == Dialect::UblCreditNote || code.is_some_and(|c| CREDIT_CODES.contains(&c.as_str()));
        if credit || invoice.gross.is_some_and(|m| m.minor < 0) {
            invoice.kind = InvoiceKind::Red;
            invoice.red_of = self.text(self.root, "", self.syntax.preceding)?;
            if invoice.red_of.is_some() {
                invoice.note("red_of", &bare(self.syntax.preceding));
            }
        }
        Ok(())
    }

    fn compare(&self, invoice: &mut Invoice) -> Result<(), ReadError> {
        let syntax = self.syntax;
        invoice.check_total();
        let mut others = Vec::new();
        if let Some(allowances) = self.total(syntax.allowances)? {
            others.push(("less allowances", negative(allowances)));
        }
        if let Some(charges) = self.total(syntax.charges)? {
            others.push(("charges", charges));
        }
        let net = invoice.net;
        invoice.check_lines(CheckKind::LinesNet, |l| l.net, &others, net);
        let prepaid = self.total(syntax.prepaid)?;
        // The MINIMUM profile, without lines, has what is payable but not what is prepaid.
        let whole = prepaid.is_some() || !invoice.lines.is_empty();
        let payable = self.total(syntax.payable)?.filter(|_| whole);
        if let (Some(gross), Some(payable)) = (invoice.gross, payable) {
            let mut parts = vec![("gross", gross)];
            if let Some(prepaid) = prepaid {
                parts.push(("less prepaid", negative(prepaid)));
            }
            if let Some(rounding) = self.total(syntax.rounding)? {
                parts.push(("rounding", rounding));
            }
            invoice.check_sum(CheckKind::Payable, &parts, payable);
        }
        Ok(())
    }
}

fn negative(money: Money) -> Money {
    Money::new(-money.minor, money.currency)
}

/// A decimal of XML Schema, which may be written `64.`, `.5` or `+5`, in the one form that is read elsewhere.
fn decimal(text: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let zero = if digits.starts_with('.') && digits.len() > 1 {
        "0"
    } else {
        ""
    };
    let whole = match digits.strip_suffix('.') {
        Some(rest) if rest.ends_with(|c: char| c.is_ascii_digit()) => rest,
        _ => digits,
    };
    format!("{sign}{zero}{whole}")
}

/// A path without the prefixes, which a file may choose otherwise.
fn bare(path: &str) -> String {
    let steps: Vec<&str> = path
        .split('/')
        .map(|step| step.split_once(':').map_or(step, |(_, local)| local))
        .collect();
    steps.join("/")
}
