//! Where a pull stands that goes by time of change and, within one time, by id as text: for CRMs whose ids are texts.
//!
//! A time is a whole number of whatever the CRM counts in: seconds or milliseconds since 1970.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{canonical::Object, connector::Error};

/// Rows remembered at most, lest the cursor grow without bound. What is not remembered comes again, which is harmless.
const MAX_SEEN: usize = 2000;

/// The opaque cursor, version 1: a place in each of the CRM's own kinds of record that make up the object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyset {
    v: u8,
    object: Object,
    /// The kind that is being read.
    pub turn: usize,
    /// The place in each, by its name in the CRM.
    places: BTreeMap<String, Place>,
}

/// A place in one kind of record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// All before this time is read; none before the first row.
    pub at: Option<i64>,
    /// Of that time, all up to this id is read.
    pub id: String,
    /// Where the next run begins, if this one came near the present: transactions may still end behind it.
    low: Option<i64>,
    /// Rows lately given, by id: their time, and a digest of what they held.
    seen: BTreeMap<String, (i64, u64)>,
}

impl Keyset {
    /// The start of `object`, or where `stored` left off.
    pub fn open(stored: Option<&Value>, object: Object) -> Result<Self, Error> {
        let Some(stored) = stored.filter(|v| !v.is_null()) else {
            return Ok(Keyset {
                v: 1,
                object,
                turn: 0,
                places: BTreeMap::new(),
            });
        };
        let cursor: Keyset = serde_json::from_value(stored.clone())
            .map_err(|e| Error::Cursor(format!("{e}; pull {object} from the start")))?;
        if cursor.v != 1 || cursor.object != object {
            return Err(Error::Cursor(format!(
                "it belongs to another object or version; pull {object} from the start"
            )));
        }
        Ok(cursor)
    }

    /// The place in the kind of this name.
    pub fn place(&mut self, kind: &str) -> &mut Place {
        self.places.entry(kind.to_owned()).or_default()
    }

    /// As JSON for the caller to store.
    pub fn store(&self) -> Result<Value, Error> {
        serde_json::to_value(self).map_err(|e| Error::Cursor(e.to_string()))
    }
}

impl Place {
    /// Moves on along these rows, each by its time and id, which must lie behind the place. How the CRM sorts ids of one
    /// time is its own business, so of them it is only known that the one where the place is may not come again.
    pub fn advance<'r>(&mut self, object: Object, rows: impl IntoIterator<Item = (i64, &'r str)>) -> Result<(), Error> {
        let start = self.at;
        let (mut last, mut end) = (self.at, None);
        for (at, id) in rows {
            if last.is_some_and(|last| at < last) || start == Some(at) && self.id == id {
                return Err(Error::Cursor(format!(
                    "{object} {id} came that was not asked for; stopped rather than go round in circles"
                )));
            }
            (last, end) = (Some(at), Some(id));
        }
        if let Some(id) = end {
            self.at = last;
            id.clone_into(&mut self.id);
        }
        Ok(())
    }

    /// Moves to the beginning of `at`, of which nothing is read yet.
    pub fn begin(&mut self, at: i64) {
        self.at = Some(at);
        self.id.clear();
    }

    /// Tells when the request began that led here, by the CRM's clock. What lies within `overlap` before it is not
    /// settled yet.
    pub fn reached(&mut self, began: Option<i64>, overlap: i64) {
        let Some(at) = self.at else { return };
        let settled = began.unwrap_or(at).saturating_sub(overlap);
        if at >= settled {
            self.low = Some(self.low.map_or(settled, |low| low.min(settled)));
        }
    }

    /// True if this row was not given before as it is now; remembers it.
    pub fn is_new(&mut self, id: &str, at: i64, row: &Value) -> bool {
        let held = (at, digest(&row.to_string()));
        if self.seen.get(id) == Some(&held) {
            return false;
        }
        if self.seen.len() < MAX_SEEN || self.seen.contains_key(id) {
            self.seen.insert(id.to_owned(), held);
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
            self.begin(low);
        }
        self.settle();
    }
}

/// FNV-1a, to tell whether a text is another than before.
pub fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_run_that_lasts_goes_back_to_where_it_came_near_the_present() {
        let mut place = Place::default();
        place.advance(Object::Deal, [(1000, "b")]).expect("on");
        place.reached(Some(9000), 600);
        assert_eq!(place.low, None);
        place.advance(Object::Deal, [(9500, "a")]).expect("on");
        place.reached(Some(10_000), 600);
        place.advance(Object::Deal, [(10_500, "c")]).expect("on");
        place.reached(Some(20_000), 600);
        place.finish();
        assert_eq!((place.at, place.id.as_str()), (Some(9400), ""));
    }

    #[test]
    fn a_place_long_settled_is_kept() {
        let mut place = Place::default();
        place.advance(Object::Deal, [(1000, "b")]).expect("on");
        place.reached(Some(90_000), 600);
        place.finish();
        assert_eq!((place.at, place.id.as_str()), (Some(1000), "b"));
    }

    #[test]
    fn going_back_or_standing_still_is_refused() {
        let mut place = Place::default();
        place.advance(Object::Deal, [(1000, "b")]).expect("on");
        let bad: [&[(i64, &str)]; 3] = [&[(1000, "c"), (1000, "b")], &[(999, "c")], &[(1001, "c"), (1000, "d")]];
        for rows in bad {
            let refused = place.advance(Object::Deal, rows.iter().copied());
            assert!(matches!(refused, Err(Error::Cursor(_))), "{rows:?}");
        }
        assert_eq!((place.at, place.id.as_str()), (Some(1000), "b"));
        place
            .advance(Object::Deal, [(1000, "a"), (1000, "c")])
            .expect("the CRM sorts as it likes");
        assert_eq!(place.id, "c");
    }

    #[test]
    fn the_same_row_is_new_once_and_a_change_within_its_time_makes_it_new() {
        let mut place = Place::default();
        let row = json!({ "name": "x" });
        assert!(place.is_new("1", 5, &row) && !place.is_new("1", 5, &row));
        assert!(place.is_new("1", 5, &json!({ "name": "y" })));
        for n in 0..4000 {
            place.is_new(&n.to_string(), 5, &row);
        }
        assert_eq!(place.seen.len(), MAX_SEEN);
        place.begin(6);
        place.settle();
        assert_eq!(place.seen.len(), 0);
    }

    #[test]
    fn a_strange_cursor_is_refused() {
        let own = Keyset::open(None, Object::Deal).expect("new").store().expect("json");
        assert!(Keyset::open(Some(&own), Object::Deal).is_ok());
        for bad in [own.clone(), json!({"page": 3}), json!("x")] {
            assert!(matches!(Keyset::open(Some(&bad), Object::Order), Err(Error::Cursor(_))));
        }
    }
}
