//! The hub of CRM records: taking them in, what they cost, and what goes back.

mod awaited;
mod draft;
mod rights;
pub mod store;

pub use draft::for_won_deal;
pub use rights::{record_facts, visible};
pub use store::{Applied, Change, apply, link_employees};
