//! Drafts that the CRM's own events begin: a won deal, a logged visit. Each begins at most one, for ever.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use outlay_core::ids::{ActivityId, ClaimId, DealId, EmployeeId};

use crate::app::App;
use crate::args;
use crate::auth::Permit;
use crate::claims::{self, Start};
use crate::clock::{day, now};
use crate::db::Sql;
use crate::error::Error;

/// Days back for which a deal or visit seen for the first time still begins a draft; older ones are history.
const RECENT_DAYS: i64 = 7;

/// The first day that counts as recent.
pub fn recent() -> Date {
    let today = day(now(), "UTC");
    today.checked_sub(RECENT_DAYS.days()).unwrap_or(today)
}

/// The beginning of a day in UTC.
pub fn midnight(day: Date) -> Timestamp {
    let start = day.to_datetime(Time::midnight());
    TimeZone::UTC.to_timestamp(start).unwrap_or(Timestamp::MAX)
}

/// Begins the draft of a won deal; the claim, unless there is one already or its owner cannot have one.
pub async fn for_won_deal(sql: &mut Sql, app: &App, deal: &str, owner: EmployeeId) -> Result<Option<ClaimId>, Error> {
    let start = Start::Deal(deal.parse::<DealId>().map_err(|_| Error::NotFound("deal"))?);
    begin(sql, app, format!("won:{deal}"), owner, start).await
}

/// Begins the draft of a visit; as [`for_won_deal`].
pub async fn for_visit(sql: &mut Sql, app: &App, visit: &str, owner: EmployeeId) -> Result<Option<ClaimId>, Error> {
    let start = Start::Activity(visit.parse::<ActivityId>().map_err(|_| Error::NotFound("activity"))?);
    begin(sql, app, format!("visit:{visit}"), owner, start).await
}

async fn begin(
    sql: &mut Sql,
    app: &App,
    origin: String,
    owner: EmployeeId,
    start: Start,
) -> Result<Option<ClaimId>, Error> {
    let made: Option<(String,)> = sql
        .maybe("SELECT id FROM claim WHERE origin = $1", args![&origin])
        .await?;
    if made.is_some() || !can_claim(sql, app, owner).await? {
        return Ok(None);
    }
    let mut new = claims::fill(sql, app, owner, start).await?;
    if new.content.title.trim().is_empty() {
        return Ok(None);
    }
    new.origin = Some(origin);
    match claims::draft_in(sql, app, &Permit::system("crm", "draftClaim"), &new).await {
        Ok(claim) => Ok(Some(claim.id)),
        // The record is taken all the same.
        Err(error @ (Error::Refused(_) | Error::Invalid(_))) => {
            tracing::warn!(%error, origin = new.origin, "no draft");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Whether somebody works here, in an entity that takes claims.
async fn can_claim(sql: &mut Sql, app: &App, who: EmployeeId) -> Result<bool, Error> {
    let (org, rules) = (app.org(sql).await?, app.rules(sql).await?);
    let today = day(now(), "UTC");
    Ok(org.is_active(who)
        && org
            .primary(who, today)
            .is_some_and(|place| rules.flow(place.entity, today).is_some()))
}

/// Begins what an employee missed while the CRM user was not known to be theirs.
pub async fn missed(sql: &mut Sql, app: &App, owner: EmployeeId) -> Result<(), Error> {
    let since = recent();
    let micros = midnight(since).as_microsecond();
    let deals: Vec<(String,)> = sql
        .all(
            "SELECT id FROM deal WHERE owner_id = $1 AND stage_kind = 'won' AND won_at >= $2 AND deleted = $3 ORDER BY won_at",
            args![owner, micros, false],
        )
        .await?;
    for (deal,) in deals {
        for_won_deal(sql, app, &deal, owner).await?;
    }
    let visits: Vec<(String,)> = sql
        .all(
            "SELECT id FROM activity WHERE owner_id = $1 AND kind = 'visit' AND happened_on >= $2 AND happened_on <= $3 \
             AND deleted = $4 ORDER BY happened_on",
            args![owner, since, day(now(), "UTC"), false],
        )
        .await?;
    for (visit,) in visits {
        for_visit(sql, app, &visit, owner).await?;
    }
    Ok(())
}
