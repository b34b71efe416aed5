//! What is worked out of a record when it is pulled, and kept in it under names that begin with `@`.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use super::{
    Salesforce,
    source::{Source, is_true, moment},
};
use crate::{canonical::Object, connector::Error};

impl Salesforce {
    /// Adds what is worked out to rows of `source`, and takes away what tells nothing of the record.
    pub(super) async fn enrich(&self, source: &Source, rows: &mut [Value]) -> Result<(), Error> {
        let needs_zone = rows.iter().any(|row| row["StartDateTime"].is_string());
        let zone = match needs_zone {
            true => self.zone().await?.and_then(|name| TimeZone::get(&name).ok()),
            false => None,
        };
        for row in rows {
            if let Some(members) = row.as_object_mut() {
                members.remove("attributes");
            }
            if let Some(currency) = &self.currency
                && matches!(source.object, Object::Deal | Object::Order)
            {
                row["@currency"] = currency.as_str().into();
            }
            match source.object {
                Object::Deal => {
                    let kind = match (is_true(&row["IsWon"]), is_true(&row["IsClosed"])) {
                        (true, _) => "won",
                        (false, true) => "lost",
                        (false, false) => "open",
                    };
                    row["@kind"] = kind.into();
                }
                Object::Activity => {
                    row["@contact"] = of_kind(&row["WhoId"], "003");
                    row["@deal"] = of_kind(&row["WhatId"], "006");
                    row["@day"] = day(row, zone.as_ref());
                    row["@until"] = until(row, zone.as_ref());
                    let subtype = match row["TaskSubtype"].as_str() {
                        Some("Task") | None => source.name.to_lowercase(),
                        Some(other) => other.to_lowercase(),
                    };
                    row["@subtype"] = if subtype == "event" {
                        Value::Null
                    } else {
                        subtype.into()
                    };
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The organisation's time zone, if it tells.
    async fn zone(&self) -> Result<Option<String>, Error> {
        let ask = async || match self.rest.query("SELECT TimeZoneSidKey FROM Organization").await {
            Ok(found) => Ok(found
                .rows
                .first()
                .and_then(|row| row["TimeZoneSidKey"].as_str().map(str::to_owned))),
            Err(Error::Refused { .. }) => Ok(None),
            Err(other) => Err(other),
        };
        self.rest.session.zone.get_or_try_init(ask).await.cloned()
    }
}

/// An id, if its first letters say that it is of this kind.
fn of_kind(id: &Value, prefix: &str) -> Value {
    match id.as_str() {
        Some(text) if text.starts_with(prefix) => id.clone(),
        _ => Value::Null,
    }
}

/// The day in the organisation's own zone; of what lasts all day, the day that it names.
fn day(row: &Value, zone: Option<&TimeZone>) -> Value {
    match moment(&row["StartDateTime"]) {
        Some(at) if !is_true(&row["IsAllDayEvent"]) => on(at, zone).into(),
        _ => row["ActivityDate"].clone(),
    }
}

/// The last day of what lasts longer than one. What lasts all day ends at midnight UTC of its last day.
fn until(row: &Value, zone: Option<&TimeZone>) -> Value {
    let Some(end) = moment(&row["EndDateTime"]) else {
        return Value::Null;
    };
    let zone = zone.filter(|_| !is_true(&row["IsAllDayEvent"]));
    let last = on(end, zone);
    match row["@day"].as_str() {
        Some(day) if last.as_str() > day => last.into(),
        _ => Value::Null,
    }
}

fn on(at: Timestamp, zone: Option<&TimeZone>) -> String {
    zone.unwrap_or(&TimeZone::UTC).to_datetime(at).date().to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_day_is_that_of_the_organisation() {
        let zone = TimeZone::get("Asia/Shanghai").expect("a zone");
        let row = json!({ "StartDateTime": "2026-11-23T17:30:00.000+0000", "IsAllDayEvent": false, "ActivityDate": "2026-11-23" });
        assert_eq!(day(&row, Some(&zone)), "2026-11-24");
        assert_eq!(day(&row, None), "2026-11-23");
        let row = json!({ "StartDateTime": "2026-11-24T00:00:00.000+0000", "IsAllDayEvent": "true", "ActivityDate": "2026-11-24" });
        assert_eq!(day(&row, Some(&zone)), "2026-11-24");
        assert_eq!(day(&json!({ "ActivityDate": null }), Some(&zone)), Value::Null);
    }
}
