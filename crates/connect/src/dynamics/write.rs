//! Writing back: cost figures in columns that an administrator adds, one note, and changed columns.

use async_trait::async_trait;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::{
    Dynamics, manifest,
    source::{self, Source},
};
use crate::{
    canonical::{Object, Record},
    connector::{Connector as _, Error, FieldChange, Target},
    mapping::Kind,
    writing::{self, Figures, Held, Note, What, Writes, decimal, gone, number},
};

/// What was paid, in the currency of [`CURRENCY`].
const PAID: &str = "outlay_paid";
const PENDING: &str = "outlay_pending";
const CURRENCY: &str = "outlay_currency";
const AS_OF: &str = "outlay_asof";
/// Our columns, and what they are. Plain decimals: a column of currency would read the amount in the record's own one.
pub const COLUMNS: [(&str, &str); 4] = [
    (PAID, "decimal number, 2 decimals"),
    (PENDING, "decimal number, 2 decimals"),
    (CURRENCY, "text, 3 characters"),
    (AS_OF, "date and time, time-zone independent"),
];
/// Characters of a note's title that people read.
const MAX_TITLE: usize = 100;

#[async_trait]
impl Writes for Dynamics {
    fn place(&self, target: &Target, what: What) -> Result<(), Error> {
        let fits = match what {
            What::Costs | What::Note => matches!(target.object, Object::Deal | Object::Account),
            What::Fields => matches!(target.object, Object::Deal | Object::Account | Object::Contact),
        };
        if !fits {
            return Err(Error::Setup(format!(
                "this is not written to a {} in Dynamics 365",
                target.object
            )));
        }
        match source::is_id(&target.external_id) {
            true => Ok(()),
            false => Err(Error::Setup(format!("{:?} is no id of Dataverse", target.external_id))),
        }
    }

    async fn living(&self, target: &Target) -> Result<Record, Error> {
        let source = only(target);
        let rows = self.records(source, std::slice::from_ref(&target.external_id)).await?;
        let row = rows.first().ok_or_else(|| gone(target))?;
        match self.understand(target.object, row) {
            Ok(Some(record)) => Ok(record),
            Ok(None) => Err(gone(target)),
            Err(refused) => Err(Error::Broken(refused.reason)),
        }
    }

    async fn held(&self, target: &Target) -> Result<Held, Error> {
        let source = only(target);
        if !self.lacking(source).await?.is_empty() {
            // Somebody may have added them since.
            self.rest.forget(source.table);
            let lacking = self.lacking(source).await?;
            if !lacking.is_empty() {
                return Err(Error::Setup(advice(source.table, &lacking)));
            }
        }
        let select = format!("{PAID},{PENDING},{CURRENCY},{AS_OF}");
        let row = self.rest.get(&path(target), &[("$select", &select)]).await;
        let row = row.map_err(|e| or_gone(e, target))?;
        Ok(Held {
            paid: decimal(&row[PAID]),
            pending: decimal(&row[PENDING]),
            currency: row[CURRENCY].as_str().map(str::to_owned),
            as_of: row[AS_OF].as_str().and_then(|at| at.parse().ok()),
        })
    }

    async fn put_figures(&self, target: &Target, figures: &Figures) -> Result<(), Error> {
        let body = json!({
            PAID: number(&figures.paid.plain()),
            PENDING: number(&figures.pending.plain()),
            CURRENCY: figures.paid.currency.code(),
            AS_OF: format!("{:.0}", figures.as_of),
        });
        let done = self.rest.patch(&path(target), &body, None).await;
        match done.map_err(|e| or_gone(e, target))? {
            true => Ok(()),
            false => Err(gone(target)),
        }
    }

    async fn notes(&self, target: &Target, marker: &str) -> Result<Vec<(String, u64)>, Error> {
        let filter = format!(
            "_objectid_value eq {} and contains(subject,'[outlay:{marker}:')",
            target.external_id
        );
        let query = [
            ("$select", "annotationid,subject"),
            ("$filter", filter.as_str()),
            ("$orderby", "createdon asc"),
        ];
        let found = self.rest.rows("annotations", &query, 100, false).await?;
        let one = |row: &Value| {
            let revision = writing::marked(row["subject"].as_str()?, marker)?;
            let id = row["annotationid"].as_str().filter(|id| source::is_id(id))?;
            Some((id.to_owned(), revision))
        };
        Ok(found.rows.iter().filter_map(one).collect())
    }

    async fn put_note(&self, target: &Target, note: Note<'_>, old: Option<&str>) -> Result<String, Error> {
        let first: String = note
            .text
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(MAX_TITLE)
            .collect();
        let subject = format!("{} [{}]", first.trim(), writing::mark(note));
        let mut body = json!({ "subject": subject.trim(), "notetext": note.text });
        if let Some(old) = old {
            let path = format!("annotations({old})");
            return match self.rest.patch(&path, &body, None).await? {
                true => Ok(old.to_owned()),
                false => Err(Error::Retry { after: None }),
            };
        }
        let source = only(target);
        let tie = format!("objectid_{}@odata.bind", source.table);
        body[tie] = format!("/{}({})", source.set, target.external_id).into();
        let made = self.rest.post("annotations", &body).await;
        let made = made.map_err(|e| or_gone(e, target))?;
        let id = made["annotationid"].as_str().filter(|id| source::is_id(id));
        Ok(id
            .ok_or_else(|| Error::Broken("a note was made without an id".into()))?
            .to_owned())
    }

    async fn drop_note(&self, id: &str) -> Result<(), Error> {
        match self.rest.delete(&format!("annotations({id})")).await {
            Ok(()) | Err(Error::Refused { status: 404, .. }) => Ok(()),
            Err(other) => Err(other),
        }
    }

    fn writable(&self, object: Object, field: &str) -> Result<(&'static str, Kind), Error> {
        let source = manifest().object(object);
        writing::writable("Dynamics 365", source, &self.mapping, field, |path, theirs| {
            path == theirs
        })
    }

    async fn value(&self, kind: Kind, _: &str, change: &FieldChange, record: &Record) -> Result<Value, Error> {
        let after = change.after.trim();
        let wrong = |what: &str| Error::Setup(format!("{}: {after:?} is no {what}", change.field));
        let closed = record.object == Object::Deal && record.raw["statecode"] != 0;
        if closed {
            return Err(Error::Refused {
                status: 422,
                text: "this deal is closed: it must be opened again in Dynamics 365 before it can be changed".into(),
            });
        }
        Ok(match kind {
            _ if after.is_empty() => Value::Null,
            Kind::Money => {
                let (amount, currency) = writing::amount(after).ok_or_else(|| wrong("amount"))?;
                let theirs = record.raw["@currency"].as_str();
                if let (Some(currency), Some(theirs)) = (currency, theirs)
                    && currency.code() != theirs
                {
                    return Err(Error::Setup(format!(
                        "Dynamics 365 keeps this {} in {theirs}",
                        change.field
                    )));
                }
                number(&amount.to_string())
            }
            Kind::Date => {
                after.parse::<Date>().map_err(|_| wrong("day"))?;
                after.into()
            }
            _ => after.into(),
        })
    }

    async fn change(&self, target: &Target, record: &Record, values: Map<String, Value>) -> Result<bool, Error> {
        let etag = record.raw["@odata.etag"].as_str();
        let etag = etag.ok_or_else(|| Error::Broken("a record without its etag".into()))?;
        let done = self.rest.patch(&path(target), &Value::Object(values), Some(etag)).await;
        done.map_err(|e| or_gone(e, target))
    }
}

impl Dynamics {
    /// Those of our columns that a table lacks, or that this user may not change.
    pub(super) async fn lacking(&self, source: &Source) -> Result<Vec<&'static str>, Error> {
        let there = self.rest.columns(source.table).await?.unwrap_or_default();
        let usable = |name: &str| there.get(name) == Some(&true);
        Ok(COLUMNS
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| !usable(name))
            .collect())
    }
}

fn only(target: &Target) -> &'static Source {
    &Source::all(target.object)[0]
}

fn path(target: &Target) -> String {
    format!("{}({})", only(target).set, target.external_id)
}

fn or_gone(error: Error, target: &Target) -> Error {
    match error {
        Error::Refused { status: 404, .. } => gone(target),
        other => other,
    }
}

/// What an administrator does so that `table` has the columns `lacking`.
pub fn advice(table: &str, lacking: &[&str]) -> String {
    let each: Vec<String> = COLUMNS
        .iter()
        .filter(|(name, _)| lacking.contains(name))
        .map(|(name, kind)| format!("{name} ({kind})"))
        .collect();
    format!(
        "cost figures need columns of {table}: let an administrator add them in Power Apps, in a solution whose publisher \
         has the prefix outlay: {}",
        each.join(", ")
    )
}
