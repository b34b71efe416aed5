//! CRM records and connections for programs.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use outlay_connect::Object;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::edit::{self, AmountInput, RecordInput};
use super::records::{Named, RecordView, RecordsView, RecordsWanted, Sum};
use super::spend::{CategorySpend, ClaimShare, Happening, Margin, SpendView};
use super::view::{self, AccountView, ContactView, DealView, WrittenView};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::shell::Body;

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(
        accounts::list,
        accounts::one,
        accounts::create,
        accounts::replace,
        contacts::list,
        contacts::one,
        contacts::create,
        contacts::replace,
        deals::list,
        deals::one,
        deals::create,
        deals::replace,
        projects::list,
        projects::one,
        projects::create,
        projects::replace,
        orders::list,
        orders::one,
        orders::create,
        orders::replace,
        activities::list,
        activities::one,
        activities::create,
        activities::replace
    ),
    components(schemas(
        RecordView,
        RecordsView,
        Named,
        Sum,
        DealView,
        AccountView,
        ContactView,
        WrittenView,
        SpendView,
        Margin,
        CategorySpend,
        ClaimShare,
        Happening,
        RecordInput,
        AmountInput,
        Made
    ))
)]
pub struct Api;

/// What was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct Made {
    /// Its id.
    pub id: String,
}

async fn any(app: &App, visitor: &Visitor, object: Object, id: &str) -> Result<axum::response::Response, Error> {
    let mut sql = app.db.read();
    Ok(match object {
        Object::Deal => Json(view::deal(&mut sql, app, visitor, id).await?).into_response(),
        Object::Account => Json(view::account(&mut sql, app, visitor, id).await?).into_response(),
        Object::Contact => Json(view::contact(&mut sql, app, visitor, id).await?).into_response(),
        _ => Json(view::record(&mut sql, app, visitor, object, id).await?).into_response(),
    })
}

macro_rules! objects {
    ($($doc:tt $tag:tt $module:ident, $object:ident, $view:tt, $all:tt, $single:tt;)+) => {
        $(
            #[doc = $doc]
            pub mod $module {
                use super::*;

                /// Those that the caller may see, newest first.
                #[utoipa::path(get, path = $all, tag = $tag, params(RecordsWanted),
                    responses((status = 200, body = RecordsView), (status = 401)))]
                pub async fn list(
                    State(app): State<Arc<App>>,
                    visitor: Visitor,
                    Query(wanted): Query<RecordsWanted>,
                ) -> Result<Json<RecordsView>, Error> {
                    Ok(Json(view::list(&mut app.db.read(), &app, &visitor, Object::$object, &wanted).await?))
                }

                /// One of them by its id in Outlay.
                #[utoipa::path(get, path = $single, tag = $tag, params(("id" = String, Path)),
                    responses((status = 200, body = $view), (status = 404)))]
                pub async fn one(
                    State(app): State<Arc<App>>,
                    visitor: Visitor,
                    Path(id): Path<String>,
                ) -> Result<axum::response::Response, Error> {
                    any(&app, &visitor, Object::$object, &id).await
                }

                /// Makes one, where no CRM is connected.
                #[utoipa::path(post, path = $all, tag = $tag, request_body = RecordInput,
                    responses((status = 201, body = Made), (status = 403), (status = 422)))]
                pub async fn create(
                    State(app): State<Arc<App>>,
                    visitor: Visitor,
                    Body(input): Body<RecordInput>,
                ) -> Result<axum::response::Response, Error> {
                    let id = edit::create(&app, &visitor, Object::$object, input).await?;
                    let place = [(header::LOCATION, format!("{}/{id}", $all))];
                    Ok((StatusCode::CREATED, place, Json(Made { id })).into_response())
                }

                /// Replaces one that Outlay is the master of.
                #[utoipa::path(put, path = $single, tag = $tag, params(("id" = String, Path)), request_body = RecordInput,
                    responses((status = 204), (status = 403), (status = 404), (status = 409), (status = 422)))]
                pub async fn replace(
                    State(app): State<Arc<App>>,
                    visitor: Visitor,
                    Path(id): Path<String>,
                    Body(input): Body<RecordInput>,
                ) -> Result<StatusCode, Error> {
                    edit::replace(&app, &visitor, Object::$object, &id, input).await?;
                    Ok(StatusCode::NO_CONTENT)
                }
            }
        )+
    };
}

objects! {
    "Customers." "accounts" accounts, Account, AccountView, "/api/v1/accounts", "/api/v1/accounts/{id}";
    "People at customers." "contacts" contacts, Contact, ContactView, "/api/v1/contacts", "/api/v1/contacts/{id}";
    "Sales that may be won or lost." "deals" deals, Deal, DealView, "/api/v1/deals", "/api/v1/deals/{id}";
    "Work for customers." "projects" projects, Project, RecordView, "/api/v1/projects", "/api/v1/projects/{id}";
    "Sales orders." "orders" orders, Order, RecordView, "/api/v1/orders", "/api/v1/orders/{id}";
    "Visits and calls." "activities" activities, Activity, RecordView, "/api/v1/activities", "/api/v1/activities/{id}";
}
