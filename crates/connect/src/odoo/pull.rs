//! Reading records: by time of change, by id, and as a list.

use serde_json::{Value, json};

use super::{Odoo, cursor::Cursor, source, value};
use crate::{canonical::Object, connector::Error};

/// Requests for one page at most, so that a pull over much that is known returns now and then.
const MAX_STEPS: usize = 20;
/// Ids in one condition.
pub const MAX_IDS: usize = 500;

impl Odoo {
    /// Gives up to `size` new rows after `cursor`, and whether that was all.
    pub(super) async fn page(
        &self,
        object: Object,
        cursor: &mut Cursor,
        size: usize,
    ) -> Result<(Vec<Value>, bool), Error> {
        let (mut rows, mut done) = (Vec::new(), false);
        for _ in 0..MAX_STEPS {
            let room = size - rows.len();
            let (found, end) = match object {
                Object::CrmUser => self.list_step(object, cursor, room).await?,
                _ => self.step(object, cursor, room).await?,
            };
            done = end;
            rows.extend(found);
            if done || rows.len() >= size {
                break;
            }
        }
        Ok((rows, done))
    }

    /// The rest of the second where the cursor stands, then the seconds that follow.
    async fn step(&self, object: Object, cursor: &mut Cursor, room: usize) -> Result<(Vec<Value>, bool), Error> {
        let mut rows = Vec::new();
        let mut after = Vec::new();
        if let Some(at) = cursor.at {
            let within = [
                json!(["write_date", ">=", value::datetime(at)]),
                json!(["write_date", "<", value::datetime(at + 1)]),
                json!(["id", ">", cursor.id]),
            ];
            let found = self.search(object, &within, "id", room).await?;
            for row in &found.rows {
                let (second, id) = place(object, row)?;
                if second != at || id <= cursor.id {
                    return Err(astray(object, id));
                }
                cursor.advance(at, id)?;
            }
            cursor.reached(found.began, self.overlap);
            rows = found.rows;
            if rows.len() >= room {
                return Ok((self.unseen(object, cursor, rows).await?, false));
            }
            after.push(json!(["write_date", ">=", value::datetime(at + 1)]));
        }
        let limit = room - rows.len();
        let found = self.search(object, &after, "write_date, id", limit).await?;
        let mut last = cursor.at;
        let mut places = Vec::with_capacity(found.rows.len());
        for row in &found.rows {
            let (second, id) = place(object, row)?;
            if cursor.at.is_some_and(|at| second <= at) || last.is_some_and(|last| second < last) {
                return Err(astray(object, id));
            }
            last = Some(second);
            places.push((second, id));
        }
        let whole = found.rows.len() < limit;
        let mut fresh = found.rows;
        if let Some(last) = last.filter(|_| !places.is_empty()) {
            let ids = places.iter().filter(|(second, _)| *second == last).map(|(_, id)| *id);
            if whole {
                cursor.advance(last, ids.max().unwrap_or_default())?;
            } else {
                // Of the last second some may be cut off, in an order that is not told: it is read again by id.
                fresh.truncate(places.iter().filter(|(second, _)| *second < last).count());
                cursor.advance(last, 0)?;
            }
        }
        cursor.reached(found.began, self.overlap);
        rows.extend(fresh);
        let rows = self.unseen(object, cursor, rows).await?;
        if whole {
            cursor.finish();
        }
        Ok((rows, whole))
    }

    /// The next rows by id, of a list that is short and is read in full each time: what a user is called stands in
    /// another record, whose change leaves the user's own time alone.
    async fn list_step(&self, object: Object, cursor: &mut Cursor, room: usize) -> Result<(Vec<Value>, bool), Error> {
        let found = self
            .search(object, &[json!(["id", ">", cursor.id])], "id", room)
            .await?;
        let done = found.rows.len() < room;
        let mut rows = Vec::new();
        for row in found.rows {
            let (_, id) = place(object, &row)?;
            if id <= cursor.id {
                return Err(astray(object, id));
            }
            cursor.id = id;
            if cursor.is_new(id, &row) {
                rows.push(row);
            }
        }
        if done {
            cursor.finish_list();
        }
        self.enrich(object, &mut rows).await?;
        Ok((rows, done))
    }

    async fn unseen(&self, object: Object, cursor: &mut Cursor, mut rows: Vec<Value>) -> Result<Vec<Value>, Error> {
        self.enrich(object, &mut rows).await?;
        rows.retain(|row| cursor.is_new(value::id(row).unwrap_or_default(), row));
        cursor.settle();
        Ok(rows)
    }

    /// How many records of `object` there are; none if its module is not installed.
    pub(super) async fn how_many(&self, object: Object) -> Result<Option<u64>, Error> {
        let model = self.model(object)?;
        let Some(there) = self.schema.fields(&self.rpc, model).await? else {
            return Ok(Some(0));
        };
        let args = json!({ "domain": source::domain(object, &there) });
        let answer = self.rpc.call(model, "search_count", None, args).await?;
        Ok(answer.value.as_u64())
    }

    /// These records of `object`, as they are now; those that are none of it are left out.
    pub(super) async fn rows(&self, object: Object, ids: &[i64]) -> Result<Vec<Value>, Error> {
        let mut rows = Vec::new();
        for some in ids.chunks(MAX_IDS) {
            let found = self
                .search(object, &[json!(["id", "in", some])], "id", some.len())
                .await?;
            rows.extend(found.rows);
        }
        self.enrich(object, &mut rows).await?;
        Ok(rows)
    }

    /// Records of `object` that all these conditions allow.
    pub(super) async fn search(
        &self,
        object: Object,
        conditions: &[Value],
        order: &str,
        limit: usize,
    ) -> Result<Found, Error> {
        let model = self.model(object)?;
        let there = self
            .schema
            .fields(&self.rpc, model)
            .await?
            .ok_or_else(|| lacks(object))?;
        let mut domain = source::domain(object, &there);
        domain.extend_from_slice(conditions);
        let rules = self.mapping.get(&object);
        let fields = source::wanted(object, rules.unwrap_or(&Default::default()), &there);
        let args = json!({ "domain": domain, "fields": fields, "order": order, "limit": limit });
        let answer = match self.rpc.call(model, "search_read", None, args).await {
            Ok(answer) => answer,
            Err(error) => {
                self.schema.forget(model);
                return Err(error);
            }
        };
        match answer.value {
            Value::Array(rows) if rows.len() <= limit => Ok(Found {
                rows,
                began: answer.began,
            }),
            _ => Err(Error::Broken(format!(
                "{model} came as something else than a list of at most {limit}"
            ))),
        }
    }
}

/// Rows, and when the request for them began, by Odoo's clock.
pub struct Found {
    pub rows: Vec<Value>,
    pub began: Option<jiff::Timestamp>,
}

/// What to say of an object whose module is not installed.
pub fn lacks(object: Object) -> Error {
    let module = source::module(object);
    Error::Setup(format!(
        "Odoo has no module {module} installed: there is nothing to read as {object}"
    ))
}

fn place(object: Object, row: &Value) -> Result<(i64, i64), Error> {
    let place = value::second(row).zip(value::id(row));
    place.ok_or_else(|| Error::Broken(format!("{object} without id or write_date")))
}

fn astray(object: Object, id: i64) -> Error {
    Error::Cursor(format!(
        "{object} {id} came that was not asked for; stopped rather than go round in circles"
    ))
}
