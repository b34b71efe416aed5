//! Many rows at once, the two databases' own ways: one statement with arrays on PostgreSQL, where each statement is a way
//! there and back; one prepared statement run row by row on SQLite, where a long one costs more to prepare than to run.

use std::collections::HashSet;

use sqlx::postgres::PgArguments;
use sqlx::{AssertSqlSafe, SqlSafeStr};

use super::sql::To;
use super::{Sql, SqlError, Value, dialect, row, sqlite, value};

impl Sql {
    /// Inserts `rows`, each with a value for each of `columns`, into `table`; `otherwise` may be `ON CONFLICT …`. A column's
    /// values are of one type. The number of rows that were written. All names are literals of ours.
    pub async fn insert_all(
        &mut self,
        table: &str,
        columns: &[&str],
        rows: Vec<Vec<Value>>,
        otherwise: &str,
    ) -> Result<u64, SqlError> {
        if rows.is_empty() {
            return Ok(0);
        }
        let (names, count) = (columns.join(", "), columns.len());
        match &mut self.to {
            To::Sqlite(connection) => {
                let values = dialect::list(1, count);
                let text = format!("INSERT INTO {table} ({names}) VALUES ({values}) {otherwise}");
                let written = sqlite::run_all(connection, &text, &rows)?;
                Ok(written.iter().sum())
            }
            To::Pg(transaction) => {
                let (arrays, args) = arrays(rows, count)?;
                let text = format!("INSERT INTO {table} ({names}) SELECT * FROM UNNEST({arrays}) {otherwise}");
                let query = sqlx::query_with(AssertSqlSafe(text).into_sql_str(), args);
                Ok(query.execute(&mut **transaction).await?.rows_affected())
            }
            _ => Err(SqlError::Shape("rows are written within a transaction".into())),
        }
    }

    /// Replaces `columns` of the rows of `table` whose `id` comes first in each of `rows`, and `beside`, whose values come
    /// last, but only where one of `columns` differs. The ids of those that were changed. As [`Sql::insert_all`] otherwise.
    pub async fn update_all(
        &mut self,
        table: &str,
        columns: &[&str],
        beside: &[&str],
        rows: Vec<Vec<Value>>,
    ) -> Result<HashSet<String>, SqlError> {
        if rows.is_empty() {
            return Ok(HashSet::new());
        }
        let all: Vec<&str> = columns.iter().chain(beside).copied().collect();
        let text = |new: &dyn Fn(usize, &str) -> String, from: &str, id: &str| {
            let place = |at: usize| new(at + 2, all[at]);
            let sets: Vec<String> = (0..all.len())
                .map(|at| format!("{} = {}", all[at], place(at)))
                .collect();
            let differs: Vec<String> = (0..columns.len())
                .map(|at| format!("t.{} IS DISTINCT FROM {}", all[at], place(at)))
                .collect();
            format!(
                "UPDATE {table} AS t SET {} {from} WHERE t.id = {id} AND ({})",
                sets.join(", "),
                differs.join(" OR ")
            )
        };
        match &mut self.to {
            To::Sqlite(connection) => {
                let text = text(&|at, _| format!("${at}"), "", "$1");
                let touched = sqlite::run_all(connection, &text, &rows)?;
                let changed = rows.into_iter().zip(touched).filter(|(_, n)| *n > 0);
                Ok(changed.filter_map(|(row, _)| id(row)).collect())
            }
            To::Pg(transaction) => {
                let (arrays, args) = arrays(rows, all.len() + 1)?;
                let from = format!("FROM UNNEST({arrays}) AS v (id, {})", all.join(", "));
                let text = format!("{} RETURNING t.id", text(&|_, name| format!("v.{name}"), &from, "v.id"));
                let query = sqlx::query_with(AssertSqlSafe(text).into_sql_str(), args);
                let found = query.fetch_all(&mut **transaction).await?;
                found
                    .iter()
                    .map(|r| row::read::<(String,)>(r).map(|(id,)| id))
                    .collect()
            }
            _ => Err(SqlError::Shape("rows are written within a transaction".into())),
        }
    }
}

fn id(row: Vec<Value>) -> Option<String> {
    match row.into_iter().next() {
        Some(Value::Text(id)) => id,
        _ => None,
    }
}

/// `$1::TEXT[], …` and an array for each column.
fn arrays(rows: Vec<Vec<Value>>, columns: usize) -> Result<(String, PgArguments), SqlError> {
    let (mut texts, mut args) = (Vec::with_capacity(columns), PgArguments::default());
    let count = rows.len();
    let mut by_column: Vec<Vec<Value>> = (0..columns).map(|_| Vec::with_capacity(count)).collect();
    for row in rows {
        value::storable(&row)?;
        if row.len() != columns {
            return Err(SqlError::Shape(format!("{} values for {columns} columns", row.len())));
        }
        for (column, value) in by_column.iter_mut().zip(row) {
            column.push(value);
        }
    }
    for (at, column) in (1..).zip(by_column) {
        texts.push(format!("${at}"));
        value::array(column, &mut args)?;
    }
    Ok((texts.join(", "), args))
}
