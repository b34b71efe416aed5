//! Changing a flow step by step: finding, putting in, taking out, moving. Whether what comes out can run is asked afterwards.

use std::collections::BTreeSet;

use super::{Branch, Branches, Choose, Flow, Node};

/// A place in a flow: before the step that stands there, or at the end of its list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The division whose branch it is in; none for the outer list.
    pub fork: Option<String>,
    /// Which branch, from 0; of no meaning in the outer list.
    pub branch: usize,
    /// So many steps are before it in its list.
    pub at: usize,
}

impl Flow {
    /// The step with an id.
    pub fn node(&self, id: &str) -> Option<&Node> {
        find(&self.steps, id)
    }

    /// The division with an id.
    pub fn fork_mut(&mut self, id: &str) -> Option<&mut Branches> {
        fork_mut(&mut self.steps, id)
    }

    /// Where a step stands.
    pub fn place(&self, id: &str) -> Option<Place> {
        place(&self.steps, id, None)
    }

    /// The list that a place is in.
    pub fn list(&self, place: &Place) -> Option<&Vec<Node>> {
        let Some(fork) = &place.fork else {
            return Some(&self.steps);
        };
        match self.node(fork) {
            Some(Node::Branches(fork)) => Some(&fork.branches.get(place.branch)?.steps),
            _ => None,
        }
    }

    fn list_mut(&mut self, place: &Place) -> Option<&mut Vec<Node>> {
        match &place.fork {
            None => Some(&mut self.steps),
            Some(fork) => Some(&mut self.fork_mut(fork)?.branches.get_mut(place.branch)?.steps),
        }
    }

    /// Puts a step in at a place, or at the end of its list if that is shorter; false if there is no such list.
    pub fn insert(&mut self, place: &Place, node: Node) -> bool {
        let Some(list) = self.list_mut(place) else {
            return false;
        };
        let at = place.at.min(list.len());
        list.insert(at, node);
        true
    }

    /// Puts a step in place of the one with the same id; false if there is none.
    pub fn replace(&mut self, node: Node) -> bool {
        let there = self.place(node.id()).map(|place| (place.at, self.list_mut(&place)));
        match there {
            Some((at, Some(list))) => {
                list[at] = node;
                true
            }
            _ => false,
        }
    }

    /// Takes a step out; none if there is no such step.
    pub fn remove(&mut self, id: &str) -> Option<Node> {
        let place = self.place(id)?;
        let at = place.at;
        Some(self.list_mut(&place)?.remove(at))
    }

    /// Moves a step up or down by one. The first of a branch goes before the division, the last goes after it. False
    /// if there is nowhere to go.
    pub fn shift(&mut self, id: &str, down: bool) -> bool {
        let Some(place) = self.place(id) else {
            return false;
        };
        let end = self.list(&place).map_or(0, Vec::len).saturating_sub(1);
        let outmost = if down { place.at == end } else { place.at == 0 };
        let to = if outmost {
            let Some(outer) = place.fork.as_deref().and_then(|fork| self.place(fork)) else {
                return false;
            };
            Place {
                at: outer.at + usize::from(down),
                ..outer
            }
        } else {
            Place {
                at: if down { place.at + 1 } else { place.at - 1 },
                ..place
            }
        };
        match self.remove(id) {
            Some(node) => self.insert(&to, node),
            None => false,
        }
    }

    /// Moves a step to the end of a branch; false if there is no such branch, or it is one of the step's own.
    pub fn move_into(&mut self, id: &str, fork: &str, branch: usize) -> bool {
        let within = self
            .node(id)
            .is_none_or(|node| find(std::slice::from_ref(node), fork).is_some());
        let to = Place {
            fork: Some(fork.to_owned()),
            branch,
            at: usize::MAX,
        };
        if within || self.list(&to).is_none() {
            return false;
        }
        self.remove(id).is_some_and(|node| self.insert(&to, node))
    }

    /// Moves a step out of the branch that it is in, behind the division; false if it is in none.
    pub fn move_out(&mut self, id: &str) -> bool {
        let fork = self.place(id).and_then(|place| place.fork);
        let Some(outer) = fork.and_then(|fork| self.place(&fork)) else {
            return false;
        };
        let behind = Place {
            at: outer.at + 1,
            ..outer
        };
        self.remove(id).is_some_and(|node| self.insert(&behind, node))
    }

    /// The branches that a step can be moved into: each division with the number of the branch. None of its own, and not the one
    /// that it is in.
    pub fn branches_for(&self, id: &str) -> Vec<(&Branches, usize)> {
        let here = self.place(id).and_then(|p| Some((p.fork?, p.branch)));
        let mut found = Vec::new();
        forks(&self.steps, id, &mut found);
        found.retain(|(fork, n)| here.as_ref().is_none_or(|(f, b)| (f, b) != (&fork.id, n)));
        found
    }

    /// Puts a copy of a step behind it, with ids of its own; the copy's id.
    pub fn duplicate(&mut self, id: &str) -> Option<String> {
        let mut copy = self.node(id)?.clone();
        let mut taken = self.ids();
        rename(&mut copy, &mut taken);
        let place = self.place(id)?;
        let made = copy.id().to_owned();
        let behind = Place {
            at: place.at + 1,
            ..place
        };
        self.insert(&behind, copy).then_some(made)
    }

    /// All ids of its steps.
    pub fn ids(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        ids(&self.steps, &mut all);
        all
    }

    /// An id that no step has, made of a name: `Finance review` gives `finance-review`.
    pub fn fresh_id(&self, name: &str) -> String {
        let mut words = String::new();
        for c in name.chars() {
            if c.is_ascii_alphanumeric() {
                words.push(c.to_ascii_lowercase());
            } else if !words.is_empty() && !words.ends_with('-') {
                words.push('-');
            }
        }
        words.truncate(40);
        let words = words.trim_matches('-');
        // An id of digits alone would be read as a number.
        let readable = words.starts_with(|c: char| c.is_ascii_alphabetic());
        free(if readable { words } else { "step" }, &self.ids())
    }
}

/// The first of `name`, `name-2`, `name-3` that is not taken.
fn free(name: &str, taken: &BTreeSet<String>) -> String {
    let numbered = (2..).map(|n| format!("{name}-{n}"));
    let mut all = std::iter::once(name.to_owned()).chain(numbered);
    all.find(|id| !taken.contains(id)).unwrap_or_default()
}

fn rename(node: &mut Node, taken: &mut BTreeSet<String>) {
    let id = match node {
        Node::Step(step) => &mut step.id,
        Node::Copy(copy) => &mut copy.id,
        Node::Branches(fork) => {
            for step in fork.branches.iter_mut().flat_map(|b| &mut b.steps) {
                rename(step, taken);
            }
            &mut fork.id
        }
    };
    *id = free(id, taken);
    taken.insert(id.clone());
}

fn ids(nodes: &[Node], all: &mut BTreeSet<String>) {
    for node in nodes {
        all.insert(node.id().to_owned());
        if let Node::Branches(fork) = node {
            fork.branches.iter().for_each(|b| ids(&b.steps, all));
        }
    }
}

fn find<'a>(nodes: &'a [Node], id: &str) -> Option<&'a Node> {
    nodes.iter().find_map(|node| match node {
        node if node.id() == id => Some(node),
        Node::Branches(fork) => fork.branches.iter().find_map(|b| find(&b.steps, id)),
        _ => None,
    })
}

fn fork_mut<'a>(nodes: &'a mut [Node], id: &str) -> Option<&'a mut Branches> {
    nodes.iter_mut().find_map(|node| {
        let Node::Branches(fork) = node else { return None };
        if fork.id == id {
            Some(fork)
        } else {
            fork.branches.iter_mut().find_map(|b| fork_mut(&mut b.steps, id))
        }
    })
}

fn place(nodes: &[Node], id: &str, within: Option<(&str, usize)>) -> Option<Place> {
    for (at, node) in nodes.iter().enumerate() {
        if node.id() == id {
            return Some(Place {
                fork: within.map(|(fork, _)| fork.to_owned()),
                branch: within.map_or(0, |(_, branch)| branch),
                at,
            });
        }
        if let Node::Branches(fork) = node {
            let mut branches = fork.branches.iter().enumerate();
            let found = branches.find_map(|(n, b): (usize, &Branch)| place(&b.steps, id, Some((&fork.id, n))));
            if found.is_some() {
                return found;
            }
        }
    }
    None
}

impl Branches {
    /// Puts a branch in. Where the first that holds is gone, it comes before a last one that takes every claim.
    pub fn add(&mut self, branch: Branch) -> usize {
        let open = self.branches.last().is_some_and(|b| super::is_default(&b.when));
        let last = self.branches.len();
        let at = if self.choose == Choose::First && open {
            last - 1
        } else {
            last
        };
        self.branches.insert(at, branch);
        at
    }

    /// Moves a branch up or down by one; false if there is nowhere to go.
    pub fn shift(&mut self, at: usize, down: bool) -> bool {
        let to = if down { Some(at + 1) } else { at.checked_sub(1) };
        match to.filter(|to| *to < self.branches.len() && at < self.branches.len()) {
            Some(to) => {
                self.branches.swap(at, to);
                true
            }
            None => false,
        }
    }
}

/// All branches of a list, but those below the step `but`.
fn forks<'a>(nodes: &'a [Node], but: &str, found: &mut Vec<(&'a Branches, usize)>) {
    for node in nodes {
        let Node::Branches(fork) = node else { continue };
        if fork.id == but {
            continue;
        }
        for (n, branch) in fork.branches.iter().enumerate() {
            found.push((fork, n));
            forks(&branch.steps, but, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::STANDARD;

    const FORKED: &str = r#"
id: f
version: 1
name: { zh: 流程, en: Flow }
steps:
  - { id: head, name: { zh: 甲, en: A }, who: !department_head 1 }
  - id: fork
    name: { zh: 分, en: Fork }
    branches:
      - name: { zh: 一, en: One }
        steps:
          - { id: boss, name: { zh: 乙, en: B }, who: !department_head 2 }
          - { id: more, name: { zh: 丁, en: D }, who: !department_head 3 }
      - name: { zh: 二, en: Two }
        steps: [{ id: fin, name: { zh: 丙, en: C }, who: !role finance }]
"#;

    fn order(flow: &Flow) -> Vec<String> {
        fn walk(nodes: &[Node], all: &mut Vec<String>) {
            for node in nodes {
                all.push(node.id().to_owned());
                if let Node::Branches(fork) = node {
                    for branch in &fork.branches {
                        all.push("|".to_owned());
                        walk(&branch.steps, all);
                    }
                }
            }
        }
        let mut all = Vec::new();
        walk(&flow.steps, &mut all);
        all
    }

    #[test]
    fn a_step_moves_within_its_list_and_out_of_its_branch() {
        let mut flow = Flow::from_yaml(FORKED).expect("a flow");
        assert!(flow.shift("more", false));
        assert_eq!(order(&flow), ["head", "fork", "|", "more", "boss", "|", "fin"]);
        assert!(flow.shift("more", false));
        assert_eq!(order(&flow), ["head", "more", "fork", "|", "boss", "|", "fin"]);
        assert!(flow.shift("fin", true));
        assert_eq!(order(&flow), ["head", "more", "fork", "|", "boss", "|", "fin"]);
        assert_eq!(flow.place("fin").map(|p| (p.fork, p.at)), Some((None, 3)));
        // The branch is empty now, which the check tells.
        assert!(flow.problems().iter().any(|p| p.step() == Some("fork")));
        assert!(!flow.shift("head", false));
        assert!(!flow.shift("fin", true));
        assert!(!flow.shift("nobody", true));
    }

    #[test]
    fn what_is_copied_has_ids_of_its_own() {
        let mut flow = Flow::from_yaml(FORKED).expect("a flow");
        assert_eq!(flow.duplicate("fork").as_deref(), Some("fork-2"));
        flow.check().expect("ids differ");
        assert_eq!(
            order(&flow)[7..],
            ["fork-2", "|", "boss-2", "more-2", "|", "fin-2"].map(String::from)
        );
        let standard = Flow::from_yaml(STANDARD).expect("a flow");
        assert_eq!(standard.fresh_id("Finance"), "finance-2");
        assert_eq!(standard.fresh_id("Second look, please!"), "second-look-please");
        assert_eq!(standard.fresh_id("2026"), "step");
        assert_eq!(standard.fresh_id("财务"), "step");
    }

    #[test]
    fn a_step_moves_into_a_branch_and_out_of_it_at_once() {
        let mut flow = Flow::from_yaml(FORKED).expect("a flow");
        let before = flow.clone();
        let to: Vec<(String, usize)> = flow
            .branches_for("head")
            .iter()
            .map(|(f, n)| (f.id.clone(), *n))
            .collect();
        assert_eq!(to, [("fork".to_owned(), 0), ("fork".to_owned(), 1)]);
        let of_boss: Vec<usize> = flow.branches_for("boss").iter().map(|(_, n)| *n).collect();
        assert_eq!(of_boss, [1], "not the one that it is in");
        assert!(flow.branches_for("fork").is_empty(), "nor into itself");

        assert!(
            !flow.move_into("fork", "fork", 0)
                && !flow.move_into("head", "fork", 2)
                && !flow.move_into("head", "none", 0)
        );
        assert!(!flow.move_into("none", "fork", 0) && !flow.move_out("head"));
        assert_eq!(flow, before, "what cannot be done changes nothing");

        assert!(flow.move_into("head", "fork", 1));
        assert_eq!(
            flow.place("head").map(|p| (p.fork, p.branch, p.at)),
            Some((Some("fork".to_owned()), 1, 1))
        );
        assert!(flow.move_out("head"));
        assert_eq!(
            flow.place("head").map(|p| (p.fork, p.at)),
            Some((None, 1)),
            "behind the division"
        );
        assert!(flow.shift("head", false));
        assert_eq!(flow, before);
    }
}
