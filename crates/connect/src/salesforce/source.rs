//! Where each canonical object comes from in Salesforce.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::rest::Fields;
use crate::{canonical::Object, connector::Error, mapping::Rules};

/// The kind of record behind an object.
#[derive(Debug)]
pub struct Source {
    pub object: Object,
    /// Salesforce's name of it.
    pub name: &'static str,
    /// What all its records have in common, as a condition; empty if nothing.
    pub filter: &'static str,
    /// Users are never deleted.
    pub deletable: bool,
    /// Fields that the code itself looks at.
    own: &'static [&'static str],
}

const fn plain(object: Object, name: &'static str) -> Source {
    Source {
        object,
        name,
        filter: "",
        deletable: true,
        own: &[],
    }
}

static SOURCES: [Source; 7] = [
    Source {
        // Portal users and machines own nothing.
        filter: "UserType = 'Standard'",
        deletable: false,
        ..plain(Object::CrmUser, "User")
    },
    plain(Object::Account, "Account"),
    plain(Object::Contact, "Contact"),
    Source {
        own: &["IsWon", "IsClosed", "CurrencyIsoCode", "LastModifiedDate"],
        ..plain(Object::Deal, "Opportunity")
    },
    Source {
        own: &["CurrencyIsoCode"],
        ..plain(Object::Order, "Order")
    },
    Source {
        // Those without a customer are nobody's business here; those of invited colleagues are copies.
        filter: "AccountId != null AND IsChild = false",
        own: &[
            "StartDateTime",
            "EndDateTime",
            "ActivityDate",
            "IsAllDayEvent",
            "WhoId",
            "WhatId",
        ],
        ..plain(Object::Activity, "Event")
    },
    Source {
        filter: "AccountId != null AND TaskSubtype NOT IN ('Email', 'ListEmail')",
        own: &["ActivityDate", "TaskSubtype", "WhoId", "WhatId"],
        ..plain(Object::Activity, "Task")
    },
];

impl Source {
    /// The sources of `object`: two of an activity, one of others.
    pub fn all(object: Object) -> Result<&'static [Source], Error> {
        let first = SOURCES.iter().position(|s| s.object == object);
        let first = first.ok_or_else(|| Error::Setup(format!("Salesforce has no object like {object}")))?;
        let count = SOURCES.iter().filter(|s| s.object == object).count();
        Ok(&SOURCES[first..first + count])
    }

    /// The fields to ask for, of those that are there.
    pub fn wanted(&self, rules: Option<&Rules>, there: &Fields) -> String {
        let rules = rules.into_iter().flat_map(|rules| rules.values());
        let paths = rules.flat_map(|rule| rule.from.iter().chain(rule.currency.iter().flat_map(|c| &c.from)));
        let roots = paths.map(|path| path.split('.').next().unwrap_or(path));
        let mut wanted: BTreeSet<&str> = roots.chain(self.own.iter().copied()).collect();
        wanted.extend(["Id", "SystemModstamp", "LastModifiedDate", "IsDeleted"]);
        wanted.retain(|name| there.contains_key(*name));
        wanted.into_iter().collect::<Vec<_>>().join(", ")
    }

    /// `WHERE` with what is common to all and these conditions, each of which must hold; empty if there is none.
    pub fn and(&self, conditions: &[String]) -> String {
        let all = [self.filter.to_owned()].into_iter().chain(conditions.iter().cloned());
        let all: Vec<String> = all.filter(|c| !c.is_empty()).collect();
        match all.is_empty() {
            true => String::new(),
            false => format!(" WHERE {}", all.join(" AND ")),
        }
    }
}

/// A row's id.
pub fn id(row: &Value) -> Option<&str> {
    row["Id"].as_str().filter(|id| is_id(id))
}

/// True if this may be an id, and may stand in an address or a question.
pub fn is_id(text: &str) -> bool {
    matches!(text.len(), 15 | 18) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// When a row changed last.
pub fn changed(row: &Value) -> Option<Timestamp> {
    moment(&row["SystemModstamp"])
}

/// A time as Salesforce writes it: `2026-11-24T08:30:01.000+0000`, or with a `Z` in CSV.
pub fn moment(value: &Value) -> Option<Timestamp> {
    let text = value.as_str()?;
    text.parse().ok().or_else(|| {
        let (at, zone) = text.split_at_checked(text.len().checked_sub(5)?)?;
        let (hours, minutes) = zone.split_at_checked(3)?;
        format!("{at}{hours}:{minutes}").parse().ok()
    })
}

/// A time as a question wants it.
pub fn literal(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// True in JSON, and in CSV.
pub fn is_true(value: &Value) -> bool {
    value == true || value == "true"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_read_from_json_and_csv_alike() {
        let at = moment(&json!("2026-11-24T08:30:01.000+0000")).expect("a time");
        assert_eq!(Some(at), moment(&json!("2026-11-24T08:30:01.000Z")));
        assert_eq!(literal(at), "2026-11-24T08:30:01.000Z");
        assert_eq!(moment(&json!("soon")), None);
    }

    #[test]
    fn what_may_stand_in_a_question_is_no_more_than_an_id() {
        assert!(is_id("006000000000001AAA") && is_id("006000000000001"));
        assert!(!is_id("006' OR Id != '") && !is_id("") && !is_id("006000000000/1"));
    }
}
