//! Writing back: cost figures, in properties that Outlay adds to HubSpot.

use jiff::Timestamp;
use outlay_core::Money;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{
    HubSpot,
    rest::rows,
    source::{self, Source},
};
use crate::{
    canonical::Object,
    connector::{Error, Target, Write, Written, no_todos},
};

/// What was paid, in the currency of [`CURRENCY`].
const PAID: &str = "outlay_paid";
const PENDING: &str = "outlay_pending";
const CURRENCY: &str = "outlay_currency";
const AS_OF: &str = "outlay_as_of";
/// Our properties: name, label, type, kind of field.
pub const PROPERTIES: [(&str, &str, &str, &str); 4] = [
    (PAID, "Outlay: paid", "number", "number"),
    (PENDING, "Outlay: pending", "number", "number"),
    (CURRENCY, "Outlay: currency", "string", "text"),
    (AS_OF, "Outlay: as of", "datetime", "date"),
];

impl HubSpot {
    pub(super) async fn write(&self, write: &Write) -> Result<Written, Error> {
        match write {
            Write::CostFigures {
                target,
                paid,
                pending,
                as_of,
            } => self.write_costs(target, *paid, *pending, *as_of).await,
            Write::Note {
                target,
                marker,
                revision,
                text,
            } => self.write_note(target, marker, *revision, text).await,
            Write::Fields { target, changes } => self.write_fields(target, changes).await,
            Write::Todo { .. } => Err(no_todos()),
        }
    }

    async fn write_costs(
        &self,
        target: &Target,
        paid: Money,
        pending: Money,
        as_of: Timestamp,
    ) -> Result<Written, Error> {
        if paid.currency != pending.currency {
            return Err(Error::Setup("paid and pending must be of one currency".into()));
        }
        let source = place_of(target, &[Object::Deal, Object::Account])?;
        let names = format!("{PAID},{PENDING},{CURRENCY},{AS_OF},{}", source.modified);
        let mut row = self.living(source, target, &names).await?;
        let held = &row["properties"];
        let as_of = as_of.as_millisecond();
        let theirs = held[AS_OF].as_str().and_then(|t| t.parse::<Timestamp>().ok());
        let theirs = theirs.map(Timestamp::as_millisecond);
        let newer = theirs.is_some_and(|theirs| theirs > as_of);
        let same = theirs == Some(as_of)
            && held[CURRENCY] == paid.currency.code()
            && is_amount(&held[PAID], paid)
            && is_amount(&held[PENDING], pending);
        if !newer && !same {
            let body = json!({ "properties": {
                PAID: paid.plain(),
                PENDING: pending.plain(),
                CURRENCY: paid.currency.code(),
                AS_OF: as_of.to_string(),
            }});
            row = match self.change(source, target, &body).await {
                // One of our properties lacks, perhaps: adds it, if so, and tries again.
                Err(Error::Refused { status: 400, text }) => {
                    if !self.make_properties(source).await? {
                        return Err(Error::Refused { status: 400, text });
                    }
                    self.change(source, target, &body).await?
                }
                row => row?,
            };
        }
        Ok(Written {
            external_id: target.external_id.clone(),
            changed: !newer && !same,
            revision: source.changed(&row).map(source::revision),
            conflicts: Vec::new(),
        })
    }

    /// The target as it is now, with these properties.
    pub(super) async fn living(&self, source: &Source, target: &Target, properties: &str) -> Result<Value, Error> {
        let path = format!("{}/{}", source.path, target.external_id);
        let reply = self.rest.get(&path, &[("properties", properties)]).await;
        let row = reply.map_err(|e| or_gone(e, target))?.value;
        if row["archived"] == true {
            return Err(gone(target));
        }
        // A record that was merged answers under its old id: what is written belongs to the one that it became.
        Ok(row)
    }

    /// Changes properties of the target; gives it back as it is then.
    pub(super) async fn change(&self, source: &Source, target: &Target, body: &Value) -> Result<Value, Error> {
        let path = format!("{}/{}", source.path, target.external_id);
        let reply = self.rest.patch(&path, body).await;
        Ok(reply.map_err(|e| or_gone(e, target))?.value)
    }

    /// Those of our properties that records of `source` lack.
    pub(super) async fn lacking(&self, source: &Source) -> Result<Vec<&'static str>, Error> {
        let path = format!("/crm/v3/properties/{}", source.name);
        let there = rows(&mut self.rest.get(&path, &[]).await?.value)?;
        let names = PROPERTIES.iter().map(|(name, ..)| *name);
        Ok(names.filter(|name| !there.iter().any(|p| p["name"] == *name)).collect())
    }

    /// Adds those of our properties that lack; tells whether any did.
    async fn make_properties(&self, source: &Source) -> Result<bool, Error> {
        let may_not = |error| match error {
            Error::Refused { status: 403, .. } => Error::Setup(advice(source)),
            other => other,
        };
        let lacking = self.lacking(source).await.map_err(may_not)?;
        let group = if source.object == Object::Deal {
            "dealinformation"
        } else {
            "companyinformation"
        };
        for (name, label, kind, field) in PROPERTIES.iter().filter(|(name, ..)| lacking.contains(name)) {
            let body = json!({ "name": name, "label": label, "type": kind, "fieldType": field, "groupName": group });
            match self
                .rest
                .post(&format!("/crm/v3/properties/{}", source.name), &body)
                .await
            {
                // Made by another try meanwhile.
                Ok(_) | Err(Error::Refused { status: 409, .. }) => {}
                Err(error) => return Err(may_not(error)),
            }
        }
        Ok(!lacking.is_empty())
    }
}

/// What a person does where the token may not add properties.
pub fn advice(source: &Source) -> String {
    let names: Vec<String> = PROPERTIES
        .iter()
        .map(|(name, _, kind, _)| format!("{name} ({kind})"))
        .collect();
    let (name, names) = (source.name, names.join(", "));
    format!(
        "cost figures need properties of {name} in HubSpot: give the private app the scope crm.schemas.{name}.write, or add {names} by hand"
    )
}

/// The source of a record that may be written to, with an id that may stand in an address.
pub fn place_of(target: &Target, allowed: &[Object]) -> Result<&'static Source, Error> {
    if !allowed.contains(&target.object) {
        return Err(Error::Setup(format!(
            "this is not written to a {} in HubSpot",
            target.object
        )));
    }
    if !source::is_id(&target.external_id) {
        return Err(Error::Setup(format!("{:?} is no id of HubSpot", target.external_id)));
    }
    Source::of(target.object)
}

pub fn gone(target: &Target) -> Error {
    Error::Gone {
        object: target.object,
        external_id: target.external_id.clone(),
    }
}

pub fn or_gone(error: Error, target: &Target) -> Error {
    match error {
        Error::Refused { status: 404, .. } => gone(target),
        other => other,
    }
}

fn is_amount(held: &Value, money: Money) -> bool {
    let held = held.as_str().and_then(|text| text.parse::<Decimal>().ok());
    held == Some(money.decimal())
}
