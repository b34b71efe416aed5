//! Which of 纷享销客's objects are what.

use serde_json::Value;

use crate::canonical::Object;

/// 销售记录, among which our notes are too.
pub const RECORDS: &str = "ActiveRecordObj";

/// The 纷享销客 objects that make up an object of ours, by their API names, in the order in which they are read. Projects are
/// an object of the company's own making, if it named one.
pub fn names(object: Object, project: Option<&str>) -> Vec<&str> {
    match object {
        Object::CrmUser => vec!["PersonnelObj"],
        Object::Account => vec!["AccountObj"],
        Object::Contact => vec!["ContactObj"],
        Object::Deal => vec!["NewOpportunityObj"],
        Object::Order => vec!["SalesOrderObj"],
        Object::Activity => vec![RECORDS, "CheckinsObj"],
        Object::Project => project.into_iter().collect(),
    }
}

/// Where an interface for records of an object is: those of the company's own making have a place of their own.
pub fn path(name: &str, verb: &str) -> String {
    match name.ends_with("__c") {
        true => format!("cgi/crm/custom/v2/data/{verb}"),
        false => format!("cgi/crm/v2/data/{verb}"),
    }
}

/// The field by whose value others refer to a record: people are known by their number.
pub const fn key(object: Object) -> &'static str {
    match object {
        Object::CrmUser => "user_id",
        _ => "_id",
    }
}

/// The id by which others refer to a record.
pub fn external_id(object: Object, row: &Value) -> Option<String> {
    text(&row[key(object)]).or_else(|| text(&row["_id"]))
}

/// A text, or a number as text; none if it is neither, or empty.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|t| !t.is_empty()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// A whole number, which may come as text.
pub fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}
