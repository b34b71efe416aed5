//! What a fake Dataverse does with each request.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    db::{Db, Refusal, Row, Table},
    filter::{self, order},
};

/// A request.
pub struct Asked<'a> {
    pub method: &'a str,
    /// What follows the version in the path.
    pub path: &'a str,
    pub query: &'a [(String, String)],
    pub prefer: &'a str,
    pub if_match: &'a str,
    pub body: &'a Value,
    /// Where links lead.
    pub origin: &'a str,
    pub deaf: bool,
}

type Answer = Result<(u16, Value), Refusal>;

const WEEK: i64 = 7 * 24 * 3600;

impl Asked<'_> {
    fn of(&self, key: &str) -> &str {
        self.query
            .iter()
            .find(|(k, _)| k == key)
            .map_or("", |(_, v)| v.as_str())
    }

    fn prefers(&self, what: &str) -> bool {
        self.prefer.contains(what)
    }

    fn size(&self) -> usize {
        let size = self.prefer.split("odata.maxpagesize=").nth(1);
        let digits: String = size
            .unwrap_or("5000")
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse().unwrap_or(5000).min(5000)
    }

    fn link(&self, set: &str, key: &str, token: &str) -> Value {
        format!("{}/api/data/v9.2/{set}?${key}={token}", self.origin).into()
    }
}

impl Db {
    pub(super) fn call(&mut self, asked: &Asked<'_>) -> Answer {
        if let Some(name) = asked.path.strip_prefix("EntityDefinitions(LogicalName='") {
            return self.definition(name.trim_end_matches("')/Attributes"));
        }
        let (set, id) = match asked.path.split_once('(') {
            Some((set, id)) => (set, Some(id.trim_end_matches(')').to_lowercase())),
            None => (asked.path, None),
        };
        let lacks = || {
            Refusal::new(
                404,
                "0x80060888",
                format!("Resource not found for the segment '{set}'."),
            )
        };
        let table = self.tables.get(set).ok_or_else(lacks)?;
        if !table.shown {
            let text = format!("Principal is missing prvRead{} privilege", table.name);
            return Err(Refusal::new(403, "0x80040220", text));
        }
        match (asked.method, id) {
            ("GET", None) => self.list(set, asked),
            ("GET", Some(id)) => {
                let row = self.living(set, &id)?;
                Ok((200, shown(&self.tables[set], row, asked.of("$select"), asked)?))
            }
            ("POST", None) => {
                let values = self.fit(set, asked.body)?;
                let id = self.create(set, values);
                let row = &self.tables[set].rows[&id];
                Ok((201, shown(&self.tables[set], row, "", asked)?))
            }
            ("PATCH", Some(id)) => {
                if let Some((set, id, values)) = self.on_patch.take() {
                    self.set(&set, &id, values);
                }
                let values = self.fit(set, asked.body)?;
                match (asked.if_match, self.living(set, &id)) {
                    // Without a condition, a row that is not there is made.
                    ("", _) | ("*", Ok(_)) => {}
                    (_, Err(refusal)) => return Err(refusal),
                    (etag, Ok(row)) if etag == tag(row) => {}
                    _ => {
                        let text = "The version of the existing record doesn't match the RowVersion property provided.";
                        return Err(Refusal::new(412, "0x80060882", text));
                    }
                }
                self.write(set, &id, values);
                Ok((204, Value::Null))
            }
            ("DELETE", Some(id)) => {
                self.living(set, &id)?;
                self.delete(set, &id);
                Ok((204, Value::Null))
            }
            _ => Err(Refusal::new(405, "0x80060888", "method not allowed")),
        }
    }

    fn definition(&self, name: &str) -> Answer {
        let lacks = || Refusal::new(404, "0x80060888", format!("Could not find an entity with name {name}"));
        let table = self.tables.values().find(|t| t.name == name).ok_or_else(lacks)?;
        let one = |(name, column): (&String, &super::Column)| {
            let inner = name.strip_prefix('_').and_then(|name| name.strip_suffix("_value"));
            json!({ "LogicalName": inner.unwrap_or(name), "IsValidForUpdate": column.writable })
        };
        let columns: Vec<Value> = table.columns.iter().map(one).collect();
        Ok((200, json!({ "value": columns })))
    }

    fn list(&self, set: &str, asked: &Asked<'_>) -> Answer {
        let token = asked.of("$deltatoken");
        if !token.is_empty() && !asked.deaf {
            let state = read(token)?;
            return self.changes(set, &state, state["from"].as_i64().unwrap_or(0), asked);
        }
        let state = match asked.of("$skiptoken") {
            token if !token.is_empty() && !asked.deaf => read(token)?,
            _ => json!({
                "select": asked.of("$select"), "filter": asked.of("$filter"), "orderby": asked.of("$orderby"),
                "track": asked.prefers("odata.track-changes"), "snap": self.settled(), "after": null,
            }),
        };
        if state["kind"] == "changes" {
            return self.changes(set, &state, state["after"].as_i64().unwrap_or(0), asked);
        }
        let text = |key: &str| state[key].as_str().unwrap_or_default();
        let table = &self.tables[set];
        if state["track"] == true {
            if !table.tracked {
                let text = format!("Change tracking is not enabled for entity {}", table.name);
                return Err(Refusal::new(400, "0x8004431e", text));
            }
            for option in ["filter", "orderby"] {
                if !text(option).is_empty() {
                    let text =
                        format!("The \"{option}\" query parameter isn't supported when Change Tracking is enabled.");
                    return Err(Refusal::new(400, "0x80060888", text));
                }
            }
        }
        let filter = match text("filter") {
            "" => None,
            filter => Some(filter::read(filter)?),
        };
        let by = text("orderby").split(' ').next().unwrap_or_default();
        if !by.is_empty() {
            table.column(by)?;
        }
        let mut rows = Vec::new();
        for row in table.rows.values() {
            let fits = match &filter {
                Some(filter) => filter.holds(table, row)?,
                None => true,
            };
            if fits {
                rows.push(row);
            }
        }
        let place = |row: &Row| (row.get(by).cloned().unwrap_or_default(), row[table.key].clone());
        let cmp = |a: &(Value, Value), b: &(Value, Value)| order(&a.0, &b.0).then_with(|| order(&a.1, &b.1));
        rows.sort_by(|a, b| cmp(&place(a), &place(b)));
        let after = state["after"]
            .as_array()
            .map(|after| (after[0].clone(), after[1].clone()));
        rows.retain(|row| after.as_ref().is_none_or(|after| cmp(&place(row), after).is_gt()));
        let more = rows.len() > asked.size();
        rows.truncate(asked.size());
        let mut value = Vec::new();
        for row in &rows {
            value.push(shown(table, row, text("select"), asked)?);
        }
        let mut told = json!({ "value": value });
        if more {
            let (by, id) = place(rows[rows.len() - 1]);
            let mut next = state.clone();
            next["after"] = json!([by, id]);
            told["@odata.nextLink"] = asked.link(set, "skiptoken", &write(&next));
        } else if state["track"] == true {
            told["@odata.deltaLink"] = self.delta(set, text("select"), state["snap"].as_i64().unwrap_or(0), asked);
        }
        Ok((200, told))
    }

    fn delta(&self, set: &str, select: &str, from: i64, asked: &Asked<'_>) -> Value {
        let state = json!({ "select": select, "from": from, "at": self.clock });
        asked.link(set, "deltatoken", &write(&state))
    }

    /// Rows and deletions with a version above `after`, by rising versions.
    fn changes(&self, set: &str, state: &Value, after: i64, asked: &Asked<'_>) -> Answer {
        let at = state["at"].as_i64().unwrap_or(self.clock);
        if state["kind"] != "changes" && (after < self.kept_from || at < self.clock - WEEK) {
            let text = "Version stamp associated with the client has expired. Please perform a full sync.";
            return Err(Refusal::new(410, "0x80044352", text));
        }
        let table = &self.tables[set];
        let select = state["select"].as_str().unwrap_or_default();
        let snap = state["snap"].as_i64().unwrap_or_else(|| self.settled());
        let mut found: Vec<(i64, Value)> = Vec::new();
        for row in table.rows.values() {
            let version = row["@version"].as_i64().unwrap_or(0);
            if version > after {
                found.push((version, shown(table, row, select, asked)?));
            }
        }
        for (_, id, version) in self
            .tombs
            .iter()
            .filter(|(of, _, version)| of == set && *version > after)
        {
            let context = format!("{}/api/data/v9.2/$metadata#{set}/$deletedEntity", asked.origin);
            found.push((
                *version,
                json!({ "@odata.context": context, "id": id, "reason": "deleted" }),
            ));
        }
        found.sort_by_key(|(version, _)| *version);
        let more = found.len() > asked.size();
        found.truncate(asked.size());
        let last = found.last().map_or(after, |(version, _)| *version);
        let value: Vec<Value> = found.into_iter().map(|(_, row)| row).collect();
        let mut told = json!({ "value": value });
        if more {
            let next = json!({ "kind": "changes", "select": select, "after": last, "snap": snap });
            told["@odata.nextLink"] = asked.link(set, "skiptoken", &write(&next));
        } else {
            told["@odata.deltaLink"] = self.delta(set, select, snap, asked);
        }
        Ok((200, told))
    }

    fn living(&self, set: &str, id: &str) -> Result<&Row, Refusal> {
        let table = &self.tables[set];
        let lacks = || {
            Refusal::new(
                404,
                "0x80040217",
                format!("{} With Id = {id} Does Not Exist", table.name),
            )
        };
        table.rows.get(id).ok_or_else(lacks)
    }

    /// Values as they are stored; refuses columns that are not there or cannot be written.
    fn fit(&self, set: &str, body: &Value) -> Result<Row, Refusal> {
        let table = &self.tables[set];
        let mut fit = Row::new();
        for (name, value) in body.as_object().into_iter().flatten() {
            if let Some(lookup) = name.strip_suffix("@odata.bind") {
                let target = value.as_str().unwrap_or_default().trim_start_matches('/');
                let (set, id) = target.split_once('(').unwrap_or_default();
                let id = id.trim_end_matches(')');
                self.living(set, id)?;
                let column = lookup.split('_').next().unwrap_or_default();
                fit.insert(format!("_{column}_value"), id.into());
                continue;
            }
            let column = table.column(name)?;
            let unfit = || Refusal::new(400, "0x80048d19", format!("Cannot convert the value of {name}"));
            if !column.writable {
                return Err(unfit());
            }
            let value = match (column.kind, value) {
                (_, Value::Null) => Value::Null,
                ("datetime", Value::String(at)) => at.parse::<Timestamp>().map_err(|_| unfit())?.as_second().into(),
                ("number", value) if !value.is_number() => return Err(unfit()),
                (_, value) => value.clone(),
            };
            fit.insert(name.clone(), value);
        }
        Ok(fit)
    }
}

fn tag(row: &Row) -> String {
    format!("W/\"{}\"", row["@version"])
}

/// A row as it is given out: the columns that were asked for, with their annotations if those were too.
fn shown(table: &Table, row: &Row, select: &str, asked: &Asked<'_>) -> Result<Value, Refusal> {
    let mut told = Map::new();
    told.insert("@odata.etag".into(), tag(row).into());
    let all: Vec<&str> = match select {
        "" => table.columns.keys().map(String::as_str).collect(),
        select => select.split(',').collect(),
    };
    for name in all.into_iter().chain([table.key]) {
        let kind = table.column(name)?.kind;
        let held = row.get(name).unwrap_or(&Value::Null);
        let value = match held.as_i64() {
            Some(at) if kind == "datetime" => Timestamp::from_second(at).expect("a time").to_string().into(),
            _ => held.clone(),
        };
        told.insert(name.into(), value);
        if asked.prefers("odata.include-annotations") {
            let notes = row.iter().filter(|(key, _)| key.starts_with(&format!("{name}@")));
            told.extend(notes.map(|(key, value)| (key.clone(), value.clone())));
        }
    }
    Ok(told.into())
}

fn write(state: &Value) -> String {
    URL_SAFE_NO_PAD.encode(state.to_string())
}

fn read(token: &str) -> Result<Value, Refusal> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let state = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    state.ok_or_else(|| Refusal::new(400, "0x80060888", "malformed token"))
}
