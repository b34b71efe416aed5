//! Changing fields that a person changed here, where HubSpot still holds what that person saw.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::{
    HubSpot, manifest,
    source::{self, Source},
    write::place_of,
};
use crate::{
    canonical::{Object, Record},
    connector::{Conflict, Connector as _, Error, FieldChange, Target, Written},
    edit::{amount, same, text},
    mapping::{self, Kind},
};

impl HubSpot {
    pub(super) async fn write_fields(&self, target: &Target, changes: &[FieldChange]) -> Result<Written, Error> {
        let source = place_of(target, &[Object::Deal, Object::Account, Object::Contact])?;
        let mut rows = vec![self.living(source, target, self.properties(source)).await?];
        self.enrich(source, &mut rows).await?;
        let understood = self.understand(target.object, &rows[0]);
        let record = understood.map_err(|refused| Error::Broken(refused.reason))?;
        let record = record.ok_or_else(|| super::write::gone(target))?;
        let (mut properties, mut conflicts) = (Map::new(), Vec::new());
        for change in changes {
            let (property, kind) = self.writable(source, &change.field)?;
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
            let value = self.written(source, kind, property, change, &record).await?;
            properties.insert(property.to_owned(), value.into());
        }
        let changed = !properties.is_empty();
        let mut revision = record.revision;
        if changed {
            let row = self
                .change(source, target, &json!({ "properties": properties }))
                .await?;
            if let Some(at) = source.changed(&row) {
                revision = source::revision(at);
            }
        }
        Ok(Written {
            external_id: target.external_id.clone(),
            changed,
            revision: Some(revision),
            conflicts,
        })
    }

    /// HubSpot's name of a canonical field, if it can be written and is what the rules in force read.
    fn writable(&self, source: &Source, field: &str) -> Result<(&'static str, Kind), Error> {
        let (object, crm) = (source.object, source.name);
        let known = mapping::fields(object).iter().find(|(name, _)| *name == field);
        let writes = manifest().object(object).and_then(|o| o.writes.get(field));
        let (Some((_, kind)), Some(property)) = (known, writes) else {
            return Err(Error::Setup(format!(
                "{field} of HubSpot's {crm} cannot be changed from here"
            )));
        };
        let stage = source.stage.is_some_and(|(_, stage)| stage == property);
        let reads = |path: &String| {
            path.strip_prefix("properties.").or_else(|| path.strip_prefix("@days.")) == Some(property)
                || (stage && path == "@stage.label")
        };
        let rule = self.mapping.get(&object).and_then(|rules| rules.get(field));
        if !rule.is_some_and(|rule| rule.from.iter().any(reads)) {
            return Err(Error::Setup(format!(
                "{field} is not read from {property} of HubSpot's {crm}: it cannot be changed from here"
            )));
        }
        Ok((property, *kind))
    }

    /// The new value as HubSpot takes it: always text.
    async fn written(
        &self,
        source: &'static Source,
        kind: Kind,
        property: &str,
        change: &FieldChange,
        record: &Record,
    ) -> Result<String, Error> {
        let after = change.after.trim();
        let wrong = |what: &str| Error::Setup(format!("{}: {after:?} is no {what}", change.field));
        if after.is_empty() {
            return Ok(String::new());
        }
        if let Some((pipeline, stage)) = source.stage
            && stage == property
        {
            let own = &record.raw["properties"][pipeline];
            let stages = self.stages(source).await?;
            let found = stages.iter().find(|s| *own == s.pipeline && s.label == after);
            return found.map(|s| s.id.clone()).ok_or_else(|| Error::Refused {
                status: 422,
                text: format!("there is no stage {after:?} for this record"),
            });
        }
        match kind {
            Kind::Money => {
                let (number, currency) = amount(after).ok_or_else(|| wrong("amount"))?;
                let body = serde_json::to_value(&record.body).unwrap_or_default();
                let theirs = [
                    &body[&change.field]["currency"],
                    &record.raw["properties"]["deal_currency_code"],
                    &record.raw["@account"]["currency"],
                ];
                let theirs = theirs.into_iter().find_map(Value::as_str);
                match (currency, theirs) {
                    (Some(ours), Some(theirs)) if ours != theirs => {
                        Err(Error::Setup(format!("HubSpot keeps this {} in {theirs}", change.field)))
                    }
                    _ => Ok(number.to_string()),
                }
            }
            Kind::Date => {
                let day: Date = after.parse().map_err(|_| wrong("day"))?;
                // The day is read in the portal's zone, so it is written there; at noon it is the same day to most who look.
                let zone = record.raw["@account"]["zone"]
                    .as_str()
                    .and_then(|name| TimeZone::get(name).ok());
                let noon = day.at(12, 0, 0, 0);
                let at = zone.unwrap_or(TimeZone::UTC).to_timestamp(noon);
                Ok(at.map_err(|_| wrong("day"))?.as_millisecond().to_string())
            }
            _ => Ok(after.to_owned()),
        }
    }
}
