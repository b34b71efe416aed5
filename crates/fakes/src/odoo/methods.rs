//! The methods that may be called.

use serde_json::{Map, Value, json};

use super::{
    db::{Db, Field, Refusal, Row},
    text,
};

/// Attributes that Odoo's sanitizer leaves in a message, as far as anybody here uses them.
const SAFE: &[&str] = &["style", "class", "href", "title", "data-oe-id", "data-oe-model"];

impl Db {
    /// Calls `method` of `model`. `deaf` lets a search forget its conditions.
    pub(super) fn call(&mut self, model: &str, method: &str, ids: &[i64], args: &Value, deaf: bool) -> Answer {
        self.calls.push(format!("{model}/{method}"));
        if !self.models.contains_key(model) {
            return Err(match self.version {
                19.. => Refusal::new(
                    404,
                    "werkzeug.exceptions.NotFound",
                    format!("the model '{model}' does not exist"),
                ),
                _ => Refusal::new(
                    422,
                    "odoo.exceptions.UserError",
                    format!("Object {model} doesn't exist"),
                ),
            });
        }
        match method {
            "context_get" => Ok(json!({ "lang": "zh_CN", "tz": "Asia/Shanghai", "uid": 2 })),
            "fields_get" => {
                let fields = self.model(model).fields.iter().filter(|(_, f)| !f.hidden);
                Ok(fields
                    .map(|(name, f)| (name.clone(), json!({ "type": f.kind })))
                    .collect())
            }
            "has_access" if self.version >= 18 => Ok(json!(self.may(model, &args["operation"]))),
            "check_access_rights" if self.version < 19 => Ok(json!(self.may(model, &args["operation"]))),
            "search_read" => {
                self.need(model, "read")?;
                self.search_read(model, args, deaf)
            }
            "search_count" => {
                self.need(model, "read")?;
                Ok(json!(self.found(model, args, deaf)?.len()))
            }
            "read" => {
                self.need(model, "read")?;
                let rows: Vec<&Row> = ids.iter().filter_map(|id| self.at(model).rows.get(id)).collect();
                self.shown(model, &rows, &args["fields"])
            }
            "create" => {
                self.need(model, "create")?;
                let all = args["vals_list"].as_array().cloned().unwrap_or_default();
                let made = all.into_iter().map(|vals| match model {
                    "ir.model.fields" => self.create_field(vals),
                    _ => self.create(model, vals),
                });
                Ok(json!(made.collect::<Result<Vec<i64>, _>>()?))
            }
            "write" => {
                self.need(model, "write")?;
                let odd = |(name, _): (&String, &Value)| self.refused.contains(&(model.to_owned(), name.clone()));
                if args["vals"].as_object().into_iter().flatten().any(odd) {
                    return Err(Refusal::new(
                        422,
                        "odoo.exceptions.ValidationError",
                        "This value cannot be",
                    ));
                }
                let mut vals = args["vals"].clone();
                if model == "mail.message"
                    && let Some(body) = vals["body"].as_str()
                {
                    vals["body"] = json!(sanitized(body));
                }
                self.write(model, ids, vals).map(|()| json!(true))
            }
            "unlink" => {
                self.need(model, "unlink")?;
                self.model(model).rows.retain(|id, _| !ids.contains(id));
                Ok(json!(true))
            }
            "message_post" => self.message_post(model, ids, args),
            "activity_schedule" => self.activity_schedule(model, ids, args),
            "action_feedback" if model == "mail.activity" => self.action_feedback(ids),
            other => Err(Refusal::new(
                if self.version >= 19 { 404 } else { 500 },
                if self.version >= 19 {
                    "werkzeug.exceptions.NotFound"
                } else {
                    "builtins.AttributeError"
                },
                format!("The method '{model}.{other}' does not exist"),
            )),
        }
    }

    fn may(&self, model: &str, operation: &Value) -> bool {
        let operation = operation.as_str().expect("an operation");
        let is_schema = model.starts_with("ir.model") && operation != "read";
        !self.denied.contains(&(model.into(), operation.into())) && (self.is_admin || !is_schema)
    }

    fn need(&self, model: &str, operation: &str) -> Result<(), Refusal> {
        match self.may(model, &json!(operation)) {
            true => Ok(()),
            false => Err(Refusal::new(
                403,
                "odoo.exceptions.AccessError",
                format!("You are not allowed to {operation} '{model}' records.\n\nContact your administrator."),
            )),
        }
    }

    fn found(&self, model: &str, args: &Value, deaf: bool) -> Result<Vec<&Row>, Refusal> {
        let mut domain = args["domain"].as_array().cloned().unwrap_or_default();
        if deaf {
            domain.clear();
        }
        let names_active = domain.iter().any(|c| c[0] == "active");
        let has_active = self.at(model).fields.contains_key("active");
        if has_active && !names_active && args["context"]["active_test"] != false {
            domain.push(json!(["active", "=", true]));
        }
        let mut rows = Vec::new();
        for row in self.at(model).rows.values() {
            if self.holds(model, row, &domain)? {
                rows.push(row);
            }
        }
        Ok(rows)
    }

    fn search_read(&self, model: &str, args: &Value, deaf: bool) -> Answer {
        let mut rows = self.found(model, args, deaf)?;
        let order: Vec<&str> = args["order"]
            .as_str()
            .unwrap_or("id")
            .split(',')
            .map(str::trim)
            .collect();
        let key = |row: &Row| -> Vec<i64> { order.iter().filter_map(|f| row[*f].as_i64()).collect() };
        rows.sort_by_key(|row| key(row));
        if let Some(limit) = args["limit"].as_u64() {
            rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        let mut shown = self.shown(model, &rows, &args["fields"])?;
        for row in shown.as_array_mut().into_iter().flatten() {
            self.leave_out_archived(model, row);
        }
        Ok(shown)
    }

    /// A search leaves out the archived of those that a row is linked to, even if asked for archived rows; `read` does not.
    fn leave_out_archived(&self, model: &str, row: &mut Value) {
        for (name, field) in &self.at(model).fields {
            let Some(linked) = row.get_mut(name).and_then(Value::as_array_mut) else {
                continue;
            };
            if field.kind == "many2many" {
                let others = &self.at(field.relation.as_deref().unwrap_or_default()).rows;
                linked.retain(|id| {
                    let other = id.as_i64().and_then(|id| others.get(&id));
                    other.is_none_or(|o| o.get("active").is_none_or(|active| *active != false))
                });
            }
        }
    }

    /// Rows as Odoo shows them.
    fn shown(&self, model: &str, rows: &[&Row], fields: &Value) -> Answer {
        let names: Vec<String> = match fields.as_array().filter(|f| !f.is_empty()) {
            Some(some) => some.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            None => self.at(model).fields.keys().cloned().collect(),
        };
        let mut kinds: Vec<(String, Field)> = Vec::new();
        for name in names {
            let field = self.field(model, &name)?;
            kinds.push((name, field));
        }
        let shown = rows.iter().map(|row| {
            let mut shown = Map::from_iter([("id".to_owned(), row["id"].clone())]);
            for (name, field) in &kinds {
                let held = self.stored(model, row, name);
                shown.insert(name.clone(), self.show(field, held));
            }
            Value::from(shown)
        });
        Ok(shown.collect())
    }

    fn show(&self, field: &Field, held: Value) -> Value {
        match (field.kind.as_str(), &held) {
            ("datetime", Value::Number(micros)) => json!(text(micros.as_i64().unwrap_or_default())),
            ("many2one", Value::Number(id)) => {
                let relation = field.relation.as_deref().unwrap_or_default();
                let row = self.at(relation).rows.get(&id.as_i64().unwrap_or_default());
                row.map_or(json!(false), |row| json!([id, row["name"]]))
            }
            ("many2many", Value::Bool(_)) => json!([]),
            ("float" | "monetary", Value::Bool(_)) => json!(0.0),
            ("integer", Value::Bool(_)) => json!(0),
            _ => held,
        }
    }

    fn message_post(&mut self, model: &str, ids: &[i64], args: &Value) -> Answer {
        let there = ids.first().is_some_and(|id| self.model(model).rows.contains_key(id));
        if !there {
            return Err(Refusal::new(
                404,
                "odoo.exceptions.MissingError",
                "Record does not exist",
            ));
        }
        self.need(model, "write")?;
        let body = args["body"].as_str().unwrap_or_default();
        let body = match args["body_is_html"] == true {
            true => sanitized(body),
            false => body.replace('<', "&lt;").replace('>', "&gt;"),
        };
        let message = json!({ "model": model, "res_id": ids[0], "body": body, "message_type": "comment" });
        let id = self.create("mail.message", message)?;
        Ok(json!([id]))
    }

    fn activity_schedule(&mut self, model: &str, ids: &[i64], args: &Value) -> Answer {
        self.need(model, "write")?;
        if args["act_type_xmlid"] != "mail.mail_activity_data_todo" {
            return Err(Refusal::new(
                422,
                "odoo.exceptions.UserError",
                "No such type of activity",
            ));
        }
        let mut made = Vec::new();
        for id in ids {
            if !self.model(model).rows.contains_key(id) {
                continue;
            }
            let user = args["user_id"].as_i64().unwrap_or(2);
            if !self.model("res.users").rows.contains_key(&user) {
                return Err(Refusal::new(422, "odoo.exceptions.ValidationError", "No such user"));
            }
            let activity = json!({
                "res_model": model, "res_id": id, "summary": args["summary"], "user_id": user,
                "note": sanitized(args["note"].as_str().unwrap_or_default()), "date_deadline": args["date_deadline"],
            });
            made.push(self.create("mail.activity", activity)?);
        }
        Ok(json!(made))
    }

    /// Tells in the record's chatter what was done, with the note; the activity is kept from 19 on.
    fn action_feedback(&mut self, ids: &[i64]) -> Answer {
        let mut message = json!(false);
        for id in ids {
            let Some(done) = self.model("mail.activity").rows.get(id).cloned() else {
                continue;
            };
            match self.version {
                19.. => self.set_silently("mail.activity", *id, json!({ "active": false })),
                _ => _ = self.model("mail.activity").rows.remove(id),
            }
            let told = json!({
                "model": done["res_model"], "res_id": done["res_id"], "message_type": "comment",
                "body": format!("<p>To-Do done</p>{}", done["note"].as_str().unwrap_or_default()),
            });
            message = json!(self.create("mail.message", told)?);
        }
        Ok(message)
    }

    fn create_field(&mut self, vals: Value) -> Result<i64, Refusal> {
        let id = vals["model_id"].as_i64().unwrap_or_default();
        let model = self.model("ir.model").rows.get(&id).and_then(|m| m["model"].as_str());
        let invalid = |text: &str| Refusal::new(422, "odoo.exceptions.ValidationError", text);
        let model = model.ok_or_else(|| invalid("Model not found"))?.to_owned();
        let name = vals["name"].as_str().unwrap_or_default().to_owned();
        if !name.starts_with("x_") {
            return Err(invalid("Custom fields must have a name that starts with 'x_'!"));
        }
        let kind = vals["ttype"].as_str().unwrap_or_default();
        let currency = vals["currency_field"].as_str().unwrap_or("x_currency_id");
        if kind == "monetary" && !self.model(&model).fields.contains_key(currency) {
            return Err(invalid("Currency field does not exist"));
        }
        let kind = match vals["relation"].as_str() {
            Some(relation) => format!("{kind}/{relation}"),
            None => kind.to_owned(),
        };
        let held = self.model(&model);
        if held.fields.insert(name.clone(), Field::of(&kind)).is_some() {
            return Err(invalid("Field names must be unique per model."));
        }
        for row in held.rows.values_mut() {
            row.insert(name.clone(), json!(false));
        }
        self.create("ir.model.fields", vals)
    }
}

/// What a call gives.
pub type Answer = Result<Value, Refusal>;

/// HTML without the attributes that are not known to be safe.
fn sanitized(html: &str) -> String {
    let mut clean = String::new();
    for (n, piece) in html.split('<').enumerate() {
        let Some((tag, after)) = piece.split_once('>').filter(|_| n > 0) else {
            clean.push_str(piece);
            continue;
        };
        let mut parts = tag.split(' ');
        clean.push('<');
        clean.push_str(parts.next().unwrap_or_default());
        for attribute in parts.filter(|a| SAFE.contains(&a.split('=').next().unwrap_or_default())) {
            clean.push(' ');
            clean.push_str(attribute);
        }
        clean.push('>');
        clean.push_str(after);
    }
    clean
}

#[cfg(test)]
mod tests {
    #[test]
    fn unknown_attributes_are_taken_out() {
        let html = r#"<p data-oe-id="a:1" data-marker="b">x<br>y</p>"#;
        assert_eq!(super::sanitized(html), r#"<p data-oe-id="a:1">x<br>y</p>"#);
    }
}
