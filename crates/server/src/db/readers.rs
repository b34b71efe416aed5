//! SQLite's readers: a few connections lent for one statement each, the last used first, since its cache is warm.

use std::sync::{Arc, Mutex, PoisonError};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Lends connections.
#[derive(Clone)]
pub struct Readers {
    options: Arc<SqliteConnectOptions>,
    idle: Arc<Mutex<Vec<SqliteConnection>>>,
    free: Arc<Semaphore>,
}

/// A connection on loan. One that is dropped without [`Lent::back`], its statement broken off, is closed.
pub struct Lent {
    /// The connection.
    pub connection: SqliteConnection,
    home: Readers,
    _turn: OwnedSemaphorePermit,
}

impl Readers {
    /// Connections as `options` say, `most` at once; the first is opened now.
    pub async fn open(options: SqliteConnectOptions, most: usize) -> Result<Readers, sqlx::Error> {
        let first = options.connect().await?;
        Ok(Readers {
            options: Arc::new(options),
            idle: Arc::new(Mutex::new(vec![first])),
            free: Arc::new(Semaphore::new(most)),
        })
    }

    /// Lends a connection, once one is free.
    pub async fn lend(&self) -> Result<Lent, sqlx::Error> {
        let turn = self.free.clone().acquire_owned().await;
        let _turn = turn.map_err(|_| sqlx::Error::PoolClosed)?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        let home = self.clone();
        Ok(Lent {
            connection,
            home,
            _turn,
        })
    }
}

impl Lent {
    /// Gives it back, its statement being done.
    pub fn back(self) {
        let mut idle = self.home.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(self.connection);
    }
}
