//! Policies and flows in force: immutable versions, kept in memory until one is published.

mod api;
mod pages;
mod standard;
mod view;
mod yaml;

use std::collections::HashMap;

use jiff::civil::Date;
use outlay_core::claim::Problem;
use outlay_core::flow::Flow;
use outlay_core::ids::EntityId;
use outlay_core::policy::{Policy, VersionRef};
use outlay_core::words::{Lang, Text};

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

pub use api::Api;
pub use standard::give_standard;
pub use view::{VersionView, flow_version, policy_version as version};

use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::clock::now;
use crate::db::Sql;
use crate::error::Error;
use crate::flows;
use crate::people::stored;

/// All versions.
#[derive(Default)]
pub struct Rules {
    policies: HashMap<EntityId, Vec<(Date, Policy)>>,
    flows: HashMap<EntityId, Vec<(Date, Flow)>>,
}

impl Rules {
    /// The policy of an entity on a day: the version that took effect last.
    pub fn policy(&self, entity: EntityId, day: Date) -> Option<&Policy> {
        in_force(self.policies.get(&entity)?, day)
    }

    /// The flow of an entity on a day.
    pub fn flow(&self, entity: EntityId, day: Date) -> Option<&Flow> {
        in_force(self.flows.get(&entity)?, day)
    }

    /// A version of a flow, as an entity has it.
    pub fn flow_version(&self, entity: EntityId, reference: &VersionRef) -> Option<&Flow> {
        let mut all = self.flows.get(&entity)?.iter().map(|(_, flow)| flow);
        all.find(|f| f.reference() == *reference)
    }

    /// What people call a category, by the newest policy that has it; its code where none has.
    pub fn category_name(&self, code: &str, lang: outlay_core::words::Lang) -> String {
        let known = self
            .policies
            .values()
            .flatten()
            .filter_map(|(from, p)| Some((*from, p.category(code)?)));
        known
            .max_by_key(|(from, _)| *from)
            .map_or_else(|| code.to_owned(), |(_, category)| category.name.get(lang).to_owned())
    }

    /// What people call a rule, by the newest policy that has it; its id where none has.
    pub fn rule_name(&self, id: &str, lang: outlay_core::words::Lang) -> String {
        let known = self.policies.values().flatten().filter_map(|(from, p)| {
            let rule = p.rules.iter().find(|r| r.id == id)?;
            Some((*from, &rule.text))
        });
        known.max_by_key(|(from, _)| *from).map_or_else(
            || id.to_owned(),
            |(_, text)| match lang {
                outlay_core::words::Lang::Zh => text.zh.name.clone(),
                outlay_core::words::Lang::En => text.en.name.clone(),
            },
        )
    }

    /// A version by its name, for the words of old findings.
    pub fn version(&self, reference: &VersionRef) -> Option<&Policy> {
        self.policies
            .values()
            .flatten()
            .map(|(_, p)| p)
            .find(|p| p.reference() == *reference)
    }
}

fn in_force<T>(all: &[(Date, T)], day: Date) -> Option<&T> {
    all.iter().rfind(|(from, _)| *from <= day).map(|(_, value)| value)
}

/// Reads all versions.
pub async fn load(sql: &mut Sql) -> Result<Rules, Error> {
    let mut rules = Rules::default();
    let policies: Vec<(String, String, String)> = sql
        .all(
            "SELECT entity_id, effective_from, body FROM policy_version ORDER BY effective_from, version",
            args![],
        )
        .await?;
    for (entity, from, body) in policies {
        let policy = Policy::from_yaml(&body).map_err(|e| Error::Broken(e.to_string()))?;
        rules
            .policies
            .entry(stored(&entity)?)
            .or_default()
            .push((stored(&from)?, policy));
    }
    let flows: Vec<(String, String, String)> = sql
        .all(
            "SELECT entity_id, effective_from, body FROM flow_version ORDER BY effective_from, version",
            args![],
        )
        .await?;
    for (entity, from, body) in flows {
        let flow = Flow::from_yaml(&body).map_err(|e| Error::Broken(e.to_string()))?;
        rules
            .flows
            .entry(stored(&entity)?)
            .or_default()
            .push((stored(&from)?, flow));
    }
    Ok(rules)
}

/// Tells every process that a version was published; within the publishing transaction.
pub async fn changed(sql: &mut Sql) -> Result<(), Error> {
    crate::db::renew(sql, "policies").await
}

/// A problem of a policy at a path of its text, with its words in both languages.
pub fn problem(path: &str, said: &Text) -> Problem {
    Problem::new(path, "policy").with("text", &said.en).with("zh", &said.zh)
}

/// What keeps a policy from being published: a gap or a contradiction in a table would reach claimants as a finding that nobody
/// can mend.
pub fn wanting(policy: &Policy) -> Vec<Problem> {
    let found = policy.findings_of_tables().into_iter().filter(|f| f.refuses);
    let told = |f: outlay_core::policy::TableFinding| {
        let said = |lang| {
            let words = policy.table_words(&f, lang);
            format!("{} {}", words.text, words.fix)
        };
        problem(&f.rule, &Text::of(said(Lang::Zh), said(Lang::En)))
    };
    found.map(told).collect()
}

/// Publishes a policy version for an entity; a version that exists already is refused, since versions never change.
pub async fn publish_policy(sql: &mut Sql, permit: &Permit, entity: EntityId, body: &str) -> Result<(), Error> {
    publish_policy_with(sql, permit, entity, body, None).await?;
    Ok(())
}

/// As [`publish_policy`], keeping beside it what was found before publishing, as JSON; `ID@VERSION`.
pub async fn publish_policy_with(
    sql: &mut Sql,
    permit: &Permit,
    entity: EntityId,
    body: &str,
    report: Option<&str>,
) -> Result<String, Error> {
    let policy = Policy::from_yaml(body)
        .map_err(|e| Error::Invalid(e.problems.iter().map(|p| problem(&p.path, &p.message)).collect()))?;
    let wanting = wanting(&policy);
    if !wanting.is_empty() {
        return Err(Error::Invalid(wanting));
    }
    let made = sql
        .run(
            "INSERT INTO policy_version (policy, version, entity_id, effective_from, body, published_by, published_at, report) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (policy, version) DO NOTHING",
            args![
                &policy.id,
                policy.version,
                entity,
                policy.effective_from,
                body,
                permit.actor().employee(),
                now().as_microsecond(),
                report.map(str::to_owned)
            ],
        )
        .await?;
    let reference = format!("{}@{}", policy.id, policy.version);
    published(sql, permit, made, &format!("policy:{reference}")).await?;
    Ok(reference)
}

/// Publishes a flow version for an entity from a day on.
pub async fn publish_flow(
    sql: &mut Sql,
    permit: &Permit,
    entity: EntityId,
    from: Date,
    body: &str,
) -> Result<(), Error> {
    publish_flow_with(sql, permit, entity, from, body, None).await?;
    Ok(())
}

/// As [`publish_flow`], keeping beside it what was found before publishing, as JSON; `ID@VERSION`.
pub async fn publish_flow_with(
    sql: &mut Sql,
    permit: &Permit,
    entity: EntityId,
    from: Date,
    body: &str,
    report: Option<&str>,
) -> Result<String, Error> {
    let flow = Flow::from_yaml(body).map_err(|e| Error::Invalid(vec![flows::problem(&e)]))?;
    let made = sql
        .run(
            "INSERT INTO flow_version (flow, version, entity_id, effective_from, body, published_by, published_at, report) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (flow, version, entity_id) DO NOTHING",
            args![
                &flow.id,
                flow.version,
                entity,
                from,
                body,
                permit.actor().employee(),
                now().as_microsecond(),
                report.map(str::to_owned)
            ],
        )
        .await?;
    let reference = format!("{}@{}", flow.id, flow.version);
    published(sql, permit, made, &format!("flow:{reference}")).await?;
    Ok(reference)
}

async fn published(sql: &mut Sql, permit: &Permit, made: u64, what: &str) -> Result<(), Error> {
    if made == 0 {
        return Err(Error::field("version", "exists"));
    }
    audit::note(sql, permit.actor(), permit.action(), what, "published").await?;
    changed(sql).await
}

/// Pages and API of policies and flows.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/settings/policies", get(pages::policies).post(pages::publish_policy))
        .route("/settings/policies/{reference}", get(pages::policy))
        .route("/settings/flows", get(pages::flows).post(pages::publish_flow))
        .route("/settings/flows/{entity}/{reference}", get(pages::flow))
        .route("/api/v1/policies", get(api::policies).post(api::publish_policy))
        .route("/api/v1/policies/{reference}", get(api::policy))
        .route("/api/v1/flows", get(api::flows).post(api::publish_flow))
        .route("/api/v1/entities/{entity}/flows/{reference}", get(api::flow))
}
