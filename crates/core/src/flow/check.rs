//! Whether a flow can run: refused with the step and the mend.

use std::collections::BTreeSet;
use std::fmt;

use rust_decimal::Decimal;

use super::{Branch, Branches, Choose, Fallback, Flow, LateAct, Mode, Node, Step, When, Who};
use crate::feel;
use crate::org::Org;

/// Why a text is no flow.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// Longer than is read.
    #[error("the flow is longer than {0} bytes: split it")]
    TooLong(usize),
    /// Not YAML of this shape.
    #[error("the flow cannot be read: {0}")]
    Shape(#[from] serde_norway::Error),
    /// A step id occurs twice.
    #[error("step {0:?} occurs twice: give each step its own id")]
    Twice(String),
    /// No step applies to every claim.
    #[error(
        "no step applies to every claim: let at least one step have no `when`, so that nobody approves their own claim"
    )]
    Open,
    /// A department head's level out of range.
    #[error("step {0:?}: department_head and heads_up_to count from 1 to 9")]
    Level(String),
    /// A step that no claim comes to.
    #[error("step {step:?} is never reached, since {because}")]
    Unreachable {
        /// Which.
        step: String,
        /// Why, with the mend.
        because: Unreached,
    },
    /// A share that is none.
    #[error("step {0:?}: a share lies above 0 and is at most 1, as in !share \"0.5\"")]
    Share(String),
    /// Branches that are none.
    #[error("step {0:?}: give it at least two branches, each with a step")]
    Branches(String),
    /// Nobody can be chosen.
    #[error("step {0:?}: say whom the claimant may choose, with `from` or `role`")]
    Choice(String),
    /// An expression that cannot be read.
    #[error("step {step:?}: {error} in the expression")]
    Expression {
        /// Which step.
        step: String,
        /// What is wrong with it.
        error: feel::FeelError,
    },
    /// What happens when a step is late is out of order.
    #[error("step {0:?}: write `late` in the order of days, each at least 1, and nothing after a return")]
    Late(String),
    /// Something that the organisation does not have.
    #[error("step {step:?}: the organisation has no {what} {name:?}: correct it, or add it to the organisation first")]
    Unknown {
        /// Which step.
        step: String,
        /// A department, an employee …
        what: &'static str,
        /// What it is called.
        name: String,
    },
}

/// Why no claim comes to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreached {
    /// Of branches where the first that holds is gone, one before takes all that this one could.
    BranchBefore,
    /// A list of a condition is empty.
    EmptyList,
    /// The bounds of an amount leave nothing between them.
    NoAmount,
    /// A stage is asked of claims without a deal.
    NoStage,
}

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unreached::BranchBefore => {
                "a branch before it takes every claim that could come here: move it up, or change its `when`"
            }
            Unreached::EmptyList => "a list of its `when` is empty: name something, or leave the list out",
            Unreached::NoAmount => {
                "no amount is at least amount_from and below amount_below: write the smaller one first"
            }
            Unreached::NoStage => "a claim without a deal has no stage: leave out deal_linked or deal_stages",
        })
    }
}

impl FlowError {
    /// The step that it is about; none where it is about the flow as a whole or its settings.
    pub fn step(&self) -> Option<&str> {
        match self {
            FlowError::TooLong(_) | FlowError::Shape(_) | FlowError::Open => None,
            FlowError::Twice(step)
            | FlowError::Level(step)
            | FlowError::Share(step)
            | FlowError::Branches(step)
            | FlowError::Choice(step)
            | FlowError::Late(step) => Some(step),
            FlowError::Unreachable { step, .. }
            | FlowError::Expression { step, .. }
            | FlowError::Unknown { step, .. } => Some(step.as_str()).filter(|step| *step != SETTINGS),
        }
    }
}

/// In place of a step, for what the settings name.
const SETTINGS: &str = "settings";

impl Flow {
    /// Whether it can run.
    pub fn check(&self) -> Result<(), FlowError> {
        self.problems().into_iter().next().map_or(Ok(()), Err)
    }

    /// All that keeps it from running, in the order of its steps.
    pub fn problems(&self) -> Vec<FlowError> {
        let mut seen = Seen {
            ids: BTreeSet::new(),
            found: Vec::new(),
        };
        seen.list(&self.steps);
        if !self.steps.iter().any(always_signs) {
            seen.found.push(FlowError::Open);
        }
        seen.found
    }

    /// Whether the departments, employees and posts that it names exist. Whoever publishes a flow asks this; a flow in
    /// force lives on when the organisation changes.
    pub fn check_names(&self, org: &Org) -> Result<(), FlowError> {
        self.unknown_names(org).into_iter().next().map_or(Ok(()), Err)
    }

    /// All that it names and the organisation does not have.
    pub fn unknown_names(&self, org: &Org) -> Vec<FlowError> {
        let mut found = Vec::new();
        for fallback in [&self.settings.if_nobody, &self.settings.if_own] {
            if let Fallback::StandIn(number) = fallback {
                found.extend(employee(org, SETTINGS, number));
            }
        }
        names(&self.steps, org, &mut found);
        found
    }
}

/// Whether every claim is signed there by somebody.
fn always_signs(node: &Node) -> bool {
    match node {
        Node::Step(step) => step.when == When::default(),
        Node::Copy(_) => false,
        Node::Branches(fork) => {
            let signs = |b: &Branch| b.steps.iter().any(always_signs);
            let open = |b: &Branch| b.when == When::default();
            match fork.choose {
                Choose::Every => fork.branches.iter().any(|b| open(b) && signs(b)),
                Choose::First => fork.branches.iter().any(open) && fork.branches.iter().all(signs),
            }
        }
    }
}

struct Seen {
    ids: BTreeSet<String>,
    found: Vec<FlowError>,
}

impl Seen {
    fn list(&mut self, nodes: &[Node]) {
        for node in nodes {
            let id = node.id();
            if !self.ids.insert(id.to_owned()) {
                self.found.push(FlowError::Twice(id.to_owned()));
            }
            match node {
                Node::Step(step) => self.step(step),
                Node::Copy(copy) => {
                    self.who(&copy.to, id);
                    self.when(&copy.when, id);
                }
                Node::Branches(fork) => self.branches(fork),
            }
        }
    }

    fn step(&mut self, step: &Step) {
        let id = step.id.as_str();
        self.who(&step.who, id);
        self.when(&step.when, id);
        if let Mode::Share(share) = step.mode
            && (share <= Decimal::ZERO || share > Decimal::ONE)
        {
            self.found.push(FlowError::Share(id.to_owned()));
        }
        let days = step.late.iter().map(|l| l.after);
        let rising = days.clone().zip(days.clone().skip(1)).all(|(a, b)| a <= b);
        let ended = step.late.iter().rev().skip(1).any(|l| l.act == LateAct::Return);
        if !rising || ended || days.clone().any(|d| d == 0) {
            self.found.push(FlowError::Late(id.to_owned()));
        }
    }

    fn branches(&mut self, fork: &Branches) {
        if fork.branches.len() < 2 || fork.branches.iter().any(|b| b.steps.is_empty()) {
            self.found.push(FlowError::Branches(fork.id.clone()));
        }
        let mut earlier: Vec<&When> = Vec::new();
        for branch in &fork.branches {
            let first = branch.steps.first().map_or(fork.id.as_str(), Node::id);
            self.when(&branch.when, first);
            if fork.choose == Choose::First {
                if earlier.iter().any(|e| e.covers(&branch.when)) {
                    self.unreachable(first, Unreached::BranchBefore);
                }
                earlier.push(&branch.when);
            }
            self.list(&branch.steps);
        }
    }

    fn unreachable(&mut self, step: &str, because: Unreached) {
        self.found.push(FlowError::Unreachable {
            step: step.to_owned(),
            because,
        });
    }

    fn who(&mut self, who: &Who, id: &str) {
        match who {
            Who::DepartmentHead(level) | Who::HeadsUpTo(level) if !(1..=9).contains(level) => {
                self.found.push(FlowError::Level(id.to_owned()));
            }
            Who::Chosen(choice) if choice.from.is_empty() && choice.role.is_none() => {
                self.found.push(FlowError::Choice(id.to_owned()));
            }
            Who::Expression(text) => self.expression(text, id),
            _ => {}
        }
    }

    fn expression(&mut self, text: &str, id: &str) {
        if let Err(error) = feel::expression(text, &super::when::names()) {
            self.found.push(FlowError::Expression {
                step: id.to_owned(),
                error,
            });
        }
    }

    fn when(&mut self, when: &When, id: &str) {
        if let Some(text) = &when.expression {
            self.expression(text, id);
        }
        let lists = [
            &when.categories,
            &when.claimant_grades,
            &when.claimant_positions,
            &when.departments,
            &when.deal_stages,
        ];
        if lists.iter().any(|l| l.as_ref().is_some_and(Vec::is_empty))
            || when.linked_to.as_ref().is_some_and(Vec::is_empty)
        {
            self.unreachable(id, Unreached::EmptyList);
        }
        if let (Some(from), Some(below)) = (when.amount_from, when.amount_below)
            && (from.currency != below.currency || from.minor >= below.minor)
        {
            self.unreachable(id, Unreached::NoAmount);
        }
        if when.deal_linked == Some(false) && when.deal_stages.is_some() {
            self.unreachable(id, Unreached::NoStage);
        }
    }
}

fn names(nodes: &[Node], org: &Org, found: &mut Vec<FlowError>) {
    for node in nodes {
        match node {
            Node::Step(step) => {
                who_names(&step.who, &step.id, org, found);
                when_names(&step.when, &step.id, org, found);
            }
            Node::Copy(copy) => {
                who_names(&copy.to, &copy.id, org, found);
                when_names(&copy.when, &copy.id, org, found);
            }
            Node::Branches(fork) => {
                for branch in &fork.branches {
                    when_names(&branch.when, &fork.id, org, found);
                    names(&branch.steps, org, found);
                }
            }
        }
    }
}

fn who_names(who: &Who, step: &str, org: &Org, found: &mut Vec<FlowError>) {
    match who {
        Who::Employee(number) => found.extend(employee(org, step, number)),
        Who::Chosen(choice) => found.extend(choice.from.iter().filter_map(|number| employee(org, step, number))),
        Who::Position(title) if !org.all_assignments().any(|a| a.position == *title) => {
            found.push(unknown(step, "post", title));
        }
        _ => {}
    }
}

fn when_names(when: &When, step: &str, org: &Org, found: &mut Vec<FlowError>) {
    let codes = when.departments.iter().flatten();
    let missing = codes.filter(|code| !org.departments().any(|d| d.code == **code));
    found.extend(missing.map(|code| unknown(step, "department", code)));
}

fn employee(org: &Org, step: &str, number: &str) -> Option<FlowError> {
    let works = org.employees().any(|e| e.number == number && e.active);
    (!works).then(|| unknown(step, "active employee", number))
}

fn unknown(step: &str, what: &'static str, name: &str) -> FlowError {
    FlowError::Unknown {
        step: step.to_owned(),
        what,
        name: name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(branches: &str) -> Flow {
        Flow::read(&format!(
            r#"
id: f
version: 1
name: {{ zh: 流, en: F }}
steps:
  - {{ id: head, name: {{ zh: 甲, en: A }}, who: !department_head 0 }}
  - id: ways
    name: {{ zh: 分, en: Ways }}
    choose: first
    branches:
{branches}
"#
        ))
        .expect("of that shape")
    }

    fn branch(step: &str, when: &str) -> String {
        format!(
            "      - {{ name: {{ zh: 乙, en: B }}, when: {{ {when} }}, steps: [{{ id: {step}, name: {{ zh: 丙, en: C }}, who: !role finance }}] }}\n"
        )
    }

    fn unreached(flow: &Flow) -> Vec<String> {
        let all = flow.problems();
        let found = all.iter().filter(|p| matches!(p, FlowError::Unreachable { .. }));
        found.filter_map(|p| p.step().map(str::to_owned)).collect()
    }

    #[test]
    fn a_branch_behind_one_that_takes_all_its_claims_is_never_reached() {
        let from = |n: u32| format!("amount_from: {{ amount: \"{n}.00\", currency: CNY }}");
        let rising = branch("a", &from(1000)) + &branch("b", &from(5000));
        assert_eq!(unreached(&flow(&rising)), ["b"]);
        let falling = branch("a", &from(5000)) + &branch("b", &from(1000));
        assert!(unreached(&flow(&falling)).is_empty());
        let lists = branch("a", "categories: [meals, taxi]") + &branch("b", "categories: [meals], deal_linked: true");
        assert_eq!(unreached(&flow(&lists)), ["b"]);
        let wider = branch("a", "categories: [meals]") + &branch("b", "categories: [meals, taxi]");
        assert!(unreached(&flow(&wider)).is_empty());
        let euro = branch("a", &from(1000)) + &branch("b", &from(5000).replace("CNY", "EUR"));
        assert!(unreached(&flow(&euro)).is_empty());
    }

    #[test]
    fn all_that_is_wrong_is_told() {
        let both = branch("a", "categories: []") + &branch("a", "deal_linked: false, deal_stages: [x]");
        let found = flow(&both).problems();
        let steps: Vec<Option<&str>> = found.iter().map(FlowError::step).collect();
        assert_eq!(steps, [Some("head"), Some("a"), Some("a"), Some("a")], "{found:?}");
    }
}
