//! Claims: reading, deciding, committing.

mod act;
mod commit;
mod judge;
mod payable;
mod spend;
pub mod store;

pub use act::{NewDraft, Preview, act, act_in, draft, draft_in, preview};
pub use commit::{EVENTS, MailJob, WriteBackJob};
