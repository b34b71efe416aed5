//! Values bound to statements: the few types that both databases share.

use sqlx::Arguments;
use sqlx::postgres::PgArguments;

use super::SqlError;

/// A value for `$n`; `None` is NULL of that type.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// BIGINT.
    Int(Option<i64>),
    /// TEXT.
    Text(Option<String>),
    /// BOOLEAN.
    Bool(Option<bool>),
}

macro_rules! from {
    ($($kind:ident: $($type:ty => |$v:ident| $make:expr),+);+ $(;)?) => {$($(
        impl From<$type> for Value {
            fn from($v: $type) -> Value { Value::$kind(Some($make)) }
        }
        impl From<Option<$type>> for Value {
            fn from(v: Option<$type>) -> Value { Value::$kind(v.map(|$v| $make)) }
        }
    )+)+};
}

from! {
    Int: i64 => |v| v, u32 => |v| i64::from(v), i32 => |v| i64::from(v);
    Bool: bool => |v| v;
    Text: String => |v| v, &str => |v| v.to_owned(), &String => |v| v.clone(), uuid::Uuid => |v| v.to_string(),
        jiff::civil::Date => |v| v.to_string();
}

macro_rules! ids {
    ($($id:ident),+) => {
        from! { Text: $(outlay_core::ids::$id => |v| v.to_string()),+; }
    };
}
ids!(
    EntityId,
    DepartmentId,
    CostCenterId,
    EmployeeId,
    ClaimId,
    LineId,
    TaskId,
    EventId,
    AccountId,
    ContactId,
    DealId,
    ProjectId,
    OrderId,
    ActivityId,
    DocumentId,
    ConnectionId,
    BatchId,
    PaymentId,
    PayeeAccountId
);

impl From<usize> for Value {
    fn from(v: usize) -> Value {
        Value::Int(Some(i64::try_from(v).unwrap_or(i64::MAX)))
    }
}

/// The values of a statement, in the order of `$1`, `$2`, …
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Value::from($value)),*] };
}

/// Refuses what one of the databases cannot store.
pub(super) fn storable(values: &[Value]) -> Result<(), SqlError> {
    let nul = |value: &Value| matches!(value, Value::Text(Some(text)) if text.contains('\0'));
    if values.iter().any(nul) {
        Err(SqlError::Nul)
    } else {
        Ok(())
    }
}

pub(super) fn postgres(values: Vec<Value>) -> Result<PgArguments, SqlError> {
    let mut args = PgArguments::default();
    for value in values {
        match value {
            Value::Int(v) => args.add(v),
            Value::Text(v) => args.add(v),
            Value::Bool(v) => args.add(v),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(args)
}

/// Adds a column's values as one array; all are of the first one's type.
pub(super) fn array(column: Vec<Value>, args: &mut PgArguments) -> Result<(), SqlError> {
    fn all<T>(column: Vec<Value>, one: impl Fn(Value) -> Option<Option<T>>) -> Result<Vec<Option<T>>, SqlError> {
        let values: Option<Vec<Option<T>>> = column.into_iter().map(one).collect();
        values.ok_or_else(|| SqlError::Shape("a column with values of two types".into()))
    }
    match column.first() {
        Some(Value::Int(_)) => args.add(all(column, |v| match v {
            Value::Int(v) => Some(v),
            _ => None,
        })?),
        Some(Value::Bool(_)) => args.add(all(column, |v| match v {
            Value::Bool(v) => Some(v),
            _ => None,
        })?),
        _ => args.add(all(column, |v| match v {
            Value::Text(v) => Some(v),
            _ => None,
        })?),
    }
    .map_err(|e| sqlx::Error::Encode(e).into())
}
