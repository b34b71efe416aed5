//! Changing one's own language, password and sessions.

use outlay_core::claim::Problem;
use outlay_core::ids::EmployeeId;
use outlay_core::words::Lang;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::{Action, Permit, Resource, Visitor, password};
use crate::clock::{day, now};
use crate::db::Sql;
use crate::error::Error;
use crate::people;

/// Somebody's own profile.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProfileView {
    /// Their id.
    pub id: String,
    /// Personnel number.
    pub number: String,
    /// Name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// Position.
    pub position: String,
    /// Department.
    pub department: String,
    /// Grade.
    pub grade: String,
    /// The language of mails: `zh-CN` or `en`.
    pub locale: String,
    /// Sessions open now.
    pub sessions: i64,
}

/// The visitor's profile.
pub async fn profile(sql: &mut Sql, app: &App, visitor: &Visitor) -> Result<ProfileView, Error> {
    let org = app.org(sql).await?;
    let employee = &visitor.person.employee;
    let at = now();
    let place = org.primary(employee.id, day(at, "UTC"));
    let (sessions,): (i64,) = sql
        .one(
            "SELECT COUNT(*) FROM session WHERE employee_id = $1 AND expires_at > $2",
            args![employee.id, at.as_microsecond()],
        )
        .await?;
    Ok(ProfileView {
        id: employee.id.to_string(),
        number: employee.number.clone(),
        name: employee.name.clone(),
        email: employee.email.clone(),
        position: place.map(|p| p.position.clone()).unwrap_or_default(),
        department: place
            .and_then(|p| org.department(p.department))
            .map(|d| d.name.clone())
            .unwrap_or_default(),
        grade: place.map(|p| p.grade.clone()).unwrap_or_default(),
        locale: employee.locale.clone(),
        sessions,
    })
}

/// The permit to change one's own profile.
pub fn permit(app: &App, visitor: &Visitor) -> Result<Permit, Error> {
    visitor.permit(app, Action::KeepProfile, &Resource::Person(visitor.person.id()))
}

/// Sets the language of mails and of pages without a cookie.
pub async fn set_locale(app: &App, permit: &Permit, id: EmployeeId, lang: Lang) -> Result<(), Error> {
    let permit = permit.clone();
    app.db
        .write(move |sql| {
            let permit = permit.clone();
            Box::pin(async move {
                sql.run("UPDATE employee SET locale = $1 WHERE id = $2", args![lang.tag(), id])
                    .await?;
                people::changed(sql).await?;
                audit::note(sql, permit.actor(), permit.action(), &format!("person:{id}"), "locale").await
            })
        })
        .await
}

/// Sets a new password after checking the present one, and ends all sessions.
pub async fn change_password(app: &App, permit: &Permit, visitor: &Visitor, old: &str, new: &str) -> Result<(), Error> {
    let id = visitor.person.id();
    let key = format!("password of {id}");
    app.limiter.check(&[&key])?;
    let row: Option<(String,)> = app
        .db
        .read()
        .maybe("SELECT hash FROM password WHERE employee_id = $1", args![id])
        .await?;
    if !password::verify(old.to_owned(), row.map(|(hash,)| hash)).await? {
        app.limiter.failed(&[&key]);
        return Err(Error::field("current", "wrong"));
    }
    if new.chars().count() < password::MIN_LENGTH {
        let problem = Problem::new("new", "too-short").with("min", password::MIN_LENGTH);
        return Err(Error::Invalid(vec![problem]));
    }
    if new == old {
        return Err(Error::field("new", "unchanged"));
    }
    app.limiter.succeeded(&key);
    let hash = password::hash(new.to_owned()).await?;
    let permit = permit.clone();
    app.db
        .write(move |sql| {
            let (permit, hash) = (permit.clone(), hash.clone());
            Box::pin(async move {
                people::store::put_password(sql, &permit, id, &hash).await?;
                audit::note(
                    sql,
                    permit.actor(),
                    permit.action(),
                    &format!("person:{id}"),
                    "password",
                )
                .await
            })
        })
        .await
}

/// Ends all sessions of somebody; API tokens go on.
pub async fn end_sessions(app: &App, permit: &Permit, id: EmployeeId) -> Result<(), Error> {
    let permit = permit.clone();
    app.db
        .write(move |sql| {
            let permit = permit.clone();
            Box::pin(async move {
                sql.run("DELETE FROM session WHERE employee_id = $1", args![id]).await?;
                audit::note(
                    sql,
                    permit.actor(),
                    permit.action(),
                    &format!("person:{id}"),
                    "sessions",
                )
                .await
            })
        })
        .await
}
