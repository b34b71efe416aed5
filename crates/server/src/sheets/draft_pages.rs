//! /settings/policies/drafts/{id}: a draft's tables, its other rules, and its text.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use jiff::civil::Date;
use outlay_core::policy::{PolicySet, Severity, Template as RuleTemplate};
use serde::Deserialize;

use super::draft::{self, Opened, RuleSaid, check_key};
use super::pages::{TableRow, tables};
use super::policy;
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::rules::{RulesDraftView, TrialPanel};
use crate::shell::{self, Frame, W, field_words};

/// Which part of a draft is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// Tables and rules.
    Rules,
    /// The text.
    Text,
}

/// A table in the list.
pub struct TableLine {
    /// The table.
    pub row: TableRow,
    /// Whether it differs from the version that the draft began from.
    pub changed: bool,
    /// What is wrong or found in it, counted.
    pub wrong: usize,
    /// What was found in it.
    pub found: usize,
}

/// A rule in the list.
pub struct RuleLine {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it checks.
    pub checks: String,
    /// How much it weighs: its words, tone and icon.
    pub severity: (String, &'static str, &'static str),
    /// Where it comes from.
    pub source: String,
    /// When it holds.
    pub holds: String,
    /// Whether it differs from the version that the draft began from.
    pub changed: bool,
}

#[derive(Template)]
#[template(path = "pages/policy-draft.html")]
struct DraftPage {
    f: Frame,
    draft: RulesDraftView,
    may_write: bool,
    tab: Tab,
    tables: Vec<TableLine>,
    rules: Vec<RuleLine>,
    /// The text in the form, and the version that it was read at.
    body: String,
    version: i64,
    errors: Vec<(String, String)>,
    conflict: bool,
}

#[derive(Template)]
#[template(path = "pages/policy-draft-table.html")]
struct TablePage {
    f: Frame,
    draft: RulesDraftView,
    may_write: bool,
    title: String,
    sheet_json: String,
    panel: TrialPanel,
}

#[derive(Template)]
#[template(path = "pages/policy-draft-rule.html")]
struct RulePage {
    f: Frame,
    draft: RulesDraftView,
    may_write: bool,
    id: String,
    checks: String,
    form: RuleForm,
    version: i64,
    errors: Vec<(String, String)>,
    conflict: bool,
}

/// What the form of a rule sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RuleForm {
    version: i64,
    severity: String,
    source: String,
    from: String,
    until: String,
    zh_name: String,
    zh_title: String,
    zh_text: String,
    zh_fix: String,
    en_name: String,
    en_title: String,
    en_text: String,
    en_fix: String,
}

fn said(app_errors: &[outlay_core::claim::Problem], w: W) -> Vec<(String, String)> {
    app_errors
        .iter()
        .map(|p| (p.field.clone(), field_words(w, p)))
        .collect()
}

fn table_lines(opened: &Opened, set: &PolicySet, w: W) -> Vec<TableLine> {
    let line = |row: TableRow| {
        let table = set.table(&row.id).and_then(Result::ok);
        let base = opened.base.as_ref().and_then(|b| b.table(&row.id)?.ok());
        let found = table.as_ref().map(|t| policy::check(set, t, &[], w.0));
        let warns = |c: &&super::Check| c.tone != "info";
        TableLine {
            changed: opened.base.is_some() && table.map(|t| t.rows) != base.map(|t| t.rows),
            wrong: found.as_ref().map_or(1, |f| f.problems.len()),
            found: found.map_or(0, |f| f.checks.iter().filter(warns).count()),
            row,
        }
    };
    tables(&opened.view.body, w.0).into_iter().map(line).collect()
}

fn rule_lines(opened: &Opened, set: &PolicySet, w: W) -> Vec<RuleLine> {
    let day = |day: Option<Date>| day.map(|d| d.to_string()).unwrap_or_default();
    let line = |rule: &outlay_core::policy::Rule| {
        let base = opened.base.as_ref().map(|b| b.rules.iter().find(|r| r.id == rule.id));
        RuleLine {
            id: rule.id.clone(),
            name: if w.zh() { &rule.text.zh } else { &rule.text.en }.name.clone(),
            checks: w.t(&check_key(&rule.check)),
            severity: {
                let (tone, icon) = shell::severity_look(rule.severity);
                (severity_words(rule.severity, w), tone, icon)
            },
            source: rule.source.clone().unwrap_or_default(),
            holds: match (rule.from, rule.until) {
                (None, None) => String::new(),
                (from, until) => format!("{} – {}", day(from), day(until)),
            },
            changed: base.is_some_and(|b| b != Some(rule)),
        }
    };
    set.rules.iter().map(line).collect()
}

/// What is shown above a form that was not taken.
#[derive(Default)]
struct Refused {
    text: Option<(i64, String)>,
    errors: Vec<(String, String)>,
    conflict: bool,
}

async fn show(
    app: &Arc<App>,
    visitor: &Visitor,
    headers: &HeaderMap,
    id: &str,
    tab: Tab,
    refused: Refused,
) -> Result<Html<String>, Error> {
    let opened = Opened::load(app, visitor, id).await?;
    let f = Frame::load(&mut app.db.read(), app, visitor, headers, "settings").await?;
    let w = f.w;
    // Looking through the tables takes its time.
    let (opened, tables, rules) = tokio::task::spawn_blocking(move || {
        let lines = opened
            .set
            .as_ref()
            .ok()
            .map(|set| (table_lines(&opened, set, w), rule_lines(&opened, set, w)));
        let (tables, rules) = lines.unwrap_or_default();
        (opened, tables, rules)
    })
    .await
    .map_err(|e| Error::Broken(e.to_string()))?;
    let Opened { view, may_write, .. } = opened;
    // Who was refused reads on at the version that is there now, so that saving again is a choice.
    let body = refused.text.map_or_else(|| view.body.clone(), |(_, text)| text);
    shell::page(&DraftPage {
        f,
        version: view.row.version,
        body,
        may_write,
        tab,
        tables,
        rules,
        errors: refused.errors,
        conflict: refused.conflict,
        draft: view,
    })
}

/// GET /settings/policies/drafts/{id}.
pub async fn rules(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Html<String>, Error> {
    show(&app, &visitor, &headers, &id, Tab::Rules, Refused::default()).await
}

/// GET /settings/policies/drafts/{id}/text.
pub async fn text(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Html<String>, Error> {
    show(&app, &visitor, &headers, &id, Tab::Text, Refused::default()).await
}

/// What the form of the text sends.
#[derive(Debug, Deserialize)]
pub struct TextForm {
    version: i64,
    body: String,
}

/// POST /settings/policies/drafts/{id}/text: where somebody was faster, the text stays in the form.
pub async fn save_text(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(form): Form<TextForm>,
) -> Result<Response, Error> {
    // Browsers send line ends as CR LF.
    let body = form.body.replace("\r\n", "\n");
    let refused = match draft::save_text(&app, &visitor, &id, form.version, body.clone()).await {
        Ok(()) => return Ok(Redirect::to(&format!("/settings/policies/drafts/{id}/text")).into_response()),
        Err(Error::Conflict) => Refused {
            conflict: true,
            ..Refused::default()
        },
        Err(Error::Invalid(problems)) => Refused {
            errors: said(&problems, W(visitor.lang)),
            ..Refused::default()
        },
        Err(error) => return Err(error),
    };
    let status = if refused.conflict {
        StatusCode::CONFLICT
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let refused = Refused {
        text: Some((form.version, body)),
        ..refused
    };
    let page = show(&app, &visitor, &headers, &id, Tab::Text, refused).await?;
    Ok((status, page).into_response())
}

/// GET /settings/policies/drafts/{id}/tables/{table}: the editor.
pub async fn table(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((id, table)): Path<(String, String)>,
) -> Result<Html<String>, Error> {
    let opened = Opened::load(&app, &visitor, &id).await?;
    let mut sql = app.db.read();
    let f = Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?;
    let org = app.org(&mut sql).await?;
    let panel = TrialPanel::of(&mut sql, &app, &visitor, &opened.view.row, &org).await?;
    drop(sql);
    let w = f.w;
    let (opened, sheet) = tokio::task::spawn_blocking(move || {
        let sheet = opened.sheet(&table, w);
        (opened, sheet)
    })
    .await
    .map_err(|e| Error::Broken(e.to_string()))?;
    let sheet = sheet?;
    shell::page(&TablePage {
        f,
        may_write: opened.may_write,
        draft: opened.view,
        title: sheet.table.name.clone(),
        sheet_json: sheet.json()?,
        panel,
    })
}

async fn show_rule(
    app: &Arc<App>,
    visitor: &Visitor,
    headers: &HeaderMap,
    (id, rule): (&str, &str),
    refused: Option<(RuleForm, Refused)>,
) -> Result<Html<String>, Error> {
    let opened = Opened::load(app, visitor, id).await?;
    let f = Frame::load(&mut app.db.read(), app, visitor, headers, "settings").await?;
    let found = opened.readable()?.rules.iter().find(|r| r.id == rule);
    let found = found.ok_or(Error::NotFound("rule"))?.clone();
    let (form, refused) = refused.unwrap_or_else(|| (RuleForm::of(&found), Refused::default()));
    shell::page(&RulePage {
        checks: f.w.t(&check_key(&found.check)),
        f,
        may_write: opened.may_write,
        version: opened.view.row.version,
        draft: opened.view,
        id: found.id,
        form,
        errors: refused.errors,
        conflict: refused.conflict,
    })
}

/// GET /settings/policies/drafts/{id}/rules/{rule}.
pub async fn rule(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((id, rule)): Path<(String, String)>,
) -> Result<Html<String>, Error> {
    show_rule(&app, &visitor, &headers, (&id, &rule), None).await
}

/// POST /settings/policies/drafts/{id}/rules/{rule}: what is not taken stays in the form.
pub async fn save_rule(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((id, rule)): Path<(String, String)>,
    Form(form): Form<RuleForm>,
) -> Result<Response, Error> {
    let saved = match form.said() {
        Ok(said) => draft::save_rule(&app, &visitor, &id, form.version, &rule, said).await,
        Err(error) => Err(error),
    };
    let (status, refused) = match saved {
        Ok(()) => return Ok(Redirect::to(&format!("/settings/policies/drafts/{id}")).into_response()),
        Err(Error::Conflict) => (
            StatusCode::CONFLICT,
            Refused {
                conflict: true,
                ..Refused::default()
            },
        ),
        Err(Error::Invalid(problems)) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            Refused {
                errors: said(&problems, W(visitor.lang)),
                ..Refused::default()
            },
        ),
        Err(error) => return Err(error),
    };
    let page = show_rule(&app, &visitor, &headers, (&id, &rule), Some((form, refused))).await?;
    Ok((status, page).into_response())
}

impl RulePage {
    /// The severities: their words in a policy's text, their words for people, and whether it is the form's.
    fn severities(&self) -> Vec<(&'static str, String, bool)> {
        let all = [Severity::Info, Severity::Warn, Severity::Block];
        let one = |s: Severity| {
            let code = severity_code(s);
            (code, severity_words(s, self.f.w), code == self.form.severity)
        };
        all.into_iter().map(one).collect()
    }

    fn name(&self) -> &str {
        if self.f.w.zh() {
            &self.form.zh_name
        } else {
            &self.form.en_name
        }
    }
}

impl RuleForm {
    fn of(rule: &outlay_core::policy::Rule) -> RuleForm {
        let day = |day: Option<Date>| day.map(|d| d.to_string()).unwrap_or_default();
        let (zh, en) = (rule.text.zh.clone(), rule.text.en.clone());
        RuleForm {
            version: 0,
            severity: severity_code(rule.severity).to_owned(),
            source: rule.source.clone().unwrap_or_default(),
            from: day(rule.from),
            until: day(rule.until),
            zh_name: zh.name,
            zh_title: zh.title,
            zh_text: zh.text,
            zh_fix: zh.fix,
            en_name: en.name,
            en_title: en.title,
            en_text: en.text,
            en_fix: en.fix,
        }
    }

    fn said(&self) -> Result<RuleSaid, Error> {
        let day = |name: &str, text: &str| match text.trim() {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| Error::field(name, "not-a-date")),
        };
        let severity = [Severity::Info, Severity::Warn, Severity::Block]
            .into_iter()
            .find(|s| severity_code(*s) == self.severity);
        let words = |name: &str, title: &str, text: &str, fix: &str| RuleTemplate {
            name: name.trim().to_owned(),
            title: title.trim().to_owned(),
            text: text.trim().to_owned(),
            fix: fix.trim().to_owned(),
        };
        Ok(RuleSaid {
            severity: severity.ok_or_else(|| Error::field("severity", "unknown"))?,
            source: Some(self.source.trim().to_owned()).filter(|s| !s.is_empty()),
            from: day("from", &self.from)?,
            until: day("until", &self.until)?,
            zh: words(&self.zh_name, &self.zh_title, &self.zh_text, &self.zh_fix),
            en: words(&self.en_name, &self.en_title, &self.en_text, &self.en_fix),
        })
    }
}

fn severity_words(severity: Severity, w: W) -> String {
    w.t(&format!("pdraft-severity-{}", severity_code(severity)))
}

/// The word of a severity in a policy's text.
fn severity_code(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warn => "warn",
        Severity::Block => "block",
    }
}
