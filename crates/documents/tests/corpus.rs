//! Real invoices by others, in the folder that `OUTLAY_SHARED_DATA` names.

use std::fs;
use std::path::{Path, PathBuf};

use outlay_core::Currency;
use outlay_documents::{CheckKind, Dialect, Limits, ReadError, read};

fn shared_data() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("OUTLAY_SHARED_DATA").map_or(default, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("NOT RUN: no folder {}; set OUTLAY_SHARED_DATA", folder.display());
    None
}

fn xml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|p| p.extension().is_some_and(|e| e.eq_ignore_ascii_case("xml")))
        .collect();
    files.sort();
    files
}

/// The text of the first element called `local`, under any prefix, after `start`; found by plain search.
fn first_text<'t>(text: &'t str, start: &str, local: &str) -> Option<&'t str> {
    let from = text.find(start)?;
    let mut rest = &text[from..];
    loop {
        let open = rest.find('<')?;
        rest = &rest[open + 1..];
        let end = rest.find('>')?;
        let (tag, after) = (&rest[..end], &rest[end + 1..]);
        let name = tag.split_ascii_whitespace().next().unwrap_or_default();
        let name = name.rsplit(':').next().unwrap_or_default();
        if name == local && !tag.starts_with('/') {
            return after.split('<').next().map(str::trim);
        }
        rest = after;
    }
}

/// Hundredths, without the parser under test.
fn hundredths(amount: &str) -> i64 {
    let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
    let part = format!("{part:0<2}");
    assert!(part[2..].bytes().all(|b| b == b'0'), "{amount}");
    let sign = if whole.starts_with('-') { -1 } else { 1 };
    let whole: i64 = whole.parse().expect("digits");
    whole * 100 + sign * part[..2].parse::<i64>().expect("digits")
}

#[test]
fn every_european_invoice_is_read() {
    let Some(data) = shared_data() else { return };
    let (mut read_so_far, mut consistent) = (0, 0);
    for folder in ["en16931", "peppol-bis3", "zugferd"] {
        for path in xml_files(&data.join(folder)) {
            let bytes = fs::read(&path).expect("a file");
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let text = String::from_utf8_lossy(&bytes);
            let result = read(&bytes, &Limits::default());
            if text.contains("<M_INVOIC") || text.contains(":FatturaElettronica") {
                let error = result.expect_err(&name);
                assert!(matches!(error, ReadError::UnknownXml { .. }), "{name}: {error}");
                continue;
            }
            let invoice = result.unwrap_or_else(|e| panic!("{name}: {e}"));
            let cii = invoice.dialect == Dialect::Cii;
            let number = if cii {
                first_text(&text, "ExchangedDocument>", "ID")
            } else {
                first_text(&text, "<", "ID")
            };
            assert_eq!(invoice.number.as_deref(), number, "{name}");
            let currency = first_text(
                &text,
                "<",
                if cii {
                    "InvoiceCurrencyCode"
                } else {
                    "DocumentCurrencyCode"
                },
            );
            assert_eq!(Some(invoice.currency.code()), currency, "{name}");
            let date = if cii {
                first_text(&text, "IssueDateTime", "DateTimeString").map(str::to_owned)
            } else {
                first_text(&text, "<", "IssueDate").map(|d| d.replace('-', ""))
            };
            let issued_on = invoice.issued_on.map(|d| d.strftime("%Y%m%d").to_string());
            assert_eq!(issued_on, date, "{name}");
            let gross = if cii {
                first_text(&text, "<", "GrandTotalAmount")
            } else {
                first_text(&text, "<", "TaxInclusiveAmount")
            };
            let amount = invoice.gross.unwrap_or_else(|| panic!("{name}: no gross"));
            assert_eq!(amount.currency, invoice.currency, "{name}");
            assert_eq!(amount.currency.decimals(), Currency::EUR.decimals(), "{name}");
            assert_eq!(amount.minor, hundredths(gross.expect("a gross")), "{name}");
            assert!(invoice.seller.name.is_some(), "{name}");
            assert!(invoice.identity.is_some(), "{name}");
            let lines = if cii {
                "IncludedSupplyChainTradeLineItem>"
            } else {
                "Line>"
            };
            assert_eq!(invoice.lines.is_empty(), !text.contains(lines), "{name}");
            for check in invoice.checks.iter().filter(|c| !c.passed) {
                println!("{name}: {:?} {}", check.what, check.detail);
            }
            read_so_far += 1;
            consistent += usize::from(invoice.check(CheckKind::NetTaxGross).is_none_or(|c| c.passed));
        }
    }
    assert!(read_so_far > 70, "{read_so_far}");
    assert!(read_so_far - consistent <= 3, "{consistent} of {read_so_far}");
}

#[test]
fn other_files_are_refused_with_the_reason() {
    let Some(data) = shared_data() else { return };
    for (folder, ending, code) in [
        ("zugferd", "pdf", "document.unsupported.pdf"),
        ("ofdrw", "ofd", "document.unsupported.zip"),
        ("sroie", "jpg", "document.unsupported.image"),
    ] {
        let entries = fs::read_dir(data.join(folder)).expect("a folder");
        let path = entries
            .map(|e| e.expect("an entry").path())
            .find(|p| p.extension().is_some_and(|e| e == ending))
            .expect("a file");
        let error = read(&fs::read(&path).expect("a file"), &Limits::default()).expect_err("a refusal");
        assert_eq!(error.code(), code, "{}", path.display());
        assert!(error.to_string().contains("UBL or CII"), "{error}");
    }
}
