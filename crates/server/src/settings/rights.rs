//! /settings/rights: the policies as they are, and what they say of one person, action and thing.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Html;
use outlay_core::ids::EntityId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use crate::app::App;
use crate::auth::{Action, Person, Resource, Rights, Visitor};
use crate::claims::store;
use crate::clock;
use crate::db::Sql;
use crate::error::Error;
use crate::shell::{self, Frame, SettingsNav};

/// The description of these addresses.
#[derive(OpenApi)]
#[openapi(paths(text, explanation), components(schemas(PolicyText, Explanation)))]
pub struct Api;

/// One policy of rights.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PolicyText {
    /// Its id, by which decisions name it.
    pub id: String,
    /// Its text in Cedar.
    pub text: String,
}

/// All policies, in their order.
pub fn policies() -> Vec<PolicyText> {
    Rights::text()
        .split("@id(\"")
        .skip(1)
        .filter_map(|part| {
            let (id, rest) = part.split_once("\")")?;
            Some(PolicyText {
                id: id.to_owned(),
                text: rest.trim().to_owned(),
            })
        })
        .collect()
}

/// May this person do this to that?
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Question {
    /// A person's mail address.
    pub person: String,
    /// An action, such as `decideClaim`.
    pub action: String,
    /// What is acted on: a claim's number, an entity's code, or a person's mail address; empty for the installation.
    pub on: String,
}

/// The answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Explanation {
    /// Whether they may.
    pub allowed: bool,
    /// The policies that allow it, or those that forbid it; none where no policy allows it.
    pub policies: Vec<String>,
    /// Their name.
    pub person: String,
    /// The action.
    pub action: String,
    /// What is acted on.
    pub on: String,
}

/// Actions that can be asked about, with what they act on.
fn kind(action: Action) -> Option<&'static str> {
    use Action::*;
    match action {
        ReadClaim | EditClaim | SubmitClaim | WithdrawClaim | CommentClaim | DecideClaim => Some("claim"),
        Pay | ReadPayments | ReadInsights | ManagePolicies => Some("entity"),
        ReadPerson | KeepProfile | ProposePayee | ConfirmPayee => Some("person"),
        ManagePeople | ManageConnections | ManageRecords | ManageRates | ReadAudit | ManageJobs | ReadSettings => {
            Some("outlay")
        }
        ReadRecord | EditRecord | WriteRecord | ReadDocument | AddDocument => None,
    }
}

/// Answers a question by the same policies that decide.
pub async fn explain(sql: &mut Sql, app: &App, question: &Question) -> Result<Explanation, Error> {
    let org = app.org(sql).await?;
    let by_mail = |field: &'static str, mail: &str| {
        let mail = mail.trim().to_lowercase();
        org.employees()
            .find(|e| e.email == mail)
            .ok_or_else(|| Error::field(field, "unknown"))
    };
    let employee = by_mail("person", &question.person)?;
    let person = Person::of(&org, employee.id, clock::day(clock::now(), "UTC"))
        .map_err(|_| Error::field("person", "has-left"))?;
    let action = Action::ALL.iter().copied().find(|a| a.code() == question.action);
    let action = action.ok_or_else(|| Error::field("action", "unknown"))?;
    let on = question.on.trim();
    let (allowed, policies) = match kind(action) {
        Some("claim") => {
            let claim = store::by_number(sql, on).await.map_err(|e| match e {
                Error::NotFound(_) => Error::field("on", "unknown"),
                other => other,
            })?;
            app.rights
                .explain(&person, action, &Resource::Claim(&store::facts(&claim)))?
        }
        Some("entity") => {
            let entity: EntityId = org
                .entities()
                .find(|e| e.code == on)
                .map(|e| e.id)
                .ok_or_else(|| Error::field("on", "unknown"))?;
            app.rights.explain(&person, action, &Resource::Entity(entity))?
        }
        Some("person") => app
            .rights
            .explain(&person, action, &Resource::Person(by_mail("on", on)?.id))?,
        Some(_) => app.rights.explain(&person, action, &Resource::Outlay)?,
        None => return Err(Error::field("action", "unknown")),
    };
    Ok(Explanation {
        allowed,
        policies,
        person: employee.name.clone(),
        action: action.code().to_owned(),
        on: on.to_owned(),
    })
}

#[derive(Template)]
#[template(path = "pages/settings-rights.html")]
struct RightsPage {
    f: Frame,
    nav: SettingsNav,
    policies: Vec<PolicyText>,
    question: Question,
    people: Vec<(String, String)>,
    actions: Vec<&'static str>,
    answer: Option<Explanation>,
    problem: Option<String>,
}

impl RightsPage {
    fn action(&self, code: &str) -> String {
        self.f.w.t(&format!("action-{code}"))
    }
}

/// GET /settings/rights.
pub async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(question): Query<Question>,
) -> Result<Html<String>, Error> {
    visitor.permit(&app, Action::ReadSettings, &Resource::Outlay)?;
    let mut sql = app.db.read();
    let f = Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?;
    let asked = !question.person.is_empty();
    let (mut answer, mut problem) = (None, None);
    if asked {
        match explain(&mut sql, &app, &question).await {
            Ok(found) => answer = Some(found),
            Err(Error::Invalid(problems)) => {
                let mut words = problems.iter().map(|p| {
                    let field = f.w.t(&format!("rights-{}", p.field));
                    format!("{field} {}", shell::field_words(f.w, p))
                });
                problem = words.next_back();
            }
            Err(error) => return Err(error),
        }
    }
    let org = app.org(&mut sql).await?;
    let mut people: Vec<(String, String)> = org
        .employees()
        .filter(|e| e.active)
        .map(|e| (e.email.clone(), e.name.clone()))
        .collect();
    people.sort();
    shell::page(&RightsPage {
        nav: SettingsNav::load(&mut sql, &app, &visitor, "rights").await?,
        policies: policies(),
        actions: Action::ALL
            .iter()
            .filter(|a| kind(**a).is_some())
            .map(|a| a.code())
            .collect(),
        f,
        question,
        people,
        answer,
        problem,
    })
}

/// The policies of rights, in Cedar.
#[utoipa::path(get, path = "/api/v1/rights", tag = "rights", responses((status = 200, body = [PolicyText]), (status = 403)))]
pub async fn text(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Json<Vec<PolicyText>>, Error> {
    visitor.permit(&app, Action::ReadSettings, &Resource::Outlay)?;
    Ok(Json(policies()))
}

/// Whether somebody may do something, and the policies that say so.
#[utoipa::path(get, path = "/api/v1/rights/explanation", tag = "rights", params(Question), responses((status = 200, body = Explanation), (status = 403), (status = 422)))]
pub async fn explanation(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(question): Query<Question>,
) -> Result<Json<Explanation>, Error> {
    visitor.permit(&app, Action::ReadSettings, &Resource::Outlay)?;
    Ok(Json(explain(&mut app.db.read(), &app, &question).await?))
}
