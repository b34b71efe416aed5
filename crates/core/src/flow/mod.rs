//! Approval flows (审批流): immutable versions of a tree that reads as a list of steps, each saying who signs and when it applies.

mod affected;
mod check;
mod delegation;
mod edit;
mod preview;
mod resolve;
mod text;
mod tree;
mod when;
mod who;
mod written;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub use affected::Affected;
pub use check::{FlowError, Unreached};
pub use delegation::{Delegation, DelegationError, deputies, represented, without_cycles};
pub use edit::with_flow;
pub use preview::{Planned, Seen};
pub(crate) use preview::{ancestors, preceding};
pub use resolve::{Approver, Ask, Choices, NoApprover, Resolved, Why};
pub use tree::Place;
pub use when::When;
pub use who::{Choice, Who};

use crate::claim::{Kind, Progress, RunStep};
use crate::org::Role;
use crate::policy::{Finding, VersionRef};
use crate::words::Text;

/// The step that a policy's audit asks.
pub const AUDIT_STEP: &str = "outlay.audit";

/// One version of a flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Which flow.
    pub id: String,
    /// Its version, from 1.
    pub version: u32,
    /// What people call it.
    pub name: Text,
    /// What holds for all steps.
    #[serde(default, skip_serializing_if = "crate::flow::is_default")]
    pub settings: Settings,
    /// The steps, in order.
    pub steps: Vec<Node>,
}

/// What holds for all steps of a flow.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Whether somebody who has signed is asked again further down.
    #[serde(skip_serializing_if = "crate::flow::is_default")]
    pub same_person: SamePerson,
    /// What is done where a step finds nobody.
    #[serde(skip_serializing_if = "crate::flow::is_default")]
    pub if_nobody: Fallback,
    /// What is done where a step finds only the claimant. Nobody ever signs their own claim.
    #[serde(skip_serializing_if = "crate::flow::is_default")]
    pub if_own: Fallback,
}

/// How often one person signs one claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SamePerson {
    /// Once in the whole run.
    #[default]
    Once,
    /// Not at two steps that follow one another.
    Consecutive,
    /// At every step that asks them.
    Every,
}

/// Whom a step asks instead. There is no "pass": it is about money.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// Nobody: the claim cannot be handed in.
    #[default]
    Refuse,
    /// The nearest head above the claimant.
    HeadAbove,
    /// One employee, by personnel number.
    StandIn(String),
}

/// One place in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "text::NodeText", into = "text::NodeText")]
pub enum Node {
    /// Somebody signs.
    Step(Box<Step>),
    /// Somebody gets a copy (抄送) and need not answer.
    Copy(Box<CopyStep>),
    /// The list divides and joins again.
    Branches(Branches),
}

/// A step that somebody signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its id within the flow.
    pub id: String,
    /// What people call it.
    pub name: Text,
    /// Who is asked.
    pub who: Who,
    /// How many of them must sign.
    pub mode: Mode,
    /// When it applies; always if nothing is said.
    pub when: When,
    /// What those asked may change in the claim.
    pub may_edit: Vec<Field>,
    /// What happens when nobody answers, in the order of days.
    pub late: Vec<Late>,
}

/// A step that sends copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyStep {
    /// Its id within the flow.
    pub id: String,
    /// What people call it.
    pub name: Text,
    /// Who gets one.
    pub to: Who,
    /// When it applies.
    pub when: When,
}

/// Where the list divides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branches {
    /// Its id within the flow.
    pub id: String,
    /// What people call it.
    pub name: Text,
    /// Which of them are gone.
    pub choose: Choose,
    /// The branches, in order.
    pub branches: Vec<Branch>,
}

/// One branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// What people call it.
    pub name: Text,
    /// When it is gone.
    #[serde(default, skip_serializing_if = "crate::flow::is_default")]
    pub when: When,
    /// Its steps.
    pub steps: Vec<Node>,
}

/// Which branches are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choose {
    /// All whose conditions hold, side by side; what follows waits for all of them (并行分支).
    #[default]
    Every,
    /// The first whose conditions hold (条件分支).
    First,
}

/// How many of those asked must sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// One is enough (或签).
    #[default]
    Any,
    /// Every one (会签).
    All,
    /// At least this share of them, above 0 and at most 1 (会签 by ratio).
    Share(#[serde(with = "rust_decimal::serde::str")] Decimal),
    /// Every one, each asked when the one before has signed (依次).
    InOrder,
}

/// Something of a claim that an approver may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The category of a line.
    Category,
    /// The claimed amount of a line, downwards.
    Claimed,
    /// The input tax of a line.
    Tax,
    /// What a line was.
    Description,
    /// Customer, deal, project and cost centre of the parts of a line.
    Allocations,
}

/// Something that happens when a step is not answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Late {
    /// So many working days after it opened.
    pub after: u16,
    /// What then.
    #[serde(rename = "do")]
    pub act: LateAct,
}

/// What happens when a step is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LateAct {
    /// Those asked are reminded.
    Remind,
    /// Each task goes to the head above whoever had it.
    Escalate,
    /// The claim goes back to the claimant.
    Return,
}

/// Whether a value is the one that is left out in files.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Node {
    /// Its id within the flow.
    pub fn id(&self) -> &str {
        match self {
            Node::Step(step) => &step.id,
            Node::Copy(copy) => &copy.id,
            Node::Branches(branches) => &branches.id,
        }
    }
}

/// No choices: for claims whose claimant chose nobody.
pub fn no_choices() -> &'static Choices {
    static NONE: Choices = Choices::new();
    &NONE
}

impl Flow {
    /// Whom the claimant may choose for a step, if it leaves that to them.
    pub fn choice(&self, step: &str) -> Option<&Choice> {
        choice(&self.steps, step)
    }

    /// The steps that leave it to the claimant who signs, with whom they may choose.
    pub fn choices(&self) -> Vec<(&Step, &Choice)> {
        let mut found = Vec::new();
        choices(&self.steps, &mut found);
        found
    }

    /// Its name and version.
    pub fn reference(&self) -> VersionRef {
        VersionRef {
            id: self.id.clone(),
            version: self.version,
        }
    }

    /// This flow with one step alone: a role looks, because the policy drew the claim for an audit.
    pub fn asking(&self, role: Role) -> Flow {
        let step = Step {
            id: AUDIT_STEP.to_owned(),
            name: Text {
                zh: "随机抽查".to_owned(),
                en: "Random audit".to_owned(),
            },
            who: Who::Role(role),
            mode: Mode::default(),
            when: When::default(),
            may_edit: Vec::new(),
            late: Vec::new(),
        };
        Flow {
            steps: vec![Node::Step(Box::new(step))],
            ..self.clone()
        }
    }

    /// The run of a claim: the steps that apply, each with those it waits for.
    pub fn plan(&self, ask: &Ask, findings: &[Finding]) -> Vec<RunStep> {
        let mut planning = Planning {
            flow: self.reference(),
            ask,
            findings,
            run: Vec::new(),
        };
        planning.list(&self.steps, Vec::new(), &[]);
        planning.run
    }
}

fn choice<'a>(nodes: &'a [Node], step: &str) -> Option<&'a Choice> {
    let mut found = Vec::new();
    choices(nodes, &mut found);
    found.into_iter().find(|(s, _)| s.id == step).map(|(_, choice)| choice)
}

fn choices<'a>(nodes: &'a [Node], found: &mut Vec<(&'a Step, &'a Choice)>) {
    for node in nodes {
        match node {
            Node::Step(step) => {
                if let Who::Chosen(choice) = &step.who {
                    found.push((step, choice));
                }
            }
            Node::Copy(_) => {}
            Node::Branches(fork) => {
                for branch in &fork.branches {
                    choices(&branch.steps, found);
                }
            }
        }
    }
}

struct Planning<'a> {
    flow: VersionRef,
    ask: &'a Ask<'a>,
    findings: &'a [Finding],
    run: Vec<RunStep>,
}

impl Planning<'_> {
    /// Lays `nodes` one after the other, the first of them after `ends`; the steps that what follows waits for.
    fn list(&mut self, nodes: &[Node], mut ends: Vec<usize>, lane: &[Text]) -> Vec<usize> {
        for node in nodes {
            match node {
                Node::Step(step) if step.when.holds(self.ask, self.findings) => {
                    let mode = match step.who {
                        Who::HeadsUpTo(_) => Mode::InOrder,
                        _ => step.mode,
                    };
                    ends = self.push(ends, lane, |run| {
                        run.id.clone_from(&step.id);
                        run.name = step.name.clone();
                        run.who = step.who.clone();
                        run.mode = mode;
                        run.may_edit.clone_from(&step.may_edit);
                        run.late.clone_from(&step.late);
                    });
                }
                Node::Copy(copy) if copy.when.holds(self.ask, self.findings) => {
                    ends = self.push(ends, lane, |run| {
                        run.id.clone_from(&copy.id);
                        run.name = copy.name.clone();
                        run.who = copy.to.clone();
                        run.kind = Kind::Copy;
                    });
                }
                Node::Step(_) | Node::Copy(_) => {}
                Node::Branches(fork) => {
                    let mut holding = fork.branches.iter().filter(|b| b.when.holds(self.ask, self.findings));
                    let taken: Vec<&Branch> = match fork.choose {
                        Choose::Every => holding.collect(),
                        Choose::First => holding.next().into_iter().collect(),
                    };
                    let mut joined = Vec::new();
                    for branch in taken {
                        let mut lane = lane.to_vec();
                        lane.push(branch.name.clone());
                        joined.extend(self.list(&branch.steps, ends.clone(), &lane));
                    }
                    joined.sort_unstable();
                    joined.dedup();
                    if !joined.is_empty() {
                        ends = joined;
                    }
                }
            }
        }
        ends
    }

    fn push(&mut self, after: Vec<usize>, lane: &[Text], fill: impl FnOnce(&mut RunStep)) -> Vec<usize> {
        let at = self.run.len();
        let before: Vec<usize> = at.checked_sub(1).into_iter().collect();
        let mut step = RunStep {
            flow: self.flow.clone(),
            id: String::new(),
            name: Text {
                zh: String::new(),
                en: String::new(),
            },
            who: Who::DealOwner,
            mode: Mode::Any,
            progress: Progress::Waiting,
            tasks: Vec::new(),
            kind: Kind::Sign,
            after: (after != before).then_some(after),
            lane: lane.to_vec(),
            may_edit: Vec::new(),
            late: Vec::new(),
            queue: Vec::new(),
            timers: Vec::new(),
        };
        fill(&mut step);
        self.run.push(step);
        vec![at]
    }
}

/// The flow that a new company begins with: the department head, above a limit the next head, and finance.
pub const STANDARD: &str = include_str!("../../flows/standard.yaml");
