//! Costs as pages and API say them, from the sums of `figures`.

use std::collections::{BTreeMap, HashMap};

use outlay_core::Money;
use outlay_core::words::Lang;

use super::figures::{self, Cell, Group};
use super::scope::Asked;
use super::view::{By, Cost, InsightsView, Row, Series, Wanted, Whose};
use crate::app::App;
use crate::auth::Visitor;
use crate::db::{Sql, Value, dialect};
use crate::error::Error;
use crate::shell::link;

/// Categories of the chart that stand alone.
const SERIES: usize = 5;

/// Costs as asked, within the reader's rights; `most` rows at most, the others put together.
pub async fn insights(
    sql: &mut Sql,
    app: &App,
    visitor: &Visitor,
    wanted: &Wanted,
    most: usize,
) -> Result<InsightsView, Error> {
    let org = app.org(sql).await?;
    let asked = Asked::check(app, &org, visitor, wanted)?;
    let categories = figures::categories(sql, &asked).await?;
    let total = categories.iter().fold((0, 0), |a, c| (a.0 + c.2, a.1 + c.3));
    let (groups, count) = match asked.by {
        By::Category => few(&asked, &categories, |c| &c.0, most),
        By::Month => few(&asked, &categories, |c| &c.1, most),
        by => figures::dearest(sql, &asked, by, most).await?,
    };
    let keys: Vec<&str> = groups.iter().filter_map(|g| g.key.as_deref()).collect();
    let won = match asked.whose {
        Whose::Entity => Some((
            figures::won(sql, &asked).await?,
            figures::won_by(sql, &asked, &keys).await?,
        )),
        _ => None,
    };
    let names = names(sql, app, &asked, visitor.lang, &keys).await?;
    let shown = groups.iter().fold((0, 0), |a, g| (a.0 + g.pending, a.1 + g.paid));
    let other_count = count - groups.len();
    let rows = groups.into_iter().map(|group| {
        let cost = group.pending + group.paid;
        let of = group.key.as_ref().and_then(|k| won.as_ref()?.1.get(k).copied());
        Row {
            name: group
                .key
                .as_ref()
                .map_or(String::new(), |k| names.get(k).unwrap_or(k).clone()),
            cost: Cost::new(group.pending, group.paid, asked.currency),
            share: percent(cost, total.0 + total.1, 1).unwrap_or_default(),
            won: of.map(|minor| Money::new(minor, asked.currency)),
            ratio: of.and_then(|won| percent(cost, won, 2)),
            months: money(&asked, &group.months),
            claims: claims(&asked, Some((asked.by, group.key.as_deref())), None),
            key: group.key,
        }
    });
    let whole_won = won.as_ref().map(|(whole, _)| *whole);
    Ok(InsightsView {
        total: Cost::new(total.0, total.1, asked.currency),
        won: whole_won.map(|minor| Money::new(minor, asked.currency)),
        ratio: whole_won.and_then(|won| percent(total.0 + total.1, won, 2)),
        rows: rows.collect(),
        others: (other_count > 0).then(|| Cost::new(total.0 - shown.0, total.1 - shown.1, asked.currency)),
        other_count,
        trend: trend(app, sql, &asked, visitor.lang, &categories).await?,
        month_claims: asked.months.iter().map(|m| claims(&asked, None, Some(m))).collect(),
        hidden_claims: asked.hidden_claims,
        by: asked.by,
        scope: asked.whose,
        scopes: asked.choices,
        entity: asked.entity,
        entities: asked.entities,
        currency: asked.currency.code().to_owned(),
        months: asked.months,
    })
}

/// Groups of categories or months, which are few: the dearest first, or months in their order; and how many there are.
fn few(asked: &Asked, cells: &[Cell], key: impl Fn(&Cell) -> &String, most: usize) -> (Vec<Group>, usize) {
    let mut all: BTreeMap<&String, Group> = BTreeMap::new();
    for cell in cells {
        let group = all
            .entry(key(cell))
            .or_insert_with(|| Group::new(asked, key(cell).clone()));
        group.add(asked, &cell.1, cell.2, cell.3);
    }
    let mut all: Vec<Group> = all.into_values().filter(|g| (g.pending, g.paid) != (0, 0)).collect();
    if asked.by != By::Month {
        all.sort_by_key(|g| std::cmp::Reverse(g.pending + g.paid));
    }
    let count = all.len();
    all.truncate(most);
    (all, count)
}

fn money(asked: &Asked, months: &[i64]) -> Vec<Money> {
    months.iter().map(|minor| Money::new(*minor, asked.currency)).collect()
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
    let mut groups: BTreeMap<&String, Group> = BTreeMap::new();
    for cell in cells {
        let group = groups
            .entry(&cell.0)
            .or_insert_with(|| Group::new(asked, cell.0.clone()));
        group.add(asked, &cell.1, cell.2, cell.3);
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by_key(|g| std::cmp::Reverse(g.pending + g.paid));
    let rest = groups.split_off(groups.len().min(SERIES));
    let mut series: Vec<Series> = groups
        .into_iter()
        .map(|group| Series {
            name: group
                .key
                .as_ref()
                .map_or(String::new(), |k| names.get(k).unwrap_or(k).clone()),
            months: money(asked, &group.months),
            key: group.key,
        })
        .collect();
    if !rest.is_empty() {
        let months: Vec<i64> = (0..asked.months.len())
            .map(|i| rest.iter().map(|g| g.months[i]).sum())
            .collect();
        series.push(Series {
            key: None,
            name: String::new(),
            months: money(asked, &months),
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
