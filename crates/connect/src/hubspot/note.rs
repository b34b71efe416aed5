//! One note on a record, found by its marker and updated in place.

use serde_json::{Value, json};

use super::{
    HubSpot,
    pull::next,
    rest::rows,
    source::{Source, id},
    write::{or_gone, place_of},
};
use crate::{
    canonical::Object,
    connector::{Error, Target, Written},
};

/// Characters of a note; HubSpot takes 65,536 with what HTML adds.
const MAX_NOTE: usize = 20_000;
const NOTES: &str = "/crm/v3/objects/notes";

/// A note that bears the marker.
struct Found {
    id: String,
    revision: u64,
}

impl HubSpot {
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
        let source = place_of(target, &[Object::Deal, Object::Account])?;
        self.living(source, target, source.modified).await?;
        let body = body(marker, revision, text);
        let written = |external_id: String, changed| Written {
            external_id,
            changed,
            revision: None,
            conflicts: Vec::new(),
        };
        if let Some(found) = self.find_note(source, target, marker).await? {
            if found.revision >= revision {
                return Ok(written(found.id, false));
            }
            let change = json!({ "properties": { "hs_note_body": body } });
            self.rest.patch(&format!("{NOTES}/{}", found.id), &change).await?;
            return Ok(written(found.id, true));
        }
        let now = jiff::Timestamp::now().as_millisecond().to_string();
        let note = json!({
            "properties": { "hs_note_body": body, "hs_timestamp": now },
            "associations": [{ "to": { "id": target.external_id }, "types": [self.tie(source).await?] }],
        });
        let made = self.rest.post(NOTES, &note).await.map_err(|e| or_gone(e, target))?;
        let id = id(&made.value).ok_or_else(|| Error::Broken("a note was made without an id".into()))?;
        Ok(written(id.to_owned(), true))
    }

    /// The oldest note of the record that bears `marker`. The search is quick and lags behind; only the notes that are
    /// tied to the record tell for certain that there is none, so that a lost answer never makes a second one.
    async fn find_note(&self, source: &Source, target: &Target, marker: &str) -> Result<Option<Found>, Error> {
        let single = if source.object == Object::Deal {
            "deal"
        } else {
            "company"
        };
        let body = json!({
            "filterGroups": [{ "filters": [
                { "propertyName": format!("associations.{single}"), "operator": "EQ", "value": target.external_id },
                { "propertyName": "hs_note_body", "operator": "CONTAINS_TOKEN", "value": marker },
            ]}],
            "sorts": [{ "propertyName": "hs_object_id", "direction": "ASCENDING" }],
            "properties": ["hs_note_body"],
            "limit": 10,
            "after": "0",
        });
        let found = match self.rest.search(NOTES, &body).await {
            Ok(mut reply) => rows(&mut reply.value)?,
            // A search that HubSpot does not want to run is done by reading.
            Err(Error::Refused { status: 400, .. }) => Vec::new(),
            Err(other) => return Err(other),
        };
        // What the search shows may be of yesterday: the note itself is read again.
        let marked: Vec<String> = found
            .iter()
            .filter(|n| held(n, marker).is_some())
            .filter_map(|n| id(n).map(str::to_owned))
            .collect();
        if let Some(found) = self.oldest(&marked, marker).await? {
            return Ok(Some(found));
        }
        let path = format!(
            "/crm/v4/objects/{}/{}/associations/notes",
            source.name, target.external_id
        );
        let (mut ids, mut after): (Vec<String>, Option<String>) = (Vec::new(), None);
        loop {
            let mut query = vec![("limit", "500")];
            if let Some(after) = &after {
                query.push(("after", after.as_str()));
            }
            let mut reply = self.rest.get(&path, &query).await.map_err(|e| or_gone(e, target))?;
            let more = next(&reply);
            ids.extend(
                rows(&mut reply.value)?
                    .iter()
                    .filter_map(|tie| match &tie["toObjectId"] {
                        Value::String(id) => Some(id.clone()),
                        Value::Number(id) => Some(id.to_string()),
                        _ => None,
                    }),
            );
            match more {
                Some(next) if after.as_ref() == Some(&next) => {
                    return Err(Error::Cursor("the list of a record's notes does not advance".into()));
                }
                Some(next) => after = Some(next),
                None => break,
            }
        }
        self.oldest(&ids, marker).await
    }

    /// The oldest of these notes that bears `marker`.
    async fn oldest(&self, ids: &[String], marker: &str) -> Result<Option<Found>, Error> {
        let mut found: Vec<Found> = Vec::new();
        for some in ids.chunks(100) {
            let inputs: Vec<Value> = some.iter().map(|id| json!({ "id": id })).collect();
            let body = json!({ "inputs": inputs, "properties": ["hs_note_body"], "propertiesWithHistory": [] });
            for note in self.rest.batch(&format!("{NOTES}/batch/read"), &body).await? {
                if let (Some(id), Some(revision)) = (id(&note), held(&note, marker)) {
                    found.push(Found {
                        id: id.to_owned(),
                        revision,
                    });
                }
            }
        }
        Ok(found
            .into_iter()
            .min_by_key(|note| note.id.parse::<u64>().unwrap_or(u64::MAX)))
    }

    /// How a note is tied to a record: HubSpot's own plain kind of tie.
    async fn tie(&self, source: &Source) -> Result<Value, Error> {
        let path = format!("/crm/v4/associations/notes/{}/labels", source.name);
        let kinds = rows(&mut self.rest.get(&path, &[]).await?.value)?;
        let plain = kinds
            .iter()
            .find(|k| k["category"] == "HUBSPOT_DEFINED" && k["label"].is_null());
        let number = plain.and_then(|k| k["typeId"].as_u64());
        let number = number.ok_or_else(|| Error::Broken(format!("no way to tie a note to {}", source.name)))?;
        Ok(json!({ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number }))
    }
}

/// The revision that a note of this marker bears.
fn held(note: &Value, marker: &str) -> Option<u64> {
    let body = note["properties"]["hs_note_body"].as_str()?;
    let after = body.split_once(&format!("outlay:{marker}:"))?.1;
    let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// The note as HTML, its marker in a small line at the end: HubSpot keeps no hidden one.
fn body(marker: &str, revision: u64, text: &str) -> String {
    let mut html = String::from("<p>");
    for (n, line) in text.lines().enumerate() {
        if n > 0 {
            html.push_str("<br>");
        }
        for c in line.chars() {
            match c {
                '&' => html.push_str("&amp;"),
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                '"' => html.push_str("&quot;"),
                c => html.push(c),
            }
        }
    }
    html.push_str(&format!("</p><p><small>outlay:{marker}:{revision}</small></p>"));
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_and_the_marker_is_found() {
        let html = body("cost.1", 3, "已支付 <b> & \"x\"\n第二行");
        assert!(
            html.starts_with("<p>已支付 &lt;b&gt; &amp; &quot;x&quot;<br>第二行</p>"),
            "{html}"
        );
        let note = json!({ "properties": { "hs_note_body": html } });
        assert_eq!(held(&note, "cost.1"), Some(3));
        assert_eq!(held(&note, "cost.11"), None);
        assert_eq!(held(&note, "cost"), None);
    }
}
