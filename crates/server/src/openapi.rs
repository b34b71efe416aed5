//! The description of the JSON API, put together from the `Api` of each feature.

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, InfoBuilder, Ref, Required, ResponseBuilder};
use utoipa::{OpenApi, ToSchema};

use crate::app::App;
use crate::{
    audit, chat, claims, connections, crm, drafts, edits, evidence, exports, flows, folders, history, home, import,
    inbox, insights, jobs, me, meters, payments, people, policies, rules, search, settings, sheets, tokens, verify,
    watch,
};

/// What failed, as `application/problem+json` (RFC 9457).
#[derive(serde::Serialize, ToSchema)]
pub struct Problem {
    /// The kind of failure, as an address.
    #[serde(rename = "type")]
    pub kind: String,
    /// What went wrong and what to do, in the reader's language.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The kind of failure, as a stable word.
    pub code: String,
    /// The request, as in the log.
    pub instance: String,
    /// The fields at fault.
    pub fields: Vec<ProblemField>,
    /// The whole refusal of a claim's command, for programs.
    #[schema(value_type = Option<Object>)]
    pub refusal: Option<serde_json::Value>,
    /// The number of the claim that holds an invoice, for those who may read it.
    pub claim: Option<String>,
}

/// A field at fault.
#[derive(Debug, Clone, serde::Serialize, ToSchema)]
pub struct ProblemField {
    /// Its path, such as `lines[2].paid`.
    pub field: String,
    /// What is wrong, as a stable word.
    pub code: String,
    /// What is wrong and how to mend it, in the reader's language.
    pub message: String,
}

#[derive(OpenApi)]
#[openapi(components(schemas(Problem, ProblemField)))]
struct Shared;

/// The `Api` of every feature. A new one is added here; a test fails if a route is missing.
fn features() -> Vec<utoipa::openapi::OpenApi> {
    vec![
        chat::Api::openapi(),
        verify::Api::openapi(),
        claims::Api::openapi(),
        claims::ActsApi::openapi(),
        evidence::Api::openapi(),
        folders::Api::openapi(),
        exports::Api::openapi(),
        history::Api::openapi(),
        home::Api::openapi(),
        import::Api::openapi(),
        inbox::Api::openapi(),
        inbox::AmendApi::openapi(),
        insights::Api::openapi(),
        settings::Api::openapi(),
        people::Api::openapi(),
        policies::Api::openapi(),
        flows::Api::openapi(),
        sheets::Api::openapi(),
        meters::Api::openapi(),
        rules::Api::openapi(),
        watch::Api::openapi(),
        sheets::DraftApi::openapi(),
        audit::Api::openapi(),
        jobs::Api::openapi(),
        me::Api::openapi(),
        me::AwayApi::openapi(),
        payments::Api::openapi(),
        payments::PayeeApi::openapi(),
        payments::RecoveryApi::openapi(),
        search::Api::openapi(),
        tokens::Api::openapi(),
        crm::Api::openapi(),
        connections::api::Api::openapi(),
        connections::mapping::Api::openapi(),
        connections::users::Api::openapi(),
        drafts::Api::openapi(),
        edits::Api::openapi(),
    ]
}

/// The whole description.
pub fn spec() -> utoipa::openapi::OpenApi {
    let mut all = Shared::openapi();
    for feature in features() {
        all.merge(feature);
    }
    all.info = InfoBuilder::new()
        .title("Outlay")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .build();
    let components = all.components.get_or_insert_default();
    components.add_security_scheme(
        "session",
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(crate::auth::session::COOKIE))),
    );
    components.add_security_scheme(
        "token",
        SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
    );
    all.security = Some(vec![
        SecurityRequirement::new("token", Vec::<String>::new()),
        SecurityRequirement::new("session", Vec::<String>::new()),
    ]);
    for item in all.paths.paths.values_mut() {
        complete(item);
    }
    all
}

const ABOUT: &str = "Everything that the pages do. Send a personal token as `Authorization: Bearer …`; make one under \
    Settings, API tokens. Money is `{\"amount\":\"12.30\",\"currency\":\"CNY\"}`, days are `2026-11-24`, moments are RFC 3339. \
    Failures are `application/problem+json` with the fields at fault.";

/// Gives every operation a name of its own, its failure, and the key that makes repeating it safe.
fn complete(item: &mut PathItem) {
    let operations = [&mut item.get, &mut item.put, &mut item.delete, &mut item.patch];
    operations.into_iter().flatten().for_each(name);
    if let Some(post) = &mut item.post {
        name(post);
        let key = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(
                "Any text of up to 255 characters, new for each request. Sent again with the same request, the first answer \
                 comes back (Idempotency-Replayed: true) and nothing is made twice; keys are kept for 24 hours.",
            ))
            .schema(Some(utoipa::openapi::schema::Object::with_type(utoipa::openapi::schema::Type::String)))
            .build();
        post.parameters.get_or_insert_default().push(key.into());
    }
}

fn name(operation: &mut Operation) {
    let tag = operation
        .tags
        .as_ref()
        .and_then(|t| t.first())
        .cloned()
        .unwrap_or_default();
    if let Some(id) = &mut operation.operation_id {
        *id = format!("{tag}_{id}");
    }
    let failure = ResponseBuilder::new()
        .description("It failed")
        .content(
            "application/problem+json",
            Content::new(Some(Ref::from_schema_name("Problem"))),
        )
        .build();
    operation
        .responses
        .responses
        .insert("default".to_owned(), failure.into());
}

/// The description as JSON, for people to read.
pub fn text() -> String {
    let mut text = spec().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// GET /api/openapi.json.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/api/openapi.json", get(json))
}

async fn json() -> Response {
    static TEXT: std::sync::LazyLock<String> = std::sync::LazyLock::new(text);
    ([(axum::http::header::CONTENT_TYPE, "application/json")], TEXT.as_str()).into_response()
}
