//! Statements with one text for both databases.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow, PgPool, Postgres, SqliteConnection, Transaction};

use super::marks::{Marks, Renewals};
use super::readers::Readers;
use super::value::{self, Value};

/// A row type that both databases can fill; `derive(sqlx::FromRow)` and tuples are.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// Where statements run: connections for reading, or one open transaction.
pub struct Sql {
    to: To,
    pub(super) marks: Marks,
}

pub(super) enum To {
    /// Reads on SQLite.
    SqliteRead(Readers),
    /// The writer's connection, inside its transaction.
    Sqlite(SqliteConnection),
    /// Reads on PostgreSQL.
    PgPool(PgPool),
    /// A transaction on PostgreSQL.
    Pg(Transaction<'static, Postgres>),
}

macro_rules! on {
    ($self:expr, $args:expr, |$executor:ident, $bound:ident| $body:expr) => {
        match &mut $self.to {
            To::SqliteRead(readers) => {
                let $bound = value::sqlite($args)?;
                let mut lent = readers.lend().await?;
                let $executor = &mut lent.connection;
                let result = $body;
                lent.back();
                result
            }
            To::Sqlite(connection) => {
                let ($executor, $bound) = (&mut *connection, value::sqlite($args)?);
                $body
            }
            To::PgPool(pool) => {
                let ($executor, $bound) = (&*pool, value::postgres($args)?);
                $body
            }
            To::Pg(tx) => {
                let ($executor, $bound) = (&mut **tx, value::postgres($args)?);
                $body
            }
        }
    };
}

impl Sql {
    pub(super) fn new(to: To, renewals: Renewals) -> Sql {
        Sql {
            to,
            marks: Marks::new(renewals),
        }
    }

    /// Commits a transaction on PostgreSQL.
    pub(super) async fn commit(self) -> Result<(), sqlx::Error> {
        match self.to {
            To::Pg(tx) => tx.commit().await,
            _ => Ok(()),
        }
    }

    /// The mark of what is kept in memory under `name`; see [`super::renew`].
    pub async fn mark(&mut self, name: &str) -> Result<i64, sqlx::Error> {
        if let Some(n) = self.marks.known(name) {
            return Ok(n);
        }
        let at = self.marks.now();
        let all: Vec<(String, i64)> = self.all("SELECT name, n FROM generation", vec![]).await?;
        let n = all.iter().find(|(known, _)| known == name).map(|(_, n)| *n);
        self.marks.keep(at, all);
        n.ok_or(sqlx::Error::RowNotFound)
    }

    /// All rows.
    pub async fn all<T: Row>(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Vec<T>, sqlx::Error> {
        on!(self, args, |executor, bound| sqlx::query_as_with(sql, bound)
            .fetch_all(executor)
            .await)
    }

    /// The one row, or none.
    pub async fn maybe<T: Row>(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Option<T>, sqlx::Error> {
        on!(self, args, |executor, bound| sqlx::query_as_with(sql, bound)
            .fetch_optional(executor)
            .await)
    }

    /// The one row; [`sqlx::Error::RowNotFound`] if there is none.
    pub async fn one<T: Row>(&mut self, sql: &'static str, args: Vec<Value>) -> Result<T, sqlx::Error> {
        on!(self, args, |executor, bound| sqlx::query_as_with(sql, bound)
            .fetch_one(executor)
            .await)
    }

    /// Carries a statement out; the number of rows it touched.
    pub async fn run(&mut self, sql: &'static str, args: Vec<Value>) -> Result<u64, sqlx::Error> {
        on!(self, args, |executor, bound| Ok(sqlx::query_with(sql, bound)
            .execute(executor)
            .await?
            .rows_affected()))
    }

    /// As [`Sql::all`], for a text put together from literals of ours only; every value still goes through `args`.
    pub async fn all_built<T: Row>(&mut self, sql: String, args: Vec<Value>) -> Result<Vec<T>, sqlx::Error> {
        on!(self, args, |executor, bound| sqlx::query_as_with(
            AssertSqlSafe(sql),
            bound
        )
        .fetch_all(executor)
        .await)
    }

    /// As [`Sql::run`], for a text put together from literals of ours only.
    pub async fn run_built(&mut self, sql: String, args: Vec<Value>) -> Result<u64, sqlx::Error> {
        on!(self, args, |executor, bound| {
            Ok(sqlx::query_with(AssertSqlSafe(sql), bound)
                .execute(executor)
                .await?
                .rows_affected())
        })
    }

    /// Whether this is PostgreSQL; only `db::dialect` asks.
    pub(super) fn is_postgres(&self) -> bool {
        matches!(self.to, To::Pg(_) | To::PgPool(_))
    }
}
