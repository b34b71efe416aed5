//! Changing fields that a person changed here, where Odoo still holds what that person saw.

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::{Odoo, manifest, value, write::or_gone};
use crate::{
    canonical::{Object, Record},
    connector::{Conflict, Error, FieldChange, Target, Written},
    mapping::{self, Kind},
};

impl Odoo {
    pub(super) async fn write_fields(&self, target: &Target, changes: &[FieldChange]) -> Result<Written, Error> {
        let (model, id) = self.place_of(target)?;
        let mut record = self.living(target).await?;
        let (mut vals, mut conflicts) = (Map::new(), Vec::new());
        for change in changes {
            let (field, kind) = self.writable(target.object, &change.field)?;
            let theirs = text(&record, &change.field);
            // The real end of a closed deal is Odoo's to tell: the field that is written would not show.
            let closed = field == "date_deadline" && record.raw["date_closed"].is_string();
            if same(kind, &theirs, &change.after) {
                continue;
            }
            if closed || !same(kind, &theirs, &change.before) {
                conflicts.push(Conflict {
                    field: change.field.clone(),
                    theirs,
                });
                continue;
            }
            vals.insert(field.to_owned(), self.written(kind, field, change, &record).await?);
        }
        let changed = !vals.is_empty();
        if changed {
            self.rpc
                .call(model, "write", Some(&[id]), json!({ "vals": vals }))
                .await
                .map_err(|e| or_gone(e, target))?;
            record = self.living(target).await?;
        }
        Ok(Written {
            external_id: target.external_id.clone(),
            changed,
            revision: Some(record.revision),
            conflicts,
        })
    }

    /// Odoo's name of a canonical field, if it can be written and is what the rules in force read.
    fn writable(&self, object: Object, field: &str) -> Result<(&'static str, Kind), Error> {
        let known = mapping::fields(object).iter().find(|(name, _)| *name == field);
        let writes = manifest().object(object).and_then(|o| o.writes.get(field));
        let (Some((_, kind)), Some(theirs)) = (known, writes) else {
            return Err(Error::Setup(format!(
                "{field} of a {object} in Odoo cannot be changed from here"
            )));
        };
        let rule = self.mapping.get(&object).and_then(|rules| rules.get(field));
        let read = rule.is_some_and(|rule| rule.from.iter().any(|path| path.split('.').next() == Some(theirs)));
        if !read {
            return Err(Error::Setup(format!(
                "{field} of a {object} is not read from Odoo's {theirs}: it cannot be changed from here"
            )));
        }
        Ok((theirs, *kind))
    }

    async fn written(&self, kind: Kind, field: &str, change: &FieldChange, record: &Record) -> Result<Value, Error> {
        let after = change.after.trim();
        let wrong = |what: &str| Error::Setup(format!("{}: {after:?} is no {what}", change.field));
        Ok(match kind {
            Kind::Money if after.is_empty() => json!(0),
            Kind::Money => {
                let (amount, currency) = value::amount(after).ok_or_else(|| wrong("amount"))?;
                let theirs = &record.raw["company_currency"][1];
                if currency.is_some_and(|c| *theirs != c.code()) {
                    return Err(Error::Setup(format!("Odoo keeps this {} in {theirs}", change.field)));
                }
                value::number(&amount.to_string())
            }
            _ if after.is_empty() => Value::Bool(false),
            Kind::Date => {
                after.parse::<Date>().map_err(|_| wrong("day"))?;
                after.into()
            }
            _ if field == "stage_id" => json!(self.stage(after, record).await?),
            _ => after.into(),
        })
    }

    /// The stage of this name that the deal's team has; else one that all teams have.
    async fn stage(&self, name: &str, record: &Record) -> Result<i64, Error> {
        let there = self.schema.fields(&self.rpc, "crm.stage").await?.unwrap_or_default();
        let fields: Vec<&str> = ["team_id", "team_ids"]
            .into_iter()
            .filter(|f| there.contains(*f))
            .collect();
        let args = json!({ "domain": [["name", "=", name]], "fields": fields, "order": "sequence, id" });
        let found = self.rpc.call("crm.stage", "search_read", None, args).await?.value;
        let stages = found.as_array().map(Vec::as_slice).unwrap_or_default();
        let team = value::reference(&record.raw["team_id"]);
        let teams = |stage: &Value| -> Vec<i64> {
            let many = stage["team_ids"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_i64);
            many.chain(value::reference(&stage["team_id"])).collect()
        };
        let own = stages.iter().find(|s| team.is_some_and(|t| teams(s).contains(&t)));
        let chosen = own.or_else(|| stages.iter().find(|s| teams(s).is_empty()));
        chosen.and_then(value::id).ok_or_else(|| Error::Refused {
            status: 422,
            text: format!("there is no stage {name:?} for this deal"),
        })
    }
}

/// A canonical field as text, as the person sees it; empty for nothing.
fn text(record: &Record, field: &str) -> String {
    let body = serde_json::to_value(&record.body).unwrap_or_default();
    match &body[field] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Object(money) => money["amount"].as_str().unwrap_or_default().to_owned(),
        other => other.to_string(),
    }
}

fn same(kind: Kind, one: &str, other: &str) -> bool {
    match kind {
        Kind::Money => {
            let read = |text| value::amount(text).map(|(amount, _)| amount.normalize());
            one.trim() == other.trim() || read(one).is_some() && read(one) == read(other)
        }
        _ => one.trim() == other.trim(),
    }
}
