//! What new steps and branches begin with.

use outlay_core::flow::{Branch, Flow, Node, Step, When, Who};
use outlay_core::org::Role;
use outlay_core::words::{Lang, Text};

use super::form::Typed;
use crate::shell::W;

/// What a new step is called until it is named.
pub fn named(kind: &str) -> Typed {
    let name = fresh_name(kind);
    Typed {
        zh: name.zh,
        en: name.en,
        who: if kind == "copy" { "employee" } else { "department_head" }.to_owned(),
        level: "1".to_owned(),
        role: Role::Finance.code().to_owned(),
        mode: "any".to_owned(),
        ..Typed::default()
    }
}

fn fresh_name(kind: &str) -> Text {
    let key = format!("fedit-fresh-{kind}");
    Text {
        zh: W(Lang::Zh).t(&key),
        en: W(Lang::En).t(&key),
    }
}

/// A branch with one step to begin with.
pub fn fresh_branch(flow: &Flow, n: usize, who: Who, kind: &str, taken: &mut Vec<String>) -> Branch {
    let name = fresh_name(kind);
    let mut id = flow.fresh_id(&name.en);
    while taken.contains(&id) {
        id.push_str("-b");
    }
    taken.push(id.clone());
    let step = Step {
        id,
        name,
        who,
        mode: Default::default(),
        when: When::default(),
        may_edit: Vec::new(),
        late: Vec::new(),
    };
    Branch {
        name: branch_name(n),
        when: When::default(),
        steps: vec![Node::Step(Box::new(step))],
    }
}

/// What a branch is called until it is named; `n` counts from 1.
pub fn branch_name(n: usize) -> Text {
    Text {
        zh: W(Lang::Zh).n("fedit-fresh-branch", n),
        en: W(Lang::En).n("fedit-fresh-branch", n),
    }
}
