//! Claims: reading, deciding, committing.

mod act;
mod commit;
mod fill;
mod judge;
mod payable;
pub mod scope;
mod spend;
pub mod store;

pub use act::{NewDraft, Preview, act, act_in, draft, draft_in, preview};
pub use commit::{EVENTS, MailJob, WriteBackJob};
pub use fill::{Start, fill, fill_from_deal};
