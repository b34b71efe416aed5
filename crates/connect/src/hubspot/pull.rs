//! Reading records: pages of a pull, records by id, and the list for a reconcile.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    HubSpot, MAX_PAGE,
    cursor::{Cursor, Stage, advance},
    rest::{Reply, rows},
    source::{self, Source, id},
};
use crate::connector::{Error, Mark, Marks, Page};

/// The largest page of a list, and the most records in a batch.
const MAX_LIST: usize = 100;

/// A page of a list.
struct Listed {
    rows: Vec<Value>,
    next: Option<String>,
    now: Option<Timestamp>,
}

impl HubSpot {
    pub(super) async fn pull_page(
        &self,
        source: &'static Source,
        stored: Option<&Value>,
        size: usize,
    ) -> Result<Page, Error> {
        let mut cursor = Cursor::open(stored, source)?;
        let step = match cursor.stage {
            Stage::Changes => self.window(source, &mut cursor, size).await,
            Stage::Fill | Stage::Sweep => self.turn(source, &mut cursor, size).await,
        };
        let (mut rows, done) = match step {
            Ok(step) => step,
            Err(error) if source.is_lacking(&error) => (Vec::new(), true),
            Err(error) => return Err(error),
        };
        self.enrich(source, &mut rows).await?;
        let (records, rejected) = self.sort(source.object, rows);
        Ok(Page {
            records,
            rejected,
            gone: Vec::new(),
            next: cursor.store()?,
            done,
        })
    }

    /// The next page of a list: of living records, or of archived ones.
    async fn turn(
        &self,
        source: &'static Source,
        cursor: &mut Cursor,
        size: usize,
    ) -> Result<(Vec<Value>, bool), Error> {
        let archived = cursor.stage == Stage::Sweep;
        let now = Timestamp::now();
        let properties = self.properties(source);
        let mut listed = self
            .list(source, properties, archived, cursor.after.as_deref(), size)
            .await?;
        cursor.begin(now, listed.now);
        let known = if archived { cursor.swept } else { cursor.since };
        if let Some(known) = known {
            listed
                .rows
                .retain(|row| source.changed(row).is_none_or(|at| at >= known));
        }
        let done = match listed.next {
            Some(next) => {
                cursor.turn(next)?;
                false
            }
            None => cursor.finish(now, self.overlap, self.sweep_every, source),
        };
        Ok((listed.rows, done))
    }

    /// The next page of what changed in a window of time, by rising ids.
    async fn window(
        &self,
        source: &'static Source,
        cursor: &mut Cursor,
        size: usize,
    ) -> Result<(Vec<Value>, bool), Error> {
        let now = Timestamp::now();
        let to = *cursor.to.get_or_insert(now);
        let since = cursor.since.unwrap_or(Timestamp::MIN);
        let filter = |property: &str, operator: &str, value: String| json!({ "propertyName": property, "operator": operator, "value": value });
        let mut filters = vec![
            filter(source.modified, "GTE", since.as_millisecond().to_string()),
            filter(source.modified, "LTE", to.as_millisecond().to_string()),
        ];
        if let Some(after) = &cursor.after {
            filters.push(filter("hs_object_id", "GT", after.clone()));
        }
        let properties: Vec<&str> = self.properties(source).split(',').collect();
        let body = json!({
            "filterGroups": [{ "filters": filters }],
            // The specification wants texts here, and then pays no heed to them.
            "sorts": [{ "propertyName": "hs_object_id", "direction": "ASCENDING" }],
            "properties": properties,
            "limit": size.clamp(1, MAX_PAGE),
            "after": "0",
        });
        let mut reply = self.rest.search(source.path, &body).await?;
        cursor.begin(now, reply.now);
        let more = next(&reply).is_some();
        let found = rows(&mut reply.value)?;
        for row in &found {
            cursor.pass(id(row).ok_or_else(|| lacks_id(source))?)?;
        }
        if more && found.is_empty() {
            return Err(Error::Cursor("HubSpot tells of more results and gives none".into()));
        }
        let done = !more && cursor.finish(now, self.overlap, self.sweep_every, source);
        Ok((found, done))
    }

    /// How many living records there are; owners cannot be searched.
    pub(super) async fn how_many(&self, source: &'static Source) -> Result<Option<u64>, Error> {
        if source.is_owner() {
            return Ok(None);
        }
        let all = json!({ "propertyName": "hs_object_id", "operator": "GT", "value": "0" });
        let body = json!({
            "filterGroups": [{ "filters": [all] }], "sorts": [], "properties": [], "limit": 1, "after": "0",
        });
        match self.rest.search(source.path, &body).await {
            Ok(reply) => Ok(reply.value["total"].as_u64()),
            Err(error) if source.is_lacking(&error) => Ok(Some(0)),
            Err(error) => Err(error),
        }
    }

    /// Records by id as they are now; those that are not there are left out.
    pub(super) async fn rows(&self, source: &'static Source, ids: &[String]) -> Result<Vec<Value>, Error> {
        let mut found = Vec::new();
        let ids: Vec<&String> = ids.iter().filter(|id| source::is_id(id)).collect();
        if source.is_owner() {
            for id in ids {
                found.extend(self.owner(source, id).await?);
            }
            return Ok(found);
        }
        let properties: Vec<&str> = self.properties(source).split(',').collect();
        for some in ids.chunks(MAX_LIST) {
            let inputs: Vec<Value> = some.iter().map(|id| json!({ "id": id })).collect();
            let body = json!({ "inputs": inputs, "properties": properties, "propertiesWithHistory": [] });
            found.extend(self.rest.batch(&format!("{}/batch/read", source.path), &body).await?);
        }
        Ok(found)
    }

    async fn owner(&self, source: &Source, id: &str) -> Result<Option<Value>, Error> {
        for archived in ["false", "true"] {
            let path = format!("{}/{id}", source.path);
            match self.rest.get(&path, &[("archived", archived)]).await {
                Ok(reply) => return Ok(Some(reply.value)),
                Err(Error::Refused { status: 404, .. }) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(None)
    }

    /// A page of all records by id and revision; of owners those that left come after the others.
    pub(super) async fn scan_page(
        &self,
        source: &'static Source,
        after: Option<&Value>,
        size: usize,
    ) -> Result<Marks, Error> {
        let (archived, mark) = match after {
            None | Some(Value::Null) => (false, None),
            Some(after) => (after["archived"] == true, after["after"].as_str()),
        };
        let listed = match self.list(source, source.modified, archived, mark, size).await {
            Err(error) if source.is_lacking(&error) => {
                return Ok(Marks {
                    done: true,
                    ..Marks::default()
                });
            }
            listed => listed?,
        };
        let mut marks = Vec::new();
        for row in &listed.rows {
            let id = id(row).ok_or_else(|| lacks_id(source))?;
            let at = source
                .changed(row)
                .ok_or_else(|| Error::Broken(format!("{} {id} without a time of change", source.name)))?;
            marks.push(Mark {
                external_id: id.to_owned(),
                revision: source::revision(at),
            });
        }
        let left = source.is_owner() && !archived;
        if let Some(next) = &listed.next {
            advance(mark, next)?;
        }
        Ok(Marks {
            marks,
            done: listed.next.is_none() && !left,
            next: match listed.next {
                Some(next) => json!({ "archived": archived, "after": next }),
                None => json!({ "archived": left, "after": null }),
            },
        })
    }

    async fn list(
        &self,
        source: &Source,
        properties: &str,
        archived: bool,
        after: Option<&str>,
        size: usize,
    ) -> Result<Listed, Error> {
        let limit = size.clamp(1, MAX_LIST).to_string();
        let mut query = vec![
            ("limit", limit.as_str()),
            ("archived", if archived { "true" } else { "false" }),
        ];
        if !source.is_owner() {
            query.push(("properties", properties));
        }
        if let Some(after) = after {
            query.push(("after", after));
        }
        let mut reply = self.rest.get(source.path, &query).await?;
        Ok(Listed {
            next: next(&reply),
            now: reply.now,
            rows: rows(&mut reply.value)?,
        })
    }
}

/// HubSpot's mark of the next page, if there is one.
pub(super) fn next(reply: &Reply) -> Option<String> {
    match &reply.value["paging"]["next"]["after"] {
        Value::String(after) => Some(after.clone()),
        Value::Number(after) => Some(after.to_string()),
        _ => None,
    }
}

fn lacks_id(source: &Source) -> Error {
    Error::Broken(format!("{} without an id", source.name))
}
