//! What the addresses of a fake HubSpot do with its records.

use serde_json::{Value, json};

use super::{
    PORTAL, TOKEN,
    db::{Db, Refusal, invalid, missing, shown, texts},
    search,
};

type Answer = Result<(u16, Value), Refusal>;

impl Db {
    /// Answers a request.
    pub(super) fn call(
        &mut self,
        method: &str,
        path: &[&str],
        query: &[(String, String)],
        body: &Value,
        deaf: bool,
    ) -> Answer {
        let of = |key: &str| query.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
        match (method, path) {
            ("GET", ["account-info", "v3", "details"]) => Ok((
                200,
                json!({
                    "portalId": PORTAL, "accountType": "STANDARD", "timeZone": "Asia/Shanghai", "companyCurrency": "CNY",
                    "additionalCurrencies": [], "utcOffset": "+08:00", "utcOffsetMilliseconds": 28_800_000,
                    "uiDomain": "app-eu1.hubspot.com", "dataHostingLocation": "eu1",
                }),
            )),
            ("POST", ["oauth", "v2", "private-apps", "get", "access-token-info"]) => match &self.scopes {
                Some(scopes) if body["tokenKey"] == TOKEN => Ok((
                    200,
                    json!({ "userId": 1, "hubId": PORTAL, "appId": 1, "scopes": scopes }),
                )),
                _ => Err(Refusal::new(404, "OBJECT_NOT_FOUND", "resource not found")),
            },
            ("GET", ["crm", "v3", "owners"]) => self.list("owners", &of, deaf),
            ("GET", ["crm", "v3", "owners", id]) => {
                let archived = of("archived") == Some("true");
                let found = self
                    .owners
                    .iter()
                    .find(|o| o["id"] == *id && (o["archived"] == true) == archived);
                found.map(|o| (200, o.clone())).ok_or_else(|| missing(id))
            }
            ("GET", ["crm", "v3", "pipelines", kind]) => {
                self.seen(kind)?;
                let all = self.pipelines.get(*kind).cloned().unwrap_or(json!([]));
                Ok((200, json!({ "results": all })))
            }
            ("GET", ["crm", "v3", "properties", kind]) => {
                let names = self.added.get(*kind).into_iter().flatten();
                let all: Vec<Value> = names
                    .map(|name| json!({ "name": name, "label": name, "type": "number", "fieldType": "number", "groupName": "outlay", "description": "", "options": [] }))
                    .collect();
                Ok((200, json!({ "results": all })))
            }
            ("POST", ["crm", "v3", "properties", kind]) => self.add_property(kind, body),
            ("POST", ["crm", "v4", "associations", from, to, "batch", "read"]) => self.read_ties(from, to, body),
            ("GET", ["crm", "v4", "associations", "notes", to, "labels"]) => {
                let number = if *to == "deals" { 214 } else { 190 };
                Ok((
                    200,
                    json!({ "results": [
                        { "category": "USER_DEFINED", "typeId": 7, "label": "Costs" },
                        { "category": "HUBSPOT_DEFINED", "typeId": number, "label": null },
                    ]}),
                ))
            }
            ("GET", ["crm", "v4", "objects", from, id, "associations", to]) => {
                let all = self.tied(from, id.parse().unwrap_or_default(), to);
                let start = of("after").and_then(|a| a.parse().ok()).unwrap_or(0);
                let limit = of("limit").and_then(|l| l.parse().ok()).unwrap_or(500);
                Ok((200, page(&all, start, limit)))
            }
            (_, ["crm", "v3", "objects", kind, rest @ ..]) if *kind != "projects" => {
                self.objects(method, kind, rest, query, body, deaf)
            }
            (_, ["crm", "objects", "v3", "projects", rest @ ..]) => {
                self.objects(method, "projects", rest, query, body, deaf)
            }
            (_, ["crm", "objects", "2026-09", kind, rest @ ..]) => self.objects(method, kind, rest, query, body, deaf),
            _ => Err(Refusal::new(404, "OBJECT_NOT_FOUND", "no such address")),
        }
    }

    fn objects(
        &mut self,
        method: &str,
        kind: &str,
        rest: &[&str],
        query: &[(String, String)],
        body: &Value,
        deaf: bool,
    ) -> Answer {
        self.seen(kind)?;
        let of = |key: &str| query.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
        match (method, rest) {
            ("GET", []) => self.list(kind, &of, deaf),
            ("POST", []) => self.create(kind, body),
            ("POST", ["search"]) => search::run(self, kind, body, deaf).map(|v| (200, v)),
            ("POST", ["batch", "read"]) => self.read_batch(kind, body),
            ("GET", [id]) => {
                let wanted = of("properties").unwrap_or_default();
                let names: Vec<&str> = wanted.split(',').collect();
                let record = self.get(kind, id).filter(|r| r.archived.is_none());
                record.map(|r| (200, shown(kind, r, &names))).ok_or_else(|| missing(id))
            }
            ("PATCH", [id]) => {
                self.get(kind, id)
                    .filter(|r| r.archived.is_none())
                    .ok_or_else(|| missing(id))?;
                self.known(kind, body)?;
                self.change(kind, id, &body["properties"]);
                let names: Vec<String> = texts(&body["properties"]).into_keys().collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                Ok((200, shown(kind, self.get(kind, id).expect("a record"), &names)))
            }
            ("DELETE", [id]) => {
                self.get(kind, id).ok_or_else(|| missing(id))?;
                self.archive(kind, id);
                Ok((204, Value::Null))
            }
            _ => Err(Refusal::new(405, "METHOD_NOT_ALLOWED", "not allowed")),
        }
    }

    fn seen(&self, kind: &str) -> Result<(), Refusal> {
        match self.hidden.get(kind) {
            Some(403) => Err(Refusal::new(
                403,
                "MISSING_SCOPES",
                "This app hasn't been granted all required scopes to make this call.",
            )),
            Some(status) => Err(Refusal::new(*status, "OBJECT_NOT_FOUND", "Unable to infer object type")),
            None => Ok(()),
        }
    }

    /// A list, whose mark is the last id.
    fn list<'q>(&mut self, kind: &str, of: &impl Fn(&str) -> Option<&'q str>, deaf: bool) -> Answer {
        self.seen(kind)?;
        let archived = of("archived") == Some("true");
        let limit: usize = of("limit").map_or(Ok(10), str::parse).map_err(|_| invalid("limit"))?;
        let most = if kind == "owners" { 500 } else { 100 };
        if limit == 0 || limit > most {
            return Err(invalid("limit"));
        }
        let after: u64 = of("after")
            .filter(|_| !deaf)
            .map_or(Ok(0), str::parse)
            .map_err(|_| invalid("after"))?;
        let names: Vec<&str> = of("properties").unwrap_or_default().split(',').collect();
        let id = |row: &Value| row["id"].as_str().and_then(|id| id.parse::<u64>().ok()).unwrap_or(0);
        let mut rows: Vec<Value> = match kind {
            "owners" => self
                .owners
                .iter()
                .filter(|o| (o["archived"] == true) == archived && id(o) > after)
                .cloned()
                .collect(),
            _ => {
                let all = self.records.entry(kind.into()).or_default().range(after + 1..);
                let all = all.map(|(_, r)| r).filter(|r| r.archived.is_some() == archived);
                all.take(limit + 1).map(|r| shown(kind, r, &names)).collect()
            }
        };
        rows.sort_by_key(id);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let mut told = json!({ "results": rows });
        if more {
            let last = told["results"][limit - 1]["id"].clone();
            told["paging"] = json!({ "next": { "after": last, "link": "?" } });
        }
        Ok((200, told))
    }

    fn create(&mut self, kind: &str, body: &Value) -> Answer {
        self.known(kind, body)?;
        let ties = body["associations"].as_array().ok_or_else(|| invalid("associations"))?;
        let mut found = Vec::new();
        for tie in ties {
            let of = match tie["types"][0]["associationTypeId"].as_u64() {
                Some(214) => "deals",
                Some(190) => "companies",
                _ => return Err(invalid("associationTypeId")),
            };
            let to = tie["to"]["id"].as_str().ok_or_else(|| invalid("to"))?;
            self.get(of, to).ok_or_else(|| missing(to))?;
            found.push((of, to.to_owned()));
        }
        let id = self.add(kind, &body["properties"]);
        for (of, to) in found {
            self.tie((kind, &id), (of, &to), None);
        }
        Ok((201, shown(kind, self.get(kind, &id).expect("a record"), &[])))
    }

    fn read_batch(&mut self, kind: &str, body: &Value) -> Answer {
        let inputs = body["inputs"]
            .as_array()
            .filter(|i| i.len() <= 100)
            .ok_or_else(|| invalid("inputs"))?;
        let names: Vec<&str> = body["properties"]
            .as_array()
            .ok_or_else(|| invalid("properties"))?
            .iter()
            .filter_map(Value::as_str)
            .collect();
        body["propertiesWithHistory"]
            .as_array()
            .ok_or_else(|| invalid("propertiesWithHistory"))?;
        let (mut rows, mut lost) = (Vec::new(), Vec::new());
        for input in inputs {
            let id = input["id"].as_str().ok_or_else(|| invalid("id"))?;
            match self.get(kind, id).filter(|r| r.archived.is_none()) {
                Some(record) => rows.push(shown(kind, record, &names)),
                None => lost.push(id),
            }
        }
        let mut errors = std::mem::take(&mut self.batch_errors);
        if !lost.is_empty() {
            errors.push(json!({
                "status": "error", "category": "OBJECT_NOT_FOUND", "message": "Could not get some objects",
                "context": { "ids": lost }, "errors": [], "links": {},
            }));
        }
        Ok(self.batch(rows, errors))
    }

    fn read_ties(&mut self, from: &str, to: &str, body: &Value) -> Answer {
        self.seen(to)?;
        let inputs = body["inputs"]
            .as_array()
            .filter(|i| i.len() <= 1000)
            .ok_or_else(|| invalid("inputs"))?;
        let (mut rows, mut errors) = (Vec::new(), std::mem::take(&mut self.batch_errors));
        for input in inputs {
            let id = input["id"].as_str().ok_or_else(|| invalid("id"))?;
            let ties = self.tied(from, id.parse().unwrap_or_default(), to);
            if ties.is_empty() {
                errors.push(json!({
                    "status": "error", "category": "OBJECT_NOT_FOUND", "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
                    "message": format!("No {to} is associated with {from} {id}."), "context": { "fromObjectId": [id] },
                    "errors": [], "links": {},
                }));
            } else {
                rows.push(json!({ "from": { "id": id }, "to": ties }));
            }
        }
        Ok(self.batch(rows, errors))
    }

    fn batch(&self, rows: Vec<Value>, errors: Vec<Value>) -> (u16, Value) {
        let mut told = json!({
            "status": "COMPLETE", "results": rows,
            "startedAt": self.clock.to_string(), "completedAt": self.clock.to_string(),
        });
        if errors.is_empty() {
            return (200, told);
        }
        told["numErrors"] = errors.len().into();
        told["errors"] = errors.into();
        (207, told)
    }

    fn tied(&self, from: &str, id: u64, to: &str) -> Vec<Value> {
        let own = self
            .ties
            .iter()
            .filter(|(f, i, t, ..)| f == from && *i == id && t == to);
        own.map(|(_, _, _, other, label)| {
            let mut types = vec![json!({ "category": "HUBSPOT_DEFINED", "typeId": 341, "label": null })];
            types.extend(
                label
                    .iter()
                    .map(|l| json!({ "category": "HUBSPOT_DEFINED", "typeId": 5, "label": l })),
            );
            json!({ "toObjectId": other, "associationTypes": types })
        })
        .collect()
    }

    fn add_property(&mut self, kind: &str, body: &Value) -> Answer {
        if !self.may_add {
            return Err(Refusal::new(
                403,
                "MISSING_SCOPES",
                "This app hasn't been granted all required scopes to make this call.",
            ));
        }
        let text = |key: &str| body[key].as_str().ok_or_else(|| invalid(key));
        for key in ["fieldType", "groupName", "label", "type"] {
            text(key)?;
        }
        match self.added.entry(kind.into()).or_default().insert(text("name")?.into()) {
            true => {
                let mut made = body.clone();
                made["description"] = "".into();
                made["options"] = json!([]);
                Ok((201, made))
            }
            false => Err(Refusal::new(409, "CONFLICT", "A property of this name exists")),
        }
    }

    /// Refuses properties of ours that nobody added.
    fn known(&self, kind: &str, body: &Value) -> Result<(), Refusal> {
        let given = body["properties"].as_object().ok_or_else(|| invalid("properties"))?;
        let added = |name: &str| self.added.get(kind).is_some_and(|all| all.contains(name));
        match given
            .iter()
            .find(|(name, value)| !value.is_string() || (name.starts_with("outlay_") && !added(name)))
        {
            Some((name, _)) => Err(Refusal::new(
                400,
                "VALIDATION_ERROR",
                &format!(
                    "Property values were not valid: [{{\"isValid\":false,\"message\":\"Property \\\"{name}\\\" does not exist\",\"error\":\"PROPERTY_DOESNT_EXIST\"}}]"
                ),
            )),
            None => Ok(()),
        }
    }
}

fn page(all: &[Value], start: usize, limit: usize) -> Value {
    let rows: Vec<&Value> = all.iter().skip(start).take(limit).collect();
    let end = start + rows.len();
    let mut told = json!({ "results": rows });
    if end < all.len() {
        told["paging"] = json!({ "next": { "after": end.to_string() } });
    }
    told
}
