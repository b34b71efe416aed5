//! Money to be had back, since a seller reversed an invoice after its claim was paid: listed, and settled with a note.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{Html, Redirect};
use axum::{Form, Json};
use outlay_core::claim::Problem;
use outlay_core::ids::{EmployeeId, EntityId};
use outlay_core::{Currency, Money};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::pages::Tabs;
use super::store;
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::{Action, Resource, Visitor};
use crate::claims::view::MoneyView;
use crate::clock::{moment, now};
use crate::db::{Sql, Value, dialect};
use crate::error::Error;
use crate::people::stored;
use crate::shell::{Body, Frame, W, page, short_moment};

/// The recovery part of the API.
#[derive(OpenApi)]
#[openapi(paths(list, settle), components(schemas(RecoveryView, Settlement)))]
pub struct RecoveryApi;

/// Most that are listed: the open ones first, then the newest.
const MOST: usize = 200;
/// Longest note, in characters.
const LONGEST: usize = 500;

/// Money to be had back.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecoveryView {
    /// Its id.
    pub id: String,
    /// The claim's number.
    pub claim: String,
    /// Who was paid, and pays back.
    pub payee: String,
    /// The identity of the invoice that was reversed.
    pub invoice: String,
    /// The reversed invoice's document.
    pub document: String,
    /// The red-letter invoice's document.
    pub red: String,
    /// How much.
    pub amount: MoneyView,
    /// `open` or `settled`.
    pub state: String,
    /// Since when, in RFC 3339.
    pub started_at: String,
    /// How it was settled.
    pub note: Option<String>,
    /// Who settled it.
    pub settled_by: Option<String>,
    /// Whether the reader may settle it.
    pub may_settle: bool,
    /// Since when, for people.
    #[serde(skip)]
    pub when: String,
}

/// How it was settled.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settlement {
    /// Such as the bank's reference, or the payroll that it was taken from.
    pub note: String,
}

#[derive(serde::Deserialize)]
struct Row {
    id: String,
    claim: String,
    invoice: String,
    document_id: String,
    red_id: String,
    entity_id: String,
    employee_id: String,
    payee: String,
    minor: i64,
    currency: String,
    state: String,
    started_at: i64,
    note: Option<String>,
    settler: Option<String>,
}

async fn all(sql: &mut Sql, app: &App, visitor: &Visitor) -> Result<Vec<RecoveryView>, Error> {
    let entities = store::entities(sql, app, visitor).await?;
    if entities.is_empty() {
        return Err(Error::Forbidden(Action::ReadPayments.code().to_owned()));
    }
    let text = format!(
        "SELECT r.id, c.number AS claim, r.invoice, r.document_id, r.red_id, r.entity_id, r.employee_id, e.name AS payee, \
         r.minor, r.currency, r.state, r.started_at, r.note, s.name AS settler FROM recovery r JOIN claim c ON c.id = r.claim_id \
         JOIN employee e ON e.id = r.employee_id LEFT JOIN employee s ON s.id = r.settled_by \
         WHERE r.entity_id IN ({}) ORDER BY r.state, r.started_at DESC, r.id LIMIT {MOST}",
        dialect::list(1, entities.len())
    );
    let rows: Vec<Row> = sql
        .all_built(text, entities.iter().map(|e| Value::from(e.id)).collect())
        .await?;
    rows.into_iter()
        .map(|row| {
            let entity: EntityId = stored(&row.entity_id)?;
            let employee: EmployeeId = stored(&row.employee_id)?;
            let pays = entities.iter().any(|e| e.id == entity && e.may_pay);
            let at = moment(row.started_at);
            let currency = Currency::parse(&row.currency).map_err(|e| Error::Broken(e.to_string()))?;
            Ok(RecoveryView {
                may_settle: row.state == "open" && pays && employee != visitor.person.id(),
                id: row.id,
                claim: row.claim,
                payee: row.payee,
                invoice: row.invoice,
                document: row.document_id,
                red: row.red_id,
                amount: Money::new(row.minor, currency).into(),
                state: row.state,
                started_at: at.to_string(),
                note: row.note,
                settled_by: row.settler,
                when: short_moment(W(visitor.lang), at, &visitor.zone),
            })
        })
        .collect()
}

/// Money to be had back, since sellers reversed invoices of paid claims: the open ones first, 200 at most.
#[utoipa::path(get, path = "/api/v1/recoveries", tag = "recoveries", responses((status = 200, body = Vec<RecoveryView>), (status = 403)))]
pub async fn list(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Json<Vec<RecoveryView>>, Error> {
    Ok(Json(all(&mut app.db.read(), &app, &visitor).await?))
}

/// Says that the money came back, or how else it was settled.
#[utoipa::path(post, path = "/api/v1/recoveries/{id}/settlement", tag = "recoveries", params(("id" = String, Path)), request_body = Settlement, responses((status = 200, body = Vec<RecoveryView>), (status = 403), (status = 404), (status = 409), (status = 422)))]
pub async fn settle(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(body): Body<Settlement>,
) -> Result<Json<Vec<RecoveryView>>, Error> {
    end(&app, &visitor, id, body.note).await?;
    list(State(app), visitor).await
}

async fn end(app: &Arc<App>, visitor: &Visitor, id: String, note: String) -> Result<(), Error> {
    let note = note.trim().to_owned();
    if note.is_empty() {
        return Err(Error::field("note", "missing"));
    }
    if note.chars().count() > LONGEST {
        return Err(Error::Invalid(vec![
            Problem::new("note", "too-long").with("max", LONGEST),
        ]));
    }
    let row: Option<(String, String)> = app
        .db
        .read()
        .maybe("SELECT entity_id, employee_id FROM recovery WHERE id = $1", args![&id])
        .await?;
    let (entity, employee) = row.ok_or(Error::NotFound("recovery"))?;
    let permit = visitor.permit(app, Action::Pay, &Resource::Entity(stored(&entity)?))?;
    let me = visitor.person.id();
    if employee == me.to_string() {
        return Err(Error::Forbidden(Action::Pay.code().to_owned()));
    }
    let shared = Arc::new((permit, id, note));
    app.db
        .write(move |sql| {
            let shared = shared.clone();
            Box::pin(async move {
                let (permit, id, note) = &*shared;
                let done = sql
                    .run(
                        "UPDATE recovery SET state = 'settled', settled_at = $1, settled_by = $2, note = $3 \
                         WHERE id = $4 AND state = 'open'",
                        args![now().as_microsecond(), me, note, id],
                    )
                    .await?;
                if done == 0 {
                    return Err(Error::Conflict);
                }
                audit::note(
                    sql,
                    permit.actor(),
                    permit.action(),
                    &format!("recovery:{id}"),
                    "settled",
                )
                .await
            })
        })
        .await
}

#[derive(Template)]
#[template(path = "pages/recoveries.html")]
struct RecoveriesPage {
    f: Frame,
    tabs: Tabs,
    items: Vec<RecoveryView>,
}

/// GET /payments/recoveries.
pub async fn show(State(app): State<Arc<App>>, visitor: Visitor, headers: HeaderMap) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let items = all(&mut sql, &app, &visitor).await?;
    let tabs = Tabs {
        here: "recoveries",
        counts: store::counts(&mut sql, &app, &visitor).await?,
    };
    let f = Frame::load(&mut sql, &app, &visitor, &headers, "payments").await?;
    page(&RecoveriesPage { f, tabs, items })
}

/// POST /payments/recoveries/{id}/settlement.
pub async fn post(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(form): Form<Settlement>,
) -> Result<Redirect, Error> {
    end(&app, &visitor, id, form.note).await?;
    Ok(Redirect::to("/payments/recoveries"))
}
