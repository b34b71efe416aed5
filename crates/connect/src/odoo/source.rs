//! Which of Odoo's records are what.

use serde_json::{Value, json};

use super::schema::Fields;
use crate::{canonical::Object, mapping::Rules};

/// Fields that the code itself looks at, beside those that rules speak of.
pub const fn own_fields(object: Object) -> &'static [&'static str] {
    match object {
        Object::CrmUser | Object::Account | Object::Contact => &["active"],
        Object::Deal => &[
            "active",
            "partner_id",
            "stage_id",
            "team_id",
            "probability",
            "won_status",
        ],
        Object::Project => &["active", "partner_id"],
        Object::Order => &["partner_id"],
        Object::Activity => &["active", "opportunity_id", "partner_ids", "categ_ids"],
    }
}

/// The fields to ask for: those named by code or rules that Odoo has.
pub fn wanted(object: Object, rules: &Rules, there: &Fields) -> Vec<String> {
    let currencies = rules.values().filter_map(|rule| rule.currency.as_deref());
    let paths = rules.values().chain(currencies).flat_map(|rule| &rule.from);
    let roots = paths.map(|path| path.split('.').next().unwrap_or(path));
    let all = roots.chain(own_fields(object).iter().copied());
    let mut wanted: Vec<String> = all.filter(|f| there.contains(*f)).map(str::to_owned).collect();
    wanted.push("write_date".into());
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}

/// What all records of `object` have in common, as conditions that hold together.
///
/// A person without a company is an account whether or not Odoo counts a customer: what makes a person one there (an
/// invoice, an order, a lead) leaves the person's own time of change alone, so it could not be pulled by time.
pub fn domain(object: Object, there: &Fields) -> Vec<Value> {
    // Rows that a program wrote past Odoo have no time; nothing can be said of their changes.
    let mut all = vec![json!(["write_date", "!=", false])];
    let mut where_there = |field: &str, condition: Value| {
        if there.contains(field) {
            all.push(condition);
        }
    };
    match object {
        Object::CrmUser => where_there("share", json!(["share", "=", false])),
        Object::Account => {
            where_there("ref_company_ids", json!(["ref_company_ids", "=", false]));
            let person = json!(["parent_id", "=", false]);
            all.extend([json!("|"), json!(["is_company", "=", true])]);
            match there.contains("partner_share") {
                true => all.extend([json!("&"), person, json!(["partner_share", "=", true])]),
                false => all.push(person),
            }
        }
        Object::Contact => {
            where_there("partner_share", json!(["partner_share", "=", true]));
            all.extend([
                json!(["parent_id", "!=", false]),
                json!(["is_company", "=", false]),
                json!(["type", "=", "contact"]),
            ]);
        }
        Object::Deal => all.push(json!(["type", "=", "opportunity"])),
        Object::Project | Object::Order => {}
        // Meetings among colleagues are nobody's business here.
        Object::Activity => {
            if there.contains("opportunity_id") {
                all.extend([json!("|"), json!(["opportunity_id", "!=", false])]);
            }
            all.push(json!(["partner_ids.partner_share", "=", true]));
        }
    }
    all
}

/// The Odoo module that brings the model, for people.
pub const fn module(object: Object) -> &'static str {
    match object {
        Object::CrmUser | Object::Account | Object::Contact => "base",
        Object::Deal => "crm",
        Object::Project => "project",
        Object::Order => "sale_management",
        Object::Activity => "calendar",
    }
}
