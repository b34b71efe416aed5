//! SQLite: opening its file, and running statements on one connection, on the thread that asks.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags, ToSql};

use super::row::{self, Row};
use super::{SqlError, Value, value};

/// How long a connection waits for another process, such as a backup.
const PATIENCE: Duration = Duration::from_secs(10);
/// Prepared statements kept with each connection.
const STATEMENTS: usize = 512;

/// The file of `sqlite:PATH` or `sqlite://PATH`.
pub fn path(url: &str) -> Option<&Path> {
    let rest = url.strip_prefix("sqlite:")?;
    Some(Path::new(rest.strip_prefix("//").unwrap_or(rest)))
}

/// Opens the file for writing, with a write-ahead log and every commit on disk before it returns. Made if absent.
pub fn writer(path: &Path) -> Result<Connection, SqlError> {
    let connection = open(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What it writes in a day may be larger than all memory, and mapped pages count as the process's own.
    connection.pragma_update(None, "mmap_size", 0)?;
    Ok(connection)
}

/// Opens the file for reading alone.
pub fn reader(path: &Path) -> Result<Connection, SqlError> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, SqlError> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "cache_size", -16_000)?;
    connection.pragma_update(None, "mmap_size", 128 << 20)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    Ok(connection)
}

/// Copies the database at `path`, as of one moment, to a new file; readers and the writer go on.
pub fn copy(path: &Path, to: &Path) -> Result<(), SqlError> {
    let to = to
        .to_str()
        .ok_or_else(|| SqlError::Shape("the file's name must be UTF-8".into()))?;
    reader(path)?.execute("VACUUM INTO ?1", [to])?;
    Ok(())
}

/// Carries a statement out; the number of rows it touched.
pub fn run(connection: &Connection, sql: &str, args: &[Value]) -> Result<u64, SqlError> {
    Ok(bound(connection, sql, args)?.raw_execute()? as u64)
}

/// Carries a statement out for each of `rows`; how many rows each touched.
pub fn run_all(connection: &Connection, sql: &str, rows: &[Vec<Value>]) -> Result<Vec<u64>, SqlError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut touched = Vec::with_capacity(rows.len());
    let places: Vec<usize> = (1..=rows.first().map_or(0, Vec::len))
        .map(|n| match statement.parameter_index(&format!("${n}")) {
            Ok(Some(at)) => Ok(at),
            _ => Err(SqlError::Shape(format!("no place for ${n}"))),
        })
        .collect::<Result<_, _>>()?;
    for row in rows {
        value::storable(row)?;
        if row.len() != places.len() {
            return Err(SqlError::Shape(format!(
                "{} values for {} places",
                row.len(),
                places.len()
            )));
        }
        for (at, value) in places.iter().zip(row) {
            statement.raw_bind_parameter(*at, value)?;
        }
        touched.push(statement.raw_execute()? as u64);
    }
    Ok(touched)
}

/// At most `most` rows.
pub fn rows<T: Row>(connection: &Connection, sql: &str, args: &[Value], most: usize) -> Result<Vec<T>, SqlError> {
    let mut statement = bound(connection, sql, args)?;
    let (mut found, mut all) = (statement.raw_query(), Vec::new());
    while all.len() < most
        && let Some(row) = found.next()?
    {
        all.push(row::read(row)?);
    }
    Ok(all)
}

/// SQLite takes `$2` for a name and numbers names as they first appear, so the values are laid out in that order.
fn bound<'c>(connection: &'c Connection, sql: &str, args: &[Value]) -> Result<CachedStatement<'c>, SqlError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut laid = vec![false; args.len()];
    let mut next = 1;
    for (at, _) in sql.match_indices('$') {
        let digits = sql[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let Some(n) = sql[at + 1..at + 1 + digits].parse::<usize>().ok() else {
            continue;
        };
        let value = n.checked_sub(1).and_then(|i| args.get(i).zip(laid.get_mut(i)));
        let (value, laid) = value.ok_or_else(|| SqlError::Shape(format!("no value for ${n}")))?;
        if !std::mem::replace(laid, true) {
            statement.raw_bind_parameter(next, value)?;
            next += 1;
        }
    }
    Ok(statement)
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Int(Some(n)) => ValueRef::Integer(*n),
            Value::Bool(Some(b)) => ValueRef::Integer(i64::from(*b)),
            Value::Text(Some(text)) => ValueRef::Text(text.as_bytes()),
            Value::Int(None) | Value::Bool(None) | Value::Text(None) => ValueRef::Null,
        }))
    }
}
