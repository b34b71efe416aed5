//! What the first page shows.

use outlay_core::claim::{Claim, Progress, Status};
use outlay_core::{Currency, Money};
use serde::Serialize;
use utoipa::ToSchema;

use super::todos::{self, TodoView};
use crate::app::App;
use crate::args;
use crate::auth::Visitor;
use crate::crm;
use crate::db::Sql;
use crate::drafts::Event;
use crate::edits::{self, EditView};
use crate::error::Error;
use crate::evidence;
use crate::inbox::Names;
use crate::shell::{self, W};

/// The first page.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HomeView {
    /// What is to be done.
    pub todos: Vec<TodoView>,
    /// How much there is to be done, further pages included.
    pub todo_count: i64,
    /// One's own changes of CRM records that did not reach the CRM: in conflict, failed, or dropped by a policy.
    pub edits: Vec<EditView>,
    /// Drafts proposed from what happened in the CRM.
    pub proposals: Vec<ProposalView>,
    /// Claims whose money has not come yet.
    pub way: Vec<WayView>,
    /// How many of them there are.
    pub way_count: i64,
    /// Their sums, one for each currency.
    #[schema(value_type = Vec<Object>)]
    pub way_totals: Vec<Money>,
    /// Receipts that belong to no claim yet, newest first.
    pub receipts: Vec<ReceiptView>,
    /// How many of them there are.
    pub receipt_count: i64,
    /// Open deals of one's own with costs, dearest first.
    pub deals: Vec<DealCost>,
}

/// A draft that Outlay made from a CRM event and that nobody has touched.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProposalView {
    /// `won`, `visit` or `customer`.
    pub event: &'static str,
    /// The draft's number.
    pub claim: String,
    /// What it is called.
    pub title: String,
    /// The customer and deal.
    pub about: Option<String>,
    /// The CRM record's own id.
    pub record: String,
    /// Its revision.
    pub revision: String,
    /// When it was read, RFC 3339.
    pub read_at: String,
    /// How many fields were filled from it.
    pub filled: usize,
}

/// A claim whose money has not come yet.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WayView {
    /// Its number.
    pub claim: String,
    /// What it is about.
    pub title: String,
    /// Its status.
    #[schema(value_type = String)]
    pub status: Status,
    /// What is asked for.
    #[schema(value_type = Object)]
    pub amount: Money,
    /// Steps done, submission and payment included.
    pub done: usize,
    /// Steps in all.
    pub steps: usize,
}

/// A receipt that belongs to no claim yet.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReceiptView {
    /// Its id.
    pub id: String,
    /// The seller, or the file's name.
    pub name: String,
    /// The invoice's day, if one was read.
    pub issued_on: Option<String>,
    /// How good a proof it is.
    pub grade: String,
    /// Its gross amount, if one was read.
    #[schema(value_type = Option<Object>)]
    pub gross: Option<Money>,
}

/// What an open deal has cost.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DealCost {
    /// Its id.
    pub id: String,
    /// Customer and deal.
    pub name: String,
    /// Its stage.
    pub stage: String,
    /// Paid.
    #[schema(value_type = Object)]
    pub paid: Money,
    /// Asked for and not paid.
    #[schema(value_type = Object)]
    pub pending: Money,
}

impl DealCost {
    /// Both together.
    pub fn total(&self) -> Money {
        Money::new(self.paid.minor.saturating_add(self.pending.minor), self.paid.currency)
    }

    /// The paid share in whole percent.
    pub fn share(&self) -> i64 {
        let total = self.total().minor.max(1);
        self.paid.minor.saturating_mul(100) / total
    }
}

/// Gathers the first page.
pub async fn home(sql: &mut Sql, app: &App, visitor: &Visitor) -> Result<HomeView, Error> {
    let (todos, todo_count) = todos::todos(sql, app, visitor).await?;
    let (way, way_count, way_totals) = way(sql, visitor).await?;
    let (receipts, receipt_count) = receipts(sql, visitor).await?;
    Ok(HomeView {
        todos,
        todo_count,
        edits: edits::lost(sql, visitor.person.id()).await?,
        proposals: proposals(sql, visitor).await?,
        way,
        way_count,
        way_totals,
        receipts,
        receipt_count,
        deals: deals(sql, visitor).await?,
    })
}

async fn proposals(sql: &mut Sql, visitor: &Visitor) -> Result<Vec<ProposalView>, Error> {
    let rows: Vec<(String,)> = sql
        .all(
            "SELECT body FROM claim WHERE claimant_id = $1 AND status = 'draft' AND origin IS NOT NULL AND version = 1 \
             ORDER BY updated_at DESC LIMIT 5",
            args![visitor.person.id()],
        )
        .await?;
    let claims: Vec<Claim> = rows
        .iter()
        .map(|(body,)| serde_json::from_str(body))
        .collect::<Result<_, _>>()?;
    let names = Names::of(sql, &claims).await?;
    Ok(claims
        .into_iter()
        .map(|claim| {
            let origin = claim.origin.as_deref().and_then(|o| o.split(':').next());
            let event = origin.and_then(Event::of).unwrap_or(Event::Won);
            let object = event.object().as_str();
            let source = claim
                .sources
                .iter()
                .find(|s| s.object == object)
                .or(claim.sources.first());
            ProposalView {
                event: event.code(),
                about: names.about(&claim, W(visitor.lang)),
                record: source.map(|s| s.external_id.clone()).unwrap_or_default(),
                revision: source.map(|s| s.revision.clone()).unwrap_or_default(),
                read_at: source.map(|s| s.read_at.to_string()).unwrap_or_default(),
                filled: claim.sources.len(),
                title: claim.content.title,
                claim: claim.number,
            }
        })
        .collect())
}

async fn way(sql: &mut Sql, visitor: &Visitor) -> Result<(Vec<WayView>, i64, Vec<Money>), Error> {
    let sums: Vec<(String, i64, i64)> = sql
        .all(
            "SELECT currency, COUNT(*), CAST(SUM(claimed_minor) AS BIGINT) FROM claim WHERE claimant_id = $1 \
             AND status IN ('submitted', 'in_review', 'approved', 'paying') GROUP BY currency ORDER BY currency",
            args![visitor.person.id()],
        )
        .await?;
    let rows: Vec<(String,)> = sql
        .all(
            "SELECT body FROM claim WHERE claimant_id = $1 AND status IN ('submitted', 'in_review', 'approved', 'paying') \
             ORDER BY updated_at DESC LIMIT 6",
            args![visitor.person.id()],
        )
        .await?;
    let way = rows
        .iter()
        .map(|(body,)| {
            let claim: Claim = serde_json::from_str(body)?;
            let signed = claim
                .run
                .iter()
                .filter(|s| matches!(s.progress, Progress::Done | Progress::Skipped))
                .count();
            Ok(WayView {
                status: claim.status(),
                amount: claim.content.claimed(),
                done: 1 + signed,
                steps: claim.run.len() + 2,
                title: claim.content.title,
                claim: claim.number,
            })
        })
        .collect::<Result<_, Error>>()?;
    let count = sums.iter().map(|(_, n, _)| n).sum();
    let totals = sums
        .into_iter()
        .map(|(currency, _, minor)| money(minor, &currency))
        .collect::<Result<_, _>>()?;
    Ok((way, count, totals))
}

async fn receipts(sql: &mut Sql, visitor: &Visitor) -> Result<(Vec<ReceiptView>, i64), Error> {
    let count = evidence::store::count_free(sql, &visitor.person).await?;
    let free = evidence::store::Filter {
        free: true,
        ..Default::default()
    };
    let free = evidence::store::mine(sql, &visitor.person, free, 4).await?;
    let receipts = free.into_iter().map(|document| ReceiptView {
        gross: document.gross(),
        id: document.id,
        name: document.seller.filter(|s| !s.is_empty()).unwrap_or(document.name),
        issued_on: document.issued_on,
        grade: document.grade,
    });
    Ok((receipts.collect(), count))
}

#[derive(serde::Deserialize)]
struct DealRow {
    id: String,
    name: String,
    account: Option<String>,
    stage: String,
    currency: String,
    paid: i64,
    pending: i64,
}

async fn deals(sql: &mut Sql, visitor: &Visitor) -> Result<Vec<DealCost>, Error> {
    let rows: Vec<DealRow> = sql
        .all(
            "SELECT d.id, d.name, a.name AS account, d.stage, \
             s.currency, CAST(SUM(s.paid_minor) AS BIGINT) AS paid, CAST(SUM(s.pending_minor) AS BIGINT) AS pending \
             FROM deal d LEFT JOIN account a ON a.id = d.account_id \
             CROSS JOIN spend s \
             WHERE s.dim = 'deal' AND s.key = d.id AND s.employee_id = '' AND s.category = '' AND d.owner_id = $1 AND d.stage_kind = 'open' AND d.deleted = $2 \
             GROUP BY d.id, d.name, a.name, d.stage, s.currency \
             ORDER BY SUM(s.paid_minor) + SUM(s.pending_minor) DESC LIMIT 5",
            args![visitor.person.id(), false],
        )
        .await?;
    rows.into_iter()
        .map(|row| {
            Ok(DealCost {
                paid: money(row.paid, &row.currency)?,
                pending: money(row.pending, &row.currency)?,
                id: row.id,
                name: shell::deal_title(row.account.as_deref(), &row.name),
                stage: crm::stage_words(W(visitor.lang), &row.stage),
            })
        })
        .collect()
}

fn money(minor: i64, currency: &str) -> Result<Money, Error> {
    let currency = Currency::parse(currency).map_err(|e| Error::Broken(e.to_string()))?;
    Ok(Money::new(minor, currency))
}
