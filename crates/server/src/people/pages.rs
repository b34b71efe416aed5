//! /settings/people.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use outlay_core::claim::Problem;
use outlay_core::ids::EmployeeId;
use outlay_core::org::Role;
use serde::Deserialize;

use super::api::{id, permit};
use super::edit::{self, PersonIn, PlaceIn, RoleIn};
use super::leave::{self, Finish};
use super::view::{self, PeopleView, PersonView, Wanted};
use crate::app::App;
use crate::auth::{Action, Resource, Visitor};
use crate::db::Sql;
use crate::error::Error;
use crate::shell::{self, Frame, SettingsNav, field_words, link};

#[derive(Template)]
#[template(path = "pages/settings-people.html")]
struct PeoplePage {
    f: Frame,
    nav: SettingsNav,
    wanted: Wanted,
    view: PeopleView,
    departments: Vec<(String, String)>,
    may_manage: bool,
}

impl PeoplePage {
    fn roles(&self, roles: &[&'static str]) -> String {
        let all: Vec<String> = roles.iter().map(|r| self.f.w.t(&format!("role-{r}"))).collect();
        all.join(if self.f.w.zh() { "、" } else { ", " })
    }

    fn more(&self, next: &str) -> String {
        let w = &self.wanted;
        link(
            "/settings/people",
            &[
                ("q", &w.q),
                ("department", &w.department),
                ("state", &w.state),
                ("after", next),
            ],
        )
    }
}

/// Departments with those above them, to choose from.
async fn departments(sql: &mut Sql, app: &App) -> Result<Vec<(String, String)>, Error> {
    let org = app.org(sql).await?;
    let mut all: Vec<(String, String)> = org
        .departments()
        .map(|d| {
            let mut path: Vec<&str> = org.chain(d.id).iter().map(|c| c.name.as_str()).collect();
            path.reverse();
            (d.id.to_string(), path.join(" / "))
        })
        .collect();
    all.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(all)
}

/// GET /settings/people.
pub async fn list(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let view = view::list(&mut sql, &app, &visitor, &wanted).await?;
    shell::page(&PeoplePage {
        f: Frame::load(&mut sql, &app, &visitor, &headers, "settings").await?,
        nav: SettingsNav::load(&mut sql, &app, &visitor, "people").await?,
        departments: departments(&mut sql, &app).await?,
        may_manage: app.rights.may(&visitor.person, Action::ManagePeople, &Resource::Outlay),
        wanted,
        view,
    })
}

#[derive(Template)]
#[template(path = "pages/settings-person.html")]
struct PersonPage {
    f: Frame,
    nav: SettingsNav,
    view: Option<PersonView>,
    form: PersonForm,
    errors: Vec<(String, String)>,
    departments: Vec<(String, String)>,
    entities: Vec<(String, String)>,
    roles: Vec<&'static str>,
    may_manage: bool,
    today: String,
}

impl PersonPage {
    fn role(&self, code: &str) -> String {
        self.f.w.t(&format!("role-{code}"))
    }

    fn error(&self, field: &str) -> Option<&str> {
        self.errors
            .iter()
            .find(|(f, _)| f == field)
            .map(|(_, words)| words.as_str())
    }

    fn other_errors(&self) -> Vec<&str> {
        let shown = [
            "number",
            "name",
            "email",
            "place.position",
            "place.grade",
            "to",
            "reason",
        ];
        let others = self.errors.iter().filter(|(f, _)| !shown.contains(&f.as_str()));
        others.map(|(_, words)| words.as_str()).collect()
    }
}

/// What the form sends; a place counts if a department is chosen.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PersonForm {
    number: String,
    name: String,
    email: String,
    locale: String,
    department: String,
    entity: String,
    position: String,
    grade: String,
    from: String,
}

impl PersonForm {
    fn read(&self) -> Result<PersonIn, Error> {
        let place = if self.department.is_empty() {
            None
        } else {
            Some(PlaceIn {
                department: self
                    .department
                    .parse()
                    .map_err(|_| Error::field("place.department", "unknown"))?,
                entity: self
                    .entity
                    .parse()
                    .map_err(|_| Error::field("place.entity", "unknown"))?,
                position: self.position.clone(),
                grade: self.grade.clone(),
                cost_center: None,
                from: self
                    .from
                    .parse()
                    .map_err(|_| Error::field("place.from", "not-a-date"))?,
            })
        };
        Ok(PersonIn {
            number: self.number.clone(),
            name: self.name.clone(),
            email: self.email.clone(),
            locale: self.locale.clone(),
            place,
        })
    }
}

async fn person(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    who: Option<EmployeeId>,
    form: Option<PersonForm>,
    problems: &[Problem],
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let view = match who {
        Some(id) => Some(view::one(&mut sql, app, visitor, id).await?),
        None => None,
    };
    let form = form.unwrap_or_else(|| match &view {
        Some(v) => PersonForm {
            number: v.person.number.clone(),
            name: v.person.name.clone(),
            email: v.person.email.clone(),
            locale: v.locale.clone(),
            ..PersonForm::default()
        },
        None => PersonForm {
            locale: "zh-CN".to_owned(),
            ..PersonForm::default()
        },
    });
    let org = app.org(&mut sql).await?;
    let mut entities: Vec<(String, String)> = org.entities().map(|e| (e.id.to_string(), e.name.clone())).collect();
    entities.sort_by(|a, b| a.1.cmp(&b.1));
    let f = Frame::load(&mut sql, app, visitor, headers, "settings").await?;
    shell::page(&PersonPage {
        nav: SettingsNav::load(&mut sql, app, visitor, "people").await?,
        errors: problems
            .iter()
            .map(|p| (p.field.clone(), field_words(f.w, p)))
            .collect(),
        departments: departments(&mut sql, app).await?,
        roles: Role::ALL.iter().map(|r| r.code()).collect(),
        may_manage: app.rights.may(&visitor.person, Action::ManagePeople, &Resource::Outlay),
        today: crate::clock::day(crate::clock::now(), "UTC").to_string(),
        f,
        view,
        form,
        entities,
    })
}

/// GET /settings/people/new.
pub async fn new(State(app): State<Arc<App>>, visitor: Visitor, headers: HeaderMap) -> Result<Html<String>, Error> {
    permit(&app, &visitor)?;
    person(&app, &visitor, &headers, None, None, &[]).await
}

/// GET /settings/people/{id}.
pub async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(text): Path<String>,
) -> Result<Html<String>, Error> {
    person(&app, &visitor, &headers, Some(id(&text)?), None, &[]).await
}

/// What came of a change: the person's page again, with what was wrong.
async fn answer(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    who: Option<EmployeeId>,
    form: Option<PersonForm>,
    done: Result<EmployeeId, Error>,
) -> Result<Response, Error> {
    match done {
        Ok(id) => Ok(Redirect::to(&format!("/settings/people/{id}")).into_response()),
        Err(Error::Invalid(problems)) => {
            let page = person(app, visitor, headers, who, form, &problems).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error),
    }
}

/// POST /settings/people.
pub async fn create(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(form): Form<PersonForm>,
) -> Result<Response, Error> {
    let permit = permit(&app, &visitor)?;
    let done = match form.read() {
        Ok(new) => edit::put(&app, &permit, None, &new).await,
        Err(error) => Err(error),
    };
    answer(&app, &visitor, &headers, None, Some(form), done).await
}

/// POST /settings/people/{id}.
pub async fn replace(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(text): Path<String>,
    Form(form): Form<PersonForm>,
) -> Result<Response, Error> {
    let (who, permit) = (id(&text)?, permit(&app, &visitor)?);
    let done = match form.read() {
        Ok(new) => edit::put(&app, &permit, Some(who), &new).await,
        Err(error) => Err(error),
    };
    answer(&app, &visitor, &headers, Some(who), Some(form), done).await
}

/// POST /settings/people/{id}/deactivation.
pub async fn deactivate(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(text): Path<String>,
) -> Result<Response, Error> {
    let (who, permit) = (id(&text)?, permit(&app, &visitor)?);
    let done = leave::set_active(&app, &permit, who, false).await.map(|()| who);
    answer(&app, &visitor, &headers, Some(who), None, done).await
}

/// POST /settings/people/{id}/activation.
pub async fn activate(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(text): Path<String>,
) -> Result<Response, Error> {
    let (who, permit) = (id(&text)?, permit(&app, &visitor)?);
    let done = leave::set_active(&app, &permit, who, true).await.map(|()| who);
    answer(&app, &visitor, &headers, Some(who), None, done).await
}

/// What the form sends: `to`, or with `close` a `reason`.
#[derive(Deserialize)]
pub struct FinishForm {
    #[serde(default)]
    to: String,
    #[serde(default)]
    reason: String,
    close: Option<String>,
}

/// POST /settings/people/{id}/unfinished.
pub async fn finish(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(text): Path<String>,
    Form(form): Form<FinishForm>,
) -> Result<Response, Error> {
    let (who, permit) = (id(&text)?, permit(&app, &visitor)?);
    let how = match form.close {
        Some(_) => Finish::Close { reason: form.reason },
        None => Finish::HandOver { to: form.to },
    };
    let done = leave::finish(&app, &permit, who, &how).await.map(|_| who);
    answer(&app, &visitor, &headers, Some(who), None, done).await
}

#[derive(Deserialize)]
pub struct PasswordForm {
    password: String,
}

/// POST /settings/people/{id}/password.
pub async fn password(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(text): Path<String>,
    Form(form): Form<PasswordForm>,
) -> Result<Response, Error> {
    let (who, permit) = (id(&text)?, permit(&app, &visitor)?);
    let done = edit::set_password(&app, &permit, who, form.password)
        .await
        .map(|()| who);
    answer(&app, &visitor, &headers, Some(who), None, done).await
}

#[derive(Deserialize)]
pub struct RoleForm {
    role: String,
    #[serde(default)]
    entity: String,
}

/// POST /settings/people/{id}/roles.
pub async fn grant(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(text): Path<String>,
    Form(form): Form<RoleForm>,
) -> Result<Response, Error> {
    let (who, permit) = (id(&text)?, permit(&app, &visitor)?);
    let entity = match form.entity.as_str() {
        "" => None,
        entity => Some(entity.parse().map_err(|_| Error::field("entity", "unknown"))?),
    };
    let new = RoleIn {
        role: form.role,
        entity,
    };
    let done = edit::grant(&app, &permit, who, &new).await.map(|()| who);
    answer(&app, &visitor, &headers, Some(who), None, done).await
}

/// POST /settings/people/{id}/roles/{grant}/revocation.
pub async fn revoke(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((text, grant)): Path<(String, String)>,
) -> Result<Response, Error> {
    let (who, permit) = (id(&text)?, permit(&app, &visitor)?);
    let grant = grant.parse().map_err(|_| Error::NotFound("role"))?;
    let done = edit::revoke(&app, &permit, who, grant).await.map(|()| who);
    answer(&app, &visitor, &headers, Some(who), None, done).await
}
