//! What pages and API say of versions of policies and flows.

use std::sync::Arc;

use jiff::civil::Date;
use outlay_core::flow::Flow;
use outlay_core::ids::EntityId;
use outlay_core::policy::Policy;
use outlay_core::words::Lang;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Action, Resource, Visitor};
use crate::clock::{day, moment, now};
use crate::db::Sql;
use crate::error::Error;
use crate::flows;
use crate::people::stored;
use crate::rules;

/// A version in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VersionRow {
    /// `ID@VERSION`.
    pub reference: String,
    /// What people call it, in the reader's language.
    pub name: String,
    /// The entity it is for.
    #[schema(value_type = uuid::Uuid)]
    pub entity: EntityId,
    /// Its name.
    pub entity_name: String,
    /// The first day it counts.
    pub effective_from: String,
    /// Who published it; none if Outlay came with it.
    pub published_by: Option<String>,
    /// When, RFC 3339.
    pub published_at: String,
    /// Whether it is in force today.
    pub in_force: bool,
}

/// A version with its text.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VersionView {
    /// All but the text.
    #[serde(flatten)]
    pub version: VersionRow,
    /// Its text.
    pub yaml: String,
}

/// A new version of a policy; entity and first day stand in the text.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPolicy {
    /// The whole policy.
    pub yaml: String,
}

/// A new version of a flow.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFlow {
    /// The entity it is for.
    #[schema(value_type = uuid::Uuid)]
    pub entity: EntityId,
    /// The first day it counts.
    #[schema(value_type = String, format = "date")]
    pub effective_from: Date,
    /// The whole flow.
    pub yaml: String,
}

/// Policies or flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Policies.
    Policy,
    /// Flows.
    Flow,
}

impl Kind {
    /// The last part of the address of their page.
    pub fn here(self) -> &'static str {
        match self {
            Kind::Policy => "policies",
            Kind::Flow => "flows",
        }
    }

    /// The page of a version.
    pub fn href(self, version: &VersionRow) -> String {
        let here = self.here();
        match self {
            Kind::Policy => format!("/settings/{here}/{}", version.reference),
            Kind::Flow => format!("/settings/{here}/{}/{}", version.entity, version.reference),
        }
    }

    /// Whether they are flows.
    pub fn is_flow(self) -> bool {
        self == Kind::Flow
    }

    fn table(self) -> (&'static str, &'static str) {
        match self {
            Kind::Policy => ("policy_version", "policy"),
            Kind::Flow => ("flow_version", "flow"),
        }
    }

    fn name(self, body: &str, lang: Lang) -> String {
        let name = match self {
            Kind::Policy => Policy::from_yaml(body).ok().map(|p| p.name.get(lang).to_owned()),
            Kind::Flow => Flow::from_yaml(body).ok().map(|f| f.name.get(lang).to_owned()),
        };
        name.unwrap_or_default()
    }
}

#[derive(serde::Deserialize)]
struct Row {
    id: String,
    version: i64,
    entity_id: String,
    entity_name: String,
    zone: String,
    effective_from: String,
    publisher: Option<String>,
    published_at: i64,
    body: String,
}

async fn rows(sql: &mut Sql, kind: Kind) -> Result<Vec<Row>, Error> {
    let (table, id) = kind.table();
    let text = format!(
        "SELECT v.{id} AS id, v.version, v.entity_id, l.name AS entity_name, l.zone, v.effective_from, e.name AS publisher, \
         v.published_at, v.body FROM {table} v JOIN legal_entity l ON l.id = v.entity_id \
         LEFT JOIN employee e ON e.id = v.published_by ORDER BY l.code, v.effective_from DESC, v.version DESC"
    );
    Ok(sql.all_built(text, vec![]).await?)
}

fn views(kind: Kind, rows: Vec<Row>, lang: Lang) -> Result<Vec<VersionView>, Error> {
    let mut seen: Vec<String> = Vec::new();
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let today = day(now(), &row.zone);
        let from: Date = stored(&row.effective_from)?;
        let in_force = from <= today && !seen.contains(&row.entity_id);
        if in_force {
            seen.push(row.entity_id.clone());
        }
        all.push(VersionView {
            version: VersionRow {
                reference: format!("{}@{}", row.id, row.version),
                name: kind.name(&row.body, lang),
                entity: stored(&row.entity_id)?,
                entity_name: row.entity_name,
                effective_from: row.effective_from,
                published_by: row.publisher,
                published_at: moment(row.published_at).to_string(),
                in_force,
            },
            yaml: row.body,
        });
    }
    Ok(all)
}

/// All versions by entity, the last first. Everybody may read what their claims are judged by.
pub async fn list(sql: &mut Sql, kind: Kind, lang: Lang) -> Result<Vec<VersionRow>, Error> {
    let all = views(kind, rows(sql, kind).await?, lang)?;
    Ok(all.into_iter().map(|v| v.version).collect())
}

/// One version; of a flow, the one of an entity.
pub async fn one(
    sql: &mut Sql,
    kind: Kind,
    entity: Option<EntityId>,
    reference: &str,
    lang: Lang,
) -> Result<VersionView, Error> {
    let all = views(kind, rows(sql, kind).await?, lang)?;
    let found = all
        .into_iter()
        .find(|v| v.version.reference == reference && entity.is_none_or(|e| e == v.version.entity));
    found.ok_or(Error::NotFound("version"))
}

/// One version of a policy.
pub async fn policy_version(sql: &mut Sql, reference: &str, lang: Lang) -> Result<VersionView, Error> {
    one(sql, Kind::Policy, None, reference, lang).await
}

/// One version of a flow as an entity has it, and the address of its page.
pub async fn flow_version(
    sql: &mut Sql,
    entity: EntityId,
    reference: &str,
    lang: Lang,
) -> Result<(VersionView, String), Error> {
    let version = one(sql, Kind::Flow, Some(entity), reference, lang).await?;
    let href = Kind::Flow.href(&version.version);
    Ok((version, href))
}

/// Entities whose rules the reader may publish.
pub async fn publishable(sql: &mut Sql, app: &App, visitor: &Visitor) -> Result<Vec<(EntityId, String)>, Error> {
    let org = app.org(sql).await?;
    let may = |e: &&outlay_core::org::LegalEntity| {
        app.rights
            .may(&visitor.person, Action::ManagePolicies, &Resource::Entity(e.id))
    };
    let mut all: Vec<(EntityId, String)> = org.entities().filter(may).map(|e| (e.id, e.name.clone())).collect();
    all.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(all)
}

/// Makes a draft of a whole policy for the entity that its text names, and asks for review; the draft's id. A second person
/// publishes it.
pub async fn propose_policy(app: &Arc<App>, visitor: &Visitor, new: &NewPolicy) -> Result<String, Error> {
    let policy = Policy::from_yaml(&new.yaml).map_err(|e| {
        let problem = |p: &outlay_core::policy::PolicyProblem| super::problem(&p.path, &p.message);
        Error::Invalid(e.problems.iter().map(problem).collect())
    })?;
    let wanting = super::wanting(&policy);
    if !wanting.is_empty() {
        return Err(Error::Invalid(wanting));
    }
    let org = app.org(&mut app.db.read()).await?;
    let entity = org.entities().find(|e| e.code == policy.entity);
    let entity = entity.ok_or_else(|| Error::field("entity", "unknown"))?;
    let draft = rules::NewDraft {
        kind: rules::Kind::Policy,
        entity: entity.id,
        base: None,
        body: Some(new.yaml.clone()),
        effective_from: Some(policy.effective_from),
    };
    rules::propose(app, visitor, draft).await
}

/// As [`propose_policy`], for a flow.
pub async fn propose_flow(app: &Arc<App>, visitor: &Visitor, new: &NewFlow) -> Result<String, Error> {
    let org = app.org(&mut app.db.read()).await?;
    let problems = flows::problems(&new.yaml, &org);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let draft = rules::NewDraft {
        kind: rules::Kind::Flow,
        entity: new.entity,
        base: None,
        body: Some(new.yaml.clone()),
        effective_from: Some(new.effective_from),
    };
    rules::propose(app, visitor, draft).await
}
