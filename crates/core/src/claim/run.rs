//! The steps of a run, and the tasks of those asked.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::flow::{Approver, Field, Late, LateAct, Mode, Who, Why, is_default};
use crate::ids::{EmployeeId, TaskId};
use crate::policy::VersionRef;
use crate::words::Text;

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStep {
    /// The flow it is of.
    pub flow: VersionRef,
    /// The step's id there.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// Who is asked.
    pub who: Who,
    /// How many must sign.
    pub mode: Mode,
    /// How far it is.
    pub progress: Progress,
    /// Who was asked.
    pub tasks: Vec<Task>,
    /// Whether it signs or sends copies.
    #[serde(default, skip_serializing_if = "is_default")]
    pub kind: Kind,
    /// The steps that it waits for; the one before if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Vec<usize>>,
    /// The branches it is in, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lane: Vec<Text>,
    /// What those asked may change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub may_edit: Vec<Field>,
    /// What happens when nobody answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late: Vec<Late>,
    /// Who is asked when nobody of those asked is left, one after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queue: Vec<Approver>,
    /// What is due when, earliest first; while it is open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timers: Vec<Timer>,
}

/// What a step is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Somebody signs.
    #[default]
    Sign,
    /// Somebody gets a copy.
    Copy,
}

/// Something that is due unless the step is answered before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(rename = "do")]
    pub act: LateAct,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Not begun, or begun and sent back.
    Waiting,
    /// Somebody is asked.
    Open,
    /// Signed, or sent.
    Done,
    /// Nobody had to be asked, or they had signed before.
    Skipped,
}

/// One person's part of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// Who is asked.
    pub assignee: EmployeeId,
    /// Why them.
    pub why: Why,
    /// Since when.
    pub opened_at: Timestamp,
    /// What became of it.
    pub outcome: Option<Outcome>,
    /// What part it has in its step.
    #[serde(default, skip_serializing_if = "is_default")]
    pub part: Part,
}

/// What part a task has in its step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// One of those whom the flow asks.
    #[default]
    Own,
    /// Added by a signer (加签): must sign, too, however many of the others do.
    Added,
    /// Added before another task: signs, then whoever had that task is asked again.
    Before(TaskId),
    /// Advises whoever had another task (委派), who is asked again then.
    Advice(TaskId),
}

/// What became of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How it ended.
    pub kind: OutcomeKind,
    /// When.
    pub at: Timestamp,
    /// What was said.
    pub comment: String,
    /// Who acted, where somebody did so on behalf of the one asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<EmployeeId>,
}

/// How a task can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    /// 同意
    Approved,
    /// 拒绝
    Rejected,
    /// 退回
    Returned,
    /// 转交
    Transferred,
    /// 委派, or 加签 before one's own signature: asked again later.
    Delegated,
    /// Advice given (委派).
    Advised,
    /// An approval that no longer stands: taken back, sent back, or amended.
    Revoked,
    /// No longer needed: another signed, or the claim went away.
    Void,
}

impl OutcomeKind {
    /// The word in tables.
    pub fn code(self) -> &'static str {
        match self {
            OutcomeKind::Approved => "approved",
            OutcomeKind::Rejected => "rejected",
            OutcomeKind::Returned => "returned",
            OutcomeKind::Transferred => "transferred",
            OutcomeKind::Delegated => "delegated",
            OutcomeKind::Advised => "advised",
            OutcomeKind::Revoked => "revoked",
            OutcomeKind::Void => "void",
        }
    }

    /// Whether somebody said something by it, rather than it fell away.
    pub fn is_act(self) -> bool {
        !matches!(self, OutcomeKind::Void | OutcomeKind::Revoked)
    }
}

impl Task {
    /// Whether it is still to be answered.
    pub fn is_open(&self) -> bool {
        self.outcome.is_none()
    }

    /// Whether it ended so.
    pub fn ended(&self, kind: OutcomeKind) -> bool {
        self.outcome.as_ref().is_some_and(|o| o.kind == kind)
    }

    /// Who signed, where it is approved: whoever was asked, and whoever acted for them.
    pub fn signers(&self) -> impl Iterator<Item = EmployeeId> {
        let signed = self.outcome.as_ref().filter(|o| o.kind == OutcomeKind::Approved);
        let both = signed.map(|o| [Some(self.assignee), o.by]);
        both.into_iter().flatten().flatten()
    }
}

impl RunStep {
    /// The steps that the one at `at` waits for.
    pub fn waits_for(&self, at: usize) -> Vec<usize> {
        match &self.after {
            Some(after) => after.clone(),
            None => at.checked_sub(1).into_iter().collect(),
        }
    }

    /// All steps of `run` that must have ended before this one, which is at `at`.
    pub fn earlier(&self, run: &[RunStep], at: usize) -> Vec<usize> {
        crate::flow::ancestors(run, at)
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        matches!(self.progress, Progress::Done | Progress::Skipped)
    }

    /// Its open tasks.
    pub fn open(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(|t| t.is_open())
    }

    /// Everybody whose approval stands.
    pub fn signers(&self) -> impl Iterator<Item = EmployeeId> {
        self.tasks.iter().flat_map(Task::signers)
    }

    /// Those who are asked again after a task, the nearest first.
    pub(super) fn waiting_for(&self, task: &Task) -> Vec<EmployeeId> {
        let mut found = Vec::new();
        let mut part = task.part;
        while let Part::Before(id) | Part::Advice(id) = part
            && found.len() < self.tasks.len()
            && let Some(root) = self.tasks.iter().find(|t| t.id == id)
        {
            found.push(root.assignee);
            part = root.part;
        }
        found
    }

    /// The part at the root of a task that was added before others, or advises them.
    pub(super) fn root(&self, task: &Task) -> Part {
        let mut part = task.part;
        // Each asks on behalf of an older one.
        for _ in 0..self.tasks.len() {
            let (Part::Before(id) | Part::Advice(id)) = part else {
                break;
            };
            part = self.tasks.iter().find(|t| t.id == id).map_or(Part::Own, |t| t.part);
        }
        part
    }

    /// Whether as many have signed as must, of those whom the flow asks.
    pub(super) fn is_enough(&self) -> bool {
        let own = |t: &&Task| self.root(t) == Part::Own;
        let is_part = |t: &&Task| t.part == Part::Own && t.ended(OutcomeKind::Approved);
        let signed = self.tasks.iter().filter(is_part).count();
        let open = self.open().filter(own).count();
        let queued = self.queue.iter().filter(|a| !is_added(&a.why)).count();
        let all = signed + open + queued;
        let needed = match self.mode {
            Mode::Any => 1,
            Mode::All | Mode::InOrder => all,
            Mode::Share(share) => {
                let needed = (share * rust_decimal::Decimal::from(all)).ceil();
                usize::try_from(needed).unwrap_or(all)
            }
        };
        signed >= needed.max(1)
    }
}

/// Whether somebody is asked since a signer added them.
pub(super) fn is_added(why: &Why) -> bool {
    matches!(why, Why::AddedBy(_))
}
