//! Reading claims by id, and the facts that decisions and rights need.

use outlay_core::claim::{Claim, Content, Taken};
use outlay_core::ids::{ClaimId, EmployeeId};
use outlay_core::org::Org;

use crate::args;
use crate::auth::ClaimFacts;
use crate::db::{Sql, Value, dialect};
use crate::error::Error;
use crate::people::stored;

/// A claim by its id.
pub async fn load(sql: &mut Sql, id: ClaimId) -> Result<Claim, Error> {
    let row: Option<(String,)> = sql.maybe("SELECT body FROM claim WHERE id = $1", args![id]).await?;
    let (body,) = row.ok_or(Error::NotFound("claim"))?;
    Ok(serde_json::from_str(&body)?)
}

/// A claim by the number people use.
pub async fn by_number(sql: &mut Sql, number: &str) -> Result<Claim, Error> {
    let row: Option<(String,)> = sql
        .maybe("SELECT body FROM claim WHERE number = $1", args![number])
        .await?;
    let (body,) = row.ok_or(Error::NotFound("claim"))?;
    Ok(serde_json::from_str(&body)?)
}

/// What rights look at.
pub fn facts(claim: &Claim) -> ClaimFacts {
    let tasks = claim.run.iter().flat_map(|s| &s.tasks);
    let mut asked: Vec<EmployeeId> = tasks.map(|t| t.assignee).chain(claim.copies.iter().copied()).collect();
    asked.sort();
    asked.dedup();
    ClaimFacts {
        id: claim.id.to_string(),
        claimant: claim.content.claimant,
        stand_in: claim.stand_in,
        entity: claim.content.entity,
        department: claim.content.department,
        status: claim.status().code().to_owned(),
        asked,
        claimed: Some(claim.content.claimed()),
    }
}

/// Invoices of `content` that other live claims hold.
pub async fn taken(sql: &mut Sql, content: &Content, id: ClaimId) -> Result<Vec<Taken>, Error> {
    let invoices: Vec<&str> = content.invoices().into_iter().collect();
    if invoices.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT u.identity, u.claim_id, c.number, u.since FROM invoice_use u JOIN claim c ON c.id = u.claim_id \
         WHERE u.claim_id <> $1 AND u.identity IN ({}) ORDER BY u.identity",
        dialect::list(2, invoices.len())
    );
    let mut values = args![id];
    values.extend(invoices.into_iter().map(Value::from));
    let rows: Vec<(String, String, String, String)> = sql.all_built(text, values).await?;
    rows.into_iter()
        .map(|(invoice, claim, number, since)| {
            Ok(Taken {
                invoice,
                claim: stored(&claim)?,
                number,
                on: stored(&since)?,
            })
        })
        .collect()
}

/// The next number of a month: `BX2611-0187`.
pub async fn next_number(sql: &mut Sql, today: jiff::civil::Date) -> Result<String, Error> {
    let month = format!("{:02}{:02}", today.year().rem_euclid(100), today.month());
    let (last,): (i64,) = sql
        .one(
            "INSERT INTO claim_number (month, last) VALUES ($1, 1) \
             ON CONFLICT (month) DO UPDATE SET last = claim_number.last + 1 RETURNING last",
            args![&month],
        )
        .await?;
    Ok(format!("BX{month}-{last:04}"))
}

/// The day where a claim's entity is.
pub fn today(org: &Org, content: &Content) -> Result<jiff::civil::Date, Error> {
    let entity = org
        .entity(content.entity)
        .ok_or_else(|| Error::field("entity", "unknown"))?;
    Ok(crate::clock::day(crate::clock::now(), &entity.zone))
}
