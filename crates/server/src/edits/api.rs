//! Edits for programs.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use outlay_connect::Object;
use utoipa::OpenApi;

use super::fields::{FieldView, FieldsView};
use super::policy::{self, FieldPolicy, Policy};
use super::save::Changes;
use super::settle::{self, Decision, Keep};
use super::view::{self, EditCounts, EditView, EditsWanted};
use crate::app::App;
use crate::auth::Visitor;
use crate::connections::Connection;
use crate::connections::view::{id_of, may};
use crate::error::Error;
use crate::shell::Body;

/// Their description.
#[derive(OpenApi)]
#[openapi(
    paths(
        accounts::change,
        accounts::fields,
        contacts::change,
        contacts::fields,
        deals::change,
        deals::fields,
        edits::decide,
        edits::of_connection,
        edits::policies,
        edits::set_policies
    ),
    components(schemas(
        Changes,
        FieldView,
        FieldsView,
        EditView,
        EditCounts,
        FieldPolicy,
        Policy,
        Decision,
        Keep
    ))
)]
pub struct Api;

macro_rules! objects {
    ($($doc:tt $tag:tt $module:ident, $object:ident, $single:tt, $fields:tt;)+) => {
        $(
            #[doc = $doc]
            pub mod $module {
                use super::*;

                /// Changes fields of one in its CRM; answers as soon as the changes are on their way.
                #[utoipa::path(patch, path = $single, tag = $tag, params(("id" = String, Path)), request_body = Changes,
                    responses((status = 202, body = Vec<EditView>), (status = 403), (status = 404), (status = 422)))]
                pub async fn change(
                    State(app): State<Arc<App>>,
                    visitor: Visitor,
                    Path(id): Path<String>,
                    Body(changes): Body<Changes>,
                ) -> Result<(StatusCode, Json<Vec<EditView>>), Error> {
                    let edits = super::super::save(&app, &visitor, Object::$object, &id, changes).await?;
                    Ok((StatusCode::ACCEPTED, Json(edits)))
                }

                /// Which fields of one can be changed in its CRM, and what became of changes.
                #[utoipa::path(get, path = $fields, tag = $tag, params(("id" = String, Path)),
                    responses((status = 200, body = FieldsView), (status = 404)))]
                pub async fn fields(
                    State(app): State<Arc<App>>,
                    visitor: Visitor,
                    Path(id): Path<String>,
                ) -> Result<Json<FieldsView>, Error> {
                    let mut sql = app.db.read();
                    Ok(Json(super::super::fields(&mut sql, &app, &visitor, Object::$object, &id).await?))
                }
            }
        )+
    };
}

objects! {
    "Customers." "accounts" accounts, Account, "/api/v1/accounts/{id}", "/api/v1/accounts/{id}/fields";
    "People at customers." "contacts" contacts, Contact, "/api/v1/contacts/{id}", "/api/v1/contacts/{id}/fields";
    "Sales that may be won or lost." "deals" deals, Deal, "/api/v1/deals/{id}", "/api/v1/deals/{id}/fields";
}

/// Edits and their policies.
pub mod edits {
    use super::*;

    /// Decides a conflict, or what becomes of an edit that failed.
    #[utoipa::path(post, path = "/api/v1/edits/{id}/decision", tag = "connections", operation_id = "decideEdit", params(("id" = String, Path)),
        request_body = Decision, responses((status = 204), (status = 403), (status = 404), (status = 409)))]
    pub async fn decide(
        State(app): State<Arc<App>>,
        visitor: Visitor,
        Path(id): Path<String>,
        Body(decision): Body<Decision>,
    ) -> Result<StatusCode, Error> {
        settle::decide(&app, &visitor, &id, decision.keep).await?;
        Ok(StatusCode::NO_CONTENT)
    }

    /// Edits that go by a connection.
    #[utoipa::path(get, path = "/api/v1/connections/{id}/edits", tag = "connections", operation_id = "edits", params(("id" = String, Path), EditsWanted),
        responses((status = 200, body = Vec<EditView>), (status = 403), (status = 404)))]
    pub async fn of_connection(
        State(app): State<Arc<App>>,
        visitor: Visitor,
        Path(id): Path<String>,
        Query(wanted): Query<EditsWanted>,
    ) -> Result<Json<Vec<EditView>>, Error> {
        may(&app, &visitor)?;
        let mut sql = app.db.read();
        let connection = Connection::load(&mut sql, id_of(&id)?).await?;
        Ok(Json(
            view::of_connection(&mut sql, &app, &visitor, connection.id, &wanted).await?,
        ))
    }

    /// Which fields can be written to a CRM, and what happens when it holds something else than the person saw.
    #[utoipa::path(get, path = "/api/v1/connections/{id}/write-policies", tag = "connections", operation_id = "writePolicies", params(("id" = String, Path)),
        responses((status = 200, body = Vec<FieldPolicy>), (status = 403), (status = 404)))]
    pub async fn policies(
        State(app): State<Arc<App>>,
        visitor: Visitor,
        Path(id): Path<String>,
    ) -> Result<Json<Vec<FieldPolicy>>, Error> {
        may(&app, &visitor)?;
        let mut sql = app.db.read();
        let connection = Connection::load(&mut sql, id_of(&id)?).await?;
        Ok(Json(policy::all(&mut sql, &connection).await?))
    }

    /// Sets the policies of some fields; the others stay.
    #[utoipa::path(put, path = "/api/v1/connections/{id}/write-policies", tag = "connections", operation_id = "setWritePolicies", params(("id" = String, Path)),
        request_body = Vec<FieldPolicy>, responses((status = 204), (status = 403), (status = 404), (status = 422)))]
    pub async fn set_policies(
        State(app): State<Arc<App>>,
        visitor: Visitor,
        Path(id): Path<String>,
        Body(wanted): Body<Vec<FieldPolicy>>,
    ) -> Result<StatusCode, Error> {
        let permit = may(&app, &visitor)?;
        policy::put(&app, permit, id_of(&id)?, wanted).await?;
        Ok(StatusCode::NO_CONTENT)
    }
}
