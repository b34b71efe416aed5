//! Where each canonical object comes from in Dataverse.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::rest::Columns;
use crate::{canonical::Object, mapping::Rules};

/// The table behind an object.
#[derive(Debug)]
pub struct Source {
    pub object: Object,
    /// Its name in addresses: `accounts`.
    pub set: &'static str,
    /// Its logical name: `account`.
    pub table: &'static str,
    /// The column of its ids.
    pub key: &'static str,
    /// Whether an inactive record counts as deleted.
    pub archives: bool,
    /// Columns that the code itself looks at.
    own: &'static [&'static str],
}

const fn plain(object: Object, set: &'static str, table: &'static str, key: &'static str) -> Source {
    Source {
        object,
        set,
        table,
        key,
        archives: false,
        own: &[],
    }
}

const ACTIVITY: &[&str] = &[
    "_regardingobjectid_value",
    "scheduledstart",
    "scheduledend",
    "actualstart",
    "actualend",
];

static SOURCES: [Source; 9] = [
    plain(Object::CrmUser, "systemusers", "systemuser", "systemuserid"),
    Source {
        archives: true,
        ..plain(Object::Account, "accounts", "account", "accountid")
    },
    Source {
        archives: true,
        own: &["_parentcustomerid_value"],
        ..plain(Object::Contact, "contacts", "contact", "contactid")
    },
    Source {
        own: &["_customerid_value", "_transactioncurrencyid_value"],
        ..plain(Object::Deal, "opportunities", "opportunity", "opportunityid")
    },
    plain(Object::Project, "msdyn_projects", "msdyn_project", "msdyn_projectid"),
    Source {
        own: &["_customerid_value", "_transactioncurrencyid_value"],
        ..plain(Object::Order, "salesorders", "salesorder", "salesorderid")
    },
    Source {
        own: ACTIVITY,
        ..plain(Object::Activity, "appointments", "appointment", "activityid")
    },
    Source {
        own: ACTIVITY,
        ..plain(Object::Activity, "phonecalls", "phonecall", "activityid")
    },
    Source {
        own: ACTIVITY,
        ..plain(Object::Activity, "tasks", "task", "activityid")
    },
];

impl Source {
    /// The sources of `object`: three of an activity, one of others.
    pub fn all(object: Object) -> &'static [Source] {
        let first = SOURCES.iter().position(|s| s.object == object).unwrap_or(0);
        let count = SOURCES.iter().filter(|s| s.object == object).count();
        &SOURCES[first..first + count]
    }

    /// The columns to ask for, of those that are there.
    pub fn wanted(&self, rules: Option<&Rules>, there: &Columns) -> String {
        let rules = rules.into_iter().flat_map(|rules| rules.values());
        let paths = rules.flat_map(|rule| rule.from.iter().chain(rule.currency.iter().flat_map(|c| &c.from)));
        let roots = paths.map(|path| path.split(['@', '.']).next().unwrap_or(path));
        let mut wanted: BTreeSet<&str> = roots.chain(self.own.iter().copied()).collect();
        wanted.extend([self.key, "modifiedon", "statecode"]);
        wanted.retain(|name| there.contains_key(column(name)));
        wanted.into_iter().collect::<Vec<_>>().join(",")
    }

    /// A row's id.
    pub fn id<'r>(&self, row: &'r Value) -> Option<&'r str> {
        row[self.key].as_str().filter(|id| is_id(id))
    }
}

/// The column behind a name in a row: lookups stand there as `_ownerid_value`.
fn column(name: &str) -> &str {
    let inner = name.strip_prefix('_').and_then(|name| name.strip_suffix("_value"));
    inner.unwrap_or(name)
}

/// True if this is a GUID, and may stand in an address or a filter.
pub fn is_id(text: &str) -> bool {
    let dashes = [8, 13, 18, 23];
    text.len() == 36
        && text.bytes().enumerate().all(|(n, b)| {
            if dashes.contains(&n) {
                b == b'-'
            } else {
                b.is_ascii_hexdigit()
            }
        })
}

/// When a row changed last.
pub fn changed(row: &Value) -> Option<Timestamp> {
    row["modifiedon"].as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_stand_in_a_filter_is_no_more_than_an_id() {
        assert!(is_id("60c4e274-0d87-e711-80e5-00155db19e6d"));
        assert!(!is_id("60c4e274-0d87-e711-80e5-00155db19e6'") && !is_id("1 or 1 eq 1") && !is_id(""));
    }

    #[test]
    fn only_columns_that_are_there_are_asked_for() {
        let there = ["accountid", "ownerid", "modifiedon"]
            .map(|c| (c.to_owned(), true))
            .into();
        let rules = [("owner".to_owned(), crate::Rule::path("_ownerid_value"))].into();
        let source = &Source::all(Object::Account)[0];
        assert_eq!(
            source.wanted(Some(&rules), &there),
            "_ownerid_value,accountid,modifiedon"
        );
    }
}
