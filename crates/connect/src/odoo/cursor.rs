//! Where a pull stands: a second, and within it the last id.
//!
//! Odoo shows times by whole seconds and keeps them finer, so its order within a second is not told. Hence a second is
//! begun only when all before it is read, and is itself read by id.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::value;
use crate::{canonical::Object, connector::Error};

/// Rows remembered at most, lest the cursor grow without bound. What is not remembered comes again, which is harmless.
const MAX_SEEN: usize = 2000;

/// The opaque cursor of this connector, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    v: u8,
    object: Object,
    /// All before this second is read; none before the first row.
    pub at: Option<i64>,
    /// Of that second, all up to this id is read.
    pub id: i64,
    /// Where the next run begins, if this one came near the present: transactions may still end behind it.
    low: Option<i64>,
    /// Rows lately given, by id: their second, and a digest of what they held.
    seen: BTreeMap<i64, (i64, u64)>,
}

impl Cursor {
    /// The start of `object`, or where `stored` left off.
    pub fn open(stored: Option<&Value>, object: Object) -> Result<Self, Error> {
        let Some(stored) = stored.filter(|v| !v.is_null()) else {
            return Ok(Cursor {
                v: 1,
                object,
                at: None,
                id: 0,
                low: None,
                seen: BTreeMap::new(),
            });
        };
        let cursor: Cursor = serde_json::from_value(stored.clone())
            .map_err(|e| Error::Cursor(format!("{e}; pull {object} from the start")))?;
        if cursor.v != 1 || cursor.object != object {
            return Err(Error::Cursor(format!(
                "it belongs to another object or version; pull {object} from the start"
            )));
        }
        Ok(cursor)
    }

    /// Moves to `at` and `id`, which must lie behind the place where it stands, or be it.
    pub fn advance(&mut self, at: i64, id: i64) -> Result<(), Error> {
        if self.at.is_some_and(|old| (at, id) < (old, self.id)) {
            return Err(Error::Cursor(format!(
                "{} {id} came out of order; stopped rather than go round in circles",
                self.object
            )));
        }
        (self.at, self.id) = (Some(at), id);
        Ok(())
    }

    /// Tells when the request began that led here. What lies within `overlap` before it is not settled yet.
    pub fn reached(&mut self, began: Option<Timestamp>, overlap: SignedDuration) {
        let Some(at) = self.at else { return };
        let began = began.map_or(at, Timestamp::as_second);
        let settled = began.saturating_sub(overlap.as_secs());
        if at >= settled {
            self.low = Some(self.low.map_or(settled, |low| low.min(settled)));
        }
    }

    /// True if this row was not given before as it is now; remembers it.
    pub fn is_new(&mut self, id: i64, row: &Value) -> bool {
        let held = (value::second(row).unwrap_or_default(), value::digest(&row.to_string()));
        if self.seen.get(&id) == Some(&held) {
            return false;
        }
        if self.seen.len() < MAX_SEEN || self.seen.contains_key(&id) {
            self.seen.insert(id, held);
        }
        true
    }

    /// Forgets rows that will not be read again: called after each step.
    pub fn settle(&mut self) {
        let from = self.low.or(self.at).unwrap_or(i64::MIN);
        self.seen.retain(|_, (at, _)| *at >= from);
    }

    /// The run is at its end: the next begins where transactions may still have been open.
    pub fn finish(&mut self) {
        if let Some(low) = self.low.take()
            && self.at.is_some_and(|at| at >= low)
        {
            (self.at, self.id) = (Some(low), 0);
        }
        self.settle();
    }

    /// The run is at its end, and the next one reads all again, by id.
    pub fn finish_list(&mut self) {
        self.id = 0;
    }

    /// As JSON for the caller to store.
    pub fn store(&self) -> Result<Value, Error> {
        serde_json::to_value(self).map_err(|e| Error::Cursor(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Option<Timestamp> {
        Timestamp::from_second(second).ok()
    }

    fn row(write_date: &str) -> Value {
        json!({ "id": 1, "write_date": write_date })
    }

    #[test]
    fn a_run_that_lasts_goes_back_to_where_it_came_near_the_present() {
        let overlap = SignedDuration::from_secs(600);
        let mut cursor = Cursor::open(None, Object::Deal).expect("new");
        cursor.advance(1000, 7).expect("on");
        cursor.reached(at(9000), overlap);
        assert_eq!(cursor.low, None);
        cursor.advance(9500, 8).expect("on");
        cursor.reached(at(10_000), overlap);
        cursor.advance(10_500, 9).expect("on");
        cursor.reached(at(20_000), overlap);
        cursor.finish();
        assert_eq!((cursor.at, cursor.id), (Some(9400), 0));
    }

    #[test]
    fn a_place_long_settled_is_kept() {
        let mut cursor = Cursor::open(None, Object::Deal).expect("new");
        cursor.advance(1000, 7).expect("on");
        cursor.reached(at(90_000), SignedDuration::from_secs(600));
        cursor.finish();
        assert_eq!((cursor.at, cursor.id), (Some(1000), 7));
    }

    #[test]
    fn going_back_is_refused() {
        let mut cursor = Cursor::open(None, Object::Deal).expect("new");
        cursor.advance(1000, 7).expect("on");
        cursor.advance(1000, 7).expect("stays");
        for (second, id) in [(1000, 6), (999, 8)] {
            assert!(matches!(cursor.advance(second, id), Err(Error::Cursor(_))));
        }
    }

    #[test]
    fn the_same_row_is_new_once_and_a_change_within_its_second_makes_it_new() {
        let mut cursor = Cursor::open(None, Object::Deal).expect("new");
        let first = row("2026-11-24 10:00:00");
        assert!(cursor.is_new(1, &first));
        assert!(!cursor.is_new(1, &first));
        let mut changed = first.clone();
        changed["name"] = "x".into();
        assert!(cursor.is_new(1, &changed));
        for id in 2..4000 {
            assert!(cursor.is_new(id, &first));
        }
        assert_eq!(cursor.seen.len(), MAX_SEEN);
    }

    #[test]
    fn a_strange_cursor_is_refused() {
        let own = Cursor::open(None, Object::Deal).expect("new").store().expect("json");
        assert!(Cursor::open(Some(&own), Object::Deal).is_ok());
        for bad in [own.clone(), json!({"page": 3}), json!("x")] {
            assert!(matches!(Cursor::open(Some(&bad), Object::Order), Err(Error::Cursor(_))));
        }
    }
}
