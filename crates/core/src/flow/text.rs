//! Flows as YAML: a node is what its keys say it is.

use serde::{Deserialize, Serialize};

use super::{Branch, Branches, Choose, CopyStep, Field, Flow, FlowError, Late, Mode, Node, Step, When, Who};
use crate::words::Text;

/// Longest text of a flow, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// A node as it is written: `who` makes it a step, `copy` sends copies, `branches` divides the list.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeText {
    id: String,
    name: Text,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    who: Option<Who>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    copy: Option<Who>,
    #[serde(default, skip_serializing_if = "super::is_default")]
    mode: Mode,
    #[serde(default, skip_serializing_if = "super::is_default")]
    when: When,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    may_edit: Vec<Field>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    late: Vec<Late>,
    #[serde(default, skip_serializing_if = "super::is_default")]
    choose: Choose,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    branches: Option<Vec<Branch>>,
}

impl TryFrom<NodeText> for Node {
    type Error = String;

    fn try_from(text: NodeText) -> Result<Node, String> {
        let id = text.id.clone();
        let only = |key: &str, set: bool| {
            if set {
                Err(format!("step {id:?}: `{key}` does not belong there: leave it out"))
            } else {
                Ok(())
            }
        };
        let signs = text.mode != Mode::default() || !text.may_edit.is_empty() || !text.late.is_empty();
        let divides = text.choose != Choose::default();
        match (text.who, text.copy, text.branches) {
            (Some(who), None, None) => {
                only("choose", divides)?;
                Ok(Node::Step(Box::new(Step {
                    id: text.id,
                    name: text.name,
                    who,
                    mode: text.mode,
                    when: text.when,
                    may_edit: text.may_edit,
                    late: text.late,
                })))
            }
            (None, Some(to), None) => {
                only("mode, may_edit, late or choose", signs || divides)?;
                Ok(Node::Copy(Box::new(CopyStep {
                    id: text.id,
                    name: text.name,
                    to,
                    when: text.when,
                })))
            }
            (None, None, Some(branches)) => {
                only("mode, may_edit or late", signs)?;
                only("when", text.when != When::default())?;
                Ok(Node::Branches(Branches {
                    id: text.id,
                    name: text.name,
                    choose: text.choose,
                    branches,
                }))
            }
            _ => Err(format!(
                "step {id:?}: write one of `who` (signs), `copy` (gets a copy) and `branches` (divides the list)"
            )),
        }
    }
}

impl From<Node> for NodeText {
    fn from(node: Node) -> NodeText {
        let empty = |id: String, name: Text| NodeText {
            id,
            name,
            who: None,
            copy: None,
            mode: Mode::default(),
            when: When::default(),
            may_edit: Vec::new(),
            late: Vec::new(),
            choose: Choose::default(),
            branches: None,
        };
        match node {
            Node::Step(step) => NodeText {
                who: Some(step.who),
                mode: step.mode,
                when: step.when,
                may_edit: step.may_edit,
                late: step.late,
                ..empty(step.id, step.name)
            },
            Node::Copy(copy) => NodeText {
                copy: Some(copy.to),
                when: copy.when,
                ..empty(copy.id, copy.name)
            },
            Node::Branches(fork) => NodeText {
                choose: fork.choose,
                branches: Some(fork.branches),
                ..empty(fork.id, fork.name)
            },
        }
    }
}

impl Flow {
    /// Reads a flow from YAML and checks it.
    pub fn from_yaml(text: &str) -> Result<Flow, FlowError> {
        let flow = Flow::read(text)?;
        flow.check()?;
        Ok(flow)
    }

    /// Reads a flow from YAML without asking whether it can run.
    pub fn read(text: &str) -> Result<Flow, FlowError> {
        if text.len() > MAX_BYTES {
            return Err(FlowError::TooLong(MAX_BYTES));
        }
        Ok(crate::yaml::read(text)?)
    }

    /// The flow as YAML, which [`Flow::from_yaml`] reads again to the same flow.
    pub fn to_yaml(&self) -> Result<String, FlowError> {
        Ok(serde_norway::to_string(self)?)
    }
}
