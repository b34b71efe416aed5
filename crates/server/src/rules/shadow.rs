//! Drafts that run along (试运行): each decision made since is decided under the draft, too, from what is on record, and has no effect.
//! It follows the numbered events, so it costs what is new, and a submission never waits for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use outlay_core::Money;
use outlay_core::history::{Brief, Is, Outcome};
use outlay_core::org::Org;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::draft::RulesDraft;
use super::trial::candidate;
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::clock::now;
use crate::db::{Sql, Value, dialect};
use crate::error::Error;
use crate::history::{Kept, Tried, snapshot, under};
use crate::people::stored;

/// Decisions looked at in one transaction.
const PAGE: usize = 200;
/// Without being woken it looks this often.
const TICK: Duration = Duration::from_secs(5);
/// After each look it rests, so that a busy minute is looked at in pages.
const REST: Duration = Duration::from_millis(500);

/// What a draft made of a submission that came out another way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Found {
    /// What was claimed.
    pub claimed: Money,
    /// What was decided.
    pub old: Brief,
    /// What the draft would decide; none if a version that it needs is missing.
    pub new: Option<Brief>,
    /// Whether one of its tables could not answer.
    pub broken: bool,
}

impl Found {
    /// Whether other people are asked, or it passes by itself on one side alone.
    pub fn routes(&self) -> bool {
        self.new.as_ref().is_some_and(|new| !self.old.goes_as(new))
    }

    /// Whether other rules speak.
    pub fn findings(&self) -> bool {
        self.new.as_ref().is_some_and(|new| self.old.rules != new.rules)
    }

    /// Whether the draft could not decide.
    pub fn failed(&self) -> bool {
        self.broken || self.new.is_none()
    }

    fn differs(&self) -> bool {
        self.routes() || self.findings() || self.failed()
    }
}

/// Sums, in the order of the columns.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Submissions looked at.
    pub claims: i64,
    /// Of people erased meanwhile.
    pub erased: i64,
    /// That differ in anything.
    pub differ: i64,
    /// That go another way.
    pub routes: i64,
    /// From people to automatic approval.
    pub to_auto: i64,
    /// From automatic approval to people.
    pub from_auto: i64,
    /// About which other rules speak.
    pub findings: i64,
    /// That the draft could not decide.
    pub failed: i64,
}

impl Counts {
    fn add(&mut self, found: &Found) {
        let one = i64::from;
        let auto = |brief: &Brief| brief.is == Is::Auto;
        let (was, is) = (auto(&found.old), found.new.as_ref().is_some_and(auto));
        self.claims += 1;
        self.differ += one(found.differs());
        self.routes += one(found.routes());
        self.to_auto += one(!was && is);
        self.from_auto += one(was && found.new.is_some() && !is);
        self.findings += one(found.findings());
        self.failed += one(found.failed());
    }
}

/// Has a draft run along from now on; anew if it does already. Its text must be sound.
pub async fn begin(app: &App, permit: Permit, draft: RulesDraft) -> Result<(), Error> {
    let org = app.org(&mut app.db.read()).await?;
    let problems = draft.problems(&org);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    if !draft.state.is_open() {
        return Err(Error::Conflict);
    }
    app.db
        .write(move |sql| {
            let (permit, id, version) = (permit.clone(), draft.id.clone(), draft.version);
            Box::pin(async move {
                sql.run(
                    "INSERT INTO rules_shadow (draft_id, version, begun_at, seq, claims, erased, differ, routes, to_auto, from_auto, \
                     findings, failed) VALUES ($1, $2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT (draft_id) DO NOTHING",
                    args![&id, version],
                )
                .await?;
                anew(sql, &id, version).await?;
                let what = format!("rules_draft:{id}");
                audit::note(sql, permit.actor(), permit.action(), &what, "shadow").await
            })
        })
        .await
}

/// Ends it; what was found is dropped.
pub async fn end(app: &App, permit: Permit, draft: RulesDraft) -> Result<(), Error> {
    app.db
        .write(move |sql| {
            let (permit, id) = (permit.clone(), draft.id.clone());
            Box::pin(async move {
                sql.run("DELETE FROM rules_shadow_claim WHERE draft_id = $1", args![&id])
                    .await?;
                let gone = sql
                    .run("DELETE FROM rules_shadow WHERE draft_id = $1", args![&id])
                    .await?;
                if gone == 0 {
                    return Err(Error::NotFound("shadow"));
                }
                let what = format!("rules_draft:{id}");
                audit::note(sql, permit.actor(), permit.action(), &what, "shadow ended").await
            })
        })
        .await
}

/// Begins anew with another save of a draft, if it runs along; within the transaction of `sql`.
pub async fn anew(sql: &mut Sql, draft: &str, version: i64) -> Result<(), Error> {
    let runs = sql
        .run(
            "UPDATE rules_shadow SET version = $1, begun_at = $2, seq = (SELECT COALESCE(MAX(seq), 0) FROM event_sequence), claims = 0, \
             erased = 0, differ = 0, routes = 0, to_auto = 0, from_auto = 0, findings = 0, failed = 0 WHERE draft_id = $3",
            args![version, now().as_microsecond(), draft],
        )
        .await?;
    if runs > 0 {
        sql.run("DELETE FROM rules_shadow_claim WHERE draft_id = $1", args![draft])
            .await?;
    }
    Ok(())
}

/// Follows what is submitted, until `stop`. Several processes may do so: whoever comes second finds nothing new.
pub async fn run_along(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let mut woken = app.live.listen();
    while !*stop.borrow() {
        woken.mark_unchanged();
        if let Err(error) = follow(&app).await {
            tracing::error!(%error, "drafts of rules that run along");
        }
        tokio::time::sleep(REST).await;
        tokio::select! {
            _ = stop.changed() => {}
            _ = woken.changed() => {}
            () = tokio::time::sleep(TICK) => {}
        }
    }
}

/// A draft that runs along: its id, how far it is, since when.
type Shadow = (String, i64, i64);

/// Decides what was submitted since the last look under each draft that runs along; how many decisions were looked at.
pub async fn follow(app: &Arc<App>) -> Result<usize, Error> {
    let mut sql = app.db.read();
    let all: Vec<Shadow> = sql
        .all(
            "SELECT s.draft_id, s.seq, s.begun_at FROM rules_shadow s JOIN rules_draft d ON d.id = s.draft_id AND d.version = s.version \
             WHERE d.state IN ('editing', 'in_review') ORDER BY s.draft_id",
            args![],
        )
        .await?;
    let mut seen = 0;
    for shadow in all {
        let draft = RulesDraft::load(&mut sql, &shadow.0).await?;
        // A text with something wrong waits for its next save, with which it begins anew.
        if !draft.problems(&*app.org(&mut sql).await?).is_empty() {
            continue;
        }
        // One that cannot be followed does not hold up the others.
        match follow_one(app, &mut sql, &draft, shadow).await {
            Ok(n) => seen += n,
            Err(error) => tracing::error!(%error, draft = %draft.id, "a draft of rules that runs along"),
        }
    }
    Ok(seen)
}

async fn follow_one(
    app: &Arc<App>,
    sql: &mut Sql,
    draft: &RulesDraft,
    (id, mut at, begun): Shadow,
) -> Result<usize, Error> {
    let tried = candidate(draft)?;
    let (last,): (i64,) = sql
        .one("SELECT COALESCE(MAX(seq), 0) FROM event_sequence", args![])
        .await?;
    let mut seen = 0;
    let mut orgs = HashMap::new();
    while at < last {
        let page: Vec<(i64, String, i64)> = sql
            .all(
                "SELECT s.seq, d.claim_id, d.n FROM event_sequence s JOIN event e ON e.id = s.event_id \
                 JOIN decision d ON d.claim_id = e.claim_id AND d.n = e.n WHERE s.seq > $1 AND s.seq <= $2 AND d.entity_id = $3 \
                 ORDER BY s.seq LIMIT $4",
                args![at, last, draft.entity, PAGE],
            )
            .await?;
        let next = match page.last() {
            Some((seq, ..)) if page.len() == PAGE => *seq,
            _ => last,
        };
        let mut sums = Counts::default();
        let mut rows: Vec<Value> = Vec::new();
        for (seq, claim, n) in &page {
            let kept = Kept::one(sql, stored(claim)?, *n).await?;
            let Some(found) = decide(app, sql, &kept, &tried, &mut orgs).await? else {
                sums.claims += 1;
                sums.erased += 1;
                continue;
            };
            sums.add(&found);
            if found.differs() {
                rows.extend(args![
                    &id,
                    claim.as_str(),
                    *n,
                    *seq,
                    kept.at,
                    serde_json::to_string(&found)?
                ]);
            }
        }
        if !keep(app, &id, (begun, at, next), sums, rows).await? {
            break;
        }
        seen += page.len();
        at = next;
    }
    Ok(seen)
}

/// None once the person was erased.
async fn decide(
    app: &App,
    sql: &mut Sql,
    kept: &Kept,
    tried: &Tried,
    orgs: &mut HashMap<String, Org>,
) -> Result<Option<Found>, Error> {
    let Some(opened) = kept.open(sql, app).await? else {
        return Ok(None);
    };
    if !orgs.contains_key(&kept.org) {
        // One snapshot at a time is enough: it changes seldom.
        orgs.clear();
        orgs.insert(kept.org.clone(), snapshot(sql, &kept.org).await?);
    }
    let new = match under(sql, app, kept, &opened, tried, &orgs[&kept.org]).await {
        Ok(new) => Some(new),
        Err(Error::NotFound(_)) => None,
        Err(error) => return Err(error),
    };
    Ok(Some(Found {
        claimed: opened.input.content.claimed(),
        old: opened.brief,
        broken: new.as_ref().is_some_and(Outcome::is_broken),
        new: new.as_ref().map(Brief::of),
    }))
}

/// Keeps what a page came to; false if somebody else did, or it began anew meanwhile.
async fn keep(
    app: &App,
    draft: &str,
    (begun, at, next): (i64, i64, i64),
    sums: Counts,
    rows: Vec<Value>,
) -> Result<bool, Error> {
    let draft = draft.to_owned();
    app.db
        .write(move |sql| {
            let (draft, rows) = (draft.clone(), rows.clone());
            Box::pin(async move {
                let s = sums;
                let touched = sql
                    .run(
                        "UPDATE rules_shadow SET seq = $1, claims = claims + $2, erased = erased + $3, differ = differ + $4, \
                         routes = routes + $5, to_auto = to_auto + $6, from_auto = from_auto + $7, findings = findings + $8, \
                         failed = failed + $9 WHERE draft_id = $10 AND seq = $11 AND begun_at = $12",
                        args![
                            next,
                            s.claims,
                            s.erased,
                            s.differ,
                            s.routes,
                            s.to_auto,
                            s.from_auto,
                            s.findings,
                            s.failed,
                            &draft,
                            at,
                            begun
                        ],
                    )
                    .await?;
                if touched == 0 {
                    return Ok(false);
                }
                if !rows.is_empty() {
                    let text = format!(
                        "INSERT INTO rules_shadow_claim (draft_id, claim_id, n, seq, at, found) VALUES {}",
                        dialect::rows(rows.len() / 6, 6)
                    );
                    sql.run_built(text, rows).await?;
                }
                Ok(true)
            })
        })
        .await
}
