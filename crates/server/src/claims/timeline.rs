//! What happened to a claim, opened from its sealed events and told in the reader's words.

use outlay_core::claim::{Claim, Event, Place};
use outlay_core::flow::LateAct;
use outlay_core::ids::EmployeeId;
use outlay_core::org::Org;
use outlay_core::policy::Severity;
use serde::Serialize;
use utoipa::ToSchema;

use super::EVENTS;
use super::route_view::why;
use crate::app::App;
use crate::args;
use crate::clock::moment;
use crate::db::Sql;
use crate::error::Error;
use crate::shell::{W, short_moment};

/// One event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventView {
    /// Its place among the claim's events, from 1.
    pub n: i64,
    /// `drafted`, `submitted`, `approved` …
    pub kind: String,
    /// Who did it.
    pub actor: String,
    /// When, in RFC 3339.
    pub at: String,
    /// What happened, in the reader's language.
    pub text: String,
    /// When, for people.
    #[serde(skip)]
    pub when: String,
    /// The icon for it.
    #[serde(skip)]
    pub icon: &'static str,
    /// The tone for it.
    #[serde(skip)]
    pub tone: &'static str,
}

#[derive(serde::Deserialize)]
struct Row {
    n: i64,
    kind: String,
    actor: String,
    subject_id: String,
    at: i64,
    policy: Option<String>,
    payload: String,
}

/// Bytes of salt before a payload.
const SALT: usize = 16;

/// All events of a claim, the latest first.
pub async fn timeline(sql: &mut Sql, app: &App, w: W, claim: &Claim, zone: &str) -> Result<Vec<EventView>, Error> {
    let rows: Vec<Row> = sql
        .all(
            "SELECT n, kind, actor, subject_id, at, policy, payload FROM event WHERE claim_id = $1 ORDER BY n DESC",
            args![claim.id],
        )
        .await?;
    let org = app.org(sql).await?;
    let mut views = Vec::with_capacity(rows.len());
    for row in rows {
        app.vault.warm(sql, &row.subject_id, EVENTS).await?;
        // A subject whose key was destroyed leaves the envelope alone.
        let event = match app.vault.known(sql, &row.subject_id, EVENTS).await? {
            Some(key) => {
                let plain = key.open(&format!("event {} {}", claim.id, row.n), &row.payload)?;
                Some(serde_json::from_slice::<Event>(plain.get(SALT..).unwrap_or_default())?)
            }
            None => None,
        };
        let (icon, tone) = look(&row.kind);
        let at = moment(row.at);
        views.push(EventView {
            n: row.n,
            actor: actor(w, &org, &row.actor),
            at: at.to_string(),
            text: match &event {
                Some(event) => words(w, &org, claim, event, row.policy.as_deref()),
                None => w.t("event-erased"),
            },
            when: short_moment(w, at, zone),
            kind: row.kind,
            icon,
            tone,
        });
    }
    Ok(views)
}

fn actor(w: W, org: &Org, actor: &str) -> String {
    match actor.parse().ok().and_then(|id| org.employee(id)) {
        Some(employee) => employee.name.clone(),
        None => w.t("event-system"),
    }
}

fn look(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "drafted" => ("circle-dashed", ""),
        "edited" => ("pencil", ""),
        "submitted" => ("send", ""),
        "opened" => ("inbox", ""),
        "skipped" => ("chevron-right", ""),
        "approved" => ("check", "t-ok"),
        "passed" => ("circle-check", "t-ok"),
        "rejected" => ("circle-x", "t-bad"),
        "returned" => ("undo-2", "t-warn"),
        "transferred" | "handed_over" | "delegated" | "reassigned" | "chosen" | "asked_again" => ("send", ""),
        "sent_back" | "taken_back" | "recalled" => ("undo-2", "t-warn"),
        "timed_out" | "fired" | "reminded" => ("circle-alert", "t-warn"),
        "advised" | "copied" => ("message-square-text", ""),
        "amended" => ("pencil", "t-warn"),
        "signer_added" | "signer_removed" => ("inbox", ""),
        "withdrawn" => ("corner-up-left", ""),
        "commented" => ("message-square-text", ""),
        "batched" => ("loader", ""),
        "payment_failed" | "reversed" => ("circle-alert", "t-bad"),
        "payment_posted" => ("badge-check", "t-ok"),
        _ => ("archive", ""),
    }
}

fn words(w: W, org: &Org, claim: &Claim, event: &Event, policy: Option<&str>) -> String {
    let text = |key: &str, values: &[(&str, String)]| {
        let values: Vec<(String, String)> = values.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect();
        w.args(key, &values)
    };
    let name = |id: EmployeeId| org.employee(id).map(|e| e.name.clone()).unwrap_or_default();
    let names = |all: &[EmployeeId]| {
        let all: Vec<String> = all.iter().map(|id| name(*id)).collect();
        all.join(if w.zh() { "、" } else { ", " })
    };
    let step = |i: usize| claim.run.get(i).map(|s| s.name.get(w.0).to_owned()).unwrap_or_default();
    let said = |key: &str, said: &str| {
        if said.is_empty() {
            w.t(key)
        } else {
            text(&format!("{key}-saying"), &[("said", said.to_owned())])
        }
    };
    match event {
        Event::Drafted { origin, sources, .. } => match origin.as_deref().and_then(|o| o.split(':').next()) {
            Some("won") => w.t("event-drafted-won"),
            Some("visit") => w.t("event-drafted-visit"),
            Some("customer") => w.t("event-drafted-customer"),
            _ => match sources.iter().find(|s| s.field == "links.deal") {
                Some(source) => text("event-drafted-deal", &[("record", source.external_id.clone())]),
                None => w.t("event-drafted"),
            },
        },
        Event::Edited { content, .. } => text(
            "event-edited",
            &[
                ("lines", content.lines.len().to_string()),
                ("amount", money(content.claimed())),
            ],
        ),
        Event::Submitted { hash, judged, .. } => {
            let count = |s| judged.findings.iter().filter(|f| f.severity == s).count().to_string();
            text(
                "event-submitted",
                &[
                    ("hash", short_hash(hash)),
                    ("policy", policy.unwrap_or_default().to_owned()),
                    ("warn", count(Severity::Warn)),
                    ("block", count(Severity::Block)),
                ],
            )
        }
        Event::Opened { step: i, tasks, .. } | Event::Reassigned { step: i, tasks, .. } => {
            let people: Vec<String> = tasks.iter().map(|(_, a)| name(a.employee)).collect();
            let because = tasks.first().map(|(_, a)| why(w, org, &a.why)).unwrap_or_default();
            text(
                "event-opened",
                &[
                    ("step", step(*i)),
                    ("people", people.join(if w.zh() { "、" } else { ", " })),
                    ("why", because),
                ],
            )
        }
        Event::Skipped { step: i } => text("event-skipped", &[("step", step(*i))]),
        Event::Approved { task, comment, by, .. } => match (by, claim.task(*task)) {
            (Some(_), Some((_, task))) => text(
                "event-approved-for",
                &[("name", name(task.assignee)), ("said", comment.clone())],
            ),
            _ => said("event-approved", comment),
        },
        Event::Chosen { people, .. } => text("event-chosen", &[("people", names(people))]),
        Event::Copied { to, comment, .. } => text("event-copied", &[("people", names(to)), ("said", comment.clone())]),
        Event::TakenBack { .. } => w.t("event-taken-back"),
        Event::Recalled {} => w.t("event-recalled"),
        Event::HandedOver { to } => w.t1("event-handed-over", "name", name(*to)),
        Event::Advised { comment, .. } => said("event-advised", comment),
        Event::AskedAgain { to: (_, who), .. } => text(
            "event-asked-again",
            &[("name", name(who.employee)), ("why", why(w, org, &who.why))],
        ),
        Event::SentBack {
            to, straight, reason, ..
        } => text(
            if *straight {
                "event-sent-back-straight"
            } else {
                "event-sent-back"
            },
            &[("step", step(*to)), ("said", reason.clone())],
        ),
        Event::Amended {
            content, reason, route, ..
        } => text(
            if route.is_some() {
                "event-amended-anew"
            } else {
                "event-amended"
            },
            &[("amount", money(content.claimed())), ("said", reason.clone())],
        ),
        Event::Delegated {
            to: (_, who), reason, ..
        } => text(
            "event-delegated",
            &[("name", name(who.employee)), ("said", reason.clone())],
        ),
        Event::SignerAdded { place, who, reason, .. } => text(
            match place {
                Place::Before => "event-signer-before",
                Place::Beside => "event-signer-beside",
                Place::After => "event-signer-after",
            },
            &[("name", name(who.employee)), ("said", reason.clone())],
        ),
        Event::SignerRemoved { who, .. } => text("event-signer-removed", &[("name", name(*who))]),
        Event::Reminded {} => w.t("event-reminded"),
        Event::Fired { step: i, act } => text(
            match act {
                LateAct::Remind => "event-late-remind",
                LateAct::Escalate => "event-late-escalate",
                LateAct::Return => "event-late-return",
            },
            &[("step", step(*i))],
        ),
        Event::TimedOut { step: i } => text("event-timed-out", &[("step", step(*i))]),
        Event::Passed { by_rule: true } => w.t("event-passed-by-rule"),
        Event::Passed { by_rule: false } => w.t("event-passed"),
        Event::Rejected { reason, .. } => text("event-rejected", &[("said", reason.clone())]),
        Event::Returned { reason, .. } => text("event-returned", &[("said", reason.clone())]),
        Event::Transferred {
            to: (_, who), reason, ..
        } => text(
            "event-transferred",
            &[("name", name(who.employee)), ("said", reason.clone())],
        ),
        Event::Withdrawn { reason } => said("event-withdrawn", reason),
        Event::Commented { text: comment } => text("event-commented", &[("said", comment.clone())]),
        Event::Batched { .. } => w.t("event-batched"),
        Event::PaymentFailed { reason, .. } => text("event-payment-failed", &[("said", reason.clone())]),
        Event::PaymentPosted { on, .. } => text("event-payment-posted", &[("on", on.to_string())]),
        Event::Reversed { invoices } => text("event-reversed", &[("invoices", invoices.join(", "))]),
        Event::Archived {} => w.t("event-archived"),
    }
}

fn money(money: outlay_core::Money) -> String {
    format!("{} {}", money.currency, money.grouped())
}

fn short_hash(hash: &str) -> String {
    match (hash.get(..4), hash.get(hash.len().saturating_sub(4)..)) {
        (Some(a), Some(b)) => format!("{a}…{b}"),
        _ => hash.to_owned(),
    }
}
