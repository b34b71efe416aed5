//! Real invoices by others, in the folder that `OUTLAY_SHARED_DATA` names.

use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use outlay_core::Currency;
use outlay_documents::{CheckKind, Content, Dialect, Invoice, Limits, ReadError, SourceKind, read, read_all};

mod make;

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

/// A FatturaPA states its totals once for each rate, and its gross amount not always.
fn fattura(name: &str, text: &str, invoice: &Invoice) {
    assert_eq!(
        invoice.number.as_deref(),
        first_text(text, "<DatiGeneraliDocumento", "Numero"),
        "{name}"
    );
    let day = invoice.issued_on.map(|d| d.to_string());
    assert_eq!(
        day.as_deref(),
        first_text(text, "<DatiGeneraliDocumento", "Data"),
        "{name}"
    );
    let gross = first_text(text, "<DatiGeneraliDocumento", "ImportoTotaleDocumento").map(hundredths);
    assert_eq!(invoice.gross.map(|g| g.minor), gross, "{name}");
    assert!(
        invoice.net.is_some() && invoice.tax.is_some() && invoice.seller.name.is_some(),
        "{name}"
    );
    assert!(
        invoice.consistent() && invoice.identity.is_some(),
        "{name}: {:?}",
        invoice.checks
    );
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
            if text.contains(":FatturaElettronica") {
                fattura(&name, &text, &result.unwrap_or_else(|e| panic!("{name}: {e}")));
                continue;
            }
            if text.contains("<M_INVOIC") {
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

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let all = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = all.filter(|p| p.extension().is_some_and(|e| e == ending)).collect();
    files.sort();
    files
}

fn first_invoice(path: &Path) -> Option<Invoice> {
    let reading = read_all(&fs::read(path).expect("a file"), &Limits::default()).ok()?;
    reading.papers.into_iter().find_map(|p| match p.content {
        Content::Invoice(invoice) => Some(*invoice),
        _ => None,
    })
}

#[test]
fn every_pdf_with_xml_inside_is_read_from_it() {
    let Some(data) = shared_data() else { return };
    let (mut inside, mut whole, mut wrong) = (0, 0, 0);
    let all = files(&data.join("zugferd"), "pdf");
    for path in &all {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let result = read_all(&fs::read(path).expect("a file"), &Limits::default());
        // A field that makes no sense is refused by name, as in XML alone.
        if let Err(error) = &result {
            println!("{name}: {error}");
            assert!(error.field().is_some(), "{name}: {error}");
            wrong += 1;
            continue;
        }
        let invoice = first_invoice(path).unwrap_or_else(|| panic!("{name}: nothing read"));
        let attached = invoice
            .sources
            .get("number")
            .is_some_and(|s| s.kind == SourceKind::Attachment);
        assert!(attached, "{name}: {:?}", invoice.sources.get("number"));
        inside += 1;
        let full = invoice.issued_on.is_some() && invoice.seller.name.is_some() && invoice.gross.is_some();
        whole += usize::from(full && invoice.tax.is_some());
    }
    println!(
        "{inside} of {} PDFs read from the XML inside, {whole} with day, seller, tax and gross",
        all.len()
    );
    assert!(
        inside > 55 && whole == inside && wrong <= 1,
        "{whole} of {inside}, {wrong} wrong"
    );
}

/// The number that the XML attached to an OFD states, found by plain search in the entries.
fn attached_number(bytes: &[u8]) -> Option<String> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).ok()?;
    for i in 0..archive.len() {
        let mut entry = archive.by_index(i).ok()?;
        let mut text = String::new();
        if std::io::Read::read_to_string(&mut entry, &mut text).is_ok() && text.contains("<fp:InvoiceNo>") {
            let after = text.split_once("<fp:InvoiceNo>")?.1;
            return after.split('<').next().map(str::to_owned);
        }
    }
    None
}

#[test]
fn every_ofd_invoice_is_read_and_no_ofd_harms() {
    let Some(data) = shared_data() else { return };
    let (mut invoices, mut others) = (0, 0);
    for path in files(&data.join("ofdrw"), "ofd") {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = fs::read(&path).expect("a file");
        let stated = attached_number(&bytes);
        match read_all(&bytes, &Limits::default()) {
            Ok(reading) => {
                for paper in &reading.papers {
                    let i = paper.invoice().expect("an invoice");
                    assert!(
                        stated.is_none() || i.number == stated,
                        "{name}: {:?} for {stated:?}",
                        i.number
                    );
                    assert!(
                        i.issued_on.is_some() && i.gross.is_some() && i.seller.name.is_some(),
                        "{name}: {i:?}"
                    );
                    invoices += 1;
                }
            }
            Err(error) => {
                assert_eq!(
                    (error.code(), stated),
                    ("document.nothing-inside", None),
                    "{name}: {error}"
                );
                others += 1;
            }
        }
    }
    println!("{invoices} invoices, {others} other documents");
    assert!(invoices >= 8 && invoices + others == 34, "{invoices} and {others}");
}

#[test]
fn codes_on_the_pages_of_real_ofd_invoices_say_what_the_pages_say() {
    let Some(data) = shared_data() else { return };
    let mut agree = Vec::new();
    for path in files(&data.join("ofdrw"), "ofd") {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Attached XML says what the code says; without it, only the pictures are left.
        let bytes = fs::read(&path).expect("a file");
        let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(bytes)) else {
            continue;
        };
        let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
        for n in 0..archive.len() {
            let mut entry = archive.by_index(n).expect("an entry");
            let own = entry.name().expect("a name").into_owned();
            let mut data = Vec::new();
            if entry.read_to_end(&mut data).is_ok() && !own.to_ascii_lowercase().contains("attach") {
                parts.push((own, data));
            }
        }
        let parts: Vec<(&str, &[u8])> = parts.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
        let Ok(reading) = read_all(&make::ofd::zip(&parts), &Limits::default()) else {
            continue;
        };
        for check in reading
            .papers
            .iter()
            .filter_map(|p| p.invoice()?.check(CheckKind::QrAgrees))
        {
            assert!(check.passed, "{name}: {check:?}");
            agree.push(name.clone());
        }
    }
    println!("{agree:?}");
    // Among them codes as PNG and as JBIG2.
    assert!(agree.len() >= 6, "{agree:?}");
}

#[test]
fn invoices_in_words_give_amount_date_and_number() {
    let Some(data) = shared_data() else { return };
    let (mut right, mut all) = (0, 0);
    for path in files(&data.join("invoice2data"), "json") {
        let pdf = path.with_extension("pdf");
        if !pdf.is_file() {
            continue;
        }
        let expected: serde_json::Value = serde_json::from_slice(&fs::read(&path).expect("a file")).expect("JSON");
        let invoice = first_invoice(&pdf);
        let i = invoice.as_ref();
        let amount = expected[0]["amount"].to_string();
        let found = [
            i.and_then(|i| i.gross).map(|g| g.minor) == Some(hundredths(&amount)),
            i.and_then(|i| i.issued_on).map(|d| d.to_string()).as_deref() == expected[0]["date"].as_str(),
            i.and_then(|i| i.number.as_deref()) == expected[0]["invoice_number"].as_str(),
        ];
        println!("{}: amount, date, number {found:?}", pdf.display());
        right += found.iter().filter(|f| **f).count();
        all += found.len();
    }
    println!("{right} of {all}");
    assert!(right * 100 >= all * 90, "{right} of {all}");
}
