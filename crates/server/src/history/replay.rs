//! Replaying a recorded decision: the same input, versions and organisation must give the same bytes.

use outlay_core::history::{Input, Outcome};
use outlay_core::org::Org;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::record::{self, Kept, Opened};
use super::simulate::Tried;
use crate::app::App;
use crate::db::Sql;
use crate::error::Error;

/// Whether a replay gave what was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Same {
    /// The same bytes.
    Same,
    /// Others.
    Differs,
    /// It cannot be replayed: the person was erased.
    Erased,
}

impl Same {
    /// The word in keys of messages.
    pub fn code(self) -> &'static str {
        match self {
            Same::Same => "same",
            Same::Differs => "differs",
            Same::Erased => "erased",
        }
    }
}

/// A replayed decision.
#[derive(Debug, Clone)]
pub struct Replay {
    /// Whether it gave what was recorded.
    pub same: Same,
    /// What it was decided on, and what came out now; none once the person was erased.
    pub found: Option<(Input, Outcome)>,
}

/// Decides a recorded input again, by the versions and the organisation of then.
pub async fn replay(sql: &mut Sql, app: &App, kept: &Kept) -> Result<Replay, Error> {
    let Some(opened) = kept.open(sql, app).await? else {
        return Ok(Replay {
            same: Same::Erased,
            found: None,
        });
    };
    let rules = app.rules(sql).await?;
    let gone = || Error::NotFound("version");
    let policy = rules.version(&kept.policy).ok_or_else(gone)?;
    let flow = rules.flow_version(kept.entity, &kept.flow).ok_or_else(gone)?;
    let org = record::snapshot(sql, &kept.org).await?;
    let outcome = opened.input.outcome(policy, flow, &org);
    let same = opened.input.content.hash() == kept.content_hash && outcome.hash(&opened.salt) == kept.outcome_hash;
    Ok(Replay {
        same: if same { Same::Same } else { Same::Differs },
        found: Some((opened.input, outcome)),
    })
}

/// What other rules make of a recorded decision; `opened` and `org` are its input and its snapshot of the organisation. What is not
/// tried is the version of then.
pub async fn under(
    sql: &mut Sql,
    app: &App,
    kept: &Kept,
    opened: &Opened,
    tried: &Tried,
    org: &Org,
) -> Result<Outcome, Error> {
    let rules = app.rules(sql).await?;
    let gone = || Error::NotFound("version");
    let policy = tried.policy.as_ref().or_else(|| rules.version(&kept.policy));
    let flow = tried
        .flow
        .as_ref()
        .or_else(|| rules.flow_version(kept.entity, &kept.flow));
    let (policy, flow) = (policy.ok_or_else(gone)?, flow.ok_or_else(gone)?);
    Ok(opened.input.outcome(policy, flow, org))
}
