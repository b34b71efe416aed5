//! The rules in the JSON API.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::check;
use super::rule::{self, DraftRule, Event};
use super::store::{self, VersionView};
use super::trial::{self, RecordView, TrialView};
use super::view::{self, RulesView, may, rule_name};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::shell::{Body, W};

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(
    paths(list, replace, versions, records, trial),
    components(schemas(
        RulesView,
        NewRules,
        TrialOf,
        VersionView,
        TrialView,
        trial::TriedView,
        trial::DraftView,
        trial::LinkedView,
        trial::TriedLine,
        trial::RunView,
        trial::RuleCount,
        trial::RefusedCount,
        RecordView,
        DraftRule,
        rule::Event,
        rule::Conditions,
        rule::Whom,
        rule::Who,
        rule::DraftLine,
        rule::How,
        rule::TierRate,
        rule::Serves
    ))
)]
pub struct Api;

/// All rules, in place of those in force.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRules {
    /// The version that they replace.
    pub version: i64,
    /// The rules, in the order in which they are asked.
    pub rules: Vec<DraftRule>,
}

/// Rules to try.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialOf {
    /// The rules; those in force if absent.
    pub rules: Option<Vec<DraftRule>>,
    /// Which of them to try on a record, from 0.
    pub rule: Option<usize>,
    /// The record's id in Outlay.
    pub record: Option<String>,
}

/// Which records.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RecordsOf {
    /// What happened to them.
    pub event: Event,
}

/// The rules by which CRM events begin drafts. An event of a record begins one draft for ever, by the first rule that holds.
#[utoipa::path(get, path = "/api/v1/draft-rules", tag = "draft rules", operation_id = "draft_rules", responses((status = 200, body = RulesView), (status = 403)))]
pub async fn list(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Json<RulesView>, Error> {
    may(&app, &visitor)?;
    Ok(Json(view::rules(&mut app.db.read(), &app).await?))
}

/// Puts rules into force. 409 if they were changed meanwhile; 422 names every mistake by its place.
#[utoipa::path(put, path = "/api/v1/draft-rules", tag = "draft rules", operation_id = "put_draft_rules", request_body = NewRules, responses((status = 200, body = RulesView), (status = 403), (status = 409), (status = 422)))]
pub async fn replace(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Body(new): Body<NewRules>,
) -> Result<Json<RulesView>, Error> {
    let permit = may(&app, &visitor)?;
    let problems = check::problems(&mut app.db.read(), &app, &new.rules).await?;
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    store::save(&app, permit, new.version, new.rules).await?;
    Ok(Json(view::rules(&mut app.db.read(), &app).await?))
}

/// The last 100 versions: who changed what.
#[utoipa::path(get, path = "/api/v1/draft-rules/versions", tag = "draft rules", operation_id = "draft_rule_versions", responses((status = 200, body = [VersionView]), (status = 403)))]
pub async fn versions(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Json<Vec<VersionView>>, Error> {
    may(&app, &visitor)?;
    let mut sql = app.db.read();
    let org = app.org(&mut sql).await?;
    let w = W(visitor.lang);
    Ok(Json(store::versions(&mut sql, &org, 100, |r| rule_name(w, r)).await?))
}

/// The latest records to which an event happened, to try rules on.
#[utoipa::path(get, path = "/api/v1/draft-rules/records", tag = "draft rules", operation_id = "draft_rule_records", params(RecordsOf), responses((status = 200, body = [RecordView]), (status = 403)))]
pub async fn records(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(of): Query<RecordsOf>,
) -> Result<Json<Vec<RecordView>>, Error> {
    may(&app, &visitor)?;
    Ok(Json(trial::latest(&mut app.db.read(), of.event, 50).await?))
}

/// Tries rules: the draft that one of them would begin for a record, and what all would have begun in the last 90 days. Nothing
/// is written.
#[utoipa::path(post, path = "/api/v1/draft-rules/trial", tag = "draft rules", operation_id = "try_draft_rules", request_body = TrialOf, responses((status = 200, body = TrialView), (status = 403), (status = 404), (status = 422)))]
pub async fn trial(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Body(of): Body<TrialOf>,
) -> Result<Json<TrialView>, Error> {
    may(&app, &visitor)?;
    let mut sql = app.db.read();
    let rules = match of.rules {
        Some(rules) => rules,
        None => app.draft_rules(&mut sql).await?.to_vec(),
    };
    let asked = of.rule.zip(of.record.as_deref());
    Ok(Json(
        trial::trial(&mut sql, &app, W(visitor.lang), &rules, asked).await?,
    ))
}
