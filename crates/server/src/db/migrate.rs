//! Bringing SQLite's tables up to date; sqlx does it for PostgreSQL from the same texts.

use rusqlite::Connection;
use sqlx::migrate::Migrator;

use crate::error::Error;

/// Runs those of `migrations` that the database has not seen, each in a transaction of its own.
/// Fails if one that it has seen reads otherwise today.
pub fn sqlite(connection: &mut Connection, migrations: &Migrator) -> Result<(), Error> {
    let broken = |error: rusqlite::Error| Error::Broken(format!("the tables cannot be brought up to date: {error}"));
    connection
        .execute_batch("CREATE TABLE IF NOT EXISTS migration (version INTEGER PRIMARY KEY, checksum BLOB NOT NULL)")
        .map_err(broken)?;
    for migration in migrations.iter() {
        let transaction = connection.transaction().map_err(broken)?;
        let seen: Option<Vec<u8>> = transaction
            .prepare("SELECT checksum FROM migration WHERE version = ?1")
            .and_then(|mut s| s.query([migration.version])?.next()?.map(|row| row.get(0)).transpose())
            .map_err(broken)?;
        match seen {
            Some(checksum) if checksum == *migration.checksum => continue,
            Some(_) => {
                return Err(Error::Broken(format!(
                    "migration {} was run in another wording: this database belongs to another version",
                    migration.version
                )));
            }
            None => {}
        }
        transaction
            .execute_batch(migration.sql.as_str())
            .and_then(|()| {
                transaction.execute(
                    "INSERT INTO migration (version, checksum) VALUES (?1, ?2)",
                    (migration.version, &*migration.checksum),
                )
            })
            .and_then(|_| transaction.commit())
            .map_err(broken)?;
    }
    Ok(())
}
