//! Where each canonical object comes from in Tryton.

use serde_json::{Value, json};

use crate::{canonical::Object, connector::Deletes};

/// The model behind an object, and how its changes are found.
pub struct Source {
    pub object: Object,
    /// Tryton's name of the model.
    pub model: &'static str,
    /// The module that brings it.
    pub module: &'static str,
    /// Fields to read, beside `id` and `last_modified_at`.
    pub fields: &'static [&'static str],
    /// Models whose records are shown as part of this one and do not touch its time of change:
    /// (model, its field that points here).
    pub parts: &'static [(&'static str, &'static str)],
    /// True for short lists whose state depends on the day: read in full each time.
    pub rescan: bool,
    pub deletes: Deletes,
    domain: fn() -> Value,
}

impl Source {
    /// The source of `object`, or `None` if Tryton has nothing like it.
    pub fn of(object: Object) -> Option<&'static Source> {
        SOURCES.iter().find(|s| s.object == object)
    }

    /// What all its records have in common, as a Tryton domain.
    pub fn domain(&self) -> Value {
        (self.domain)()
    }
}

/// All sources; what is referred to comes first.
pub static SOURCES: [Source; 6] = [
    Source {
        object: Object::CrmUser,
        model: "company.employee",
        module: "company",
        fields: &[
            "party.name",
            "party.email",
            "party.last_modified_at",
            "start_date",
            "end_date",
            "active",
            "company",
        ],
        parts: &[],
        rescan: true,
        deletes: Deletes::Never,
        domain: || json!([]),
    },
    Source {
        object: Object::Account,
        model: "party.party",
        module: "party",
        fields: &[
            "name",
            "code",
            "active",
            "replaced_by",
            "identifiers.type",
            "identifiers.code",
            "identifiers.last_modified_at",
            "addresses.city",
            "addresses.country.code",
            "addresses.active",
            "addresses.last_modified_at",
            "contact_mechanisms.type",
            "contact_mechanisms.value",
            "contact_mechanisms.name",
            "contact_mechanisms.active",
            "contact_mechanisms.last_modified_at",
            "categories.name",
        ],
        parts: &[
            ("party.address", "party"),
            ("party.contact_mechanism", "party"),
            ("party.identifier", "party"),
        ],
        rescan: false,
        deletes: Deletes::ArchivedOnly,
        domain: || json!([]),
    },
    Source {
        object: Object::Contact,
        model: "party.contact_mechanism",
        module: "party",
        fields: &[
            "party.contact_mechanisms.type",
            "party.contact_mechanisms.value",
            "party.contact_mechanisms.name",
            "party.contact_mechanisms.active",
            "party.contact_mechanisms.last_modified_at",
            "name",
        ],
        parts: &[],
        rescan: false,
        deletes: Deletes::ArchivedOnly,
        domain: || json!([["name", "!=", null]]),
    },
    Source {
        object: Object::Deal,
        model: "sale.opportunity",
        module: "sale_opportunity",
        fields: &[
            "number",
            "reference",
            "description",
            "party",
            "contact.name",
            "contact.party.contact_mechanisms.name",
            "company",
            "currency.code",
            "amount",
            "employee",
            "start_date",
            "end_date",
            "conversion_probability",
            "state",
        ],
        parts: &[],
        rescan: false,
        deletes: Deletes::Never,
        domain: || json!([]),
    },
    Source {
        object: Object::Project,
        model: "project.work",
        module: "project",
        fields: &["number", "name", "party", "origin", "status.name", "company"],
        parts: &[],
        rescan: false,
        deletes: Deletes::Never,
        domain: || json!([["type", "=", "project"]]),
    },
    Source {
        object: Object::Order,
        model: "sale.sale",
        module: "sale",
        fields: &[
            "number",
            "reference",
            "description",
            "party",
            "origin",
            "total_amount",
            "currency.code",
            "sale_date",
            "state",
            "company",
        ],
        parts: &[("sale.line", "sale")],
        rescan: false,
        deletes: Deletes::Never,
        domain: || json!([]),
    },
];
