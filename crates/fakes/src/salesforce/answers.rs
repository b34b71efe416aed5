//! What a fake Salesforce does with each request.

use serde_json::{Map, Value, json};

use super::{
    Told,
    db::{Db, Job, Refusal, Row, seconds, shown},
    soql,
};

type Answer = Result<Told, Refusal>;

const LOG_HOLDS: i64 = 15 * 24 * 3600;

impl Db {
    pub(super) fn call(
        &mut self,
        method: &str,
        path: &[&str],
        query: &[(String, String)],
        body: &Value,
        since: &str,
        deaf: bool,
    ) -> Answer {
        let of = |key: &str| query.iter().find(|(k, _)| k == key).map_or("", |(_, v)| v.as_str());
        match (method, path) {
            ("GET", ["queryAll"]) => self.question(of("q"), true, deaf),
            ("GET", ["query"]) => self.question(of("q"), false, deaf),
            ("GET", ["query", mark]) => {
                let gone = || Refusal::new(400, "INVALID_QUERY_LOCATOR", "invalid query locator");
                let rest = self.rests.remove(*mark).ok_or_else(gone)?;
                Ok(Told::Json(200, self.batch(rest)))
            }
            ("GET", ["sobjects", name, "describe"]) => self.describe(name),
            ("GET", ["sobjects", name, "deleted"]) => self.deleted(name, of("start"), of("end")),
            ("POST", ["sobjects", name]) => {
                let values = self.fit(name, body)?;
                let id = self.create(name, values);
                Ok(Told::Json(201, json!({ "id": id, "success": true, "errors": [] })))
            }
            ("PATCH", ["sobjects", name, id]) => {
                if let Some((object, id, values)) = self.on_patch.take() {
                    self.set(&object, &id, values);
                }
                let row = self.living(name, id)?;
                let until = jiff::fmt::rfc2822::parse(since)
                    .ok()
                    .map(|at| at.timestamp().as_second());
                if until.is_some_and(|until| row["LastModifiedDate"].as_i64() > Some(until)) {
                    return Ok(Told::Json(412, json!([])));
                }
                let values = self.fit(name, body)?;
                self.write(name, id, values);
                Ok(Told::Json(204, Value::Null))
            }
            ("DELETE", ["sobjects", "ContentDocument", id]) => {
                self.living("ContentNote", id)?;
                self.object("ContentNote").rows.remove(*id);
                Ok(Told::Json(204, Value::Null))
            }
            ("DELETE", ["sobjects", name, id]) => {
                self.living(name, id)?;
                self.delete(name, id);
                Ok(Told::Json(204, Value::Null))
            }
            ("PATCH", ["composite", "sobjects"]) => {
                let mut told = Vec::new();
                for record in body["records"].as_array().into_iter().flatten() {
                    told.push(match self.update(record) {
                        Ok(id) => json!({ "id": id, "success": true, "errors": [] }),
                        Err(refusal) => json!({ "success": false, "errors": refusal.in_collection() }),
                    });
                }
                Ok(Told::Json(200, told.into()))
            }
            ("POST", ["jobs", "query"]) => self.new_job(body),
            ("GET", ["jobs", "query", id]) => self.job(id),
            ("GET", ["jobs", "query", id, "results"]) => self.results(id, of("locator"), of("maxRecords"), deaf),
            _ => Err(Refusal::new(404, "NOT_FOUND", "The requested resource does not exist")),
        }
    }

    fn question(&mut self, soql: &str, deleted: bool, deaf: bool) -> Answer {
        let query = soql::read(soql)?;
        let rows = query.run(self, deleted, deaf)?;
        if query.count {
            let told = json!({ "totalSize": rows.len(), "done": true, "records": [] });
            return Ok(Told::Json(200, told));
        }
        let one = |row: &Row| {
            let mut told = Map::from_iter([("attributes".into(), json!({ "type": query.from }))]);
            for field in &query.fields {
                let is_time = self.objects[&query.from].fields[field].kind == "datetime";
                let held = row.get(field).unwrap_or(&Value::Null);
                let value = match held.as_i64() {
                    Some(at) if is_time => shown(at, false).into(),
                    _ => held.clone(),
                };
                told.insert(field.clone(), value);
            }
            Value::Object(told)
        };
        let rows = rows.iter().map(one).collect();
        Ok(Told::Json(200, self.batch(rows)))
    }

    fn batch(&mut self, mut rows: Vec<Value>) -> Value {
        let total = rows.len();
        let rest = rows.split_off(rows.len().min(self.batch));
        let mut told = json!({ "totalSize": total, "done": rest.is_empty(), "records": rows });
        if !rest.is_empty() {
            let mark = format!("01g000000000001AAA-{}", self.requests.len());
            told["nextRecordsUrl"] = format!("/services/data/v62.0/query/{mark}").into();
            if self.keeps_rests {
                self.rests.insert(mark, rest);
            }
        }
        told
    }

    fn describe(&self, name: &str) -> Answer {
        let lacks = || Refusal::new(404, "NOT_FOUND", "The requested resource does not exist");
        let object = self.objects.get(name).ok_or_else(lacks)?;
        let one = |(name, field): (&String, &super::Field)| json!({ "name": name, "type": field.kind, "updateable": field.updateable });
        let fields: Vec<Value> = object.fields.iter().map(one).collect();
        Ok(Told::Json(200, json!({ "name": name, "fields": fields })))
    }

    fn deleted(&self, name: &str, start: &str, end: &str) -> Answer {
        let wrong = |text: &str| Refusal::new(400, "INVALID_REPLICATION_DATE", text);
        // Seconds are not looked at.
        let minute = |text: &str| Some(seconds(text)? / 60 * 60);
        let (start, end) = minute(start)
            .zip(minute(end))
            .ok_or_else(|| wrong("a date is needed"))?;
        if start >= end {
            return Err(wrong("endDate must be at least one minute greater than startDate"));
        }
        if start < self.clock - LOG_HOLDS {
            return Err(wrong("startDate cannot be more than 15 days ago"));
        }
        let within = self
            .log
            .iter()
            .filter(|(of, _, at)| of == name && (start..=end).contains(at));
        let entry = |(_, id, at): &(String, String, i64)| json!({ "id": id, "deletedDate": shown(*at, false) });
        let entries: Vec<Value> = within.map(entry).collect();
        Ok(Told::Json(
            200,
            json!({
                "deletedRecords": entries,
                "earliestDateAvailable": shown(self.clock - LOG_HOLDS, false),
                "latestDateCovered": shown(end.min(self.clock), false),
            }),
        ))
    }

    fn update(&mut self, record: &Value) -> Result<String, Refusal> {
        let name = record["attributes"]["type"].as_str().unwrap_or_default().to_owned();
        let id = record["id"].as_str().unwrap_or_default().to_owned();
        self.living(&name, &id)?;
        let mut values = record.clone();
        let members = values.as_object_mut().expect("a record");
        members.remove("attributes");
        members.remove("id");
        let values = self.fit(&name, &values)?;
        self.write(&name, &id, values);
        Ok(id)
    }

    fn living(&self, name: &str, id: &str) -> Result<&Row, Refusal> {
        let row = self.objects.get(name).and_then(|object| object.rows.get(id));
        match row {
            Some(row) if row.get("IsDeleted").is_some_and(|d| d == true) => {
                Err(Refusal::new(404, "ENTITY_IS_DELETED", "entity is deleted"))
            }
            Some(row) => Ok(row),
            None => Err(Refusal::new(
                404,
                "NOT_FOUND",
                "Provided external ID field does not exist or is not accessible",
            )),
        }
    }

    /// Values as they are stored; refuses fields that are not there or cannot be set.
    fn fit(&self, name: &str, body: &Value) -> Result<Row, Refusal> {
        let lacks = || Refusal::new(404, "NOT_FOUND", "The requested resource does not exist");
        let object = self.objects.get(name).ok_or_else(lacks)?;
        let mut fit = Row::new();
        for (field, value) in body.as_object().into_iter().flatten() {
            let about = object.fields.get(field).filter(|about| about.updateable);
            let about = about.ok_or_else(|| {
                let text = format!("Unable to create/update fields: {field}.");
                Refusal::new(400, "INVALID_FIELD_FOR_INSERT_UPDATE", text)
            })?;
            let unfit = || Refusal::new(400, "JSON_PARSER_ERROR", format!("Cannot deserialize {field}"));
            let value = match (about.kind, value) {
                (_, Value::Null) => Value::Null,
                ("datetime", value) => json!(value.as_str().and_then(seconds).ok_or_else(unfit)?),
                ("double" | "currency", value) if !value.is_number() => return Err(unfit()),
                (_, value) => value.clone(),
            };
            fit.insert(field.clone(), value);
        }
        Ok(fit)
    }

    fn new_job(&mut self, body: &Value) -> Answer {
        let query = soql::read(body["query"].as_str().unwrap_or_default())?;
        let rows = query.run(self, body["operation"] == "queryAll", false)?;
        let id = format!("750{:012}AAA", self.jobs.len() + 1);
        let job = Job {
            rows,
            fields: query.fields,
            object: query.from,
            polls: self.job_polls.unwrap_or(0),
        };
        self.jobs.insert(id.clone(), job);
        Ok(Told::Json(200, json!({ "id": id, "state": "UploadComplete" })))
    }

    fn job(&mut self, id: &str) -> Answer {
        let fails = self.job_polls.is_none();
        let job = self.jobs.get_mut(id).ok_or_else(no_job)?;
        let state = match job.polls {
            _ if fails => "Failed",
            0 => "JobComplete",
            _ => "InProgress",
        };
        job.polls = job.polls.saturating_sub(1);
        Ok(Told::Json(200, json!({ "id": id, "state": state })))
    }

    fn results(&mut self, id: &str, locator: &str, most: &str, deaf: bool) -> Answer {
        let job = self.jobs.get(id).ok_or_else(no_job)?;
        let from: usize = if deaf {
            0
        } else {
            locator.trim_start_matches('L').parse().unwrap_or(0)
        };
        let most: usize = most.parse().unwrap_or(50_000);
        let some = job.rows.iter().skip(from).take(most);
        let mut csv = line(job.fields.iter().map(String::as_str));
        let mut count = 0;
        for row in some {
            count += 1;
            let texts: Vec<String> = job
                .fields
                .iter()
                .map(|field| self.text(&job.object, field, row.get(field).unwrap_or(&Value::Null)))
                .collect();
            csv.push_str(&line(texts.iter().map(String::as_str)));
        }
        let end = from + count;
        let next = (end < job.rows.len()).then(|| format!("L{end}"));
        Ok(Told::Csv(csv, next, count))
    }

    fn text(&self, object: &str, field: &str, value: &Value) -> String {
        match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            value if self.objects[object].fields[field].kind == "datetime" => {
                shown(value.as_i64().unwrap_or_default(), true)
            }
            other => other.to_string(),
        }
    }
}

fn no_job() -> Refusal {
    Refusal::new(404, "NOT_FOUND", "The requested resource does not exist")
}

fn line<'t>(cells: impl Iterator<Item = &'t str>) -> String {
    let cells: Vec<String> = cells.map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
    format!("{}\n", cells.join(","))
}
