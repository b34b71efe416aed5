//! Reading `spend`: an answer costs its rows, not the claims behind it. One's own costs are few and read from their
//! allocations.

use std::collections::{BTreeMap, HashMap};

use outlay_core::Money;
use outlay_core::words::Lang;

use super::scope::Asked;
use super::view::{By, Cost, InsightsView, Row, Series, Wanted, Whose};
use crate::app::App;
use crate::args;
use crate::auth::Visitor;
use crate::db::{Sql, Value, dialect};
use crate::error::Error;
use crate::shell::link;

/// Rows of a table; the rest is added up.
const SHOWN: usize = 200;
/// Categories of the chart that stand alone.
const SERIES: usize = 5;

/// A sum of one key in one month.
#[derive(Debug, Clone, serde::Deserialize)]
struct Cell {
    key: Option<String>,
    month: String,
    pending: i64,
    paid: i64,
}

/// Costs as asked, within the reader's rights.
pub async fn insights(sql: &mut Sql, app: &App, visitor: &Visitor, wanted: &Wanted) -> Result<InsightsView, Error> {
    let org = app.org(sql).await?;
    let asked = Asked::check(app, &org, visitor, wanted)?;
    let categories = cells(sql, &asked, By::Category).await?;
    let mut main = match asked.by {
        By::Category => categories.clone(),
        By::Month => categories
            .iter()
            .map(|c| Cell {
                key: Some(c.month.clone()),
                ..c.clone()
            })
            .collect(),
        by => cells(sql, &asked, by).await?,
    };
    let total = sum(&categories);
    add_rest(&mut main, &categories);
    let won = won(sql, &asked).await?;
    let mut groups: BTreeMap<Option<String>, Vec<Cell>> = BTreeMap::new();
    for cell in main {
        groups.entry(cell.key.clone()).or_default().push(cell);
    }
    let mut groups: Vec<(Option<String>, Vec<Cell>)> = groups.into_iter().filter(|(_, c)| sum(c) != (0, 0)).collect();
    if asked.by != By::Month {
        groups.sort_by_key(|(key, cells)| (key.is_none(), std::cmp::Reverse(all(sum(cells))), key.clone()));
    }
    let rest = groups.split_off(groups.len().min(SHOWN));
    let keys: Vec<&str> = groups.iter().filter_map(|(key, _)| key.as_deref()).collect();
    let names = names(sql, app, &asked, visitor.lang, &keys).await?;
    let rows = groups
        .iter()
        .map(|(key, cells)| {
            let (pending, paid) = sum(cells);
            let of = key.as_deref().and_then(|k| won.as_ref()?.get(k).copied());
            Row {
                name: key
                    .as_ref()
                    .map_or(String::new(), |k| names.get(k).unwrap_or(k).clone()),
                cost: Cost::new(pending, paid, asked.currency),
                share: percent(pending + paid, all(total), 1).unwrap_or_default(),
                won: of.map(|minor| Money::new(minor, asked.currency)),
                ratio: of.and_then(|won| percent(pending + paid, won, 2)),
                months: by_month(&asked, cells),
                claims: claims(&asked, Some((asked.by, key.as_deref())), None),
                key: key.clone(),
            }
        })
        .collect();
    let others: Vec<Cell> = rest.iter().flat_map(|(_, cells)| cells.clone()).collect();
    let whole_won = won.map(|all| all.values().sum::<i64>());
    Ok(InsightsView {
        total: Cost::new(total.0, total.1, asked.currency),
        won: whole_won.map(|minor| Money::new(minor, asked.currency)),
        ratio: whole_won.and_then(|won| percent(all(total), won, 2)),
        rows,
        others: (!rest.is_empty()).then(|| Cost::new(sum(&others).0, sum(&others).1, asked.currency)),
        other_count: rest.len(),
        trend: trend(app, sql, &asked, visitor.lang, &categories).await?,
        month_claims: asked.months.iter().map(|m| claims(&asked, None, Some(m))).collect(),
        by: asked.by,
        scope: asked.whose,
        scopes: asked.choices,
        entity: asked.entity,
        entities: asked.entities,
        currency: asked.currency.code().to_owned(),
        months: asked.months,
    })
}

fn sum(cells: &[Cell]) -> (i64, i64) {
    cells.iter().fold((0, 0), |a, c| (a.0 + c.pending, a.1 + c.paid))
}

fn all((pending, paid): (i64, i64)) -> i64 {
    pending + paid
}

/// `part` of `whole` in percent with so many decimals, rounded half up; none without a whole.
fn percent(part: i64, whole: i64, decimals: u32) -> Option<String> {
    if whole <= 0 {
        return None;
    }
    let scale = 10i128.pow(decimals);
    let tens = (i128::from(part) * 100 * scale * 2 + i128::from(whole)).div_euclid(i128::from(whole) * 2);
    let (sign, tens) = (if tens < 0 { "-" } else { "" }, tens.abs());
    Some(format!(
        "{sign}{}.{:0width$}",
        tens / scale,
        tens % scale,
        width = decimals as usize
    ))
}

fn by_month(asked: &Asked, cells: &[Cell]) -> Vec<Money> {
    asked
        .months
        .iter()
        .map(|month| {
            let of = cells.iter().filter(|c| c.month == *month);
            Money::new(of.map(|c| c.pending + c.paid).sum(), asked.currency)
        })
        .collect()
}

/// What serves no customer (or deal): the whole less what serves one, month by month.
fn add_rest(main: &mut Vec<Cell>, whole: &[Cell]) {
    let mut rest: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for cell in whole {
        let entry = rest.entry(&cell.month).or_default();
        *entry = (entry.0 + cell.pending, entry.1 + cell.paid);
    }
    let taken: Vec<(String, i64, i64)> = main.iter().map(|c| (c.month.clone(), c.pending, c.paid)).collect();
    for (month, pending, paid) in &taken {
        if let Some(entry) = rest.get_mut(month.as_str()) {
            *entry = (entry.0 - pending, entry.1 - paid);
        }
    }
    for (month, (pending, paid)) in rest {
        if (pending, paid) != (0, 0) {
            main.push(Cell {
                key: None,
                month: month.to_owned(),
                pending,
                paid,
            });
        }
    }
}

async fn cells(sql: &mut Sql, asked: &Asked, by: By) -> Result<Vec<Cell>, Error> {
    if asked.whose == Whose::Own {
        return own(sql, asked, by).await;
    }
    let group = if by == By::Category { "category" } else { "key" };
    let mut values = args![asked.entity, asked.currency.code(), asked.from(), asked.to()];
    let (dim, within) = match (asked.whose, by) {
        (Whose::Departments, _) => {
            values.extend(asked.departments.iter().copied().map(Value::from));
            let list = dialect::list(5, asked.departments.len());
            ("department", format!("AND key IN ({list})"))
        }
        (_, By::Account) => ("account", String::new()),
        (_, By::Deal) => ("deal", String::new()),
        (_, By::Department) => ("department", String::new()),
        _ => ("entity", String::new()),
    };
    let category = if by == By::Category { "<> ''" } else { "= ''" };
    let text = format!(
        "SELECT {group} AS key, month, CAST(SUM(pending_minor) AS BIGINT) AS pending, CAST(SUM(paid_minor) AS BIGINT) AS paid \
         FROM spend WHERE entity_id = $1 AND dim = '{dim}' AND category {category} AND currency = $2 \
         AND month BETWEEN $3 AND $4 {within} GROUP BY {group}, month"
    );
    Ok(sql.all_built(text, values).await?)
}

async fn own(sql: &mut Sql, asked: &Asked, by: By) -> Result<Vec<Cell>, Error> {
    let group = match by {
        By::Account => "a.account_id",
        By::Deal => "a.deal_id",
        By::Department => "c.department_id",
        By::Category | By::Month => "a.category",
    };
    let text = format!(
        "SELECT {group} AS key, SUBSTR(a.incurred_on, 1, 7) AS month, \
         CAST(SUM(CASE WHEN c.status IN ('paid', 'archived') THEN 0 ELSE a.minor END) AS BIGINT) AS pending, \
         CAST(SUM(CASE WHEN c.status IN ('paid', 'archived') THEN a.minor ELSE 0 END) AS BIGINT) AS paid \
         FROM claim c JOIN allocation a ON a.claim_id = c.id WHERE c.claimant_id = $1 AND c.entity_id = $2 AND c.currency = $3 \
         AND a.incurred_on >= $4 AND a.incurred_on <= $5 AND {group} IS NOT NULL \
         AND c.status IN ('submitted', 'in_review', 'returned', 'approved', 'paying', 'paid', 'archived') \
         GROUP BY {group}, SUBSTR(a.incurred_on, 1, 7)"
    );
    let (from, to) = (format!("{}-01", asked.from()), format!("{}-31", asked.to()));
    let values = args![asked.me, asked.entity, asked.currency.code(), from, to];
    Ok(sql.all_built(text, values).await?)
}

/// Won amounts of the period by customer or deal (by customer for all other questions), in the entity's currency.
async fn won(sql: &mut Sql, asked: &Asked) -> Result<Option<HashMap<String, i64>>, Error> {
    if asked.whose != Whose::Entity {
        return Ok(None);
    }
    let key = if asked.by == By::Deal { "id" } else { "account_id" };
    let text = format!(
        "SELECT COALESCE({key}, '') AS k, CAST(SUM(amount_minor) AS BIGINT) FROM deal WHERE stage_kind = 'won' AND deleted = $1 \
         AND currency = $2 AND amount_minor IS NOT NULL AND won_at >= $3 AND won_at < $4 GROUP BY COALESCE({key}, '')"
    );
    let at = |month: &str, add: i64| -> i64 {
        let first: Option<jiff::civil::Date> = format!("{month}-01").parse().ok();
        let day = first.map(|d| d.saturating_add(jiff::Span::new().months(add)));
        day.and_then(|d| jiff::tz::TimeZone::UTC.to_timestamp(d.at(0, 0, 0, 0)).ok())
            .map_or(0, |t| t.as_microsecond())
    };
    let values = args![false, asked.currency.code(), at(asked.from(), 0), at(asked.to(), 1)];
    let rows: Vec<(String, i64)> = sql.all_built(text, values).await?;
    Ok(Some(rows.into_iter().collect()))
}

/// The names of keys in the reader's language.
async fn names(
    sql: &mut Sql,
    app: &App,
    asked: &Asked,
    lang: Lang,
    keys: &[&str],
) -> Result<HashMap<String, String>, Error> {
    match asked.by {
        By::Account | By::Deal if !keys.is_empty() => {
            let text = format!(
                "SELECT id, name FROM {} WHERE id IN ({})",
                asked.by.code(),
                dialect::list(1, keys.len())
            );
            let rows: Vec<(String, String)> = sql
                .all_built(text, keys.iter().map(|k| Value::from(*k)).collect())
                .await?;
            Ok(rows.into_iter().collect())
        }
        By::Department => {
            let org = app.org(sql).await?;
            Ok(org.departments().map(|d| (d.id.to_string(), d.name.clone())).collect())
        }
        By::Category => category_names(sql, app, asked, lang).await,
        _ => Ok(HashMap::new()),
    }
}

async fn category_names(sql: &mut Sql, app: &App, asked: &Asked, lang: Lang) -> Result<HashMap<String, String>, Error> {
    let rules = app.rules(sql).await?;
    let policy = rules.policy(asked.entity, asked.today);
    let all = policy.into_iter().flat_map(|p| &p.categories);
    Ok(all.map(|c| (c.code.clone(), c.name.get(lang).to_owned())).collect())
}

async fn trend(app: &App, sql: &mut Sql, asked: &Asked, lang: Lang, cells: &[Cell]) -> Result<Vec<Series>, Error> {
    let names = category_names(sql, app, asked, lang).await?;
    let mut groups: BTreeMap<String, Vec<Cell>> = BTreeMap::new();
    for cell in cells {
        groups
            .entry(cell.key.clone().unwrap_or_default())
            .or_default()
            .push(cell.clone());
    }
    let mut groups: Vec<(String, Vec<Cell>)> = groups.into_iter().collect();
    groups.sort_by_key(|(key, cells)| (std::cmp::Reverse(all(sum(cells))), key.clone()));
    let rest: Vec<Cell> = groups
        .split_off(groups.len().min(SERIES))
        .into_iter()
        .flat_map(|(_, c)| c)
        .collect();
    let mut series: Vec<Series> = groups
        .into_iter()
        .map(|(key, cells)| Series {
            name: names.get(&key).cloned().unwrap_or_else(|| key.clone()),
            months: by_month(asked, &cells),
            key: Some(key),
        })
        .collect();
    if !rest.is_empty() {
        series.push(Series {
            key: None,
            name: String::new(),
            months: by_month(asked, &rest),
        });
    }
    Ok(series)
}

/// The list of the claims behind a figure; months as asked, or the one named.
fn claims(asked: &Asked, of: Option<(By, Option<&str>)>, month: Option<&str>) -> String {
    let entity = asked.entity.to_string();
    let mut query = vec![
        ("scope", asked.whose.list()),
        ("entity", entity.as_str()),
        ("cost", "all"),
    ];
    let (mut from, mut to) = (month.unwrap_or(asked.from()), month.unwrap_or(asked.to()));
    match of {
        Some((By::Month, Some(key))) => (from, to) = (key, key),
        Some((by, Some(key))) => query.push((by.code(), key)),
        Some((by @ (By::Account | By::Deal), None)) => query.push((by.code(), "none")),
        _ => {}
    }
    query.extend([("from", from), ("to", to)]);
    link("/claims", &query)
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn percents_are_exact_and_rounded_half_up() {
        assert_eq!(percent(1, 3, 1).as_deref(), Some("33.3"));
        assert_eq!(percent(2, 3, 2).as_deref(), Some("66.67"));
        assert_eq!(percent(1, 16, 1).as_deref(), Some("6.3"));
        assert_eq!(percent(5, 5, 1).as_deref(), Some("100.0"));
        assert_eq!(percent(i64::MAX, i64::MAX, 2).as_deref(), Some("100.00"));
        assert_eq!(percent(1, 0, 1), None);
    }
}
