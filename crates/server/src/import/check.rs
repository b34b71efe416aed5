//! What a table would do, decided row by row against what is stored. Nothing is written here.

use std::collections::{HashMap, HashSet};

use outlay_connect::tables::{Row, Table};

use super::export;
use super::fields::{Fields, Layout, read_date};
use super::kind::Kind;
use super::meanwhile::{self, Mark, PART_END, Seen};
use super::order;
use super::organisation::{self, Organisation};
use super::payees::Payees;
use super::rates;
use super::records::Records;
use super::report::Report;
use super::write::Write;
use crate::app::App;
use crate::crm::Change;
use crate::db::Sql;
use crate::error::Error;

/// What a row does.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// It is stored as it is.
    Same,
    /// It is new.
    Made(Write),
    /// It differs from what is stored.
    Changed(Write),
}

impl Verdict {
    /// By what is stored and what the row says.
    pub fn of<T: PartialEq>(known: Option<&T>, new: &T, write: impl FnOnce() -> Write) -> Verdict {
        match known {
            None => Verdict::Made(write()),
            Some(known) if known == new => Verdict::Same,
            Some(_) => Verdict::Changed(write()),
        }
    }
}

/// A row to be written.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Line of the CSV or row of the sheet, from 1.
    pub line: usize,
    /// What tells it from all others.
    pub key: String,
    /// Of what was stored for it.
    pub mark: Mark,
    /// Whether nothing was.
    pub is_new: bool,
    /// What it writes.
    pub write: Write,
}

/// What a table would do.
pub struct Checked {
    /// In numbers, and what is wrong.
    pub report: Report,
    /// What is to be written, in an order that can be.
    pub planned: Vec<Planned>,
    /// What was stored for each row.
    pub seen: Seen,
}

/// Decides each row of `table`. With `before`, a row that would write over something else than was stored then is refused.
pub async fn check(
    sql: &mut Sql,
    app: &App,
    kind: Kind,
    table: &Table,
    before: Option<&Seen>,
) -> Result<Checked, Error> {
    let layout = Layout::of(kind, table)?;
    let mut checker = Checker::load(sql, app, kind, table, &layout).await?;
    let mut report = Report::new(kind, table.read_as, layout.ignored.clone());
    let (mut planned, mut seen) = (Vec::new(), Seen::of(table.rows.len()));
    let (order, circle) = match kind {
        Kind::Departments => order::parents_first(&table.rows, &layout),
        _ => ((0..table.rows.len()).collect(), HashSet::new()),
    };
    for (n, at) in order.into_iter().enumerate() {
        if n % 1000 == 999 {
            tokio::task::yield_now().await;
        }
        let row = &table.rows[at];
        let key = checker.key(&layout, row);
        let stored = checker.known.get(&key).cloned();
        let mark = meanwhile::mark(stored.as_deref());
        seen.note(at, mark);
        let mut fields = Fields::new(kind, row, &layout, stored.as_deref());
        if checker.seen.contains(&key) {
            fields.wrong(kind.columns()[0].code, "twice");
        }
        if circle.contains(&at) {
            fields.wrong("parent", "circle");
        }
        let verdict = match fields.is_good() {
            true => checker.row(&mut fields, stored.as_deref()),
            false => None,
        };
        let writes = matches!(verdict, Some(Verdict::Made(_) | Verdict::Changed(_)));
        if writes && before.is_some_and(|before| !before.is(at, mark)) {
            fields.wrong(meanwhile::column(kind), meanwhile::CODE);
        }
        let (change, write) = match verdict.filter(|_| fields.is_good()) {
            Some(Verdict::Same) => (Change::Same, None),
            Some(Verdict::Made(write)) => (Change::Made, Some(write)),
            Some(Verdict::Changed(write)) => (Change::Changed, Some(write)),
            None => {
                report.refuse(fields.rejected());
                continue;
            }
        };
        report.take(change);
        planned.extend(write.map(|write| Planned {
            line: row.line_no,
            key: key.clone(),
            mark,
            is_new: change == Change::Made,
            write,
        }));
        checker.seen.insert(key);
    }
    report.rejected.sort_by_key(|r| r.row);
    Ok(Checked { report, planned, seen })
}

struct Checker {
    kind: Kind,
    /// What is stored, as an export writes it, by its key.
    known: HashMap<String, Vec<String>>,
    /// Keys of the rows before.
    seen: HashSet<String>,
    organisation: Organisation,
    records: Records,
    payees: Payees,
}

impl Checker {
    async fn load(sql: &mut Sql, app: &App, kind: Kind, table: &Table, layout: &Layout) -> Result<Checker, Error> {
        let organisation = Organisation::load(sql).await?;
        let mut checker = Checker {
            kind,
            known: HashMap::new(),
            seen: HashSet::new(),
            records: Records::load(sql, kind, &organisation).await?,
            payees: match kind {
                Kind::PayeeAccounts => Payees::load(sql, app, &organisation, table, layout).await?,
                _ => Payees::default(),
            },
            organisation,
        };
        if kind != Kind::PayeeAccounts {
            for cells in export::rows(sql, kind).await? {
                checker.known.insert(meanwhile::stored_key(kind, &cells), cells);
            }
        }
        Ok(checker)
    }

    /// What tells a row from all others, however it is written.
    fn key(&self, layout: &Layout, row: &Row) -> String {
        let columns = self.kind.columns().iter().filter(|c| c.key);
        let parts = columns.map(|column| {
            let text = layout.cell(row, column.code);
            match column.code {
                "employee" => self
                    .organisation
                    .person(text)
                    .map_or_else(|| text.to_owned(), |e| e.number.clone()),
                "from" | "on" => read_date(text).map_or_else(|| text.to_owned(), |d| d.to_string()),
                "base" | "quote" => text.to_uppercase(),
                "role" => organisation::role(text).map_or_else(|| text.to_owned(), |r| r.code().to_owned()),
                _ => text.to_owned(),
            }
        });
        parts.collect::<Vec<_>>().join(PART_END)
    }

    fn row(&mut self, fields: &mut Fields<'_>, stored: Option<&[String]>) -> Option<Verdict> {
        match self.kind {
            Kind::PayeeAccounts => self.payees.row(&self.organisation, fields),
            Kind::FxRates => rates::row(fields, stored),
            Kind::Entities
            | Kind::CostCenters
            | Kind::Departments
            | Kind::People
            | Kind::Assignments
            | Kind::Managers
            | Kind::Roles => self.organisation.row(self.kind, fields),
            _ => self.records.row(self.kind, &self.organisation, fields, stored),
        }
    }
}
