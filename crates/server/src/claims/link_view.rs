//! The CRM records of a claim as they are read: where each came from, and what the CRM says otherwise by now.

use outlay_connect::Object;
use outlay_core::claim::{Claim, Source, Status};

use super::input::ClaimInput;
use super::records::{self, Record};
use super::view::{DriftView, LinkView, source_view};
use crate::db::Sql;
use crate::edits;
use crate::error::Error;
use crate::shell::W;

/// The records that `claim` belongs to; moments in `zone`.
pub async fn links(sql: &mut Sql, w: W, zone: &str, claim: &Claim) -> Result<Vec<LinkView>, Error> {
    let links = ClaimInput::of(&claim.content).links;
    let all = [
        (Object::Deal, links.deal),
        (Object::Account, links.account.clone()),
        (Object::Contact, links.contact),
        (Object::Project, links.project),
        (Object::Order, links.order),
        (Object::Activity, links.activity),
    ];
    let mut views = Vec::new();
    for (object, id) in all {
        if id.is_empty() {
            continue;
        }
        let field = format!("links.{object}");
        let source = claim.sources.iter().find(|s| s.field == field);
        let record = records::find(sql, object, &id).await?;
        let name = match (&record, source) {
            (Some(record), _) => record.name.clone(),
            (None, Some(source)) => source.value.clone(),
            (None, None) => String::new(),
        };
        let mut drift = Vec::new();
        if is_open(claim.status()) {
            drift = drifted(claim, object, source, record.as_ref());
            // What was written from here is no change by the CRM.
            if let Some(named) = drift.iter().find(|d| d.what == "name").map(|d| d.is.clone())
                && edits::ours(sql, &id, "name", &named).await?
            {
                drift.retain(|d| d.what != "name");
            }
            if let Some(record) = record
                .as_ref()
                .filter(|r| object == Object::Deal && source.is_some_and(|s| same(s, r)))
            {
                drift.extend(moved(sql, record, &links.account).await?);
            }
        }
        let day = record.as_ref().and_then(|r| r.happened_on.clone());
        views.push(LinkView {
            object: object.as_str(),
            name: day.map_or_else(|| name.clone(), |d| format!("{d} {name}")),
            note: record.map(|r| r.note).unwrap_or_default(),
            source: source.map(|s| source_view(w, zone, s, &id)),
            drift,
            id,
        });
    }
    Ok(views)
}

fn is_open(status: Status) -> bool {
    matches!(
        status,
        Status::Draft | Status::Returned | Status::Submitted | Status::InReview
    )
}

/// Whether a field is still filled from this very record, rather than chosen anew by a person.
fn same(source: &Source, record: &Record) -> bool {
    source.external_id == record.external_id
}

fn drifted(claim: &Claim, object: Object, source: Option<&Source>, record: Option<&Record>) -> Vec<DriftView> {
    let Some(record) = record else {
        let gone = source.map(|s| DriftView {
            what: "gone",
            was: s.value.clone(),
            is: String::new(),
        });
        return gone.into_iter().collect();
    };
    let follows = |field: &str| field == "owner" || field.starts_with("links.");
    let of = claim
        .sources
        .iter()
        .filter(|s| s.object == object.as_str() && follows(&s.field) && same(s, record));
    of.filter_map(|source| {
        let (what, is) = match source.field.as_str() {
            "owner" => ("owner", record.owner.clone().unwrap_or_default()),
            "links.visited_on" => ("visited_on", record.happened_on.clone().unwrap_or_default()),
            _ => ("name", record.name.clone()),
        };
        let was = source.value.clone();
        (was != is).then_some(DriftView { what, was, is })
    })
    .collect()
}

/// The deal belongs to another customer now.
async fn moved(sql: &mut Sql, deal: &Record, account: &str) -> Result<Option<DriftView>, Error> {
    let Some(now) = deal
        .account_id
        .as_deref()
        .filter(|now| !account.is_empty() && *now != account)
    else {
        return Ok(None);
    };
    let mut name = async |id| -> Result<String, Error> {
        let record = records::find(sql, Object::Account, id).await?;
        Ok(record.map(|r| r.name).unwrap_or_default())
    };
    Ok(Some(DriftView {
        what: "account",
        was: name(account).await?,
        is: name(now).await?,
    }))
}
