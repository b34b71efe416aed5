//! /settings/drafts: the rules in their order, the form of one, and trying it.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use outlay_core::claim::Problem;
use serde::Deserialize;

use super::check;
use super::form::{self, Entered};
use super::names::Names;
use super::rule::{DraftLine, DraftRule, Event, Who};
use super::store::{self, VersionView};
use super::trial::{self, RecordView, TrialView};
use super::view::{self, RulesView, may, rule_name};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::shell::{self, Frame, SettingsNav, W};

#[derive(Template)]
#[template(path = "pages/settings-drafts.html")]
struct ListPage {
    f: Frame,
    nav: SettingsNav,
    v: RulesView,
    run: trial::RunView,
    history: Vec<VersionView>,
    names: Names,
}

#[derive(Template)]
#[template(path = "pages/settings-draft.html")]
struct RulePage {
    f: Frame,
    nav: SettingsNav,
    /// `new`, or the rule's id.
    id: String,
    version: i64,
    rule: DraftRule,
    record: String,
    records: Vec<RecordView>,
    names: Names,
    /// What is wrong, by the field of the form.
    errors: Vec<(String, String)>,
    tried: Option<TrialView>,
}

impl ListPage {
    fn name(&self, rule: &DraftRule) -> String {
        rule_name(self.f.w, rule)
    }

    /// What a rule would have begun: drafts and people.
    fn count(&self, rule: &DraftRule) -> Option<(usize, usize)> {
        let found = self.run.rules.iter().find(|r| r.id == rule.id);
        found.map(|r| (r.drafts, r.people))
    }

    /// What a version changed.
    fn did(&self, version: &VersionView) -> String {
        let w = self.f.w;
        let between = if w.zh() { "、" } else { ", " };
        let mut parts = Vec::new();
        for (key, names) in [
            ("draft-did-added", &version.added),
            ("draft-did-changed", &version.changed),
            ("draft-did-removed", &version.removed),
        ] {
            if !names.is_empty() {
                parts.push(w.t1(key, "names", names.join(between)));
            }
        }
        if version.reordered {
            parts.push(w.t("draft-did-reordered"));
        }
        parts.join(" · ")
    }
}

impl RulePage {
    fn errors(&self, field: &str) -> Vec<&str> {
        let of = self.errors.iter().filter(|(place, _)| place == field);
        of.map(|(_, words)| words.as_str()).collect()
    }

    fn line_errors(&self, n: &usize, field: &str) -> Vec<&str> {
        self.errors(&format!("l{n}.{field}"))
    }

    fn rate_name(&self, n: &usize, tier: &str) -> String {
        form::rate_name(*n, tier)
    }

    fn rate<'l>(&self, line: &'l DraftLine, tier: &str) -> &'l str {
        form::rate(line, tier)
    }

    fn rate_errors(&self, n: &usize, tier: &str) -> Vec<&str> {
        self.errors(&form::rate_name(*n, tier))
    }

    fn is_how(&self, line: &DraftLine, how: &str) -> bool {
        line.how.code() == how
    }

    fn hows(&self) -> &'static [&'static str] {
        match self.rule.event {
            Event::Visit => &["open", "fixed", "policy", "tiers"],
            _ => &["open", "fixed"],
        }
    }

    fn whom(&self) -> &str {
        match self.rule.whom.who {
            Who::Owner => "owner",
            Who::AccountOwner => "account_owner",
            Who::Employee => &self.rule.whom.employee,
        }
    }

    fn at_least(&self) -> (&str, &str) {
        let least = self.rule.when.at_least.as_ref();
        let own = self.names.entities.first().map_or("CNY", |e| e.2);
        least.map_or(("", own), |l| (&l.amount, &l.currency))
    }

    fn is_currency(&self, code: &str) -> bool {
        self.at_least().1 == code
    }

    fn currencies(&self) -> Vec<&'static str> {
        let own = self
            .names
            .entities
            .iter()
            .filter_map(|e| outlay_core::Currency::parse(e.2).ok());
        shell::currencies(own)
    }

    fn joined(&self, words: &[String]) -> String {
        words.join(if self.f.w.zh() { "、" } else { ", " })
    }

    fn project(&self) -> &'static str {
        match self.rule.when.project {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        }
    }

    fn name(&self) -> String {
        rule_name(self.f.w, &self.rule)
    }

    fn missing(&self, codes: &[&'static str]) -> String {
        let words: Vec<String> = codes.iter().map(|c| self.f.w.t(&format!("draft-miss-{c}"))).collect();
        words.join(if self.f.w.zh() { "、" } else { ", " })
    }

    /// What this rule would have begun, of what all would.
    fn mine(&self, tried: &TrialView) -> String {
        let found = tried.run.rules.iter().find(|r| r.id == self.rule.id);
        let (drafts, people) = found.map_or((0, 0), |r| (r.drafts, r.people));
        let values = [("drafts", drafts), ("people", people)];
        let values: Vec<_> = values.map(|(n, v)| (n.to_owned(), v.to_string())).into();
        self.f.w.args("draft-this-rule", &values)
    }

    fn action(&self) -> String {
        format!("/settings/drafts/{}", self.id)
    }
}

/// GET /settings/drafts.
pub async fn list(State(app): State<Arc<App>>, visitor: Visitor, headers: HeaderMap) -> Result<Html<String>, Error> {
    may(&app, &visitor)?;
    let mut sql = app.db.read();
    let (org, w) = (app.org(&mut sql).await?, W(visitor.lang));
    let v = view::rules(&mut sql, &app).await?;
    shell::page(&ListPage {
        f: Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?,
        nav: SettingsNav::load(&mut sql, &app, &visitor, "drafts").await?,
        run: trial::run(&mut sql, &app, w, &v.rules).await?,
        history: store::versions(&mut sql, &org, 10, |r| rule_name(w, r)).await?,
        names: Names::load(&mut sql, &app, w).await?,
        v,
    })
}

/// What is asked of a rule in the list.
#[derive(Debug, Deserialize)]
pub struct Act {
    version: i64,
    id: String,
    act: String,
}

/// POST /settings/drafts: switches, moves or removes a rule.
pub async fn act(State(app): State<Arc<App>>, visitor: Visitor, Form(act): Form<Act>) -> Result<Redirect, Error> {
    let permit = may(&app, &visitor)?;
    let (_, mut rules) = store::load(&mut app.db.read()).await?;
    let at = rules
        .iter()
        .position(|r| r.id == act.id)
        .ok_or(Error::NotFound("rule"))?;
    match act.act.as_str() {
        "on" | "off" => rules[at].on = act.act == "on",
        "up" if at > 0 => rules.swap(at, at - 1),
        "down" if at + 1 < rules.len() => rules.swap(at, at + 1),
        "remove" => _ = rules.remove(at),
        _ => {}
    }
    store::save(&app, permit, act.version, rules).await?;
    Ok(Redirect::to("/settings/drafts"))
}

/// What a new rule is for.
#[derive(Debug, Deserialize)]
pub struct NewOf {
    #[serde(default)]
    event: String,
}

/// GET /settings/drafts/{id}: the form of a rule, or of a new one.
pub async fn form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(of): Query<NewOf>,
) -> Result<Html<String>, Error> {
    may(&app, &visitor)?;
    let (version, rules) = store::load(&mut app.db.read()).await?;
    let rule = if id == "new" {
        let event = Event::of(&of.event).unwrap_or_default();
        let fresh = super::standard()
            .into_iter()
            .find(|r| r.event == event)
            .unwrap_or_default();
        DraftRule {
            id: String::new(),
            on: true,
            ..fresh
        }
    } else {
        rules.into_iter().find(|r| r.id == id).ok_or(Error::NotFound("rule"))?
    };
    let blank = Shown {
        version,
        rule,
        record: String::new(),
        errors: Vec::new(),
        tried: None,
    };
    show(&app, &visitor, &headers, &id, blank).await
}

struct Shown {
    version: i64,
    rule: DraftRule,
    record: String,
    errors: Vec<(String, String)>,
    tried: Option<TrialView>,
}

async fn show(
    app: &Arc<App>,
    visitor: &Visitor,
    headers: &HeaderMap,
    id: &str,
    shown: Shown,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    shell::page(&RulePage {
        f: Frame::load(&mut sql, app, visitor, headers, "settings").await?,
        nav: SettingsNav::load(&mut sql, app, visitor, "drafts").await?,
        id: id.to_owned(),
        version: shown.version,
        record: shown.record,
        records: trial::latest(&mut sql, shown.rule.event, 50).await?,
        names: Names::load(&mut sql, app, W(visitor.lang)).await?,
        rule: shown.rule,
        errors: shown.errors,
        tried: shown.tried,
    })
}

/// The rules with the one of the form in its place, and that place.
fn with(mut rules: Vec<DraftRule>, rule: DraftRule) -> Result<(Vec<DraftRule>, usize), Error> {
    if rule.id.is_empty() {
        // A new one comes before the others of its event: the standard rules take all.
        let at = rules.iter().position(|r| r.event == rule.event).unwrap_or(rules.len());
        rules.insert(at, rule);
        return Ok((rules, at));
    }
    let at = rules
        .iter()
        .position(|r| r.id == rule.id)
        .ok_or(Error::NotFound("rule"))?;
    rules[at] = rule;
    Ok((rules, at))
}

fn told(w: W, problems: &[Problem], at: usize, rule: &DraftRule) -> Vec<(String, String)> {
    let words = |p: &Problem| {
        let field = form::field(p, at, rule).unwrap_or_default();
        (field, shell::field_words(w, p))
    };
    problems.iter().map(words).collect()
}

fn id_of(id: &str) -> &str {
    if id == "new" { "" } else { id }
}

/// POST /settings/drafts/{id}/trial: the form as it was sent, with what it would do; or with a line more or fewer.
pub async fn try_it(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Html<String>, Error> {
    may(&app, &visitor)?;
    let entered = Entered(fields);
    let rule = entered.rule(id_of(&id));
    let mut sql = app.db.read();
    let (_, rules) = store::load(&mut sql).await?;
    let (rules, at) = with(rules, rule.clone())?;
    let only_form = ["add", "drop", "refresh"]
        .into_iter()
        .any(|f| !entered.get(f).is_empty());
    let record = entered.get("record").to_owned();
    let (mut tried, mut errors) = (None, Vec::new());
    if !only_form {
        let asked = (!record.is_empty()).then_some((at, record.as_str()));
        match trial::trial(&mut sql, &app, W(visitor.lang), &rules, asked).await {
            Ok(view) => tried = Some(view),
            Err(Error::Invalid(problems)) => errors = told(W(visitor.lang), &problems, at, &rule),
            Err(error) => return Err(error),
        }
    }
    let shown = Shown {
        version: entered.version(),
        rule,
        record,
        errors,
        tried,
    };
    show(&app, &visitor, &headers, &id, shown).await
}

/// POST /settings/drafts/{id}: puts the rule into force.
pub async fn save(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Error> {
    let permit = may(&app, &visitor)?;
    let entered = Entered(fields);
    let rule = entered.rule(id_of(&id));
    let mut sql = app.db.read();
    let (_, rules) = store::load(&mut sql).await?;
    let (rules, at) = with(rules, rule.clone())?;
    let problems = check::problems(&mut sql, &app, &rules).await?;
    if problems.is_empty() {
        store::save(&app, permit, entered.version(), rules).await?;
        return Ok(Redirect::to("/settings/drafts").into_response());
    }
    let shown = Shown {
        version: entered.version(),
        record: entered.get("record").to_owned(),
        errors: told(W(visitor.lang), &problems, at, &rule),
        rule,
        tried: None,
    };
    let page = show(&app, &visitor, &headers, &id, shown).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}
