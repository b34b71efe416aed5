//! The tables and rules of a draft: read out of its text, and put back into it.

use std::sync::Arc;

use jiff::civil::Date;
use outlay_core::claim::Problem;
use outlay_core::policy::{Check, Policy, PolicyError, PolicySet, Rule, Severity, Template, with_rule, with_table};
use outlay_core::table::Table;

use super::check::{Found, SheetProblem};
use super::page::Sheet;
use super::policy::{self, Addresses};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::rules::{self, RulesDraftView, SavedDraft};
use crate::shell::W;

/// A draft of a policy, with what its text says as far as it can be read.
pub struct Opened {
    /// The draft.
    pub view: RulesDraftView,
    /// What its text says; what is wrong where it cannot be read.
    pub set: Result<PolicySet, PolicyError>,
    /// The version that it began from.
    pub base: Option<PolicySet>,
    /// Whether the reader may change it.
    pub may_write: bool,
}

impl Opened {
    /// One that the reader may see; [`Error::NotFound`] for a flow's.
    pub async fn load(app: &App, visitor: &Visitor, id: &str) -> Result<Opened, Error> {
        let view = RulesDraftView::of(app, visitor, id).await?;
        if view.row.kind.is_flow() {
            return Err(Error::NotFound("draft"));
        }
        let base = match &view.row.base {
            Some(base) => crate::policies::version(&mut app.db.read(), base, visitor.lang)
                .await
                .ok(),
            None => None,
        };
        Ok(Opened {
            set: PolicySet::from_yaml(&view.body),
            base: base.and_then(|b| PolicySet::from_yaml(&b.yaml).ok()),
            may_write: view.row.state.is_open() && rules::permit(app, visitor, view.row.entity).is_ok(),
            view,
        })
    }

    /// What its text says; [`Error::Invalid`] where it cannot be read.
    pub fn readable(&self) -> Result<&PolicySet, Error> {
        self.set.as_ref().map_err(|e| Error::Invalid(problems(e)))
    }

    /// A table for the editor.
    pub fn sheet(&self, table: &str, w: W) -> Result<Sheet, Error> {
        let address = format!("/api/v1/rules/drafts/{}/tables/{table}", self.view.row.id);
        let at = Addresses {
            check: format!("{address}/check"),
            save: if self.may_write { address } else { String::new() },
            version: self.view.row.version,
        };
        policy::sheet(self.readable()?, self.base.as_ref(), table, at, w)
    }

    async fn save(self, app: &App, visitor: &Visitor, version: i64, body: String) -> Result<(), Error> {
        let permit = rules::permit(app, visitor, self.view.row.entity)?;
        let saved = SavedDraft {
            version,
            body,
            effective_from: None,
        };
        rules::save(app, permit, &self.view.row.id, saved).await
    }
}

/// What is wrong with a policy, by its places.
pub fn problems(error: &PolicyError) -> Vec<Problem> {
    let said = |p: &outlay_core::policy::PolicyProblem| crate::policies::problem(&p.path, &p.message);
    error.problems.iter().map(said).collect()
}

/// Puts a table into a draft; its version then. [`Error::Conflict`] if somebody saved since `version`, [`Error::Invalid`] with the cell
/// and the mend for a table that cannot be used.
pub async fn save_table(app: &App, visitor: &Visitor, id: &str, version: i64, table: Table) -> Result<i64, Error> {
    let opened = Opened::load(app, visitor, id).await?;
    if opened.view.row.version != version {
        return Err(Error::Conflict);
    }
    let found = policy::check(opened.readable()?, &table, &[], visitor.lang);
    if !found.problems.is_empty() {
        return Err(refused(&found, W(visitor.lang)));
    }
    let body = with_table(&opened.view.body, &table).map_err(|e| Error::Invalid(problems(&e)))?;
    opened.save(app, visitor, version, body).await?;
    Ok(version + 1)
}

fn refused(found: &Found, w: W) -> Error {
    let told = |p: &SheetProblem| {
        let words = if w.zh() { &p.text.zh } else { &p.text.en };
        let text = match &p.cell {
            Some(cell) => w.args(
                "table-problem-at",
                &[("place".to_owned(), cell.clone()), ("words".to_owned(), words.clone())],
            ),
            None => words.clone(),
        };
        Problem::new(p.cell.clone().unwrap_or_else(|| "table".to_owned()), "table-file").with("text", text)
    };
    Error::Invalid(found.problems.iter().map(told).collect())
}

/// What can be said of a rule beside its check.
#[derive(Debug, Clone)]
pub struct RuleSaid {
    /// How much a finding weighs.
    pub severity: Severity,
    /// Where the rule comes from.
    pub source: Option<String>,
    /// The first day that it is for.
    pub from: Option<Date>,
    /// The last one.
    pub until: Option<Date>,
    /// Its words in Chinese.
    pub zh: Template,
    /// Its words in English.
    pub en: Template,
}

/// Puts what is said of a rule into a draft. The policy must be as sound as it was before.
pub async fn save_rule(
    app: &App,
    visitor: &Visitor,
    id: &str,
    version: i64,
    rule: &str,
    said: RuleSaid,
) -> Result<(), Error> {
    let opened = Opened::load(app, visitor, id).await?;
    if opened.view.row.version != version {
        return Err(Error::Conflict);
    }
    let set = opened.readable()?;
    let at = set
        .rules
        .iter()
        .position(|r| r.id == rule)
        .ok_or(Error::NotFound("rule"))?;
    let changed = Rule {
        severity: said.severity,
        source: said.source,
        from: said.from,
        until: said.until,
        text: outlay_core::policy::RuleText {
            zh: said.zh,
            en: said.en,
        },
        ..set.rules[at].clone()
    };
    let mut next = set.clone();
    next.rules[at] = changed.clone();
    if let Err(error) = Policy::new(next) {
        let own = format!("rules[{at}].");
        let told: Vec<Problem> = problems(&error)
            .into_iter()
            .filter(|p| p.field.starts_with(&own))
            .collect();
        if !told.is_empty() {
            return Err(Error::Invalid(told));
        }
    }
    let body = with_rule(&opened.view.body, &changed).map_err(|e| Error::Invalid(problems(&e)))?;
    opened.save(app, visitor, version, body).await
}

/// Saves a draft's text.
pub async fn save_text(app: &Arc<App>, visitor: &Visitor, id: &str, version: i64, body: String) -> Result<(), Error> {
    Opened::load(app, visitor, id)
        .await?
        .save(app, visitor, version, body)
        .await
}

/// The key of the words for what a rule checks.
pub fn check_key(check: &Check) -> String {
    format!("sheet-check-{}", check.code().replace('_', "-"))
}
