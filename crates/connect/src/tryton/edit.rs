//! Changing fields that a person changed here, where Tryton still holds what that person saw: by writing its models
//! (documentation of trytond, "REST API" and "RPC"), so that its rights hold as for any user.
//!
//! Phone, mail and web address are contact mechanisms, the city is an address's. The state of an opportunity is moved by
//! its buttons (module sale_opportunity), which know which moves there are; `won` is Tryton's own, by its sales.

use jiff::civil::Date;
use outlay_core::{Currency, Money};
use serde_json::{Map, Value, json};

use super::{Tryton, manifest, map, value};
use crate::{
    canonical::{Object, Record},
    connector::{Conflict, Connector as _, Error, FieldChange, Target, Written},
    mapping,
};

/// States and the buttons that lead to them.
const BUTTONS: [(&str, &str); 5] = [
    ("lead", "lead"),
    ("opportunity", "opportunity"),
    ("converted", "convert"),
    ("lost", "lost"),
    ("cancelled", "cancel"),
];

impl Tryton {
    /// Whether a canonical field can be written: its own code reads it, and no rule reads it otherwise.
    fn writable(&self, object: Object, field: &str) -> bool {
        let writes = manifest().object(object).is_some_and(|o| o.writes.contains_key(field));
        let changed = self.mapping.get(&object);
        writes && changed.is_none_or(|rules| !rules.contains_key(field))
    }

    pub(super) async fn write_fields(&self, target: &Target, changes: &[FieldChange]) -> Result<Written, Error> {
        let mut record = self.living(target).await?;
        let texts = mapping::texts(&record.body);
        let (mut due, mut conflicts) = (Vec::new(), Vec::new());
        for change in changes {
            if !self.writable(target.object, &change.field) {
                let (field, object) = (&change.field, target.object);
                return Err(Error::Setup(format!(
                    "{field} of a {object} in Tryton cannot be changed from here"
                )));
            }
            let theirs = texts.get(change.field.as_str()).map_or("", String::as_str);
            if same(&change.field, theirs, &change.after) {
                continue;
            }
            if same(&change.field, theirs, &change.before) {
                due.push(change);
            } else {
                conflicts.push(Conflict {
                    field: change.field.clone(),
                    theirs: theirs.to_owned(),
                });
            }
        }
        let changed = !due.is_empty();
        if changed {
            match target.object {
                Object::Deal => self.write_deal(&record, &due).await?,
                _ => self.write_party(&record, &due).await?,
            }
            record = self.living(target).await?;
        }
        Ok(Written {
            external_id: target.external_id.clone(),
            changed,
            revision: Some(record.revision),
            conflicts,
        })
    }

    /// The target as it is now.
    async fn living(&self, target: &Target) -> Result<Record, Error> {
        let ids = std::slice::from_ref(&target.external_id);
        let mut found = self.fetch(target.object, ids).await?;
        if let Some(refused) = found.rejected.pop() {
            return Err(Error::Broken(refused.reason));
        }
        found.records.pop().ok_or_else(|| Error::Gone {
            object: target.object,
            external_id: target.external_id.clone(),
        })
    }

    async fn write_deal(&self, record: &Record, due: &[&FieldChange]) -> Result<(), Error> {
        let id = number(&record.external_id)?;
        let state = record.raw["state"].as_str().unwrap_or_default();
        let mut vals = Map::new();
        for change in due {
            let after = change.after.trim();
            let wrong = |what: &str| Error::Setup(format!("{}: {after:?} is no {what}", change.field));
            match change.field.as_str() {
                "name" => _ = vals.insert("description".into(), after.into()),
                "amount" => {
                    let theirs = record.raw["currency"]["code"].as_str().unwrap_or_default();
                    let (amount, code) = after.split_once(' ').unwrap_or((after, theirs));
                    if code.trim() != theirs {
                        return Err(Error::Setup(format!("Tryton keeps this amount in {theirs}")));
                    }
                    let currency = Currency::parse(theirs).map_err(|_| wrong("amount"))?;
                    let money = Money::parse(amount, currency).map_err(|_| wrong("amount"))?;
                    vals.insert("amount".into(), value::decimal(money));
                }
                "close_on" if after.is_empty() => _ = vals.insert("end_date".into(), Value::Null),
                "close_on" => {
                    let day: Date = after.parse().map_err(|_| wrong("day"))?;
                    vals.insert("end_date".into(), value::date(day));
                }
                _ => {}
            }
        }
        if !vals.is_empty() {
            // Tryton's client shows them read-only then; its server would let them be written.
            if matches!(state, "converted" | "won" | "lost" | "cancelled") {
                return Err(refused(format!(
                    "an opportunity that is {state} cannot be changed in Tryton"
                )));
            }
            self.way.update("sale.opportunity", id, &Value::Object(vals)).await?;
        }
        let Some(stage) = due.iter().find(|c| c.field == "stage") else {
            return Ok(());
        };
        let after = stage.after.trim();
        let no_way = || refused(format!("Tryton moves no opportunity from {state} to {after} by hand"));
        let (_, button) = BUTTONS.iter().find(|(to, _)| *to == after).ok_or_else(no_way)?;
        self.way.act("sale.opportunity", id, button, &[]).await?;
        let now = self.living(&Target::deal(&record.external_id)).await?;
        // A move that there is not is passed over in silence.
        if now.raw["state"] == after {
            Ok(())
        } else {
            Err(no_way())
        }
    }

    /// A party's own fields, or a contact's, which are those of a party that bear its name.
    async fn write_party(&self, record: &Record, due: &[&FieldChange]) -> Result<(), Error> {
        let contact = record.object == Object::Contact;
        let party = if contact { &record.raw["party"] } else { &record.raw };
        let party_id = map::id(party).ok_or_else(|| Error::Broken("a contact without its party".into()))?;
        let name = contact.then(|| record.body.label());
        for change in due {
            let after = change.after.trim();
            match change.field.as_str() {
                "name" => {
                    let vals = json!({ "name": after });
                    self.way.update("party.party", party_id, &vals).await?;
                }
                "city" => self.write_city(party, party_id, after).await?,
                field => {
                    let kinds: &[&str] = match (field, contact) {
                        ("phone", false) => &["phone", "mobile"],
                        ("phone", true) => &["mobile", "phone"],
                        ("email", _) => &["email"],
                        _ => &["website"],
                    };
                    let held = map::mechanism(party, kinds, name).and_then(map::id);
                    self.write_mechanism(held, party_id, kinds[0], name, after).await?;
                }
            }
        }
        Ok(())
    }

    async fn write_mechanism(
        &self,
        held: Option<i64>,
        party: i64,
        kind: &str,
        name: Option<&str>,
        after: &str,
    ) -> Result<(), Error> {
        const MODEL: &str = "party.contact_mechanism";
        match held {
            Some(id) if after.is_empty() => self.way.update(MODEL, id, &json!({ "active": false })).await?,
            Some(id) => self.way.update(MODEL, id, &json!({ "value": after })).await?,
            None => {
                let new = json!({ "party": party, "type": kind, "value": after, "name": name });
                self.way.create(MODEL, &new).await?
            }
        };
        Ok(())
    }

    async fn write_city(&self, party: &Value, party_id: i64, after: &str) -> Result<(), Error> {
        let living = || map::living(party, "addresses");
        let with_city = living().find(|a| a["city"].as_str().is_some_and(|c| !c.trim().is_empty()));
        let city = json!({ "city": after });
        match with_city.or_else(|| living().next()).and_then(map::id) {
            Some(id) => self.way.update("party.address", id, &city).await?,
            None => {
                let new = json!({ "party": party_id, "city": after });
                self.way.create("party.address", &new).await?
            }
        };
        Ok(())
    }
}

fn number(id: &str) -> Result<i64, Error> {
    id.parse()
        .map_err(|_| Error::Setup(format!("{id:?} is no id of Tryton")))
}

fn refused(text: String) -> Error {
    Error::Refused { status: 422, text }
}

/// Whether two texts of a field mean the same. Tryton may write a number anew, with its country in front.
fn same(field: &str, one: &str, other: &str) -> bool {
    let (one, other) = (one.trim(), other.trim());
    match field {
        "amount" => {
            let read = |text: &str| {
                let number = text.split(' ').next().unwrap_or_default();
                number.parse::<rust_decimal::Decimal>().ok().map(|d| d.normalize())
            };
            one == other || read(one).is_some() && read(one) == read(other)
        }
        "phone" => {
            let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
            let (a, b) = (digits(one), digits(other));
            let local = |text: &str| text.trim_start_matches('0').to_owned();
            let ends = |long: &str, short: &str| short.len() >= 6 && long.ends_with(&local(short));
            one == other || (one.starts_with('+') && ends(&a, &b)) || (other.starts_with('+') && ends(&b, &a))
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn a_number_written_anew_is_the_same() {
        assert!(same("phone", "+86 21 5555 6666", "021-55556666"));
        assert!(!same("phone", "+86 21 5555 6666", "021-55556667"));
        assert!(!same("phone", "021-55556666", "55556666"));
        assert!(same("amount", "7.50 CNY", "7.5"));
        assert!(!same("amount", "7.50 CNY", ""));
    }
}
