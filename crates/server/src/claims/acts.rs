//! What a reader may do on the run of a claim, beside approving and rejecting.

use outlay_core::claim::{Claim, Command, Kind, OutcomeKind, Part, Progress, Status, Task};
use outlay_core::flow::{Field, Why};
use outlay_core::ids::EmployeeId;
use serde::Serialize;
use utoipa::ToSchema;

use super::act::would;
use crate::app::App;
use crate::auth::{Person, Visitor};
use crate::db::Sql;
use crate::error::Error;
use crate::shell::W;

/// What a reader may do on the run of a claim.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct ActsView {
    /// Whether the reader's task asks for advice alone.
    pub advice_only: bool,
    /// Whose task it is, if the reader acts for them.
    pub on_behalf_of: Option<String>,
    /// The approved task that the reader may take back.
    pub taking_back: Option<String>,
    /// Whether the claimant may take the claim back as a draft.
    pub recall: bool,
    /// Whether those asked may be reminded now.
    pub remind: bool,
    /// Whether copies may be sent.
    pub copy_to: bool,
    /// The steps to which the reader may send it back.
    pub steps: Vec<StepChoice>,
    /// The lines that the reader may amend.
    pub amend: Vec<AmendChoice>,
    /// The signers whom the reader added and may remove.
    pub added: Vec<StepChoice>,
}

/// A line that an approver may amend.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AmendChoice {
    /// Its id.
    pub id: String,
    /// What it is.
    pub name: String,
    /// The amount claimed, where it may be lowered.
    pub claimed: Option<String>,
    /// The input tax, where it may be changed; empty for none.
    pub tax: Option<String>,
}

/// Something to choose.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StepChoice {
    /// A step's id in the flow, or an employee's id.
    pub id: String,
    /// What people call it.
    pub name: String,
}

impl ActsView {
    /// Whether there is anything at all for a menu, apart from what a task of the reader's allows.
    pub fn any(&self) -> bool {
        self.taking_back.is_some() || self.recall || self.remind || self.copy_to || !self.added.is_empty()
    }
}

/// The open task that waits for a reader: their own first, then of those for whom they act.
pub fn task_of<'a>(claim: &'a Claim, person: &Person) -> Option<&'a Task> {
    if claim.status() != Status::InReview {
        return None;
    }
    let own = claim.open_tasks().find(|t| t.assignee == person.id());
    own.or_else(|| claim.open_tasks().find(|t| person.answers(t.assignee, &claim.content)))
}

/// What `visitor` may do.
pub async fn acts(sql: &mut Sql, app: &App, visitor: &Visitor, claim: &Claim) -> Result<ActsView, Error> {
    let me = visitor.person.id();
    let w = W(visitor.lang);
    if claim.status() != Status::InReview {
        let has_part =
            claim.content.claimant == me || claim.run.iter().flat_map(|s| &s.tasks).any(|t| t.assignee == me);
        return Ok(ActsView {
            copy_to: has_part && !claim.status().is_editable(),
            ..ActsView::default()
        });
    }
    let org = app.org(sql).await?;
    let name = |id: EmployeeId| org.employee(id).map(|e| e.name.clone()).unwrap_or_default();
    let task = task_of(claim, &visitor.person);
    let mut view = ActsView {
        advice_only: task.is_some_and(|t| matches!(t.part, Part::Advice(_))),
        on_behalf_of: task.map(|t| t.assignee).filter(|a| *a != me).map(name),
        ..ActsView::default()
    };
    let part = |t: &Task| t.assignee == me || t.outcome.as_ref().is_some_and(|o| o.by == Some(me));
    view.copy_to = claim.content.claimant == me || claim.run.iter().flat_map(|s| &s.tasks).any(part);
    if let Some(task) = task
        && let Some((at, _)) = claim.task(task.id)
    {
        let may = |field| claim.run[at].may_edit.contains(&field) && !view.advice_only;
        let (claimed, tax) = (may(Field::Claimed), may(Field::Tax));
        if claimed || tax {
            let rules = app.rules(sql).await?;
            view.amend = claim
                .content
                .lines
                .iter()
                .map(|l| AmendChoice {
                    id: l.id.to_string(),
                    name: format!("{} {}", l.incurred_on, rules.category_name(&l.category, w.0)),
                    claimed: claimed.then(|| l.claimed.decimal().to_string()),
                    tax: tax.then(|| l.tax.map(|t| t.decimal().to_string()).unwrap_or_default()),
                })
                .collect();
        }
        let before = claim.run[at].earlier(&claim.run, at);
        let passed = before.into_iter().map(|i| &claim.run[i]);
        view.steps = passed
            .filter(|s| s.kind == Kind::Sign && s.progress == Progress::Done)
            .map(|s| StepChoice {
                id: s.id.clone(),
                name: s.name.get(w.0).to_owned(),
            })
            .collect();
    }
    let open = claim.run.iter().filter(|s| s.progress == Progress::Open);
    for step in open {
        let asked = step.open().map(|t| (t.assignee, &t.why));
        let queued = step.queue.iter().map(|a| (a.employee, &a.why));
        view.added.extend(
            asked
                .chain(queued)
                .filter(|(_, why)| **why == Why::AddedBy(me))
                .map(|(who, _)| StepChoice {
                    id: who.to_string(),
                    name: name(who),
                }),
        );
    }
    let mine = |t: &&Task| t.ended(OutcomeKind::Approved) && part(t);
    if let Some(task) = claim.run.iter().rev().flat_map(|s| s.tasks.iter().rev()).find(mine) {
        let command = Command::TakeBack { task: task.id };
        if would(sql, app, me, claim, command).await? {
            view.taking_back = Some(task.id.to_string());
        }
    }
    if claim.content.claimant == me {
        view.recall = would(sql, app, me, claim, Command::Recall).await?;
        view.remind = would(sql, app, me, claim, Command::Remind).await?;
    }
    Ok(view)
}
