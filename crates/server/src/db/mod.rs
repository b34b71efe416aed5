//! The database: SQLite in one file, or PostgreSQL, with one SQL text and one way to write.

pub mod dialect;
mod sql;
mod value;
mod writer;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, PgPool, SqlitePool};

pub use sql::{Row, Sql};
pub use value::{NulCharacter, Value};
pub use writer::{Work, Writer};

use crate::error::Error;
use crate::idempotency;

/// The text of all tables, for both databases.
static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// An open database. Cheap to clone.
#[derive(Clone)]
pub enum Db {
    /// One file, one writer, many readers.
    Sqlite {
        /// Readers.
        read: SqlitePool,
        /// The writer.
        writer: Writer,
    },
    /// A server.
    Postgres(PgPool),
}

impl Db {
    /// Opens `sqlite:PATH` (made if absent) or `postgres://…` and brings its tables up to date.
    pub async fn open(url: &str) -> Result<Db, Error> {
        Db::open_with(url, true).await
    }

    /// As [`Db::open`]; `group` false gives each work on SQLite its own commit, to measure the difference.
    pub async fn open_with(url: &str, group: bool) -> Result<Db, Error> {
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let pool = PgPoolOptions::new()
                .max_connections(16)
                .acquire_timeout(Duration::from_secs(10))
                .connect_with(PgConnectOptions::from_str(url)?)
                .await?;
            MIGRATOR.run(&pool).await.map_err(|e| Error::Broken(e.to_string()))?;
            return Ok(Db::Postgres(pool));
        }
        if !url.starts_with("sqlite:") {
            return Err(Error::Broken("the database must be sqlite:PATH or postgres://…".into()));
        }
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            .statement_cache_capacity(512)
            .pragma("cache_size", "-16000")
            .pragma("temp_store", "memory");
        let mut connection = options.clone().connect().await?;
        MIGRATOR
            .run_direct(None, &mut connection, false)
            .await
            .map_err(|e| Error::Broken(e.to_string()))?;
        let read = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(
                options
                    .read_only(true)
                    .create_if_missing(false)
                    .pragma("query_only", "on"),
            )
            .await?;
        Ok(Db::Sqlite {
            read,
            writer: Writer::start(connection, group),
        })
    }

    /// Where to read from.
    pub fn read(&self) -> Sql {
        match self {
            Db::Sqlite { read, .. } => Sql::SqlitePool(read.clone()),
            Db::Postgres(pool) => Sql::PgPool(pool.clone()),
        }
    }

    /// Runs `work` in one transaction: all of it is durable when this returns `Ok`, nothing of it on `Err`.
    /// On PostgreSQL a transaction that lost a race is run again, three times at most.
    pub async fn write<T: Send + 'static>(&self, work: impl Work<T>) -> Result<T, Error> {
        let Some(held) = idempotency::held() else {
            return self.commit(work).await;
        };
        let work = Arc::new(work);
        self.commit(move |sql| {
            let (work, held) = (work.clone(), held.clone());
            Box::pin(async move {
                let value = work(sql).await?;
                idempotency::mark(sql, &held).await?;
                Ok(value)
            })
        })
        .await
    }

    async fn commit<T: Send + 'static>(&self, work: impl Work<T>) -> Result<T, Error> {
        match self {
            Db::Sqlite { writer, .. } => writer.write(work).await,
            Db::Postgres(pool) => {
                let mut tries = 0;
                loop {
                    tries += 1;
                    let result = attempt(pool, &work).await;
                    match result {
                        Err(Error::Sql(e)) if tries < 4 && lost_race(&e) => {}
                        other => return other,
                    }
                }
            }
        }
    }

    /// Whether several processes may share it.
    pub fn is_shared(&self) -> bool {
        matches!(self, Db::Postgres(_))
    }
}

async fn attempt<T>(pool: &PgPool, work: &impl Work<T>) -> Result<T, Error> {
    let mut sql = Sql::Pg(pool.begin().await?);
    let value = work(&mut sql).await?;
    if let Sql::Pg(tx) = sql {
        tx.commit().await?;
    }
    Ok(value)
}

fn lost_race(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(|e| e.code())
        .is_some_and(|code| code == "40001" || code == "40P01")
}

/// Marks what processes keep in memory under `name` as changed, within the changing transaction. The mark is random, so
/// that one of a transaction that was rolled back never comes again: what was read within it is never taken for current.
pub async fn renew(sql: &mut Sql, name: &str) -> Result<(), Error> {
    let mark = i64::from_be_bytes(rand::random()) >> 1;
    sql.run(
        "UPDATE generation SET n = $1 WHERE name = $2",
        vec![Value::from(mark), Value::from(name)],
    )
    .await?;
    Ok(())
}
