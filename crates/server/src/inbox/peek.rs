//! A claim beside the list: enough to decide on.

use outlay_connect::Object;
use outlay_core::claim::{Claim, State, Status};
use outlay_core::ids::DealId;
use outlay_core::{Currency, Money};

use crate::app::App;
use crate::args;
use crate::auth::{Action, Resource, Visitor};
use crate::claims::acts::{ActsView, acts, task_of};
use crate::claims::route_view::{Look, StepView, route, why};
use crate::claims::view::{FindingView, LineView};
use crate::claims::{line_view, store};
use crate::clock::{day, moment, now};
use crate::crm;
use crate::db::Sql;
use crate::error::Error;
use crate::shell::{self, W};

/// What the panel shows.
pub struct PeekView {
    /// The claim's number.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// Its status.
    pub status: Status,
    /// What is asked for.
    pub amount: Money,
    /// Input tax that can be credited, if any.
    pub tax: Option<Money>,
    /// From which to which day.
    pub span: String,
    /// How many documents prove it.
    pub documents: usize,
    /// How many of them are invoices that no other claim uses.
    pub invoices: usize,
    /// The claimant.
    pub claimant: String,
    /// Where they work, their grade, when they handed it in.
    pub place: String,
    /// Returned or rejected: by whom and why.
    pub reason: Option<(String, String)>,
    /// What the policy found.
    pub findings: Vec<FindingView>,
    /// The worst evidence of its lines.
    pub grade: String,
    /// The lines, each with its day for people.
    pub lines: Vec<(String, LineView)>,
    /// The deal behind it.
    pub deal: Option<DealView>,
    /// The steps.
    pub steps: Vec<StepView>,
    /// The reader's open task, or of somebody for whom they act.
    pub task: Option<MyTask>,
    /// What else they may do.
    pub acts: ActsView,
    /// What a decision came to that was not carried out.
    pub notice: Option<String>,
}

impl PeekView {
    /// The inbox with this panel.
    pub fn back(&self) -> String {
        format!("/inbox?peek={}", self.number)
    }

    /// The hash of what is seen; empty without a task.
    pub fn hash(&self) -> String {
        self.task.as_ref().map(|t| t.hash.clone()).unwrap_or_default()
    }

    /// The id of the task.
    pub fn task_id(&self) -> Option<String> {
        self.task.as_ref().map(|t| t.id.clone())
    }
}

/// The deal, with its costs where the reader may see them.
pub struct DealView {
    /// Its id.
    pub id: String,
    /// Customer and deal.
    pub name: String,
    /// Its stage, for people.
    pub stage: String,
    /// The tone of its badge.
    pub tone: &'static str,
    /// Its amount.
    pub amount: Option<Money>,
    /// Paid and pending costs; none if the reader may not see the record.
    pub spend: Option<(Money, Money)>,
    /// Record, revision, when it was read.
    pub source: String,
}

/// The reader's own open task.
pub struct MyTask {
    /// Its id.
    pub id: String,
    /// The hash of what is seen.
    pub hash: String,
    /// Why they are asked.
    pub why: String,
}

/// The panel of a claim, for who may read it.
pub async fn peek(sql: &mut Sql, app: &App, visitor: &Visitor, number: &str) -> Result<PeekView, Error> {
    let claim = store::by_number(sql, number).await?;
    let facts = store::facts(&claim);
    visitor
        .permit(app, Action::ReadClaim, &Resource::Claim(&facts))
        .map_err(|_| Error::NotFound("claim"))?;
    let org = app.org(sql).await?;
    let (w, me, content) = (W(visitor.lang), visitor.person.id(), &claim.content);
    let zone = org.entity(content.entity).map_or("UTC", |e| e.zone.as_str());
    let today = day(now(), zone);
    let name = |id| org.employee(id).map(|e| e.name.clone()).unwrap_or_default();
    let look = Look::at(sql, app, &claim).await?;
    let findings = look.findings(w);
    let lines = line_view::lines(sql, app, w, &claim, &findings, &[]).await?;
    let mut place: Vec<String> = [
        org.department(content.department).map(|d| d.name.clone()),
        org.place(content.claimant, content.entity, today)
            .map(|p| p.grade.clone()),
    ]
    .into_iter()
    .flatten()
    .filter(|part| !part.is_empty())
    .collect();
    if let Some(at) = claim.submitted_at {
        place.push(w.t1("peek-submitted", "day", shell::short_day(w, day(at, zone), today)));
    }
    let deal = match content.links.deal {
        Some(id) => deal(sql, app, visitor, id).await?,
        None => None,
    };
    let tax = content.tax();
    Ok(PeekView {
        title: content.title.clone(),
        status: claim.status(),
        amount: content.claimed(),
        tax: (tax.minor != 0).then_some(tax),
        span: span(w, &claim, today),
        documents: content.lines.iter().filter(|l| l.evidence.is_some()).count(),
        invoices: content.invoices().len(),
        claimant: name(content.claimant),
        place: place.join(" · "),
        reason: match &claim.state {
            State::Returned { by: None, .. } => Some((w.t("event-system"), w.t("returned-late"))),
            State::Returned {
                by: Some(by), reason, ..
            }
            | State::Rejected { by, reason } => Some((name(*by), reason.clone())),
            _ => None,
        },
        findings,
        grade: format!("{:?}", content.grade()),
        lines: content
            .lines
            .iter()
            .map(|l| shell::short_day(w, l.incurred_on, today))
            .zip(lines)
            .collect(),
        deal,
        steps: route(sql, app, w, &claim, &look, me, zone).await?,
        task: task_of(&claim, &visitor.person).map(|t| MyTask {
            id: t.id.to_string(),
            hash: content.hash(),
            why: why(w, &org, &t.why),
        }),
        acts: acts(sql, app, visitor, &claim).await?,
        notice: None,
        number: claim.number.clone(),
    })
}

fn span(w: W, claim: &Claim, today: jiff::civil::Date) -> String {
    let days = claim.content.lines.iter().map(|l| l.incurred_on);
    match (days.clone().min(), days.max()) {
        (Some(first), Some(last)) if first == last => shell::short_day(w, first, today),
        (Some(first), Some(last)) => w.args(
            "peek-span",
            &[
                ("from".to_owned(), shell::short_day(w, first, today)),
                ("to".to_owned(), shell::short_day(w, last, today)),
            ],
        ),
        _ => String::new(),
    }
}

#[derive(serde::Deserialize)]
struct DealRow {
    name: String,
    account: Option<String>,
    stage: String,
    stage_kind: String,
    amount_minor: Option<i64>,
    currency: Option<String>,
    external_id: String,
    revision: String,
    read_at: i64,
}

async fn deal(sql: &mut Sql, app: &App, visitor: &Visitor, id: DealId) -> Result<Option<DealView>, Error> {
    let w = W(visitor.lang);
    let row: Option<DealRow> = sql
        .maybe(
            "SELECT d.name, a.name AS account, d.stage, d.stage_kind, d.amount_minor, d.currency, d.external_id, d.revision, d.read_at \
             FROM deal d LEFT JOIN account a ON a.id = d.account_id WHERE d.id = $1",
            args![id],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let id = id.to_string();
    let org = app.org(sql).await?;
    let facts = crm::record_facts(sql, &org, Object::Deal, &id).await?;
    let open = app
        .rights
        .may(&visitor.person, Action::ReadRecord, &Resource::Record(&facts));
    let name = shell::deal_title(row.account.as_deref(), &row.name);
    let amount = match (row.amount_minor, &row.currency) {
        (Some(minor), Some(code)) if open => Currency::parse(code).ok().map(|c| Money::new(minor, c)),
        _ => None,
    };
    let source = w.args(
        "peek-source",
        &[
            ("record".to_owned(), row.external_id),
            ("revision".to_owned(), row.revision),
            ("ago".to_owned(), shell::ago(w, moment(row.read_at))),
        ],
    );
    let spend = if open { spend(sql, &id).await? } else { None };
    Ok(Some(DealView {
        id,
        name,
        stage: crm::stage_words(w, &row.stage),
        tone: crm::stage_tone(&row.stage_kind),
        amount,
        spend,
        source,
    }))
}

/// Paid and pending costs of a deal, in the currency in which most was spent.
async fn spend(sql: &mut Sql, deal: &str) -> Result<Option<(Money, Money)>, Error> {
    let row: Option<(String, i64, i64)> = sql
        .maybe(
            "SELECT currency, CAST(SUM(paid_minor) AS BIGINT), CAST(SUM(pending_minor) AS BIGINT) FROM spend \
             WHERE dim = 'deal' AND key = $1 AND employee_id = '' AND category = '' GROUP BY currency \
             ORDER BY SUM(paid_minor) + SUM(pending_minor) DESC LIMIT 1",
            args![deal],
        )
        .await?;
    Ok(row.and_then(|(currency, paid, pending)| {
        let currency = Currency::parse(&currency).ok()?;
        Some((Money::new(paid, currency), Money::new(pending, currency)))
    }))
}
