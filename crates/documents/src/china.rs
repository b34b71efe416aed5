//! What the three dialects of Chinese e-invoices have in common.

mod merge;

use jiff::civil::Date;
use outlay_core::evidence::fold_number;
use outlay_core::{Currency, InvoiceIdentity, Money};

use crate::category;
use crate::error::{Excess, Problem, ReadError};
use crate::field::{self, Decimals, refuse};
use crate::invoice::{CheckKind, Dialect, Invoice, InvoiceKind, InvoiceLine, Place, Source, SourceKind, Travel};
use crate::limits::Limits;
use crate::qr;

/// A text with the place it was found at.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) text: String,
    pub(crate) path: String,
    pub(crate) kind: SourceKind,
    pub(crate) place: Option<Place>,
}

impl Found {
    /// A text of the invoice's own XML.
    pub(crate) fn new(text: String, path: String) -> Self {
        Found {
            text,
            path,
            kind: SourceKind::Xml,
            place: None,
        }
    }

    /// What cannot be trusted to be the field at all, and is left out rather than refused where it makes no sense.
    fn is_loose(&self) -> bool {
        self.kind.degree() < 100
    }
}

/// The texts of one Chinese invoice, before they are read.
#[derive(Debug, Default)]
pub(crate) struct Raw {
    pub(crate) number: Option<Found>,
    /// The number once more, from another place.
    pub(crate) second_number: Option<Found>,
    pub(crate) code: Option<Found>,
    pub(crate) issued_on: Option<Found>,
    pub(crate) seller_name: Option<Found>,
    pub(crate) seller_tax_id: Option<Found>,
    pub(crate) buyer_name: Option<Found>,
    pub(crate) buyer_tax_id: Option<Found>,
    pub(crate) net: Option<Found>,
    pub(crate) tax: Option<Found>,
    pub(crate) gross: Option<Found>,
    pub(crate) gross_in_capitals: Option<Found>,
    pub(crate) remark: Option<Found>,
    /// Marked as red by a flag of the format.
    pub(crate) red_flag: bool,
    /// The number of the blue invoice, where a field is made for it.
    pub(crate) red_of: Option<Found>,
    pub(crate) lines: Vec<RawLine>,
    /// There are lines that cannot be told apart, and are left out.
    pub(crate) mixed_lines: bool,
    /// The lines together are what the tax is reckoned from, and no total of them is stated.
    pub(crate) lines_are_base: bool,
    pub(crate) travel: Vec<RawTravel>,
    /// Words that tell the means of travel.
    pub(crate) vehicle: String,
    /// Charges outside of the tax base.
    pub(crate) other: Option<Found>,
    /// The text of the QR code.
    pub(crate) qr: Option<Found>,
}

impl Raw {
    /// Marks all texts as read from `kind`.
    pub(crate) fn came_from(&mut self, kind: SourceKind) {
        for found in self.head().into_iter().flatten() {
            found.kind = kind;
        }
    }

    /// The number as it is compared.
    pub(crate) fn folded_number(&self) -> Option<String> {
        self.number.as_ref().map(|f| fold_number(&f.text))
    }

    /// The texts of the head, the number first.
    pub(crate) fn head(&mut self) -> [&mut Option<Found>; 16] {
        [
            &mut self.number,
            &mut self.second_number,
            &mut self.code,
            &mut self.issued_on,
            &mut self.seller_name,
            &mut self.seller_tax_id,
            &mut self.buyer_name,
            &mut self.buyer_tax_id,
            &mut self.net,
            &mut self.tax,
            &mut self.gross,
            &mut self.gross_in_capitals,
            &mut self.remark,
            &mut self.red_of,
            &mut self.other,
            &mut self.qr,
        ]
    }
}

/// The texts of one line.
#[derive(Debug, Default)]
pub(crate) struct RawLine {
    pub(crate) name: Option<Found>,
    pub(crate) class_code: Option<Found>,
    pub(crate) spec: Option<Found>,
    pub(crate) unit: Option<Found>,
    pub(crate) quantity: Option<Found>,
    pub(crate) net: Option<Found>,
    pub(crate) tax_rate: Option<Found>,
    pub(crate) tax: Option<Found>,
    pub(crate) gross: Option<Found>,
}

/// The texts of one journey.
#[derive(Debug, Default)]
pub(crate) struct RawTravel {
    pub(crate) from: Option<Found>,
    pub(crate) to: Option<Found>,
    pub(crate) on: Option<Found>,
    pub(crate) grade: Option<Found>,
}

/// Reads the texts, decides red or blue, forms the identity and compares.
pub(crate) fn finish(dialect: Dialect, mut raw: Raw, limits: &Limits) -> Result<Invoice, ReadError> {
    merge::drop_unreadable(&mut raw);
    if raw.lines.len() > limits.max_lines {
        return Err(ReadError::TooComplex {
            what: Excess::Lines,
            limit: limits.max_lines,
        });
    }
    let mut invoice = Invoice::new(dialect, Currency::CNY);
    read_head(&mut invoice, &raw)?;
    for line in &raw.lines {
        invoice.lines.push(read_line(line)?);
    }
    for leg in &raw.travel {
        invoice.travel.push(read_travel(leg)?);
    }
    read_kind(&mut invoice, &raw);
    invoice.identity = invoice.number.as_deref().and_then(|number| {
        let (code, day) = (invoice.code.as_deref(), invoice.issued_on);
        InvoiceIdentity::chinese(number, code, day, invoice.gross)
    });
    hint(&mut invoice, &raw);
    compare(&mut invoice, &raw);
    Ok(invoice)
}

fn read_head(invoice: &mut Invoice, raw: &Raw) -> Result<(), ReadError> {
    let wrong = |f: &Found, problem| refuse(&f.path, &f.text, problem);
    if let Some(f) = &raw.number {
        invoice.number = Some(number(f)?);
    }
    if let Some(f) = &raw.code {
        let code = fold_number(&f.text);
        if !all_digits(&code, &[10, 12]) {
            return Err(wrong(f, Problem::NotACode));
        }
        invoice.code = Some(code);
    }
    invoice.issued_on = date(&raw.issued_on)?;
    invoice.seller.name = words(&raw.seller_name);
    invoice.seller.tax_id = words(&raw.seller_tax_id);
    invoice.buyer.name = words(&raw.buyer_name);
    invoice.buyer.tax_id = words(&raw.buyer_tax_id);
    invoice.net = money(&raw.net, Decimals::Exact)?;
    invoice.tax = money(&raw.tax, Decimals::Exact)?;
    invoice.gross = money(&raw.gross, Decimals::Exact)?;
    invoice.other = money(&raw.other, Decimals::Exact)?;
    if invoice.number.is_none() && invoice.gross.is_none() && invoice.net.is_none() {
        return Err(ReadError::NoInvoice);
    }
    let found = [
        ("number", &raw.number, invoice.number.is_some()),
        ("code", &raw.code, invoice.code.is_some()),
        ("issued_on", &raw.issued_on, invoice.issued_on.is_some()),
        ("seller.name", &raw.seller_name, invoice.seller.name.is_some()),
        ("seller.tax_id", &raw.seller_tax_id, invoice.seller.tax_id.is_some()),
        ("buyer.name", &raw.buyer_name, invoice.buyer.name.is_some()),
        ("buyer.tax_id", &raw.buyer_tax_id, invoice.buyer.tax_id.is_some()),
        ("net", &raw.net, invoice.net.is_some()),
        ("tax", &raw.tax, invoice.tax.is_some()),
        ("gross", &raw.gross, invoice.gross.is_some()),
        ("other", &raw.other, invoice.other.is_some()),
    ];
    for (field, source, present) in found {
        if let (Some(f), true) = (source, present) {
            invoice.found(field, f);
        }
    }
    Ok(())
}

fn read_line(raw: &RawLine) -> Result<InvoiceLine, ReadError> {
    let (class, name) = match &raw.name {
        Some(f) => split_class(&f.text),
        None => (None, None),
    };
    let quantity = match stated(&raw.quantity) {
        Some(f) => Some(field::quantity(&f.path, &f.text)?),
        None => None,
    };
    let tax_rate = match &raw.tax_rate {
        Some(f) => field::chinese_rate(&f.path, &f.text)?,
        None => None,
    };
    Ok(InvoiceLine {
        name,
        class,
        class_code: words(&raw.class_code),
        spec: words(&raw.spec),
        quantity,
        unit: words(&raw.unit),
        net: money(&raw.net, Decimals::ZerosToo)?,
        tax_rate,
        tax: money(&raw.tax, Decimals::ZerosToo)?,
        gross: money(&raw.gross, Decimals::ZerosToo)?,
    })
}

fn read_travel(raw: &RawTravel) -> Result<Travel, ReadError> {
    Ok(Travel {
        from: words(&raw.from),
        to: words(&raw.to),
        on: date(&raw.on)?,
        grade: words(&raw.grade),
    })
}

/// Red is told by a flag, by a field or a remark that names the blue invoice, or by a negative total – never by a line.
fn read_kind(invoice: &mut Invoice, raw: &Raw) {
    let remark = raw.remark.as_ref().map_or("", |f| f.text.as_str());
    let named = raw.red_of.clone().or_else(|| {
        raw.remark.as_ref().and_then(|f| {
            let text = blue_number(&f.text)?;
            Some(Found { text, ..f.clone() })
        })
    });
    let total = invoice.gross.or(invoice.net);
    let red = raw.red_flag
        || named.is_some()
        || remark.contains("红字发票信息确认单编号")
        || total.is_some_and(|m| m.minor < 0);
    if red {
        invoice.kind = InvoiceKind::Red;
        if let Some(f) = named {
            invoice.red_of = Some(fold_number(&f.text));
            invoice.found("red_of", &f);
        }
    }
}

/// The number that a remark names as reversed: `被红冲蓝字数电票号码：…`, `对应正数发票代码:…号码:…`.
fn blue_number(remark: &str) -> Option<String> {
    const LEADS: [&str; 4] = ["被红冲蓝字", "对应正数发票", "对应蓝字", "原蓝字"];
    let after = LEADS
        .iter()
        .find_map(|lead| remark.split_once(lead).map(|(_, after)| after))?;
    let label = after.find("号码").or_else(|| after.find('号'))?;
    let digits: String = after[label..]
        .chars()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .collect();
    all_digits(&digits, &[8, 20]).then_some(digits)
}

fn hint(invoice: &mut Invoice, raw: &Raw) {
    let remark = raw.remark.as_ref().map_or("", |f| f.text.as_str());
    let seller = invoice.seller.name.as_deref().unwrap_or_default();
    let mut context = format!("{} {seller}", raw.vehicle);
    if !invoice.travel.is_empty() {
        context.push_str(remark);
    }
    let of_lines = category::of_lines(invoice, |line| category::chinese(line, &context));
    let travels = !invoice.travel.is_empty() || !raw.vehicle.is_empty();
    let of_travel = travels.then(|| category::means(&raw.vehicle));
    invoice.category_hint = of_lines.or(of_travel);
    if invoice.category_hint.is_some() {
        invoice.infer("category_hint", "class of the lines", 60);
    }
}

fn compare(invoice: &mut Invoice, raw: &Raw) {
    invoice.check_total();
    let (net, tax, gross) = (invoice.net, invoice.tax, invoice.gross);
    if let (true, None, Some(tax)) = (raw.lines_are_base, net, tax) {
        let mut others = vec![("tax", tax)];
        others.extend(invoice.other.map(|other| ("other", other)));
        invoice.check_lines(CheckKind::NetTaxGross, |l| l.net, &others, gross);
    }
    invoice.check_lines(CheckKind::LinesNet, |l| l.net, &[], net);
    invoice.check_lines(CheckKind::LinesTax, |l| l.tax, &[], tax);
    invoice.check_lines(CheckKind::LinesGross, |l| l.gross, &[], gross);
    if raw.mixed_lines {
        let detail = "nothing in the file says which amounts belong to which item".to_owned();
        invoice.add_check(CheckKind::LinesApart, false, detail);
    }
    if let Some(f) = &raw.gross_in_capitals {
        invoice.check_capital(&f.text);
    }
    invoice.check_tax_ids();
    let Some(number) = invoice.number.clone() else {
        return;
    };
    if let Some(second) = &raw.second_number {
        let detail = format!("{number} against {}", second.text);
        let same = fold_number(&second.text) == number;
        invoice.add_check(CheckKind::NumberAgrees, same, detail);
    }
    if let (20, Some(day)) = (number.len(), invoice.issued_on) {
        let year = format!("{:02}", day.year() % 100);
        let detail = format!("{number} against {day}");
        invoice.add_check(CheckKind::NumberYear, number.starts_with(&year), detail);
    }
    if let Some(code) = raw.qr.as_ref().and_then(|f| qr::parse(&f.text).ok()) {
        code.compare(invoice);
    }
}

fn number(f: &Found) -> Result<String, ReadError> {
    let number = fold_number(&f.text);
    if all_digits(&number, &[8, 20]) {
        Ok(number)
    } else {
        Err(refuse(&f.path, &f.text, Problem::NotANumber))
    }
}

/// `*餐饮服务*餐费` is class and name; without stars all is name.
fn split_class(text: &str) -> (Option<String>, Option<String>) {
    let some = |s: &str| Some(field::one_line(s)).filter(|s| !s.is_empty());
    let text = text.trim();
    let parts = text
        .strip_prefix(['*', '＊'])
        .and_then(|rest| rest.split_once(['*', '＊']));
    match parts {
        Some((class, name)) => (some(class), some(name)),
        None => (None, some(text)),
    }
}

fn money(found: &Option<Found>, decimals: Decimals) -> Result<Option<Money>, ReadError> {
    match stated(found) {
        Some(f) => field::amount(&f.path, &f.text, Currency::CNY, decimals).map(Some),
        None => Ok(None),
    }
}

/// Leaves out what stands for nothing: `***`, a lone `¥`, a dash.
fn stated(found: &Option<Found>) -> Option<&Found> {
    found.as_ref().filter(|f| !is_blank(&f.text))
}

/// Whether a text is nothing, or signs that stand for nothing.
fn is_blank(text: &str) -> bool {
    text.chars()
        .all(|c| matches!(c, '*' | '＊' | '¥' | '￥' | '-' | '—' | '/') || c.is_whitespace())
}

fn date(found: &Option<Found>) -> Result<Option<Date>, ReadError> {
    match stated(found) {
        Some(f) => field::day(&f.path, &f.text).map(Some),
        None => Ok(None),
    }
}

fn words(found: &Option<Found>) -> Option<String> {
    stated(found).map(|f| field::one_line(&f.text))
}

fn all_digits(text: &str, lengths: &[usize]) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

impl Invoice {
    /// Notes a field of the invoice's own XML.
    pub(crate) fn note(&mut self, field: &str, path: &str) {
        self.found(field, &Found::new(String::new(), path.to_owned()));
    }

    /// Notes where a field was found.
    pub(crate) fn found(&mut self, field: &str, found: &Found) {
        let source = Source {
            path: found.path.clone(),
            degree: found.kind.degree(),
            kind: found.kind,
            place: found.place,
            text: None,
        };
        self.sources.insert(field.to_owned(), source);
    }

    /// Notes what was worked out from other fields.
    pub(crate) fn infer(&mut self, field: &str, path: &str, degree: u8) {
        let source = Source {
            path: path.to_owned(),
            degree,
            kind: SourceKind::Inferred,
            place: None,
            text: None,
        };
        self.sources.insert(field.to_owned(), source);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_name_the_blue_invoice() {
        for (remark, number) in [
            (
                "被红冲蓝字数电票号码：24112000000135114086 红字发票信息确认单编号：11010824091002615708",
                Some("24112000000135114086"),
            ),
            ("对应正数发票代码:033002000211号码:83089647", Some("83089647")),
            ("订单号 24112000000135114086", None),
            ("被红冲蓝字数电票号码：", None),
        ] {
            assert_eq!(blue_number(remark).as_deref(), number, "{remark}");
        }
    }

    #[test]
    fn classes_stand_between_stars() {
        let own = |s: &str| Some(s.to_owned());
        assert_eq!(split_class("*餐饮服务*餐费"), (own("餐饮服务"), own("餐费")));
        assert_eq!(split_class("*软件*A*B"), (own("软件"), own("A*B")));
        assert_eq!(split_class("餐费"), (None, own("餐费")));
        assert_eq!(split_class("*餐费"), (None, own("*餐费")));
    }
}
