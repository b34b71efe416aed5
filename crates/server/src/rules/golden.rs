//! Golden cases: past decisions that must come out as they did under whatever is published next.

use outlay_core::history::Brief;
use outlay_core::ids::{ClaimId, EntityId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::draft::RulesDraft;
use super::trial::candidate;
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::claims::EVENTS;
use crate::clock::{moment, now};
use crate::db::Sql;
use crate::error::Error;
use crate::history::{Kept, Opened, reference, snapshot};

/// A golden case in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GoldenCase {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The number of the claim that it is of.
    pub number: String,
    /// When it was made, RFC 3339.
    pub made_at: String,
}

/// A golden case to be kept.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewGolden {
    /// What people call it; the claim's number if empty. Empty for a claim that has a case already: the name stays.
    pub name: String,
    /// Which of the claim's decisions, by the number of its event; the last if absent.
    pub n: Option<u32>,
    /// A draft of rules whose outcome is the one that must come out; what was decided then, if absent.
    pub draft: Option<String>,
}

/// What golden cases said of a draft.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Golden {
    /// How many came out as they should.
    pub passed: u64,
    /// Those that did not.
    pub failed: Vec<Failed>,
    /// Those whose person was erased, by name; they prove nothing.
    pub erased: Vec<String>,
}

/// A golden case that came out another way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Failed {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The number of its claim.
    pub number: String,
    /// What must come out.
    pub expected: Brief,
    /// What came out.
    pub got: Brief,
}

/// Keeps a recorded decision as the golden case of its claim, in place of one that it has; its id. `expected` must come out; what was
/// recorded, if absent. `name` may be empty: the one that it has, or the claim's number, is taken.
pub async fn keep(
    sql: &mut Sql,
    app: &App,
    permit: &Permit,
    kept: &Kept,
    number: &str,
    name: &str,
    expected: Option<&Brief>,
) -> Result<String, Error> {
    let opened = kept
        .open(sql, app)
        .await?
        .ok_or_else(|| Error::field("claim", "rules-erased"))?;
    let known: Option<(String,)> = sql
        .maybe("SELECT name FROM golden_case WHERE claim_id = $1", args![kept.claim])
        .await?;
    let given = Some(name.trim()).filter(|n| !n.is_empty());
    let name = given.or(known.as_ref().map(|(n,)| n.as_str())).unwrap_or(number);
    if name.chars().count() > 120 {
        return Err(Error::field("name", "too-long"));
    }
    let id = Uuid::now_v7().to_string();
    let key = app.vault.subject(sql, &kept.subject, EVENTS).await?;
    let sealed = key.seal(&format!("golden {id}"), &serde_json::to_vec(&opened)?)?;
    let named = |v: &outlay_core::policy::VersionRef| format!("{}@{}", v.id, v.version);
    sql.run(
        "INSERT INTO golden_case (id, claim_id, entity_id, name, number, subject_id, policy, flow, org, sealed, expected, made_by, made_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (claim_id) DO UPDATE SET id = excluded.id, \
         entity_id = excluded.entity_id, name = excluded.name, subject_id = excluded.subject_id, policy = excluded.policy, \
         flow = excluded.flow, org = excluded.org, sealed = excluded.sealed, expected = excluded.expected, made_by = excluded.made_by, \
         made_at = excluded.made_at",
        args![
            &id,
            kept.claim,
            kept.entity,
            name,
            number,
            &kept.subject,
            named(&kept.policy),
            named(&kept.flow),
            &kept.org,
            sealed,
            serde_json::to_string(expected.unwrap_or(&opened.brief))?,
            audit::actor_text(permit.actor()),
            now().as_microsecond()
        ],
    )
    .await?;
    audit::note(
        sql,
        permit.actor(),
        permit.action(),
        &format!("golden_case:{id}"),
        if known.is_some() { "changed" } else { "made" },
    )
    .await?;
    Ok(id)
}

/// The golden cases of an entity, by name.
pub async fn list(sql: &mut Sql, entity: EntityId) -> Result<Vec<GoldenCase>, Error> {
    let rows: Vec<(String, String, String, i64)> = sql
        .all(
            "SELECT id, name, number, made_at FROM golden_case WHERE entity_id = $1 ORDER BY name, id",
            args![entity],
        )
        .await?;
    let one = |(id, name, number, at): (String, String, String, i64)| GoldenCase {
        id,
        name,
        number,
        made_at: moment(at).to_string(),
    };
    Ok(rows.into_iter().map(one).collect())
}

/// The golden case of a claim: its name, and what must come out.
pub async fn of(sql: &mut Sql, claim: ClaimId) -> Result<Option<(String, Brief)>, Error> {
    let row: Option<(String, String)> = sql
        .maybe(
            "SELECT name, expected FROM golden_case WHERE claim_id = $1",
            args![claim],
        )
        .await?;
    row.map(|(name, expected)| Ok((name, serde_json::from_str(&expected)?)))
        .transpose()
}

/// The entity of a golden case.
pub async fn entity(sql: &mut Sql, id: &str) -> Result<EntityId, Error> {
    let row: Option<(String,)> = sql
        .maybe("SELECT entity_id FROM golden_case WHERE id = $1", args![id])
        .await?;
    crate::people::stored(&row.ok_or(Error::NotFound("golden case"))?.0)
}

/// Lets a golden case go.
pub async fn remove(sql: &mut Sql, permit: &Permit, id: &str) -> Result<(), Error> {
    if sql.run("DELETE FROM golden_case WHERE id = $1", args![id]).await? == 0 {
        return Err(Error::NotFound("golden case"));
    }
    audit::note(
        sql,
        permit.actor(),
        permit.action(),
        &format!("golden_case:{id}"),
        "removed",
    )
    .await
}

type Row = (String, String, String, String, String, String, String, String, String);

/// Runs the golden cases of a draft's entity under it. What the draft does not touch is as in force on its first day, or as it
/// was for the case where nothing is.
pub async fn run(sql: &mut Sql, app: &App, draft: &RulesDraft) -> Result<Golden, Error> {
    let tried = candidate(draft)?;
    let rules = app.rules(sql).await?;
    let rows: Vec<Row> = sql
        .all(
            "SELECT id, name, number, subject_id, policy, flow, org, sealed, expected FROM golden_case WHERE entity_id = $1 \
             ORDER BY name, id",
            args![draft.entity],
        )
        .await?;
    let mut golden = Golden::default();
    for (id, name, number, subject, policy, flow, org, sealed, expected) in rows {
        let Some(key) = app.vault.known(sql, &subject, EVENTS).await? else {
            golden.erased.push(name);
            continue;
        };
        let opened: Opened = serde_json::from_slice(&key.open(&format!("golden {id}"), &sealed)?)?;
        let (of_policy, of_flow) = (reference(&policy)?, reference(&flow)?);
        let day = draft.effective_from;
        let policy = tried.policy.as_ref();
        let policy = policy
            .or_else(|| rules.policy(draft.entity, day))
            .or_else(|| rules.version(&of_policy));
        let flow = tried.flow.as_ref();
        let flow = flow
            .or_else(|| rules.flow(draft.entity, day))
            .or_else(|| rules.flow_version(draft.entity, &of_flow));
        let (policy, flow) = policy.zip(flow).ok_or(Error::NotFound("version"))?;
        let org = snapshot(sql, &org).await?;
        let got = Brief::of(&opened.input.outcome(policy, flow, &org));
        let expected: Brief = serde_json::from_str(&expected)?;
        if expected.goes_as(&got) {
            golden.passed += 1;
        } else {
            golden.failed.push(Failed {
                id,
                name,
                number,
                expected,
                got,
            });
        }
    }
    Ok(golden)
}
