//! /settings/connections/{id}/mapping: each field's rule beside a real record, its form, and the dry run.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{Html, Redirect};
use outlay_connect::Rule;
use outlay_connect::mapping::{Kind, fields};
use outlay_core::claim::Problem;

use super::force::{self, Edit, edited};
use super::form::Entered;
use super::object_of;
use super::trial::{self, TrialView};
use super::view::{self, Asked, MappingView, RawValue};
use crate::app::App;
use crate::auth::Visitor;
use crate::connections::Connection;
use crate::connections::view::{id_of, may};
use crate::error::Error;
use crate::shell::{self, Frame, SettingsNav};

#[derive(Template)]
#[template(path = "pages/settings-mapping.html")]
struct MappingPage {
    f: Frame,
    nav: SettingsNav,
    v: MappingView,
    form: Option<RuleForm>,
}

struct RuleForm {
    entered: Entered,
    kind: Kind,
    /// Whether the rule is changed here.
    changed: bool,
    /// What is wrong, by the part of the rule.
    errors: Vec<(String, String)>,
    tried: Option<TrialView>,
}

impl RuleForm {
    fn is(&self, kinds: &str) -> bool {
        let kind = serde_json::to_value(self.kind).unwrap_or_default();
        kinds.split(' ').any(|k| kind == k)
    }

    fn errors(&self, part: &str) -> Vec<&str> {
        let of = self.errors.iter().filter(|(place, _)| place == part);
        of.map(|(_, words)| words.as_str()).collect()
    }
}

impl MappingPage {
    fn field(&self, name: &str) -> String {
        self.f.w.t(&format!("mapping-field-{}", name.replace('_', "-")))
    }

    fn href(&self, field: &str) -> String {
        let path = format!("/settings/connections/{}/mapping", self.v.connection);
        let record = self.v.record.as_ref().map_or("", |r| r.external_id.as_str());
        format!(
            "{}#rule",
            shell::link(
                &path,
                &[("object", &self.v.object), ("record", record), ("field", field)]
            )
        )
    }

    fn is_record(&self, id: &str) -> bool {
        self.v.record.as_ref().is_some_and(|r| r.external_id == id)
    }

    fn unmapped(&self) -> Vec<&RawValue> {
        let values = self.v.record.iter().flat_map(|r| &r.values);
        values.filter(|v| !v.mapped).collect()
    }

    fn unknown_users(&self) -> usize {
        self.v.users.iter().filter(|u| u.employee.is_none()).count()
    }

    fn told(&self, rule: &Rule) -> String {
        in_symbols(rule)
    }

    fn busy(&self) -> bool {
        self.v.run.as_ref().is_some_and(|r| r.ended_at.is_none())
    }
}

/// A rule in a line of symbols: `amount / total · RMB → CNY · ∅ → 0`.
fn in_symbols(rule: &Rule) -> String {
    let between = if rule.join.is_some() { " + " } else { " / " };
    let mut parts = vec![rule.from.join(between)];
    parts.extend(rule.words.iter().map(|(from, to)| format!("{from} → {to}")));
    parts.extend(rule.default.iter().map(|to| format!("∅ → {to}")));
    parts.extend(rule.whole.map(|whole| format!("÷ {whole}")));
    parts.extend(
        rule.currency
            .iter()
            .map(|currency| format!("({})", in_symbols(currency))),
    );
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}

async fn show(
    app: &Arc<App>,
    visitor: &Visitor,
    headers: &HeaderMap,
    connection: &Connection,
    asked: &Asked,
    form: Option<RuleForm>,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let f = Frame::load(&mut sql, app, visitor, headers, "settings").await?;
    shell::page(&MappingPage {
        nav: SettingsNav::load(&mut sql, app, visitor, "connections").await?,
        v: view::view(&mut sql, app, connection, asked).await?,
        f,
        form,
    })
}

fn kind_of(connection: &Connection, object: &str, field: &str) -> Result<Kind, Error> {
    let object = object_of(object)?;
    let known = connection.manifest.object(object).map(|_| fields(object));
    let found = known.into_iter().flatten().find(|(name, _)| *name == field);
    found.map(|(_, kind)| *kind).ok_or(Error::NotFound("field"))
}

/// GET /settings/connections/{id}/mapping.
pub async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, Error> {
    may(&app, &visitor)?;
    let connection = Connection::load(&mut app.db.read(), id_of(&id)?).await?;
    let form = if asked.field.is_empty() {
        None
    } else {
        let kind = kind_of(&connection, &asked.object, &asked.field)?;
        let object = object_of(&asked.object)?;
        let mine = connection.mapping.get(&object).and_then(|r| r.get(&asked.field));
        let usual = connection
            .manifest
            .object(object)
            .and_then(|o| o.fields.get(&asked.field));
        Some(RuleForm {
            entered: Entered::of(&asked.object, &asked.field, &asked.record, mine.or(usual)),
            kind,
            changed: mine.is_some(),
            errors: Vec::new(),
            tried: None,
        })
    };
    show(&app, &visitor, &headers, &connection, &asked, form).await
}

/// The change that the form asks for.
fn edit(entered: &Entered, kind: Kind) -> Result<Edit, Vec<Problem>> {
    let rule = if entered.usual { None } else { Some(entered.rule(kind)?) };
    Ok(Edit::One(entered.field.clone(), rule))
}

/// POST /settings/connections/{id}/mapping/trial: the dry run, beside the form as it was sent.
pub async fn trial(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(mut entered): Form<Entered>,
) -> Result<Html<String>, Error> {
    may(&app, &visitor)?;
    let connection = Connection::load(&mut app.db.read(), id_of(&id)?).await?;
    let kind = kind_of(&connection, &entered.object, &entered.field)?;
    let object = object_of(&entered.object)?;
    let picked = entered.picked();
    let outcome = match edit(&entered, kind) {
        _ if picked => Ok(None),
        Err(problems) => Err(Error::Invalid(problems)),
        Ok(edit) => {
            let rules = edited(&connection, object, edit);
            trial::trial(&mut app.db.read(), &app, &connection, object, rules)
                .await
                .map(Some)
        }
    };
    let (tried, problems) = match outcome {
        Ok(tried) => (tried, Vec::new()),
        Err(Error::Invalid(problems)) => (None, problems),
        Err(other) => return Err(other),
    };
    let place = format!("rules.{}.", entered.field);
    let words = |p: &Problem| {
        let part = p.field.strip_prefix(&place).unwrap_or_default().to_owned();
        (part, shell::field_words(shell::W(visitor.lang), p))
    };
    let asked = Asked {
        object: entered.object.clone(),
        record: entered.record.clone(),
        field: entered.field.clone(),
    };
    let form = RuleForm {
        kind,
        changed: connection
            .mapping
            .get(&object)
            .is_some_and(|r| r.contains_key(&entered.field)),
        errors: problems.iter().map(words).collect(),
        tried,
        entered,
    };
    show(&app, &visitor, &headers, &connection, &asked, Some(form)).await
}

/// POST /settings/connections/{id}/mapping: puts the rule into force.
pub async fn force(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(entered): Form<Entered>,
) -> Result<Redirect, Error> {
    let permit = may(&app, &visitor)?;
    let id = id_of(&id)?;
    let connection = Connection::load(&mut app.db.read(), id).await?;
    let kind = kind_of(&connection, &entered.object, &entered.field)?;
    let edit = edit(&entered, kind).map_err(Error::Invalid)?;
    force::put(&app, permit, id, object_of(&entered.object)?, edit).await?;
    let path = format!("/settings/connections/{id}/mapping");
    let query = [("object", entered.object.as_str()), ("record", &entered.record)];
    Ok(Redirect::to(&shell::link(&path, &query)))
}
