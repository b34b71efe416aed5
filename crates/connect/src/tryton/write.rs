//! Writing back, by the calls that the module `outlay_cost` adds to Tryton.

use jiff::Timestamp;
use outlay_core::Money;
use serde_json::{Value, json};

use super::{Tryton, rest::Query, revision, value};
use crate::{
    canonical::Object,
    connector::{Error, SCRATCH, Target, Write, Written, no_todos},
};

/// The module in Tryton that takes what is written.
pub const MODULE: &str = "outlay_cost";
/// What to do without it.
pub const MODULE_MISSING: &str = "Tryton's module outlay_cost is not activated: cost figures and notes cannot be \
    written. Install integrations/tryton/outlay_cost beside trytond and activate it";
/// Characters of a note.
const MAX_NOTE: usize = 20_000;

impl Tryton {
    pub(super) async fn write(&self, write: &Write, key: &str) -> Result<Written, Error> {
        tracing::debug!(key, "writing to Tryton");
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
        let body = [
            ("paid", value::decimal(paid)),
            ("pending", value::decimal(pending)),
            ("currency", json!(paid.currency.code())),
            ("as_of", value::datetime(as_of)),
        ];
        let answer = self.call(target, "outlay_cost", &body).await?;
        let done = Done::read(&answer)?;
        Ok(Written {
            external_id: target.external_id.clone(),
            changed: done.changed,
            revision: Some(revision(done.modified_at)),
            conflicts: Vec::new(),
        })
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
        // Tryton's integers have 32 bits.
        let revision =
            i32::try_from(revision).map_err(|_| Error::Setup("a note's revision is below 2147483648".into()))?;
        let body = [
            ("marker", json!(marker)),
            ("revision", json!(revision)),
            ("text", json!(text)),
        ];
        let answer = self.call(target, "outlay_note", &body).await?;
        let done = Done::read(&answer)?;
        Ok(Written {
            external_id: done.id.to_string(),
            changed: done.changed,
            revision: None,
            conflicts: Vec::new(),
        })
    }

    pub(super) async fn make_scratch(&self) -> Result<Target, Error> {
        self.way.create("party.party", &json!({ "name": SCRATCH })).await?;
        let query = Query {
            domain: &json!([["name", "=", SCRATCH]]),
            order: &json!([["id", "DESC"]]),
            fields: &["name"],
            limit: 1,
        };
        let found = self.way.search("party.party", query).await?;
        let id = found.rows.first().and_then(|row| row["id"].as_i64());
        let id = id.ok_or_else(|| Error::Broken("a party was made and is not there".into()))?;
        Ok(Target::account(id.to_string()))
    }

    /// Tryton deletes no party that something speaks of: it is archived.
    pub(super) async fn drop_scratch(&self, scratch: &Target) -> Result<(), Error> {
        let id = scratch.external_id.parse();
        let id = id.map_err(|_| Error::Setup(format!("{:?} is no id of Tryton", scratch.external_id)))?;
        self.way.update("party.party", id, &json!({ "active": false })).await
    }

    async fn call(&self, target: &Target, action: &str, body: &[(&str, Value)]) -> Result<Value, Error> {
        let model = match target.object {
            Object::Deal => "sale.opportunity",
            Object::Account => "party.party",
            other => return Err(Error::Setup(format!("nothing is written to a {other} in Tryton"))),
        };
        let id: i64 = target
            .external_id
            .parse()
            .map_err(|_| Error::Setup(format!("{:?} is no id of Tryton", target.external_id)))?;
        let answer = self.way.act(model, id, action, body).await;
        match answer {
            Err(Error::Refused { status: 404, .. }) => Err(Error::Gone {
                object: target.object,
                external_id: target.external_id.clone(),
            }),
            Err(Error::Refused { status: 403, .. }) if !self.lacking(&[MODULE]).await?.is_empty() => {
                Err(Error::Setup(MODULE_MISSING.into()))
            }
            other => other,
        }
    }
}

struct Done {
    id: i64,
    changed: bool,
    modified_at: Timestamp,
}

impl Done {
    fn read(answer: &Value) -> Result<Self, Error> {
        let read = || {
            Some(Done {
                id: answer.get("id")?.as_i64()?,
                changed: answer.get("changed")?.as_bool()?,
                modified_at: value::read_datetime(answer.get("modified_at")?)?,
            })
        };
        read().ok_or_else(|| {
            Error::Broken("the module outlay_cost answered something else: is it of this version?".into())
        })
    }
}
