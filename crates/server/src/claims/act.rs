//! Carrying a command out: facts are gathered, the core decides, the decision is committed, all in one transaction.

use std::sync::Arc;

use outlay_core::claim::{Actor, Claim, Command, Content, Facts, Judgement, Refusal, Source, decide};
use outlay_core::flow::{Choice, Flow, Planned};
use outlay_core::ids::{ClaimId, EmployeeId};
use outlay_core::words::Text;
use uuid::Uuid;

use super::around::Around;
use super::{commit, judge, store};
use crate::app::App;
use crate::auth::Permit;
use crate::clock::now;
use crate::db::Sql;
use crate::error::Error;
use crate::history;
use crate::metrics::Metrics;

/// Decides `command` on the claim `id` and writes what was decided; the claim afterwards.
pub async fn act(app: &Arc<App>, permit: &Permit, id: ClaimId, command: Command) -> Result<Claim, Error> {
    let mut again = true;
    loop {
        let (shared, permit, command) = (app.clone(), permit.clone(), command.clone());
        let done = app
            .db
            .write(move |sql| {
                let (app, permit, command) = (shared.clone(), permit.clone(), command.clone());
                Box::pin(async move { act_in(sql, &app, &permit, id, command).await })
            })
            .await;
        match done {
            // Another claim took an invoice, or this claim moved, between our reading and our writing: look again
            // once, so that the answer says what happened.
            Err(Error::Conflict) if again => again = false,
            Ok(claim) => {
                committed(app, &claim).await;
                return Ok(claim);
            }
            Err(error) => return Err(error),
        }
    }
}

/// As [`act`], within a transaction that does more.
pub async fn act_in(sql: &mut Sql, app: &App, permit: &Permit, id: ClaimId, command: Command) -> Result<Claim, Error> {
    let before = store::load(sql, id).await?;
    decide_in(sql, app, permit, Some(&before), id, command).await
}

/// A new draft.
pub struct NewDraft {
    /// What it says.
    pub content: Content,
    /// Where its fields came from.
    pub sources: Vec<Source>,
    /// The CRM event behind it; a second draft with the same one is not made.
    pub origin: Option<String>,
}

/// Begins a draft; the new claim.
pub async fn draft(app: &Arc<App>, permit: &Permit, new: NewDraft) -> Result<Claim, Error> {
    let (shared, permit, new) = (app.clone(), permit.clone(), Arc::new(new));
    let claim = app
        .db
        .write(move |sql| {
            let (app, permit, new) = (shared.clone(), permit.clone(), new.clone());
            Box::pin(async move { draft_in(sql, &app, &permit, &new).await })
        })
        .await?;
    committed(app, &claim).await;
    Ok(claim)
}

/// What follows a commit; nothing here can undo it.
async fn committed(app: &App, claim: &Claim) {
    Metrics::count(&app.metrics.commands);
    app.live.wake();
    let subject = claim.content.claimant.to_string();
    if let Err(error) = app.vault.warm(&mut app.db.read(), &subject, commit::EVENTS).await {
        tracing::warn!(%error, "a key could not be kept in memory");
    }
}

/// As [`draft`], within a transaction that does more.
pub async fn draft_in(sql: &mut Sql, app: &App, permit: &Permit, new: &NewDraft) -> Result<Claim, Error> {
    let org = app.org(sql).await?;
    let today = store::today(&org, &new.content)?;
    let command = Command::Draft {
        id: ClaimId(Uuid::now_v7()),
        number: store::next_number(sql, today).await?,
        content: new.content.clone(),
        sources: new.sources.clone(),
        origin: new.origin.clone(),
    };
    let Command::Draft { id, .. } = command else {
        return Err(Error::NotFound("claim"));
    };
    decide_in(sql, app, permit, None, id, command).await
}

/// Decides `command` on the claim as it was read before and commits that; [`Error::Conflict`] if it has moved since.
pub(super) async fn decide_in(
    sql: &mut Sql,
    app: &App,
    permit: &Permit,
    before: Option<&Claim>,
    id: ClaimId,
    command: Command,
) -> Result<Claim, Error> {
    let org = app.org(sql).await?;
    let rules = app.rules(sql).await?;
    let content = match (&command, before) {
        (Command::Draft { content, .. } | Command::Edit { content, .. } | Command::Amend { content, .. }, _) => content,
        (_, Some(before)) => &before.content,
        (_, None) => return Err(Refusal::Missing.into()),
    };
    let today = store::today(&org, content)?;
    // A run goes on by the version that it began with.
    let of_run = before
        .filter(|c| !c.status().is_editable())
        .and_then(|c| rules.flow_version(content.entity, &c.run.first()?.flow));
    let flow = of_run
        .or_else(|| rules.flow(content.entity, today))
        .ok_or_else(|| Error::field("entity", "no-flow"))?;
    let judges = matches!(command, Command::Submit | Command::Amend { .. });
    let looks_at_content = judges || matches!(command, Command::Draft { .. } | Command::Edit { .. });
    let taken = if looks_at_content {
        store::taken(sql, content, id).await?
    } else {
        Vec::new()
    };
    let judged = if judges {
        let policy = rules
            .policy(content.entity, today)
            .ok_or_else(|| Error::field("entity", "no-policy"))?;
        Some(judge::judge(sql, &org, policy, id, content, &taken, today).await?)
    } else {
        None
    };
    let around = Around::of(sql, content).await?;
    let facts = Facts {
        now: now(),
        today,
        org: &org,
        flow,
        judged: judged.as_ref().map(|(judged, _)| judged),
        deal_owner: around.deal_owner,
        taken: &taken,
        seed: rand::random(),
        around: around.as_facts(&org, &rules, content.entity, today),
    };
    let decision = decide(before, command, permit.actor(), &facts)?;
    commit::commit(sql, app, permit, before, &decision).await?;
    if let (Some((_, known)), Some(before)) = (&judged, before) {
        let input = around.as_input(&decision.claim, known);
        history::record(sql, app, before, &decision, input, (&org, flow)).await?;
    }
    Ok(decision.claim)
}

/// Whether somebody could do something to a claim now. Nothing is written; not for commands that are judged.
pub async fn would(sql: &mut Sql, app: &App, who: EmployeeId, claim: &Claim, command: Command) -> Result<bool, Error> {
    let org = app.org(sql).await?;
    let rules = app.rules(sql).await?;
    let content = &claim.content;
    let today = store::today(&org, content)?;
    let Some(flow) = rules.flow(content.entity, today) else {
        return Ok(false);
    };
    let around = Around::of(sql, content).await?;
    let facts = Facts {
        now: now(),
        today,
        org: &org,
        flow,
        judged: None,
        deal_owner: around.deal_owner,
        taken: &[],
        seed: [0; 16],
        around: around.as_facts(&org, &rules, content.entity, today),
    };
    Ok(decide(Some(claim), command, &Actor::Employee(who), &facts).is_ok())
}

/// Who would approve a claim by a flow today, by what the policy said of it, else would say; the audit's role where it was drawn.
pub async fn plan(sql: &mut Sql, app: &App, claim: &Claim, flow: &Flow) -> Result<Vec<Planned>, Error> {
    let org = app.org(sql).await?;
    let rules = app.rules(sql).await?;
    let content = &claim.content;
    let today = store::today(&org, content)?;
    let judged = match (&claim.judged, rules.policy(content.entity, today)) {
        (Some(judged), _) => Some(judged.clone()),
        (None, Some(policy)) => Some(judge::judge(sql, &org, policy, claim.id, content, &[], today).await?.0),
        (None, None) => None,
    };
    let around = Around::of(sql, content).await?;
    let findings = judged.as_ref().map(|j| j.findings.as_slice()).unwrap_or_default();
    let ask = around.ask(&org, claim, &flow.settings, findings, today);
    Ok(match &judged {
        Some(judged) => flow.preview_of(&ask, judged),
        None => flow.preview(&ask, &[]),
    })
}

/// What would happen if it were submitted now: findings and the people who would be asked. Nothing is written.
pub struct Preview {
    /// What the policy says.
    pub judged: Judgement,
    /// The claim as it would be; or why it would be refused.
    pub outcome: Result<Claim, Refusal>,
    /// The flow's steps with the people whom they would ask today.
    pub planned: Vec<Planned>,
    /// The steps whose signers the claimant chooses.
    pub choices: Vec<(String, Text, Choice)>,
}

/// Looks ahead for a draft.
pub async fn preview(sql: &mut Sql, app: &App, claim: &Claim) -> Result<Preview, Error> {
    let org = app.org(sql).await?;
    let rules = app.rules(sql).await?;
    let content = &claim.content;
    let today = store::today(&org, content)?;
    let flow = rules
        .flow(content.entity, today)
        .ok_or_else(|| Error::field("entity", "no-flow"))?;
    let policy = rules
        .policy(content.entity, today)
        .ok_or_else(|| Error::field("entity", "no-policy"))?;
    let taken = store::taken(sql, content, claim.id).await?;
    let (judged, _) = judge::judge(sql, &org, policy, claim.id, content, &taken, today).await?;
    let around = Around::of(sql, content).await?;
    let facts = Facts {
        now: now(),
        today,
        org: &org,
        flow,
        judged: Some(&judged),
        deal_owner: around.deal_owner,
        taken: &taken,
        seed: [0; 16],
        around: around.as_facts(&org, &rules, content.entity, today),
    };
    let actor = Actor::Employee(content.claimant);
    let outcome = decide(Some(claim), Command::Submit, &actor, &facts).map(|d| d.claim);
    let ask = around.ask(&org, claim, &flow.settings, &judged.findings, today);
    let planned = flow.preview_of(&ask, &judged);
    let choices = flow
        .choices()
        .into_iter()
        .filter(|(step, _)| planned.iter().any(|p| p.id == step.id));
    let choices = choices
        .map(|(step, choice)| (step.id.clone(), step.name.clone(), choice.clone()))
        .collect();
    Ok(Preview {
        judged,
        outcome,
        planned,
        choices,
    })
}
