//! What is worked out of a row when it is pulled, and kept in it under names that begin with `@`.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use super::{Dynamics, source::Source};
use crate::{canonical::Object, connector::Error};

/// Lookups that may lead to one of several tables.
const LOOKUPS: [&str; 3] = [
    "_customerid_value",
    "_parentcustomerid_value",
    "_regardingobjectid_value",
];
/// Days of an activity, the best first.
const TIMES: [&str; 4] = ["actualstart", "scheduledstart", "actualend", "scheduledend"];

impl Dynamics {
    pub(super) async fn enrich(&self, source: &Source, rows: &mut [Value]) -> Result<(), Error> {
        let needs = rows.iter().any(|row| row["_transactioncurrencyid_value"].is_string());
        let currencies = match needs {
            true => Some(self.rest.currencies().await?),
            false => None,
        };
        for row in rows {
            row["@table"] = source.table.into();
            let currency = row["_transactioncurrencyid_value"].as_str();
            let code = currency.and_then(|id| currencies.as_ref()?.get(id).cloned());
            if let Some(code) = code {
                row["@currency"] = code.into();
            }
            for lookup in LOOKUPS {
                let kind = &row[format!("{lookup}@Microsoft.Dynamics.CRM.lookuplogicalname")];
                let name = match kind.as_str() {
                    Some("account") => "@account",
                    Some("contact") => "@contact",
                    Some("opportunity") => "@deal",
                    _ => continue,
                };
                row[name] = row[lookup].clone();
            }
            if source.object == Object::Activity {
                let kind = match source.table {
                    "appointment" => "meeting",
                    "phonecall" => "call",
                    other => other,
                };
                row["@kind"] = kind.into();
                let at = TIMES
                    .iter()
                    .find_map(|time| row[*time].as_str()?.parse::<Timestamp>().ok());
                let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
                let day = |at: Timestamp| zone.to_datetime(at).date();
                if let Some(at) = at {
                    row["@day"] = day(at).to_string().into();
                }
                let end = ["actualend", "scheduledend"].iter();
                let end = end
                    .filter_map(|time| row[*time].as_str()?.parse::<Timestamp>().ok())
                    .next();
                if let Some((at, end)) = at.zip(end)
                    && day(end) > day(at)
                {
                    row["@until"] = day(end).to_string().into();
                }
            }
        }
        Ok(())
    }
}
