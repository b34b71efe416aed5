//! SQLite's readers: a few connections lent for one statement each, the last used first, since its cache is warm.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{SqlError, sqlite};

/// Lends connections.
#[derive(Clone)]
pub struct Readers {
    path: Arc<PathBuf>,
    idle: Arc<Mutex<Vec<Connection>>>,
    free: Arc<Semaphore>,
}

/// A connection on loan; goes back when dropped.
pub struct Lent {
    connection: Option<Connection>,
    home: Readers,
    _turn: OwnedSemaphorePermit,
}

impl Readers {
    /// Connections to the file, `most` at once; the first is opened now.
    pub fn open(path: &Path, most: usize) -> Result<Readers, SqlError> {
        let first = sqlite::reader(path)?;
        Ok(Readers {
            path: Arc::new(path.to_owned()),
            idle: Arc::new(Mutex::new(vec![first])),
            free: Arc::new(Semaphore::new(most)),
        })
    }

    /// Lends a connection, once one is free.
    pub async fn lend(&self) -> Result<Lent, SqlError> {
        let turn = self.free.clone().acquire_owned().await;
        let _turn = turn.map_err(|_| SqlError::Shape("the readers are closed".into()))?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => sqlite::reader(&self.path)?,
        };
        let (connection, home) = (Some(connection), self.clone());
        Ok(Lent {
            connection,
            home,
            _turn,
        })
    }
}

impl Deref for Lent {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("it is lent until it is dropped")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut idle = self.home.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.extend(self.connection.take());
    }
}
