//! Which records a domain allows: conditions in prefix order, as Odoo reads them.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::{
    db::{Db, Refusal, Row},
    seconds,
};

impl Db {
    /// Whether `row` of `model` fulfils all of `domain`.
    pub(super) fn holds(&self, model: &str, row: &Row, domain: &[Value]) -> Result<bool, Refusal> {
        let mut rest = domain;
        let mut all = true;
        while !rest.is_empty() {
            all &= self.term(model, row, &mut rest)?;
        }
        Ok(all)
    }

    fn term(&self, model: &str, row: &Row, rest: &mut &[Value]) -> Result<bool, Refusal> {
        let broken = || Refusal::new(500, "builtins.ValueError", "Domains should be lists of conditions");
        let (first, after) = rest.split_first().ok_or_else(broken)?;
        *rest = after;
        match first.as_str() {
            Some("|") => {
                let (one, other) = (self.term(model, row, rest)?, self.term(model, row, rest)?);
                Ok(one || other)
            }
            Some("&") => {
                let (one, other) = (self.term(model, row, rest)?, self.term(model, row, rest)?);
                Ok(one && other)
            }
            Some("!") => Ok(!self.term(model, row, rest)?),
            _ => {
                let parts = first.as_array().filter(|p| p.len() == 3).ok_or_else(broken)?;
                let path = parts[0].as_str().ok_or_else(broken)?;
                let operator = parts[1].as_str().ok_or_else(broken)?;
                self.condition(model, row, path, operator, &parts[2])
            }
        }
    }

    fn condition(&self, model: &str, row: &Row, path: &str, operator: &str, wanted: &Value) -> Result<bool, Refusal> {
        let (name, rest) = match path.split_once('.') {
            Some((name, rest)) => (name, Some(rest)),
            None => (path, None),
        };
        let field = self.field(model, name)?;
        let held = self.stored(model, row, name);
        if let Some(rest) = rest {
            let relation = field.relation.expect("a path leads through relations");
            for id in ids(&held) {
                let Some(other) = self.at(&relation).rows.get(&id) else {
                    continue;
                };
                if self.condition(&relation, other, rest, operator, wanted)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        if name == "write_date" {
            return moment(&held, operator, wanted, self.version >= 19);
        }
        let is_many = field.kind == "many2many";
        Ok(match operator {
            "=" if is_many => held.as_array().is_none_or(Vec::is_empty) == (wanted == false),
            "!=" if is_many => held.as_array().is_none_or(Vec::is_empty) != (wanted == false),
            "=" => held == *wanted,
            "!=" => held != *wanted,
            "in" => wanted.as_array().is_some_and(|w| w.contains(&held)),
            ">" => order(&held, wanted).is_gt(),
            ">=" => order(&held, wanted).is_ge(),
            "<" => order(&held, wanted).is_lt(),
            "ilike" => {
                let text = |v: &Value| v.as_str().unwrap_or_default().to_lowercase();
                text(&held).contains(&text(wanted))
            }
            other => {
                return Err(Refusal::new(
                    500,
                    "builtins.ValueError",
                    format!("Invalid operator {other:?}"),
                ));
            }
        })
    }

    /// What `row` holds in `field`, worked out where Odoo works it out.
    pub(super) fn stored(&self, model: &str, row: &Row, field: &str) -> Value {
        let own = row.get("id").and_then(Value::as_i64).unwrap_or_default();
        match (model, field) {
            ("res.partner", "commercial_partner_id") => match row["parent_id"].as_i64() {
                Some(parent) if row["is_company"] != true => match self.at(model).rows.get(&parent) {
                    Some(parent) => self.stored(model, parent, field),
                    None => json!(own),
                },
                _ => json!(own),
            },
            ("res.partner", "partner_share") => {
                let is_internal = |user: &Row| user["partner_id"] == own && user["share"] != true;
                json!(!self.at("res.users").rows.values().any(is_internal))
            }
            ("res.partner", "country_code") => {
                let id = row["country_id"].as_i64().unwrap_or_default();
                let country = self.at("res.country").rows.get(&id);
                country.map_or(json!(false), |c| c["code"].clone())
            }
            ("crm.lead", "won_status") => {
                let stage = row["stage_id"].as_i64().unwrap_or_default();
                let won = self
                    .at("crm.stage")
                    .rows
                    .get(&stage)
                    .is_some_and(|s| s["is_won"] == true);
                let chance = row["probability"].as_f64().unwrap_or_default();
                match row["active"] == false && chance <= 0.0 {
                    _ if won && chance >= 100.0 => json!("won"),
                    true => json!("lost"),
                    false => json!("pending"),
                }
            }
            _ => row.get(field).cloned().unwrap_or(json!(false)),
        }
    }
}

fn ids(value: &Value) -> Vec<i64> {
    match value {
        Value::Array(ids) => ids.iter().filter_map(Value::as_i64).collect(),
        one => one.as_i64().into_iter().collect(),
    }
}

fn order(held: &Value, wanted: &Value) -> Ordering {
    match (held.as_f64(), wanted.as_f64()) {
        (Some(held), Some(wanted)) => held.total_cmp(&wanted),
        _ => held.as_str().cmp(&wanted.as_str()),
    }
}

/// Since 19 times are compared by whole seconds; before, the fraction that nobody sees counts.
fn moment(held: &Value, operator: &str, wanted: &Value, whole: bool) -> Result<bool, Refusal> {
    let held = held.as_i64().unwrap_or_default();
    if wanted == false {
        return Ok(operator == "!=");
    }
    let wanted = wanted.as_str().and_then(seconds).ok_or_else(|| {
        Refusal::new(
            500,
            "psycopg2.errors.InvalidDatetimeFormat",
            "invalid input syntax for type timestamp",
        )
    })? * 1_000_000;
    let held = if whole { held - held.rem_euclid(1_000_000) } else { held };
    Ok(match operator {
        "=" => held == wanted,
        ">" => held > wanted,
        ">=" => held >= wanted,
        "<" => held < wanted,
        "<=" => held <= wanted,
        other => {
            return Err(Refusal::new(
                500,
                "builtins.ValueError",
                format!("Invalid operator {other:?}"),
            ));
        }
    })
}
