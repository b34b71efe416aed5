//! One note below a record, found by its marker and updated in place.

use serde_json::Value;

use super::{
    SuiteCrm, query,
    rows::Ask,
    source::Module,
    write::{gone, place_of},
};
use crate::connector::{Error, Target, Written};

/// Characters of a note.
const MAX_NOTE: usize = 20_000;
/// Characters of its title.
const MAX_TITLE: usize = 120;
const NOTES: Module = Module {
    name: "Notes",
    table: "notes",
    links: &[],
};

impl SuiteCrm {
    pub(super) async fn write_note(
        &self,
        target: &Target,
        marker: &str,
        revision: u64,
        text: &str,
    ) -> Result<Written, Error> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if marker.is_empty() || marker.len() > 80 || !marker.chars().all(plain) {
            return Err(Error::Setup(
                "a note's marker is 1 to 80 letters, digits, - or .".into(),
            ));
        }
        if text.chars().count() > MAX_NOTE {
            return Err(Error::Setup(format!("a note has at most {MAX_NOTE} characters")));
        }
        let (module, id) = place_of(target)?;
        if self.entry(module, id, &["id"]).await?.is_none() {
            return Err(gone(target));
        }
        let written = |id: &str, changed| Written {
            external_id: id.to_owned(),
            changed,
            revision: None,
            conflicts: Vec::new(),
        };
        let title: String = text
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(MAX_TITLE)
            .collect();
        let body = format!("{text}\n\n[outlay:{marker}:{revision}]");
        let found = self.find_notes(module, id, marker).await?;
        // Two tries at once may have made two: the first by its id stays, and others of this marker would mislead.
        if let Some((note, held)) = found.first() {
            for (extra, _) in &found[1..] {
                self.set(&NOTES, &[("id", extra), ("deleted", "1")]).await?;
            }
            if *held >= revision {
                return Ok(written(note, false));
            }
            self.set(&NOTES, &[("id", note), ("name", &title), ("description", &body)])
                .await?;
            return Ok(written(note, true));
        }
        let pairs = [
            ("name", title.as_str()),
            ("description", &body),
            ("parent_type", module.name),
            ("parent_id", id),
        ];
        let note = self.set(&NOTES, &pairs).await?;
        // What SuiteCRM does to a text when it is saved is the administrator's choice: the marker must outlive it.
        match self.entry(&NOTES, &note, &["description"]).await? {
            Some(held) if marked(&held, marker).is_some() => Ok(written(&note, true)),
            _ => Err(Error::Broken("a note was written and its marker did not stay".into())),
        }
    }

    /// Notes of this record that bear `marker`, by id, with their revisions.
    async fn find_notes(&self, module: &Module, id: &str, marker: &str) -> Result<Vec<(String, u64)>, Error> {
        let ask = Ask {
            module: &NOTES,
            query: query::notes(module.name, id, marker)?,
            order: "id",
            limit: 50,
            deleted: false,
        };
        let found = self.entries(&ask, &["id", "description"]).await?;
        let note = |row: &Value| Some((row["id"].as_str()?.to_owned(), marked(row, marker)?));
        Ok(found.rows.iter().filter_map(note).collect())
    }
}

/// The revision of a note of this marker.
fn marked(row: &Value, marker: &str) -> Option<u64> {
    let (_, after) = row["description"]
        .as_str()?
        .rsplit_once(&format!("[outlay:{marker}:"))?;
    after.split_once(']')?.0.parse().ok()
}
