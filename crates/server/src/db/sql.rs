//! Statements with one text for both databases.

use rusqlite::Connection;
use sqlx::{AssertSqlSafe, PgPool, Postgres, SqlSafeStr, SqlStr, Transaction};

use super::marks::{Marks, Renewals};
use super::readers::Readers;
use super::row::{self, Row};
use super::value::{self, Value};
use super::{SqlError, sqlite};

/// Where statements run: connections for reading, or one open transaction.
pub struct Sql {
    pub(super) to: To,
    pub(super) marks: Marks,
}

pub(super) enum To {
    /// Reads on SQLite.
    SqliteRead(Readers),
    /// The writer's connection, inside its transaction.
    Sqlite(Connection),
    /// Reads on PostgreSQL.
    PgPool(PgPool),
    /// A transaction on PostgreSQL.
    Pg(Transaction<'static, Postgres>),
}

impl Sql {
    pub(super) fn new(to: To, renewals: Renewals) -> Sql {
        Sql {
            to,
            marks: Marks::new(renewals),
        }
    }

    /// Commits a transaction on PostgreSQL.
    pub(super) async fn commit(self) -> Result<(), SqlError> {
        match self.to {
            To::Pg(tx) => Ok(tx.commit().await?),
            _ => Ok(()),
        }
    }

    /// The mark of what is kept in memory under `name`; see [`super::renew`].
    pub async fn mark(&mut self, name: &str) -> Result<i64, SqlError> {
        if let Some(n) = self.marks.known(name) {
            return Ok(n);
        }
        let at = self.marks.now();
        let all: Vec<(String, i64)> = self.all("SELECT name, n FROM generation", vec![]).await?;
        let n = all.iter().find(|(known, _)| known == name).map(|(_, n)| *n);
        self.marks.keep(at, all);
        n.ok_or(SqlError::NoRow)
    }

    /// All rows.
    pub async fn all<T: Row>(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Vec<T>, SqlError> {
        self.rows(sql.into_sql_str(), args, usize::MAX).await
    }

    /// The first row, or none.
    pub async fn maybe<T: Row>(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Option<T>, SqlError> {
        Ok(self.rows(sql.into_sql_str(), args, 1).await?.pop())
    }

    /// The one row; [`SqlError::NoRow`] if there is none.
    pub async fn one<T: Row>(&mut self, sql: &'static str, args: Vec<Value>) -> Result<T, SqlError> {
        self.maybe(sql, args).await?.ok_or(SqlError::NoRow)
    }

    /// Carries a statement out; the number of rows it touched.
    pub async fn run(&mut self, sql: &'static str, args: Vec<Value>) -> Result<u64, SqlError> {
        self.execute(sql.into_sql_str(), args).await
    }

    /// As [`Sql::all`], for a text put together from literals of ours only; every value still goes through `args`.
    pub async fn all_built<T: Row>(&mut self, sql: String, args: Vec<Value>) -> Result<Vec<T>, SqlError> {
        self.rows(AssertSqlSafe(sql).into_sql_str(), args, usize::MAX).await
    }

    /// As [`Sql::run`], for a text put together from literals of ours only.
    pub async fn run_built(&mut self, sql: String, args: Vec<Value>) -> Result<u64, SqlError> {
        self.execute(AssertSqlSafe(sql).into_sql_str(), args).await
    }

    async fn rows<T: Row>(&mut self, sql: SqlStr, args: Vec<Value>, most: usize) -> Result<Vec<T>, SqlError> {
        value::storable(&args)?;
        match &mut self.to {
            To::SqliteRead(readers) => {
                let lent = readers.lend().await?;
                sqlite::rows(&lent, sql.as_str(), &args, most)
            }
            To::Sqlite(connection) => sqlite::rows(connection, sql.as_str(), &args, most),
            To::PgPool(pool) => postgres_rows(&*pool, sql, args, most).await,
            To::Pg(tx) => postgres_rows(&mut **tx, sql, args, most).await,
        }
    }

    async fn execute(&mut self, sql: SqlStr, args: Vec<Value>) -> Result<u64, SqlError> {
        value::storable(&args)?;
        let done = match &mut self.to {
            To::SqliteRead(readers) => {
                let lent = readers.lend().await?;
                return sqlite::run(&lent, sql.as_str(), &args);
            }
            To::Sqlite(connection) => return sqlite::run(connection, sql.as_str(), &args),
            To::PgPool(pool) => sqlx::query_with(sql, value::postgres(args)?).execute(&*pool).await?,
            To::Pg(tx) => sqlx::query_with(sql, value::postgres(args)?).execute(&mut **tx).await?,
        };
        Ok(done.rows_affected())
    }

    /// Whether this is PostgreSQL; only `db::dialect` asks.
    pub(super) fn is_postgres(&self) -> bool {
        matches!(self.to, To::Pg(_) | To::PgPool(_))
    }
}

async fn postgres_rows<'e, T: Row>(
    executor: impl sqlx::Executor<'e, Database = Postgres>,
    sql: SqlStr,
    args: Vec<Value>,
    most: usize,
) -> Result<Vec<T>, SqlError> {
    let query = sqlx::query_with(sql, value::postgres(args)?);
    let rows = if most == 1 {
        query.fetch_optional(executor).await?.into_iter().collect()
    } else {
        query.fetch_all(executor).await?
    };
    rows.iter().map(row::read).collect()
}
