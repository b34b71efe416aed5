//! Lists of claims: filtered in SQL by the same rights as each claim, page by page without counting.

use outlay_core::claim::Status;
use outlay_core::{Currency, Money};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view::{MoneyView, Named};
use super::{drill, scope};
use crate::app::App;
use crate::auth::Visitor;
use crate::clock::moment;
use crate::db::{Sql, Value, dialect};
use crate::error::Error;
use crate::search;
use crate::shell::{W, short_moment};

/// Rows of a page.
const PAGE: usize = 40;
/// Most finds of a search that a list looks at.
const FINDS: u32 = 500;

/// What a list is asked for.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// `mine` (default), `department` (those you head), or `all` that you may read.
    pub scope: String,
    /// `draft`, `in_review`, …; all if empty.
    pub state: String,
    /// Two characters or more of number or title.
    pub q: String,
    /// Id of the entity that pays.
    pub entity: String,
    /// Only with a warning of the policy: `1`.
    pub over: String,
    /// Id of a customer that an allocation is for; `none` for those without.
    pub account: String,
    /// Id of a deal that an allocation is for; `none` for those without.
    pub deal: String,
    /// Id of the department that it is booked to.
    pub department: String,
    /// A category of a line.
    pub category: String,
    /// The month of a line, `2026-11`.
    pub month: String,
    /// The first month of a line.
    pub from: String,
    /// The last month of a line.
    pub to: String,
    /// Whose money counts: `pending`, `paid` or `all` of these.
    pub cost: String,
    /// Id of whose claims they are.
    pub claimant: String,
    /// Where the page before ended: its `next`.
    pub page: String,
}

/// A claim in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClaimRow {
    /// Its id.
    pub id: String,
    /// The number people use.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// `draft`, `in_review` …
    pub status: String,
    /// Whose money is asked for.
    pub claimant: Named,
    /// The customer's name.
    pub account: Option<String>,
    /// The deal's name.
    pub deal: Option<String>,
    /// The weakest proof: A to D.
    pub grade: String,
    /// The gravest finding when it was last submitted.
    pub worst_finding: Option<String>,
    /// What is asked for.
    pub claimed: MoneyView,
    /// When it last changed, in RFC 3339.
    pub updated_at: String,
    /// When it last changed, for people.
    #[serde(skip)]
    pub when: String,
}

/// A page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClaimList {
    /// The claims, the last changed first.
    pub items: Vec<ClaimRow>,
    /// What `page` must be for what follows; none at the end.
    pub next: Option<String>,
}

#[derive(serde::Deserialize)]
struct Row {
    id: String,
    number: String,
    title: String,
    status: String,
    claimant_id: String,
    claimant: String,
    account: Option<String>,
    deal: Option<String>,
    grade: String,
    worst_finding: Option<String>,
    claimed_minor: i64,
    currency: String,
    updated_at: i64,
}

/// Conditions with their values, numbered as they are added.
struct Where {
    all: Vec<String>,
    values: Vec<Value>,
}

impl Where {
    fn add(&mut self, condition: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        let n = format!("${}", self.values.len());
        self.all.push(condition.replace('?', &n));
    }

    fn add_in(&mut self, column: &str, values: Vec<Value>) {
        let list = dialect::list(self.values.len() + 1, values.len());
        self.all.push(format!("{column} IN ({list})"));
        self.values.extend(values);
    }

    fn add_built(&mut self, (text, values): (String, Vec<Value>)) {
        self.all.push(text);
        self.values.extend(values);
    }
}

/// A page of the claims that `visitor` may read.
pub async fn list(sql: &mut Sql, _app: &App, visitor: &Visitor, query: &ListQuery) -> Result<ClaimList, Error> {
    let w = W(visitor.lang);
    let person = &visitor.person;
    let mut filter = Where {
        all: Vec::new(),
        values: Vec::new(),
    };
    let empty = ClaimList {
        items: Vec::new(),
        next: None,
    };
    let words = query.q.trim();
    if !words.is_empty() {
        let found = search::find(sql, "claim", words, FINDS).await?;
        if found.is_empty() {
            return Ok(empty);
        }
        filter.add_in("c.id", found.into_iter().map(Value::from).collect());
    }
    if !query.state.is_empty() {
        let status = Status::parse(&query.state).ok_or_else(|| Error::field("state", "unknown"))?;
        filter.add("c.status = ?", status.code());
    }
    if let Some(fits) = drill::allocation(query, filter.values.len() + 1)? {
        filter.add_built(fits);
    }
    let narrow = !filter.all.is_empty();
    for (condition, value) in drill::conditions(query)? {
        filter.add(&condition, value);
    }
    match query.scope.as_str() {
        "" | "mine" => filter.add("c.claimant_id = ?", person.id()),
        "department" => {
            if person.headed.is_empty() {
                return Ok(empty);
            }
            filter.add_in(
                "c.department_id",
                person.headed.iter().copied().map(Value::from).collect(),
            );
            filter.add("c.status <> ?", "draft");
        }
        "all" => {
            let first = filter.values.len() + 1;
            filter.add_built(if narrow {
                scope::readable(person, first)
            } else {
                scope::readable_alone(person, first)
            });
        }
        _ => return Err(Error::field("scope", "unknown")),
    }
    if !query.entity.is_empty() {
        filter.add("c.entity_id = ?", &query.entity);
    }
    if query.over == "1" {
        filter.add("c.worst_finding = ?", "warn");
    }
    if let Some((at, id)) = after(&query.page)? {
        // Written out, since SQLite walks an index by the first column alone.
        filter.add("c.updated_at <= ?", at);
        let n = filter.values.len();
        filter.values.push(Value::from(id));
        filter.all.push(format!("(c.updated_at < ${n} OR c.id < ${})", n + 1));
    }
    let text = format!(
        "SELECT c.id, c.number, c.title, c.status, c.claimant_id, e.name AS claimant, a.name AS account, d.name AS deal, \
         c.grade, c.worst_finding, c.claimed_minor, c.currency, c.updated_at \
         FROM claim c JOIN employee e ON e.id = c.claimant_id LEFT JOIN account a ON a.id = c.account_id \
         LEFT JOIN deal d ON d.id = c.deal_id WHERE {} ORDER BY c.updated_at DESC, c.id DESC LIMIT {}",
        filter.all.join(" AND "),
        PAGE + 1
    );
    let mut rows: Vec<Row> = sql.all_built(text, filter.values).await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows
        .last()
        .filter(|_| more)
        .map(|r| format!("{}.{}", r.updated_at, r.id));
    let items = rows
        .into_iter()
        .map(|r| row(w, &visitor.zone, r))
        .collect::<Result<_, Error>>()?;
    Ok(ClaimList { items, next })
}

fn row(w: W, zone: &str, row: Row) -> Result<ClaimRow, Error> {
    let currency = Currency::parse(&row.currency).map_err(|e| Error::Broken(e.to_string()))?;
    let at = moment(row.updated_at);
    Ok(ClaimRow {
        id: row.id,
        number: row.number,
        title: row.title,
        status: row.status,
        claimant: Named {
            id: row.claimant_id,
            name: row.claimant,
        },
        account: row.account,
        deal: row.deal,
        grade: row.grade,
        worst_finding: row.worst_finding,
        claimed: Money::new(row.claimed_minor, currency).into(),
        updated_at: at.to_string(),
        when: short_moment(w, at, zone),
    })
}

/// Reads where a page ended.
fn after(page: &str) -> Result<Option<(i64, &str)>, Error> {
    if page.is_empty() {
        return Ok(None);
    }
    page.split_once('.')
        .and_then(|(at, id)| Some((at.parse().ok()?, id)))
        .map(Some)
        .ok_or_else(|| Error::field("page", "unknown"))
}
