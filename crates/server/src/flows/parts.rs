//! The forms beside the list, each rendered into the page's side.

use askama::Template;
use outlay_core::claim::Problem;
use outlay_core::flow::{Branches, Choose, Fallback, Flow, SamePerson, Settings};
use outlay_core::org::Org;

use super::form::{Sent, Typed, called, number};
use super::options::{Option3, Options};
use crate::error::Error;
use crate::shell::{W, link};

/// What every form has.
pub struct Around {
    /// The reader's language.
    pub w: W,
    /// Where it is sent.
    pub action: String,
    /// Where one goes without saving.
    pub back: String,
    /// The count of saves that it was made of.
    pub version: i64,
    /// Whether it may be sent.
    pub may_write: bool,
    /// What is wrong.
    pub errors: Vec<String>,
    /// The kinds of a new step with their addresses; empty for one that is there.
    pub kinds: Vec<(&'static str, String, bool)>,
    /// Where a step that is there can be moved at one press: what the button sends, and its words.
    pub moves: Vec<(String, String)>,
}

/// The form of a step, a copy or a branch.
#[derive(Template)]
#[template(path = "parts/flow-form.html")]
pub struct StepPart<'a> {
    /// What every form has.
    pub a: &'a Around,
    /// `sign`, `copy` or `branch`.
    pub kind: &'static str,
    /// The id of the step, or of the division.
    pub id: &'a str,
    /// What was typed.
    pub t: &'a Typed,
    /// What may be chosen.
    pub o: &'a Options,
}

/// The form of a division.
#[derive(Template)]
#[template(path = "parts/flow-fork.html")]
pub struct ForkPart<'a> {
    /// What every form has.
    pub a: &'a Around,
    /// Its id.
    pub id: &'a str,
    /// Its name in Chinese.
    pub zh: &'a str,
    /// Its name in English.
    pub en: &'a str,
    /// Whether the first branch that holds is gone, not all.
    pub first: bool,
    /// Where a branch is added.
    pub add: Option<String>,
}

/// The form of what holds for the whole flow.
#[derive(Template)]
#[template(path = "parts/flow-settings.html")]
pub struct SettingsPart<'a> {
    /// What every form has.
    pub a: &'a Around,
    /// What was typed.
    pub t: &'a TypedSettings,
    /// How often one person signs.
    pub same: Vec<Option3>,
    /// What is done where a step finds nobody.
    pub nobody: Vec<Option3>,
    /// What is done where it finds only the claimant.
    pub own: Vec<Option3>,
}

/// Where a step can be moved at one press: out of its branch, or into one that is there.
pub fn moves(w: W, flow: &Flow, id: &str) -> Vec<(String, String)> {
    let inside = flow.place(id).is_some_and(|place| place.fork.is_some());
    let mut moves = Vec::new();
    if inside {
        moves.push(("out".to_owned(), w.t("fedit-out")));
    }
    for (fork, n) in flow.branches_for(id) {
        let branch = fork.branches.get(n).map(|b| b.name.get(w.0)).unwrap_or_default();
        let name = format!("{} · {branch}", fork.name.get(w.0));
        moves.push((format!("into {n} {}", fork.id), w.t1("fedit-into", "name", name)));
    }
    moves
}

/// Renders a part.
pub fn render(part: &impl Template) -> Result<String, Error> {
    part.render().map_err(|e| Error::Broken(format!("template: {e}")))
}

/// What the form of a flow's settings holds, as it was typed.
#[derive(Debug, Clone, Default)]
pub struct TypedSettings {
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
    /// The first day that it is to count.
    pub from: String,
    /// `once`, `consecutive`, `every`.
    pub same: String,
    /// `refuse`, `head_above`, `stand_in`.
    pub nobody: String,
    /// Who stands in.
    pub nobody_to: String,
    /// As `nobody`.
    pub own: String,
    /// Who stands in.
    pub own_to: String,
}

const SAME: [(&str, SamePerson); 3] = [
    ("once", SamePerson::Once),
    ("consecutive", SamePerson::Consecutive),
    ("every", SamePerson::Every),
];

impl TypedSettings {
    /// What a flow says.
    pub fn of(flow: &Flow, from: &str, org: &Org) -> TypedSettings {
        let fallback = |f: &Fallback| match f {
            Fallback::Refuse => ("refuse".to_owned(), String::new()),
            Fallback::HeadAbove => ("head_above".to_owned(), String::new()),
            Fallback::StandIn(number) => ("stand_in".to_owned(), called(org, number)),
        };
        let (nobody, nobody_to) = fallback(&flow.settings.if_nobody);
        let (own, own_to) = fallback(&flow.settings.if_own);
        let same = SAME.iter().find(|s| s.1 == flow.settings.same_person);
        TypedSettings {
            zh: flow.name.zh.clone(),
            en: flow.name.en.clone(),
            from: from.to_owned(),
            same: same.map_or("once", |s| s.0).to_owned(),
            nobody,
            nobody_to,
            own,
            own_to,
        }
    }

    /// What was sent.
    pub fn read(sent: &Sent) -> TypedSettings {
        let of = |name: &str| sent.get(name).to_owned();
        let mut people = sent.all("to").into_iter();
        TypedSettings {
            zh: of("zh"),
            en: of("en"),
            from: of("effective_from"),
            same: of("same_person"),
            nobody: of("if_nobody"),
            nobody_to: people.next().unwrap_or_default(),
            own: of("if_own"),
            own_to: people.next().unwrap_or_default(),
        }
    }

    /// The settings that it asks for.
    pub fn settings(&self, org: &Org) -> Result<Settings, Error> {
        let mut found = Vec::new();
        let mut fallback = |kind: &str, to: &str, field: &str| match kind {
            "head_above" => Fallback::HeadAbove,
            "stand_in" => match number(org, to) {
                Ok(number) => Fallback::StandIn(number),
                Err(problem) => {
                    found.push(Problem {
                        field: field.to_owned(),
                        ..problem
                    });
                    Fallback::Refuse
                }
            },
            _ => Fallback::Refuse,
        };
        let settings = Settings {
            same_person: SAME.iter().find(|s| s.0 == self.same).map_or(SamePerson::Once, |s| s.1),
            if_nobody: fallback(&self.nobody, &self.nobody_to, "if_nobody"),
            if_own: fallback(&self.own, &self.own_to, "if_own"),
        };
        if found.is_empty() {
            Ok(settings)
        } else {
            Err(Error::Invalid(found))
        }
    }

    /// Its form.
    pub fn part<'a>(&'a self, a: &'a Around) -> SettingsPart<'a> {
        let w = a.w;
        let of = |all: &[(&str, &str)], chosen: &str| -> Vec<Option3> {
            let one = |(code, key): &(&str, &str)| ((*code).to_owned(), w.t(key), *code == chosen);
            all.iter().map(one).collect()
        };
        let instead = [
            ("refuse", "fedit-instead-refuse"),
            ("head_above", "fedit-instead-head"),
            ("stand_in", "fedit-instead-person"),
        ];
        SettingsPart {
            same: of(
                &[
                    ("once", "flow-same-once"),
                    ("consecutive", "flow-same-consecutive"),
                    ("every", "flow-same-every"),
                ],
                &self.same,
            ),
            nobody: of(&instead, &self.nobody),
            own: of(&instead, &self.own),
            a,
            t: self,
        }
    }
}

/// The form of a division that is there.
pub fn fork_part<'a>(a: &'a Around, fork: &'a Branches, here: &str) -> ForkPart<'a> {
    let n = fork.branches.len().to_string();
    let query = [("fork", fork.id.as_str()), ("n", n.as_str())];
    ForkPart {
        add: Some(link(&format!("{here}/branch"), &query) + "#edit"),
        a,
        id: &fork.id,
        zh: &fork.name.zh,
        en: &fork.name.en,
        first: fork.choose == Choose::First,
    }
}
