//! Making and changing people, their places and their roles; each change is audited.

use std::sync::Arc;

use jiff::civil::Date;
use outlay_core::claim::Problem;
use outlay_core::ids::{CostCenterId, DepartmentId, EmployeeId, EntityId};
use outlay_core::org::{Assignment, Employee, Grant, Org, Role};
use outlay_core::words::Lang;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store;
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::db::Sql;
use crate::error::Error;

/// Who somebody is and, if told, where they work.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonIn {
    /// Personnel number, unique.
    pub number: String,
    /// Name as written at home.
    pub name: String,
    /// Mail address, by which they log in; unique.
    pub email: String,
    /// `zh-CN` or `en`.
    pub locale: String,
    /// A place that begins or changes.
    #[serde(default)]
    pub place: Option<PlaceIn>,
}

/// Where somebody works from a day on. Another place of the same department, entity and day is replaced.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceIn {
    /// The department.
    #[schema(value_type = uuid::Uuid)]
    pub department: DepartmentId,
    /// The employer.
    #[schema(value_type = uuid::Uuid)]
    pub entity: EntityId,
    /// The post.
    pub position: String,
    /// The grade, such as `P6`.
    pub grade: String,
    /// The cost centre; if absent, that of the place before, if the employer is the same.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub cost_center: Option<CostCenterId>,
    /// First day.
    #[schema(value_type = String, format = "date")]
    pub from: Date,
}

fn text(found: &mut Vec<Problem>, field: &str, value: &str, max: usize) {
    if value.trim().is_empty() {
        found.push(Problem::new(field, "missing"));
    } else if value.chars().count() > max {
        found.push(Problem::new(field, "too-long").with("max", max));
    } else if value.chars().any(char::is_control) {
        found.push(Problem::new(field, "control-characters"));
    }
}

fn check(org: &Org, id: EmployeeId, new: &PersonIn) -> Result<(), Error> {
    let mut found = Vec::new();
    text(&mut found, "number", &new.number, 40);
    text(&mut found, "name", &new.name, 100);
    text(&mut found, "email", &new.email, 254);
    let email = new.email.trim().to_lowercase();
    let parts: Vec<&str> = email.split('@').collect();
    if !email.is_empty() && (parts.len() != 2 || parts.iter().any(|p| p.is_empty()) || email.contains(' ')) {
        found.push(Problem::new("email", "not-mail"));
    }
    if Lang::parse(&new.locale).is_none_or(|l| l.tag() != new.locale) {
        found.push(Problem::new("locale", "unknown"));
    }
    for other in org.employees().filter(|e| e.id != id) {
        if other.number == new.number.trim() {
            found.push(Problem::new("number", "exists"));
        }
        if other.email == email {
            found.push(Problem::new("email", "exists"));
        }
    }
    if let Some(place) = &new.place {
        text(&mut found, "place.position", &place.position, 100);
        text(&mut found, "place.grade", &place.grade, 20);
        if org.department(place.department).is_none() {
            found.push(Problem::new("place.department", "unknown"));
        }
        if org.entity(place.entity).is_none() {
            found.push(Problem::new("place.entity", "unknown"));
        }
        let of_entity = |id| org.cost_center(id).is_some_and(|c| c.entity == place.entity);
        if place.cost_center.is_some_and(|id| !of_entity(id)) {
            found.push(Problem::new("place.cost_center", "unknown"));
        }
    }
    if found.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(found))
    }
}

/// Makes somebody, or changes them if `id` is known. `permit` is to [`crate::auth::Action::ManagePeople`].
pub async fn put(app: &Arc<App>, permit: &Permit, id: Option<EmployeeId>, new: &PersonIn) -> Result<EmployeeId, Error> {
    let (shared, permit, new) = (app.clone(), permit.clone(), Arc::new(new.clone()));
    let made = id.unwrap_or_else(|| EmployeeId(Uuid::now_v7()));
    app.db
        .write(move |sql| {
            let (app, permit, new) = (shared.clone(), permit.clone(), new.clone());
            Box::pin(async move {
                let org = app.org(sql).await?;
                let old = id
                    .map(|id| org.employee(id).ok_or(Error::NotFound("employee")))
                    .transpose()?;
                check(&org, made, &new)?;
                let employee = Employee {
                    id: made,
                    number: new.number.trim().to_owned(),
                    name: new.name.trim().to_owned(),
                    email: new.email.clone(),
                    locale: new.locale.clone(),
                    active: old.is_none_or(|e| e.active),
                };
                store::put_employee(sql, &permit, &employee).await?;
                if let Some(place) = &new.place {
                    put_place(sql, &permit, &org, made, place).await?;
                }
                let word = if old.is_some() { "changed" } else { "made" };
                audit::note(sql, permit.actor(), permit.action(), &format!("employee:{made}"), word).await
            })
        })
        .await?;
    Ok(made)
}

/// The new place is primary; the primary place held till then ends the day before.
async fn put_place(sql: &mut Sql, permit: &Permit, org: &Org, who: EmployeeId, new: &PlaceIn) -> Result<(), Error> {
    let before = org.primary(who, new.from);
    if let Some(old) = before.filter(|a| a.from < new.from) {
        let ended = Assignment {
            to: Some(new.from),
            ..old.clone()
        };
        store::put_assignment(sql, permit, &ended).await?;
    }
    let place = Assignment {
        employee: who,
        department: new.department,
        entity: new.entity,
        cost_center: new
            .cost_center
            .or(before.filter(|a| a.entity == new.entity).and_then(|a| a.cost_center)),
        position: new.position.trim().to_owned(),
        grade: new.grade.trim().to_owned(),
        primary: true,
        from: new.from,
        to: None,
    };
    store::put_assignment(sql, permit, &place).await
}

/// A role to give.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleIn {
    /// `finance`, `payer`, `sales_ops`, `admin` or `auditor`.
    pub role: String,
    /// For which entity; all if absent.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub entity: Option<EntityId>,
}

/// Gives a role.
pub async fn grant(app: &Arc<App>, permit: &Permit, who: EmployeeId, new: &RoleIn) -> Result<(), Error> {
    let role = Role::parse(&new.role).ok_or_else(|| Error::field("role", "unknown"))?;
    let (shared, permit, entity) = (app.clone(), permit.clone(), new.entity);
    app.db
        .write(move |sql| {
            let (app, permit) = (shared.clone(), permit.clone());
            Box::pin(async move {
                let org = app.org(sql).await?;
                org.employee(who).ok_or(Error::NotFound("employee"))?;
                if entity.is_some_and(|e| org.entity(e).is_none()) {
                    return Err(Error::field("entity", "unknown"));
                }
                store::put_grant(
                    sql,
                    &permit,
                    &Grant {
                        employee: who,
                        role,
                        entity,
                    },
                )
                .await?;
                let detail = format!(
                    "granted {} {}",
                    role.code(),
                    entity.map_or("all".to_owned(), |e| e.to_string())
                );
                audit::note(
                    sql,
                    permit.actor(),
                    permit.action(),
                    &format!("employee:{who}"),
                    &detail,
                )
                .await
            })
        })
        .await
}

/// Takes a role back; the last administrator keeps theirs.
pub async fn revoke(app: &Arc<App>, permit: &Permit, who: EmployeeId, grant: Uuid) -> Result<(), Error> {
    let permit = permit.clone();
    app.db
        .write(move |sql| {
            let permit = permit.clone();
            Box::pin(async move {
                let row: Option<(String,)> = sql
                    .maybe(
                        "SELECT role FROM role_grant WHERE id = $1 AND employee_id = $2",
                        args![grant, who],
                    )
                    .await?;
                let (role,) = row.ok_or(Error::NotFound("role"))?;
                sql.run("DELETE FROM role_grant WHERE id = $1", args![grant]).await?;
                keep_an_admin(sql).await?;
                super::changed(sql).await?;
                let detail = format!("revoked {role}");
                audit::note(
                    sql,
                    permit.actor(),
                    permit.action(),
                    &format!("employee:{who}"),
                    &detail,
                )
                .await
            })
        })
        .await
}

/// Refuses a state in which nobody keeps the system.
pub async fn keep_an_admin(sql: &mut Sql) -> Result<(), Error> {
    let (admins,): (i64,) = sql
        .one(
            "SELECT COUNT(*) FROM role_grant g JOIN employee e ON e.id = g.employee_id WHERE g.role = 'admin' AND e.active = $1",
            args![true],
        )
        .await?;
    if admins == 0 {
        Err(Error::field("role", "last-admin"))
    } else {
        Ok(())
    }
}

/// Sets somebody's password, and ends their sessions.
pub async fn set_password(app: &Arc<App>, permit: &Permit, who: EmployeeId, password: String) -> Result<(), Error> {
    use crate::auth::password;
    if password.chars().count() < password::MIN_LENGTH {
        return Err(Error::Invalid(vec![
            Problem::new("password", "too-short").with("min", password::MIN_LENGTH),
        ]));
    }
    let (hash, permit) = (Arc::new(password::hash(password).await?), permit.clone());
    app.db
        .write(move |sql| {
            let (hash, permit) = (hash.clone(), permit.clone());
            Box::pin(async move {
                let known: Option<(String,)> = sql.maybe("SELECT id FROM employee WHERE id = $1", args![who]).await?;
                known.ok_or(Error::NotFound("employee"))?;
                store::put_password(sql, &permit, who, &hash).await?;
                audit::note(
                    sql,
                    permit.actor(),
                    permit.action(),
                    &format!("employee:{who}"),
                    "password set",
                )
                .await
            })
        })
        .await
}
