//! The CRM holds something else than the person saw: the policy of the field decides, or a person does.

use std::sync::Arc;

use jiff::Timestamp;
use outlay_connect::Object;
use serde::Deserialize;
use utoipa::ToSchema;

use super::policy::{self, Policy};
use super::store::{self, Edit};
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::{Action, Resource, Visitor};
use crate::crm::view::readable;
use crate::db::Sql;
use crate::error::Error;

/// Settles an edit that waits to be sent by its field's policy. `theirs` is what the CRM holds since at most `theirs_at`.
pub async fn by_policy(sql: &mut Sql, edit: &Edit, theirs: &str, theirs_at: Timestamp) -> Result<(), Error> {
    let policies = policy::of(sql, &edit.connection_id, &edit.object).await?;
    show(sql, edit, theirs, theirs_at).await?;
    let later = theirs_at.as_microsecond() > edit.at;
    match policies.get(&edit.field).copied().unwrap_or_default() {
        Policy::Crm => store::end(sql, &edit.id, "withdrawn", Some("crm"), None).await,
        Policy::Latest if later => store::end(sql, &edit.id, "withdrawn", Some("latest"), None).await,
        Policy::Blanks if !theirs.is_empty() => store::end(sql, &edit.id, "withdrawn", Some("blanks"), None).await,
        Policy::Outlay | Policy::Latest | Policy::Blanks => store::rebase(sql, &edit.id, theirs).await,
        Policy::Ask | Policy::Off => store::end(sql, &edit.id, "conflict", None, None).await,
    }
}

/// Notes what the CRM holds, to be shown beside the edit.
pub async fn show(sql: &mut Sql, edit: &Edit, theirs: &str, theirs_at: Timestamp) -> Result<(), Error> {
    sql.run(
        "UPDATE record_edit SET theirs = $1, theirs_at = $2 WHERE id = $3",
        args![theirs, theirs_at.as_microsecond(), &edit.id],
    )
    .await?;
    Ok(())
}

/// What a person decided of a conflict, or of an edit that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Send ours, over what the CRM holds.
    Ours,
    /// Leave the CRM as it is.
    Theirs,
}

/// A decision.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Whose value stays.
    pub keep: Keep,
}

/// Decides; for who may change the record. [`Error::Conflict`] if there is nothing to decide any more.
pub async fn decide(app: &Arc<App>, visitor: &Visitor, id: &str, keep: Keep) -> Result<(), Error> {
    let (shared, visitor, id) = (app.clone(), visitor.clone(), id.to_owned());
    app.db
        .write(move |sql| {
            let (app, visitor, id) = (shared.clone(), visitor.clone(), id.clone());
            Box::pin(async move {
                let edit = store::load(sql, &id).await?;
                let object: Object = edit.object.parse().map_err(|_| Error::NotFound("edit"))?;
                let facts = readable(sql, &app, &visitor, object, &edit.record_id).await?;
                let permit = visitor.permit(&app, Action::WriteRecord, &Resource::Record(&facts))?;
                if !matches!(edit.state.as_str(), "conflict" | "failed") {
                    return Err(Error::Conflict);
                }
                let word = match keep {
                    Keep::Ours => {
                        store::rebase(sql, &edit.id, edit.theirs.as_deref().unwrap_or(&edit.was)).await?;
                        super::send(sql, &edit.object, &edit.record_id).await?;
                        "keep-ours"
                    }
                    Keep::Theirs => {
                        store::end(sql, &edit.id, "withdrawn", Some("theirs"), None).await?;
                        "keep-theirs"
                    }
                };
                let resource = format!("{}:{}", edit.object, edit.record_id);
                let detail = format!("{word} {}", edit.field);
                audit::note(sql, permit.actor(), permit.action(), &resource, &detail).await
            })
        })
        .await?;
    app.live.wake();
    Ok(())
}
