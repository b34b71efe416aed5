//! Changing fields that a person changed here, where 纷享销客 still holds what that person saw. It has no way to make a
//! change depend on what it holds, so somebody's change within the same moment may be lost.

use jiff::civil::Date;
use serde_json::{Map, Value};

use super::{
    Fxiaoke, manifest,
    write::{decimal, place_of},
};
use crate::{
    canonical::{Object, Record},
    connector::{Conflict, Error, FieldChange, Target, Written},
    mapping::{self, Kind},
};

impl Fxiaoke {
    pub(super) async fn write_fields(&self, target: &Target, changes: &[FieldChange]) -> Result<Written, Error> {
        let name = place_of(target)?;
        let mut record = self.living(target).await?;
        let (mut vals, mut conflicts) = (Map::new(), Vec::new());
        for change in changes {
            let (field, kind) = self.writable(target.object, &change.field)?;
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
            vals.insert(field.to_owned(), self.written(kind, change, &record)?);
        }
        let changed = !vals.is_empty();
        if changed {
            self.update(name, &target.external_id, vals, true).await?;
            record = self.living(target).await?;
            let held = |change: &&FieldChange| {
                let kind = self
                    .writable(target.object, &change.field)
                    .map_or(Kind::Text, |(_, kind)| kind);
                same(kind, &text(&record, &change.field), &change.after)
            };
            let conflicting = |change: &&FieldChange| conflicts.iter().any(|c| c.field == change.field);
            let waits = changes.iter().find(|change| !held(change) && !conflicting(change));
            if let Some(change) = waits {
                return Err(Error::Refused {
                    status: 422,
                    text: format!(
                        "纷享销客 took the change and still shows the old {}: it may wait for an approval (审批流) there",
                        change.field
                    ),
                });
            }
        }
        Ok(Written {
            external_id: target.external_id.clone(),
            changed,
            revision: Some(record.revision),
            conflicts,
        })
    }

    /// 纷享销客's name of a canonical field, if it can be written and is what the rules in force read.
    fn writable(&self, object: Object, field: &str) -> Result<(&'static str, Kind), Error> {
        let known = mapping::fields(object).iter().find(|(name, _)| *name == field);
        let writes = manifest().object(object).and_then(|o| o.writes.get(field));
        let (Some((_, kind)), Some(theirs)) = (known, writes) else {
            return Err(Error::Setup(format!(
                "{field} of a {object} in 纷享销客 cannot be changed from here"
            )));
        };
        let rule = self.mapping.get(&object).and_then(|rules| rules.get(field));
        let reads = |path: &String| path == theirs || path.strip_prefix("@days.") == Some(theirs);
        if !rule.is_some_and(|rule| rule.from.iter().any(reads)) {
            return Err(Error::Setup(format!(
                "{field} of a {object} is not read from 纷享销客's {theirs}: it cannot be changed from here"
            )));
        }
        Ok((theirs, *kind))
    }

    fn written(&self, kind: Kind, change: &FieldChange, record: &Record) -> Result<Value, Error> {
        let after = change.after.trim();
        let wrong = |what: &str| Error::Setup(format!("{}: {after:?} is no {what}", change.field));
        Ok(match kind {
            _ if after.is_empty() => Value::Null,
            Kind::Money => {
                let (number, currency) = after
                    .split_once(' ')
                    .map_or((after, None), |(n, c)| (n, Some(c.trim())));
                let amount = decimal(number).ok_or_else(|| wrong("amount"))?;
                let theirs = record.raw["mc_currency"].as_str().unwrap_or("CNY");
                if currency.is_some_and(|c| c != theirs) {
                    return Err(Error::Setup(format!(
                        "纷享销客 keeps this {} in {theirs}",
                        change.field
                    )));
                }
                amount.to_string().into()
            }
            Kind::Date => {
                let day: Date = after.parse().map_err(|_| wrong("day"))?;
                let midnight = self.zone.to_timestamp(day.at(0, 0, 0, 0)).map_err(|_| wrong("day"))?;
                midnight.as_millisecond().into()
            }
            _ => after.into(),
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
            let read = |text: &str| decimal(text.split(' ').next().unwrap_or_default()).map(|d| d.normalize());
            one.trim() == other.trim() || read(one).is_some() && read(one) == read(other)
        }
        _ => one.trim() == other.trim(),
    }
}
