//! Writing back: cost figures in fields that an administrator adds, one note, and changed fields.

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::civil::Date;
use reqwest::{Method, header::IF_UNMODIFIED_SINCE};
use serde_json::{Map, Value, json};

use super::{
    Salesforce, manifest,
    rest::reason,
    source::{self, Source, is_true, moment},
};
use crate::{
    canonical::{Object, Record},
    connector::{Connector as _, Error, FieldChange, Target},
    mapping::Kind,
    writing::{self, Figures, Held, Note, What, Writes, decimal, gone, number},
};

/// What was paid, in the currency of [`CURRENCY`].
const PAID: &str = "Outlay_Paid__c";
const PENDING: &str = "Outlay_Pending__c";
const CURRENCY: &str = "Outlay_Currency__c";
const AS_OF: &str = "Outlay_As_Of__c";
/// Our fields, and what they are. Plain numbers: a field of currency would read the amount in the record's own one.
pub const FIELDS: [(&str, &str); 4] = [
    (PAID, "Number(16, 2)"),
    (PENDING, "Number(16, 2)"),
    (CURRENCY, "Text(3)"),
    (AS_OF, "Date/Time"),
];
/// Characters of a note's title that people read; it has 255 with the mark.
const MAX_TITLE: usize = 100;

#[async_trait]
impl Writes for Salesforce {
    fn place(&self, target: &Target, what: What) -> Result<(), Error> {
        let fits = match what {
            What::Costs | What::Note => matches!(target.object, Object::Deal | Object::Account),
            What::Fields => matches!(target.object, Object::Deal | Object::Account | Object::Contact),
        };
        if !fits {
            return Err(Error::Setup(format!(
                "this is not written to a {} in Salesforce",
                target.object
            )));
        }
        match source::is_id(&target.external_id) {
            true => Ok(()),
            false => Err(Error::Setup(format!("{:?} is no id of Salesforce", target.external_id))),
        }
    }

    async fn living(&self, target: &Target) -> Result<Record, Error> {
        let source = only(target)?;
        let rows = self.rows(source, std::slice::from_ref(&target.external_id)).await?;
        let row = rows.first().ok_or_else(|| gone(target))?;
        match self.understand(target.object, row) {
            Ok(Some(record)) if !record.deleted => Ok(record),
            Ok(_) => Err(gone(target)),
            Err(refused) => Err(Error::Broken(refused.reason)),
        }
    }

    async fn held(&self, target: &Target) -> Result<Held, Error> {
        let source = only(target)?;
        if !self.lacking(source).await?.is_empty() {
            // Somebody may have added them since.
            self.rest.forget(source.name);
            let lacking = self.lacking(source).await?;
            if !lacking.is_empty() {
                return Err(Error::Setup(advice(source.name, &lacking)));
            }
        }
        let soql = format!(
            "SELECT IsDeleted, {PAID}, {PENDING}, {CURRENCY}, {AS_OF} FROM {} WHERE Id = '{}'",
            source.name, target.external_id
        );
        let found = self.rest.query(&soql).await?;
        let row = found.rows.first().filter(|row| !is_true(&row["IsDeleted"]));
        let row = row.ok_or_else(|| gone(target))?;
        Ok(Held {
            paid: decimal(&row[PAID]),
            pending: decimal(&row[PENDING]),
            currency: row[CURRENCY].as_str().map(str::to_owned),
            as_of: moment(&row[AS_OF]),
        })
    }

    async fn put_figures(&self, target: &Target, figures: &Figures) -> Result<(), Error> {
        let source = only(target)?;
        // A collection tells of each of its records apart, within HTTP 200.
        let body = json!({ "allOrNone": true, "records": [{
            "attributes": { "type": source.name },
            "id": target.external_id,
            PAID: number(&figures.paid.plain()),
            PENDING: number(&figures.pending.plain()),
            CURRENCY: figures.paid.currency.code(),
            AS_OF: source::literal(figures.as_of),
        }]});
        let told = self.rest.patch("composite/sobjects", &body).await?;
        match &told[0] {
            one if one["success"] == true => Ok(()),
            one => Err(refused(&one["errors"], target)),
        }
    }

    async fn notes(&self, _: &Target, marker: &str) -> Result<Vec<(String, u64)>, Error> {
        let soql = format!(
            "SELECT Id, Title FROM ContentNote WHERE Title LIKE '%[outlay:{marker}:%' ORDER BY CreatedDate, Id"
        );
        let found = self.rest.query(&soql).await.map_err(no_notes)?;
        let one = |row: &Value| {
            let revision = writing::marked(row["Title"].as_str()?, marker)?;
            Some((source::id(row)?.to_owned(), revision))
        };
        Ok(found.rows.iter().filter_map(one).collect())
    }

    async fn put_note(&self, target: &Target, note: Note<'_>, old: Option<&str>) -> Result<String, Error> {
        let fields = |revision: u64| {
            let first: String = note
                .text
                .lines()
                .next()
                .unwrap_or_default()
                .chars()
                .take(MAX_TITLE)
                .collect();
            let title = format!("{} [{}]", first.trim(), writing::mark(Note { revision, ..note }));
            let html = format!("<p>{}</p>", writing::html(note.text));
            json!({ "Title": title.trim(), "Content": STANDARD.encode(html) })
        };
        // A note is made, tied to the record, and only then bears its revision: wherever an answer got lost, the next try
        // finds the note and goes on.
        let id = match old {
            Some(old) => old.to_owned(),
            None => {
                let made = self
                    .rest
                    .post("sobjects/ContentNote", &fields(0))
                    .await
                    .map_err(no_notes)?;
                let id = made["id"].as_str().filter(|id| source::is_id(id));
                id.ok_or_else(|| Error::Broken("a note was made without an id".into()))?
                    .to_owned()
            }
        };
        let record = &target.external_id;
        let soql = format!(
            "SELECT Id FROM ContentDocumentLink WHERE LinkedEntityId = '{record}' AND ContentDocumentId = '{id}'"
        );
        if self.rest.query(&soql).await?.rows.is_empty() {
            let tie = json!({ "ContentDocumentId": id, "LinkedEntityId": record, "ShareType": "V" });
            self.rest.post("sobjects/ContentDocumentLink", &tie).await?;
        }
        self.rest
            .patch(&format!("sobjects/ContentNote/{id}"), &fields(note.revision))
            .await?;
        Ok(id)
    }

    async fn drop_note(&self, id: &str) -> Result<(), Error> {
        match self.rest.delete(&format!("sobjects/ContentDocument/{id}")).await {
            Ok(_) | Err(Error::Refused { status: 404, .. }) => Ok(()),
            Err(other) => Err(other),
        }
    }

    fn writable(&self, object: Object, field: &str) -> Result<(&'static str, Kind), Error> {
        let source = manifest().object(object);
        writing::writable("Salesforce", source, &self.mapping, field, |path, theirs| {
            path == theirs
        })
    }

    async fn value(&self, kind: Kind, field: &str, change: &FieldChange, record: &Record) -> Result<Value, Error> {
        let after = change.after.trim();
        let wrong = |what: &str| Error::Setup(format!("{}: {after:?} is no {what}", change.field));
        Ok(match kind {
            _ if after.is_empty() => Value::Null,
            Kind::Money => {
                let (amount, currency) = writing::amount(after).ok_or_else(|| wrong("amount"))?;
                let theirs = ["CurrencyIsoCode", "@currency"]
                    .iter()
                    .find_map(|key| record.raw[key].as_str());
                if let (Some(currency), Some(theirs)) = (currency, theirs)
                    && currency.code() != theirs
                {
                    return Err(Error::Setup(format!(
                        "Salesforce keeps this {} in {theirs}",
                        change.field
                    )));
                }
                number(&amount.to_string())
            }
            Kind::Date => {
                after.parse::<Date>().map_err(|_| wrong("day"))?;
                after.into()
            }
            _ if field == "StageName" => {
                let found = self
                    .rest
                    .query("SELECT ApiName FROM OpportunityStage WHERE IsActive = true")
                    .await?;
                if !found.rows.iter().any(|row| row["ApiName"] == after) {
                    return Err(Error::Refused {
                        status: 422,
                        text: format!("there is no stage {after:?}"),
                    });
                }
                after.into()
            }
            _ => after.into(),
        })
    }

    async fn change(&self, target: &Target, record: &Record, values: Map<String, Value>) -> Result<bool, Error> {
        let path = format!("sobjects/{}/{}", only(target)?.name, target.external_id);
        let seen = moment(&record.raw["LastModifiedDate"]).unwrap_or(record.modified_at);
        let seen = seen.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let send = |r: reqwest::RequestBuilder| r.header(IF_UNMODIFIED_SINCE, &seen).json(&values);
        let answer = self.rest.send(Method::PATCH, &path, &[], send).await?;
        match answer.status.as_u16() {
            412 => return Ok(false),
            404 => return Err(gone(target)),
            _ => {}
        }
        self.rest.read(answer)?;
        Ok(true)
    }
}

impl Salesforce {
    /// Those of our fields that `source` lacks, or that this user may not change.
    pub(super) async fn lacking(&self, source: &Source) -> Result<Vec<&'static str>, Error> {
        let there = self.rest.fields(source.name).await?.unwrap_or_default();
        let usable = |name: &str| there.get(name).is_some_and(|field| field.updateable);
        Ok(FIELDS
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| !usable(name))
            .collect())
    }
}

/// The kind of record that a target is of.
fn only(target: &Target) -> Result<&'static Source, Error> {
    Ok(&Source::all(target.object)?[0])
}

/// Why one record of a collection was not written.
fn refused(errors: &Value, target: &Target) -> Error {
    match errors[0]["statusCode"].as_str().unwrap_or_default() {
        "ENTITY_IS_DELETED" | "NOT_FOUND" | "INVALID_CROSS_REFERENCE_KEY" => gone(target),
        "UNABLE_TO_LOCK_ROW" => Error::Retry { after: None },
        _ => Error::Refused {
            status: 200,
            text: reason(errors).unwrap_or_else(|| "it gives no reason".into()),
        },
    }
}

fn no_notes(error: Error) -> Error {
    match error {
        Error::Refused { status: 404, .. } => lacks_notes(),
        Error::Refused { text, .. } if text.starts_with("INVALID_TYPE") => lacks_notes(),
        other => other,
    }
}

pub fn lacks_notes() -> Error {
    Error::Setup(
        "this organisation has no enhanced notes: let an administrator enable them under Setup > Notes Settings".into(),
    )
}

/// What an administrator of Salesforce does so that `object` has the fields `lacking`.
pub fn advice(object: &str, lacking: &[&str]) -> String {
    let each: Vec<String> = FIELDS
        .iter()
        .filter(|(name, _)| lacking.contains(name))
        .map(|(name, kind)| format!("{name} ({kind})"))
        .collect();
    format!(
        "cost figures need fields of {object} that this user can edit: let an administrator add them under Setup > Object \
         Manager > {object} > Fields, with edit access for this user: {}",
        each.join(", ")
    )
}
