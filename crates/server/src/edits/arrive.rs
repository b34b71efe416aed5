//! What a record that comes from the CRM means for the edits of it: our own echo, a value that an edit was not made on, or
//! nothing.

use outlay_connect::{Record, mapping};

use super::fields::same;
use super::settle;
use super::store::{self, Edit};
use crate::args;
use crate::clock::now;
use crate::crm::store::is_older;
use crate::db::Sql;
use crate::error::Error;

/// Looks at the edits of record `id`, of which `record` has just come; within the transaction that stores it. An older
/// state than one that was written is no news.
pub async fn arrived(sql: &mut Sql, record: &Record, id: &str) -> Result<(), Error> {
    let text = format!(
        "SELECT {} FROM record_edit WHERE record_id = $1 AND (state IN ('pending', 'conflict') \
         OR (tried_at IS NOT NULL AND seen_at IS NULL)) ORDER BY id",
        store::COLUMNS
    );
    let edits: Vec<Edit> = sql.all_built(text, args![id]).await?;
    if edits.is_empty() {
        return Ok(());
    }
    let texts = mapping::texts(&record.body);
    for edit in &edits {
        let theirs = texts.get(edit.field.as_str()).map_or("", String::as_str);
        let is = |value: &str| same(record.object, &edit.field, value, theirs);
        if is(&edit.value) {
            echo(sql, edit, record).await?;
            continue;
        }
        match edit.state.as_str() {
            "pending" if is(&edit.was) => {}
            // An earlier value of ours, which this edit shall replace.
            "pending" if is_own(&edits, edit, theirs, record) => store::rebase(sql, &edit.id, theirs).await?,
            "pending" => settle::by_policy(sql, edit, theirs, record.modified_at).await?,
            "conflict" => settle::show(sql, edit, theirs, record.modified_at).await?,
            // Whoever changed it in the CRM after us has the last word.
            _ if !predates(record, edit) => seen(sql, &edit.id).await?,
            _ => {}
        }
    }
    Ok(())
}

/// The value has arrived: what was written is seen again, and what was sent without an answer was written after all.
async fn echo(sql: &mut Sql, edit: &Edit, record: &Record) -> Result<(), Error> {
    if edit.tried_at.is_some() {
        seen(sql, &edit.id).await?;
    }
    let unanswered = edit.state == "pending" && edit.tried_at.is_some();
    if unanswered || edit.state == "conflict" {
        store::end(sql, &edit.id, "written", None, None).await?;
        sql.run(
            "UPDATE record_edit SET revision = $1, seen_at = COALESCE(seen_at, $2) WHERE id = $3",
            args![&record.revision, now().as_microsecond(), &edit.id],
        )
        .await?;
    }
    Ok(())
}

fn is_own(edits: &[Edit], edit: &Edit, theirs: &str, record: &Record) -> bool {
    edits.iter().any(|e| {
        e.id < edit.id
            && e.field == edit.field
            && e.tried_at.is_some()
            && same(record.object, &e.field, &e.value, theirs)
    })
}

/// Whether the record was read before the edit was written.
fn predates(record: &Record, edit: &Edit) -> bool {
    match &edit.revision {
        Some(revision) => is_older(record, revision),
        None => edit.tried_at.is_some_and(|at| record.modified_at.as_microsecond() < at),
    }
}

async fn seen(sql: &mut Sql, id: &str) -> Result<(), Error> {
    sql.run(
        "UPDATE record_edit SET seen_at = $1 WHERE id = $2 AND seen_at IS NULL",
        args![now().as_microsecond(), id],
    )
    .await?;
    Ok(())
}

/// Whether a record's field holds what was last written from here: such a change is no drift.
pub async fn ours(sql: &mut Sql, record: &str, field: &str, value: &str) -> Result<bool, Error> {
    let last: Option<(String,)> = sql
        .maybe(
            "SELECT value FROM record_edit WHERE record_id = $1 AND field = $2 AND state = 'written' ORDER BY id DESC LIMIT 1",
            args![record, field],
        )
        .await?;
    Ok(last.is_some_and(|(written,)| written == value))
}
