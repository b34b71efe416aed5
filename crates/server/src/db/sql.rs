//! Statements with one text for both databases.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow, PgPool, Postgres, SqliteConnection, SqlitePool, Transaction};

use super::value::{self, Value};

/// A row type that both databases can fill; `derive(sqlx::FromRow)` and tuples are.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// Where statements run: a pool for reading, or one open transaction.
pub enum Sql {
    /// Reads on SQLite.
    SqlitePool(SqlitePool),
    /// The writer's connection, inside its transaction.
    Sqlite(SqliteConnection),
    /// Reads on PostgreSQL.
    PgPool(PgPool),
    /// A transaction on PostgreSQL.
    Pg(Transaction<'static, Postgres>),
}

macro_rules! on {
    ($self:expr, $args:expr, |$executor:ident, $bound:ident| $body:expr) => {
        match $self {
            Sql::SqlitePool(pool) => {
                let ($executor, $bound) = (&*pool, value::sqlite($args)?);
                $body
            }
            Sql::Sqlite(connection) => {
                let ($executor, $bound) = (&mut *connection, value::sqlite($args)?);
                $body
            }
            Sql::PgPool(pool) => {
                let ($executor, $bound) = (&*pool, value::postgres($args)?);
                $body
            }
            Sql::Pg(tx) => {
                let ($executor, $bound) = (&mut **tx, value::postgres($args)?);
                $body
            }
        }
    };
}

impl Sql {
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
        matches!(self, Sql::Pg(_) | Sql::PgPool(_))
    }
}
