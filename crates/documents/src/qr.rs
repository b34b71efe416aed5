//! The text in the QR code of a Chinese VAT invoice: `01,type,code,number,amount,YYYYMMDD,check code,crc`.

use jiff::civil::Date;
use outlay_core::{Currency, Money};

use crate::error::{Problem, ReadError};
use crate::field::{self, Decimals, refuse};
use crate::invoice::{CheckKind, Invoice};

/// What a QR code says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrText {
    /// Kind of invoice: `10`, `04`, `01` … of the years before 2023, `31` and `32` for fully digital ones.
    pub kind: String,
    /// Invoice code; empty on fully digital invoices.
    pub code: Option<String>,
    /// Invoice number: 8 digits beside a code, 20 without.
    pub number: String,
    /// The amount, as [`QrText::is_gross`] tells.
    pub amount: Money,
    /// Day of issue.
    pub issued_on: Date,
}

impl QrText {
    /// Whether the amount includes the tax: on fully digital invoices it does, on older ones it does not.
    pub fn is_gross(&self) -> bool {
        matches!(self.kind.as_str(), "31" | "32")
    }

    /// Whether the amount is without the tax. Of kinds that have no code and are not known, nothing says what it is.
    pub fn is_net(&self) -> bool {
        !self.is_gross() && self.code.is_some()
    }

    /// Compares the code with the invoice that it is printed on.
    pub(crate) fn compare(&self, invoice: &mut Invoice) {
        let amount = if self.is_gross() {
            invoice.gross
        } else {
            invoice.net.filter(|_| self.is_net())
        };
        let mut wrong = Vec::new();
        if invoice.number.as_ref().is_some_and(|n| *n != self.number) {
            wrong.push(format!("number {}", self.number));
        }
        if let (Some(own), Some(code)) = (&invoice.code, &self.code)
            && own != code
        {
            wrong.push(format!("code {code}"));
        }
        if amount.is_some_and(|own| own != self.amount) {
            wrong.push(format!("amount {}", self.amount.plain()));
        }
        if invoice.issued_on.is_some_and(|own| own != self.issued_on) {
            wrong.push(format!("day {}", self.issued_on));
        }
        let detail = if wrong.is_empty() {
            format!("{} of {}", self.amount.plain(), self.issued_on)
        } else {
            format!("the QR code says {}", wrong.join(", "))
        };
        invoice.add_check(CheckKind::QrAgrees, wrong.is_empty(), detail);
    }
}

/// Compares each invoice with the code on the pages that is its own: the one with its number, or the only one of a file with
/// one invoice. Invoices that were compared with a code in their data stay as they are.
pub(crate) fn compare_all(invoices: &mut [Invoice], texts: &[String]) {
    let codes: Vec<QrText> = texts.iter().filter_map(|text| parse(text).ok()).collect();
    let alone = invoices.len() == 1;
    for invoice in invoices.iter_mut().filter(|i| i.check(CheckKind::QrAgrees).is_none()) {
        let own = codes
            .iter()
            .find(|code| invoice.number.as_deref() == Some(code.number.as_str()));
        if let Some(code) = own.or(codes.first().filter(|_| alone)) {
            code.compare(invoice);
        }
    }
}

/// Reads the text of a QR code. Whatever else a QR code may hold, an address for instance, is no invoice.
pub fn parse(text: &str) -> Result<QrText, ReadError> {
    let text = text.trim().replace('，', ",");
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let [first, kind, code, number, amount, day, ..] = parts.as_slice() else {
        return Err(ReadError::NoInvoice);
    };
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if *first != "01" || !digits(kind) || kind.len() != 2 {
        return Err(ReadError::NoInvoice);
    }
    let right = match code.len() {
        0 => number.len() == 20,
        10 | 12 => digits(code) && number.len() == 8,
        _ => return Err(refuse("code", code, Problem::NotACode)),
    };
    if !right || !digits(number) {
        return Err(refuse("number", number, Problem::NotANumber));
    }
    if day.len() != 8 || !digits(day) {
        return Err(refuse("issued_on", day, Problem::NotADate));
    }
    Ok(QrText {
        kind: (*kind).to_owned(),
        code: (!code.is_empty()).then(|| (*code).to_owned()),
        number: (*number).to_owned(),
        amount: field::amount("amount", amount, Currency::CNY, Decimals::Exact)?,
        issued_on: field::day("issued_on", day)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn old_and_digital_invoices() {
        let old = parse("01,10,033002000211,83089647,510.68,20200723,16197833567414507415,0941,").expect("a code");
        assert_eq!((old.number.as_str(), old.amount.minor), ("83089647", 51_068));
        assert_eq!((old.issued_on, old.is_gross()), (date(2020, 7, 23), false));
        let new = parse("01，32，，26312000000823456789，306.30，20260402，，A1B2").expect("a code");
        assert_eq!(
            (new.code.clone(), new.is_gross(), new.amount.minor),
            (None, true, 30_630)
        );
    }

    #[test]
    fn what_is_no_invoice_is_refused() {
        for bad in [
            "",
            "https://inv-veri.chinatax.gov.cn/?01,10",
            "01,10,033002000211,83089647,nan,20200723",
            "01,10,033002000211,83089647,1e5,20200723",
            "01,10,033002000211,83089647,1,000.00,20200723",
            "01,10,033002000211,8308964,510.68,20200723",
            "01,10,03300200021,83089647,510.68,20200723",
            "01,10,,83089647,510.68,20200723",
            "01,32,,2631200000082345678,306.30,20260402",
            "01,10,033002000211,83089647,510.68,20201323",
            "01,10,033002000211,83089647,510.68,2020-07-23",
            "02,10,033002000211,83089647,510.68,20200723",
            "01,1x,033002000211,83089647,510.68,20200723",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
