//! References between records, as the CRM's own ids; a record may come before what it refers to.

use outlay_connect::Object;
use outlay_core::ids::ConnectionId;

use super::store::table;
use crate::args;
use crate::db::{Sql, Value};
use crate::error::Error;

/// A reference that a record makes.
pub struct Reference<'a> {
    /// The column that holds it.
    pub field: &'static str,
    /// What kind of record is meant.
    pub object: Object,
    /// Its id in the CRM.
    pub external_id: Option<&'a str>,
}

/// Our id of a record by its id in the CRM.
pub async fn find(
    sql: &mut Sql,
    connection: Option<ConnectionId>,
    object: Object,
    external_id: &str,
) -> Result<Option<String>, Error> {
    let (condition, values) = key(connection, external_id);
    let text = format!("SELECT id FROM {} WHERE {condition}", table(object));
    let rows: Vec<(String,)> = sql.all_built(text, values).await?;
    Ok(rows.into_iter().next().map(|(id,)| id))
}

/// The condition for one record of a connection, or of none.
pub fn key(connection: Option<ConnectionId>, external_id: &str) -> (&'static str, Vec<Value>) {
    match connection {
        Some(connection) => (
            "external_id = $1 AND connection_id = $2",
            args![external_id, connection],
        ),
        None => ("external_id = $1 AND connection_id IS NULL", args![external_id]),
    }
}

/// Resolves references to ids of ours; those that cannot be resolved yet come back as the second.
pub async fn resolve<'a>(
    sql: &mut Sql,
    connection: Option<ConnectionId>,
    references: Vec<Reference<'a>>,
) -> Result<(Vec<(&'static str, Value)>, Vec<Reference<'a>>), Error> {
    let (mut columns, mut missing) = (Vec::new(), Vec::new());
    for reference in references {
        let found = match reference.external_id {
            Some(external_id) => find(sql, connection, reference.object, external_id).await?,
            None => None,
        };
        if found.is_none() && reference.external_id.is_some() {
            columns.push((reference.field, Value::Text(None)));
            missing.push(reference);
        } else {
            columns.push((reference.field, Value::Text(found)));
        }
    }
    Ok((columns, missing))
}

/// Remembers what a record still waits for, in place of what it waited for before.
pub async fn remember(
    sql: &mut Sql,
    connection: Option<ConnectionId>,
    child: Object,
    child_id: &str,
    missing: &[Reference<'_>],
) -> Result<(), Error> {
    sql.run("DELETE FROM crm_awaited WHERE child_id = $1", args![child_id])
        .await?;
    for reference in missing {
        remember_also(sql, connection, child, child_id, reference).await?;
    }
    Ok(())
}

/// Remembers one more thing that a record waits for.
pub async fn remember_also(
    sql: &mut Sql,
    connection: Option<ConnectionId>,
    child: Object,
    child_id: &str,
    missing: &Reference<'_>,
) -> Result<(), Error> {
    sql.run(
        "INSERT INTO crm_awaited (child_id, field, child, connection, object, external_id) VALUES ($1, $2, $3, $4, $5, $6)",
        args![
            child_id,
            missing.field,
            child.as_str(),
            text_of(connection),
            missing.object.as_str(),
            missing.external_id
        ],
    )
    .await?;
    Ok(())
}

/// A record has come: those that waited for it refer to it now.
pub async fn arrived(
    sql: &mut Sql,
    connection: Option<ConnectionId>,
    object: Object,
    external_id: &str,
    id: &str,
) -> Result<(), Error> {
    let waiting: Vec<(String, String, String)> = sql
        .all(
            "SELECT child_id, child, field FROM crm_awaited WHERE connection = $1 AND object = $2 AND external_id = $3",
            args![text_of(connection), object.as_str(), external_id],
        )
        .await?;
    for (child_id, child, field) in waiting {
        let child: Object = child.parse().map_err(|e| Error::Broken(format!("crm_awaited: {e}")))?;
        let field = ["account_id", "contact_id", "deal_id"]
            .into_iter()
            .find(|f| *f == field);
        match field {
            Some(field) => {
                let text = format!("UPDATE {} SET {field} = $1 WHERE id = $2", table(child));
                sql.run_built(text, args![id, &child_id]).await?;
            }
            // A deal names its project; the project holds the reference.
            None => set_project(sql, id, &child_id).await?,
        }
        sql.run(
            "DELETE FROM crm_awaited WHERE child_id = $1 AND object = $2 AND external_id = $3",
            args![child_id, object.as_str(), external_id],
        )
        .await?;
    }
    Ok(())
}

/// Notes that a project came from a deal, unless it names another itself.
pub async fn set_project(sql: &mut Sql, project: &str, deal: &str) -> Result<(), Error> {
    sql.run(
        "UPDATE project SET deal_id = $1 WHERE id = $2 AND deal_id IS NULL",
        args![deal, project],
    )
    .await?;
    Ok(())
}

fn text_of(connection: Option<ConnectionId>) -> String {
    connection.map(|c| c.to_string()).unwrap_or_default()
}
