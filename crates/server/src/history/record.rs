//! Keeping what a submission was decided on, sealed for its claimant, and reading it again.

use std::collections::BTreeMap;

use outlay_core::claim::{Claim, Decision, Event};
use outlay_core::flow::Flow;
use outlay_core::history::{Brief, Input, Outcome, Snapshot};
use outlay_core::ids::{ClaimId, EntityId};
use outlay_core::org::Org;
use outlay_core::policy::{Severity, VersionRef};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::args;
use crate::claims::EVENTS;
use crate::clock::now;
use crate::db::{Sql, dialect};
use crate::error::Error;
use crate::people::stored;
use crate::vault::Key;

/// What is sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Opened {
    /// Before the outcome in its hash.
    pub salt: String,
    /// What was decided on.
    pub input: Input,
    /// The outcome in brief.
    pub brief: Brief,
}

/// A decision as it is stored.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The claim.
    pub claim: ClaimId,
    /// Which of its events.
    pub n: u32,
    /// Whose rules.
    pub entity: EntityId,
    /// When, in microseconds.
    pub at: i64,
    /// Whose input it is.
    pub subject: String,
    /// The policy asked.
    pub policy: VersionRef,
    /// The flow asked.
    pub flow: VersionRef,
    /// The snapshot of the organisation, by its hash.
    pub org: String,
    /// The content's hash.
    pub content_hash: String,
    /// Of the salt and the outcome.
    pub outcome_hash: String,
    sealed: String,
}

/// Writes what was decided on within the transaction that committed the decision. Nothing is written for a command that
/// had the policy asked for nothing.
pub async fn record(
    sql: &mut Sql,
    app: &App,
    before: &Claim,
    decision: &Decision,
    input: Input,
    (org, flow): (&Org, &Flow),
) -> Result<(), Error> {
    let judging = decision
        .events
        .iter()
        .zip(before.n + 1..)
        .find_map(|(event, n)| match event {
            Event::Submitted { judged, .. } => Some((n, judged)),
            Event::Amended { judged, .. } => Some((n, judged.as_ref()?)),
            _ => None,
        });
    let Some((n, judged)) = judging else {
        return Ok(());
    };
    let claim = &decision.claim;
    let outcome = input.routed(judged.clone(), flow, org);
    let opened = Opened {
        salt: hex::encode(rand::random::<[u8; 16]>()),
        brief: Brief::of(&outcome),
        input,
    };
    let subject = claim.content.claimant.to_string();
    let key = app.vault.subject(sql, &subject, EVENTS).await?;
    let sealed = key.seal(&about(claim.id, n), &serde_json::to_vec(&opened)?)?;
    let snapshot = keep_snapshot(sql, app, org).await?;
    let named = |v: &VersionRef| format!("{}@{}", v.id, v.version);
    sql.run(
        "INSERT INTO decision (claim_id, n, entity_id, at, is_first, subject_id, policy, flow, org, content_hash, outcome_hash, sealed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        args![
            claim.id,
            n,
            claim.content.entity,
            now().as_microsecond(),
            before.submitted_at.is_none(),
            &subject,
            named(&judged.policy),
            named(&flow.reference()),
            snapshot,
            claim.content.hash(),
            outcome.hash(&opened.salt),
            sealed
        ],
    )
    .await?;
    count_rules(sql, claim, n, &outcome).await
}

/// Counts the rules that found something, each once, by the heaviest of what it found.
async fn count_rules(sql: &mut Sql, claim: &Claim, n: u32, outcome: &Outcome) -> Result<(), Error> {
    let mut heaviest: BTreeMap<&str, Severity> = BTreeMap::new();
    for finding in &outcome.judged.findings {
        let known = heaviest.entry(&finding.rule).or_insert(finding.severity);
        *known = finding.severity.max(*known);
    }
    if heaviest.is_empty() {
        return Ok(());
    }
    let text = format!(
        "INSERT INTO decision_rule (claim_id, n, rule, severity, entity_id, at) VALUES {}",
        dialect::rows(heaviest.len(), 6)
    );
    let at = now().as_microsecond();
    let row = |(rule, severity): (&str, Severity)| {
        let severity = match severity {
            Severity::Info => "info",
            Severity::Warn => "warn",
            Severity::Block => "block",
        };
        args![claim.id, n, rule, severity, claim.content.entity, at]
    };
    sql.run_built(text, heaviest.into_iter().flat_map(row).collect())
        .await?;
    Ok(())
}

async fn keep_snapshot(sql: &mut Sql, app: &App, org: &Org) -> Result<String, Error> {
    let hash = app.snapshot(sql, org).await?;
    let known: Option<(i32,)> = sql
        .maybe("SELECT 1 FROM org_snapshot WHERE hash = $1", args![hash.as_str()])
        .await?;
    if known.is_none() {
        let (body, hash) = Snapshot::of(org).sealed();
        sql.run(
            "INSERT INTO org_snapshot (hash, body, taken_at) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING",
            args![hash, body, now().as_microsecond()],
        )
        .await?;
    }
    Ok(hash.to_string())
}

/// The organisation of a snapshot.
pub async fn snapshot(sql: &mut Sql, hash: &str) -> Result<Org, Error> {
    let row: Option<(String,)> = sql
        .maybe("SELECT body FROM org_snapshot WHERE hash = $1", args![hash])
        .await?;
    let (body,) = row.ok_or_else(|| Error::Broken(format!("the snapshot {hash} of the organisation is missing")))?;
    let snapshot: Snapshot = serde_json::from_str(&body)?;
    Ok(snapshot.org())
}

/// What a sealed decision is bound to.
pub fn about(claim: ClaimId, n: u32) -> String {
    format!("decision {claim} {n}")
}

/// Opens what was sealed for a decision.
pub fn open(key: &Key, claim: ClaimId, n: u32, sealed: &str) -> Result<Opened, Error> {
    Ok(serde_json::from_slice(&key.open(&about(claim, n), sealed)?)?)
}

/// `ID@VERSION` as it is stored.
pub fn reference(text: &str) -> Result<VersionRef, Error> {
    let parts = text.rsplit_once('@').and_then(|(id, version)| {
        Some(VersionRef {
            id: id.to_owned(),
            version: version.parse().ok()?,
        })
    });
    parts.ok_or_else(|| Error::Broken(format!("{text:?} names no version")))
}

#[derive(Deserialize)]
struct Row {
    claim_id: String,
    n: i64,
    entity_id: String,
    at: i64,
    subject_id: String,
    policy: String,
    flow: String,
    org: String,
    content_hash: String,
    outcome_hash: String,
    sealed: String,
}

impl Kept {
    /// All decisions on a claim, the last first.
    pub async fn of(sql: &mut Sql, claim: ClaimId) -> Result<Vec<Kept>, Error> {
        let rows: Vec<Row> = sql
            .all(
                "SELECT claim_id, n, entity_id, at, subject_id, policy, flow, org, content_hash, outcome_hash, sealed \
                 FROM decision WHERE claim_id = $1 ORDER BY n DESC",
                args![claim],
            )
            .await?;
        rows.into_iter().map(Kept::read).collect()
    }

    /// One decision, by the number of its event.
    pub async fn one(sql: &mut Sql, claim: ClaimId, n: i64) -> Result<Kept, Error> {
        let row: Option<Row> = sql
            .maybe(
                "SELECT claim_id, n, entity_id, at, subject_id, policy, flow, org, content_hash, outcome_hash, sealed \
                 FROM decision WHERE claim_id = $1 AND n = $2",
                args![claim, n],
            )
            .await?;
        Kept::read(row.ok_or(Error::NotFound("decision"))?)
    }

    fn read(row: Row) -> Result<Kept, Error> {
        Ok(Kept {
            claim: stored(&row.claim_id)?,
            n: u32::try_from(row.n).unwrap_or(0),
            entity: stored(&row.entity_id)?,
            at: row.at,
            subject: row.subject_id,
            policy: reference(&row.policy)?,
            flow: reference(&row.flow)?,
            org: row.org,
            content_hash: row.content_hash,
            outcome_hash: row.outcome_hash,
            sealed: row.sealed,
        })
    }

    /// What was sealed; none once the person was erased.
    pub async fn open(&self, sql: &mut Sql, app: &App) -> Result<Option<Opened>, Error> {
        match app.vault.known(sql, &self.subject, EVENTS).await? {
            Some(key) => Ok(Some(open(&key, self.claim, self.n, &self.sealed)?)),
            None => Ok(None),
        }
    }
}
