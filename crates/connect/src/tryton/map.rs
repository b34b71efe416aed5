//! From Tryton's rows to canonical records.

use jiff::Timestamp;
use outlay_core::{Currency, Money};
use serde_json::Value;

use super::value;
use crate::canonical::{Account, Canonical, Contact, CrmUser, Deal, Object, Order, Project, StageKind};

/// A row understood: its id, when it last changed, whether it is archived, and its body.
pub struct Mapped {
    pub id: i64,
    pub at: Timestamp,
    pub archived: bool,
    pub body: Canonical,
}

/// Understands a row of `object`'s model. `Ok(None)` if it is none of that object; the reason if it is illegible.
pub fn map(object: Object, row: &Value, won_states: &[String]) -> Result<Option<Mapped>, String> {
    match object {
        Object::CrmUser => employee(row).map(Some),
        Object::Account => party(row).map(Some),
        Object::Contact => contact(row),
        Object::Deal => opportunity(row, won_states).map(Some),
        Object::Project => work(row).map(Some),
        Object::Order => sale(row).map(Some),
        Object::Activity => Ok(None),
    }
}

/// The row's own id.
pub fn id(row: &Value) -> Option<i64> {
    row.get("id")?.as_i64()
}

/// The row's own time of change.
pub fn modified(row: &Value) -> Option<Timestamp> {
    value::read_datetime(row.get("last_modified_at")?)
}

/// The active ones of a party's addresses or contact mechanisms.
pub fn living<'v>(party: &'v Value, part: &str) -> impl Iterator<Item = &'v Value> {
    items(&party[part]).iter().filter(|i| i.get("active").is_none_or(truth))
}

/// The contact mechanism of one of these kinds that is shown: of a contact, the first that bears its name; of a company, one
/// without a person's name, else the first.
pub fn mechanism<'v>(party: &'v Value, kinds: &[&str], name: Option<&str>) -> Option<&'v Value> {
    let of_kind =
        || living(party, "contact_mechanisms").filter(|m| m["type"].as_str().is_some_and(|t| kinds.contains(&t)));
    match name {
        Some(name) => of_kind().find(|m| text(&m["name"]).as_deref() == Some(name)),
        None => of_kind()
            .find(|m| text(&m["name"]).is_none())
            .or_else(|| of_kind().next()),
    }
}

fn employee(row: &Value) -> Result<Mapped, String> {
    let party = &row["party"];
    // Who leaves on a certain day changes on that day, without a write.
    let left = value::read_date(&row["end_date"])
        .filter(|_| !truth(&row["active"]))
        .and_then(|day| {
            jiff::tz::TimeZone::UTC
                .to_timestamp(day.to_datetime(jiff::civil::Time::midnight()))
                .ok()
        });
    let mut mapped = whole(
        row,
        Canonical::CrmUser(CrmUser {
            name: required(party, "name", "party.name")?,
            email: text(&party["email"]),
            login: None,
            active: truth(&row["active"]),
        }),
    )?;
    mapped.at = [modified(party), left]
        .into_iter()
        .flatten()
        .fold(mapped.at, Timestamp::max);
    Ok(mapped)
}

fn party(row: &Value) -> Result<Mapped, String> {
    let reach = |kinds: &[&str]| mechanism(row, kinds, None).and_then(|m| text(&m["value"]));
    let address = |path: fn(&Value) -> &Value| living(row, "addresses").find_map(|a| text(path(a)));
    let newest = ["addresses", "contact_mechanisms", "identifiers"]
        .iter()
        .flat_map(|part| items(&row[part]))
        .filter_map(modified)
        .max();
    let body = Account {
        name: required(row, "name", "name")?,
        code: text(&row["code"]),
        tax_id: tax_id(row),
        country: address(|a| &a["country"]["code"]),
        city: address(|a| &a["city"]),
        owner: None,
        phone: reach(&["phone", "mobile"]),
        email: reach(&["email"]),
        website: reach(&["website"]),
        industry: items(&row["categories"]).iter().find_map(|c| text(&c["name"])),
    };
    let mut mapped = whole(row, Canonical::Account(body))?;
    mapped.at = newest.map_or(mapped.at, |at| at.max(mapped.at));
    mapped.archived = !truth(&row["active"]);
    Ok(mapped)
}

/// The number that invoices show. Tryton works it out too, but slowly; so it is chosen here by its type.
fn tax_id(row: &Value) -> Option<String> {
    let of = |fits: fn(&str) -> bool| {
        items(&row["identifiers"])
            .iter()
            .find(|i| i["type"].as_str().is_some_and(fits))
            .and_then(|i| text(&i["code"]))
    };
    of(|kind| kind.ends_with("_vat") || matches!(kind, "cn_uscc" | "us_ein" | "au_abn" | "in_gstin"))
        .or_else(|| of(|kind| kind.contains('_')))
}

/// A contact is the name that one or more contact mechanisms of a party share; the first of them lends it its id.
fn contact(row: &Value) -> Result<Option<Mapped>, String> {
    let Some(name) = text(&row["name"]) else {
        return Ok(None);
    };
    let party = &row["party"];
    let own: Vec<&Value> = items(&party["contact_mechanisms"])
        .iter()
        .filter(|m| text(&m["name"]).as_ref() == Some(&name))
        .collect();
    let first = own
        .iter()
        .filter_map(|m| id(m))
        .min()
        .ok_or("party.contact_mechanisms: lacks this record")?;
    let mut active = own.iter().filter(|m| truth(&m["active"]));
    let reach = |kinds: &[&str]| mechanism(party, kinds, Some(&name)).and_then(|m| text(&m["value"]));
    let body = Contact {
        account: id(party).map(|i| i.to_string()),
        email: reach(&["email"]),
        phone: reach(&["mobile", "phone"]),
        title: None,
        name: name.clone(),
    };
    Ok(Some(Mapped {
        id: first,
        at: own
            .iter()
            .filter_map(|m| modified(m))
            .max()
            .ok_or("last_modified_at: missing")?,
        archived: active.next().is_none(),
        body: Canonical::Contact(body),
    }))
}

fn opportunity(row: &Value, won_states: &[String]) -> Result<Mapped, String> {
    let state = required(row, "state", "state")?;
    let stage_kind = match state.as_str() {
        won if won_states.iter().any(|s| s == won) => StageKind::Won,
        "lead" | "opportunity" | "converted" => StageKind::Open,
        "won" => StageKind::Won,
        "lost" | "cancelled" => StageKind::Lost,
        other => return Err(format!("state: {other:?} is unknown")),
    };
    let body = Deal {
        name: ["description", "reference", "number"]
            .iter()
            .find_map(|f| text(&row[f]))
            .unwrap_or_default(),
        number: text(&row["number"]),
        account: reference(&row["party"]),
        contact: contact_of(&row["contact"]),
        owner: reference(&row["employee"]),
        stage: state,
        stage_kind,
        amount: money(row, "amount")?,
        close_on: value::read_date(&row["end_date"]),
        probability: per_cent(&row["conversion_probability"]),
        project: None,
    };
    whole(row, Canonical::Deal(body))
}

fn contact_of(mechanism: &Value) -> Option<String> {
    let name = text(&mechanism["name"])?;
    items(&mechanism["party"]["contact_mechanisms"])
        .iter()
        .filter(|m| text(&m["name"]).as_ref() == Some(&name))
        .filter_map(id)
        .min()
        .map(|i| i.to_string())
}

fn work(row: &Value) -> Result<Mapped, String> {
    let body = Project {
        name: required(row, "name", "name")?,
        code: text(&row["number"]),
        account: reference(&row["party"]),
        deal: deal_of(&row["origin"]),
        owner: None,
        state: text(&row["status"]["name"]),
    };
    whole(row, Canonical::Project(body))
}

fn sale(row: &Value) -> Result<Mapped, String> {
    let body = Order {
        number: ["number", "reference"]
            .iter()
            .find_map(|f| text(&row[f]))
            .unwrap_or_else(|| format!("#{}", id(row).unwrap_or_default())),
        account: reference(&row["party"]),
        deal: deal_of(&row["origin"]),
        amount: money(row, "total_amount")?,
        state: required(row, "state", "state")?,
        ordered_on: value::read_date(&row["sale_date"]),
    };
    whole(row, Canonical::Order(body))
}

fn whole(row: &Value, body: Canonical) -> Result<Mapped, String> {
    Ok(Mapped {
        id: id(row).ok_or("id: missing")?,
        at: modified(row).ok_or("last_modified_at: missing")?,
        archived: false,
        body,
    })
}

fn money(row: &Value, field: &str) -> Result<Option<Money>, String> {
    if row[field].is_null() {
        return Ok(None);
    }
    let code = required(&row["currency"], "code", "currency.code")?;
    let currency = Currency::parse(&code).map_err(|e| format!("currency.code: {e}"))?;
    value::read_money(&row[field], currency)
        .map(Some)
        .map_err(|e| format!("{field}: {e}"))
}

fn required(row: &Value, field: &str, shown: &str) -> Result<String, String> {
    text(&row[field]).ok_or_else(|| format!("{shown}: empty in Tryton"))
}

fn text(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A many2one comes as an id, or as an object when fields behind it were asked for.
fn reference(value: &Value) -> Option<String> {
    let id = value.as_i64().or_else(|| value.get("id")?.as_i64())?;
    Some(id.to_string())
}

fn deal_of(origin: &Value) -> Option<String> {
    let id = origin.as_str()?.strip_prefix("sale.opportunity,")?;
    id.parse::<i64>().ok().map(|i| i.to_string())
}

/// SQLite gives 1 and 0, PostgreSQL true and false.
fn truth(value: &Value) -> bool {
    value.as_bool().unwrap_or(value.as_i64() == Some(1))
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn per_cent(value: &Value) -> Option<u8> {
    let share = value.as_f64().filter(|s| (0.0..=1.0).contains(s))?;
    Some((share * 100.0).round() as u8)
}
