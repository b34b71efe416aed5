//! What Outlay decides, without any effect: no clock, no network, no database, no chance.

pub mod money;

pub use money::{Currency, Money, MoneyError};
