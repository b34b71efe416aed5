//! Writing back: cost figures, in fields of the company's own that an administrator adds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use outlay_core::Money;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Map, Value, json};

use super::{Fxiaoke, source};
use crate::{
    canonical::{Object, Record},
    connector::{Connector as _, Error, Target, Write, Written, no_todos},
};

const PAID: &str = "cost_paid__c";
const PENDING: &str = "cost_pending__c";
const CURRENCY: &str = "cost_currency__c";
const AS_OF: &str = "cost_as_of__c";
/// All of them.
const FIELDS: [&str; 4] = [PAID, PENDING, CURRENCY, AS_OF];

impl Fxiaoke {
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
        let name = place_of(target)?;
        let held = self.living(target).await?.raw;
        // Fields that hold nothing are left out of answers, so what lacks is asked for before it is filled.
        if FIELDS.iter().any(|field| source::text(&held[*field]).is_none()) {
            let lacking = self.lacking(name).await?;
            if !lacking.is_empty() {
                return Err(Error::Setup(advice(name, &lacking)));
            }
        }
        let as_of = as_of.as_millisecond();
        let newer = source::number(&held[AS_OF]).is_some_and(|theirs| theirs > as_of);
        let same = source::text(&held[CURRENCY]).as_deref() == Some(paid.currency.code())
            && source::number(&held[AS_OF]) == Some(as_of)
            && is_amount(&held[PAID], paid)
            && is_amount(&held[PENDING], pending);
        if !newer && !same {
            // Amounts go over as texts, digit by digit.
            let mut vals = Map::new();
            vals.insert(PAID.into(), paid.plain().into());
            vals.insert(PENDING.into(), pending.plain().into());
            vals.insert(CURRENCY.into(), paid.currency.code().into());
            vals.insert(AS_OF.into(), as_of.into());
            self.update(name, &target.external_id, vals, false).await?;
        }
        Ok(Written {
            external_id: target.external_id.clone(),
            changed: !newer && !same,
            revision: Some(self.living(target).await?.revision),
            conflicts: Vec::new(),
        })
    }

    /// Changes fields of a record. What a person changed may want somebody's approval there; our own figures want none.
    pub(super) async fn update(
        &self,
        name: &str,
        id: &str,
        mut vals: Map<String, Value>,
        flows: bool,
    ) -> Result<(), Error> {
        vals.insert("_id".into(), id.into());
        vals.insert("dataObjectApiName".into(), name.into());
        let body = json!({
            "triggerApprovalFlow": flows,
            "triggerWorkFlow": flows,
            "data": { "object_data": vals },
        });
        self.api.call(&source::path(name, "update"), body).await?;
        Ok(())
    }

    /// The target as it is now.
    pub(super) async fn living(&self, target: &Target) -> Result<Record, Error> {
        let rows = self.rows(target.object, &[&target.external_id]).await?;
        let row = rows.first().ok_or_else(|| gone(target))?;
        match self.understand(target.object, row) {
            Ok(Some(record)) if !record.deleted => Ok(record),
            Ok(_) => Err(gone(target)),
            Err(refused) => Err(Error::Broken(refused.reason)),
        }
    }

    /// Those of our fields that an object lacks, or has of a type that cannot hold what belongs there.
    pub(super) async fn lacking(&self, name: &str) -> Result<Vec<&'static str>, Error> {
        let there = self.fields(name).await?;
        let fits = |field: &str| {
            there.get(field).is_some_and(|kind| match field {
                PAID | PENDING => matches!(kind.as_str(), "number" | "currency"),
                CURRENCY => kind == "text",
                _ => kind == "date_time",
            })
        };
        Ok(FIELDS.into_iter().filter(|f| !fits(f)).collect())
    }

    /// An object's fields and their types.
    pub(super) async fn fields(&self, name: &str) -> Result<BTreeMap<String, String>, Error> {
        // Where the name stands differs between the manual's versions; either reads its own.
        let body = json!({ "apiName": name, "includeDetail": false, "data": { "apiName": name } });
        let answered = self.api.call("cgi/crm/v2/object/describe", body).await?.value;
        let fields = answered["data"]["describe"]["fields"].as_object();
        let fields = fields.ok_or_else(|| Error::Broken(format!("the fields of {name} came as no object")))?;
        let kind = |field: &Value| field["type"].as_str().unwrap_or_default().to_owned();
        Ok(fields.iter().map(|(name, field)| (name.clone(), kind(field))).collect())
    }
}

/// The API name of the object of a record that may be written to.
pub fn place_of(target: &Target) -> Result<&'static str, Error> {
    if target.external_id.is_empty() || target.external_id.len() > 64 {
        return Err(Error::Setup("a record's id is 1 to 64 characters".into()));
    }
    match target.object {
        Object::Account => Ok("AccountObj"),
        Object::Contact => Ok("ContactObj"),
        Object::Deal => Ok("NewOpportunityObj"),
        other => Err(Error::Setup(format!("nothing is written to a {other} in 纷享销客"))),
    }
}

/// What an administrator of 纷享销客 does so that an object has the fields `lacking`.
pub fn advice(name: &str, lacking: &[&str]) -> String {
    let kind = |field: &str| match field {
        PAID | PENDING => "金额 or 数字, two decimals",
        CURRENCY => "单行文本",
        _ => "日期时间",
    };
    let each: Vec<String> = lacking.iter().map(|f| format!("{f} ({})", kind(f))).collect();
    format!(
        "cost figures need fields that 纷享销客's {name} lacks: let an administrator add them in its object management \
         (对象管理) with these API names: {}",
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

/// True if this number, which may come as text, is this amount, once rounded to the currency's smallest unit.
fn is_amount(held: &Value, amount: Money) -> bool {
    let held = source::text(held).and_then(|text| decimal(&text));
    held.is_some_and(|d| {
        let rounded = d.round_dp_with_strategy(amount.currency.decimals(), RoundingStrategy::MidpointAwayFromZero);
        decimal(&amount.plain()) == Some(rounded)
    })
}

/// A number as it is written.
pub fn decimal(text: &str) -> Option<Decimal> {
    text.trim()
        .parse()
        .or_else(|_| Decimal::from_scientific(text.trim()))
        .ok()
}
