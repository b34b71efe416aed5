//! The interfaces that may be called.

use serde_json::{Value, json};

use super::db::{Db, Row};

/// A refusal: `errorCode` and `errorMessage`.
pub struct Refusal(pub i64, pub &'static str);

const OPERATORS: [&str; 9] = ["EQ", "N", "GT", "GTE", "LT", "LTE", "IN", "LIKE", "BETWEEN"];
const MALFORMED: Refusal = Refusal(32000, "参数错误");

impl Db {
    /// Calls an interface for an object; gives what stands beside `errorCode`. `deaf` lets a query forget its conditions.
    pub(super) fn call(&mut self, path: &str, body: &Value, deaf: bool) -> Result<Value, Refusal> {
        let (place, verb) = path.rsplit_once('/').unwrap_or_default();
        let data = &body["data"];
        let name = match verb {
            "create" | "update" => &data["object_data"]["dataObjectApiName"],
            "describe" => &data["apiName"],
            _ => &data["dataObjectApiName"],
        };
        let name = name.as_str().unwrap_or_default().to_owned();
        self.calls.push(format!("{verb}/{name}"));
        if !self.objects.contains_key(&name) {
            return Err(Refusal(320_002_500, "对象不存在"));
        }
        let custom = place.contains("/custom/");
        if verb != "describe" && custom != name.ends_with("__c") {
            return Err(Refusal(15002, "参数不合法"));
        }
        if self.denied.contains(&name) {
            return Err(Refusal(15003, "APP没有访问权限"));
        }
        match verb {
            "describe" => {
                let fields = self.object(&name).fields.iter();
                let fields: Value = fields
                    .map(|(f, kind)| (f.clone(), json!({ "api_name": f, "type": kind })))
                    .collect();
                Ok(json!({ "data": { "describe": { "api_name": name, "fields": fields } } }))
            }
            "query" => self.query(&name, data, deaf),
            "create" => {
                let vals = self.known(&name, &data["object_data"])?;
                Ok(json!({ "dataId": self.save(&name, None, vals) }))
            }
            "update" => {
                let id = data["object_data"]["_id"].as_str().unwrap_or_default().to_owned();
                if !self.object(&name).rows.get(&id).is_some_and(living) {
                    return Err(Refusal(320_001_403, "数据已作废或已删除"));
                }
                let vals = self.known(&name, &data["object_data"])?;
                if !self.approves || body["triggerApprovalFlow"] == false {
                    self.save(&name, Some(&id), vals);
                }
                Ok(json!({ "dataId": id }))
            }
            _ => Err(Refusal(10006, "the request uri is not exists")),
        }
    }

    fn query(&mut self, name: &str, data: &Value, deaf: bool) -> Result<Value, Refusal> {
        let info = &data["search_query_info"];
        let (limit, offset) = (info["limit"].as_i64(), info["offset"].as_i64());
        let (Some(limit @ 1..=100), Some(offset)) = (limit, offset) else {
            return Err(MALFORMED);
        };
        if offset % limit != 0 {
            return Err(MALFORMED);
        }
        if offset > 10_000 {
            return Err(Refusal(10013, "offset out of range 10000"));
        }
        let filters = info["filters"].as_array().ok_or(MALFORMED)?;
        let fields = &self.objects[name].fields;
        for filter in filters {
            let field = filter["field_name"].as_str().unwrap_or_default();
            let operator = filter["operator"].as_str().unwrap_or_default();
            let values = filter["field_values"].as_array().map_or(0, Vec::len);
            if !fields.contains_key(field) || !OPERATORS.contains(&operator) || values == 0 {
                return Err(MALFORMED);
            }
        }
        let order = &info["orders"][0];
        let by = order["fieldName"].as_str().unwrap_or("_id").to_owned();
        if !fields.contains_key(&by) || order["isAsc"] == false {
            return Err(MALFORMED);
        }
        let (shows, blind) = (self.shows_invalid, self.blind);
        let mut rows: Vec<&Row> = self.objects[name].rows.values().collect();
        rows.retain(|row| row["is_deleted"] != true && (shows || row["life_status"] != "invalid"));
        if !deaf {
            rows.retain(|row| filters.iter().all(|filter| holds(filter, row, blind)));
        }
        // Of one time they come in an order that is not told.
        rows.sort_by_key(|row| std::cmp::Reverse(row["_id"].as_str()));
        match by.as_str() {
            "_id" => rows.reverse(),
            by => rows.sort_by_key(|row| row.get(by).and_then(Value::as_i64)),
        }
        let counted = data["find_explicit_total_num"] == true;
        let total = if counted { rows.len() } else { 0 };
        let from = usize::try_from(offset).unwrap_or(0);
        let page: Vec<&Row> = rows
            .into_iter()
            .skip(from)
            .take(usize::try_from(limit).unwrap_or(0))
            .collect();
        Ok(json!({ "data": { "dataList": page, "offset": offset, "limit": limit, "total": total } }))
    }

    fn known(&self, name: &str, vals: &Value) -> Result<Value, Refusal> {
        let fields = &self.objects[name].fields;
        let mut vals = vals.as_object().cloned().unwrap_or_default();
        for extra in ["dataObjectApiName", "object_describe_api_name", "_id"] {
            vals.remove(extra);
        }
        for (field, value) in &vals {
            let fits = match fields.get(field).map(String::as_str) {
                None => false,
                Some("currency" | "number" | "percentile") => {
                    value.is_null() || value.as_str().is_some_and(|t| t.parse::<f64>().is_ok())
                }
                Some("date" | "date_time") => value.is_null() || value.is_i64(),
                Some("group" | "employee") => value.is_array(),
                Some(_) => value.is_null() || value.is_string(),
            };
            if !fits {
                return Err(Refusal(320_001_400, "字段值不合法"));
            }
        }
        Ok(Value::Object(vals))
    }
}

fn living(row: &Row) -> bool {
    row["is_deleted"] != true && row["life_status"] != "invalid"
}

fn holds(filter: &Value, row: &Row, blind: bool) -> bool {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let field = filter["field_name"].as_str().unwrap_or_default();
    let held = row.get(field).map(text).unwrap_or_default();
    let wanted: Vec<String> = filter["field_values"]
        .as_array()
        .into_iter()
        .flatten()
        .map(text)
        .collect();
    let order = match (held.parse::<i64>(), wanted[0].parse::<i64>()) {
        (Ok(held), Ok(wanted)) if field != "_id" => held.cmp(&wanted),
        _ => held.cmp(&wanted[0]),
    };
    match filter["operator"].as_str().unwrap_or_default() {
        "EQ" => order.is_eq(),
        "N" => order.is_ne(),
        "GT" => order.is_gt(),
        "GTE" => order.is_ge(),
        "LT" => order.is_lt(),
        "LTE" => order.is_le(),
        "IN" => wanted.contains(&held),
        "LIKE" => !blind && held.contains(&wanted[0]),
        _ => false,
    }
}
