//! Changing fields that a person changed here, where SuiteCRM still holds what that person saw. SuiteCRM has no way to
//! make a change depend on what it holds, so somebody's change within the same moment may be lost.

use jiff::civil::Date;
use serde_json::Value;

use super::{
    SuiteCrm, manifest,
    source::Module,
    value,
    write::{gone, place_of},
};
use crate::{
    canonical::{Object, Record},
    connector::{Conflict, Error, FieldChange, Target, Written},
    mapping::{self, Kind},
};

impl SuiteCrm {
    pub(super) async fn write_fields(&self, target: &Target, changes: &[FieldChange]) -> Result<Written, Error> {
        let (module, id) = place_of(target)?;
        let mut record = self.living(target).await?;
        if record.deleted {
            return Err(gone(target));
        }
        let (mut pairs, mut conflicts) = (Vec::new(), Vec::new());
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
            pairs.push((field, self.written(module, kind, field, change, &record).await?));
        }
        let changed = !pairs.is_empty();
        if changed {
            let mut all = vec![("id", id)];
            all.extend(pairs.iter().map(|(name, value)| (*name, value.as_str())));
            self.set(module, &all).await?;
            record = self.living(target).await?;
        }
        Ok(Written {
            external_id: target.external_id.clone(),
            changed,
            revision: Some(record.revision),
            conflicts,
        })
    }

    /// SuiteCRM's name of a canonical field, if it can be written and is what the rules in force read.
    fn writable(&self, object: Object, field: &str) -> Result<(&'static str, Kind), Error> {
        let known = mapping::fields(object).iter().find(|(name, _)| *name == field);
        let writes = manifest().object(object).and_then(|o| o.writes.get(field));
        let (Some((_, kind)), Some(theirs)) = (known, writes) else {
            return Err(Error::Setup(format!(
                "{field} of a {object} in SuiteCRM cannot be changed from here"
            )));
        };
        let rule = self.mapping.get(&object).and_then(|rules| rules.get(field));
        if !rule.is_some_and(|rule| rule.from.iter().any(|path| path == theirs)) {
            return Err(Error::Setup(format!(
                "{field} of a {object} is not read from SuiteCRM's {theirs}: it cannot be changed from here"
            )));
        }
        Ok((theirs, *kind))
    }

    async fn written(
        &self,
        module: &Module,
        kind: Kind,
        field: &str,
        change: &FieldChange,
        record: &Record,
    ) -> Result<String, Error> {
        let after = change.after.trim();
        let wrong = |what: &str| Error::Setup(format!("{}: {after:?} is no {what}", change.field));
        Ok(match kind {
            _ if after.is_empty() && kind != Kind::Money => String::new(),
            Kind::Money if after.is_empty() => "0".into(),
            Kind::Money => {
                let (amount, currency) = value::amount(after).ok_or_else(|| wrong("amount"))?;
                let theirs = record.raw["@currency"].as_str().unwrap_or_default();
                if currency.is_some_and(|c| theirs != c.code()) {
                    return Err(Error::Setup(format!(
                        "SuiteCRM keeps this {} in {theirs}",
                        change.field
                    )));
                }
                amount.to_string()
            }
            Kind::Date => {
                after.parse::<Date>().map_err(|_| wrong("day"))?;
                after.into()
            }
            _ if field == "sales_stage" => self.choice(module, field, after).await?,
            _ => after.into(),
        })
    }

    /// The value of a list of choices by its key or its word, in the language of the connection's user.
    async fn choice(&self, module: &Module, field: &str, word: &str) -> Result<String, Error> {
        let fields = self.fields(module, &[field]).await?;
        let options = fields.get(field).map(|f| f.options.as_slice()).unwrap_or_default();
        let by_key = options.iter().find(|(key, _)| key == word);
        let found = by_key.or_else(|| options.iter().find(|(_, label)| label == word));
        found.map(|(key, _)| key.clone()).ok_or_else(|| Error::Refused {
            status: 422,
            text: format!("{field} cannot be {word:?}"),
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
