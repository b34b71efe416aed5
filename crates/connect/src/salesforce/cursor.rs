//! Where a pull stands: for each kind of record a time of change, and among those of that time the last id.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::source::Source;
use crate::{canonical::Object, connector::Error};

/// Rows remembered at most, lest the cursor grow without bound. What is not remembered comes again, which is harmless.
const MAX_SEEN: usize = 2000;

/// What is being read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nothing yet.
    #[default]
    Start,
    /// The result of a Bulk API job that holds all records.
    Job,
    /// What changed, by time and id.
    Changes,
    /// The log of what was deleted.
    Sweep,
}

/// Where one kind of record stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub stage: Stage,
    /// The job that reads all.
    pub job: Option<String>,
    /// How often the job was asked for in vain.
    pub asked: u32,
    /// The job's own mark of the next piece of its result.
    pub locator: Option<String>,
    /// Before this, by Salesforce's clock, the stage began; milliseconds.
    pub begun: Option<i64>,
    /// All before this millisecond is read; none before the first row.
    pub at: Option<i64>,
    /// Of that millisecond, all up to this id is read.
    pub id: String,
    /// Where the next run begins, if this one came near the present: transactions may still end behind it.
    low: Option<i64>,
    /// Rows lately given, by id: their time, and a digest of what they held.
    seen: BTreeMap<String, (i64, u64)>,
    /// What was deleted before this is known; milliseconds.
    pub swept: Option<i64>,
    /// Entries of the log that are done.
    pub skip: usize,
}

/// The opaque cursor of this connector, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    v: u8,
    object: Object,
    /// Which part's turn it is.
    pub turn: usize,
    /// One for each kind of record.
    pub parts: Vec<Part>,
}

impl Cursor {
    /// The start of `object`, or where `stored` left off.
    pub fn open(stored: Option<&Value>, object: Object, sources: &[Source]) -> Result<Self, Error> {
        let Some(stored) = stored.filter(|v| !v.is_null()) else {
            return Ok(Cursor {
                v: 1,
                object,
                turn: 0,
                parts: vec![Part::default(); sources.len()],
            });
        };
        let cursor: Cursor = serde_json::from_value(stored.clone())
            .map_err(|e| Error::Cursor(format!("{e}; pull {object} from the start")))?;
        let sound = cursor.v == 1 && cursor.object == object && cursor.parts.len() == sources.len();
        if !sound || cursor.turn >= cursor.parts.len() {
            return Err(Error::Cursor(format!(
                "it belongs to another object or version; pull {object} from the start"
            )));
        }
        Ok(cursor)
    }

    /// As JSON for the caller to store.
    pub fn store(&self) -> Result<Value, Error> {
        serde_json::to_value(self).map_err(|e| Error::Cursor(e.to_string()))
    }
}

impl Part {
    /// Moves to a row, which must not lie before the place where it stands, nor be it. In which order Salesforce puts ids
    /// of one time is its own affair.
    pub fn advance(&mut self, at: i64, id: &str) -> Result<(), Error> {
        if self.at.is_some_and(|old| at < old || (at == old && id == self.id)) {
            return Err(Error::Cursor(format!(
                "{id} came that was not asked for; stopped rather than go round in circles"
            )));
        }
        (self.at, self.id) = (Some(at), id.to_owned());
        Ok(())
    }

    /// Tells when the request began that led here. What lies within `overlap` before it is not settled yet.
    pub fn reached(&mut self, began: Option<Timestamp>, overlap: SignedDuration) {
        let Some(at) = self.at else { return };
        let settled = began.map_or(at, Timestamp::as_millisecond) - millis(overlap);
        if at >= settled {
            self.low = Some(self.low.map_or(settled, |low| low.min(settled)));
        }
    }

    /// True if this row was not given before as it is now; remembers it.
    pub fn is_new(&mut self, id: &str, at: i64, digest: u64) -> bool {
        if self.seen.get(id) == Some(&(at, digest)) {
            return false;
        }
        if self.seen.len() < MAX_SEEN || self.seen.contains_key(id) {
            self.seen.insert(id.to_owned(), (at, digest));
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
            (self.at, self.id) = (Some(low), String::new());
        }
        self.settle();
    }

    /// The job gave all there was when it began: what changed since then follows.
    pub fn filled(&mut self, overlap: SignedDuration) {
        let begun = self.begun.unwrap_or_default();
        *self = Part {
            stage: Stage::Changes,
            at: Some(begun - millis(overlap)),
            begun: None,
            swept: Some(begun),
            ..Part::default()
        };
    }

    /// Reads all by time and id, without a job.
    pub fn plainly(&mut self) {
        *self = Part {
            stage: Stage::Changes,
            ..Part::default()
        };
    }

    /// The log is read up to `until`.
    pub fn sweep_ends(&mut self, until: i64) {
        self.swept = Some(until);
        self.stage = Stage::Changes;
        self.skip = 0;
        self.begun = None;
    }
}

/// A span in milliseconds.
pub fn millis(span: SignedDuration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SECOND: i64 = 1000;

    fn at(second: i64) -> Option<Timestamp> {
        Timestamp::from_second(second).ok()
    }

    #[test]
    fn a_run_that_lasts_goes_back_to_where_it_came_near_the_present() {
        let overlap = SignedDuration::from_secs(600);
        let mut part = Part::default();
        for (second, began) in [(1000, 9000), (9500, 10_000), (10_500, 20_000)] {
            part.advance(second * SECOND, &format!("a{second}")).expect("on");
            part.reached(at(began), overlap);
        }
        part.finish();
        assert_eq!((part.at, part.id.as_str()), (Some(9400 * SECOND), ""));
    }

    #[test]
    fn a_place_long_settled_is_kept_and_going_back_is_refused() {
        let mut part = Part::default();
        part.advance(1000, "b").expect("on");
        part.reached(at(90_000), SignedDuration::from_secs(600));
        part.finish();
        assert_eq!((part.at, part.id.as_str()), (Some(1000), "b"));
        for (at, id) in [(1000, "b"), (999, "c")] {
            assert!(matches!(part.advance(at, id), Err(Error::Cursor(_))));
        }
        part.advance(1000, "B")
            .expect("ids of one time come in an order that is not told");
    }

    #[test]
    fn the_same_row_is_new_once_and_not_all_are_remembered() {
        let mut part = Part::default();
        assert!(part.is_new("a", 1, 7));
        assert!(!part.is_new("a", 1, 7));
        assert!(part.is_new("a", 1, 8));
        for n in 0..4000 {
            assert!(part.is_new(&n.to_string(), 1, 1));
        }
        assert_eq!(part.seen.len(), MAX_SEEN);
    }

    #[test]
    fn a_strange_cursor_is_refused() {
        let sources = Source::all(Object::Activity).expect("two");
        let own = Cursor::open(None, Object::Activity, sources).expect("new");
        let own = own.store().expect("json");
        assert!(Cursor::open(Some(&own), Object::Activity, sources).is_ok());
        let mut lame = own.clone();
        lame["turn"] = 2.into();
        for bad in [json!({"page": 3}), json!("x"), lame] {
            assert!(Cursor::open(Some(&bad), Object::Activity, sources).is_err());
        }
        assert!(Cursor::open(Some(&own), Object::Deal, Source::all(Object::Deal).expect("one")).is_err());
    }
}
