//! Writing back: cost figures, in custom fields that an administrator adds to SuiteCRM.

use std::collections::BTreeMap;

use jiff::Timestamp;
use outlay_core::Money;

use super::{SuiteCrm, query, source, source::Module, value};
use crate::{
    canonical::{Object, Record},
    connector::{Connector as _, Error, Target, Write, Written, no_todos},
    soap::{Arg, Node},
};

const PAID: &str = "cost_paid_c";
const PENDING: &str = "cost_pending_c";
const CURRENCY: &str = "cost_currency_c";
const AS_OF: &str = "cost_as_of_c";
/// All of them.
pub const FIELDS: [&str; 4] = [PAID, PENDING, CURRENCY, AS_OF];

/// A field of a module: its type, and what may be chosen in it with the words for it.
pub struct Field {
    pub kind: String,
    pub options: Vec<(String, String)>,
}

impl SuiteCrm {
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
        let (module, id) = place_of(target)?;
        let held = self.entry(module, id, &FIELDS).await?.ok_or_else(|| gone(target))?;
        let text = |field: &str| held[field].as_str().unwrap_or_default();
        let as_of = value::datetime(as_of.as_second());
        // A field that is there and empty may be left out of an answer, so what lacks is asked for before it is filled.
        if FIELDS.iter().any(|field| text(field).is_empty()) {
            let lacking = self.lacking(module).await?;
            if !lacking.is_empty() {
                return Err(Error::Setup(advice(module, &lacking)));
            }
        }
        let newer = text(AS_OF) > as_of.as_str();
        let same = text(CURRENCY) == paid.currency.code()
            && text(AS_OF) == as_of
            && value::is_amount(text(PAID), paid)
            && value::is_amount(text(PENDING), pending);
        if !newer && !same {
            let pairs = [
                ("id", id),
                (PAID, &paid.plain()),
                (PENDING, &pending.plain()),
                (CURRENCY, paid.currency.code()),
                (AS_OF, &as_of),
            ];
            self.set(module, &pairs).await?;
        }
        Ok(Written {
            external_id: target.external_id.clone(),
            changed: !newer && !same,
            revision: Some(self.living(target).await?.revision),
            conflicts: Vec::new(),
        })
    }

    /// Writes these fields; gives the record's id. A record without an id is a new one.
    pub(super) async fn set(&self, module: &Module, pairs: &[(&str, &str)]) -> Result<String, Error> {
        let pairs = pairs.iter().map(|(name, value)| {
            Arg::Struct(
                "tns:name_value",
                vec![("name", Arg::Text(name)), ("value", Arg::Text(value))],
            )
        });
        let args = [Arg::Text(module.name), Arg::List("tns:name_value", pairs.collect())];
        let answered = self.session.call("set_entry", &args).await?;
        let id = answered.given.child("return").map_or("", |given| given.text_of("id"));
        match id {
            "" | "-1" => Err(Error::Broken(format!(
                "{} was written and no id came back",
                module.name
            ))),
            id => Ok(id.to_owned()),
        }
    }

    /// The target as it is now.
    pub(super) async fn living(&self, target: &Target) -> Result<Record, Error> {
        let (_, id) = place_of(target)?;
        let rows = self.rows(target.object, &[id]).await?;
        let row = rows.first().ok_or_else(|| gone(target))?;
        match self.understand(target.object, row) {
            Ok(Some(record)) if !record.deleted => Ok(record),
            Ok(_) => Err(gone(target)),
            Err(refused) => Err(Error::Broken(refused.reason)),
        }
    }

    /// Those of our fields that a module lacks, or has of a type that cannot hold what belongs there.
    pub(super) async fn lacking(&self, module: &Module) -> Result<Vec<&'static str>, Error> {
        let there = self.fields(module, &FIELDS).await?;
        let fits = |field: &str| {
            there.get(field).is_some_and(|f| match field {
                PAID | PENDING => matches!(f.kind.as_str(), "currency" | "decimal" | "float" | "double"),
                CURRENCY => f.kind == "varchar",
                _ => matches!(f.kind.as_str(), "datetime" | "datetimecombo"),
            })
        };
        Ok(FIELDS.into_iter().filter(|f| !fits(f)).collect())
    }

    /// Those of these fields that a module has.
    pub(super) async fn fields(&self, module: &Module, names: &[&str]) -> Result<BTreeMap<String, Field>, Error> {
        let args = [Arg::Text(module.name), Arg::texts(names.iter().copied())];
        let answered = self.session.call("get_module_fields", &args).await?;
        let fields = answered
            .given
            .child("return")
            .and_then(|given| given.child("module_fields"));
        let option = |pair: &Node| (pair.text_of("name").to_owned(), value::plain(pair.text_of("value")));
        let of = |field: &Node| {
            let options = field.child("options").map(|o| o.children.iter().map(option).collect());
            let held = Field {
                kind: field.text_of("type").to_owned(),
                options: options.unwrap_or_default(),
            };
            (field.text_of("name").to_owned(), held)
        };
        Ok(fields.into_iter().flat_map(|f| f.children.iter().map(of)).collect())
    }
}

/// The module and id of a record that may be written to.
pub fn place_of(target: &Target) -> Result<(&'static Module, &str), Error> {
    let module = match target.object {
        Object::Deal | Object::Account | Object::Contact => source::modules(target.object).first(),
        _ => None,
    };
    let module =
        module.ok_or_else(|| Error::Setup(format!("nothing is written to a {} in SuiteCRM", target.object)))?;
    Ok((module, query::safe(&target.external_id)?))
}

/// What an administrator of SuiteCRM does so that a module has the fields `lacking`.
pub fn advice(module: &Module, lacking: &[&str]) -> String {
    let kind = |field: &str| match field {
        PAID | PENDING => "Decimal, precision 2 or more",
        CURRENCY => "TextField",
        _ => "DateTime",
    };
    let each: Vec<String> = lacking.iter().map(|f| format!("{f} ({})", kind(f))).collect();
    format!(
        "cost figures need fields that SuiteCRM's {} lack: let an administrator add them under Admin > Studio, where \
         names are entered without their ending _c: {}",
        module.name,
        each.join(", ")
    )
}

/// The error that the target is gone.
pub fn gone(target: &Target) -> Error {
    Error::Gone {
        object: target.object,
        external_id: target.external_id.clone(),
    }
}
