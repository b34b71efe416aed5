//! The lists of the inbox, page by page.

use std::collections::BTreeMap;

use outlay_core::claim::{Claim, Status};
use outlay_core::ids::TaskId;
use outlay_core::org::Org;
use outlay_core::{Currency, Money};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::args;
use crate::auth::Visitor;
use crate::claims::scope;
use crate::clock::{moment, now};
use crate::db::{Sql, Value, dialect};
use crate::error::Error;
use crate::policies::Rules;
use crate::shell::{self, W};

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tab {
    /// 待办: open tasks, longest waiting first.
    #[default]
    Todo,
    /// 已办: tasks decided, latest first.
    Done,
    /// 已发起: own claims handed in, latest first.
    Started,
    /// 抄送: claims of which they got a copy, latest first.
    Copied,
}

impl Tab {
    /// The word in addresses.
    pub fn code(self) -> &'static str {
        match self {
            Tab::Todo => "todo",
            Tab::Done => "done",
            Tab::Started => "started",
            Tab::Copied => "copied",
        }
    }
}

/// Which of the open tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Every one.
    #[default]
    All,
    /// Where the policy warned.
    Findings,
    /// With evidence that no machine read, or none.
    Weak,
}

impl Filter {
    /// The word in addresses.
    pub fn code(self) -> &'static str {
        match self {
            Filter::All => "all",
            Filter::Findings => "findings",
            Filter::Weak => "weak",
        }
    }
}

/// What part of the inbox is wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// `todo`, `done`, `started` or `copied`.
    pub tab: Tab,
    /// `all`, `findings` or `weak`; for `todo` only.
    pub filter: Filter,
    /// The `next` of the page before.
    pub after: Option<String>,
}

/// A page of the inbox.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InboxView {
    /// Which list.
    pub tab: Tab,
    /// Which of it.
    pub filter: Filter,
    /// How many open tasks there are.
    pub counts: Counts,
    /// The tasks, in groups.
    pub groups: Vec<Group>,
    /// Pass it as `after` for the next page.
    pub next: Option<String>,
}

/// How many open tasks there are.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct Counts {
    /// All.
    pub todo: i64,
    /// Those where the policy warned.
    pub findings: i64,
    /// Those with weak evidence.
    pub weak: i64,
}

/// Tasks that belong together.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Group {
    /// `long` – waiting two days or more –, `recent`, or `all` for lists that are not grouped.
    pub kind: &'static str,
    /// How many there are, further pages included; 0 for `all`.
    pub count: i64,
    /// Their sums, one for each currency.
    #[schema(value_type = Vec<Object>)]
    pub totals: Vec<Money>,
    /// Those of this page.
    pub tasks: Vec<TaskView>,
}

/// A task, or a claim handed in, on a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TaskView {
    /// The task's id; none for claims of one's own.
    pub id: Option<String>,
    /// Whose task it is, if the reader acts for them.
    pub on_behalf_of: Option<String>,
    /// `open`, `approved`, `rejected`, `returned`, `transferred`, `delegated`, `advised`, `revoked`, `copied`; none for claims of one's own.
    pub outcome: Option<String>,
    /// When it was opened or decided, or the claim handed in; RFC 3339.
    pub since: String,
    /// The claim's number.
    pub claim: String,
    /// What it is about.
    pub title: String,
    /// The claimant's name.
    pub claimant: String,
    /// Deal, customer, or how many deals.
    pub about: Option<String>,
    /// How many lines.
    pub lines: i64,
    /// What is asked for.
    #[schema(value_type = Object)]
    pub amount: Money,
    /// The worst evidence of its lines.
    pub grade: String,
    /// The claim's status.
    #[schema(value_type = String)]
    pub status: Status,
    /// The worst finding.
    pub finding: Option<FindingView>,
    /// The hash of the content, to be given with an approval.
    pub hash: String,
    /// Open tasks of one kind can be approved together; none for others.
    pub kind: Option<String>,
    /// The step's name and the currency, for people.
    #[serde(skip)]
    pub kind_name: String,
}

/// The worst finding of a claim.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FindingView {
    /// `info`, `warn`, `block`.
    pub severity: String,
    /// The rule's name.
    pub rule: String,
    /// How many findings there are beside it.
    pub more: usize,
    /// The look of the badge.
    #[serde(skip)]
    pub look: (&'static str, &'static str),
}

const PAGE: usize = 40;
/// From this wait on, a task stands in the first group.
const LONG: i64 = 2 * 86_400_000_000;

#[derive(serde::Deserialize)]
struct TaskRow {
    key: String,
    outcome: Option<String>,
    assignee: String,
    at: i64,
    since: i64,
    body: String,
}

/// A page of somebody's inbox.
pub async fn inbox(sql: &mut Sql, app: &App, visitor: &Visitor, wanted: &Wanted) -> Result<InboxView, Error> {
    let org = app.org(sql).await?;
    let rules = app.rules(sql).await?;
    let line = now().as_microsecond() - LONG;
    let (counts, sums) = summary(sql, visitor, line, wanted.filter).await?;
    let mut rows = rows(sql, visitor, wanted).await?;
    let next = (rows.len() > PAGE).then(|| cursor(&rows[PAGE - 1]));
    rows.truncate(PAGE);
    let claims: Vec<Claim> = rows
        .iter()
        .map(|r| serde_json::from_str(&r.body))
        .collect::<Result<_, _>>()?;
    let names = Names::of(sql, &claims).await?;
    let mut groups: Vec<Group> = Vec::new();
    for (row, claim) in rows.into_iter().zip(&claims) {
        let kind = match wanted.tab {
            Tab::Todo if row.since < line => "long",
            Tab::Todo => "recent",
            _ => "all",
        };
        let task = view(row, claim, &org, &rules, &names, wanted.tab, visitor);
        match groups.last_mut().filter(|g| g.kind == kind) {
            Some(group) => group.tasks.push(task),
            None => {
                let (count, totals) = sums.get(kind).cloned().unwrap_or_default();
                groups.push(Group {
                    kind,
                    count,
                    totals,
                    tasks: vec![task],
                });
            }
        }
    }
    Ok(InboxView {
        tab: wanted.tab,
        filter: wanted.filter,
        counts,
        groups,
        next,
    })
}

type Sums = BTreeMap<&'static str, (i64, Vec<Money>)>;

fn narrower(filter: Filter) -> &'static str {
    match filter {
        Filter::All => "",
        Filter::Findings => " AND c.worst_finding IN ('warn', 'block')",
        Filter::Weak => " AND c.grade IN ('C', 'D')",
    }
}

async fn summary(sql: &mut Sql, visitor: &Visitor, line: i64, filter: Filter) -> Result<(Counts, Sums), Error> {
    #[derive(serde::Deserialize)]
    struct Sum {
        currency: String,
        late: i64,
        finding: i64,
        weak: i64,
        count: i64,
        minor: i64,
    }
    let (waiting, values) = scope::waiting(&visitor.person, 2);
    let rows: Vec<Sum> = sql
        .all_built(
            format!(
                "SELECT currency, late, finding, weak, COUNT(*) AS count, CAST(SUM(minor) AS BIGINT) AS minor FROM ( \
             SELECT c.currency AS currency, c.claimed_minor AS minor, \
             CAST(CASE WHEN t.opened_at < $1 THEN 1 ELSE 0 END AS BIGINT) AS late, \
             CAST(CASE WHEN c.worst_finding IN ('warn', 'block') THEN 1 ELSE 0 END AS BIGINT) AS finding, \
             CAST(CASE WHEN c.grade IN ('C', 'D') THEN 1 ELSE 0 END AS BIGINT) AS weak \
             FROM task t JOIN claim c ON c.id = t.claim_id WHERE {waiting}) x \
             GROUP BY currency, late, finding, weak ORDER BY currency"
            ),
            args![line].into_iter().chain(values).collect(),
        )
        .await?;
    let mut counts = Counts::default();
    let mut sums = Sums::new();
    for row in rows {
        counts.todo += row.count;
        counts.findings += row.count * row.finding;
        counts.weak += row.count * row.weak;
        let counted = match filter {
            Filter::All => true,
            Filter::Findings => row.finding == 1,
            Filter::Weak => row.weak == 1,
        };
        if !counted {
            continue;
        }
        let currency = Currency::parse(&row.currency).map_err(|e| Error::Broken(e.to_string()))?;
        let (count, totals) = sums.entry(if row.late == 1 { "long" } else { "recent" }).or_default();
        *count += row.count;
        match totals.iter_mut().find(|m| m.currency == currency) {
            Some(total) => total.minor += row.minor,
            None => totals.push(Money::new(row.minor, currency)),
        }
    }
    Ok((counts, sums))
}

async fn rows(sql: &mut Sql, visitor: &Visitor, wanted: &Wanted) -> Result<Vec<TaskRow>, Error> {
    let me = visitor.person.id();
    let (waiting, values) = scope::waiting(&visitor.person, 4);
    let after = wanted.after.as_deref().map(parse_cursor).transpose()?;
    let text = match wanted.tab {
        Tab::Todo => format!(
            "SELECT t.id AS key, t.outcome, t.assignee_id AS assignee, t.opened_at AS at, t.opened_at AS since, c.body \
             FROM task t JOIN claim c ON c.id = t.claim_id \
             WHERE {waiting} AND (t.opened_at, t.id) > ($1, $2){} \
             ORDER BY t.opened_at, t.id LIMIT $3",
            narrower(wanted.filter)
        ),
        Tab::Copied => "SELECT t.id AS key, t.outcome, t.assignee_id AS assignee, t.closed_at AS at, t.closed_at AS since, c.body \
             FROM task t JOIN claim c ON c.id = t.claim_id WHERE t.assignee_id = $4 AND t.outcome = 'copied' \
             AND (t.closed_at, t.id) < ($1, $2) ORDER BY t.closed_at DESC, t.id DESC LIMIT $3"
            .to_owned(),
        Tab::Done => "SELECT t.id AS key, t.outcome, t.assignee_id AS assignee, t.closed_at AS at, t.closed_at AS since, c.body \
             FROM task t JOIN claim c ON c.id = t.claim_id \
             WHERE t.assignee_id = $4 AND t.outcome IN ('approved', 'rejected', 'returned', 'transferred', 'delegated', \
             'advised', 'revoked') AND (t.closed_at, t.id) < ($1, $2) ORDER BY t.closed_at DESC, t.id DESC LIMIT $3"
            .to_owned(),
        Tab::Started => "SELECT c.id AS key, CAST(NULL AS TEXT) AS outcome, c.claimant_id AS assignee, \
             c.updated_at AS at, c.submitted_at AS since, c.body FROM claim c \
             WHERE c.claimant_id = $4 AND c.submitted_at IS NOT NULL AND (c.updated_at, c.id) < ($1, $2) \
             ORDER BY c.updated_at DESC, c.id DESC LIMIT $3"
            .to_owned(),
    };
    let (at, id) = after.unwrap_or(match wanted.tab {
        Tab::Todo => (i64::MIN, String::new()),
        _ => (i64::MAX, "g".to_owned()),
    });
    let mut all = args![at, id, PAGE + 1];
    match wanted.tab {
        Tab::Todo => all.extend(values),
        _ => all.extend(args![me]),
    }
    Ok(sql.all_built(text, all).await?)
}

fn cursor(row: &TaskRow) -> String {
    format!("{}_{}", row.at, row.key)
}

fn parse_cursor(text: &str) -> Result<(i64, String), Error> {
    text.split_once('_')
        .and_then(|(at, id)| Some((at.parse().ok()?, id.to_owned())))
        .ok_or_else(|| Error::field("after", "unknown"))
}

/// The names of the deals and customers on a page.
pub struct Names(BTreeMap<String, String>);

impl Names {
    /// Reads those of `claims`.
    pub async fn of(sql: &mut Sql, claims: &[Claim]) -> Result<Names, Error> {
        let mut names = BTreeMap::new();
        let deals: Vec<Value> = claims
            .iter()
            .filter(|c| c.content.deals().len() == 1)
            .flat_map(|c| c.content.deals())
            .map(Value::from)
            .collect();
        let accounts: Vec<Value> = claims
            .iter()
            .filter(|c| c.content.deals().is_empty())
            .flat_map(|c| c.content.accounts())
            .map(Value::from)
            .collect();
        for (select, ids) in [
            (
                "SELECT d.id, d.name, a.name FROM deal d LEFT JOIN account a ON a.id = d.account_id WHERE d.id IN",
                deals,
            ),
            ("SELECT id, name, CAST(NULL AS TEXT) FROM account WHERE id IN", accounts),
        ] {
            if ids.is_empty() {
                continue;
            }
            let text = format!("{select} ({})", dialect::list(1, ids.len()));
            let rows: Vec<(String, String, Option<String>)> = sql.all_built(text, ids).await?;
            names.extend(
                rows.into_iter()
                    .map(|(id, name, account)| (id, shell::deal_title(account.as_deref(), &name))),
            );
        }
        Ok(Names(names))
    }

    /// Whom a claim served, in few words.
    pub fn about(&self, claim: &Claim, w: W) -> Option<String> {
        let (deals, accounts) = (claim.content.deals(), claim.content.accounts());
        match (deals.len(), accounts.len()) {
            (1, _) => deals.first().and_then(|d| self.0.get(&d.to_string()).cloned()),
            (0, 1) => accounts.first().and_then(|a| self.0.get(&a.to_string()).cloned()),
            (0, 0) => None,
            (0, n) => Some(w.n("inbox-over-accounts", n)),
            (n, _) => Some(w.n("inbox-over-deals", n)),
        }
    }
}

fn view(row: TaskRow, claim: &Claim, org: &Org, rules: &Rules, names: &Names, tab: Tab, visitor: &Visitor) -> TaskView {
    let w = W(visitor.lang);
    let assignee = row.assignee.parse().ok().filter(|a| *a != visitor.person.id());
    let open = row.outcome.as_deref() == Some("open");
    let task = row.key.parse::<TaskId>().ok().filter(|_| open && tab == Tab::Todo);
    let step = task.and_then(|t| claim.task(t)).map(|(at, _)| &claim.run[at]);
    let on_behalf_of = assignee.and_then(|a| org.employee(a)).map(|e| e.name.clone());
    TaskView {
        on_behalf_of,
        id: (tab != Tab::Started).then_some(row.key),
        outcome: row.outcome,
        since: moment(row.since).to_string(),
        claim: claim.number.clone(),
        title: claim.content.title.clone(),
        claimant: org
            .employee(claim.content.claimant)
            .map(|e| e.name.clone())
            .unwrap_or_default(),
        about: names.about(claim, w),
        lines: i64::try_from(claim.content.lines.len()).unwrap_or(i64::MAX),
        amount: claim.content.claimed(),
        grade: format!("{:?}", claim.content.grade()),
        status: claim.status(),
        finding: worst(claim, rules, w),
        hash: claim.content.hash(),
        kind: task.and_then(|t| super::decide::kind(claim, t)),
        kind_name: step.map_or_else(String::new, |s| {
            format!("{} · {}", s.name.get(w.0), claim.content.currency)
        }),
    }
}

/// The worst finding of a claim, warnings and worse.
fn worst(claim: &Claim, rules: &Rules, w: W) -> Option<FindingView> {
    let judged = claim.judged.as_ref()?;
    let loud = judged
        .findings
        .iter()
        .filter(|f| f.severity > outlay_core::policy::Severity::Info);
    let finding = loud.clone().max_by_key(|f| f.severity)?;
    let label = rules
        .version(&finding.policy)
        .map(|p| p.words(finding, w.0).rule_label)
        .unwrap_or_else(|| finding.rule.clone());
    let rule = label.split(" · ").nth(1).unwrap_or(&label).to_owned();
    Some(FindingView {
        severity: format!("{:?}", finding.severity).to_lowercase(),
        rule,
        more: loud.count() - 1,
        look: shell::severity_look(finding.severity),
    })
}
