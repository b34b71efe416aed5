//! The organisation: people, departments, assignments, roles.

mod org;
pub mod store;

pub use org::{changed, load, maybe, stored};
