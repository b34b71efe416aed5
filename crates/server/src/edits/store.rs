//! The edits as they are stored: what waits, and what was written, so that one's own echo is known.

use crate::args;
use crate::clock::now;
use crate::db::Sql;
use crate::error::Error;

/// One field of one record, changed once.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Edit {
    pub id: String,
    pub connection_id: String,
    pub object: String,
    pub record_id: String,
    pub field: String,
    /// What the CRM held, as far as was known.
    pub was: String,
    /// What it shall hold.
    pub value: String,
    pub at: i64,
    /// `pending`, `written`, `conflict`, `failed`, `withdrawn`.
    pub state: String,
    /// What the CRM holds instead.
    pub theirs: Option<String>,
    /// When it was first sent.
    pub tried_at: Option<i64>,
    /// The record's revision after it was written.
    pub revision: Option<String>,
}

pub const COLUMNS: &str =
    "id, connection_id, object, record_id, field, was, value, at, state, theirs, tried_at, revision";

/// One by its id.
pub async fn load(sql: &mut Sql, id: &str) -> Result<Edit, Error> {
    let rows: Vec<Edit> = sql
        .all_built(format!("SELECT {COLUMNS} FROM record_edit WHERE id = $1"), args![id])
        .await?;
    rows.into_iter().next().ok_or(Error::NotFound("edit"))
}

/// What waits to be sent to a record, oldest first; of each field at most one.
pub async fn pending(sql: &mut Sql, record: &str) -> Result<Vec<Edit>, Error> {
    let text = format!("SELECT {COLUMNS} FROM record_edit WHERE record_id = $1 AND state = 'pending' ORDER BY id");
    Ok(sql.all_built(text, args![record]).await?)
}

/// Ends an edit, or lets it wait for a person: its state, the code of why, and the CRM's words.
pub async fn end(sql: &mut Sql, id: &str, state: &str, reason: Option<&str>, said: Option<&str>) -> Result<(), Error> {
    sql.run(
        "UPDATE record_edit SET state = $1, reason = $2, said = $3, settled_at = $4 WHERE id = $5",
        args![state, reason, said, now().as_microsecond(), id],
    )
    .await?;
    Ok(())
}

/// Lets an edit be sent (again), on top of what the CRM holds by now.
pub async fn rebase(sql: &mut Sql, id: &str, was: &str) -> Result<(), Error> {
    sql.run(
        "UPDATE record_edit SET state = 'pending', was = $1, reason = NULL, said = NULL, settled_at = NULL WHERE id = $2",
        args![was, id],
    )
    .await?;
    Ok(())
}
