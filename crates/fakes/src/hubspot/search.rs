//! The search of a fake HubSpot: filters joined by "and", one sort, at most so many results, and an index that lags.

use serde_json::{Value, json};

use super::db::{Db, Record, Refusal, invalid, modified_name, shown};

/// The most filters in a group.
const MAX_FILTERS: usize = 6;

/// Answers a search. A deaf one pays no heed to its filters.
pub fn run(db: &Db, kind: &str, body: &Value, deaf: bool) -> Result<Value, Refusal> {
    let limit = body["limit"]
        .as_u64()
        .filter(|l| (1..=200).contains(l))
        .ok_or_else(|| invalid("limit"))?;
    let limit = usize::try_from(limit).map_err(|_| invalid("limit"))?;
    let start = body["after"]
        .as_str()
        .and_then(|a| a.parse::<usize>().ok())
        .ok_or_else(|| invalid("after"))?;
    if start + limit > db.search_cap {
        return Err(invalid("after: more results than a search gives"));
    }
    let names: Option<Vec<&str>> = body["properties"]
        .as_array()
        .map(|all| all.iter().filter_map(Value::as_str).collect());
    let names = names.ok_or_else(|| invalid("properties"))?;
    let groups = body["filterGroups"]
        .as_array()
        .filter(|g| g.len() == 1)
        .ok_or_else(|| invalid("filterGroups"))?;
    let filters = groups[0]["filters"]
        .as_array()
        .filter(|f| f.len() <= MAX_FILTERS)
        .ok_or_else(|| invalid("filters"))?;
    let mut found = Vec::new();
    for record in db
        .all(kind)
        .iter()
        .filter(|r| r.archived.is_none() && r.indexed <= db.clock)
    {
        let mut fits = true;
        for filter in filters.iter().filter(|_| !deaf) {
            fits &= holds(db, kind, record, filter)?;
        }
        if fits {
            found.push(record.clone());
        }
    }
    // A sort that is no object is not understood, and the oldest come first; so do those of equal values.
    let sort = &body["sorts"][0];
    match sort["propertyName"].as_str() {
        Some("hs_object_id") => found.sort_by_key(|r| r.id),
        Some(name) if name == modified_name(kind) => found.sort_by_key(|r| r.modified),
        Some(_) => return Err(invalid("sorts")),
        None => found.sort_by_key(|r| std::cmp::Reverse(r.id)),
    }
    if sort["direction"] == "DESCENDING" {
        found.reverse();
    }
    let rows: Vec<Value> = found
        .iter()
        .skip(start)
        .take(limit)
        .map(|r| shown(kind, r, &names))
        .collect();
    let end = start + rows.len();
    let mut told = json!({ "total": found.len(), "results": rows });
    if end < found.len() {
        told["paging"] = json!({ "next": { "after": end.to_string() } });
    }
    Ok(told)
}

fn holds(db: &Db, kind: &str, record: &Record, filter: &Value) -> Result<bool, Refusal> {
    let text = |key: &str| filter[key].as_str().ok_or_else(|| invalid(key));
    let (name, operator, value) = (text("propertyName")?, text("operator")?, text("value")?);
    if let Some(other) = name.strip_prefix("associations.") {
        let other = if other == "deal" { "deals" } else { "companies" };
        return Ok(db.is_tied((kind, record.id), (other, value)));
    }
    if operator == "CONTAINS_TOKEN" {
        let held = record.properties.get(name).map(String::as_str).unwrap_or_default();
        return Ok(held.contains(value));
    }
    let held: i64 = match name {
        "hs_object_id" => record.id.try_into().map_err(|_| invalid("id"))?,
        name if name == modified_name(kind) => record.modified.as_millisecond(),
        _ => return Err(invalid(name)),
    };
    let value: i64 = value.parse().map_err(|_| invalid("value"))?;
    Ok(match operator {
        "GT" => held > value,
        "GTE" => held >= value,
        "LT" => held < value,
        "LTE" => held <= value,
        "EQ" => held == value,
        _ => return Err(invalid("operator")),
    })
}
