//! Originals that people can see: a page of a document as a picture, with the spot of each field that was read from it. The
//! picture is drawn here, so that nothing in a file reaches a browser.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use outlay_documents::{Invoice, Limits, ReadError, Rendered, SignatureState, SourceKind, render};
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::store::{self, Document};
use crate::app::App;
use crate::auth::Visitor;
use crate::claims::view::MoneyView;
use crate::error::Error;
use crate::shell::W;

/// How many drawn pages are kept for those who look at them.
const KEPT: usize = 24;
/// How many bytes these may have together.
const MAX_KEPT: usize = 24 * 1024 * 1024;
/// How many pages are drawn at once.
const AT_ONCE: usize = 2;

type Drawn = Arc<Result<Rendered, ReadError>>;

/// Pages as they were drawn, the newest last.
pub struct Originals {
    kept: Mutex<VecDeque<((String, u32), Drawn)>>,
    drawing: Semaphore,
}

impl Default for Originals {
    fn default() -> Self {
        Originals {
            kept: Mutex::default(),
            drawing: Semaphore::new(AT_ONCE),
        }
    }
}

impl Originals {
    fn find(&self, key: &(String, u32)) -> Option<Drawn> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(k, _)| k == key).map(|(_, drawn)| drawn.clone())
    }

    fn keep(&self, key: (String, u32), drawn: Drawn) {
        let size = |drawn: &Drawn| drawn.as_ref().as_ref().map_or(0, |r| r.bytes.len());
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((key, drawn));
        while kept.len() > KEPT || kept.iter().map(|(_, d)| size(d)).sum::<usize>() > MAX_KEPT {
            kept.pop_front();
        }
    }
}

/// Whether documents of this kind have pages to be seen.
pub fn has_pages(media_type: &str) -> bool {
    matches!(media_type, "application/pdf" | "application/ofd") || media_type.starts_with("image/")
}

/// One page of a document that the caller may read, drawn now or before.
async fn drawn(app: &Arc<App>, document: &Document, page: u32) -> Result<Drawn, Error> {
    let key = (document.id.clone(), page);
    if let Some(drawn) = app.originals.find(&key) {
        return Ok(drawn);
    }
    let bytes = app.files.get(&app.vault, &document.id, &document.sealed_key).await?;
    let turn = app.originals.drawing.acquire().await;
    if let Some(drawn) = app.originals.find(&key) {
        return Ok(drawn);
    }
    let work = move || render(&bytes, page, &Limits::default());
    let drawn = Arc::new(
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|e| Error::Broken(e.to_string()))?,
    );
    drop(turn);
    app.originals.keep(key, drawn.clone());
    Ok(drawn)
}

/// GET /receipts/{id}/pages/{n}: the picture of a page, from 1.
pub async fn picture(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path((id, n)): Path<(String, u32)>,
) -> Result<Response, Error> {
    let document = store::readable(&mut app.db.read(), &app, &visitor.person, &id).await?;
    if !has_pages(&document.media_type) {
        return Err(Error::NotFound("page"));
    }
    let drawn = drawn(&app, &document, n).await?;
    let Ok(page) = drawn.as_ref() else {
        return Err(Error::NotFound("page"));
    };
    let headers = [
        (header::CONTENT_TYPE, page.media_type),
        (header::CONTENT_DISPOSITION, "inline"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "private, max-age=600"),
    ];
    Ok((headers, page.bytes.clone()).into_response())
}

/// Which page is looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PageQuery {
    /// From 1; the first where nothing is said.
    pub page: Option<u32>,
}

/// The page query of a request.
pub type Asked = Query<PageQuery>;

/// A page as it is shown.
#[derive(Debug)]
pub struct Sheet {
    /// Where its picture is.
    pub href: String,
    /// Size of the picture in pixels.
    pub pixels: (u32, u32),
    /// Left, top, width and height of the page, in the lengths of its spots.
    pub view: [i32; 4],
    /// Which page it is, from 1.
    pub page: u32,
    /// How many there are.
    pub pages: u32,
    /// Both in words.
    pub counted: String,
    /// How many things on it could not be drawn.
    pub missing: u32,
    /// Where fields stand.
    pub spots: Vec<Spot>,
}

/// Where a field stands on a page.
#[derive(Debug)]
pub struct Spot {
    /// The field, as in CSS classes: `gross`, `seller-name` …
    pub key: &'static str,
    /// Its name.
    pub label: String,
    /// Left, top, width and height.
    pub area: [i32; 4],
}

/// The page of a document that is asked for, with the spots of what was read. `None` for documents without pages, and the
/// refusal where one can't be drawn.
pub async fn sheet(
    app: &Arc<App>,
    document: &Document,
    invoice: Option<&Invoice>,
    w: W,
    page: u32,
) -> Result<Option<Result<Sheet, ReadError>>, Error> {
    if !has_pages(&document.media_type) {
        return Ok(None);
    }
    // The page of what was read is shown even where the bytes can't be had.
    let Ok(drawn) = drawn(app, document, page).await else {
        return Ok(None);
    };
    let rendered = match drawn.as_ref() {
        Ok(rendered) => rendered,
        Err(error) => return Ok(Some(Err(error.clone()))),
    };
    // A hair around the text, so that the mark does not lie on it.
    let around = (rendered.view[2] / 220).max(1);
    let places = invoice.into_iter().flat_map(|i| {
        FIELDS.iter().filter_map(|(own, key, label)| {
            let place = i.sources.get(*own)?.place.filter(|p| p.page == page)?;
            Some((*key, *label, place.area))
        })
    });
    let spots = places.map(|(key, label, [x, y, wide, high])| Spot {
        key,
        label: w.t(label),
        area: [
            x.saturating_sub(around),
            y.saturating_sub(around),
            wide.max(1).saturating_add(2 * around),
            high.max(1).saturating_add(2 * around),
        ],
    });
    Ok(Some(Ok(Sheet {
        href: format!("/receipts/{}/pages/{page}", document.id),
        pixels: rendered.pixels,
        view: rendered.view,
        page,
        pages: rendered.pages,
        counted: w.args(
            "receipt-page-of",
            &[
                ("n".to_owned(), page.to_string()),
                ("all".to_owned(), rendered.pages.to_string()),
            ],
        ),
        missing: rendered.missing,
        spots: spots.collect(),
    })))
}

/// Fields as the reader names them, as pages do, and the words for them.
const FIELDS: [(&str, &str, &str); 10] = [
    ("number", "number", "receipts-number"),
    ("code", "code", "receipt-code"),
    ("issued_on", "issued-on", "receipts-issued"),
    ("seller.name", "seller-name", "receipts-seller"),
    ("seller.tax_id", "seller-tax-id", "receipt-seller-tax-id"),
    ("buyer.name", "buyer-name", "receipt-buyer"),
    ("buyer.tax_id", "buyer-tax-id", "receipt-buyer-tax-id"),
    ("net", "net", "receipts-net"),
    ("tax", "tax", "receipts-tax"),
    ("gross", "gross", "receipts-gross"),
];

/// A field with what proves it.
#[derive(Debug)]
pub struct FieldView {
    /// As [`Spot::key`].
    pub key: &'static str,
    /// Its name.
    pub label: String,
    /// What it says.
    pub value: String,
    /// `xml`, `sure` or `compare`; empty where nothing is known of it.
    pub certainty: &'static str,
    /// How well it is proven, in words.
    pub proof: String,
    /// The page on which it stands, if it is known.
    pub page: Option<u32>,
}

/// All fields of an invoice, in the order they are read.
pub fn fields(w: W, invoice: &Invoice) -> Vec<FieldView> {
    let money = |m: Option<outlay_core::Money>| {
        m.map(|m| {
            let view = MoneyView::from(m);
            format!("{} {}", view.currency, view.grouped)
        })
    };
    let values = [
        invoice.number.clone(),
        invoice.code.clone(),
        invoice.issued_on.map(|d| d.to_string()),
        invoice.seller.name.clone(),
        invoice.seller.tax_id.clone(),
        invoice.buyer.name.clone(),
        invoice.buyer.tax_id.clone(),
        money(invoice.net),
        money(invoice.tax),
        money(invoice.gross),
    ];
    let all = FIELDS.iter().zip(values);
    all.filter_map(|((own, key, label), value)| {
        let source = invoice.sources.get(*own);
        let certainty = match source {
            None => "",
            Some(s) if matches!(s.kind, SourceKind::Xml | SourceKind::Attachment) => "xml",
            Some(s) if s.is_sure() => "sure",
            Some(_) => "compare",
        };
        let proof = match (certainty, source) {
            ("", _) | (_, None) => String::new(),
            (_, Some(s)) => w.t1(&format!("receipt-proof-{certainty}"), "n", s.degree),
        };
        Some(FieldView {
            key,
            label: w.t(label),
            value: value?,
            certainty,
            proof,
            page: source.and_then(|s| s.place).map(|p| p.page),
        })
    })
    .collect()
}

/// A signature as checked.
#[derive(Debug, Clone)]
pub struct SignatureView {
    /// `intact`, `partial`, `unknown` or `broken`. Whether the signer's certificate is to be trusted is not checked.
    pub state: String,
    /// That in words.
    pub words: String,
    /// Whose certificate is in it.
    pub signer: Option<String>,
    /// Who made the certificate.
    pub issuer: Option<String>,
    /// When it was signed, as it says.
    pub signed_at: Option<String>,
    /// What was found, in English.
    pub detail: String,
}

impl SignatureView {
    /// Whether it holds over all that is read.
    pub fn holds(&self) -> bool {
        self.state == SignatureState::Intact.as_str()
    }

    /// Whether the file was changed, or not all of it signed.
    pub fn fails(&self) -> bool {
        self.state != SignatureState::Unknown.as_str() && !self.holds()
    }
}

/// The signatures of the file that an invoice was read from.
pub fn signatures(w: W, invoice: &Invoice) -> Vec<SignatureView> {
    let all = invoice.signatures.iter().map(|s| SignatureView {
        state: s.state.as_str().to_owned(),
        words: w.t(&format!("receipt-signature-{}", s.state.as_str())),
        signer: s.signer.clone(),
        issuer: s.issuer.clone(),
        signed_at: s.signed_at.clone(),
        detail: s.detail.clone(),
    });
    all.collect()
}
