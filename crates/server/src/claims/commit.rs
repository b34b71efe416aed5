//! The one place that writes claim state: rows, events, audit, read models and outbox in one transaction.

use std::collections::BTreeSet;

use outlay_core::canonical;
use outlay_core::claim::{Actor, Allocation, Claim, Decision, Effect, Event, Line, Notice, OutcomeKind};
use outlay_core::ids::EmployeeId;
use outlay_core::policy::VersionRef;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{payable, spend};
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::chat;
use crate::clock::now;
use crate::db::{Sql, Value, dialect};
use crate::error::Error;
use crate::evidence::{learnt, shelf};
use crate::jobs::{self, NewJob};
use crate::search;

/// What a mail job carries.
#[derive(Debug, Serialize, Deserialize)]
pub struct MailJob {
    /// The claim's id.
    pub claim: String,
    /// To whom.
    pub to: EmployeeId,
    /// About what.
    pub notice: Notice,
    /// The event that caused it.
    pub n: u32,
}

/// What a write-back job carries.
#[derive(Debug, Serialize, Deserialize)]
pub struct WriteBackJob {
    /// `deal` or `account`.
    pub object: String,
    /// Its id in Outlay.
    pub id: String,
}

/// Writes a decision. `before` is the claim that was decided on: if another commit came between, nothing is written
/// and the answer is [`Error::Conflict`].
pub async fn commit(
    sql: &mut Sql,
    app: &App,
    permit: &Permit,
    before: Option<&Claim>,
    decision: &Decision,
) -> Result<(), Error> {
    let claim = &decision.claim;
    write_claim(sql, before, claim).await?;
    let was = before.map(|b| &b.content);
    if was.is_none_or(|was| was.lines != claim.content.lines) {
        write_allocations(sql, before, claim).await?;
        write_documents(sql, before, claim).await?;
    }
    if was.is_none_or(|was| was.title != claim.content.title) {
        search::index(
            sql,
            "claim",
            &claim.id.to_string(),
            &[&claim.number, &claim.content.title],
        )
        .await?;
    }
    shelve(sql, before, claim).await?;
    learnt::follow(sql, before, claim).await?;
    write_invoices(sql, before, claim).await?;
    write_tasks(sql, before, claim).await?;
    chat::follow(sql, before, claim).await?;
    spend::shift(sql, before, claim).await?;
    write_events(sql, app, permit.actor(), before, decision).await?;
    payable::follow(sql, before, decision).await?;
    for effect in &decision.effects {
        enqueue(sql, before, claim, effect).await?;
    }
    // Who got a draft from the CRM is told there, until it is handed in.
    if claim.origin.is_some() && before.map(|b| b.status().is_editable()) != Some(claim.status().is_editable()) {
        let job = NewJob {
            kind: "todo",
            key: format!("todo:{}:{}", claim.id, claim.n),
            ordering: Some(format!("todo:{}", claim.id)),
        };
        jobs::enqueue(sql, job, &claim.id.to_string()).await?;
    }
    let happened: Vec<&str> = decision.events.iter().map(Event::kind).collect();
    audit::note(
        sql,
        permit.actor(),
        permit.action(),
        &format!("claim:{}", claim.id),
        &happened.join(" "),
    )
    .await
}

async fn write_claim(sql: &mut Sql, before: Option<&Claim>, claim: &Claim) -> Result<(), Error> {
    let content = &claim.content;
    let worst = claim
        .judged
        .as_ref()
        .and_then(|j| j.findings.iter().map(|f| f.severity).max());
    let worst = worst.map(|s| format!("{s:?}").to_lowercase());
    let body = serde_json::to_string(claim)?;
    let at = now().as_microsecond();
    let grade = format!("{:?}", content.grade());
    let submitted = claim.submitted_at.map(|t| t.as_microsecond());
    let due = claim.next_timer().map(|t| t.as_microsecond());
    let Some(before) = before else {
        sql.run(
            "INSERT INTO claim (id, number, version, status, entity_id, claimant_id, department_id, currency, title, \
             claimed_minor, line_count, grade, worst_finding, account_id, deal_id, origin, created_at, updated_at, \
             submitted_at, due_at, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17, $18, \
             NULL, $19)",
            args![
                claim.id,
                &claim.number,
                claim.n,
                claim.status().code(),
                content.entity,
                content.claimant,
                content.department,
                content.currency.code(),
                &content.title,
                content.claimed().minor,
                content.lines.len(),
                grade,
                worst,
                content.links.account,
                content.links.deal,
                claim.origin.clone(),
                at,
                submitted,
                body
            ],
        )
        .await?;
        return Ok(());
    };
    let touched = sql
        .run(
            "UPDATE claim SET version = $1, status = $2, department_id = $3, title = $4, claimed_minor = $5, \
             line_count = $6, grade = $7, worst_finding = $8, account_id = $9, deal_id = $10, updated_at = $11, \
             submitted_at = $12, body = $13, entity_id = $16, currency = $17, due_at = $18 WHERE id = $14 AND version = $15",
            args![
                claim.n,
                claim.status().code(),
                content.department,
                &content.title,
                content.claimed().minor,
                content.lines.len(),
                grade,
                worst,
                content.links.account,
                content.links.deal,
                at,
                submitted,
                body,
                claim.id,
                before.n,
                content.entity,
                content.currency.code(),
                due
            ],
        )
        .await?;
    if touched == 1 { Ok(()) } else { Err(Error::Conflict) }
}

async fn write_allocations(sql: &mut Sql, before: Option<&Claim>, claim: &Claim) -> Result<(), Error> {
    let (old, rows) = (before.map(allocations).unwrap_or_default(), allocations(claim));
    if old == rows {
        return Ok(());
    }
    if !old.is_empty() {
        sql.run("DELETE FROM allocation WHERE claim_id = $1", args![claim.id])
            .await?;
    }
    for part in rows.chunks(100) {
        let text = format!(
            "INSERT INTO allocation (claim_id, line_id, pos, category, incurred_on, account_id, deal_id, project_id, \
             cost_center_id, minor) VALUES {}",
            dialect::rows(part.len(), 10)
        );
        sql.run_built(text, part.iter().flatten().cloned().collect()).await?;
    }
    Ok(())
}

fn allocations(claim: &Claim) -> Vec<Vec<Value>> {
    let of = |line: &Line, (pos, a): (usize, &Allocation)| {
        args![
            claim.id,
            line.id,
            pos,
            &line.category,
            line.incurred_on,
            a.account,
            a.deal,
            a.project,
            a.cost_center,
            a.amount.minor
        ]
    };
    let lines = claim.content.lines.iter();
    lines
        .flat_map(|line| line.allocations.iter().enumerate().map(move |at| of(line, at)))
        .collect()
}

/// Documents of the lines belong to this claim; those it dropped are free again.
async fn write_documents(sql: &mut Sql, before: Option<&Claim>, claim: &Claim) -> Result<(), Error> {
    let of = |c: &Claim| -> BTreeSet<String> {
        c.content
            .lines
            .iter()
            .filter_map(|l| Some(l.evidence.as_ref()?.document.to_string()))
            .collect()
    };
    let (old, new) = (before.map(of).unwrap_or_default(), of(claim));
    for gone in old.difference(&new) {
        sql.run(
            "UPDATE document SET claim_id = NULL, shelf = state WHERE id = $1 AND claim_id = $2",
            args![gone, claim.id],
        )
        .await?;
    }
    for come in new.difference(&old) {
        sql.run("UPDATE document SET claim_id = $1 WHERE id = $2", args![claim.id, come])
            .await?;
    }
    Ok(())
}

/// Documents stand where their claim does: on a draft, handed in, or free again.
async fn shelve(sql: &mut Sql, before: Option<&Claim>, claim: &Claim) -> Result<(), Error> {
    let (was, is) = (
        before.map(|b| shelf::of_claim(b.status())),
        shelf::of_claim(claim.status()),
    );
    let same = was == Some(is) && before.is_some_and(|b| b.content.lines == claim.content.lines);
    if same || claim.content.lines.iter().all(|l| l.evidence.is_none()) {
        return Ok(());
    }
    sql.run(
        "UPDATE document SET shelf = CASE WHEN reversed_by IS NULL THEN COALESCE(CAST($1 AS TEXT), state) ELSE state END \
         WHERE claim_id = $2",
        args![is.map(shelf::Shelf::code), claim.id],
    )
    .await?;
    Ok(())
}

/// A live claim holds its invoices; the primary key lets one claim in, whatever the race.
async fn write_invoices(sql: &mut Sql, before: Option<&Claim>, claim: &Claim) -> Result<(), Error> {
    let held = |c: &Claim| -> BTreeSet<String> {
        if c.status().is_live() {
            c.content.invoices().into_iter().map(str::to_owned).collect()
        } else {
            BTreeSet::new()
        }
    };
    let (old, new) = (before.map(held).unwrap_or_default(), held(claim));
    for gone in old.difference(&new) {
        sql.run(
            "DELETE FROM invoice_use WHERE identity = $1 AND claim_id = $2",
            args![gone, claim.id],
        )
        .await?;
    }
    for come in new.difference(&old) {
        let since = now().to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
        let made = sql
            .run(
                "INSERT INTO invoice_use (identity, claim_id, since) VALUES ($1, $2, $3) ON CONFLICT (identity) DO NOTHING",
                args![come, claim.id, since],
            )
            .await?;
        if made == 0 {
            return Err(Error::Conflict);
        }
    }
    Ok(())
}

async fn write_tasks(sql: &mut Sql, before: Option<&Claim>, claim: &Claim) -> Result<(), Error> {
    let known: Vec<_> = before
        .map(|b| b.run.iter().flat_map(|s| &s.tasks).collect())
        .unwrap_or_default();
    // A copy is read like a task, and asks nothing.
    let told = before.map(|b| b.copies.as_slice()).unwrap_or_default();
    for who in claim.copies.iter().filter(|who| !told.contains(who)) {
        let at = now().as_microsecond();
        sql.run(
            "INSERT INTO task (id, claim_id, assignee_id, step, opened_at, closed_at, outcome) \
             VALUES ($1, $2, $3, -1, $4, $4, 'copied')",
            args![Uuid::now_v7(), claim.id, *who, at],
        )
        .await?;
    }
    // Steps that a new route no longer has.
    let kept: Vec<_> = claim.run.iter().flat_map(|s| &s.tasks).map(|t| t.id).collect();
    for gone in known.iter().filter(|t| t.is_open() && !kept.contains(&t.id)) {
        sql.run(
            "UPDATE task SET closed_at = $1, outcome = $2 WHERE id = $3",
            args![now().as_microsecond(), OutcomeKind::Void.code(), gone.id],
        )
        .await?;
    }
    for (step, run) in claim.run.iter().enumerate() {
        for task in &run.tasks {
            let outcome = task.outcome.as_ref().map_or("open", |o| o.kind.code());
            let closed = task.outcome.as_ref().map(|o| o.at.as_microsecond());
            match known.iter().find(|t| t.id == task.id) {
                None => {
                    sql.run(
                        "INSERT INTO task (id, claim_id, assignee_id, step, opened_at, closed_at, outcome, step_name, why) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                        args![
                            task.id,
                            claim.id,
                            task.assignee,
                            step,
                            task.opened_at.as_microsecond(),
                            closed,
                            outcome,
                            serde_json::to_string(&run.name)?,
                            task.why.code()
                        ],
                    )
                    .await?;
                }
                Some(old) if old.outcome != task.outcome => {
                    sql.run(
                        "UPDATE task SET closed_at = $1, outcome = $2 WHERE id = $3",
                        args![closed, outcome, task.id],
                    )
                    .await?;
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}

/// Purpose of the key that seals event payloads.
pub const EVENTS: &str = "events";

async fn write_events(
    sql: &mut Sql,
    app: &App,
    actor: &Actor,
    before: Option<&Claim>,
    decision: &Decision,
) -> Result<(), Error> {
    let claim = &decision.claim;
    let subject = claim.content.claimant.to_string();
    let key = app.vault.subject(sql, &subject, EVENTS).await?;
    let at = now().as_microsecond();
    let hash = claim.content.hash();
    let actor = audit::actor_text(actor);
    let named = |v: Option<&VersionRef>| v.map(|v| format!("{}@{}", v.id, v.version));
    let policy = named(claim.judged.as_ref().map(|j| &j.policy));
    let flow = named(claim.run.first().map(|s| &s.flow));
    let first = before.map_or(0, |b| b.n);
    let mut rows = Vec::new();
    let mut waiting = Vec::new();
    for (n, event) in (first + 1..).zip(&decision.events) {
        let payload = canonical::json(event);
        let salt: [u8; 16] = rand::random();
        let salted: Vec<u8> = salt.iter().chain(&payload).copied().collect();
        let leaf = hex::encode(Sha256::digest(&salted));
        let id = Uuid::now_v7();
        let sealed = key.seal(&format!("event {} {n}", claim.id), &salted)?;
        rows.extend(args![
            id,
            claim.id,
            n,
            event.kind(),
            &actor,
            &subject,
            at,
            policy.clone(),
            flow.clone(),
            &hash,
            leaf,
            sealed
        ]);
        waiting.extend(args![id]);
    }
    let count = decision.events.len();
    let text = format!(
        "INSERT INTO event (id, claim_id, n, kind, actor, subject_id, at, policy, flow, content_hash, leaf, payload) VALUES {}",
        dialect::rows(count, 12)
    );
    sql.run_built(text, rows).await?;
    let text = format!(
        "INSERT INTO event_unsequenced (event_id) VALUES {}",
        dialect::rows(count, 1)
    );
    sql.run_built(text, waiting).await?;
    Ok(())
}

async fn enqueue(sql: &mut Sql, before: Option<&Claim>, claim: &Claim, effect: &Effect) -> Result<(), Error> {
    match effect {
        Effect::Pay => Ok(()),
        Effect::Notify { to, notice } => {
            let job = NewJob {
                kind: "mail",
                key: format!(
                    "mail:{}:{}:{}:{}",
                    claim.id,
                    claim.n,
                    to,
                    serde_json::to_string(notice)?.trim_matches('"')
                ),
                ordering: None,
            };
            let payload = MailJob {
                claim: claim.id.to_string(),
                to: *to,
                notice: *notice,
                n: claim.n,
            };
            jobs::enqueue(sql, job, &payload).await
        }
        Effect::WriteBack => {
            let mut targets: BTreeSet<(&str, String)> = BTreeSet::new();
            for c in before.into_iter().chain([claim]) {
                targets.extend(c.content.deals().iter().map(|d| ("deal", d.to_string())));
                targets.extend(c.content.accounts().iter().map(|a| ("account", a.to_string())));
            }
            for (object, id) in targets {
                let job = NewJob {
                    kind: "write_back",
                    key: format!("write_back:{object}:{id}:{}:{}", claim.id, claim.n),
                    ordering: Some(format!("{object}:{id}")),
                };
                jobs::enqueue(
                    sql,
                    job,
                    &WriteBackJob {
                        object: object.to_owned(),
                        id,
                    },
                )
                .await?;
            }
            if claim.status().is_paid() {
                let job = NewJob {
                    kind: "archive",
                    key: format!("archive:{}", claim.id),
                    ordering: None,
                };
                jobs::enqueue(sql, job, &claim.id.to_string()).await?;
            }
            Ok(())
        }
    }
}
