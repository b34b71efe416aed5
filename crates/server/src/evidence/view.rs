//! A document as it is read, by page and API alike.

use std::collections::BTreeMap;

use outlay_core::org::Org;
use outlay_documents::{Dialect, Invoice, SourceKind};
use serde::Serialize;
use utoipa::ToSchema;

use super::learnt::CategoryView;
use super::originals::{SignatureView, signatures};
use super::proposal::MatchView;
use super::shelf::{self, Shelf};
use super::store::{self, Document};
use super::tax::InputTaxView;
use crate::app::App;
use crate::auth::Visitor;
use crate::claims::view::MoneyView;
use crate::clock::moment;
use crate::db::Sql;
use crate::error::Error;
use crate::shell::{W, field_words, short_moment};
use crate::verify::VerificationView;

/// One comparison within an invoice.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CheckView {
    /// What was compared: `net_tax_gross` …
    pub what: String,
    /// Whether it holds.
    pub passed: bool,
    /// What was compared, in words.
    pub words: String,
    /// The values compared.
    pub detail: String,
    /// What to do, in words, where it does not hold.
    pub fix: Option<String>,
}

/// One item of an invoice.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ItemView {
    /// What was bought.
    pub name: String,
    /// Quantity and unit as written.
    pub quantity: String,
    /// Without tax.
    pub net: Option<MoneyView>,
    /// Tax.
    pub tax: Option<MoneyView>,
}

/// A document.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DocumentView {
    /// Its id.
    pub id: String,
    /// The file's name.
    pub name: String,
    /// `application/xml`, `application/pdf`, `application/ofd`, `image/jpeg`, `image/png`, `image/webp`, `message/rfc822`.
    pub media_type: String,
    /// How many bytes.
    pub bytes: i64,
    /// SHA-256 of them, in hex.
    pub sha256: String,
    /// When it came, in RFC 3339.
    pub uploaded_at: String,
    /// A: an invoice that says everything in XML and agrees with itself; B: another invoice; C: not read.
    pub grade: String,
    /// Where its owner finds it.
    pub state: Shelf,
    /// What is wrong with it and what to do, in words: refused by the reader, made out to somebody else, reversed, alike to
    /// another picture …
    pub flaws: Vec<String>,
    /// Of a duplicate: its owner's first document of the same invoice.
    pub first: Option<String>,
    /// An earlier picture that looks the same, if the reader may see it.
    pub alike: Option<String>,
    /// Of a reversal: the number of the invoice that it takes back.
    pub red_of: Option<String>,
    /// Whether a machine could read it.
    pub read: bool,
    /// Whether its seller reversed it, so that it proves nothing any more.
    pub reversed: bool,
    /// How well its fields are proven together, in percent: 100 for XML, less for text on a page.
    pub proof: Option<u8>,
    /// Fields that were read from a picture and may be wrong, so that somebody has to compare them with it: `number`,
    /// `issued_on`, `seller`, `buyer`, `net`, `tax`, `gross`.
    pub unsure: Vec<String>,
    /// The key under which it may be claimed once.
    pub invoice_identity: Option<String>,
    /// Number as written.
    pub number: Option<String>,
    /// Day of issue.
    pub issued_on: Option<String>,
    /// Who sold.
    pub seller: Option<String>,
    /// Who bought.
    pub buyer: Option<String>,
    /// Without tax.
    pub net: Option<MoneyView>,
    /// Tax.
    pub tax: Option<MoneyView>,
    /// With tax.
    pub gross: Option<MoneyView>,
    /// The items.
    pub items: Vec<ItemView>,
    /// Comparisons within it.
    pub checks: Vec<CheckView>,
    /// The signatures of the file, as checked; none where it has none.
    #[serde(skip)]
    pub signatures: Vec<SignatureView>,
    /// The number of the claim it is on, if the reader may read that claim.
    pub claim: Option<String>,
    /// Whether no live claim has it.
    pub free: bool,
    /// The category that its line would begin with; none where nothing is known, where it is on a claim, and in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<CategoryView>,
    /// What of its tax may be asked back; none where it is not read, where no rules are known for the country, and in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tax: Option<InputTaxView>,
    /// What the tax bureau says of it, by a verification service; none in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification: Option<VerificationView>,
    /// Whether the tax bureau has it as it stands here.
    pub verified: bool,
    /// The kind of document, in words.
    pub kind: String,
    /// When it came, for people.
    #[serde(skip)]
    pub when: String,
    /// Whether the reader refused it, or another document reverses it.
    #[serde(skip)]
    pub refused: bool,
    /// Where it may belong; empty where nobody asked.
    #[serde(skip)]
    pub matches: Vec<MatchView>,
}

impl DocumentView {
    /// What people call it: the seller, else the file.
    pub fn title(&self) -> &str {
        self.seller.as_deref().unwrap_or(&self.name)
    }

    /// Whether some of it was read from text on a page, which proves less than XML.
    pub fn is_by_text(&self) -> bool {
        self.proof.is_some_and(|p| p < 100)
    }

    /// Whether it was read from a picture.
    pub fn is_by_picture(&self) -> bool {
        self.read && self.media_type.starts_with("image/")
    }

    /// Whether a field is one to compare with the picture.
    pub fn is_unsure(&self, field: &str) -> bool {
        self.unsure.iter().any(|u| u == field)
    }

    /// The message of its state.
    pub fn state_key(&self) -> String {
        format!("shelf-{}", self.state.code())
    }

    /// Whether its picture is being read.
    pub fn is_reading(&self) -> bool {
        self.state == Shelf::Reading
    }

    /// Whether a claim may begin from it.
    pub fn is_usable(&self) -> bool {
        self.free && !matches!(self.state, Shelf::Reading | Shelf::Red) && !self.refused
    }

    /// Its icon.
    pub fn icon(&self) -> &'static str {
        if self.read { "file-code" } else { "file-text" }
    }
}

/// Documents, page by page.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DocumentList {
    /// The newest first.
    pub items: Vec<DocumentView>,
    /// How many there are on each shelf that has any, whatever was asked for.
    pub counts: BTreeMap<String, i64>,
    /// What `after` must be for what follows.
    pub next: Option<String>,
}

/// The message that names a kind of document.
pub fn kind_key(document: &Document, invoice: Option<&Invoice>) -> &'static str {
    match (document.media_type.as_str(), invoice.map(|i| i.dialect)) {
        (_, Some(Dialect::Cii | Dialect::Zugferd1)) => "kind-cii",
        (_, Some(Dialect::UblInvoice | Dialect::UblCreditNote)) => "kind-ubl",
        (_, Some(Dialect::FatturaPa)) => "kind-fattura",
        ("image/jpeg" | "image/png" | "image/webp", Some(_)) => "kind-photo",
        (_, Some(Dialect::Text)) => "kind-text",
        (_, Some(_)) if invoice.is_some_and(|i| !i.travel.is_empty()) => "kind-china-travel",
        (_, Some(_)) => "kind-china",
        ("application/pdf", None) => "kind-pdf",
        ("image/jpeg" | "image/png" | "image/webp", None) => "kind-picture",
        _ => "kind-xml",
    }
}

/// Gathers what `visitor` reads of a document; the caller has checked that they may.
pub async fn document_view(
    sql: &mut Sql,
    app: &App,
    visitor: &Visitor,
    document: &Document,
) -> Result<DocumentView, Error> {
    let w = W(visitor.lang);
    let invoice = document.read()?;
    let claim = match &document.claim_number {
        Some(number) if store::reads_claim(sql, app, &visitor.person, document).await? => Some(number.clone()),
        _ => None,
    };
    let i = invoice.as_ref();
    let org = app.org(sql).await?;
    let alike = match &document.near_id {
        Some(id) => store::readable(sql, app, &visitor.person, id).await.ok().map(|d| d.id),
        None => None,
    };
    let at = moment(document.uploaded_at);
    Ok(DocumentView {
        id: document.id.clone(),
        name: document.name.clone(),
        media_type: document.media_type.clone(),
        bytes: document.bytes,
        sha256: document.sha256.clone(),
        uploaded_at: at.to_string(),
        grade: document.grade.clone(),
        state: document.shelf(),
        flaws: flaws(w, document, i, &org)?,
        first: document.first_id.clone(),
        alike,
        red_of: document.red_of.clone(),
        read: i.is_some(),
        reversed: document.reversed_by.is_some(),
        proof: i.map(Invoice::proof),
        unsure: i.map(unsure).unwrap_or_default(),
        invoice_identity: document.invoice_identity.clone(),
        number: i.and_then(|i| i.number.clone()),
        issued_on: document.issued_on.clone(),
        seller: document.seller.clone(),
        buyer: i.and_then(|i| i.buyer.name.clone()),
        net: i.and_then(|i| i.net).map(Into::into),
        tax: i.and_then(|i| i.tax).map(Into::into),
        gross: document.gross().map(Into::into),
        items: i.map(items).unwrap_or_default(),
        checks: i.map(|i| checks(w, i)).unwrap_or_default(),
        signatures: i.map(|i| signatures(w, i)).unwrap_or_default(),
        claim,
        free: document.is_free(),
        category: None,
        input_tax: None,
        verification: None,
        verified: document.verified.as_deref() == Some("valid"),
        kind: w.t(kind_key(document, i)),
        when: short_moment(w, at, &visitor.zone),
        refused: document.refusal.is_some() || document.reversed_by.is_some(),
        matches: Vec::new(),
    })
}

/// What is wrong with a document.
fn flaws(w: W, document: &Document, invoice: Option<&Invoice>, org: &Org) -> Result<Vec<String>, Error> {
    let mut all = Vec::new();
    if let Some(refusal) = &document.refusal {
        all.push(field_words(w, &serde_json::from_str(refusal)?));
    }
    if document.reversed_by.is_some() {
        all.push(w.t("flaw-reversed"));
    }
    match (&document.red_of, document.shelf()) {
        (Some(number), _) => all.push(w.t1("flaw-red-of", "number", number)),
        (None, Shelf::Red) => all.push(w.t("flaw-red")),
        _ => {}
    }
    if let Some(invoice) = invoice {
        if shelf::is_for_others(invoice, org) {
            let buyer = invoice.buyer.name.clone().unwrap_or_default();
            all.push(w.t1("flaw-buyer", "buyer", buyer));
        }
        if shelf::is_contradictory(invoice) {
            all.push(w.t("flaw-checks"));
        }
    }
    if document.state == Shelf::Duplicate.code() {
        all.push(w.t("flaw-duplicate"));
    }
    if document.near_id.is_some() {
        all.push(w.t("flaw-alike"));
    }
    Ok(all)
}

/// The fields that a picture does not surely show.
fn unsure(invoice: &Invoice) -> Vec<String> {
    let names = [
        ("number", "number"),
        ("issued_on", "issued_on"),
        ("seller.name", "seller"),
        ("buyer.name", "buyer"),
        ("net", "net"),
        ("tax", "tax"),
        ("gross", "gross"),
    ];
    let doubtful = |field: &str| {
        let source = invoice.sources.get(field);
        source.is_some_and(|s| s.kind == SourceKind::Picture && !s.is_sure())
    };
    names
        .iter()
        .filter(|(own, _)| doubtful(own))
        .map(|(_, name)| (*name).to_owned())
        .collect()
}

fn items(invoice: &Invoice) -> Vec<ItemView> {
    let all = invoice.lines.iter().take(50);
    all.map(|line| {
        let parts = [line.class.as_deref(), line.name.as_deref()];
        let name: Vec<&str> = parts.into_iter().flatten().collect();
        let quantity = line.quantity.map(|q| q.normalize().to_string());
        let quantity: Vec<String> = quantity.into_iter().chain(line.unit.clone()).collect();
        ItemView {
            name: name.join(" · "),
            quantity: quantity.join(" "),
            net: line.net.map(Into::into),
            tax: line.tax.map(Into::into),
        }
    })
    .collect()
}

fn checks(w: W, invoice: &Invoice) -> Vec<CheckView> {
    let all = invoice.checks.iter();
    all.map(|check| {
        let what = check.what.as_str();
        let key = what.replace('_', "-");
        CheckView {
            what: what.to_owned(),
            passed: check.passed,
            words: w.t(&format!("check-{key}")),
            detail: check.detail.clone(),
            fix: (!check.passed).then(|| w.t(&format!("fix-{key}"))),
        }
    })
    .collect()
}
