//! The claims behind a figure: those with an allocation for a customer, deal or category, in some months.

use outlay_core::ids::{AccountId, DealId, DepartmentId, EmployeeId};

use super::list::ListQuery;
use crate::app::App;
use crate::args;
use crate::db::{Sql, Value};
use crate::error::Error;
use crate::shell::W;

impl ListQuery {
    /// What narrows the list to a figure, by the names in addresses; empty ones left out.
    pub fn drill(&self) -> Vec<(&'static str, &str)> {
        [
            ("account", self.account.as_str()),
            ("deal", &self.deal),
            ("department", &self.department),
            ("category", &self.category),
            ("from", &self.from),
            ("to", &self.to),
            ("cost", &self.cost),
            ("claimant", &self.claimant),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect()
    }

    /// First and last month; `month` stands for both.
    fn months(&self) -> Result<(&str, &str), Error> {
        let or = |one: &'static str, text| -> Result<&str, Error> {
            let text: &str = if self.month.is_empty() { text } else { &self.month };
            let good = text.is_empty() || text.len() == 7 && format!("{text}-01").parse::<jiff::civil::Date>().is_ok();
            if good {
                Ok(text)
            } else {
                Err(Error::field(one, "not-a-month"))
            }
        };
        Ok((or("from", &self.from)?, or("to", &self.to)?))
    }
}

fn id<T: std::str::FromStr>(field: &'static str, text: &str) -> Result<T, Error> {
    text.parse().map_err(|_| Error::field(field, "unknown"))
}

/// Conditions for claims `c`, each with one value for its `?`.
pub fn conditions(query: &ListQuery) -> Result<Vec<(String, Value)>, Error> {
    let mut all: Vec<(String, Value)> = Vec::new();
    if !query.department.is_empty() {
        let department: DepartmentId = id("department", &query.department)?;
        all.push(("c.department_id = ?".into(), department.into()));
    }
    if !query.claimant.is_empty() {
        let claimant: EmployeeId = id("claimant", &query.claimant)?;
        all.push(("c.claimant_id = ?".into(), claimant.into()));
    }
    match query.cost.as_str() {
        "" => {}
        "paid" => all.push(("c.status IN ('paid', 'archived') AND c.id <> ?".into(), "".into())),
        "pending" => all.push((
            "c.status IN ('submitted', 'in_review', 'returned', 'approved', 'paying') AND c.id <> ?".into(),
            "".into(),
        )),
        "all" => all.push((
            "c.status NOT IN ('draft', 'withdrawn', 'rejected') AND c.id <> ?".into(),
            "".into(),
        )),
        _ => return Err(Error::field("cost", "unknown")),
    }
    Ok(all)
}

/// The condition that one allocation of the claim `c` fits, its values beginning at `$first`; none if nothing is asked
/// of allocations.
pub fn allocation(query: &ListQuery, first: usize) -> Result<Option<(String, Vec<Value>)>, Error> {
    let mut all: Vec<String> = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    let mut add = |condition: &str, value: Value| {
        all.push(condition.replace('?', &format!("${}", first + values.len())));
        values.push(value);
    };
    match query.account.as_str() {
        "" => {}
        "none" => add("x.account_id IS NULL AND x.claim_id <> ?", "".into()),
        account => add("x.account_id = ?", id::<AccountId>("account", account)?.into()),
    }
    match query.deal.as_str() {
        "" => {}
        "none" => add("x.deal_id IS NULL AND x.claim_id <> ?", "".into()),
        deal => add("x.deal_id = ?", id::<DealId>("deal", deal)?.into()),
    }
    if !query.category.is_empty() {
        add("x.category = ?", (&query.category).into());
    }
    let (from, to) = query.months()?;
    if !from.is_empty() {
        add("x.incurred_on >= ?", format!("{from}-01").into());
    }
    if !to.is_empty() {
        add("x.incurred_on <= ?", format!("{to}-31").into());
    }
    if all.is_empty() {
        return Ok(None);
    }
    let all = all.join(" AND ");
    let by_record = query.account.len() > 4 || query.deal.len() > 4;
    let text = if by_record {
        format!("c.id IN (SELECT x.claim_id FROM allocation x WHERE {all})")
    } else {
        format!("EXISTS (SELECT 1 FROM allocation x WHERE x.claim_id = c.id AND {all})")
    };
    Ok(Some((text, values)))
}

/// What the list is narrowed to, in words.
pub async fn words(sql: &mut Sql, app: &App, w: W, query: &ListQuery) -> Result<Vec<String>, Error> {
    let mut all = Vec::new();
    for (table, value) in [("account", &query.account), ("deal", &query.deal)] {
        if value == "none" {
            all.push(w.t(&format!("insights-no-{table}")));
        } else if !value.is_empty() {
            let text = format!("SELECT name FROM {table} WHERE id = $1");
            let rows: Vec<(String,)> = sql.all_built(text, args![value]).await?;
            all.extend(rows.into_iter().map(|(name,)| name));
        }
    }
    let org = app.org(sql).await?;
    if let Some(department) = query.department.parse().ok().and_then(|id| org.department(id)) {
        all.push(department.name.clone());
    }
    if let Some(claimant) = query.claimant.parse().ok().and_then(|id| org.employee(id)) {
        all.push(claimant.name.clone());
    }
    if !query.category.is_empty() {
        let rules = app.rules(sql).await?;
        all.push(rules.category_name(&query.category, w.0));
    }
    let (from, to) = query.months()?;
    match (from, to) {
        ("", "") => {}
        (from, to) if from == to => all.push(from.to_owned()),
        (from, to) => all.push(format!("{from} – {to}")),
    }
    if matches!(query.cost.as_str(), "paid" | "pending") {
        all.push(w.t(&format!("insights-{}", query.cost)));
    }
    Ok(all)
}
