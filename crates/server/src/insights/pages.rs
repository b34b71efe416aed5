//! GET /insights and /insights.csv.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Response};
use outlay_core::Money;

use super::view::{By, InsightsView, MOST, Row, Wanted, Whose};
use super::{chart, store};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::shell::{self, Frame, W, link};

#[derive(Template)]
#[template(path = "pages/insights.html")]
struct InsightsPage {
    f: Frame,
    view: InsightsView,
    chart: String,
}

impl InsightsPage {
    fn tabs(&self) -> Vec<(By, String)> {
        let heads = self.view.scope == Whose::Departments;
        let all = By::ALL
            .into_iter()
            .filter(|by| !heads || !matches!(by, By::Account | By::Deal));
        all.map(|by| (by, self.link(by))).collect()
    }

    fn link(&self, by: By) -> String {
        link("/insights", &self.query(by))
    }

    fn csv(&self) -> String {
        link("/insights.csv", &self.query(self.view.by))
    }

    fn query(&self, by: By) -> [(&'static str, &str); 5] {
        let (from, to) = self.period();
        [
            ("by", by.code()),
            ("scope", self.view.scope.code()),
            ("entity", self.entity()),
            ("from", from),
            ("to", to),
        ]
    }

    fn entity(&self) -> &str {
        let id = self.view.entity.to_string();
        self.view
            .entities
            .iter()
            .find(|e| e.id == id)
            .map_or("", |e| e.id.as_str())
    }

    fn period(&self) -> (&str, &str) {
        let months = &self.view.months;
        (
            months.first().map_or("", String::as_str),
            months.last().map_or("", String::as_str),
        )
    }

    fn name(&self, row: &Row) -> String {
        name(self.f.w, &self.view, row)
    }

    fn record(&self, row: &Row) -> Option<String> {
        let key = row.key.as_ref()?;
        match self.view.by {
            By::Account => Some(format!("/crm/accounts/{key}")),
            By::Deal => Some(format!("/crm/deals/{key}")),
            _ => None,
        }
    }

    fn paid(&self, row: &Row) -> String {
        row.claims.replace("cost=all", "cost=paid")
    }

    fn pending(&self, row: &Row) -> String {
        row.claims.replace("cost=all", "cost=pending")
    }

    /// All claims of the period, with their money all, paid or pending.
    fn claims(&self, cost: &str) -> String {
        let (from, to) = self.period();
        link(
            "/claims",
            &[
                ("scope", self.view.scope.list()),
                ("entity", self.entity()),
                ("cost", cost),
                ("from", from),
                ("to", to),
            ],
        )
    }

    /// The dearest rows, for the bars beside the chart.
    fn top(&self) -> &[Row] {
        let rows = &self.view.rows;
        &rows[..rows.len().min(6)]
    }

    fn width(&self, row: &Row) -> i64 {
        let largest = self.view.rows.iter().map(|r| r.cost.sum.minor).max().unwrap_or(0);
        chart::width(row.cost.sum.minor, largest)
    }

    /// A ratio's bar: full at 12 percent.
    fn ratio_width(&self, ratio: &str) -> i64 {
        chart::width(ratio.replace('.', "").parse().unwrap_or(0), 1200)
    }

    fn series_total(&self, months: &[Money]) -> String {
        let last = months.last().map_or(0, |m| m.minor);
        Money::new(last, self.view.total.sum.currency).grouped()
    }

    fn last_total(&self) -> String {
        let all = self
            .view
            .trend
            .iter()
            .filter_map(|s| s.months.last())
            .map(|m| m.minor)
            .sum();
        Money::new(all, self.view.total.sum.currency).grouped()
    }

    fn last_month(&self) -> String {
        chart::month(self.f.w, self.period().1)
    }
}

fn name(w: W, view: &InsightsView, row: &Row) -> String {
    match (&row.key, view.by) {
        (Some(_), _) => row.name.clone(),
        (None, By::Account) => w.t("insights-no-account"),
        (None, By::Deal) => w.t("insights-no-deal"),
        (None, _) => w.t("insights-other"),
    }
}

/// Rows that the page shows; the table to download has more.
const SHOWN: usize = 16;

/// GET /insights.
pub async fn show(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(mut wanted): Query<Wanted>,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    // The form keeps the tab when another scope or entity is chosen, where the tab may not exist.
    if wanted.scope == Some(Whose::Departments) && matches!(wanted.by, Some(By::Account | By::Deal)) {
        wanted.by = None;
    }
    let view = store::insights(&mut sql, &app, &visitor, &wanted, SHOWN).await?;
    let f = Frame::load(&mut sql, &app, &visitor, &headers, "insights").await?;
    let chart = chart::trend(f.w, &view)?;
    shell::page(&InsightsPage { f, view, chart })
}

/// GET /insights.csv: the table, amounts as plain decimals.
pub async fn table(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Error> {
    let view = store::insights(&mut app.db.read(), &app, &visitor, &wanted, MOST).await?;
    let w = W(visitor.lang);
    let mut out = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let broken = |e: csv::Error| Error::Broken(e.to_string());
    let titles = ["name", "sum", "pending", "paid", "share", "won", "ratio"].map(|t| w.t(&format!("insights-csv-{t}")));
    let mut head: Vec<String> = titles.to_vec();
    head.insert(1, w.t("insights-csv-currency"));
    head.extend(view.months.iter().cloned());
    out.write_record(&head).map_err(broken)?;
    for row in &view.rows {
        let mut cells = vec![
            harmless(&name(w, &view, row)),
            view.currency.clone(),
            row.cost.sum.plain(),
            row.cost.pending.plain(),
            row.cost.paid.plain(),
            row.share.clone(),
            row.won.map(|m| m.plain()).unwrap_or_default(),
            row.ratio.clone().unwrap_or_default(),
        ];
        cells.extend(row.months.iter().map(|m| m.plain()));
        out.write_record(&cells).map_err(broken)?;
    }
    let bytes = out.into_inner().map_err(|e| Error::Broken(e.to_string()))?;
    let mut text = "\u{feff}".as_bytes().to_vec();
    text.extend(bytes);
    let place = format!("attachment; filename=\"insights-{}.csv\"", view.by.code());
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, place),
    ];
    Ok((headers, text).into_response())
}

/// A text that no spreadsheet takes for a formula.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}
