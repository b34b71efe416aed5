//! Reading records: by time of change, by id, and as a list.
//!
//! Conditions hold together and there is no "or", and how records of one millisecond are sorted is not told. So records are
//! read by time, and a millisecond that a page's edge may have cut is begun anew; one that fills a page is read by id.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Fxiaoke, source};
use crate::{
    canonical::Object,
    connector::Error,
    keyset::{Keyset, Place},
};

/// The most records in an answer, after the manual.
pub const MAX_PAGE: usize = 100;
/// Requests for one page at most, so that a pull over much that is known returns now and then.
const MAX_STEPS: usize = 20;
/// Stands before all ids: a millisecond whose records are read by id from the first on.
const FIRST: &str = "0";
const TIME: &str = "last_modified_time";

/// Rows, and when the request for them began, by 纷享销客's clock in milliseconds.
pub struct Found {
    pub rows: Vec<Value>,
    pub began: Option<i64>,
}

impl Fxiaoke {
    /// Gives up to `size` new rows after `cursor`, and whether that was all.
    pub(super) async fn page(
        &self,
        object: Object,
        cursor: &mut Keyset,
        size: usize,
    ) -> Result<(Vec<Value>, bool), Error> {
        let names = source::names(object, self.project.as_deref());
        let mut rows = Vec::new();
        for _ in 0..MAX_STEPS {
            let Some(name) = names.get(cursor.turn) else {
                cursor.turn = 0;
                return Ok((rows, true));
            };
            let room = size - rows.len();
            if room == 0 {
                break;
            }
            let (found, end) = self.step(object, name, cursor.place(name), room).await?;
            rows.extend(found);
            if end {
                cursor.turn += 1;
            }
            if cursor.turn >= names.len() {
                cursor.turn = 0;
                return Ok((rows, true));
            }
        }
        Ok((rows, false))
    }

    async fn step(
        &self,
        object: Object,
        name: &str,
        place: &mut Place,
        room: usize,
    ) -> Result<(Vec<Value>, bool), Error> {
        let mut rows = match place.at {
            Some(at) if !place.id.is_empty() => {
                let within = [
                    filter("EQ", TIME, [at.to_string()]),
                    filter("GT", "_id", [place.id.clone()]),
                ];
                let found = self.query(object, name, &within, "_id", room).await?;
                let placed = placed(object, &found.rows)?;
                if let Some((_, id)) = placed.iter().find(|(time, _)| *time != at) {
                    return Err(astray(object, id));
                }
                place.advance(object, placed)?;
                place.reached(found.began, self.overlap);
                if found.rows.len() < room {
                    place.begin(at + 1);
                }
                return Ok((fresh(place, found.rows), false));
            }
            Some(at) => {
                let after = [filter("GTE", TIME, [at.to_string()])];
                self.query(object, name, &after, TIME, room).await?
            }
            None => self.query(object, name, &[], TIME, room).await?,
        };
        let end = rows.rows.len() < room;
        let placed = placed(object, &rows.rows)?;
        let mut before = place.at.unwrap_or(i64::MIN);
        for (time, id) in &placed {
            if *time < before {
                return Err(astray(object, id));
            }
            before = *time;
        }
        if let (Some((first, _)), Some((last, _))) = (placed.first(), placed.last()) {
            let (first, last) = (*first, *last);
            let whole = match end {
                true => placed.len(),
                false => placed.iter().filter(|(time, _)| *time < last).count(),
            };
            drop(placed);
            rows.rows.truncate(whole);
            place.begin(last);
            if !end && first == last {
                FIRST.clone_into(&mut place.id);
            }
        }
        place.reached(rows.began, self.overlap);
        let rows = fresh(place, rows.rows);
        if end {
            place.finish();
        }
        Ok((rows, end))
    }

    /// These records of `object` as they are now.
    pub(super) async fn rows(&self, object: Object, ids: &[&str]) -> Result<Vec<Value>, Error> {
        let mut rows = Vec::new();
        for some in ids.chunks(MAX_PAGE) {
            for name in source::names(object, self.project.as_deref()) {
                let among = [filter(
                    "IN",
                    source::key(object),
                    some.iter().map(|id| (*id).to_owned()),
                )];
                rows.extend(self.query(object, name, &among, "_id", MAX_PAGE).await?.rows);
            }
        }
        Ok(rows)
    }

    /// The next records by id after `last`.
    pub(super) async fn beyond(
        &self,
        object: Object,
        name: &str,
        last: &str,
        limit: usize,
    ) -> Result<Vec<Value>, Error> {
        let after = [filter("GT", "_id", [last.to_owned()])];
        let after = if last.is_empty() { &[][..] } else { &after[..] };
        let rows = self.query(object, name, after, "_id", limit).await?.rows;
        match rows.iter().find(|row| row["_id"] == last) {
            Some(_) => Err(Error::Cursor(format!("{object} {last} came again in a scan"))),
            None => Ok(rows),
        }
    }

    /// How many records there are.
    pub(super) async fn how_many(&self, object: Object) -> Result<Option<u64>, Error> {
        let mut all = 0;
        for name in source::names(object, self.project.as_deref()) {
            let answered = self
                .api
                .call(&source::path(name, "query"), asked(name, &[], "_id", 1, true))
                .await?;
            let total = source::number(&answered.value["data"]["total"]).and_then(|n| u64::try_from(n).ok());
            all += total.ok_or_else(|| Error::Broken(format!("{name} cannot be counted")))?;
        }
        Ok(Some(all))
    }

    /// Records that fulfil all these conditions, with what belongs to them put beside their own fields.
    pub(super) async fn query(
        &self,
        object: Object,
        name: &str,
        filters: &[Value],
        order: &str,
        limit: usize,
    ) -> Result<Found, Error> {
        let body = asked(name, filters, order, limit, false);
        let mut answered = self.api.call(&source::path(name, "query"), body).await?;
        let rows = match answered.value["data"]["dataList"].take() {
            Value::Array(rows) if rows.len() <= limit => rows,
            Value::Null => Vec::new(),
            _ => {
                return Err(Error::Broken(format!(
                    "{name} came as something else than a list of at most {limit}"
                )));
            }
        };
        let enrich = |row: Value| self.enriched(object, name, row);
        Ok(Found {
            rows: rows.into_iter().map(enrich).collect(),
            began: answered.began,
        })
    }

    fn enriched(&self, object: Object, name: &str, mut row: Value) -> Value {
        // Times are midnights in the company's zone as often as not, so a day in UTC would be the day before.
        let mut days = Map::new();
        for (field, value) in row.as_object().into_iter().flatten() {
            let millis = value
                .as_i64()
                .filter(|m| (100_000_000_000..10_000_000_000_000).contains(m));
            if let Some(at) = millis.and_then(|m| Timestamp::from_millisecond(m).ok()) {
                days.insert(field.clone(), self.zone.to_datetime(at).date().to_string().into());
            }
        }
        row["@days"] = days.into();
        row["@object"] = name.into();
        if object == Object::Activity {
            let mut related = Map::new();
            for one in row["related_object_data"].as_array().into_iter().flatten() {
                if let (Some(kind), Some(id)) = (one["describe_api_name"].as_str(), source::text(&one["id"])) {
                    related.entry(kind).or_insert_with(|| id.into());
                }
            }
            row["@related"] = related.into();
            if name != source::RECORDS {
                row["@kind"] = "visit".into();
            }
        }
        row
    }
}

/// A question for records of one kind; `counted` asks for their number too.
fn asked(name: &str, filters: &[Value], order: &str, limit: usize, counted: bool) -> Value {
    json!({
        "data": {
            "dataObjectApiName": name,
            "find_explicit_total_num": counted,
            "search_query_info": {
                "offset": 0,
                "limit": limit,
                "filters": filters,
                "orders": [{ "fieldName": order, "isAsc": true }],
            },
        },
    })
}

/// A condition. Values go over as texts, whatever the field holds.
pub fn filter(operator: &str, field: &str, values: impl IntoIterator<Item = String>) -> Value {
    let values: Vec<String> = values.into_iter().collect();
    json!({ "operator": operator, "field_name": field, "field_values": values })
}

/// Each row's time and id.
fn placed(object: Object, rows: &[Value]) -> Result<Vec<(i64, &str)>, Error> {
    let places = rows
        .iter()
        .map(|row| source::number(&row[TIME]).zip(row["_id"].as_str()));
    let places: Option<Vec<(i64, &str)>> = places.collect();
    places.ok_or_else(|| Error::Broken(format!("{object} without _id or {TIME}")))
}

fn fresh(place: &mut Place, mut rows: Vec<Value>) -> Vec<Value> {
    rows.retain(|row| match (source::number(&row[TIME]), row["_id"].as_str()) {
        (Some(at), Some(id)) => place.is_new(id, at, row),
        _ => false,
    });
    place.settle();
    rows
}

fn astray(object: Object, id: &str) -> Error {
    Error::Cursor(format!(
        "{object} {id} came that was not asked for; stopped rather than go round in circles"
    ))
}
