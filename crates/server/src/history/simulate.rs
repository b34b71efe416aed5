//! Replaying the recorded decisions of a period under other rules. They are read page by page while the page before is
//! decided on two threads; only sums are kept.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use outlay_core::Money;
use outlay_core::flow::Flow;
use outlay_core::history::{Brief, Case, Durations, Fate, Input, Report, Simulation};
use outlay_core::ids::EntityId;
use outlay_core::org::Org;
use outlay_core::policy::Policy;
use serde::Deserialize;

use super::record::{self, reference};
use crate::app::App;
use crate::args;
use crate::claims::EVENTS;
use crate::db::Sql;
use crate::error::Error;
use crate::people::stored;
use crate::policies::Rules;
use crate::vault::Key;

/// Decisions read at once.
const PAGE: usize = 2_000;

/// Rules to try; what is absent is each claim's own version.
#[derive(Debug, Clone, Default)]
pub struct Tried {
    /// A policy.
    pub policy: Option<Policy>,
    /// A flow.
    pub flow: Option<Flow>,
}

/// Which decisions.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Of which entity.
    pub entity: EntityId,
    /// From this day on, where the entity is.
    pub from: Date,
    /// To this day, included.
    pub to: Date,
}

#[derive(Debug, Clone, Deserialize)]
struct Row {
    claim_id: String,
    number: String,
    n: i64,
    at: i64,
    subject_id: String,
    policy: String,
    flow: String,
    org: String,
    sealed: String,
    claimed_minor: i64,
    status: String,
}

/// What both threads read.
struct Shared {
    entity: EntityId,
    tried: Tried,
    rules: Arc<Rules>,
    durations: Durations,
}

/// What a page needs: keys by subject (none for the erased), organisations by hash.
#[derive(Clone, Default)]
struct Known {
    keys: HashMap<String, Option<Key>>,
    orgs: HashMap<String, Arc<Org>>,
}

/// Replays the first submissions of a period; `progress` hears how many claims are done. The same database and arguments
/// give the same report.
pub async fn simulate(
    app: &Arc<App>,
    wanted: Wanted,
    tried: Tried,
    mut progress: impl FnMut(u64),
) -> Result<Report, Error> {
    let mut sql = app.db.read();
    let org = app.org(&mut sql).await?;
    let entity = org
        .entity(wanted.entity)
        .ok_or_else(|| Error::field("entity", "unknown"))?;
    if wanted.from > wanted.to {
        return Err(Error::field("to", "before-from"));
    }
    let zone = TimeZone::get(&entity.zone).unwrap_or(TimeZone::UTC);
    let start = |day: Date| -> Result<i64, Error> {
        let at = zone
            .to_timestamp(day.at(0, 0, 0, 0))
            .map_err(|_| Error::field("from", "not-a-date"))?;
        Ok(at.as_microsecond())
    };
    let after = wanted.to.tomorrow().map_err(|_| Error::field("to", "not-a-date"))?;
    let span = (start(wanted.from)?, start(after)?);
    let shared = Arc::new(Shared {
        entity: wanted.entity,
        rules: app.rules(&mut sql).await?,
        durations: durations(&mut sql, wanted.entity, span).await?,
        tried,
    });
    let mut all = Simulation::default();
    let mut known = Known::default();
    let mut last = (i64::MIN, String::new());
    let mut rows = page(&mut sql, wanted.entity, span, &last).await?;
    while let Some(end) = rows.last() {
        last = (end.at, end.claim_id.clone());
        learn(app, &mut sql, &rows, &mut known).await?;
        let second = rows.split_off(rows.len() / 2);
        let both = Arc::new(known.clone());
        let work = |rows: Vec<Row>| {
            let (shared, known) = (shared.clone(), both.clone());
            tokio::task::spawn_blocking(move || decide(&shared, &known, rows))
        };
        let (one, two) = (work(rows), work(second));
        rows = page(&mut sql, wanted.entity, span, &last).await?;
        for half in [one, two] {
            all.merge(half.await.map_err(|e| Error::Broken(e.to_string()))??);
        }
        progress(all.claims());
    }
    let named = (
        shared.tried.policy.as_ref().map(|p| p.reference()),
        shared.tried.flow.as_ref().map(Flow::reference),
    );
    Ok(all.report((wanted.from, wanted.to), named, &shared.durations))
}

async fn page(
    sql: &mut Sql,
    entity: EntityId,
    (from, until): (i64, i64),
    (at, claim): &(i64, String),
) -> Result<Vec<Row>, Error> {
    let rows = sql
        .all(
            "SELECT d.claim_id, c.number, d.n, d.at, d.subject_id, d.policy, d.flow, d.org, d.sealed, c.claimed_minor, c.status \
             FROM decision d JOIN claim c ON c.id = d.claim_id WHERE d.entity_id = $1 AND d.is_first = $2 AND d.at >= $3 AND d.at < $4 \
             AND (d.at > $5 OR (d.at = $5 AND d.claim_id > $6)) ORDER BY d.at, d.claim_id LIMIT $7",
            args![entity, true, from.max(*at), until, *at, claim, PAGE],
        )
        .await?;
    Ok(rows)
}

/// Opens keys and snapshots that a page needs. Snapshots of pages before are let go when there are many.
async fn learn(app: &App, sql: &mut Sql, rows: &[Row], known: &mut Known) -> Result<(), Error> {
    const MOST_ORGS: usize = 16;
    if known.orgs.len() > MOST_ORGS {
        known.orgs.clear();
    }
    for row in rows {
        if !known.keys.contains_key(&row.subject_id) {
            let key = app.vault.known(sql, &row.subject_id, EVENTS).await?;
            known.keys.insert(row.subject_id.clone(), key);
        }
        if !known.orgs.contains_key(&row.org) {
            let org = record::snapshot(sql, &row.org).await?;
            known.orgs.insert(row.org.clone(), Arc::new(org));
        }
    }
    Ok(())
}

fn decide(shared: &Shared, known: &Known, rows: Vec<Row>) -> Result<Simulation, Error> {
    let mut sums = Simulation::default();
    for row in rows {
        let (Some(Some(key)), Some(org)) = (known.keys.get(&row.subject_id), known.orgs.get(&row.org)) else {
            sums.erased();
            continue;
        };
        let (claim, n) = (stored(&row.claim_id)?, u32::try_from(row.n).unwrap_or(0));
        let opened = record::open(key, claim, n, &row.sealed)?;
        let new = tried(shared, &row, &opened.input, org)?;
        let claimed = opened.input.content.claimed();
        let case = Case {
            claim,
            number: row.number,
            n,
            claimed,
            old: opened.brief,
            fate: fate(claimed, row.claimed_minor, &row.status),
        };
        sums.add(&case, new, &shared.durations);
    }
    Ok(sums)
}

fn tried(shared: &Shared, row: &Row, input: &Input, org: &Org) -> Result<Brief, Error> {
    let gone = |what: &str| Error::Broken(format!("{what} of {} is missing", row.number));
    let policy = match &shared.tried.policy {
        Some(policy) => policy,
        None => shared
            .rules
            .version(&reference(&row.policy)?)
            .ok_or_else(|| gone(&row.policy))?,
    };
    let flow = match &shared.tried.flow {
        Some(flow) => flow,
        None => shared
            .rules
            .flow_version(shared.entity, &reference(&row.flow)?)
            .ok_or_else(|| gone(&row.flow))?,
    };
    Ok(Brief::of(&input.outcome(policy, flow, org)))
}

fn fate(first: Money, last: i64, status: &str) -> Fate {
    Fate {
        rejected: status == "rejected",
        cut: (last < first.minor).then(|| Money::new(first.minor - last, first.currency)),
    }
}

/// How long people took to answer in the period, and payments to come.
async fn durations(sql: &mut Sql, entity: EntityId, (from, until): (i64, i64)) -> Result<Durations, Error> {
    let mut durations = Durations::default();
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    let hours = |n: i64| u32::try_from(n.max(0)).unwrap_or(u32::MAX);
    let answers: Vec<(String, i64, i64)> = sql
        .all(
            "SELECT t.assignee_id, (t.closed_at - t.opened_at) / 3600000000 AS hours, COUNT(*) FROM task t \
             JOIN claim c ON c.id = t.claim_id WHERE c.entity_id = $1 AND t.outcome IN ('approved', 'rejected', 'returned') \
             AND t.opened_at >= $2 AND t.opened_at < $3 GROUP BY t.assignee_id, (t.closed_at - t.opened_at) / 3600000000",
            args![entity, from, until],
        )
        .await?;
    for (who, took, n) in answers {
        durations.answered(stored(&who)?, hours(took), count(n));
    }
    // The bank names a day alone, so days are compared.
    let paid: Vec<(i64, String, i64)> = sql
        .all(
            "SELECT p.approved_at / 86400000000 AS day, y.settled_on, COUNT(*) FROM payable p \
             JOIN payment y ON y.claim_id = p.claim_id WHERE p.entity_id = $1 AND y.status = 'posted' AND p.approved_at >= $2 \
             AND p.approved_at < $3 AND y.settled_on IS NOT NULL GROUP BY p.approved_at / 86400000000, y.settled_on",
            args![entity, from, until],
        )
        .await?;
    for (approved, settled, n) in paid {
        let settled: Date = stored(&settled)?;
        let day = settled.duration_since(Date::constant(1970, 1, 1)).as_hours() / 24;
        durations.paid(hours((day - approved) * 24), count(n));
    }
    Ok(durations)
}
