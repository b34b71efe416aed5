//! Revenue by year, and spend by category and year.

use std::collections::{BTreeMap, BTreeSet};

use outlay_core::claim::Content;
use outlay_core::ids::{ClaimId, EntityId};
use outlay_core::policy::{Policy, YearFacts};
use outlay_core::{Currency, Money};

use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::clock::now;
use crate::db::Sql;
use crate::error::Error;

/// The revenue that finance has set for a year, in the entity's currency.
pub async fn revenue(sql: &mut Sql, entity: EntityId, year: i16, currency: Currency) -> Result<Option<Money>, Error> {
    let row: Option<(i64,)> = sql
        .maybe(
            "SELECT minor FROM entity_revenue WHERE entity_id = $1 AND year = $2",
            args![entity, i64::from(year)],
        )
        .await?;
    Ok(row.map(|(minor,)| Money::new(minor, currency)))
}

/// Sets it.
pub async fn set_revenue(
    sql: &mut Sql,
    permit: &Permit,
    entity: EntityId,
    year: i16,
    revenue: Money,
) -> Result<(), Error> {
    sql.run(
        "INSERT INTO entity_revenue (entity_id, year, minor, set_by, set_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (entity_id, year) DO UPDATE SET minor = excluded.minor, set_by = excluded.set_by, \
         set_at = excluded.set_at",
        args![
            entity,
            i64::from(year),
            revenue.minor,
            permit.actor().employee(),
            now().as_microsecond()
        ],
    )
    .await?;
    let what = format!("entity:{entity}");
    audit::note(
        sql,
        permit.actor(),
        permit.action(),
        &what,
        &format!("revenue {year} set"),
    )
    .await
}

/// What an entity spent in a year on categories, paid or asked for; on all if none is named.
pub async fn spent(
    sql: &mut Sql,
    entity: EntityId,
    year: i16,
    categories: &[String],
    currency: Currency,
) -> Result<Money, Error> {
    let all = [String::new()];
    let mut minor = 0i64;
    for category in if categories.is_empty() { &all[..] } else { categories } {
        let (sum,): (i64,) = sql
            .one(
                "SELECT CAST(COALESCE(SUM(pending_minor + paid_minor), 0) AS BIGINT) FROM spend \
                 WHERE dim = 'entity' AND key = $1 AND employee_id = '' AND entity_id = $1 AND currency = $2 \
                 AND category = $3 AND month >= $4 AND month <= $5",
                args![
                    entity,
                    currency.code(),
                    category,
                    format!("{year:04}-01"),
                    format!("{year:04}-12")
                ],
            )
            .await?;
        minor = minor.saturating_add(sum);
    }
    Ok(Money::new(minor, currency))
}

/// What one claim counts in that, while it is asked for or paid.
async fn own(sql: &mut Sql, claim: ClaimId, year: i16, categories: &[String]) -> Result<i64, Error> {
    let rows: Vec<(String, i64)> = sql
        .all(
            "SELECT a.category, CAST(SUM(a.minor) AS BIGINT) FROM allocation a JOIN claim c ON c.id = a.claim_id \
             WHERE a.claim_id = $1 AND a.incurred_on >= $2 AND a.incurred_on <= $3 \
             AND c.status NOT IN ('draft', 'withdrawn', 'rejected', 'reversed') GROUP BY a.category",
            args![claim, format!("{year:04}-01-01"), format!("{year:04}-12-31")],
        )
        .await?;
    let counted = rows
        .iter()
        .filter(|(c, _)| categories.is_empty() || categories.contains(c));
    Ok(counted.map(|(_, minor)| *minor).fold(0, i64::saturating_add))
}

/// What a policy's meters need to know for a claim: for each year of its lines the revenue, and what other claims spent.
pub async fn years(
    sql: &mut Sql,
    policy: &Policy,
    claim: ClaimId,
    content: &Content,
) -> Result<BTreeMap<i16, YearFacts>, Error> {
    let mut years: BTreeMap<i16, YearFacts> = BTreeMap::new();
    for (rule, categories, ..) in policy.meters() {
        let lines = content.lines.iter();
        let counted = lines.filter(|l| categories.is_empty() || categories.contains(&l.category));
        let of: BTreeSet<i16> = counted.map(|l| l.incurred_on.year()).collect();
        for year in of {
            let all = spent(sql, content.entity, year, categories, policy.currency).await?;
            let own = own(sql, claim, year, categories).await?;
            let revenue = revenue(sql, content.entity, year, policy.currency).await?;
            let facts = years.entry(year).or_default();
            facts.revenue = revenue;
            let others = Money::new(all.minor.saturating_sub(own), policy.currency);
            facts.spent.insert(rule.id.clone(), others);
        }
    }
    Ok(years)
}
