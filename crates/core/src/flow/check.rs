//! Whether a flow can run: refused with the step and the mend.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::{Branches, Choose, Fallback, Flow, LateAct, Mode, Node, When, Who};
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
        because: &'static str,
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

impl Flow {
    /// Whether it can run.
    pub fn check(&self) -> Result<(), FlowError> {
        let mut ids = BTreeSet::new();
        check_list(&self.steps, &mut ids)?;
        if self.steps.iter().any(always_signs) {
            Ok(())
        } else {
            Err(FlowError::Open)
        }
    }

    /// Whether the departments, employees and posts that it names exist. Whoever publishes a flow asks this; a flow in
    /// force lives on when the organisation changes.
    pub fn check_names(&self, org: &Org) -> Result<(), FlowError> {
        for fallback in [&self.settings.if_nobody, &self.settings.if_own] {
            if let Fallback::StandIn(number) = fallback {
                employee(org, "settings", number)?;
            }
        }
        names(&self.steps, org)
    }
}

/// Whether every claim is signed there by somebody.
fn always_signs(node: &Node) -> bool {
    match node {
        Node::Step(step) => step.when == When::default(),
        Node::Copy(_) => false,
        Node::Branches(fork) => {
            let signs = |b: &super::Branch| b.steps.iter().any(always_signs);
            let open = |b: &super::Branch| b.when == When::default();
            match fork.choose {
                Choose::Every => fork.branches.iter().any(|b| open(b) && signs(b)),
                Choose::First => fork.branches.iter().any(open) && fork.branches.iter().all(signs),
            }
        }
    }
}

fn check_list(nodes: &[Node], ids: &mut BTreeSet<String>) -> Result<(), FlowError> {
    for node in nodes {
        let id = node.id();
        if !ids.insert(id.to_owned()) {
            return Err(FlowError::Twice(id.to_owned()));
        }
        match node {
            Node::Step(step) => {
                check_who(&step.who, id)?;
                check_when(&step.when, id)?;
                if let Mode::Share(share) = step.mode
                    && (share <= Decimal::ZERO || share > Decimal::ONE)
                {
                    return Err(FlowError::Share(id.to_owned()));
                }
                let days = step.late.iter().map(|l| l.after);
                let rising = days.clone().zip(days.clone().skip(1)).all(|(a, b)| a <= b);
                let ended = step.late.iter().rev().skip(1).any(|l| l.act == LateAct::Return);
                if !rising || ended || days.clone().any(|d| d == 0) {
                    return Err(FlowError::Late(id.to_owned()));
                }
            }
            Node::Copy(copy) => {
                check_who(&copy.to, id)?;
                check_when(&copy.when, id)?;
            }
            Node::Branches(fork) => check_branches(fork, ids)?,
        }
    }
    Ok(())
}

fn check_branches(fork: &Branches, ids: &mut BTreeSet<String>) -> Result<(), FlowError> {
    if fork.branches.len() < 2 || fork.branches.iter().any(|b| b.steps.is_empty()) {
        return Err(FlowError::Branches(fork.id.clone()));
    }
    let mut earlier: Vec<&When> = Vec::new();
    for branch in &fork.branches {
        let first = branch.steps.first().map_or(fork.id.as_str(), Node::id);
        check_when(&branch.when, first)?;
        if fork.choose == Choose::First {
            if earlier.iter().any(|e| **e == When::default() || **e == branch.when) {
                return Err(FlowError::Unreachable {
                    step: first.to_owned(),
                    because: "a branch before it takes every claim that could come here: move it up, or change its `when`",
                });
            }
            earlier.push(&branch.when);
        }
        check_list(&branch.steps, ids)?;
    }
    Ok(())
}

fn check_who(who: &Who, id: &str) -> Result<(), FlowError> {
    match who {
        Who::DepartmentHead(level) | Who::HeadsUpTo(level) if !(1..=9).contains(level) => {
            Err(FlowError::Level(id.to_owned()))
        }
        Who::Chosen(choice) if choice.from.is_empty() && choice.role.is_none() => Err(FlowError::Choice(id.to_owned())),
        Who::Expression(text) => check_expression(text, id),
        _ => Ok(()),
    }
}

fn check_expression(text: &str, id: &str) -> Result<(), FlowError> {
    feel::expression(text, &super::when::names())
        .map(|_| ())
        .map_err(|error| FlowError::Expression {
            step: id.to_owned(),
            error,
        })
}

fn check_when(when: &When, id: &str) -> Result<(), FlowError> {
    if let Some(text) = &when.expression {
        check_expression(text, id)?;
    }
    let unreachable = |because| {
        Err(FlowError::Unreachable {
            step: id.to_owned(),
            because,
        })
    };
    let lists = [
        &when.categories,
        &when.claimant_grades,
        &when.claimant_positions,
        &when.departments,
        &when.deal_stages,
    ];
    if lists.iter().any(|l| l.as_ref().is_some_and(Vec::is_empty)) || when.linked_to.as_ref().is_some_and(Vec::is_empty)
    {
        return unreachable("a list of its `when` is empty: name something, or leave the list out");
    }
    if let (Some(from), Some(below)) = (when.amount_from, when.amount_below)
        && (from.currency != below.currency || from.minor >= below.minor)
    {
        return unreachable("no amount is at least amount_from and below amount_below: write the smaller one first");
    }
    if when.deal_linked == Some(false) && when.deal_stages.is_some() {
        return unreachable("a claim without a deal has no stage: leave out deal_linked or deal_stages");
    }
    Ok(())
}

fn names(nodes: &[Node], org: &Org) -> Result<(), FlowError> {
    for node in nodes {
        match node {
            Node::Step(step) => {
                who_names(&step.who, &step.id, org)?;
                when_names(&step.when, &step.id, org)?;
            }
            Node::Copy(copy) => {
                who_names(&copy.to, &copy.id, org)?;
                when_names(&copy.when, &copy.id, org)?;
            }
            Node::Branches(fork) => {
                for branch in &fork.branches {
                    when_names(&branch.when, &fork.id, org)?;
                    names(&branch.steps, org)?;
                }
            }
        }
    }
    Ok(())
}

fn who_names(who: &Who, step: &str, org: &Org) -> Result<(), FlowError> {
    match who {
        Who::Employee(number) => employee(org, step, number),
        Who::Chosen(choice) => choice.from.iter().try_for_each(|number| employee(org, step, number)),
        Who::Position(title) if !org.all_assignments().any(|a| a.position == *title) => unknown(step, "post", title),
        _ => Ok(()),
    }
}

fn when_names(when: &When, step: &str, org: &Org) -> Result<(), FlowError> {
    let codes = when.departments.iter().flatten();
    let missing = codes.clone().find(|code| !org.departments().any(|d| d.code == **code));
    missing.map_or(Ok(()), |code| unknown(step, "department", code))
}

fn employee(org: &Org, step: &str, number: &str) -> Result<(), FlowError> {
    if org.employees().any(|e| e.number == number && e.active) {
        Ok(())
    } else {
        unknown(step, "active employee", number)
    }
}

fn unknown(step: &str, what: &'static str, name: &str) -> Result<(), FlowError> {
    Err(FlowError::Unknown {
        step: step.to_owned(),
        what,
        name: name.to_owned(),
    })
}
