//! Writing back: cost figures, in fields that Outlay adds to Odoo.

use jiff::Timestamp;
use outlay_core::{Currency, Money};
use serde_json::{Value, json};

use super::{Odoo, value};
use crate::{
    canonical::{Object, Record},
    connector::{Connector as _, Error, Target, Write, Written},
};

/// The currency of the two amounts.
const CURRENCY: &str = "x_outlay_currency_id";
const PAID: &str = "x_outlay_paid";
const PENDING: &str = "x_outlay_pending";
const AS_OF: &str = "x_outlay_as_of";
/// All of them.
pub const FIELDS: [&str; 4] = [CURRENCY, PAID, PENDING, AS_OF];

impl Odoo {
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
            Write::Todo { target, marker, open } => self.write_todo(target, marker, open.as_ref()).await,
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
        let (model, id) = self.place_of(target)?;
        self.living(target).await?;
        self.make_fields(model).await?;
        let currency = self.currency(paid.currency).await?;
        let as_of = value::datetime(as_of.as_second());
        let args = json!({ "fields": FIELDS });
        let held = self.rpc.call(model, "read", Some(&[id]), args).await?.value;
        let held = held.get(0).ok_or_else(|| gone(target))?;
        let newer = held[AS_OF].as_str().is_some_and(|theirs| theirs > as_of.as_str());
        let same = value::reference(&held[CURRENCY]) == Some(currency)
            && held[AS_OF] == as_of.as_str()
            && value::is_amount(&held[PAID], paid)
            && value::is_amount(&held[PENDING], pending);
        if !newer && !same {
            let vals = json!({
                CURRENCY: currency,
                PAID: value::number(&paid.plain()),
                PENDING: value::number(&pending.plain()),
                AS_OF: as_of,
            });
            self.rpc
                .call(model, "write", Some(&[id]), json!({ "vals": vals }))
                .await
                .map_err(|e| or_gone(e, target))?;
        }
        Ok(Written {
            external_id: target.external_id.clone(),
            changed: !newer && !same,
            revision: Some(self.living(target).await?.revision),
            conflicts: Vec::new(),
        })
    }

    /// The target as it is now.
    pub(super) async fn living(&self, target: &Target) -> Result<Record, Error> {
        let (_, id) = self.place_of(target)?;
        let rows = self.rows(target.object, &[id]).await?;
        let row = rows.first().ok_or_else(|| gone(target))?;
        match self.understand(target.object, row) {
            Ok(Some(record)) => Ok(record),
            Ok(None) => Err(gone(target)),
            Err(refused) => Err(Error::Broken(refused.reason)),
        }
    }

    /// The model and id of a record that may be written to.
    pub(super) fn place_of(&self, target: &Target) -> Result<(&'static str, i64), Error> {
        if !matches!(target.object, Object::Deal | Object::Account | Object::Contact) {
            return Err(Error::Setup(format!(
                "nothing is written to a {} in Odoo",
                target.object
            )));
        }
        let id = target.external_id.parse();
        let id = id.map_err(|_| Error::Setup(format!("{:?} is no id of Odoo", target.external_id)))?;
        Ok((self.model(target.object)?, id))
    }

    async fn currency(&self, currency: Currency) -> Result<i64, Error> {
        let args = json!({ "domain": [["name", "=", currency.code()]], "fields": ["name"], "limit": 1 });
        let found = self.rpc.call("res.currency", "search_read", None, args).await?.value;
        let id = found.get(0).and_then(value::id);
        id.ok_or_else(|| Error::Setup(format!("Odoo does not know the currency {currency}")))
    }

    /// Those of our fields that `model` lacks.
    pub(super) async fn lacking(&self, model: &str) -> Result<Vec<&'static str>, Error> {
        let there = self.schema.fields(&self.rpc, model).await?.unwrap_or_default();
        Ok(FIELDS.into_iter().filter(|f| !there.contains(*f)).collect())
    }

    /// Adds our fields to `model` where they lack, if the key may.
    async fn make_fields(&self, model: &str) -> Result<(), Error> {
        if self.lacking(model).await?.is_empty() {
            return Ok(());
        }
        // Somebody may have made them since.
        self.schema.forget(model);
        let lacking = self.lacking(model).await?;
        if lacking.is_empty() {
            return Ok(());
        }
        let may_not = |error| match error {
            Error::Refused { status: 403, .. } => Error::Setup(advice(model, &lacking)),
            other => other,
        };
        let args = json!({ "domain": [["model", "=", model]], "fields": ["model"], "limit": 1 });
        let found = self.rpc.call("ir.model", "search_read", None, args).await;
        let found = found.map_err(may_not)?.value;
        let model_id = found.get(0).and_then(value::id);
        let model_id = model_id.ok_or_else(|| Error::Setup(advice(model, &lacking)))?;
        // Amounts name their currency's field, which must be there before.
        for round in [[CURRENCY, AS_OF], [PAID, PENDING]] {
            let new: Vec<Value> = round
                .iter()
                .filter(|f| lacking.contains(f))
                .map(|name| definition(name, model_id))
                .collect();
            if !new.is_empty() {
                let args = json!({ "vals_list": new });
                let made = self.rpc.call("ir.model.fields", "create", None, args).await;
                made.map_err(may_not)?;
            }
        }
        self.schema.forget(model);
        match self.lacking(model).await? {
            still if still.is_empty() => Ok(()),
            still => Err(Error::Setup(advice(model, &still))),
        }
    }
}

/// What an administrator of Odoo does so that `model` has the fields `lacking`.
pub fn advice(model: &str, lacking: &[&str]) -> String {
    let each: Vec<String> = lacking.iter().map(|f| format!("{f} ({})", kind(f))).collect();
    format!(
        "cost figures need fields that Odoo lacks and this key may not add: let an administrator add them to {model} \
         under Settings > Technical > Fields: {}; or let the key's owner have Administration: Settings for the first \
         cost figures",
        each.join(", ")
    )
}

fn kind(field: &str) -> &'static str {
    match field {
        CURRENCY => "many2one to res.currency",
        AS_OF => "datetime",
        _ => "monetary, currency field x_outlay_currency_id",
    }
}

fn definition(field: &str, model_id: i64) -> Value {
    let (ttype, label) = match field {
        CURRENCY => ("many2one", "Expenses: currency"),
        AS_OF => ("datetime", "Expenses: as of"),
        PAID => ("monetary", "Expenses: paid"),
        _ => ("monetary", "Expenses: pending"),
    };
    let mut new = json!({
        "name": field, "field_description": label, "model_id": model_id, "ttype": ttype, "state": "manual",
    });
    match ttype {
        "many2one" => {
            new["relation"] = "res.currency".into();
            new["on_delete"] = "set null".into();
        }
        "monetary" => new["currency_field"] = CURRENCY.into(),
        _ => {}
    }
    new
}

/// The error that the target is gone.
pub fn gone(target: &Target) -> Error {
    Error::Gone {
        object: target.object,
        external_id: target.external_id.clone(),
    }
}

/// A record that vanished between two calls is gone.
pub fn or_gone(error: Error, target: &Target) -> Error {
    match error {
        Error::Refused { status: 404, .. } => gone(target),
        other => other,
    }
}
