//! Papers as JSON for programs: one object each, amounts as text.

use outlay_core::Money;
use serde_json::{Map, Value, json};

use crate::invoice::{Check, Invoice, InvoiceKind, Party, Source, TaxRate};
use crate::paper::{Content, Paper, Reading, Receipt};
use crate::{Category, ReadError, picture};

/// One object for each paper: `kind, number, code, identity, issued_on, seller, buyer, currency, net, tax, gross, lines,
/// category, checks, fields`; of receipts `company, date, address, total`. What was not found is `null`.
pub fn objects(reading: &Reading) -> Vec<Value> {
    reading.papers.iter().map(paper).collect()
}

/// A refusal as an object: `code`, `message`, and `field` where one is at fault.
pub fn refusal(error: &ReadError) -> Value {
    json!({"code": error.code(), "message": error.to_string(), "field": error.field()})
}

fn paper(paper: &Paper) -> Value {
    let mut value = match &paper.content {
        Content::Invoice(invoice) => of_invoice(invoice),
        Content::Receipt(receipt) => of_receipt(receipt),
        Content::Picture => {
            let mut value = of_receipt(&Receipt::default());
            value["kind"] = "picture".into();
            value["message"] = if picture::available() {
                "Nothing was found on this picture: type in what it shows"
            } else {
                "This program was built without the models that read pictures: type in what it shows"
            }
            .into();
            value
        }
    };
    if !paper.part.is_empty() {
        value["part"] = paper.part.as_str().into();
    }
    value
}

fn plain(money: Option<Money>) -> Value {
    money.map_or(Value::Null, |m| m.plain().into())
}

fn party(party: &Party) -> Value {
    json!({"name": party.name, "tax_id": party.tax_id})
}

fn of_invoice(i: &Invoice) -> Value {
    let kind = match i.kind {
        InvoiceKind::Normal => "invoice",
        InvoiceKind::Red => "red_invoice",
    };
    let lines: Vec<Value> = i
        .lines
        .iter()
        .map(|l| {
            let rate = l.tax_rate.map(|r| match r {
                TaxRate::Percent(p) => format!("{p}%"),
                TaxRate::Exempt => "exempt".to_owned(),
                TaxRate::NotTaxed => "not_taxed".to_owned(),
                TaxRate::Unstated => "unstated".to_owned(),
            });
            json!({
                "name": l.name, "class": l.class, "class_code": l.class_code, "spec": l.spec, "unit": l.unit,
                "quantity": l.quantity.map(|q| q.to_string()), "net": plain(l.net), "tax_rate": rate,
                "tax": plain(l.tax), "gross": plain(l.gross),
            })
        })
        .collect();
    let travel: Vec<Value> = i
        .travel
        .iter()
        .map(|t| json!({"from": t.from, "to": t.to, "on": t.on.map(|d| d.to_string()), "grade": t.grade}))
        .collect();
    let values = [
        ("number", json!(i.number)),
        ("code", json!(i.code)),
        ("issued_on", json!(i.issued_on.map(|d| d.to_string()))),
        ("seller.name", json!(i.seller.name)),
        ("seller.tax_id", json!(i.seller.tax_id)),
        ("buyer.name", json!(i.buyer.name)),
        ("buyer.tax_id", json!(i.buyer.tax_id)),
        ("currency", json!(i.currency.code())),
        ("net", plain(i.net)),
        ("tax", plain(i.tax)),
        ("other", plain(i.other)),
        ("gross", plain(i.gross)),
        ("red_of", json!(i.red_of)),
        ("category_hint", json!(i.category_hint.map(Category::as_str))),
    ];
    json!({
        "kind": kind,
        "format": i.dialect,
        "number": i.number,
        "code": i.code,
        "identity": i.identity.as_ref().map(|id| id.as_str()),
        "issued_on": i.issued_on.map(|d| d.to_string()),
        "seller": party(&i.seller),
        "buyer": party(&i.buyer),
        "currency": i.currency.code(),
        "net": plain(i.net),
        "tax": plain(i.tax),
        "other": plain(i.other),
        "gross": plain(i.gross),
        "red_of": i.red_of,
        "lines": lines,
        "travel": travel,
        "category": i.category_hint.map(Category::as_str),
        "checks": checks(i),
        "fields": fields(&values, |name| i.sources.get(name)),
    })
}

/// Each check with its words, and with what to do where it fails.
fn checks(invoice: &Invoice) -> Vec<Value> {
    let one = |c: &Check| {
        let (words, fix) = c.what.words();
        let fix = (!c.passed).then_some(fix);
        json!({"what": c.what, "passed": c.passed, "words": words, "detail": c.detail, "fix": fix})
    };
    invoice.checks.iter().map(one).collect()
}

fn of_receipt(r: &Receipt) -> Value {
    let date = r.date.map(|d| d.to_string());
    let total = r.total.map(|t| t.to_string());
    let values = [
        ("company", json!(r.company)),
        ("date", json!(date)),
        ("address", json!(r.address)),
        ("total", json!(total)),
    ];
    json!({
        "kind": "receipt",
        "company": r.company,
        "date": date,
        "address": r.address,
        "total": total,
        "currency": r.currency.map(|c| c.code()),
        "fields": fields(&values, |name| r.sources.get(name)),
    })
}

/// Each field that was found, with where and how surely: `{value, source, path, confidence, sure, page, box}`, and `text`
/// as printed where it was read from a picture. The confidence is 1 for XML; what is not `sure` is a proposal that
/// somebody has to compare with the document. The box is in hundredths of a millimetre, of pictures in pixels.
fn fields<'s>(values: &[(&str, Value)], source: impl Fn(&str) -> Option<&'s Source>) -> Value {
    let mut fields = Map::new();
    for (name, value) in values {
        let Some(source) = source(name).filter(|_| !value.is_null()) else {
            continue;
        };
        let name = if *name == "category_hint" { "category" } else { name };
        let mut field = json!({
            "value": value,
            "source": source.kind.as_str(),
            "path": source.path,
            "confidence": f64::from(source.degree) / 100.0,
            "sure": source.is_sure(),
            "page": source.place.map(|p| p.page),
            "box": source.place.map(|p| p.area),
        });
        if let Some(text) = &source.text {
            field["text"] = text.as_str().into();
        }
        fields.insert(name.to_owned(), field);
    }
    Value::Object(fields)
}
