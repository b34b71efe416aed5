//! With SQLite one process writes: it holds `outlay.lock` in the data folder while it runs.

use std::fs::{File, OpenOptions, TryLockError};

use anyhow::{Context, Result, bail};

use crate::config::Config;

/// Held as long as the process may write; the system lets go of it even after a crash.
pub struct Lock {
    _file: Option<File>,
}

/// Takes the place of the only writer, or says who has it. PostgreSQL needs no lock.
pub fn take(config: &Config) -> Result<Lock> {
    if config.is_shared() {
        return Ok(Lock { _file: None });
    }
    std::fs::create_dir_all(&config.data).with_context(|| format!("cannot make {}", config.data.display()))?;
    let path = config.data.join("outlay.lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: Some(file) }),
        Err(TryLockError::WouldBlock) => bail!(
            "{} is in use by another outlay process: with SQLite only one may write. Stop it first, use its pages or API, \
             or move to PostgreSQL",
            config.data.display()
        ),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}
