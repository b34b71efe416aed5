//! A flow as a vertical list of cards, branches side by side: to be read, or to be changed card by card.

use askama::Template;
use outlay_core::flow::{Choose, Flow, Node, Place, Who};

use super::words::Words;
use crate::error::Error;
use crate::shell::{W, link};

/// A card of the list.
struct Card {
    id: String,
    /// `sign`, `copy` or `fork`.
    kind: &'static str,
    name: String,
    /// Who, how many of them, and when.
    who: String,
    mode: String,
    when: Vec<String>,
    notes: Vec<String>,
    problems: Vec<String>,
    lanes: Vec<Lane>,
    /// Where a branch is added.
    add_lane: Option<String>,
    href: Option<String>,
    /// Where a step is put in behind it.
    add: Option<String>,
    current: bool,
}

/// A branch.
struct Lane {
    name: String,
    when: Vec<String>,
    href: Option<String>,
    current: bool,
    list: String,
}

#[derive(Template)]
#[template(path = "parts/flow-list.html")]
struct ListPart {
    w: W,
    cards: Vec<Card>,
    /// Where a step is put in before all others.
    add: Option<String>,
    /// Where a step is about to be put in, in this list.
    new_at: Option<usize>,
    outer: bool,
}

/// What of the list is being changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum On {
    /// Nothing.
    Nothing,
    /// A step.
    Step(String),
    /// A branch of a division.
    Branch(String, usize),
    /// A place where a step is put in.
    New(Place),
}

/// How the list is shown.
pub struct Shown<'a> {
    /// The words.
    pub words: &'a Words<'a>,
    /// The address of the draft, if it may be changed.
    pub draft: Option<&'a str>,
    /// What is being changed.
    pub on: &'a On,
    /// What is wrong, by the step's id.
    pub problems: &'a [(String, String)],
}

impl Shown<'_> {
    /// The list's markup.
    pub fn list(&self, flow: &Flow) -> Result<String, Error> {
        self.part(&flow.steps, &Place::default())
    }

    fn part(&self, nodes: &[Node], list: &Place) -> Result<String, Error> {
        let mut cards = Vec::with_capacity(nodes.len());
        for (n, node) in nodes.iter().enumerate() {
            cards.push(self.card(node, list, n)?);
        }
        let part = ListPart {
            w: self.words.w,
            add: self.add(list, 0),
            new_at: match self.on {
                On::New(place) if place.fork == list.fork && place.branch == list.branch => {
                    Some(place.at.min(nodes.len()))
                }
                _ => None,
            },
            outer: list.fork.is_none(),
            cards,
        };
        part.render().map_err(|e| Error::Broken(format!("template: {e}")))
    }

    fn add(&self, list: &Place, at: usize) -> Option<String> {
        let (at, branch) = (at.to_string(), list.branch.to_string());
        let mut query = vec![("at", at.as_str())];
        if let Some(fork) = &list.fork {
            query.extend([("fork", fork.as_str()), ("branch", &branch)]);
        }
        Some(link(&format!("{}/new", self.draft?), &query) + "#edit")
    }

    fn card(&self, node: &Node, list: &Place, n: usize) -> Result<Card, Error> {
        let words = self.words;
        let id = node.id();
        let mut card = Card {
            id: id.to_owned(),
            kind: "sign",
            name: String::new(),
            who: String::new(),
            mode: String::new(),
            when: Vec::new(),
            notes: Vec::new(),
            problems: self
                .problems
                .iter()
                .filter(|(step, _)| step == id)
                .map(|(_, said)| said.clone())
                .collect(),
            lanes: Vec::new(),
            add_lane: None,
            href: self
                .draft
                .map(|draft| link(&format!("{draft}/step"), &[("id", id)]) + "#edit"),
            add: self.add(list, n + 1),
            current: matches!(self.on, On::Step(on) if on == id),
        };
        match node {
            Node::Step(step) => {
                step.name.get(words.w.0).clone_into(&mut card.name);
                card.who = words.who(&step.who);
                // Of one person there is nothing to say.
                let one = matches!(
                    step.who,
                    Who::DepartmentHead(_) | Who::Employee(_) | Who::DealOwner | Who::ProjectOwner
                );
                if !one {
                    card.mode = words.mode(&step.who, step.mode);
                }
                card.when = words.when(&step.when);
                card.notes = words.duties(step);
            }
            Node::Copy(copy) => {
                card.kind = "copy";
                copy.name.get(words.w.0).clone_into(&mut card.name);
                card.who = words.who(&copy.to);
                card.when = words.when(&copy.when);
            }
            Node::Branches(fork) => {
                card.kind = "fork";
                fork.name.get(words.w.0).clone_into(&mut card.name);
                card.mode = words.w.t(match fork.choose {
                    Choose::Every => "flow-every",
                    Choose::First => "flow-first",
                });
                let n = fork.branches.len().to_string();
                card.add_lane = self.draft.map(|draft| {
                    let query = [("fork", fork.id.as_str()), ("n", n.as_str())];
                    link(&format!("{draft}/branch"), &query) + "#edit"
                });
                for (branch, lane) in fork.branches.iter().enumerate() {
                    let inner = Place {
                        fork: Some(fork.id.clone()),
                        branch,
                        at: 0,
                    };
                    let at = branch.to_string();
                    card.lanes.push(Lane {
                        name: lane.name.get(words.w.0).to_owned(),
                        when: words.when(&lane.when),
                        href: self.draft.map(|draft| {
                            let query = [("fork", fork.id.as_str()), ("n", at.as_str())];
                            link(&format!("{draft}/branch"), &query) + "#edit"
                        }),
                        current: matches!(self.on, On::Branch(f, n) if *f == fork.id && *n == branch),
                        list: self.part(&lane.steps, &inner)?,
                    });
                }
            }
        }
        Ok(card)
    }
}
