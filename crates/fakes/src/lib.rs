//! CRMs in memory, stateful, that fail on demand. For tests alone: no product crate depends on this one.

pub mod dynamics;
pub mod faults;
pub mod feishu;
pub mod fxiaoke;
pub mod hubspot;
pub mod odoo;
pub mod salesforce;
pub mod suitecrm;
pub mod verify;

pub use faults::{Fault, Faults, WriteFault};
