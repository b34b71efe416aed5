//! What Outlay decides, without any effect: no clock, no network, no database, no chance.

pub mod calendar;
pub mod canonical;
pub mod capital;
pub mod claim;
pub mod evidence;
pub mod feel;
pub mod flow;
pub mod history;
pub mod ids;
pub mod learnt;
pub mod money;
pub mod org;
pub mod payment;
pub mod policy;
pub mod table;
pub mod tax;
pub mod words;
pub mod yaml;

pub use evidence::{InvoiceIdentity, TaxIdCheck};
pub use money::{Currency, Money, MoneyError};
