//! Conditions for SuiteCRM's argument `query`, which is a fragment of SQL. Nothing is escaped: what might need it is not
//! let in.

use super::value;
use crate::{canonical::Object, connector::Error, keyset::Place};

/// Rows after `place`. Before the first row: all that have a time.
pub fn after(table: &str, place: &Place) -> Result<String, Error> {
    let Some(at) = place.at else {
        return Ok(format!("({table}.date_modified > '1970-01-01 00:00:00')"));
    };
    let at = value::datetime(at);
    if place.id.is_empty() {
        return Ok(format!("({table}.date_modified >= '{at}')"));
    }
    let id = safe(&place.id)?;
    Ok(format!(
        "({table}.date_modified > '{at}' OR ({table}.date_modified = '{at}' AND {table}.id > '{id}'))"
    ))
}

/// Rows with an id behind this one.
pub fn beyond(table: &str, id: &str) -> Result<String, Error> {
    Ok(format!(
        "({table}.id > '{}')",
        if id.is_empty() { "" } else { safe(id)? }
    ))
}

/// Rows with one of these ids, each of which is [`safe`].
pub fn among(table: &str, ids: &[&str]) -> Result<String, Error> {
    let ids = ids.iter().map(|id| Ok(format!("'{}'", safe(id)?)));
    let ids: Result<Vec<String>, Error> = ids.collect();
    Ok(format!("({table}.id IN ({}))", ids?.join(", ")))
}

/// Notes of a record that bear this marker.
pub fn notes(module: &str, id: &str, marker: &str) -> Result<String, Error> {
    let (module, id, marker) = (safe(module)?, safe(id)?, safe(marker)?);
    Ok(format!(
        "(notes.parent_type = '{module}' AND notes.parent_id = '{id}' AND notes.description LIKE '%[outlay:{marker}:%')"
    ))
}

/// A text that means nothing but itself in SQL: letters, digits, `-` and `.`. (`_` is left out, since LIKE has a use for
/// it, but for ids.)
pub fn safe(text: &str) -> Result<&str, Error> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if text.is_empty() || text.len() > 80 || !text.chars().all(plain) {
        return Err(Error::Setup(format!(
            "{:?} is no id of SuiteCRM",
            text.chars().take(80).collect::<String>()
        )));
    }
    Ok(text)
}

/// Whether SuiteCRM may have such an id.
pub fn is_id(text: &str) -> bool {
    text.len() <= 36 && safe(text).is_ok()
}

/// How rows are sorted when they are read by time; SuiteCRM puts the table's name before each.
pub const BY_TIME: &str = "date_modified, id";

/// What to say of a row without id or time.
pub fn placeless(object: Object) -> Error {
    Error::Broken(format!("{object} without id or date_modified"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_becomes_sql() {
        for bad in ["", "a' OR '1'='1", "a\\", "a%", "a b", "中", "a;--", &"a".repeat(81)] {
            assert!(safe(bad).is_err(), "{bad}");
            assert!(among("accounts", &[bad]).is_err(), "{bad}");
            assert!(
                notes("Accounts", bad, "m").is_err() && notes("Accounts", "1", bad).is_err(),
                "{bad}"
            );
        }
        let mut place = Place::default();
        place.advance(Object::Deal, [(1_795_492_800, "x' OR 1=1")]).expect("on");
        assert!(after("opportunities", &place).is_err());
        place
            .advance(Object::Deal, [(1_795_492_801, "seed_jim_id")])
            .expect("on");
        assert_eq!(
            after("opportunities", &place).expect("a condition"),
            "(opportunities.date_modified > '2026-11-24 04:00:01' OR (opportunities.date_modified = \
             '2026-11-24 04:00:01' AND opportunities.id > 'seed_jim_id'))"
        );
    }
}
