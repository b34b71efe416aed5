//! The hub of CRM records: taking them in, what they cost, and what goes back.

mod awaited;
pub mod connection;
mod draft;
pub mod pull;
pub mod records;
mod rights;
pub mod spend;
pub mod store;
pub mod write_back;

pub use connection::Connection;
pub use draft::for_won_deal;
pub use pull::{PullReport, pull};
pub use rights::{record_facts, visible};
pub use store::{Applied, Change, apply, link_employees};
pub use write_back::{Outcome, archive, write_back};
