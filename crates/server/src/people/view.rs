//! What pages and API say of people.

use std::collections::HashSet;

use outlay_core::ids::{DepartmentId, EmployeeId, EntityId};
use outlay_core::org::{Employee, Org};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::leave::{self, Unfinished};
use super::stored;
use crate::app::App;
use crate::args;
use crate::auth::{Action, Resource, Visitor};
use crate::clock::{day, now};
use crate::db::Sql;
use crate::error::Error;

/// People of a page.
const PAGE: usize = 30;

/// Which people.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Part of a name, number, mail address or department.
    pub q: String,
    /// Id of a department, with all below it.
    pub department: String,
    /// `active`, `left`, or both if empty.
    pub state: String,
    /// The `next` of the page before.
    pub after: String,
}

/// Somebody in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PersonRow {
    /// Their id.
    #[schema(value_type = uuid::Uuid)]
    pub id: EmployeeId,
    /// Personnel number.
    pub number: String,
    /// Name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// The department they work in now.
    pub department: Option<String>,
    /// Their post.
    pub position: Option<String>,
    /// Their grade.
    pub grade: Option<String>,
    /// Codes of their roles.
    pub roles: Vec<&'static str>,
    /// Whether a CRM user is linked to them.
    pub crm: bool,
    /// Whether they work here.
    pub active: bool,
}

/// A page of people, by personnel number.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PeopleView {
    /// At most 50.
    pub people: Vec<PersonRow>,
    /// How many fit.
    pub count: usize,
    /// Pass it as `after` for the next page.
    pub next: Option<String>,
}

/// A place where somebody works or worked.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PlaceView {
    /// The department.
    pub department: String,
    /// The entity.
    pub entity: String,
    /// The post.
    pub position: String,
    /// The grade.
    pub grade: String,
    /// Whether claims are booked here by default.
    pub primary: bool,
    /// First day.
    pub from: String,
    /// First day no longer valid.
    pub to: Option<String>,
}

/// A role that somebody holds.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RoleView {
    /// Id of the grant.
    #[schema(value_type = uuid::Uuid)]
    pub grant: Uuid,
    /// `finance`, `payer`, `sales_ops`, `admin`, `auditor`.
    pub role: String,
    /// For which entity; all if none.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub entity: Option<EntityId>,
    /// Its name.
    pub entity_name: Option<String>,
}

/// Somebody.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PersonView {
    /// Who.
    #[serde(flatten)]
    pub person: PersonRow,
    /// `zh-CN` or `en`.
    pub locale: String,
    /// Who heads the department above them.
    pub manager: Option<String>,
    /// Departments that they head.
    pub heads: Vec<String>,
    /// Where they work and worked.
    pub places: Vec<PlaceView>,
    /// What they may do besides.
    pub roles: Vec<RoleView>,
    /// Open tasks of theirs.
    pub open_tasks: i64,
    /// Drafts and returned claims, for who may manage people, once they have left.
    pub unfinished: Vec<Unfinished>,
    /// How many drafts and returned claims they have.
    pub unfinished_count: i64,
    /// Their account in the chat where tasks are decided by a card; none if no chat is connected.
    pub chat: Option<crate::chat::AccountView>,
    /// Whether the reader may change all this.
    pub may_manage: bool,
}

/// Whether somebody may read who works here.
pub fn may_read(app: &App, visitor: &Visitor) -> bool {
    let anybody = Resource::Person(EmployeeId(Uuid::nil()));
    app.rights.may(&visitor.person, Action::ReadPerson, &anybody)
}

async fn linked(sql: &mut Sql) -> Result<HashSet<String>, Error> {
    let rows: Vec<(String,)> = sql
        .all(
            "SELECT DISTINCT employee_id FROM crm_user WHERE employee_id IS NOT NULL",
            vec![],
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

fn row(org: &Org, linked: &HashSet<String>, e: &Employee) -> PersonRow {
    let place = org.primary(e.id, day(now(), "UTC"));
    let department = place.and_then(|p| org.department(p.department));
    let mut roles: Vec<&'static str> = org
        .grants()
        .iter()
        .filter(|g| g.employee == e.id)
        .map(|g| g.role.code())
        .collect();
    roles.sort_unstable();
    roles.dedup();
    PersonRow {
        id: e.id,
        number: e.number.clone(),
        name: e.name.clone(),
        email: e.email.clone(),
        department: department.map(|d| d.name.clone()),
        position: place.map(|p| p.position.clone()),
        grade: place.map(|p| p.grade.clone()),
        roles,
        crm: linked.contains(&e.id.to_string()),
        active: e.active,
    }
}

/// People as wanted, for who may read them.
pub async fn list(sql: &mut Sql, app: &App, visitor: &Visitor, wanted: &Wanted) -> Result<PeopleView, Error> {
    if !may_read(app, visitor) {
        return Err(Error::Forbidden(Action::ReadPerson.code().to_owned()));
    }
    let org = app.org(sql).await?;
    let linked = linked(sql).await?;
    let within: Option<Vec<DepartmentId>> = match wanted.department.as_str() {
        "" => None,
        id => Some(org.subtree(id.parse().map_err(|_| Error::field("department", "unknown"))?)),
    };
    let today = day(now(), "UTC");
    let q = wanted.q.trim().to_lowercase();
    let mut found: Vec<PersonRow> = org
        .employees()
        .filter(|e| match wanted.state.as_str() {
            "active" => e.active,
            "left" => !e.active,
            _ => true,
        })
        .filter(|e| {
            within
                .as_ref()
                .is_none_or(|all| org.assignments(e.id, today).any(|a| all.contains(&a.department)))
        })
        .map(|e| row(&org, &linked, e))
        .filter(|p| {
            let texts = [Some(&p.name), Some(&p.number), Some(&p.email), p.department.as_ref()];
            q.is_empty() || texts.into_iter().flatten().any(|t| t.to_lowercase().contains(&q))
        })
        .collect();
    found.sort_by(|a, b| a.number.cmp(&b.number));
    let count = found.len();
    found.retain(|p| p.number.as_str() > wanted.after.as_str());
    let next = (found.len() > PAGE).then(|| found[PAGE - 1].number.clone());
    found.truncate(PAGE);
    Ok(PeopleView {
        people: found,
        count,
        next,
    })
}

#[derive(serde::Deserialize)]
struct Place {
    department: String,
    entity: String,
    position: String,
    grade: String,
    is_primary: bool,
    valid_from: String,
    valid_to: Option<String>,
}

/// One person, for who may read them.
pub async fn one(sql: &mut Sql, app: &App, visitor: &Visitor, id: EmployeeId) -> Result<PersonView, Error> {
    visitor.permit(app, Action::ReadPerson, &Resource::Person(id))?;
    let org = app.org(sql).await?;
    let employee = org.employee(id).ok_or(Error::NotFound("employee"))?;
    let linked = linked(sql).await?;
    let places: Vec<Place> = sql
        .all(
            "SELECT d.name AS department, l.name AS entity, a.position, a.grade, a.is_primary, a.valid_from, a.valid_to \
             FROM assignment a JOIN department d ON d.id = a.department_id JOIN legal_entity l ON l.id = a.entity_id \
             WHERE a.employee_id = $1 ORDER BY a.valid_from DESC, d.name",
            args![id],
        )
        .await?;
    let grants: Vec<(String, String, Option<String>)> = sql
        .all(
            "SELECT id, role, entity_id FROM role_grant WHERE employee_id = $1 ORDER BY role, entity_id",
            args![id],
        )
        .await?;
    let (open_tasks,): (i64,) = sql
        .one(
            "SELECT COUNT(*) FROM task WHERE assignee_id = $1 AND outcome = 'open'",
            args![id],
        )
        .await?;
    let (unfinished_count,): (i64,) = sql
        .one(
            "SELECT COUNT(*) FROM claim WHERE claimant_id = $1 AND status IN ('draft', 'returned')",
            args![id],
        )
        .await?;
    let may_manage = app.rights.may(&visitor.person, Action::ManagePeople, &Resource::Outlay);
    let roles = grants
        .into_iter()
        .map(|(grant, role, entity)| {
            let entity: Option<EntityId> = super::maybe(entity)?;
            let entity_name = entity.and_then(|e| org.entity(e)).map(|e| e.name.clone());
            Ok(RoleView {
                grant: stored(&grant)?,
                role,
                entity,
                entity_name,
            })
        })
        .collect::<Result<_, Error>>()?;
    let place = org.primary(id, day(now(), "UTC"));
    let heads_above = place.map(|p| org.heads_above(id, p.department)).unwrap_or_default();
    let manager = heads_above.first().and_then(|(head, _)| org.employee(*head));
    Ok(PersonView {
        person: row(&org, &linked, employee),
        locale: employee.locale.clone(),
        manager: manager.map(|m| m.name.clone()),
        heads: org
            .departments()
            .filter(|d| d.head == Some(id))
            .map(|d| d.name.clone())
            .collect(),
        places: places
            .into_iter()
            .map(|p| PlaceView {
                department: p.department,
                entity: p.entity,
                position: p.position,
                grade: p.grade,
                primary: p.is_primary,
                from: p.valid_from,
                to: p.valid_to,
            })
            .collect(),
        roles,
        unfinished: if may_manage && !employee.active {
            leave::unfinished(sql, &org, id).await?
        } else {
            Vec::new()
        },
        unfinished_count,
        chat: crate::chat::account_of(sql, employee).await?,
        open_tasks,
        may_manage,
    })
}
