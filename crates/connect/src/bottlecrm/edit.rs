//! Changing fields that a person changed here, where BottleCRM still holds what that person saw.

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::{
    BottleCrm, manifest,
    source::Source,
    write::{gone, place_of},
};
use crate::{
    canonical::{Object, Record},
    connector::{Conflict, Connector as _, Error, FieldChange, Target, Written},
    edit::{amount, same, text},
    mapping::{self, Kind},
};

impl BottleCrm {
    pub(super) async fn write_fields(&self, target: &Target, changes: &[FieldChange]) -> Result<Written, Error> {
        let source = place_of(target, &[Object::Deal, Object::Account, Object::Contact])?;
        let record = self.record(source, target).await?;
        let (mut body, mut conflicts) = (Map::new(), Vec::new());
        for change in changes {
            let (name, kind) = self.writable(source.object, &change.field)?;
            let theirs = text(&record, &change.field);
            if same(kind, &theirs, &change.after) {
                continue;
            }
            if !same(kind, &theirs, &change.before) {
                conflicts.push(Conflict {
                    field: change.field.clone(),
                    theirs,
                });
                continue;
            }
            let value = self.written(source, target, kind, change, &record).await?;
            body.insert(name.to_owned(), value);
        }
        let changed = !body.is_empty();
        let mut revision = record.revision;
        if changed {
            self.change(source, target, &Value::Object(body)).await?;
            revision = self.record(source, target).await?.revision;
        }
        Ok(Written {
            external_id: target.external_id.clone(),
            changed,
            revision: Some(revision),
            conflicts,
        })
    }

    async fn record(&self, source: &'static Source, target: &Target) -> Result<Record, Error> {
        let row = self.one(source, &target.external_id).await?;
        let row = row.ok_or_else(|| gone(target))?;
        let understood = self.understand(target.object, &row);
        let record = understood.map_err(|refused| Error::Broken(refused.reason))?;
        record.ok_or_else(|| gone(target))
    }

    /// BottleCRM's name of a canonical field, if it can be written and is what the rules in force read.
    fn writable(&self, object: Object, field: &str) -> Result<(&'static str, Kind), Error> {
        let known = mapping::fields(object).iter().find(|(name, _)| *name == field);
        let writes = manifest().object(object).and_then(|o| o.writes.get(field));
        let (Some((_, kind)), Some(name)) = (known, writes) else {
            return Err(Error::Setup(format!(
                "{field} of a {object} in BottleCRM cannot be changed from here"
            )));
        };
        let rule = self.mapping.get(&object).and_then(|rules| rules.get(field));
        if !rule.is_some_and(|rule| rule.from.contains(name)) {
            return Err(Error::Setup(format!(
                "{field} of a {object} is not read from BottleCRM's {name}: it cannot be changed from here"
            )));
        }
        Ok((name, *kind))
    }

    /// The new value as BottleCRM takes it.
    async fn written(
        &self,
        source: &Source,
        target: &Target,
        kind: Kind,
        change: &FieldChange,
        record: &Record,
    ) -> Result<Value, Error> {
        let after = change.after.trim();
        let wrong = |what: &str| Error::Setup(format!("{}: {after:?} is no {what}", change.field));
        Ok(match kind {
            Kind::Text if change.field == "stage" => self.stage(source, target, after).await?,
            Kind::Text => after.into(),
            _ if after.is_empty() => Value::Null,
            Kind::Money => {
                let (number, currency) = amount(after).ok_or_else(|| wrong("amount"))?;
                let raw = &record.raw;
                let theirs = raw["currency"]
                    .as_str()
                    .filter(|c| !c.is_empty())
                    .or(raw["@currency"].as_str());
                match (currency, theirs) {
                    (Some(ours), Some(theirs)) if ours != theirs => {
                        return Err(Error::Setup(format!(
                            "BottleCRM keeps this {} in {theirs}",
                            change.field
                        )));
                    }
                    _ => number.to_string().into(),
                }
            }
            Kind::Date => {
                after.parse::<Date>().map_err(|_| wrong("day"))?;
                after.into()
            }
            Kind::Percent => json!(after.parse::<u8>().map_err(|_| wrong("share"))?),
            _ => after.into(),
        })
    }

    /// The code of the stage that people know by this name, in the deal's own pipeline.
    async fn stage(&self, source: &Source, target: &Target, name: &str) -> Result<Value, Error> {
        let whole = self.living(source, target).await?;
        let stages = whole["stage"].as_array().map(Vec::as_slice).unwrap_or_default();
        let found = stages.iter().find(|stage| stage[1] == name);
        found.map(|stage| stage[0].clone()).ok_or_else(|| Error::Refused {
            status: 422,
            text: format!("there is no stage {name:?} for this deal"),
        })
    }
}
