//! A claim beside the list: enough to decide on.

use std::collections::BTreeMap;

use outlay_connect::Object;
use outlay_core::claim::{Claim, Line, State, Status};
use outlay_core::flow::Ask;
use outlay_core::ids::DealId;
use outlay_core::policy::{Severity, Words};
use outlay_core::{Currency, Money};

use super::steps::{self, Reader, StepView};
use crate::app::App;
use crate::args;
use crate::auth::{Action, Resource, Visitor};
use crate::claims::store;
use crate::clock::{day, moment, now};
use crate::crm;
use crate::db::{Sql, Value, dialect};
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
    /// The lines.
    pub lines: Vec<LineView>,
    /// The deal behind it.
    pub deal: Option<DealView>,
    /// The steps.
    pub steps: Vec<StepView>,
    /// The reader's own open task.
    pub task: Option<MyTask>,
    /// What a decision came to that was not carried out.
    pub notice: Option<String>,
}

/// A finding.
pub struct FindingView {
    /// Tone and icon.
    pub look: (&'static str, &'static str),
    /// Its words.
    pub words: Words,
}

/// A line.
pub struct LineView {
    /// The day.
    pub day: String,
    /// Category and what it was.
    pub what: String,
    /// Whom it served, in shares.
    pub shares: String,
    /// The evidence.
    pub grade: String,
    /// What is asked for.
    pub claimed: Money,
    /// Whether the policy warned.
    pub warned: bool,
}

/// The deal, with its costs where the reader may see them.
pub struct DealView {
    /// Its id.
    pub id: String,
    /// Customer and deal.
    pub name: String,
    /// Its stage.
    pub stage: String,
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
    let rules = app.rules(sql).await?;
    let w = W(visitor.lang);
    let content = &claim.content;
    let zone = org.entity(content.entity).map_or("UTC", |e| e.zone.as_str());
    let today = day(now(), zone);
    let reader = Reader {
        w,
        me: visitor.person.id(),
        org: &org,
        zone,
    };
    let ask = Ask {
        org: &org,
        content,
        deal_owner: store::deal_owner(sql, content.links.deal).await?,
        day: today,
    };
    let name = |id| org.employee(id).map(|e| e.name.clone()).unwrap_or_default();
    let findings: Vec<FindingView> = claim
        .judged
        .iter()
        .flat_map(|j| &j.findings)
        .filter_map(|f| {
            let words = rules.version(&f.policy)?.words(f, visitor.lang);
            Some(FindingView {
                look: shell::severity_look(f.severity),
                words,
            })
        })
        .collect();
    let policy = rules.policy(content.entity, today);
    let category = |code: &str| {
        policy
            .and_then(|p| p.category(code))
            .map_or_else(|| code.to_owned(), |c| c.name.get(visitor.lang).to_owned())
    };
    let served = Served::of(sql, &claim).await?;
    let lines = content
        .lines
        .iter()
        .map(|line| LineView {
            day: shell::short_day(w, line.incurred_on, today),
            what: what(&category(&line.category), line),
            shares: served.shares(line),
            grade: format!("{:?}", line.grade()),
            claimed: line.claimed,
            warned: claim
                .judged
                .iter()
                .flat_map(|j| &j.findings)
                .any(|f| f.line == Some(line.id) && f.severity > Severity::Info),
        })
        .collect();
    let place = org.place(content.claimant, content.entity, today);
    let mut place: Vec<String> = [
        org.department(content.department).map(|d| d.name.clone()),
        place.map(|p| p.grade.clone()).filter(|g| !g.is_empty()),
    ]
    .into_iter()
    .flatten()
    .collect();
    if let Some(at) = claim.submitted_at {
        place.push(w.t1("peek-submitted", "day", shell::short_day(w, day(at, zone), today)));
    }
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
            State::Returned { by, reason } | State::Rejected { by, reason } => Some((name(*by), reason.clone())),
            _ => None,
        },
        findings,
        grade: format!("{:?}", content.grade()),
        lines,
        deal: match content.links.deal {
            Some(id) => deal(sql, app, visitor, id).await?,
            None => None,
        },
        steps: steps::steps(&claim, &ask, &reader),
        task: claim
            .open_tasks()
            .find(|t| t.assignee == visitor.person.id())
            .map(|t| MyTask {
                id: t.id.to_string(),
                hash: content.hash(),
                why: reader.why(&t.why),
            }),
        notice: None,
        number: claim.number.clone(),
    })
}

fn what(category: &str, line: &Line) -> String {
    let mut parts = vec![category.to_owned()];
    parts.extend(line.place.clone().filter(|p| !p.is_empty()));
    if !line.description.is_empty() {
        parts.push(line.description.clone());
    }
    parts.join(" · ")
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

/// Short names of what the lines serve.
struct Served(BTreeMap<String, String>);

impl Served {
    async fn of(sql: &mut Sql, claim: &Claim) -> Result<Served, Error> {
        let all = || claim.content.lines.iter().flat_map(|l| &l.allocations);
        let mut names = BTreeMap::new();
        let ids = |ids: std::collections::BTreeSet<String>| ids.into_iter().map(Value::from).collect::<Vec<_>>();
        for (select, ids) in [
            (
                "SELECT id, name FROM deal WHERE id IN",
                ids(all().filter_map(|a| a.deal).map(|d| d.to_string()).collect()),
            ),
            (
                "SELECT id, name FROM account WHERE id IN",
                ids(all().filter_map(|a| a.account).map(|d| d.to_string()).collect()),
            ),
            (
                "SELECT id, name FROM project WHERE id IN",
                ids(all().filter_map(|a| a.project).map(|d| d.to_string()).collect()),
            ),
            (
                "SELECT id, code FROM cost_center WHERE id IN",
                ids(all().filter_map(|a| a.cost_center).map(|d| d.to_string()).collect()),
            ),
        ] {
            if ids.is_empty() {
                continue;
            }
            let rows: Vec<(String, String)> = sql
                .all_built(format!("{select} ({})", dialect::list(1, ids.len())), ids)
                .await?;
            names.extend(rows);
        }
        Ok(Served(names))
    }

    /// `恒川精密 70% · 青禾食品 30%`; a whole line needs no share.
    fn shares(&self, line: &Line) -> String {
        let total = i128::from(line.claimed.minor).max(1);
        let one = line.allocations.len() == 1;
        let parts: Vec<String> = line
            .allocations
            .iter()
            .filter_map(|a| {
                let id = a
                    .deal
                    .map(|d| d.to_string())
                    .or_else(|| a.account.map(|d| d.to_string()))
                    .or_else(|| a.project.map(|d| d.to_string()))
                    .or_else(|| a.cost_center.map(|d| d.to_string()))?;
                let name = self.0.get(&id)?;
                let share = (i128::from(a.amount.minor) * 100 + total / 2) / total;
                Some(if one { name.clone() } else { format!("{name} {share}%") })
            })
            .collect();
        parts.join(" · ")
    }
}

#[derive(sqlx::FromRow)]
struct DealRow {
    name: String,
    account: Option<String>,
    stage: String,
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
            "SELECT d.name, a.name AS account, d.stage, d.amount_minor, d.currency, d.external_id, d.revision, d.read_at \
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
        stage: row.stage,
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
             WHERE dim = 'deal' AND key = $1 AND category = '' GROUP BY currency \
             ORDER BY SUM(paid_minor) + SUM(pending_minor) DESC LIMIT 1",
            args![deal],
        )
        .await?;
    Ok(row.and_then(|(currency, paid, pending)| {
        let currency = Currency::parse(&currency).ok()?;
        Some((Money::new(paid, currency), Money::new(pending, currency)))
    }))
}
