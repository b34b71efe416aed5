//! Where a pull stands: one mark per model that is read, each a time of change with an id against ties.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{source::Source, value};
use crate::{canonical::Object, connector::Error};

/// The last row seen of a model. Order is by time, then id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mark {
    pub at: Timestamp,
    pub id: i64,
}

/// The opaque cursor of this connector, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    v: u8,
    object: Object,
    /// Which of `marks` is being read.
    pub stage: usize,
    /// The model itself, then its parts.
    pub marks: Vec<Option<Mark>>,
    /// Where the next run of this stage begins, if this one came near the present: transactions may still end behind it.
    #[serde(default)]
    low: Option<Timestamp>,
}

impl Cursor {
    /// The start for `source`, or where `stored` left off.
    pub fn open(stored: Option<&Value>, source: &Source) -> Result<Self, Error> {
        let models = 1 + source.parts.len();
        let Some(stored) = stored.filter(|v| !v.is_null()) else {
            return Ok(Cursor {
                v: 1,
                object: source.object,
                stage: 0,
                marks: vec![None; models],
                low: None,
            });
        };
        let cursor: Cursor = serde_json::from_value(stored.clone())
            .map_err(|e| Error::Cursor(format!("{e}; pull {} from the start", source.object)))?;
        if cursor.v != 1 || cursor.object != source.object || cursor.marks.len() != models || cursor.stage >= models {
            return Err(Error::Cursor(format!(
                "it belongs to another object or version; pull {} from the start",
                source.object
            )));
        }
        Ok(cursor)
    }

    /// True before anything was read.
    pub fn is_new(&self) -> bool {
        self.stage == 0 && self.marks.iter().all(Option::is_none)
    }

    /// Lets the parts begin at `at`: what changed in them earlier is seen when the records themselves are read.
    pub fn begin_parts(&mut self, at: Timestamp) {
        for mark in &mut self.marks[1..] {
            *mark = Some(Mark { at, id: 0 });
        }
    }

    /// What comes after the current mark, as a Tryton domain.
    pub fn after(&self) -> Value {
        match self.marks[self.stage] {
            None => json!([]),
            Some(Mark { at, id }) => {
                let at = value::datetime(at);
                json!([
                    "OR",
                    ["last_modified_at", ">", at],
                    [["last_modified_at", "=", at], ["id", ">", id]],
                ])
            }
        }
    }

    /// Moves the current mark over the rows just read, which must all lie behind it and rise.
    pub fn advance(&mut self, rows: &[Mark], model: &str) -> Result<(), Error> {
        for row in rows {
            if self.marks[self.stage].is_some_and(|mark| *row <= mark) {
                return Err(Error::Cursor(format!(
                    "{model} {} came again or out of order; stopped rather than go round in circles",
                    row.id
                )));
            }
            self.marks[self.stage] = Some(*row);
        }
        Ok(())
    }

    /// Tells the CRM's clock after a step. Rows of transactions that began before it but end later may still appear behind
    /// the mark, so a run that has come within `overlap` of the present is followed by one that begins there – at the
    /// first such moment, however long the run goes on.
    pub fn reached(&mut self, now: Option<Timestamp>, overlap: SignedDuration) {
        let Some(mark) = self.marks[self.stage] else { return };
        let settled = now.unwrap_or(mark.at).checked_sub(overlap).unwrap_or(Timestamp::MIN);
        if mark.at >= settled {
            self.low = Some(self.low.map_or(settled, |low| low.min(settled)));
        }
    }

    /// The current model has no more rows: steps to the next one. True when that was the last.
    pub fn drained(&mut self, source: &Source) -> bool {
        if let (Some(low), Some(mark)) = (self.low.take(), &mut self.marks[self.stage])
            && mark.at >= low
        {
            *mark = Mark { at: low, id: 0 };
        }
        self.stage += 1;
        let done = self.stage == self.marks.len();
        if done {
            self.stage = 0;
            if source.rescan {
                self.marks[0] = None;
            }
        }
        done
    }

    /// As JSON for the caller to store.
    pub fn store(&self) -> Result<Value, Error> {
        serde_json::to_value(self).map_err(|e| Error::Cursor(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(at: &str, id: i64) -> Mark {
        Mark {
            at: at.parse().expect("a time"),
            id,
        }
    }

    fn deals() -> &'static Source {
        Source::of(Object::Deal).expect("a source")
    }

    #[test]
    fn rows_must_rise() {
        let mut cursor = Cursor::open(None, deals()).expect("new");
        let a = mark("2026-01-01T00:00:00Z", 7);
        let tie = mark("2026-01-01T00:00:00Z", 8);
        cursor.advance(&[a, tie], "m").expect("rises");
        assert!(matches!(cursor.advance(&[tie], "m"), Err(Error::Cursor(_))));
        assert!(matches!(cursor.advance(&[a], "m"), Err(Error::Cursor(_))));
    }

    #[test]
    fn only_a_young_mark_is_drawn_back() {
        let hour = SignedDuration::from_hours(1);
        let now = "2026-01-02T00:00:00Z".parse().ok();
        let mut cursor = Cursor::open(None, deals()).expect("new");
        let old = mark("2026-01-01T00:00:00Z", 7);
        cursor.advance(&[old], "m").expect("rises");
        cursor.reached(now, hour);
        assert!(cursor.drained(deals()));
        assert_eq!(cursor.marks[0], Some(old));
        cursor.advance(&[mark("2026-01-01T23:59:00Z", 9)], "m").expect("rises");
        cursor.reached(now, hour);
        assert!(cursor.drained(deals()));
        assert_eq!(cursor.marks[0], Some(mark("2026-01-01T23:00:00Z", 0)));
    }

    #[test]
    fn a_run_that_lasts_goes_back_to_where_it_came_near_the_present() {
        let hour = SignedDuration::from_hours(1);
        let now = |text: &str| text.parse().ok();
        let mut cursor = Cursor::open(None, deals()).expect("new");
        cursor.advance(&[mark("2026-01-02T00:00:00Z", 7)], "m").expect("rises");
        cursor.reached(now("2026-01-02T00:10:00Z"), hour);
        cursor.advance(&[mark("2026-01-02T02:00:00Z", 8)], "m").expect("rises");
        cursor.reached(now("2026-01-02T03:30:00Z"), hour);
        assert!(cursor.drained(deals()));
        assert_eq!(cursor.marks[0], Some(mark("2026-01-01T23:10:00Z", 0)));
        assert!(cursor.drained(deals()));
        assert_eq!(cursor.marks[0], Some(mark("2026-01-01T23:10:00Z", 0)));
    }

    #[test]
    fn a_strange_cursor_is_refused() {
        let own = Cursor::open(None, deals()).expect("new").store().expect("json");
        assert!(Cursor::open(Some(&own), deals()).is_ok());
        let orders = Source::of(Object::Order).expect("a source");
        for bad in [own.clone(), json!({"page": 3}), json!("x")] {
            assert!(matches!(Cursor::open(Some(&bad), orders), Err(Error::Cursor(_))));
        }
    }
}
