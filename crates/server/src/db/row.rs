//! Rows of both databases into tuples and structs, by serde: tuples by position, structs by the columns' names.

use serde::de::{self, DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use sqlx::postgres::PgRow;
use sqlx::{Column, Row as _, TypeInfo};

use super::SqlError;

/// What a row can become: tuples and structs of `i64`, `i32`, `bool`, `String` and `Option`s of them.
pub trait Row: DeserializeOwned + Send + Unpin {}
impl<T: DeserializeOwned + Send + Unpin> Row for T {}

/// One value of a row.
pub enum Cell<'r> {
    Null,
    Int(i64),
    Bool(bool),
    Text(&'r str),
}

/// A row of either database.
pub trait Cells {
    fn len(&self) -> usize;
    fn name(&self, at: usize) -> &str;
    fn cell(&self, at: usize) -> Result<Cell<'_>, SqlError>;
}

impl Cells for rusqlite::Row<'_> {
    fn len(&self) -> usize {
        self.as_ref().column_count()
    }

    fn name(&self, at: usize) -> &str {
        self.as_ref().column_name(at).unwrap_or_default()
    }

    fn cell(&self, at: usize) -> Result<Cell<'_>, SqlError> {
        use rusqlite::types::ValueRef;
        Ok(match self.get_ref(at)? {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(n) => Cell::Int(n),
            ValueRef::Text(text) => Cell::Text(std::str::from_utf8(text).map_err(<SqlError as de::Error>::custom)?),
            other => return Err(SqlError::Shape(format!("no {} is read here", other.data_type()))),
        })
    }
}

impl Cells for PgRow {
    fn len(&self) -> usize {
        self.columns().len()
    }

    fn name(&self, at: usize) -> &str {
        self.column(at).name()
    }

    fn cell(&self, at: usize) -> Result<Cell<'_>, SqlError> {
        let int = |n: Option<i64>| n.map_or(Cell::Null, Cell::Int);
        Ok(match self.column(at).type_info().name() {
            "INT8" => int(self.try_get(at)?),
            "INT4" => int(self.try_get::<Option<i32>, _>(at)?.map(i64::from)),
            "BOOL" => self.try_get::<Option<bool>, _>(at)?.map_or(Cell::Null, Cell::Bool),
            _ => self.try_get::<Option<&str>, _>(at)?.map_or(Cell::Null, Cell::Text),
        })
    }
}

/// Makes a `T` of a row.
pub fn read<T: Row>(row: &impl Cells) -> Result<T, SqlError> {
    T::deserialize(Whole(row))
}

struct Whole<'r, C>(&'r C);

impl<'de, C: Cells> de::Deserializer<'de> for Whole<'_, C> {
    type Error = SqlError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SqlError> {
        visitor.visit_seq(InOrder { row: self.0, at: 0 })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, SqlError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SqlError> {
        let (row, column) = (self.0, 0);
        visitor.visit_map(ByName { row, fields, column })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq
        tuple tuple_struct map enum identifier ignored_any
    }
}

struct InOrder<'r, C> {
    row: &'r C,
    at: usize,
}

impl<'de, C: Cells> SeqAccess<'de> for InOrder<'_, C> {
    type Error = SqlError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, SqlError> {
        if self.at == self.row.len() {
            return Ok(None);
        }
        self.at += 1;
        one(self.row, self.at - 1, seed).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.row.len() - self.at)
    }
}

/// Gives the fields in their own order; that of the columns is mostly the same, so the search begins there.
struct ByName<'r, C> {
    row: &'r C,
    fields: &'static [&'static str],
    column: usize,
}

impl<'de, C: Cells> MapAccess<'de> for ByName<'_, C> {
    type Error = SqlError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, SqlError> {
        let Some((field, rest)) = self.fields.split_first() else {
            return Ok(None);
        };
        let (row, count) = (self.row, self.row.len());
        let mut columns = (self.column..count).chain(0..self.column);
        self.column = columns
            .find(|at| row.name(*at) == *field)
            .ok_or_else(|| SqlError::Shape(format!("the row has no column {field}")))?;
        self.fields = rest;
        seed.deserialize(de::value::BorrowedStrDeserializer::new(field))
            .map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, SqlError> {
        self.column += 1;
        one(self.row, self.column - 1, seed)
    }
}

fn one<'de, T: DeserializeSeed<'de>>(row: &impl Cells, at: usize, seed: T) -> Result<T::Value, SqlError> {
    seed.deserialize(One(row.cell(at)?)).map_err(|error| match error {
        SqlError::Shape(text) => SqlError::Shape(format!("column {}: {text}", row.name(at))),
        other => other,
    })
}

struct One<'r>(Cell<'r>);

impl<'de> de::Deserializer<'de> for One<'_> {
    type Error = SqlError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SqlError> {
        match self.0 {
            Cell::Null => visitor.visit_unit(),
            Cell::Int(n) => visitor.visit_i64(n),
            Cell::Bool(b) => visitor.visit_bool(b),
            Cell::Text(text) => visitor.visit_str(text),
        }
    }

    /// SQLite keeps truth as a number.
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SqlError> {
        match self.0 {
            Cell::Int(n) => visitor.visit_bool(n != 0),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SqlError> {
        match self.0 {
            Cell::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, SqlError> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map struct enum identifier ignored_any
    }
}
