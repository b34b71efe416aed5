//! Which of SuiteCRM's modules are what.

use crate::{canonical::Object, mapping::Rules};

/// A module of SuiteCRM.
#[derive(Debug, PartialEq, Eq)]
pub struct Module {
    /// Its name in the service.
    pub name: &'static str,
    /// Its table, which conditions name.
    pub table: &'static str,
    /// Links whose records' ids are asked for with each row.
    pub links: &'static [&'static str],
}

const fn module(name: &'static str, table: &'static str, links: &'static [&'static str]) -> Module {
    Module { name, table, links }
}

/// The modules that make up an object, in the order in which they are read. SuiteCRM has no orders: its quotes are
/// offers, and its invoices name no deal.
pub const fn modules(object: Object) -> &'static [Module] {
    const USERS: &[Module] = &[module("Users", "users", &[])];
    const ACCOUNTS: &[Module] = &[module("Accounts", "accounts", &[])];
    const CONTACTS: &[Module] = &[module("Contacts", "contacts", &[])];
    const DEALS: &[Module] = &[module("Opportunities", "opportunities", &["accounts", "contacts"])];
    const PROJECTS: &[Module] = &[module("Project", "project", &["accounts", "opportunities"])];
    const DOINGS: &[Module] = &[
        module("Meetings", "meetings", &["contacts"]),
        module("Calls", "calls", &["contacts"]),
    ];
    match object {
        Object::CrmUser => USERS,
        Object::Account => ACCOUNTS,
        Object::Contact => CONTACTS,
        Object::Deal => DEALS,
        Object::Project => PROJECTS,
        Object::Activity => DOINGS,
        Object::Order => &[],
    }
}

/// The fields to ask for: those that code or rules name.
pub fn wanted(object: Object, rules: Option<&Rules>) -> Vec<String> {
    let own: &[&str] = match object {
        Object::Deal => &["currency_id"],
        Object::Activity => &["parent_type", "parent_id", "status", "location"],
        _ => &[],
    };
    let rules = rules.into_iter().flat_map(|rules| rules.values());
    let paths = rules.flat_map(|rule| rule.from.iter().chain(rule.currency.iter().flat_map(|c| &c.from)));
    let roots = paths.map(|path| path.split('.').next().unwrap_or(path));
    let roots = roots.filter(|root| !root.starts_with('@'));
    let always = ["id", "date_modified", "deleted"];
    let all = roots.chain(own.iter().copied()).chain(always);
    let mut wanted: Vec<String> = all.map(str::to_owned).collect();
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}
