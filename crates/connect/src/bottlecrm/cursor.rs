//! Where a scan of a whole list stands.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{canonical::Object, connector::Error};

/// Rows of the page before that are read again: so many may be deleted between two pages, and none is passed over.
pub const OVERLAP: usize = 5;

/// The opaque cursor of this connector, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    v: u8,
    object: Object,
    /// For activities: which kind of record's interactions are being read.
    pub home: usize,
    /// Rows before this were read.
    pub offset: usize,
    /// The first row of the last page, to see that the next one is another.
    first: Option<String>,
    /// When the scan under way began.
    begun: Option<Timestamp>,
    /// When the last whole scan began.
    scanned: Option<Timestamp>,
}

impl Cursor {
    /// The start for `object`, or where `stored` left off.
    pub fn open(stored: Option<&Value>, object: Object) -> Result<Self, Error> {
        let Some(stored) = stored.filter(|v| !v.is_null()) else {
            return Ok(Cursor {
                v: 1,
                object,
                home: 0,
                offset: 0,
                first: None,
                begun: None,
                scanned: None,
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

    /// True if the last whole scan is so young that another would only burden the CRM. Else one begins or goes on.
    pub fn rests(&mut self, now: Timestamp, every: SignedDuration) -> bool {
        let young = |scanned: Timestamp| (SignedDuration::ZERO..every).contains(&now.duration_since(scanned));
        if self.begun.is_none() && self.scanned.is_some_and(young) {
            return true;
        }
        self.begun.get_or_insert(now);
        false
    }

    /// Moves over a page of at most `limit` rows, of which `first` was the first.
    pub fn turn(&mut self, limit: usize, first: Option<String>) -> Result<(), Error> {
        if first.is_some() && first == self.first {
            return Err(Error::Cursor(format!(
                "the list of {} begins with the same record again; stopped rather than go round in circles",
                self.object
            )));
        }
        self.first = first;
        self.offset += limit.saturating_sub(OVERLAP).max(1);
        Ok(())
    }

    /// The list has no more rows: steps to the next of `homes` lists. True when that was the last and the scan is whole.
    pub fn finish(&mut self, homes: usize) -> bool {
        self.offset = 0;
        self.first = None;
        self.home += 1;
        let whole = self.home >= homes;
        if whole {
            self.home = 0;
            self.scanned = self.begun.take();
        }
        whole
    }

    /// As JSON for the caller to store.
    pub fn store(&self) -> Result<Value, Error> {
        serde_json::to_value(self).map_err(|e| Error::Cursor(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_rests_only_when_whole_and_young() {
        let minute = SignedDuration::from_mins(1);
        let start: Timestamp = "2026-11-27T15:00:00Z".parse().expect("a time");
        let mut cursor = Cursor::open(None, Object::Deal).expect("new");
        assert!(!cursor.rests(start, minute));
        cursor.turn(50, Some("a".into())).expect("a page");
        assert_eq!(cursor.offset, 45);
        assert!(!cursor.rests(start + SignedDuration::from_secs(1), minute), "half read");
        assert!(cursor.turn(50, Some("a".into())).is_err(), "the same page again");
        assert!(cursor.finish(1));
        assert!(cursor.rests(start + SignedDuration::from_secs(59), minute));
        assert!(!cursor.clone().rests(start + minute, minute));
        assert!(!cursor.rests(start - minute, minute), "a clock that was set back");
        let stored = cursor.store().expect("JSON");
        assert_eq!(Cursor::open(Some(&stored), Object::Deal), Ok(cursor));
        assert!(Cursor::open(Some(&stored), Object::Account).is_err());
    }
}
