//! Reading a file, looking what it would do, and carrying it out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use outlay_connect::tables::{self, Table, TableError};
use outlay_core::claim::Problem;

use super::check::check;
use super::fields::Layout;
use super::kind::Kind;
use super::report::Report;
use super::write::Write;
use crate::app::App;
use crate::audit;
use crate::auth::Permit;
use crate::crm;
use crate::error::Error;

/// Rows written in one transaction: so many are written together or not at all, and keep others from writing for a
/// fraction of a second.
pub const PART: usize = 1_000;

/// Reads a file as a table of `kind`; [`Error::Invalid`] says what is wrong with the file and where.
pub async fn read(kind: Kind, bytes: Vec<u8>) -> Result<Table, Error> {
    tokio::task::spawn_blocking(move || {
        let table = tables::read(&bytes).map_err(|e| Error::Invalid(vec![table_problem(&e)]))?;
        Layout::of(kind, &table)?;
        Ok(table)
    })
    .await
    .map_err(|e| Error::Broken(e.to_string()))?
}

/// What is wrong with a file, as a problem of the field `file`.
fn table_problem(error: &TableError) -> Problem {
    let of = |code| Problem::new("file", code);
    let letter = |column: &usize| tables::letter(*column);
    match error {
        TableError::TooLarge(_) => of("file-too-large"),
        TableError::Empty => of("file-empty"),
        TableError::Format => of("file-format"),
        TableError::OldExcel => of("file-old-excel"),
        TableError::Encoding { line, .. } => of("file-encoding").with("line", line),
        TableError::Bomb => of("file-bomb"),
        TableError::Columns { line } => of("file-columns").with("line", line),
        TableError::Rows => of("file-rows"),
        TableError::Cell { line, column } => of("file-cell").with("line", line).with("column", letter(column)),
        TableError::Quote { line } => of("file-quote").with("line", line),
        TableError::Nameless { line, column } => of("file-nameless").with("line", line).with("column", letter(column)),
        TableError::Twice { name, first, second } => of("file-twice")
            .with("name", name)
            .with("first", letter(first))
            .with("second", letter(second)),
        TableError::Formula { line, column, error } => of("file-formula")
            .with("line", line)
            .with("column", letter(column))
            .with("error", error),
        TableError::Broken(_) | TableError::Write(_) => of("file-broken"),
    }
}

/// What an import of `table` would do.
pub async fn preview(app: &App, kind: Kind, table: &Table) -> Result<Report, Error> {
    Ok(check(&mut app.db.read(), app, kind, table).await?.0)
}

/// Imports `table`. Rows that cannot be taken are left out and told; the others are written in parts of [`PART`], each a
/// transaction. An import that was broken off is repeated as a whole: what is written already is unchanged then.
/// `done` counts the rows on the way.
pub async fn apply(
    app: &Arc<App>,
    permit: &Permit,
    kind: Kind,
    table: &Table,
    done: &AtomicUsize,
) -> Result<Report, Error> {
    let (mut report, writes) = check(&mut app.db.read(), app, kind, table).await?;
    done.store(report.rows - writes.len(), Ordering::Relaxed);
    for part in writes.chunks(PART) {
        write(app, permit, part.to_vec()).await?;
        done.fetch_add(part.len(), Ordering::Relaxed);
    }
    if !writes.is_empty() {
        finish(app, permit, kind, &report).await?;
    }
    report.applied = true;
    app.live.wake();
    Ok(report)
}

async fn write(app: &Arc<App>, permit: &Permit, part: Vec<Write>) -> Result<(), Error> {
    let (shared, permit, part) = (app.clone(), permit.clone(), Arc::new(part));
    let written = app.db.write(move |sql| {
        let (app, permit, part) = (shared.clone(), permit.clone(), part.clone());
        Box::pin(async move {
            for one in part.iter() {
                one.carry_out(sql, &app, &permit).await?;
            }
            Ok(())
        })
    });
    match written.await {
        // Somebody made the same thing since the table was checked.
        Err(Error::Sql(e)) if e.is_unique_violation() => Err(Error::Conflict),
        other => other,
    }
}

async fn finish(app: &Arc<App>, permit: &Permit, kind: Kind, report: &Report) -> Result<(), Error> {
    let (shared, permit) = (app.clone(), permit.clone());
    let (made, changed, refused) = (report.create, report.change, report.refused);
    let detail = format!("{made} made, {changed} changed, {refused} refused");
    app.db
        .write(move |sql| {
            let (app, permit, detail) = (shared.clone(), permit.clone(), detail.clone());
            Box::pin(async move {
                if kind == Kind::People {
                    crm::link_employees(sql, &app).await?;
                }
                let subject = format!("import:{}", kind.code());
                audit::note(sql, permit.actor(), permit.action(), &subject, &detail).await
            })
        })
        .await
}
