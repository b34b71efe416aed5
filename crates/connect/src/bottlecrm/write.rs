//! Writing back: cost figures in fields that Outlay adds to BottleCRM, and one note as a comment.

use jiff::Timestamp;
use outlay_core::Money;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{
    BottleCrm,
    source::{Source, is_id},
};
use crate::{
    canonical::Object,
    connector::{Error, SCRATCH, Target, Write, Written, no_todos},
};

const PAID: &str = "outlay_paid";
const PENDING: &str = "outlay_pending";
const CURRENCY: &str = "outlay_currency";
const AS_OF: &str = "outlay_as_of";
/// Our fields: key, label, BottleCRM's type.
const FIELDS: [(&str, &str, &str); 4] = [
    (PAID, "Outlay: paid", "number"),
    (PENDING, "Outlay: pending", "number"),
    (CURRENCY, "Outlay: currency", "text"),
    (AS_OF, "Outlay: as of", "text"),
];
/// BottleCRM keeps numbers of its own fields in binary, which holds so many digits exactly.
const MAX_MINOR: u64 = 999_999_999_999_999;
/// Characters of a note; a comment has 10,000 with its marker.
const MAX_NOTE: usize = 9_800;

impl BottleCrm {
    pub(super) async fn write(&self, write: &Write) -> Result<Written, Error> {
        match write {
            Write::CostFigures {
                target,
                paid,
                pending,
                as_of,
            } => self.write_costs(target, *paid, *pending, *as_of).await,
            Write::Note {
                target,
                marker,
                revision,
                text,
            } => self.write_note(target, marker, *revision, text).await,
            Write::Fields { target, changes } => self.write_fields(target, changes).await,
            Write::Todo { .. } => Err(no_todos()),
        }
    }

    async fn write_costs(
        &self,
        target: &Target,
        paid: Money,
        pending: Money,
        as_of: Timestamp,
    ) -> Result<Written, Error> {
        if paid.currency != pending.currency {
            return Err(Error::Setup("paid and pending must be of one currency".into()));
        }
        if [paid, pending].iter().any(|m| m.minor.unsigned_abs() > MAX_MINOR) {
            return Err(Error::Setup("BottleCRM keeps numbers of at most 15 digits".into()));
        }
        let source = place_of(target, &[Object::Deal, Object::Account])?;
        let held = self.held(source, target).await?;
        let theirs = held[AS_OF].as_str().and_then(|t| t.parse::<Timestamp>().ok());
        let as_of = Timestamp::from_millisecond(as_of.as_millisecond()).unwrap_or(as_of);
        let newer = theirs.is_some_and(|theirs| theirs > as_of);
        let same = |held: &Value| {
            held[AS_OF].as_str().and_then(|t| t.parse().ok()) == Some(as_of)
                && held[CURRENCY] == paid.currency.code()
                && is_amount(&held[PAID], paid)
                && is_amount(&held[PENDING], pending)
        };
        let changed = !newer && !same(&held);
        if changed {
            // A value for a field that is not there would be dropped in silence.
            self.make_fields(source).await?;
            let body = json!({ "custom_fields": {
                PAID: paid.plain(),
                PENDING: pending.plain(),
                CURRENCY: paid.currency.code(),
                AS_OF: format!("{as_of:.3}"),
            }});
            self.change(source, target, &body).await?;
            if !same(&self.held(source, target).await?) {
                return Err(Error::Broken("cost figures were taken and are not there".into()));
            }
        }
        Ok(Written {
            external_id: target.external_id.clone(),
            changed,
            // What Outlay keeps in its own fields is no part of a record's revision.
            revision: None,
            conflicts: Vec::new(),
        })
    }

    pub(super) async fn make_scratch(&self) -> Result<Target, Error> {
        let made = self.rest.post("accounts", &json!({ "name": SCRATCH })).await?;
        let id = made["id"].as_str();
        let id = id.ok_or_else(|| Error::Broken("a record was made without an id".into()))?;
        Ok(Target::account(id))
    }

    pub(super) async fn drop_scratch(&self, scratch: &Target) -> Result<(), Error> {
        self.rest
            .delete(&format!("accounts/{}", scratch.external_id))
            .await
            .map(drop)
    }

    /// The target's values of fields that were added to BottleCRM.
    async fn held(&self, source: &Source, target: &Target) -> Result<Value, Error> {
        let mut whole = self.living(source, target).await?;
        let held = whole
            .pointer_mut(&format!("{}/custom_fields", source.one))
            .map(Value::take);
        held.ok_or_else(|| Error::Broken(format!("{} came without custom_fields", source.path)))
    }

    /// The target with all that BottleCRM tells with it.
    pub(super) async fn living(&self, source: &Source, target: &Target) -> Result<Value, Error> {
        self.whole(source, &target.external_id)
            .await?
            .ok_or_else(|| gone(target))
    }

    /// Changes fields of the target.
    pub(super) async fn change(&self, source: &Source, target: &Target, body: &Value) -> Result<Value, Error> {
        let path = format!("{}/{}", source.path, target.external_id);
        self.rest.patch(&path, body).await.map_err(|e| or_gone(e, target))
    }

    /// Those of our fields that records of `source` lack.
    pub(super) async fn lacking(&self, source: &Source) -> Result<Vec<&'static str>, Error> {
        let query = [
            ("target_model", model(source)),
            ("active_only", "true"),
            ("include_counts", "false"),
        ];
        let answer = self.rest.get("custom-fields", &query).await?;
        let there = answer["definitions"].as_array().map(Vec::as_slice).unwrap_or_default();
        let fits =
            |(key, _, kind): &(&str, &str, &str)| there.iter().any(|d| d["key"] == *key && d["field_type"] == *kind);
        Ok(FIELDS
            .iter()
            .filter(|field| !fits(field))
            .map(|(key, ..)| *key)
            .collect())
    }

    async fn make_fields(&self, source: &Source) -> Result<(), Error> {
        let may_not = |error| match error {
            Error::Refused { .. } => Error::Setup(advice(source)),
            other => other,
        };
        let lacking = self.lacking(source).await.map_err(may_not)?;
        for (n, (key, label, kind)) in FIELDS.iter().enumerate().filter(|(_, (key, ..))| lacking.contains(key)) {
            let body = json!({
                "target_model": model(source), "key": key, "label": label, "field_type": kind, "display_order": 900 + n,
            });
            match self.rest.post("custom-fields", &body).await {
                Ok(_) => {}
                // Made by another try meanwhile, perhaps; seen below.
                Err(Error::Refused { status: 400, .. }) => break,
                Err(error) => return Err(may_not(error)),
            }
        }
        if !lacking.is_empty() && !self.lacking(source).await?.is_empty() {
            return Err(Error::Setup(advice(source)));
        }
        Ok(())
    }

    async fn write_note(&self, target: &Target, marker: &str, revision: u64, text: &str) -> Result<Written, Error> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if marker.is_empty() || marker.len() > 80 || !marker.chars().all(plain) {
            return Err(Error::Setup(
                "a note's marker is 1 to 80 letters, digits, - or .".into(),
            ));
        }
        if text.chars().count() > MAX_NOTE {
            return Err(Error::Setup(format!("a note has at most {MAX_NOTE} characters")));
        }
        let source = place_of(target, &[Object::Deal, Object::Account])?;
        let written = |external_id: String, changed| Written {
            external_id,
            changed,
            revision: None,
            conflicts: Vec::new(),
        };
        let body = json!({ "comment": format!("{text}\n\noutlay:{marker}:{revision}") });
        if let Some((id, held)) = find(&self.living(source, target).await?, marker) {
            if held >= revision {
                return Ok(written(id, false));
            }
            self.rest.patch(&format!("{}/comment/{id}", source.path), &body).await?;
            return Ok(written(id, true));
        }
        let path = format!("{}/{}", source.path, target.external_id);
        let made = self.rest.post(&path, &body).await.map_err(|e| or_gone(e, target))?;
        let (id, _) =
            find(&made, marker).ok_or_else(|| Error::Broken("a comment was taken and is not there".into()))?;
        Ok(written(id, true))
    }
}

/// The oldest comment that bears `marker`, and its revision.
fn find(told: &Value, marker: &str) -> Option<(String, u64)> {
    let comments = told["comments"].as_array()?;
    let held = |comment: &Value| {
        let after = comment["comment"]
            .as_str()?
            .rsplit_once(&format!("outlay:{marker}:"))?
            .1;
        let id = comment["id"].as_str().filter(|id| is_id(id))?;
        let at: Timestamp = comment["commented_on"].as_str()?.parse().ok()?;
        Some((at, id.to_owned(), after.trim().parse().ok()?))
    };
    let (_, id, revision) = comments.iter().filter_map(held).min()?;
    Some((id, revision))
}

/// What a person does where the token may not add fields.
pub fn advice(source: &Source) -> String {
    let names: Vec<String> = FIELDS.iter().map(|(key, _, kind)| format!("{key} ({kind})")).collect();
    format!(
        "cost figures need custom fields of {} in BottleCRM: connect with the token of an administrator, or let one add {}",
        source.path,
        names.join(", ")
    )
}

/// BottleCRM's name of the kind of record that fields are added to.
fn model(source: &Source) -> &'static str {
    match source.object {
        Object::Deal => "Opportunity",
        _ => "Account",
    }
}

/// The source of a record that may be written to, with an id that may stand in an address.
pub fn place_of(target: &Target, allowed: &[Object]) -> Result<&'static Source, Error> {
    if !allowed.contains(&target.object) {
        return Err(Error::Setup(format!(
            "this is not written to a {} in BottleCRM",
            target.object
        )));
    }
    if !is_id(&target.external_id) {
        return Err(Error::Setup(format!("{:?} is no id of BottleCRM", target.external_id)));
    }
    Source::of(target.object)
}

pub fn gone(target: &Target) -> Error {
    Error::Gone {
        object: target.object,
        external_id: target.external_id.clone(),
    }
}

fn or_gone(error: Error, target: &Target) -> Error {
    match error {
        Error::Refused { status: 404, .. } => gone(target),
        other => other,
    }
}

fn is_amount(held: &Value, money: Money) -> bool {
    let number = held.as_number().map(ToString::to_string);
    let held = number.and_then(|text| text.parse().or_else(|_| Decimal::from_scientific(&text)).ok());
    held == Some(money.decimal())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_comment_with_the_whole_marker_is_ours() {
        let comment = |id: &str, at: &str, text: &str| json!({"id": format!("{id}f565b70-14cc-4f19-9686-298e4e085c81"), "comment": text, "commented_on": at});
        let told = json!({"comments": [
            comment("b", "2026-11-27T15:00:01+08:00", "x\n\noutlay:cost.1:4"),
            comment("a", "2026-11-27T07:00:00Z", "x\n\noutlay:cost.1:3"),
            comment("c", "2026-11-27T06:00:00Z", "x\n\noutlay:cost.11:9"),
            comment("d", "2026-11-27T05:00:00Z", "we saw outlay:cost.1:many"),
        ]});
        let (id, revision) = find(&told, "cost.1").expect("found");
        assert!(id.starts_with('a'));
        assert_eq!(revision, 3);
        assert_eq!(find(&told, "cost"), None);
    }
}
