//! The accounts that legal entities pay from (付款账户), sealed; a change keeps the old row, which old batches name.

use std::sync::Arc;

use outlay_core::ids::EntityId;
use outlay_core::payment::BankAccount;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::payee::NewAccount;
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::{Action, Permit, Resource, Visitor};
use crate::clock::{moment, now};
use crate::db::Sql;
use crate::error::Error;
use crate::people::stored;

const PURPOSE: &str = "payee";

/// Seals an account of an entity, within the transaction that stores it.
pub async fn seal(
    sql: &mut Sql,
    app: &App,
    entity: EntityId,
    id: Uuid,
    account: &BankAccount,
) -> Result<String, Error> {
    let key = app.vault.subject(sql, &entity.to_string(), PURPOSE).await?;
    key.seal(&format!("entity account {id}"), &serde_json::to_vec(account)?)
}

/// The account of a row, opened.
pub async fn load(sql: &mut Sql, app: &App, id: Uuid) -> Result<BankAccount, Error> {
    let row: Option<(String, String)> = sql
        .maybe("SELECT entity_id, sealed FROM entity_account WHERE id = $1", args![id])
        .await?;
    let (entity, sealed) = row.ok_or(Error::NotFound("entity account"))?;
    let key = app.vault.known(sql, &entity, PURPOSE).await?;
    let key = key.ok_or(Error::NotFound("entity account"))?;
    Ok(serde_json::from_slice(
        &key.open(&format!("entity account {id}"), &sealed)?,
    )?)
}

/// The row of the account that an entity pays from now.
pub async fn active(sql: &mut Sql, entity: EntityId) -> Result<Option<Uuid>, Error> {
    let row: Option<(String,)> = sql
        .maybe(
            "SELECT id FROM entity_account WHERE entity_id = $1 AND state = 'active'",
            args![entity],
        )
        .await?;
    row.map(|(id,)| stored(&id)).transpose()
}

/// What an entity pays from, masked.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EntityAccountView {
    /// The entity.
    #[schema(value_type = Uuid)]
    pub entity: EntityId,
    /// Its name.
    pub entity_name: String,
    /// The last characters of the number; none if no account is set.
    pub last4: Option<String>,
    /// Who set it.
    pub set_by: Option<String>,
    /// When, RFC 3339.
    pub set_at: Option<String>,
}

/// The accounts of the entities whose payments the reader makes or whose people they keep.
pub async fn list(sql: &mut Sql, app: &App, visitor: &Visitor) -> Result<Vec<EntityAccountView>, Error> {
    let org = app.org(sql).await?;
    let rows: Vec<(String, String, Option<String>, i64)> = sql
        .all(
            "SELECT a.entity_id, a.last4, e.name, a.set_at FROM entity_account a LEFT JOIN employee e ON e.id = a.set_by \
             WHERE a.state = 'active'",
            vec![],
        )
        .await?;
    let mut all: Vec<EntityAccountView> = org
        .entities()
        .filter(|e| may_set(app, visitor, e.id))
        .map(|e| {
            let row = rows.iter().find(|(entity, ..)| *entity == e.id.to_string());
            EntityAccountView {
                entity: e.id,
                entity_name: e.name.clone(),
                last4: row.map(|r| r.1.clone()),
                set_by: row.and_then(|r| r.2.clone()),
                set_at: row.map(|r| moment(r.3).to_string()),
            }
        })
        .collect();
    all.sort_by(|a, b| a.entity_name.cmp(&b.entity_name));
    Ok(all)
}

fn may_set(app: &App, visitor: &Visitor, entity: EntityId) -> bool {
    permit(app, visitor, entity).is_ok()
}

/// Leave to set it: for who pays for the entity, and for administrators.
pub fn permit(app: &App, visitor: &Visitor, entity: EntityId) -> Result<Permit, Error> {
    visitor
        .permit(app, Action::Pay, &Resource::Entity(entity))
        .or_else(|_| visitor.permit(app, Action::ManagePeople, &Resource::Outlay))
}

/// Sets the account that an entity pays from.
pub async fn set(app: &Arc<App>, permit: &Permit, entity: EntityId, new: &NewAccount) -> Result<(), Error> {
    let account = new.checked()?;
    let by = permit
        .actor()
        .employee()
        .ok_or_else(|| Error::Forbidden(permit.action().to_owned()))?;
    let (shared, permit) = (app.clone(), permit.clone());
    app.db
        .write(move |sql| {
            let (app, permit, account) = (shared.clone(), permit.clone(), account.clone());
            Box::pin(async move {
                let org = app.org(sql).await?;
                org.entity(entity).ok_or(Error::NotFound("entity"))?;
                let id = Uuid::now_v7();
                let sealed = seal(sql, &app, entity, id, &account).await?;
                sql.run(
                    "UPDATE entity_account SET state = 'replaced' WHERE entity_id = $1 AND state = 'active'",
                    args![entity],
                )
                .await?;
                sql.run(
                    "INSERT INTO entity_account (id, entity_id, sealed, last4, state, set_by, set_at) \
                     VALUES ($1, $2, $3, $4, 'active', $5, $6)",
                    args![id, entity, sealed, account.last4(), by, now().as_microsecond()],
                )
                .await?;
                audit::note(
                    sql,
                    permit.actor(),
                    permit.action(),
                    &format!("entity:{entity}"),
                    "account set",
                )
                .await
            })
        })
        .await
}
