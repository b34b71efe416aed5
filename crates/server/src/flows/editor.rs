//! The page of a draft: the list of its steps, and beside it the form of what is changed, or who would approve.

use std::sync::Arc;

use askama::Template;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use outlay_core::claim::Problem;
use outlay_core::flow::{Branch, Branches, Flow, Node, Place, When};
use outlay_core::org::Org;
use serde::Deserialize;

use super::draft::{Change, Opened, change};
use super::form::{Sent, Typed};
use super::fresh::{branch_name, named};
use super::list::{On, Shown};
use super::options::Options;
use super::parts::{Around, ForkPart, StepPart, TypedSettings, fork_part, moves, render};
use super::preview::Preview;
use super::words::{Words, problems_of};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::rules::RulesDraftView;
use crate::shell::{self, Frame, W, field_words, link};

/// Which part of a draft is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// The list of steps.
    Steps,
    /// The text.
    Text,
}

#[derive(Template)]
#[template(path = "pages/flow-draft.html")]
struct EditorPage {
    f: Frame,
    draft: RulesDraftView,
    here: String,
    tab: Tab,
    may_write: bool,
    conflict: bool,
    /// What is wrong that no card shows.
    wrong: Vec<String>,
    rules: Vec<String>,
    /// The list; none where the text cannot be read.
    list: Option<String>,
    /// The form of what is changed, instead of the preview.
    side: Option<String>,
    title: String,
    preview: Preview,
    body: String,
}

/// What is open beside the list.
pub enum Side {
    /// Who would approve a claim.
    Preview(String),
    /// A step that is there, or a copy, with what was typed.
    Step(String, Option<Typed>),
    /// A division, with what was typed.
    Fork(Branches),
    /// A branch, with what was typed.
    Branch(String, usize, Option<Typed>),
    /// A step to be put in: where, its kind, what was typed.
    New(At, Option<Typed>),
    /// The settings, with what was typed.
    Settings(Option<TypedSettings>),
    /// Nothing: the text.
    Text(Option<String>),
}

/// Where a step is put in, and which kind.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct At {
    fork: Option<String>,
    branch: usize,
    at: usize,
    /// `sign`, `copy` or `fork`.
    pub kind: String,
}

impl At {
    /// The place.
    pub fn place(&self) -> Place {
        Place {
            fork: self.fork.clone(),
            branch: self.branch,
            at: self.at,
        }
    }

    /// The address of the form for a kind there.
    pub fn href(&self, here: &str, kind: &str) -> String {
        let (at, branch) = (self.at.to_string(), self.branch.to_string());
        let mut query = vec![("at", at.as_str()), ("kind", kind)];
        if let Some(fork) = &self.fork {
            query.extend([("fork", fork.as_str()), ("branch", &branch)]);
        }
        link(&format!("{here}/new"), &query)
    }
}

/// What is said above a form that was not taken.
#[derive(Default)]
pub struct Refused {
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// Whether somebody saved meanwhile.
    pub conflict: bool,
}

impl Refused {
    fn status(&self) -> StatusCode {
        if self.conflict {
            StatusCode::CONFLICT
        } else if self.problems.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        }
    }

    /// What a page can say; other errors are passed on.
    pub fn of(error: Error) -> Result<Refused, Error> {
        match error {
            Error::Conflict => Ok(Refused {
                conflict: true,
                problems: Vec::new(),
            }),
            Error::Invalid(problems) => Ok(Refused {
                conflict: false,
                problems,
            }),
            error => Err(error),
        }
    }
}

/// A request about a draft.
pub struct Asked<'a> {
    /// The application.
    pub app: &'a Arc<App>,
    /// Who asks.
    pub visitor: &'a Visitor,
    /// What their browser says.
    pub headers: &'a HeaderMap,
    /// The draft.
    pub id: &'a str,
}

impl Asked<'_> {
    /// The address of the draft.
    pub fn here(&self) -> String {
        format!("/settings/flows/drafts/{}", self.id)
    }

    /// The page with what is open beside the list.
    pub async fn show(&self, side: Side, refused: Refused) -> Result<Response, Error> {
        let status = refused.status();
        let page = self.page(side, refused).await?;
        Ok((status, page).into_response())
    }

    async fn page(&self, side: Side, refused: Refused) -> Result<Html<String>, Error> {
        let (app, visitor) = (self.app, self.visitor);
        let opened = Opened::load(app, visitor, self.id).await?;
        let mut sql = app.db.read();
        let f = Frame::load(&mut sql, app, visitor, self.headers, "settings").await?;
        let (w, here) = (f.w, self.here());
        let rules = app.rules(&mut sql).await?;
        let words = Words {
            w,
            org: &opened.org,
            rules: &rules,
        };
        let mut page = EditorPage {
            tab: if matches!(side, Side::Text(_)) {
                Tab::Text
            } else {
                Tab::Steps
            },
            conflict: refused.conflict,
            wrong: Vec::new(),
            rules: Vec::new(),
            list: None,
            side: None,
            title: opened.view.row.name.clone(),
            preview: Preview::default(),
            body: String::new(),
            may_write: opened.may_write,
            draft: opened.view.clone(),
            here: here.clone(),
            f,
        };
        let told = |p: &Problem| {
            (
                p.field.strip_prefix("steps.").unwrap_or_default().to_owned(),
                field_words(w, p),
            )
        };
        if let Side::Text(typed) = side {
            page.body = typed.unwrap_or_else(|| opened.view.body.clone());
            page.wrong = opened.view.problems.iter().map(|p| p.message.clone()).collect();
            return shell::page(&page);
        }
        let Ok(flow) = &opened.flow else {
            page.wrong = opened.view.problems.iter().map(|p| p.message.clone()).collect();
            return shell::page(&page);
        };
        let had: Vec<(String, String)> = problems_of(flow, &opened.org).iter().map(told).collect();
        page.wrong = had
            .iter()
            .filter(|(step, _)| step.is_empty())
            .map(|(_, said)| said.clone())
            .collect();
        page.rules = words.settings(flow);
        page.title = flow.name.get(w.0).to_owned();
        let around = |action: String, kinds| Around {
            w,
            action,
            back: here.clone(),
            version: opened.view.row.version,
            may_write: opened.may_write,
            errors: refused.problems.iter().map(|p| self.said(w, flow, p)).collect(),
            kinds,
            moves: Vec::new(),
        };
        let on = match side {
            Side::Preview(claim) => {
                let of = (opened.view.row.entity, flow);
                page.preview = Preview::of(&mut sql, (app, visitor), of, &words, &claim).await?;
                page.wrong
                    .extend(refused.problems.iter().map(|p| self.said(w, flow, p)));
                On::Nothing
            }
            Side::Settings(typed) => {
                let day = &opened.view.row.effective_from;
                let typed = typed.unwrap_or_else(|| TypedSettings::of(flow, day, &opened.org));
                let a = around(format!("{here}/settings"), Vec::new());
                page.side = Some(render(&typed.part(&a))?);
                On::Nothing
            }
            Side::Fork(fork) => {
                let mut a = around(link(&format!("{here}/step"), &[("id", &fork.id)]), Vec::new());
                a.moves = moves(w, flow, &fork.id);
                page.side = Some(render(&fork_part(&a, &fork, &here))?);
                On::Step(fork.id)
            }
            Side::Step(id, typed) => {
                let mut a = around(link(&format!("{here}/step"), &[("id", &id)]), Vec::new());
                a.moves = moves(w, flow, &id);
                page.side = Some(match (flow.node(&id), typed) {
                    (Some(Node::Branches(fork)), _) => render(&fork_part(&a, fork, &here))?,
                    (Some(node), typed) => {
                        let (kind, said) = match node {
                            Node::Step(step) => ("sign", Typed::of_step(step, &opened.org)),
                            Node::Copy(copy) => ("copy", Typed::of_copy(copy, &opened.org)),
                            Node::Branches(_) => ("sign", Typed::default()),
                        };
                        let t = typed.unwrap_or(said);
                        let o = Options::of(&mut sql, app, &words, opened.view.row.entity, &t).await?;
                        render(&StepPart {
                            a: &a,
                            kind,
                            id: &id,
                            t: &t,
                            o: &o,
                        })?
                    }
                    (None, _) => return Err(Error::NotFound("step")),
                });
                On::Step(id)
            }
            Side::Branch(fork, n, typed) => {
                let query = [("fork", fork.as_str()), ("n", &n.to_string())];
                let a = around(link(&format!("{here}/branch"), &query), Vec::new());
                let Some(Node::Branches(of)) = flow.node(&fork) else {
                    return Err(Error::NotFound("branch"));
                };
                let there = of.branches.get(n);
                let fresh = || Branch {
                    name: branch_name(n + 1),
                    when: When::default(),
                    steps: Vec::new(),
                };
                let t = typed.unwrap_or_else(|| there.map_or_else(|| Typed::of_branch(&fresh()), Typed::of_branch));
                let o = Options::of(&mut sql, app, &words, opened.view.row.entity, &t).await?;
                let part = StepPart {
                    a: &a,
                    kind: "branch",
                    id: if there.is_some() { &fork } else { "" },
                    t: &t,
                    o: &o,
                };
                page.side = Some(render(&part)?);
                On::Branch(fork, n)
            }
            Side::New(at, typed) => {
                let place = at.place();
                if flow.list(&place).is_none() {
                    return Err(Error::NotFound("place"));
                }
                let kinds =
                    ["sign", "copy", "fork"].map(|kind| (kind, at.href(&here, kind) + "#edit", kind == at.kind));
                let a = around(at.href(&here, &at.kind), kinds.into());
                page.side = Some(match at.kind.as_str() {
                    "fork" => {
                        let t = typed.unwrap_or_else(|| named("fork"));
                        render(&ForkPart {
                            a: &a,
                            id: "",
                            zh: &t.zh,
                            en: &t.en,
                            first: false,
                            add: None,
                        })?
                    }
                    kind => {
                        let kind = if kind == "copy" { "copy" } else { "sign" };
                        let t = typed.unwrap_or_else(|| named(kind));
                        let o = Options::of(&mut sql, app, &words, opened.view.row.entity, &t).await?;
                        render(&StepPart {
                            a: &a,
                            kind,
                            id: "",
                            t: &t,
                            o: &o,
                        })?
                    }
                });
                On::New(place)
            }
            Side::Text(_) => On::Nothing,
        };
        let shown = Shown {
            words: &words,
            draft: opened.may_write.then_some(here.as_str()),
            on: &on,
            problems: &had,
        };
        page.list = Some(shown.list(flow)?);
        shell::page(&page)
    }

    /// What is wrong, with the name of the step where it is another's.
    fn said(&self, w: W, flow: &Flow, problem: &Problem) -> String {
        let words = field_words(w, problem);
        let key = format!("fedit-field-{}", problem.field.replace('_', "-"));
        if w.knows(&key) {
            return w.args(
                "fedit-at",
                &[("place".to_owned(), w.t(&key)), ("words".to_owned(), words)],
            );
        }
        let step = problem.field.strip_prefix("steps.").and_then(|id| flow.node(id));
        let name = step.map(|node| match node {
            Node::Step(step) => step.name.get(w.0),
            Node::Copy(copy) => copy.name.get(w.0),
            Node::Branches(fork) => fork.name.get(w.0),
        });
        match name {
            Some(name) => w.args(
                "fedit-at",
                &[("place".to_owned(), name.to_owned()), ("words".to_owned(), words)],
            ),
            None => words,
        }
    }

    /// Changes the draft's flow at the count of saves that the form was made of.
    pub async fn change<T>(
        &self,
        sent: &Sent,
        make: impl FnOnce(&mut Flow, &Org) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let asked = Change {
            id: self.id,
            version: sent.version(),
            effective_from: None,
        };
        change(self.app, self.visitor, asked, make).await
    }

    /// Goes to the step, whose card is in view there.
    pub fn to_step(&self, id: &str) -> Response {
        let at = link(&format!("{}/step", self.here()), &[("id", id)]);
        Redirect::to(&format!("{at}#edit")).into_response()
    }

    /// Goes to the list, to the card of a step if one is named.
    pub fn to_list(&self, step: &str) -> Response {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let at = match step {
            step if !step.is_empty() && step.chars().all(plain) => format!("#s-{step}"),
            _ => String::new(),
        };
        Redirect::to(&format!("{}{at}", self.here())).into_response()
    }
}
