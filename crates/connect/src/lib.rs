//! CRM records in and out: canonical objects, the connector trait, one folder a CRM, tables in files.
//!
//! A connector turns one CRM into pages of [`Record`]s and a few idempotent [`Write`]s. It never sees the database:
//! the caller stores each page and its cursor together, and calls again.

pub mod bottlecrm;
pub mod canonical;
pub mod chat;
pub mod connector;
pub mod dynamics;
mod edit;
pub mod fxiaoke;
pub mod guard;
pub mod http;
pub mod hubspot;
mod keyset;
pub mod manifest;
pub mod mapping;
pub mod odoo;
pub mod pace;
pub mod salesforce;
pub mod soap;
pub mod suitecrm;
pub mod tables;
pub mod tryton;
pub mod verify;
pub mod writing;

pub use canonical::{Account, Activity, Canonical, Contact, CrmUser, Deal, Object, Order, Project, Record, StageKind};
pub use connector::{
    Capabilities, Conflict, Connector, Deletes, Error, Fetched, FieldChange, Hint, Hook, Mark, Marks, ObjectCapability,
    Page, Ready, Rejected, SCRATCH, Target, Todo, Write, Written,
};
pub use guard::Guard;
pub use manifest::{Manifest, Settings};
pub use mapping::{Mapping, Rule};
