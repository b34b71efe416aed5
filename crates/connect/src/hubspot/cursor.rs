//! Where a pull stands: filling from a list, following changes by windows of time, or sweeping what was archived.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::source::Source;
use crate::{canonical::Object, connector::Error};

/// What is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The list of all living records.
    Fill,
    /// A search for what changed in a window of time.
    Changes,
    /// The list of archived records.
    Sweep,
}

/// The opaque cursor of this connector, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    v: u8,
    object: Object,
    pub stage: Stage,
    /// The last page's end: HubSpot's own mark in a list, the last id in a window.
    pub after: Option<String>,
    /// Changes before this are known.
    pub since: Option<Timestamp>,
    /// The end of the window being read.
    pub to: Option<Timestamp>,
    /// HubSpot's clock when the stage began.
    pub begun: Option<Timestamp>,
    /// What was archived before this is known.
    pub swept: Option<Timestamp>,
}

impl Cursor {
    /// The start for `source`, or where `stored` left off.
    pub fn open(stored: Option<&Value>, source: &Source) -> Result<Self, Error> {
        let Some(stored) = stored.filter(|v| !v.is_null()) else {
            return Ok(Cursor {
                v: 1,
                object: source.object,
                stage: Stage::Fill,
                after: None,
                since: None,
                to: None,
                begun: None,
                swept: None,
            });
        };
        let cursor: Cursor = serde_json::from_value(stored.clone())
            .map_err(|e| Error::Cursor(format!("{e}; pull {} from the start", source.object)))?;
        let sound = cursor.stage != Stage::Changes || (cursor.since.is_some() && !source.is_owner());
        if cursor.v != 1 || cursor.object != source.object || !sound {
            return Err(Error::Cursor(format!(
                "it belongs to another object or version; pull {} from the start",
                source.object
            )));
        }
        Ok(cursor)
    }

    /// Notes the server's clock at the first page of a stage; of two clocks the slower counts, so that nothing is skipped.
    pub fn begin(&mut self, now: Timestamp, theirs: Option<Timestamp>) {
        self.begun.get_or_insert(theirs.map_or(now, |t| t.min(now)));
    }

    /// Moves to HubSpot's mark `next` of a list.
    pub fn turn(&mut self, next: String) -> Result<(), Error> {
        advance(self.after.as_deref(), &next)?;
        self.after = Some(next);
        Ok(())
    }

    /// Moves over ids that were found in a window, which must all rise.
    pub fn pass(&mut self, id: &str) -> Result<(), Error> {
        advance(self.after.as_deref(), id)?;
        self.after = Some(id.to_owned());
        Ok(())
    }

    /// The stage has no more pages: steps to the next one. True when nothing is left to do for now. What was indexed
    /// late may still appear behind the stage's beginning, so the next window begins `overlap` before it.
    pub fn finish(&mut self, now: Timestamp, overlap: SignedDuration, every: SignedDuration, source: &Source) -> bool {
        let begun = self.begun.take().unwrap_or(now);
        self.after = None;
        self.to = None;
        let settled = begun.checked_sub(overlap).unwrap_or(Timestamp::MIN);
        let first = if source.is_owner() { Stage::Fill } else { Stage::Changes };
        if self.stage == Stage::Sweep {
            self.swept = Some(settled);
            self.stage = first;
            return true;
        }
        let filled = self.stage == Stage::Fill && !source.is_owner();
        self.since = Some(self.since.map_or(settled, |since| since.max(settled)));
        if filled {
            // What is archived already is no news.
            self.swept = Some(settled);
            self.stage = Stage::Changes;
            return false;
        }
        let due = |swept: Timestamp| begun.duration_since(swept) >= every.saturating_add(overlap);
        if self.swept.is_none_or(due) {
            self.stage = Stage::Sweep;
            return false;
        }
        self.stage = first;
        true
    }

    /// As JSON for the caller to store.
    pub fn store(&self) -> Result<Value, Error> {
        serde_json::to_value(self).map_err(|e| Error::Cursor(e.to_string()))
    }
}

/// Refuses a step that does not lead on. Marks are numbers as far as known; others must at least differ.
pub fn advance(from: Option<&str>, to: &str) -> Result<(), Error> {
    let number = |text: &str| text.parse::<u64>().ok();
    let stuck = match from {
        None => false,
        Some(from) => match (number(from), number(to)) {
            (Some(from), Some(to)) => to <= from,
            _ => from == to,
        },
    };
    if stuck {
        return Err(Error::Cursor(format!(
            "HubSpot leads from {} to {to} again; stopped rather than go round in circles",
            from.unwrap_or_default()
        )));
    }
    Ok(())
}
