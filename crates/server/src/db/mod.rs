//! The database: SQLite in one file, or PostgreSQL, with one SQL text and one way to write.

mod bulk;
pub mod dialect;
mod error;
mod marks;
mod migrate;
mod readers;
mod row;
mod sql;
pub mod sqlite;
mod value;
mod writer;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgPool};

pub use error::SqlError;
pub use row::Row;
pub use sql::Sql;
pub use value::Value;
pub use writer::{Work, Writer};

use marks::Renewals;
use readers::Readers;
use sql::To;

use crate::audit::REQUEST_ID;
use crate::error::Error;
use crate::idempotency;

/// The text of all tables, for both databases.
static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// A connection to PostgreSQL that rested this long is tried before it is used.
const RESTED: Duration = Duration::from_secs(5);
/// Readers of SQLite at once. Each keeps a thread of the runtime busy, which therefore has some more.
pub const READERS: usize = 4;

/// An open database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    at: At,
    renewals: Renewals,
}

#[derive(Clone)]
enum At {
    /// One file, one writer, many readers.
    Sqlite { read: Readers, writer: Writer },
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
                .test_before_acquire(false)
                .before_acquire(|connection, meta| {
                    Box::pin(async move {
                        // A server that restarted is noticed after a pause; within one, asking costs as much as a query.
                        Ok(meta.idle_for < RESTED || connection.ping().await.is_ok())
                    })
                })
                .connect_with(PgConnectOptions::from_str(url).map_err(SqlError::from)?)
                .await
                .map_err(SqlError::from)?;
            MIGRATOR.run(&pool).await.map_err(|e| Error::Broken(e.to_string()))?;
            let (at, renewals) = (At::Postgres(pool), Renewals::default());
            return Ok(Db { at, renewals });
        }
        let path = sqlite::path(url)
            .ok_or_else(|| Error::Broken("the database must be sqlite:PATH or postgres://…".into()))?;
        let mut connection = sqlite::writer(path)?;
        migrate::sqlite(&mut connection, &MIGRATOR)?;
        let read = Readers::open(path, READERS)?;
        let renewals = Renewals::default();
        let writer = Writer::start(connection, group, renewals.clone());
        let at = At::Sqlite { read, writer };
        Ok(Db { at, renewals })
    }

    /// Where to read from.
    pub fn read(&self) -> Sql {
        let to = match &self.at {
            At::Sqlite { read, .. } => To::SqliteRead(read.clone()),
            At::Postgres(pool) => To::PgPool(pool.clone()),
        };
        Sql::new(to, self.renewals.clone())
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
        match &self.at {
            At::Sqlite { writer, .. } => match REQUEST_ID.try_with(Clone::clone) {
                Ok(id) => {
                    // The writer is another task, and the audit still names the request.
                    let work = Arc::new(work);
                    writer
                        .write(move |sql| {
                            let (id, work) = (id.clone(), work.clone());
                            Box::pin(async move { REQUEST_ID.scope(id, work(sql)).await })
                        })
                        .await
                }
                Err(_) => writer.write(work).await,
            },
            At::Postgres(pool) => {
                let mut tries = 0;
                loop {
                    tries += 1;
                    let result = self.attempt(pool, &work).await;
                    match result {
                        Err(Error::Sql(e)) if tries < 4 && e.lost_race() => {}
                        other => return other,
                    }
                }
            }
        }
    }

    /// Whether several processes may share it.
    pub fn is_shared(&self) -> bool {
        matches!(self.at, At::Postgres(_))
    }

    async fn attempt<T>(&self, pool: &PgPool, work: &impl Work<T>) -> Result<T, Error> {
        let mut sql = Sql::new(
            To::Pg(pool.begin().await.map_err(SqlError::from)?),
            self.renewals.clone(),
        );
        let done = work(&mut sql).await;
        let mut marks = std::mem::take(&mut sql.marks);
        let done = match done {
            Ok(value) => sql.commit().await.map(|()| value).map_err(Error::from),
            Err(error) => Err(error),
        };
        marks.settle();
        done
    }
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
    sql.marks.renew();
    Ok(())
}
