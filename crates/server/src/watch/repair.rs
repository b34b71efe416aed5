//! Freeing a claim that nobody can act on: those who stand in are asked instead of those who have left.

use std::sync::Arc;

use outlay_core::claim::Command;

use super::view::Scope;
use crate::app::App;
use crate::auth::{Action, Resource, Visitor};
use crate::claims::{act, store};
use crate::error::Error;

/// Asks others instead of everybody who has left. It is on the claim's timeline and in the audit under whoever did it.
/// [`Error::NotFound`] if the claim is not stuck.
pub async fn repair(app: &Arc<App>, visitor: &Visitor, number: &str) -> Result<(), Error> {
    let mut sql = app.db.read();
    let claim = store::by_number(&mut sql, number).await?;
    let entity = claim.content.entity;
    let permit = visitor.permit(app, Action::ManagePolicies, &Resource::Entity(entity))?;
    let scope = Scope {
        of: vec![entity.to_string()],
        since: 0,
        target: 0,
    };
    if scope.stuck(&mut sql, Some(number)).await?.is_empty() {
        return Err(Error::NotFound("stuck claim"));
    }
    let org = app.org(&mut sql).await?;
    let gone: Vec<_> = claim
        .open_tasks()
        .filter(|t| !org.is_active(t.assignee))
        .map(|t| t.id)
        .collect();
    for task in gone {
        act(app, &permit, claim.id, Command::Replace { task }).await?;
    }
    Ok(())
}
