//! The rules in the JSON API.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use outlay_connect::mapping::Rules;
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};

use super::force::{self, Edit};
use super::object_of;
use super::trial::{self, TrialView};
use super::view::{self, Asked, MappingView};
use crate::app::App;
use crate::auth::Visitor;
use crate::connections::Connection;
use crate::connections::view::{id_of, may};
use crate::error::Error;
use crate::shell::Body;

/// Their description.
#[derive(OpenApi)]
#[openapi(
    paths(one, replace, trial),
    components(schemas(
        MappingView,
        NewRules,
        TrialView,
        trial::FieldCount,
        trial::TrialRecord,
        trial::Change,
        trial::Refusal,
        trial::Warning,
        view::ObjectChoice,
        view::FieldView,
        view::RawValue,
        view::Sample,
        view::RecordView,
        view::UserView,
        view::RunView
    ))
)]
pub struct Api;

/// All rules of one kind of record that differ from the usual ones.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRules {
    /// The kind of record, such as `deal`.
    pub object: String,
    /// By canonical field: a path, or a rule with `from` (paths), `join`, `words`, `currency` (a rule), `round`, `whole` and
    /// `default`. Empty: the usual rules hold.
    #[schema(value_type = std::collections::BTreeMap<String, Object>)]
    pub rules: Rules,
}

/// The rules of one kind of record, beside real records.
#[utoipa::path(get, path = "/api/v1/connections/{id}/mapping", tag = "connections", operation_id = "mapping", params(("id" = String, Path), Asked), responses((status = 200, body = MappingView), (status = 403), (status = 404), (status = 422)))]
pub async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Json<MappingView>, Error> {
    may(&app, &visitor)?;
    let mut sql = app.db.read();
    let connection = Connection::load(&mut sql, id_of(&id)?).await?;
    Ok(Json(view::view(&mut sql, &app, &connection, &asked).await?))
}

/// Puts rules into force in place of all changed rules of that kind, and begins to read again what is stored; the `run` of the
/// mapping tells how far that is.
#[utoipa::path(put, path = "/api/v1/connections/{id}/mapping", tag = "connections", operation_id = "put_mapping", params(("id" = String, Path)), request_body = NewRules, responses((status = 202), (status = 403), (status = 404), (status = 409), (status = 422)))]
pub async fn replace(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(new): Body<NewRules>,
) -> Result<StatusCode, Error> {
    let permit = may(&app, &visitor)?;
    let (id, object) = (id_of(&id)?, object_of(&new.object)?);
    force::put(&app, permit, id, object, Edit::All(new.rules)).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Tries rules on what is stored – the newest 2,000 records and the dead letters – and tells what would change. Nothing is stored.
#[utoipa::path(post, path = "/api/v1/connections/{id}/mapping/trial", tag = "connections", operation_id = "try_mapping", params(("id" = String, Path)), request_body = NewRules, responses((status = 200, body = TrialView), (status = 403), (status = 404), (status = 422)))]
pub async fn trial(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(new): Body<NewRules>,
) -> Result<Json<TrialView>, Error> {
    may(&app, &visitor)?;
    let mut sql = app.db.read();
    let connection = Connection::load(&mut sql, id_of(&id)?).await?;
    let object = object_of(&new.object)?;
    Ok(Json(
        trial::trial(&mut sql, &app, &connection, object, new.rules).await?,
    ))
}
