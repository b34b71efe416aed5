//! Why a statement failed.

/// Why a statement failed, on either database.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// SQLite says so.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL says so, or the way to it is broken.
    #[error(transparent)]
    Postgres(#[from] sqlx::Error),
    /// U+0000 in a text: PostgreSQL stores none, so neither database gets any.
    #[error("a text holds the character U+0000")]
    Nul,
    /// There is no such row.
    #[error("no row where there must be one")]
    NoRow,
    /// A row is of another shape than the type that takes it.
    #[error("{0}")]
    Shape(String),
}

impl SqlError {
    /// Whether a unique index refused a row.
    pub fn is_unique_violation(&self) -> bool {
        match self {
            SqlError::Sqlite(rusqlite::Error::SqliteFailure(e, _)) => matches!(
                e.extended_code,
                rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            ),
            SqlError::Postgres(sqlx::Error::Database(e)) => e.is_unique_violation(),
            _ => false,
        }
    }

    /// Whether the transaction lost to another one and may be run again (SQLSTATE 40001, 40P01).
    pub(super) fn lost_race(&self) -> bool {
        match self {
            SqlError::Postgres(sqlx::Error::Database(e)) => e.code().is_some_and(|c| c == "40001" || c == "40P01"),
            _ => false,
        }
    }
}

impl serde::de::Error for SqlError {
    fn custom<T: std::fmt::Display>(text: T) -> Self {
        SqlError::Shape(text.to_string())
    }
}
