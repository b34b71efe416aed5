//! Carrying an import out, or looking what it would do: the same work, rolled back.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use outlay_connect::tables::{self, Row, Table, TableError};
use outlay_core::claim::Problem;

use super::fields::{Fields, Layout};
use super::kind::Kind;
use super::organisation::Organisation;
use super::payees;
use super::records::Records;
use super::report::Report;
use crate::app::App;
use crate::audit;
use crate::auth::Permit;
use crate::crm::{self, Change};
use crate::db::Sql;
use crate::error::Error;

/// A table of at most so many rows is one transaction; a larger one is cut into parts, each a transaction.
const WHOLE: usize = 20_000;
/// Rows of a part.
const PART: usize = 5_000;

/// Reads a file as a table of `kind`; [`Error::Invalid`] says what is wrong with the file and where.
pub fn read(kind: Kind, bytes: &[u8]) -> Result<Table, Error> {
    let table = tables::read(bytes).map_err(|e| Error::Invalid(vec![table_problem(&e)]))?;
    Layout::of(kind, &table)?;
    Ok(table)
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

/// Imports `table`, or with `dry_run` only looks what would happen. Rows that cannot be taken are left out and told;
/// the others of a part are written together or not at all. `done` counts the rows on the way.
pub async fn run(
    app: &Arc<App>,
    permit: &Permit,
    kind: Kind,
    table: Arc<Table>,
    dry_run: bool,
    done: Option<Arc<AtomicUsize>>,
) -> Result<Report, Error> {
    let layout = Arc::new(Layout::of(kind, &table)?);
    let mut report = Report::new(kind, table.read_as, layout.ignored.clone());
    let size = if table.rows.len() <= WHOLE { WHOLE } else { PART };
    // Rows of one file that speak of the same thing; the second is refused.
    let seen = Arc::new(Mutex::new(HashSet::new()));
    for from in (0..table.rows.len()).step_by(size) {
        let part = Part {
            app: app.clone(),
            permit: permit.clone(),
            kind,
            table: table.clone(),
            layout: layout.clone(),
            from,
            to: table.rows.len().min(from + size),
            done: done.clone(),
            seen: seen.clone(),
        };
        report.add(part.run(dry_run).await?);
    }
    report.applied = !dry_run;
    if !dry_run && kind == Kind::People {
        let shared = app.clone();
        app.db
            .write(move |sql| {
                let app = shared.clone();
                Box::pin(async move { crm::link_employees(sql, &app).await })
            })
            .await?;
    }
    if !dry_run {
        app.live.wake();
    }
    Ok(report)
}

#[derive(Clone)]
struct Part {
    app: Arc<App>,
    permit: Permit,
    kind: Kind,
    table: Arc<Table>,
    layout: Arc<Layout>,
    from: usize,
    to: usize,
    done: Option<Arc<AtomicUsize>>,
    seen: Arc<Mutex<HashSet<String>>>,
}

impl Part {
    async fn run(self, dry_run: bool) -> Result<Report, Error> {
        let looked: Arc<Mutex<Option<Report>>> = Arc::default();
        let (part, slot) = (self.clone(), looked.clone());
        let written = self
            .app
            .db
            .write(move |sql| {
                let (part, slot) = (part.clone(), slot.clone());
                Box::pin(async move {
                    let report = part.rows(sql).await?;
                    if dry_run {
                        if let Ok(mut slot) = slot.lock() {
                            *slot = Some(report);
                        }
                        // Nothing of a look is kept.
                        return Err(Error::Conflict);
                    }
                    let detail = format!(
                        "{} made, {} changed, {} refused",
                        report.create, report.change, report.refused
                    );
                    let what = format!("import:{}", part.kind.code());
                    audit::note(sql, part.permit.actor(), part.permit.action(), &what, &detail).await?;
                    Ok(report)
                })
            })
            .await;
        match written {
            Err(Error::Conflict) if dry_run => looked
                .lock()
                .ok()
                .and_then(|mut slot| slot.take())
                .ok_or(Error::Conflict),
            other => other,
        }
    }

    async fn rows(&self, sql: &mut Sql) -> Result<Report, Error> {
        let mut report = Report::new(self.kind, self.table.read_as, Vec::new());
        let mut seen = self.seen.lock().map(|s| s.clone()).unwrap_or_default();
        let mut organisation = Organisation::load(sql).await?;
        let mut records = Records::load(sql, &organisation).await?;
        let mut rows: Vec<&Row> = self.table.rows[self.from..self.to].iter().collect();
        // A department may stand before the one above it: such rows are tried again after the others.
        loop {
            let (mut later, mut moved) = (Vec::new(), false);
            for row in rows {
                let mut fields = Fields::new(self.kind, row, &self.layout);
                let key = self.key(&fields);
                if seen.contains(&key) {
                    fields.wrong(self.kind.columns()[0].code, "twice");
                }
                let change = self.row(sql, &mut organisation, &mut records, &mut fields).await?;
                match change {
                    Some(change) if fields.is_good() => {
                        moved = true;
                        seen.insert(key);
                        report.take(change);
                    }
                    _ if self.kind == Kind::Departments && fields.is_only("parent", "unknown") => later.push(row),
                    _ => report.refuse(fields.rejected(self.kind)),
                }
                if let Some(done) = &self.done {
                    done.fetch_add(1, Ordering::Relaxed);
                }
            }
            if later.is_empty() {
                break;
            }
            if !moved {
                for row in later {
                    let mut fields = Fields::new(self.kind, row, &self.layout);
                    fields.wrong("parent", "unknown");
                    report.refuse(fields.rejected(self.kind));
                }
                break;
            }
            rows = later;
        }
        report.rejected.sort_by_key(|r| r.row);
        if let Ok(mut known) = self.seen.lock() {
            *known = seen;
        }
        Ok(report)
    }

    async fn row(
        &self,
        sql: &mut Sql,
        organisation: &mut Organisation,
        records: &mut Records,
        fields: &mut Fields<'_>,
    ) -> Result<Option<Change>, Error> {
        match self.kind {
            Kind::PayeeAccounts => payees::row(sql, &self.app, &self.permit, organisation, fields).await,
            kind if records.has(kind) => records.row(sql, &self.app, kind, organisation, fields).await,
            kind => organisation.row(sql, &self.permit, kind, fields).await,
        }
    }

    /// What makes a row one of its own.
    fn key(&self, fields: &Fields<'_>) -> String {
        let columns: &[&'static str] = match self.kind {
            Kind::Entities | Kind::CostCenters | Kind::Departments => &["code"],
            Kind::People => &["number"],
            Kind::Managers => &["department"],
            Kind::Assignments => &["employee", "department", "entity", "from"],
            Kind::Roles => &["employee", "role", "entity"],
            Kind::PayeeAccounts => &["employee"],
            Kind::CrmUsers => &["connection", "crm_user"],
            _ => &["connection", "id"],
        };
        columns
            .iter()
            .map(|c| fields.text(c))
            .collect::<Vec<_>>()
            .join("\u{1f}")
    }
}
