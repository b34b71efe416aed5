//! Reading a file, looking what it would do, and carrying it out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use outlay_connect::tables::{self, Table, TableError};
use outlay_core::claim::Problem;

use super::check::{Checked, Planned, check};
use super::fields::Layout;
use super::kind::Kind;
use super::meanwhile::{self, PART_END, Seen};
use super::report::{Rejected, Report};
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
pub fn table_problem(error: &TableError) -> Problem {
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
    Ok(check(&mut app.db.read(), app, kind, table, None).await?.report)
}

/// An import that ended before its end.
#[derive(Debug)]
pub struct BrokenOff {
    /// Why.
    pub error: Error,
    /// Rows written before; they stay, and are unchanged when the same file is imported again.
    pub written: usize,
}

/// Imports `table`. Rows that cannot be taken are left out and told, and so are those that somebody changed since they
/// were looked at (`seen`, or the begin of this); the others are written in parts of [`PART`], each a transaction. An
/// import that was broken off is repeated as a whole: what is written already is unchanged then. `done` counts the rows
/// on the way.
pub async fn apply(
    app: &Arc<App>,
    permit: &Permit,
    kind: Kind,
    table: &Table,
    seen: Option<&Seen>,
    done: &AtomicUsize,
) -> Result<Report, BrokenOff> {
    let mut written = 0;
    let applied = in_parts(app, permit, kind, table, seen, |taken, parts_written| {
        done.store(taken, Ordering::Relaxed);
        written = parts_written;
    });
    let applied = applied.await;
    app.live.wake();
    applied.map_err(|error| BrokenOff { error, written })
}

async fn in_parts(
    app: &Arc<App>,
    permit: &Permit,
    kind: Kind,
    table: &Table,
    seen: Option<&Seen>,
    mut tell: impl FnMut(usize, usize),
) -> Result<Report, Error> {
    let Checked {
        mut report, planned, ..
    } = check(&mut app.db.read(), app, kind, table, seen).await?;
    let (mut taken, mut written) = (report.rows - planned.len(), 0);
    tell(taken, written);
    let (alone, together): (Vec<_>, Vec<_>) = planned.into_iter().partition(|row| row.write.may_be_refused());
    for part in together.chunks(PART).chain(alone.chunks(1)) {
        let lost = match write(app, permit, kind, part.to_vec()).await {
            Err(Error::Invalid(mut problems)) if part[0].write.may_be_refused() && !problems.is_empty() => {
                vec![(part[0].clone(), problems.swap_remove(0))]
            }
            other => other?,
        };
        taken += part.len();
        written += part.len() - lost.len();
        tell(taken, written);
        for (row, problem) in lost {
            report.lose(row.is_new, rejected(kind, &row, problem));
        }
    }
    report.rejected.sort_by_key(|r| r.row);
    if written > 0 {
        finish(app, permit, kind, &report).await?;
    }
    report.applied = true;
    Ok(report)
}

/// What is told of a row that was taken and not written.
fn rejected(kind: Kind, row: &Planned, problem: Problem) -> Rejected {
    Rejected {
        row: row.line,
        column: meanwhile::column(kind).to_owned(),
        value: row.key.replace(PART_END, " "),
        code: problem.code,
        args: problem.args,
        message: String::new(),
    }
}

/// Writes a part in one transaction; those of its rows that are no longer what was looked at, and were left.
async fn write(
    app: &Arc<App>,
    permit: &Permit,
    kind: Kind,
    part: Vec<Planned>,
) -> Result<Vec<(Planned, Problem)>, Error> {
    let (shared, permit, part) = (app.clone(), permit.clone(), Arc::new(part));
    let written = app.db.write(move |sql| {
        let (app, permit, part) = (shared.clone(), permit.clone(), part.clone());
        Box::pin(async move {
            let keys: Vec<&str> = part.iter().map(|row| row.key.as_str()).collect();
            let stored = meanwhile::stored(sql, kind, &keys).await?;
            let mut lost = Vec::new();
            for row in part.iter() {
                if stored.get(&row.key).copied().unwrap_or_default() == row.mark {
                    row.write.carry_out(sql, &app, &permit).await?;
                } else {
                    lost.push((row.clone(), Problem::new(meanwhile::column(kind), meanwhile::CODE)));
                }
            }
            Ok(lost)
        })
    });
    match written.await {
        // Somebody took what must be unique, such as a mail address, since the table was checked.
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
