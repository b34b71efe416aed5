//! The claim's voucher (报销单): a PDF to print and file, with what was asked for, by whom it was approved, and the evidence.
//! The same state of a claim gives the same bytes.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use outlay_core::{Currency, capital::chinese_capital};
use outlay_documents::draw::fonts;
use outlay_documents::print::{A4, Print};

use super::allowed;
use super::view::{ClaimView, claim_view};
use crate::app::App;
use crate::auth::{Action, Visitor};
use crate::error::Error;
use crate::shell::W;

/// Room at the sides and below, in millimetres.
const SIDE: f64 = 15.0;
const BOTTOM: f64 = 18.0;
/// Letters of the text and of what stands small, in millimetres.
const TEXT: f64 = 3.4;
const SMALL: f64 = 2.8;
const LINE: f64 = 5.2;
const QR: f64 = 26.0;

/// GET /claims/{no}/voucher.pdf.
pub async fn pdf(State(app): State<Arc<App>>, visitor: Visitor, Path(no): Path<String>) -> Result<Response, Error> {
    let (claim, _) = allowed(&app, &visitor, &no, Action::ReadClaim).await?;
    let view = claim_view(&mut app.db.read(), &app, &visitor, &claim).await?;
    let words = match Currency::parse(view.claimed.currency) {
        Ok(Currency::CNY) => Some(format!("人民币{}", chinese_capital(claim.content.claimed()))),
        _ => None,
    };
    let link = format!("{}/claims/{}", app.config.public_url(), view.number);
    let name = format!("{}.pdf", view.number);
    let w = W(visitor.lang);
    let work = move || set(w, &view, words.as_deref(), &link);
    let bytes = tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Error::Broken(e.to_string()))??;
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, format!("inline; filename=\"{name}\"")),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

/// The voucher's bytes; refused with the reason where this system has no font with Chinese.
fn set(w: W, c: &ClaimView, words: Option<&str>, link: &str) -> Result<Vec<u8>, Error> {
    let none = || Error::field("font", "voucher-no-font");
    let file = fonts::chinese().ok_or_else(none)?;
    let print = Print::new(file).ok_or_else(none)?;
    let mut sheet = Sheet { print, y: 0.0, w };
    sheet.begin();
    sheet.head(c, link);
    sheet.lines(c, words);
    sheet.steps(c);
    sheet.evidence(c);
    let Sheet { mut print, .. } = sheet;
    let pages = print.pages();
    for n in 0..pages {
        let said = w.args(
            "voucher-page",
            &[
                ("n".to_owned(), (n + 1).to_string()),
                ("all".to_owned(), pages.to_string()),
            ],
        );
        print.on(n, |p| {
            p.text(SIDE, A4.1 - 10.0, SMALL, &c.number);
            p.text_to(A4.0 - SIDE, A4.1 - 10.0, SMALL, &said);
        });
    }
    print.finish(&format!("{} {}", c.number, c.title)).ok_or_else(none)
}

struct Sheet<'f> {
    print: Print<'f>,
    /// Where the next line goes.
    y: f64,
    w: W,
}

impl Sheet<'_> {
    fn begin(&mut self) {
        self.print.begin();
        self.y = 20.0;
    }

    /// Goes to a new page where fewer than `high` millimetres are left.
    fn room(&mut self, high: f64) {
        if self.y + high > A4.1 - BOTTOM {
            self.begin();
        }
    }

    fn rule(&mut self, wide: f64) {
        self.print.line((SIDE, self.y), (A4.0 - SIDE, self.y), wide);
    }

    /// A heading with a line under it.
    fn heading(&mut self, key: &str) {
        self.room(20.0);
        self.y += 6.0;
        let text = self.w.t(key);
        self.print.text(SIDE, self.y, 4.0, &text);
        self.y += 2.2;
        self.rule(0.25);
        self.y += LINE;
    }

    /// A name and what it says, which may take several lines.
    fn pair(&mut self, key: &str, value: &str, wide: f64) {
        let label = self.w.t(key);
        self.room(LINE);
        self.print.text(SIDE, self.y, TEXT, &label);
        for line in self.print.lines(value, TEXT, wide) {
            self.room(LINE);
            self.print.text(SIDE + 28.0, self.y, TEXT, &line);
            self.y += LINE;
        }
    }

    fn head(&mut self, c: &ClaimView, link: &str) {
        let title = self.w.t("voucher-title");
        let wide = self.print.width(&title, 6.5);
        self.print.text((A4.0 - wide) / 2.0, self.y, 6.5, &title);
        self.print.qr(A4.0 - SIDE - QR, 12.0, QR, link);
        self.y += 12.0;
        let room = A4.0 - 2.0 * SIDE - 28.0 - QR - 4.0;
        let (_, _, state) = c.badge(&self.w);
        let days = c.days().map(|(a, b)| if a == b { a } else { format!("{a} – {b}") });
        let pairs = [
            ("voucher-number", c.number.clone()),
            ("voucher-what", c.title.clone()),
            ("voucher-purpose", c.purpose.clone()),
            ("voucher-claimant", c.claimant.name.clone()),
            ("voucher-department", c.department.name.clone()),
            ("voucher-entity", c.entity.name.clone()),
            ("voucher-days", days.unwrap_or_default()),
            ("voucher-state", state),
            ("voucher-policy", c.policy.clone().unwrap_or_default()),
        ];
        for (key, value) in pairs {
            if !value.is_empty() {
                self.pair(key, &value, room);
            }
        }
        for link in &c.links {
            self.pair("voucher-serves", &link.name, room);
        }
        // What follows begins below the code.
        self.y = self.y.max(12.0 + QR + 4.0);
    }

    fn lines(&mut self, c: &ClaimView, words: Option<&str>) {
        self.heading("voucher-lines");
        let right = A4.0 - SIDE;
        for line in &c.lines {
            let what = format!("{}  {}", line.category_name, line.description);
            let place = line.place.clone().unwrap_or_default();
            let texts = self.print.lines(what.trim(), TEXT, 96.0);
            self.room(LINE * (texts.len() + 1) as f64);
            self.print.text(SIDE, self.y, TEXT, &format!("{}", line.n));
            self.print.text(SIDE + 7.0, self.y, TEXT, &line.incurred_on);
            let amount = format!("{} {}", line.claimed.currency, line.claimed.grouped);
            self.print.text_to(right, self.y, TEXT, &amount);
            for text in texts {
                self.room(LINE);
                self.print.text(SIDE + 30.0, self.y, TEXT, &text);
                self.y += LINE;
            }
            let mut notes = Vec::new();
            if !place.is_empty() {
                notes.push(place);
            }
            if let Some(rate) = &line.rate {
                let paid = format!("{} {}", line.paid.currency, line.paid.grouped);
                notes.push(format!("{paid} × {} ({} {})", rate.value, rate.source, rate.on));
            }
            if let Some(tax) = &line.tax {
                notes.push(
                    self.w
                        .t1("voucher-tax", "amount", format!("{} {}", tax.currency, tax.grouped)),
                );
            }
            if let Some(said) = &line.input_tax {
                notes.push(self.w.t1("voucher-tax-rule", "what", said.told(self.w)));
            }
            for part in &line.allocations {
                let whose = if part.account_name.is_empty() || part.account_name == part.name {
                    part.name.clone()
                } else {
                    format!("{} · {}", part.account_name, part.name)
                };
                notes.push(format!(
                    "{whose} {} {} ({})",
                    part.amount.currency, part.amount.grouped, part.share
                ));
            }
            for note in notes {
                for text in self.print.lines(&note, SMALL, 120.0) {
                    self.room(LINE);
                    self.print.text(SIDE + 30.0, self.y, SMALL, &text);
                    self.y += 4.4;
                }
            }
            self.y += 1.0;
        }
        self.room(16.0);
        self.rule(0.25);
        self.y += LINE;
        let total = self.w.t("voucher-total");
        self.print.text(SIDE, self.y, TEXT, &total);
        let amount = format!("{} {}", c.claimed.currency, c.claimed.grouped);
        self.print.text_to(right, self.y, 4.0, &amount);
        self.y += LINE;
        if let Some(words) = words {
            self.pair("voucher-in-words", words, A4.0 - 2.0 * SIDE - 28.0);
        }
    }

    fn steps(&mut self, c: &ClaimView) {
        if c.steps.is_empty() && c.reasons.is_empty() {
            return;
        }
        self.heading("voucher-approvals");
        for step in &c.steps {
            self.room(LINE);
            let state = self.w.t(&format!("voucher-step-{}", step.state));
            let name = step.name.clone();
            self.print.text(SIDE, self.y, TEXT, &name);
            self.print
                .text(SIDE + 60.0, self.y, TEXT, step.person.as_deref().unwrap_or("–"));
            self.print.text(SIDE + 105.0, self.y, TEXT, &state);
            // Of an open step the page says what it means to whoever looks; on paper that says nothing.
            if step.state != "now" {
                let when = step.when.clone();
                self.print.text_to(A4.0 - SIDE, self.y, SMALL, &when);
            }
            self.y += LINE;
            if !step.comment.is_empty() {
                for text in self.print.lines(&step.comment, SMALL, 150.0) {
                    self.room(LINE);
                    self.print.text(SIDE + 7.0, self.y, SMALL, &text);
                    self.y += 4.4;
                }
            }
        }
        for reason in &c.reasons {
            for text in self.print.lines(reason, SMALL, A4.0 - 2.0 * SIDE) {
                self.room(LINE);
                self.print.text(SIDE, self.y, SMALL, &text);
                self.y += 4.4;
            }
        }
    }

    fn evidence(&mut self, c: &ClaimView) {
        self.heading("voucher-evidence");
        if c.documents.is_empty() {
            let none = self.w.t("voucher-no-evidence");
            self.print.text(SIDE, self.y, TEXT, &none);
            self.y += LINE;
        }
        for (n, d) in c.documents.iter().enumerate() {
            self.room(LINE * 2.5);
            let title: Vec<String> = self.print.lines(d.title(), TEXT, 120.0);
            let first = title.first().cloned().unwrap_or_default();
            self.print.text(SIDE, self.y, TEXT, &format!("{}", n + 1));
            self.print.text(SIDE + 7.0, self.y, TEXT, &first);
            if let Some(gross) = &d.gross {
                let amount = format!("{} {}", gross.currency, gross.grouped);
                self.print.text_to(A4.0 - SIDE, self.y, TEXT, &amount);
            }
            self.y += LINE;
            let identity = d.invoice_identity.clone().unwrap_or_else(|| d.name.clone());
            let about = [
                d.kind.as_str(),
                identity.as_str(),
                d.issued_on.as_deref().unwrap_or_default(),
            ];
            let about: Vec<&str> = about.into_iter().filter(|t| !t.is_empty()).collect();
            self.print.text(SIDE + 7.0, self.y, SMALL, &about.join("  "));
            self.y += 4.4;
            self.print
                .text(SIDE + 7.0, self.y, 2.2, &format!("SHA-256 {}", d.sha256));
            self.y += LINE;
        }
        self.room(LINE * 2.0);
        let hash = self.w.t1("voucher-hash", "hash", &c.content_hash);
        for text in self.print.lines(&hash, 2.4, A4.0 - 2.0 * SIDE) {
            self.print.text(SIDE, self.y, 2.4, &text);
            self.y += 4.0;
        }
    }
}
