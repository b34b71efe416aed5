//! One 销售记录 of a record that tells its costs, found by its marker and updated in place.
//!
//! The manual has LIKE for all fields of all objects, and does not say whether the content of a 销售记录 can be searched
//! so. A note that cannot be found again would be doubled with each try. So before the first one is made, a 销售记录 that is
//! there must be found by its own content; where that fails, no note is made at all, and it is said.

use serde_json::{Map, Value, json};

use super::{
    Fxiaoke,
    rows::{MAX_PAGE, filter},
    source::{self, RECORDS},
    write::place_of,
};
use crate::{
    canonical::Object,
    connector::{Error, Target, Written},
};

/// Characters of a note.
const MAX_NOTE: usize = 2_000;
const CONTENT: &str = "active_record_content";

impl Fxiaoke {
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
        let name = place_of(target)?;
        self.living(target).await?;
        let written = |id: &str, changed| Written {
            external_id: id.to_owned(),
            changed,
            revision: None,
            conflicts: Vec::new(),
        };
        let content = format!("{text}\n[outlay:{marker}:{revision}]");
        let found = self.find_notes(name, &target.external_id, marker).await?;
        // Two tries at once may have made two: the newest counts, and others are brought to say the same.
        if let Some(held) = found.iter().map(|(_, held)| *held).max() {
            let stale = found.iter().filter(|(_, held)| *held < revision);
            for (id, _) in stale.clone() {
                let vals = Map::from_iter([(CONTENT.to_owned(), Value::from(content.as_str()))]);
                self.update(RECORDS, id, vals, false).await?;
            }
            return Ok(written(&found[0].0, held < revision));
        }
        if !*self.searchable.get_or_try_init(|| self.probe()).await? {
            return Err(Error::Setup(
                "纷享销客 does not find 销售记录 by their content, so a note could not be updated and would be doubled: none is \
                 made. Cost figures are written all the same"
                    .into(),
            ));
        }
        let note = json!({
            "dataObjectApiName": RECORDS,
            "object_describe_api_name": RECORDS,
            CONTENT: content,
            "related_object_data": [{ "describe_api_name": name, "id": target.external_id }],
        });
        let body = json!({ "triggerApprovalFlow": false, "triggerWorkFlow": false, "data": { "object_data": note } });
        let made = self.api.call(&source::path(RECORDS, "create"), body).await?.value;
        match source::text(&made["dataId"]) {
            Some(id) => Ok(written(&id, true)),
            None => Err(Error::Broken("a 销售记录 was made and no id came back".into())),
        }
    }

    /// Notes of this record that bear `marker`, by id, with their revisions.
    async fn find_notes(&self, name: &str, id: &str, marker: &str) -> Result<Vec<(String, u64)>, Error> {
        let like = [filter("LIKE", CONTENT, [format!("outlay:{marker}:")])];
        let found = self.query(Object::Activity, RECORDS, &like, "_id", MAX_PAGE).await?;
        let of = |row: &Value| {
            let related = row["related_object_data"].as_array()?;
            let ours = |one: &Value| one["describe_api_name"] == name && one["id"] == id;
            related.iter().any(ours).then_some(())?;
            Some((source::text(&row["_id"])?, marked(row, marker)?))
        };
        Ok(found.rows.iter().filter_map(of).collect())
    }

    /// Whether a 销售记录 that is there is found by a piece of its content. With none there the first is made; it is found the
    /// next time, or not, and then no second one is made.
    pub(super) async fn probe(&self) -> Result<bool, Error> {
        let some = self.query(Object::Activity, RECORDS, &[], "_id", 20).await?.rows;
        let piece = |row: &Value| {
            let line = row[CONTENT].as_str()?.lines().next()?.trim();
            let piece: String = line.chars().take(12).collect();
            let fit = piece.chars().count() >= 2 && !piece.contains(['%', '_', '\\']);
            fit.then_some(()).and(Some((piece, source::text(&row["_id"])?)))
        };
        let mut pieces: Vec<(String, String)> = some.iter().filter_map(piece).collect();
        // A marker has signs between its letters: a piece that has some shows more.
        pieces.sort_by_key(|(piece, _)| !piece.contains(|c: char| c.is_ascii_punctuation()));
        if let Some((piece, id)) = pieces.into_iter().next() {
            let by = [filter("LIKE", CONTENT, [piece]), filter("EQ", "_id", [id])];
            return match self.query(Object::Activity, RECORDS, &by, "_id", 1).await {
                Ok(found) => Ok(!found.rows.is_empty()),
                Err(Error::Refused { .. }) => Ok(false),
                Err(error) => Err(error),
            };
        }
        Ok(some.is_empty())
    }
}

/// True of a note of ours.
pub fn is_ours(row: &Value) -> bool {
    row[CONTENT]
        .as_str()
        .is_some_and(|content| content.contains("[outlay:"))
}

/// The revision of a note of this marker.
fn marked(row: &Value, marker: &str) -> Option<u64> {
    let (_, after) = row[CONTENT].as_str()?.rsplit_once(&format!("[outlay:{marker}:"))?;
    after.split_once(']')?.0.parse().ok()
}
