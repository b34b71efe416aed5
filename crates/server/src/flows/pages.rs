//! /settings/flows/drafts/{id}: the editor of a draft, a page and a form for whatever is changed.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use outlay_core::flow::{Branches, Choose, Flow, Node, Who};
use outlay_core::org::{Org, Role};
use outlay_core::words::Text;
use serde::Deserialize;

use super::draft::{self, Change, Opened, change};
use super::editor::{Asked, At, Refused, Side};
use super::form::{Sent, Typed};
use super::fresh::fresh_branch;
use super::parts::TypedSettings;
use super::steps::Looked;
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::shell::link;

/// Which step.
#[derive(Debug, Deserialize)]
pub struct StepOf {
    id: String,
}

/// Which branch.
#[derive(Debug, Deserialize)]
pub struct BranchOf {
    fork: String,
    n: usize,
}

/// GET /settings/flows/drafts/{id}?claim=: the list, and who would approve a claim.
pub async fn list(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(looked): Query<Looked>,
) -> Result<Response, Error> {
    let asked = Asked {
        app: &app,
        visitor: &visitor,
        headers: &headers,
        id: &id,
    };
    asked.show(Side::Preview(looked.claim), Refused::default()).await
}

/// GET /settings/flows/drafts/{id}/text.
pub async fn text(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let asked = Asked {
        app: &app,
        visitor: &visitor,
        headers: &headers,
        id: &id,
    };
    asked.show(Side::Text(None), Refused::default()).await
}

/// POST /settings/flows/drafts/{id}/text: where somebody was faster, the text stays in the form.
pub async fn save_text(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Error> {
    let asked = Asked {
        app: &app,
        visitor: &visitor,
        headers: &headers,
        id: &id,
    };
    let sent = Sent(pairs);
    // Browsers send line ends as CR LF; what is at the end of a text stays.
    let body = sent.0.iter().find(|(name, _)| name == "body");
    let body = body.map(|(_, text)| text.replace("\r\n", "\n")).unwrap_or_default();
    match draft::save_text(&app, &visitor, &id, sent.version(), body.clone()).await {
        Ok(()) => Ok(Redirect::to(&format!("{}/text", asked.here())).into_response()),
        Err(error) => asked.show(Side::Text(Some(body)), Refused::of(error)?).await,
    }
}

/// GET /settings/flows/drafts/{id}/settings.
pub async fn settings(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let asked = Asked {
        app: &app,
        visitor: &visitor,
        headers: &headers,
        id: &id,
    };
    asked.show(Side::Settings(None), Refused::default()).await
}

/// POST /settings/flows/drafts/{id}/settings.
pub async fn save_settings(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Error> {
    let asked = Asked {
        app: &app,
        visitor: &visitor,
        headers: &headers,
        id: &id,
    };
    let sent = Sent(pairs);
    let typed = TypedSettings::read(&sent);
    let saved = match typed.from.parse() {
        Ok(day) => {
            let of = Change {
                id: &id,
                version: sent.version(),
                effective_from: Some(day),
            };
            let make = |flow: &mut Flow, org: &Org| {
                let mut found = Vec::new();
                let named = Typed {
                    zh: typed.zh.clone(),
                    en: typed.en.clone(),
                    ..Typed::default()
                };
                flow.name = named.name(&mut found);
                flow.settings = typed.settings(org)?;
                if found.is_empty() {
                    Ok(())
                } else {
                    Err(Error::Invalid(found))
                }
            };
            change(&app, &visitor, of, make).await
        }
        Err(_) => Err(Error::field("effective_from", "not-a-date")),
    };
    match saved {
        Ok(()) => Ok(asked.to_list("")),
        Err(error) => asked.show(Side::Settings(Some(typed)), Refused::of(error)?).await,
    }
}

/// GET /settings/flows/drafts/{id}/new: the form of a step to be put in.
pub async fn new(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(mut at): Query<At>,
) -> Result<Response, Error> {
    if at.kind.is_empty() {
        "sign".clone_into(&mut at.kind);
    }
    let asked = Asked {
        app: &app,
        visitor: &visitor,
        headers: &headers,
        id: &id,
    };
    asked.show(Side::New(at, None), Refused::default()).await
}

/// POST /settings/flows/drafts/{id}/new.
pub async fn add(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(at): Query<At>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Error> {
    let asked = Asked {
        app: &app,
        visitor: &visitor,
        headers: &headers,
        id: &id,
    };
    let sent = Sent(pairs);
    let typed = Typed::read(&sent);
    if sent.act() == "more" {
        return asked.show(Side::New(at, Some(typed)), Refused::default()).await;
    }
    let (place, kind) = (at.place(), at.kind.clone());
    let made = asked.change(&sent, |flow, org| {
        let mut found = Vec::new();
        let name = typed.name(&mut found);
        let step = flow.fresh_id(&name.en);
        let node = match kind.as_str() {
            "copy" => typed.copy(&step, org)?,
            "fork" if found.is_empty() => {
                let mut taken = vec![step.clone()];
                let head = fresh_branch(flow, 1, Who::DepartmentHead(1), "head", &mut taken);
                let finance = fresh_branch(flow, 2, Who::Role(Role::Finance), "finance", &mut taken);
                Node::Branches(Branches {
                    id: step.clone(),
                    name,
                    choose: Choose::Every,
                    branches: vec![head, finance],
                })
            }
            "fork" => return Err(Error::Invalid(found)),
            _ => typed.step(&step, org)?,
        };
        if flow.insert(&place, node) {
            Ok(step)
        } else {
            Err(Error::NotFound("place"))
        }
    });
    match made.await {
        Ok(step) if at.kind == "fork" => Ok(asked.to_step(&step)),
        Ok(step) => Ok(asked.to_list(&step)),
        Err(error) => asked.show(Side::New(at, Some(typed)), Refused::of(error)?).await,
    }
}

/// GET /settings/flows/drafts/{id}/step?id=.
pub async fn step(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(of): Query<StepOf>,
) -> Result<Response, Error> {
    let asked = Asked {
        app: &app,
        visitor: &visitor,
        headers: &headers,
        id: &id,
    };
    asked.show(Side::Step(of.id, None), Refused::default()).await
}

/// POST /settings/flows/drafts/{id}/step?id=: saves the step, or does with it what the button says.
pub async fn save_step(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(of): Query<StepOf>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Error> {
    let asked = Asked {
        app: &app,
        visitor: &visitor,
        headers: &headers,
        id: &id,
    };
    let sent = Sent(pairs);
    let step = of.id;
    let act = sent.act().to_owned();
    if act == "more" {
        let typed = Typed::read(&sent);
        return asked.show(Side::Step(step, Some(typed)), Refused::default()).await;
    }
    let made = asked.change(&sent, |flow, org| {
        let known = flow.node(&step).ok_or(Error::NotFound("step"))?.clone();
        match (act.as_str(), known) {
            ("up" | "down", _) => {
                // The first one stays the first.
                flow.shift(&step, act == "down");
                Ok(Some(step.clone()))
            }
            ("out", _) => {
                flow.move_out(&step);
                Ok(Some(step.clone()))
            }
            (into, _) if into.starts_with("into ") => {
                let to = into.splitn(3, ' ').collect::<Vec<_>>();
                let moved = match to.as_slice() {
                    [_, branch, fork] => branch.parse().is_ok_and(|branch| flow.move_into(&step, fork, branch)),
                    _ => false,
                };
                if moved {
                    Ok(Some(step.clone()))
                } else {
                    Err(Error::NotFound("branch"))
                }
            }
            ("copy", _) => Ok(flow.duplicate(&step)),
            ("delete", _) => {
                flow.remove(&step);
                Ok(None)
            }
            (_, Node::Branches(_)) => {
                let mut found = Vec::new();
                let name = Typed::read(&sent).name(&mut found);
                if !found.is_empty() {
                    return Err(Error::Invalid(found));
                }
                if let Some(fork) = flow.fork_mut(&step) {
                    fork.name = name;
                    fork.choose = choose(&sent);
                }
                Ok(None)
            }
            (_, Node::Copy(_)) => {
                flow.replace(Typed::read(&sent).copy(&step, org)?);
                Ok(None)
            }
            (_, Node::Step(_)) => {
                flow.replace(Typed::read(&sent).step(&step, org)?);
                Ok(None)
            }
        }
    });
    match made.await {
        Ok(Some(step)) => Ok(asked.to_step(&step)),
        Ok(None) => Ok(asked.to_list(if act == "save" { &step } else { "" })),
        Err(error) => {
            let refused = Refused::of(error)?;
            let side = asked.typed_step(step, &act, &sent).await?;
            asked.show(side, refused).await
        }
    }
}

impl Asked<'_> {
    /// The form that was sent, for it to be shown again.
    pub async fn typed_step(&self, step: String, act: &str, sent: &Sent) -> Result<Side, Error> {
        if act != "save" {
            return Ok(Side::Step(step, None));
        }
        let typed = Typed::read(sent);
        let opened = Opened::load(self.app, self.visitor, self.id).await?;
        Ok(match opened.readable()?.node(&step) {
            Some(Node::Branches(fork)) => Side::Fork(Branches {
                name: Text {
                    zh: typed.zh,
                    en: typed.en,
                },
                choose: choose(sent),
                ..fork.clone()
            }),
            _ => Side::Step(step, Some(typed)),
        })
    }
}

fn choose(sent: &Sent) -> Choose {
    match sent.get("choose") {
        "first" => Choose::First,
        _ => Choose::Every,
    }
}

/// GET /settings/flows/drafts/{id}/branch?fork=&n=: the form of a branch; of a new one behind the last.
pub async fn branch(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(of): Query<BranchOf>,
) -> Result<Response, Error> {
    let asked = Asked {
        app: &app,
        visitor: &visitor,
        headers: &headers,
        id: &id,
    };
    asked.show(Side::Branch(of.fork, of.n, None), Refused::default()).await
}

/// POST /settings/flows/drafts/{id}/branch?fork=&n=: saves the branch, or does with it what the button says.
pub async fn save_branch(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(of): Query<BranchOf>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Error> {
    let asked = Asked {
        app: &app,
        visitor: &visitor,
        headers: &headers,
        id: &id,
    };
    let sent = Sent(pairs);
    let (typed, act) = (Typed::read(&sent), sent.act().to_owned());
    if act == "more" {
        return asked
            .show(Side::Branch(of.fork, of.n, Some(typed)), Refused::default())
            .await;
    }
    let made = asked.change(&sent, |flow, _| {
        let mut fresh = fresh_branch(flow, of.n + 1, Who::DepartmentHead(1), "head", &mut Vec::new());
        let fork = flow.fork_mut(&of.fork).ok_or(Error::NotFound("branch"))?;
        let Some(branch) = fork.branches.get_mut(of.n) else {
            typed.branch(&mut fresh)?;
            fork.add(fresh);
            return Ok(None);
        };
        match act.as_str() {
            "up" | "down" => {
                let down = act == "down";
                let moved = fork.shift(of.n, down);
                let to = if down { of.n + 1 } else { of.n.wrapping_sub(1) };
                Ok(Some(if moved { to } else { of.n }))
            }
            "delete" => {
                fork.branches.remove(of.n);
                Ok(None)
            }
            _ => {
                typed.branch(branch)?;
                Ok(None)
            }
        }
    });
    match made.await {
        Ok(Some(n)) => {
            let n = n.to_string();
            let at = link(
                &format!("{}/branch", asked.here()),
                &[("fork", of.fork.as_str()), ("n", &n)],
            );
            Ok(Redirect::to(&format!("{at}#edit")).into_response())
        }
        Ok(None) => Ok(asked.to_list(&of.fork)),
        Err(error) => {
            let refused = Refused::of(error)?;
            let typed = (act == "save").then_some(typed);
            asked.show(Side::Branch(of.fork, of.n, typed), refused).await
        }
    }
}
