//! /crm: deals and accounts, what they cost, and the forms of Outlay's own records.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{Html, Redirect};
use jiff::Timestamp;
use outlay_connect::Object;
use outlay_core::Money;
use serde::Deserialize;

use super::edit;
use super::form::{self, FormField};
use super::records::{RecordView, RecordsView, RecordsWanted};
use super::spend::{ClaimShare, Happening, percent};
use super::view::{self, AccountView, ContactView, DealView};
use crate::app::App;
use crate::auth::{Action, Resource, Visitor};
use crate::clock::{day, now};
use crate::db::Sql;
use crate::edits::{self, FieldsForm};
use crate::error::Error;
use crate::shell::{self, Frame, W};

/// What a list page is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    q: Option<String>,
    view: Option<String>,
    before: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/deals.html")]
struct DealsPage {
    f: Frame,
    tab: String,
    q: String,
    view: RecordsView,
    may_create: bool,
}

#[derive(Template)]
#[template(path = "pages/accounts.html")]
struct AccountsPage {
    f: Frame,
    q: String,
    view: RecordsView,
    may_create: bool,
}

#[derive(Template)]
#[template(path = "pages/deal.html")]
struct DealPage {
    f: Frame,
    v: DealView,
    form: Option<FieldsForm>,
}

#[derive(Template)]
#[template(path = "pages/account.html")]
struct AccountPage {
    f: Frame,
    v: AccountView,
    may_create: bool,
    form: Option<FieldsForm>,
}

#[derive(Template)]
#[template(path = "pages/contact.html")]
struct ContactPage {
    f: Frame,
    v: ContactView,
    form: Option<FieldsForm>,
}

/// What a record's page is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct OneQuery {
    /// Whether its fields are to be changed.
    edit: bool,
}

#[derive(Template)]
#[template(path = "pages/record-form.html")]
struct FormPage {
    f: Frame,
    title: String,
    back: String,
    action: String,
    revision: String,
    fields: Vec<FormField>,
}

impl Frame {
    /// An amount with its sign: `¥48,620.00`.
    pub fn money(&self, m: &Money) -> String {
        format!("{}{}", m.currency.sign(), m.grouped())
    }

    /// A message with a count.
    pub fn count(&self, key: &str, n: &i64) -> String {
        self.w.n(key, *n)
    }

    /// A day of a record: `11-21`, `21 Nov`.
    pub fn day(&self, text: &Option<String>) -> String {
        let parsed = text.as_deref().and_then(|t| t.parse().ok());
        parsed.map_or_else(String::new, |d| shell::short_day(self.w, d, day(now(), "UTC")))
    }

    /// How long ago a moment in RFC 3339 was.
    pub fn since(&self, text: &str) -> String {
        text.parse::<Timestamp>()
            .map(|at| shell::ago(self.w, at))
            .unwrap_or_default()
    }

    /// An avatar of somebody.
    pub fn avatar(&self, name: &str) -> String {
        let letters: String = shell::letters(name).chars().filter(|c| c.is_alphanumeric()).collect();
        format!(
            "<span class=\"av av-18 av-{}\" aria-hidden=\"true\">{letters}</span>",
            shell::hue(name)
        )
    }

    /// A stage as people read it: Tryton's own words have a translation, others stand as they are.
    pub fn stage(&self, stage: &str) -> String {
        stage_words(self.w, stage)
    }

    /// The kind of an activity in words.
    pub fn activity_kind(&self, kind: &str) -> String {
        self.known("crm-kind-", kind)
    }

    /// A kind of record in words.
    pub fn object(&self, object: &str) -> String {
        self.known("crm-object-", object)
    }

    fn known(&self, prefix: &str, code: &str) -> String {
        known(self.w, prefix, code)
    }

    /// The tone of a stage's badge.
    pub fn stage_tone(&self, kind: &Option<String>) -> &'static str {
        stage_tone(kind.as_deref().unwrap_or_default())
    }
}

fn known(w: W, prefix: &str, code: &str) -> String {
    let key = format!("{prefix}{}", code.replace('_', "-"));
    if w.knows(&key) { w.t(&key) } else { code.to_owned() }
}

/// A stage as people read it: Tryton's own words have a translation, others stand as they are.
pub(crate) fn stage_words(w: W, stage: &str) -> String {
    known(w, "crm-stage-", stage)
}

/// The tone of a badge for a stage of this kind: `open`, `won` or `lost`.
pub(crate) fn stage_tone(kind: &str) -> &'static str {
    match kind {
        "won" => "ok",
        "lost" => "bad",
        _ => "accent",
    }
}

impl DealsPage {
    fn tabs(&self) -> [(&'static str, String); 5] {
        [
            ("mine", self.f.w.t("crm-view-mine")),
            ("open", self.f.w.t("crm-view-open")),
            ("won", self.f.w.t("crm-stage-won")),
            ("lost", self.f.w.t("crm-stage-lost")),
            ("all", self.f.w.t("crm-view-all")),
        ]
    }
}

impl DealPage {
    fn happening(&self, h: &Happening) -> (String, &'static str) {
        happening(&self.f, h)
    }
}

impl AccountsPage {
    /// Spent in per cent of won, where both are of one currency.
    fn ratio(&self, record: &RecordView) -> Option<String> {
        let won = record.won.as_ref()?.first()?;
        let spent = record
            .spend
            .as_ref()?
            .iter()
            .find(|s| s.spent.currency == won.currency)?;
        percent(spent.spent.minor, won.minor)
    }
}

/// What happened in words, and its icon.
fn happening(f: &Frame, h: &Happening) -> (String, &'static str) {
    let icon = match h.what.as_str() {
        "activity" => "map-pin-check",
        "written_back" => "message-square-text",
        "approved" | "passed" => "file-check",
        "payment_posted" | "batched" => "banknote",
        "rejected" | "payment_failed" => "circle-x",
        "returned" | "withdrawn" => "undo-2",
        _ => "send",
    };
    let key = format!("crm-happened-{}", h.what.replace('_', "-"));
    let values = [
        ("who".to_owned(), h.who.clone().unwrap_or_else(|| "Outlay".to_owned())),
        ("about".to_owned(), h.about.clone()),
    ];
    (f.w.args(&key, &values), icon)
}

/// Those that a record's page itself shows; the list of claims has all.
pub(crate) fn first_claims(claims: &[ClaimShare]) -> &[ClaimShare] {
    &claims[..claims.len().min(20)]
}

/// How many there are, as far as they were read.
pub(crate) fn claim_count(claims: &[ClaimShare], more: &bool) -> String {
    format!("{}{}", claims.len(), if *more { "+" } else { "" })
}

fn text(value: &Option<String>) -> String {
    value.clone().unwrap_or_default()
}

/// GET /crm/deals and /crm/accounts.
pub async fn list(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(objects): Path<String>,
    Query(query): Query<ListQuery>,
) -> Result<Html<String>, Error> {
    match objects.as_str() {
        "deals" => deals(&app, &visitor, &headers, query).await,
        "accounts" => accounts(&app, &visitor, &headers, query).await,
        _ => Err(Error::NotFound("page")),
    }
}

/// GET /crm/deals/{id}, /crm/accounts/{id} and /crm/contacts/{id}; with `?edit=true` the form of what can be changed in the CRM.
pub async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((objects, id)): Path<(String, String)>,
    Query(query): Query<OneQuery>,
) -> Result<Html<String>, Error> {
    match objects.as_str() {
        "deals" => deal(&app, &visitor, &headers, &id, query.edit).await,
        "accounts" => account(&app, &visitor, &headers, &id, query.edit).await,
        "contacts" => contact(&app, &visitor, &headers, &id, query.edit).await,
        _ => Err(Error::NotFound("page")),
    }
}

async fn form_of(
    sql: &mut Sql,
    app: &App,
    visitor: &Visitor,
    object: Object,
    id: &str,
    wanted: bool,
) -> Result<Option<FieldsForm>, Error> {
    if !wanted {
        return Ok(None);
    }
    Ok(FieldsForm::of(edits::fields(sql, app, visitor, object, id).await?))
}

async fn deals(app: &App, visitor: &Visitor, headers: &HeaderMap, query: ListQuery) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let tab = match query.view.as_deref() {
        Some(tab @ ("mine" | "open" | "won" | "lost" | "all")) => tab.to_owned(),
        _ if text(&query.q).is_empty() => "open".to_owned(),
        _ => "all".to_owned(),
    };
    let wanted = RecordsWanted {
        q: query.q.clone(),
        owner: (tab == "mine").then(|| visitor.person.id().to_string()),
        stage_kind: match tab.as_str() {
            "mine" => Some("open".to_owned()),
            "all" => None,
            kind => Some(kind.to_owned()),
        },
        before: query.before,
        ..RecordsWanted::default()
    };
    let view = view::list(&mut sql, app, visitor, Object::Deal, &wanted).await?;
    shell::page(&DealsPage {
        f: Frame::load(&mut sql, app, visitor, headers, "deals").await?,
        tab,
        q: text(&query.q),
        view,
        may_create: view::is_own_master(&mut sql).await?,
    })
}

async fn accounts(app: &App, visitor: &Visitor, headers: &HeaderMap, query: ListQuery) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let wanted = RecordsWanted {
        q: query.q.clone(),
        before: query.before,
        ..RecordsWanted::default()
    };
    let view = view::list(&mut sql, app, visitor, Object::Account, &wanted).await?;
    shell::page(&AccountsPage {
        f: Frame::load(&mut sql, app, visitor, headers, "accounts").await?,
        q: text(&query.q),
        view,
        may_create: view::is_own_master(&mut sql).await?,
    })
}

async fn deal(app: &App, visitor: &Visitor, headers: &HeaderMap, id: &str, edit: bool) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let v = view::deal(&mut sql, app, visitor, id).await?;
    let form = form_of(&mut sql, app, visitor, Object::Deal, id, edit && v.may_write).await?;
    let f = Frame::load(&mut sql, app, visitor, headers, "deals").await?;
    shell::page(&DealPage { f, v, form })
}

async fn account(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    id: &str,
    edit: bool,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let v = view::account(&mut sql, app, visitor, id).await?;
    let may_create = v.may_edit && view::is_own_master(&mut sql).await?;
    let form = form_of(&mut sql, app, visitor, Object::Account, id, edit && v.may_write).await?;
    let f = Frame::load(&mut sql, app, visitor, headers, "accounts").await?;
    shell::page(&AccountPage { f, v, may_create, form })
}

async fn contact(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    id: &str,
    edit: bool,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let v = view::contact(&mut sql, app, visitor, id).await?;
    let form = form_of(&mut sql, app, visitor, Object::Contact, id, edit && v.may_write).await?;
    let f = Frame::load(&mut sql, app, visitor, headers, "accounts").await?;
    shell::page(&ContactPage { f, v, form })
}

fn plural(text: &str) -> Result<Object, Error> {
    Ok(match text {
        "accounts" => Object::Account,
        "contacts" => Object::Contact,
        "deals" => Object::Deal,
        "projects" => Object::Project,
        "orders" => Object::Order,
        "activities" => Object::Activity,
        _ => return Err(Error::NotFound("page")),
    })
}

fn nav(object: Object) -> &'static str {
    if object == Object::Deal { "deals" } else { "accounts" }
}

/// Where a record is shown: its own page, else that of its deal or account.
fn home(record: &RecordView) -> String {
    match (record.object, &record.deal, &record.account) {
        ("deal", ..) => format!("/crm/deals/{}", record.id),
        ("account", ..) => format!("/crm/accounts/{}", record.id),
        (_, Some(deal), _) => format!("/crm/deals/{}", deal.id),
        (_, None, Some(account)) => format!("/crm/accounts/{}", account.id),
        _ => "/crm/accounts".to_owned(),
    }
}

/// GET /crm/{objects}/new: an empty form, with `?account=` and `?deal=` filled in.
pub async fn new(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(objects): Path<String>,
    Query(given): Query<HashMap<String, String>>,
) -> Result<Html<String>, Error> {
    let object = plural(&objects)?;
    let mut sql = app.db.read();
    let f = Frame::load(&mut sql, &app, &visitor, &headers, nav(object)).await?;
    shell::page(&FormPage {
        title: f.w.t(&format!("crm-new-{object}")),
        back: "/crm/".to_owned() + if object == Object::Deal { "deals" } else { "accounts" },
        action: format!("/crm/{objects}"),
        revision: String::new(),
        fields: form::fields(&mut sql, &app, &visitor, object, &given).await?,
        f,
    })
}

/// GET /crm/{objects}/{id}/edit.
pub async fn edit(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((objects, id)): Path<(String, String)>,
) -> Result<Html<String>, Error> {
    let object = plural(&objects)?;
    let mut sql = app.db.read();
    let facts = view::readable(&mut sql, &app, &visitor, object, &id).await?;
    visitor.permit(&app, Action::EditRecord, &Resource::Record(&facts))?;
    let record = view::record(&mut sql, &app, &visitor, object, &id).await?;
    let f = Frame::load(&mut sql, &app, &visitor, &headers, nav(object)).await?;
    shell::page(&FormPage {
        title: record.name.clone(),
        back: home(&record),
        action: format!("/crm/{objects}/{id}"),
        revision: record.revision.clone(),
        fields: form::fields(&mut sql, &app, &visitor, object, &form::values(&record)).await?,
        f,
    })
}

/// POST /crm/{objects}.
pub async fn create(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(objects): Path<String>,
    Form(values): Form<HashMap<String, String>>,
) -> Result<Redirect, Error> {
    let object = plural(&objects)?;
    let id = edit::create(&app, &visitor, object, form::input(values)).await?;
    let record = super::records::one(&mut app.db.read(), object, &id).await?;
    Ok(Redirect::to(&home(&record)))
}

/// POST /crm/{objects}/{id}.
pub async fn replace(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path((objects, id)): Path<(String, String)>,
    Form(values): Form<HashMap<String, String>>,
) -> Result<Redirect, Error> {
    let object = plural(&objects)?;
    edit::replace(&app, &visitor, object, &id, form::input(values)).await?;
    let record = super::records::one(&mut app.db.read(), object, &id).await?;
    Ok(Redirect::to(&home(&record)))
}
