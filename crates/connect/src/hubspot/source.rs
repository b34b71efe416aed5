//! Where each canonical object comes from in HubSpot.

use jiff::Timestamp;
use serde_json::Value;

use crate::{canonical::Object, connector::Error};

/// The kind of record behind an object.
#[derive(Debug)]
pub struct Source {
    pub object: Object,
    /// HubSpot's name of it in addresses: `deals`.
    pub name: &'static str,
    /// Where its records are.
    pub path: &'static str,
    /// HubSpot's number of it: `0-3`; of owners there is none.
    pub type_id: &'static str,
    /// What events of the older subscriptions call it: `deal`; empty if there are none.
    pub event: &'static str,
    /// The property that tells when a record changed.
    pub modified: &'static str,
    /// What a record may be tied to and Outlay wants to know.
    pub links: &'static [&'static str],
    /// Times of which a day in the portal's own zone is made.
    pub days: &'static [&'static str],
    /// The properties of pipeline and stage, if it has such.
    pub stage: Option<(&'static str, &'static str)>,
    /// What a token needs to read it.
    pub scope: &'static str,
    /// Not every portal has it: where it is refused, it is left out.
    pub optional: bool,
}

const fn plain(object: Object, name: &'static str, path: &'static str, type_id: &'static str) -> Source {
    Source {
        object,
        name,
        path,
        type_id,
        event: "",
        modified: "hs_lastmodifieddate",
        links: &[],
        days: &[],
        stage: None,
        scope: "",
        optional: false,
    }
}

/// All sources; what is referred to comes first.
pub static SOURCES: [Source; 7] = [
    Source {
        scope: "crm.objects.owners.read",
        ..plain(Object::CrmUser, "owners", "/crm/v3/owners", "")
    },
    Source {
        event: "company",
        scope: "crm.objects.companies.read",
        ..plain(Object::Account, "companies", "/crm/v3/objects/companies", "0-2")
    },
    Source {
        event: "contact",
        modified: "lastmodifieddate",
        links: &["companies"],
        scope: "crm.objects.contacts.read",
        ..plain(Object::Contact, "contacts", "/crm/v3/objects/contacts", "0-1")
    },
    Source {
        event: "deal",
        links: &["companies", "contacts"],
        days: &["closedate"],
        stage: Some(("pipeline", "dealstage")),
        scope: "crm.objects.deals.read",
        ..plain(Object::Deal, "deals", "/crm/v3/objects/deals", "0-3")
    },
    Source {
        links: &["companies", "deals"],
        stage: Some(("hs_pipeline", "hs_pipeline_stage")),
        scope: "crm.objects.projects.read",
        optional: true,
        ..plain(Object::Project, "projects", "/crm/objects/v3/projects", "0-970")
    },
    Source {
        links: &["companies", "deals"],
        days: &["hs_external_created_date", "hs_createdate"],
        stage: Some(("hs_pipeline", "hs_pipeline_stage")),
        scope: "crm.objects.orders.read",
        optional: true,
        ..plain(Object::Order, "orders", "/crm/v3/objects/orders", "0-123")
    },
    Source {
        links: &["companies", "contacts", "deals"],
        days: &["hs_meeting_start_time", "hs_timestamp", "hs_meeting_end_time"],
        // Meetings are read with the right to read contacts.
        scope: "crm.objects.contacts.read",
        ..plain(Object::Activity, "meetings", "/crm/v3/objects/meetings", "0-47")
    },
];

impl Source {
    /// The source of `object`.
    pub fn of(object: Object) -> Result<&'static Source, Error> {
        let found = SOURCES.iter().find(|s| s.object == object);
        found.ok_or_else(|| Error::Setup(format!("HubSpot has no object like {object}")))
    }

    /// True for owners, which are no records: no properties, no search, no batches.
    pub fn is_owner(&self) -> bool {
        self.object == Object::CrmUser
    }

    /// True if HubSpot refused because this portal has no such records, or the token may not see them.
    pub fn is_lacking(&self, error: &Error) -> bool {
        self.optional && matches!(error, Error::Refused { status: 403 | 404, .. })
    }

    /// When a row changed last; of an archived one, when it was archived.
    pub fn changed(&self, row: &Value) -> Option<Timestamp> {
        let read = |value: &Value| value.as_str()?.parse::<Timestamp>().ok();
        let modified = read(&row["properties"][self.modified]).or_else(|| read(&row["updatedAt"]))?;
        let archived = read(&row["archivedAt"]).filter(|_| row["archived"] == true);
        Some(archived.map_or(modified, |at| at.max(modified)))
    }
}

/// A row's id. Ids are numbers, written as text.
pub fn id(row: &Value) -> Option<&str> {
    row["id"].as_str().filter(|id| is_id(id))
}

/// True if this may be an id, and may stand in an address.
pub fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Times of change as text of one length, so that text sorts as time does.
pub fn revision(at: Timestamp) -> String {
    format!("{at:.3}")
}
