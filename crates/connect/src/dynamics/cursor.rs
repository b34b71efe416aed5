//! Where a pull stands: for each table the link that leads on.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::source::Source;
use crate::{canonical::Object, connector::Error};

/// What is being read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// All records, with a link to later changes at the end.
    #[default]
    Fill,
    /// What changed, by that link.
    Changes,
    /// What changed by its own time, of a table whose changes are not tracked.
    List,
}

/// Where one table stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub stage: Stage,
    /// The next page of what is being read: path and query.
    pub link: Option<String>,
    /// Where changes are that nobody has read.
    pub delta: Option<String>,
    /// Of a list: changes before this second are read.
    pub since: Option<i64>,
    /// When the list began.
    pub begun: Option<i64>,
}

/// The opaque cursor of this connector, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    v: u8,
    object: Object,
    /// Which part's turn it is.
    pub turn: usize,
    /// One for each table.
    pub parts: Vec<Part>,
}

impl Cursor {
    /// The start of `object`, or where `stored` left off.
    pub fn open(stored: Option<&Value>, object: Object) -> Result<Self, Error> {
        let count = Source::all(object).len();
        let Some(stored) = stored.filter(|v| !v.is_null()) else {
            return Ok(Cursor {
                v: 1,
                object,
                turn: 0,
                parts: vec![Part::default(); count],
            });
        };
        let cursor: Cursor = serde_json::from_value(stored.clone())
            .map_err(|e| Error::Cursor(format!("{e}; pull {object} from the start")))?;
        let whole = |part: &Part| part.stage != Stage::Changes || part.delta.is_some();
        let sound = cursor.v == 1 && cursor.object == object && cursor.parts.len() == count;
        if !sound || cursor.turn >= count || !cursor.parts.iter().all(whole) {
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
    /// Moves to the next page, which must be another than the one just read.
    pub fn turn(&mut self, next: String) -> Result<(), Error> {
        if self.link.as_ref() == Some(&next) {
            return Err(Error::Cursor(
                "Dataverse leads to the same page again; stopped rather than go round in circles".into(),
            ));
        }
        self.link = Some(next);
        Ok(())
    }
}
