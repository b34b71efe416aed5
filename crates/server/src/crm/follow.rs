//! What follows from a record that was stored: drafts, and owners of what came before.

use outlay_connect::{Canonical, Record};
use outlay_core::ids::{ClaimId, ConnectionId, EmployeeId};

use super::known::Known;
use super::link;
use super::store::Change;
use crate::app::App;
use crate::db::Sql;
use crate::drafts::{self, News};
use crate::error::Error;

/// A record was stored.
pub struct Stored<'a> {
    /// The record.
    pub record: &'a Record,
    /// Its id in Outlay.
    pub id: &'a str,
    /// What was stored of it before.
    pub before: Option<&'a Known>,
    /// Whether that changed anything.
    pub change: Change,
    /// The employee who owns it; of a CRM user whoever stands behind it.
    pub owner: Option<EmployeeId>,
    /// What may begin a draft.
    pub news: Option<&'a News>,
}

/// Carries out what follows from it; the draft that it begins.
pub async fn after(
    sql: &mut Sql,
    app: &App,
    connection: Option<ConnectionId>,
    stored: &Stored<'_>,
) -> Result<Option<ClaimId>, Error> {
    if stored.record.deleted || stored.change == Change::Same {
        return Ok(None);
    }
    if let (Canonical::CrmUser(_), Some(owner)) = (&stored.record.body, stored.owner) {
        let before = stored.before.and_then(|k| k.owner.as_deref());
        if before != Some(&owner.to_string()) {
            link::own(sql, app, connection, &stored.record.external_id, owner).await?;
        }
    }
    match stored.news {
        Some(news) => drafts::happened(sql, app, news, stored.id).await,
        None => Ok(None),
    }
}
