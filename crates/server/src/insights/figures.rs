//! Reading `spend`: an answer costs its rows, not the claims behind it.

use std::collections::HashMap;

use super::scope::Asked;
use super::view::{By, Whose};
use crate::args;
use crate::db::{Sql, Value, dialect};
use crate::error::Error;

/// The category and the month of a sum, then what was pending and paid, in minor units.
pub type Cell = (String, String, i64, i64);

/// What one key costs, in minor units of the entity's currency.
#[derive(Debug, Clone)]
pub struct Group {
    /// None for costs that serve none.
    pub key: Option<String>,
    /// Submitted, not yet paid.
    pub pending: i64,
    /// Paid.
    pub paid: i64,
    /// Both, in each of the months asked for.
    pub months: Vec<i64>,
}

impl Group {
    /// Nothing yet; an empty `key` is costs that serve none.
    pub fn new(asked: &Asked, key: String) -> Group {
        Group {
            key: Some(key).filter(|k| !k.is_empty()),
            pending: 0,
            paid: 0,
            months: vec![0; asked.months.len()],
        }
    }

    /// Adds what was pending and paid in a month.
    pub fn add(&mut self, asked: &Asked, month: &str, pending: i64, paid: i64) {
        self.pending += pending;
        self.paid += paid;
        self.add_month(asked, month, pending + paid);
    }

    fn add_month(&mut self, asked: &Asked, month: &str, minor: i64) {
        if let Some(at) = asked.months.iter().position(|m| m == month) {
            self.months[at] += minor;
        }
    }
}

/// The condition for the rows of `spend` asked for, of one dimension, in whatever month; with its values.
fn rows(asked: &Asked, dim: &str, category: &str) -> (String, Vec<Value>) {
    let employee = match asked.whose {
        Whose::Own => asked.me.to_string(),
        Whose::Entity | Whose::Departments => String::new(),
    };
    let mut values = args![employee, asked.entity, asked.currency.code()];
    let mut text = format!(
        "s.employee_id = $1 AND s.entity_id = $2 AND s.dim = '{dim}' AND s.category {category} AND s.currency = $3"
    );
    if asked.whose == Whose::Departments {
        let list = dialect::list(values.len() + 1, asked.departments.len());
        text.push_str(&format!(" AND s.key IN ({list})"));
        values.extend(asked.departments.iter().copied().map(Value::from));
    }
    (text, values)
}

/// As [`rows`], of all months asked for.
fn rows_of_period(asked: &Asked, dim: &str, category: &str) -> (String, Vec<Value>) {
    let (mut text, mut values) = rows(asked, dim, category);
    let first = values.len() + 1;
    text.push_str(&format!(" AND s.month BETWEEN ${first} AND ${}", first + 1));
    values.extend(args![asked.from(), asked.to()]);
    (text, values)
}

/// Each category in each month.
pub async fn categories(sql: &mut Sql, asked: &Asked) -> Result<Vec<Cell>, Error> {
    let dim = match asked.whose {
        Whose::Departments => "department",
        Whose::Entity | Whose::Own => "entity",
    };
    let (within, values) = rows_of_period(asked, dim, "<> ''");
    let text = format!(
        "SELECT s.category, s.month, CAST(SUM(s.pending_minor) AS BIGINT), CAST(SUM(s.paid_minor) AS BIGINT) \
         FROM spend s WHERE {within} GROUP BY s.category, s.month"
    );
    Ok(sql.all_built(text, values).await?)
}

/// The `most` dearest customers, deals or departments, with costs that serve none last; and how many there are.
pub async fn dearest(sql: &mut Sql, asked: &Asked, by: By, most: usize) -> Result<(Vec<Group>, usize), Error> {
    let (within, values) = rows_of_period(asked, by.code(), "= ''");
    let text = format!(
        "SELECT s.key, CAST(SUM(s.pending_minor) AS BIGINT), CAST(SUM(s.paid_minor) AS BIGINT), COUNT(*) OVER () \
         FROM spend s WHERE {within} GROUP BY s.key HAVING SUM(s.pending_minor) <> 0 OR SUM(s.paid_minor) <> 0 \
         ORDER BY CASE WHEN s.key = '' THEN 1 ELSE 0 END, SUM(s.pending_minor) + SUM(s.paid_minor) DESC, s.key LIMIT {most}"
    );
    let found: Vec<(String, i64, i64, i64)> = sql.all_built(text, values).await?;
    let count = found.first().map_or(0, |(_, _, _, count)| *count);
    let mut at: HashMap<String, usize> = HashMap::new();
    let mut groups = Vec::with_capacity(found.len());
    for (key, pending, paid, _) in found {
        at.insert(key.clone(), groups.len());
        groups.push(Group {
            pending,
            paid,
            ..Group::new(asked, key)
        });
    }
    for (key, month, minor) in months(sql, asked, by, at.keys()).await? {
        if let Some(group) = at.get(&key).and_then(|at| groups.get_mut(*at)) {
            group.add_month(asked, &month, minor);
        }
    }
    Ok((groups, usize::try_from(count).unwrap_or_default()))
}

/// What each of these keys cost in each month.
async fn months(
    sql: &mut Sql,
    asked: &Asked,
    by: By,
    keys: impl ExactSizeIterator<Item = &String>,
) -> Result<Vec<(String, String, i64)>, Error> {
    if keys.len() == 0 {
        return Ok(Vec::new());
    }
    let (within, mut values) = rows(asked, by.code(), "= ''");
    // Each month is named, so that SQLite looks up each key in each month instead of walking all keys of the period.
    let key_list = dialect::list(values.len() + 1, keys.len());
    values.extend(keys.map(Value::from));
    let month_list = dialect::list(values.len() + 1, asked.months.len());
    values.extend(asked.months.iter().map(Value::from));
    let text = format!(
        "SELECT s.key, s.month, s.pending_minor + s.paid_minor FROM spend s \
         WHERE {within} AND s.key IN ({key_list}) AND s.month IN ({month_list})"
    );
    Ok(sql.all_built(text, values).await?)
}

/// The condition for deals won in the period, in the entity's currency, with its values.
fn won_in(asked: &Asked) -> (&'static str, Vec<Value>) {
    let at = |month: &str, add: i64| -> i64 {
        let first: Option<jiff::civil::Date> = format!("{month}-01").parse().ok();
        let day = first.map(|d| d.saturating_add(jiff::Span::new().months(add)));
        day.and_then(|d| jiff::tz::TimeZone::UTC.to_timestamp(d.at(0, 0, 0, 0)).ok())
            .map_or(0, |t| t.as_microsecond())
    };
    (
        "stage_kind = 'won' AND won_at >= $1 AND won_at < $2 AND deleted = $3 AND currency = $4 AND amount_minor IS NOT NULL",
        args![at(asked.from(), 0), at(asked.to(), 1), false, asked.currency.code()],
    )
}

/// Won amounts of the period, in minor units of the entity's currency.
pub async fn won(sql: &mut Sql, asked: &Asked) -> Result<i64, Error> {
    let (within, values) = won_in(asked);
    let text = format!("SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM deal WHERE {within}");
    let rows: Vec<(i64,)> = sql.all_built(text, values).await?;
    Ok(rows.first().map_or(0, |(minor,)| *minor))
}

/// Those of each of these customers or deals; none for anything else.
pub async fn won_by(sql: &mut Sql, asked: &Asked, keys: &[&str]) -> Result<HashMap<String, i64>, Error> {
    let key = match asked.by {
        By::Account => "account_id",
        By::Deal => "id",
        By::Department | By::Category | By::Month => return Ok(HashMap::new()),
    };
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let (within, mut values) = won_in(asked);
    let text = format!(
        "SELECT {key}, CAST(SUM(amount_minor) AS BIGINT) FROM deal WHERE {within} AND {key} IN ({}) GROUP BY {key}",
        dialect::list(values.len() + 1, keys.len())
    );
    values.extend(keys.iter().map(|k| Value::from(*k)));
    let rows: Vec<(String, i64)> = sql.all_built(text, values).await?;
    Ok(rows.into_iter().collect())
}
