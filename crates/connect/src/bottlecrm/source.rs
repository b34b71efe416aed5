//! Where each canonical object comes from in BottleCRM, and what of a row is kept.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{canonical::Object, connector::Error};

/// The records behind an object.
#[derive(Debug)]
pub struct Source {
    pub object: Object,
    /// BottleCRM's name of them in addresses: `opportunities`.
    pub path: &'static str,
    /// Where the rows of a list are: living and archived ones may lie apart, each cut by the same limit and offset.
    pub lists: &'static [&'static str],
    /// Where one record asked for by its id is; empty if it is the whole answer.
    pub one: &'static str,
    /// What only a record asked for alone has: left out, so that both ways give the same.
    pub apart: &'static [&'static str],
    /// Not every company has it, nor every token: where it is refused, it is left out.
    pub optional: bool,
}

/// What changes without anybody changing the record, or belongs to other records.
const PASSING: [&str; 8] = [
    "created_on_arrow",
    "days_in_stage",
    "aging_status",
    "next_activity",
    "rollups",
    "burn",
    "teams",
    "org",
];
/// The same of people, wherever they stand.
const OF_PEOPLE: [&str; 4] = ["last_login", "profile_pic", "active_token_count", "can_edit"];

/// All sources but those of activities; what is referred to comes first.
pub static SOURCES: [Source; 5] = [
    Source {
        object: Object::CrmUser,
        path: "users",
        lists: &["/active_users/active_users", "/inactive_users/inactive_users"],
        one: "",
        apart: &[],
        optional: true,
    },
    Source {
        object: Object::Account,
        path: "accounts",
        lists: &["/active_accounts/open_accounts", "/closed_accounts/close_accounts"],
        one: "/account_obj",
        apart: &["contacts", "cases", "tasks", "opportunities"],
        optional: false,
    },
    Source {
        object: Object::Contact,
        path: "contacts",
        lists: &["/results"],
        one: "/contact_obj",
        apart: &[],
        optional: false,
    },
    Source {
        object: Object::Deal,
        path: "opportunities",
        lists: &["/opportunities"],
        one: "/opportunity_obj",
        apart: &[],
        optional: true,
    },
    Source {
        object: Object::Project,
        path: "projects",
        lists: &["/projects"],
        one: "",
        apart: &[
            "description",
            "custom_fields",
            "retainer_usage",
            "rates",
            "comments",
            "attachments",
            "invoices",
            "estimate",
            "can_edit",
            "can_delete",
            "can_bill",
        ],
        optional: true,
    },
];

impl Source {
    /// The source of `object`.
    pub fn of(object: Object) -> Result<&'static Source, Error> {
        let found = SOURCES.iter().find(|s| s.object == object);
        found.ok_or_else(|| Error::Setup(format!("BottleCRM has no list of objects like {object}")))
    }

    /// True if BottleCRM refused because the company does not use this module, or the token may not see it.
    pub fn is_lacking(&self, error: &Error) -> bool {
        self.optional && matches!(error, Error::Refused { status: 403 | 404, .. })
    }

    /// A row with what is worth keeping, the same whether it came in a list or alone.
    pub fn tidy(&self, mut row: Value) -> Value {
        if let Some(members) = row.as_object_mut() {
            members.retain(|name, _| !PASSING.contains(&name.as_str()) && !self.apart.contains(&name.as_str()));
            if let Some(own) = members.get_mut("custom_fields").and_then(Value::as_object_mut) {
                // What Outlay wrote itself is no change.
                own.retain(|name, _| !name.starts_with("outlay_"));
            }
        }
        people(&mut row, self.object != Object::CrmUser);
        row
    }
}

/// Leaves of people what names them, here and below.
fn people(value: &mut Value, short: bool) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| people(item, true)),
        Value::Object(members) => {
            members.retain(|name, _| !OF_PEOPLE.contains(&name.as_str()));
            if let (true, Some(user)) = (short, members.get("user_details")) {
                *value = json!({ "id": members["id"], "name": user["name"], "email": user["email"] });
                return;
            }
            members.values_mut().for_each(|member| people(member, true));
        }
        _ => {}
    }
}

/// An interaction with what is worth keeping.
pub fn tidy_interaction(mut row: Value) -> Value {
    people(&mut row, true);
    row
}

/// The record that an interaction was logged on: BottleCRM's word for its kind, and its id.
pub fn home(raw: &Value) -> Option<(&str, &str)> {
    let home = raw["home"].as_str()?;
    Some((home, raw[home].as_str().filter(|id| is_id(id))?))
}

/// The id of a raw record. An interaction can be read only by way of the record it was logged on, which never changes:
/// so that is part of its id.
pub fn id(object: Object, raw: &Value) -> Option<String> {
    let own = raw["id"].as_str().filter(|id| is_id(id))?;
    if object != Object::Activity {
        return Some(own.to_owned());
    }
    let (home, record) = home(raw)?;
    Some(format!("{home}.{record}.{own}"))
}

/// True if this may be an id of BottleCRM, and may stand in an address.
pub fn is_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// When a record changed last, as far as BottleCRM tells: contacts and projects bear a time, deals that of their stage.
pub fn changed(raw: &Value) -> Option<Timestamp> {
    let read = |name: &str| raw[name].as_str()?.parse::<Timestamp>().ok();
    ["created_at", "updated_at", "stage_changed_at"]
        .into_iter()
        .filter_map(read)
        .max()
}

/// The last known time of change, and a digest of the content, which tells the changes that bear no time.
pub fn revision(at: Timestamp, raw: &Value) -> String {
    let digest = Sha256::digest(raw.to_string());
    let mut text = format!("{at:.6}~");
    for byte in &digest[..10] {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_no_change() {
        let source = Source::of(Object::Deal).expect("a source");
        let person = |login: &str| json!({"id": "p", "phone": "1", "user_details": {"name": "王芳", "email": "w@x.cn", "last_login": login}});
        let row = |arrow: &str, login: &str, paid: u32| {
            source.tidy(json!({
                "id": "d", "name": "x", "created_on_arrow": arrow, "assigned_to": [person(login)], "closed_by": null,
                "custom_fields": {"outlay_paid": paid, "tier": "A"}, "next_activity": {"in": login}
            }))
        };
        let one = row("1 minute ago", "a", 1);
        assert_eq!(one, row("2 minutes ago", "b", 2));
        assert_eq!(
            one["assigned_to"],
            json!([{"id": "p", "name": "王芳", "email": "w@x.cn"}])
        );
        assert_eq!(one["custom_fields"], json!({"tier": "A"}));
        let at = "2026-11-27T15:15:28Z".parse().expect("a time");
        let mut other = one.clone();
        other["name"] = "y".into();
        assert_ne!(revision(at, &one), revision(at, &other));
        assert!(revision(at, &one).starts_with("2026-11-27T15:15:28.000000Z~"));
    }

    #[test]
    fn a_user_keeps_its_details() {
        let source = Source::of(Object::CrmUser).expect("a source");
        let row = json!({"id": "p", "user_details": {"name": "n", "email": "e", "last_login": "x"}, "is_active": true});
        let kept = json!({"id": "p", "user_details": {"name": "n", "email": "e"}, "is_active": true});
        assert_eq!(source.tidy(row), kept);
    }
}
