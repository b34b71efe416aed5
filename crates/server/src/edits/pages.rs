//! The form of a record's fields, decisions, and /settings/connections/{id}/write-back: policies and what waits.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{Html, Redirect};
use outlay_connect::Object;
use serde::Deserialize;

use super::fields::{FieldView, FieldsView};
use super::policy::{self, FieldPolicy, Policy};
use super::save::Changes;
use super::settle::{self, Keep};
use super::view::{self, EditCounts, EditView, EditsWanted};
use crate::app::App;
use crate::auth::Visitor;
use crate::connections::Connection;
use crate::connections::view::{id_of, may};
use crate::error::Error;
use crate::shell::{self, Frame, SettingsNav};

/// What a record's page shows of its fields: a form, if it is asked for.
pub struct FieldsForm {
    /// The fields.
    pub fields: Vec<FieldView>,
}

impl FieldsForm {
    /// The form with `view`'s fields; none if there is nothing to change.
    pub fn of(view: FieldsView) -> Option<FieldsForm> {
        (!view.fields.is_empty()).then_some(FieldsForm { fields: view.fields })
    }
}

/// An amount without its currency, and the currency.
pub fn apart(value: &str) -> (&str, &str) {
    value.split_once(' ').unwrap_or((value, ""))
}

impl Frame {
    /// A canonical field of a record in words.
    pub fn field_name(&self, field: &str) -> String {
        self.w.t(&format!("mapping-field-{}", field.replace('_', "-")))
    }

    /// A value of a field as people read it; a dash for nothing.
    pub fn field_value(&self, field: &str, value: &str) -> String {
        match field {
            _ if value.is_empty() => "—".to_owned(),
            "stage" => self.stage(value),
            _ => value.to_owned(),
        }
    }

    /// As [`Frame::hour_of`]; nothing for nothing.
    pub fn hour(&self, at: &Option<String>) -> String {
        at.as_deref().map_or_else(String::new, |at| self.hour_of(at))
    }

    /// Hour and minute of a stored moment where the reader is, with the day if it is another than today.
    pub fn hour_of(&self, at: &str) -> String {
        let Ok(at) = at.parse::<jiff::Timestamp>() else {
            return String::new();
        };
        let zone = &self.zone;
        if crate::clock::day(at, zone) == crate::clock::day(crate::clock::now(), zone) {
            let tz = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
            return at.to_zoned_datetime(tz).strftime("%H:%M").to_string();
        }
        shell::short_moment(self.w, at, zone)
    }

    /// Why an edit waits, failed or was dropped, in words.
    pub fn edit_reason(&self, edit: &EditView) -> String {
        let key = format!("edits-reason-{}", edit.reason.as_deref().unwrap_or("none"));
        let values = [
            ("crm".to_owned(), edit.connection.name.clone()),
            ("said".to_owned(), edit.said.clone().unwrap_or_default()),
        ];
        if self.w.knows(&key) {
            self.w.args(&key, &values)
        } else {
            String::new()
        }
    }
}

#[derive(Template)]
#[template(path = "pages/settings-write-back.html")]
struct WriteBackPage {
    f: Frame,
    nav: SettingsNav,
    id: String,
    name: String,
    policies: Vec<FieldPolicy>,
    counts: EditCounts,
    edits: Vec<EditView>,
    state: String,
}

impl WriteBackPage {
    fn all(&self) -> [Policy; 6] {
        Policy::ALL
    }

    fn chosen(&self, one: &FieldPolicy, policy: &Policy) -> bool {
        one.policy == *policy
    }

    fn objects(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.policies.iter().map(|p| p.object.as_str()).collect();
        all.dedup();
        all
    }

    fn back(&self) -> String {
        let path = format!("/settings/connections/{}/write-back", self.id);
        shell::link(&path, &[("state", &self.state)])
    }
}

/// GET /settings/connections/{id}/write-back.
pub async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(wanted): Query<EditsWanted>,
) -> Result<Html<String>, Error> {
    may(&app, &visitor)?;
    let mut sql = app.db.read();
    let connection = Connection::load(&mut sql, id_of(&id)?).await?;
    shell::page(&WriteBackPage {
        f: Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?,
        nav: SettingsNav::load(&mut sql, &app, &visitor, "connections").await?,
        policies: policy::all(&mut sql, &connection).await?,
        counts: view::counts(&mut sql, connection.id).await?,
        edits: view::of_connection(&mut sql, &app, &visitor, connection.id, &wanted).await?,
        state: wanted.state.unwrap_or_default(),
        id: connection.id.to_string(),
        name: connection.name,
    })
}

/// POST /settings/connections/{id}/write-back: a policy for each `OBJECT.FIELD`.
pub async fn set(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(fields): Form<BTreeMap<String, String>>,
) -> Result<Redirect, Error> {
    let permit = may(&app, &visitor)?;
    let mut wanted = Vec::new();
    for (key, code) in fields {
        let policy = Policy::ALL.into_iter().find(|p| p.code() == code);
        let (Some((object, field)), Some(policy)) = (key.split_once('.'), policy) else {
            return Err(Error::field(key, "unknown"));
        };
        wanted.push(FieldPolicy {
            object: object.to_owned(),
            field: field.to_owned(),
            policy,
        });
    }
    let id = id_of(&id)?;
    policy::put(&app, permit, id, wanted).await?;
    Ok(Redirect::to(&format!("/settings/connections/{id}/write-back")))
}

/// POST /crm/{objects}/{id}/fields: each field by its name, what was seen as `seen.FIELD`, a currency as `currency.FIELD`.
pub async fn save(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path((objects, id)): Path<(String, String)>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Result<Redirect, Error> {
    let object = match objects.as_str() {
        "accounts" => Object::Account,
        "contacts" => Object::Contact,
        "deals" => Object::Deal,
        _ => return Err(Error::NotFound("page")),
    };
    let mut changes = Changes::default();
    for (key, value) in &form {
        match key.split_once('.') {
            Some(("seen", field)) => _ = changes.seen.insert(field.to_owned(), value.clone()),
            Some(_) => {}
            None => {
                let currency = form.get(&format!("currency.{key}")).filter(|c| !c.is_empty());
                let whole = match currency {
                    Some(currency) if !value.trim().is_empty() => format!("{} {currency}", value.trim()),
                    _ => value.clone(),
                };
                changes.fields.insert(key.clone(), whole);
            }
        }
    }
    super::save(&app, &visitor, object, &id, changes).await?;
    Ok(Redirect::to(&format!("/crm/{objects}/{id}#crm-record")))
}

/// What a person decided, and where they were.
#[derive(Debug, Deserialize)]
pub struct Decided {
    keep: Keep,
    #[serde(default)]
    back: String,
}

/// POST /edits/{id}/decision.
pub async fn decide(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(decided): Form<Decided>,
) -> Result<Redirect, Error> {
    settle::decide(&app, &visitor, &id, decided.keep).await?;
    Ok(Redirect::to(shell::local(&decided.back, "/")))
}
