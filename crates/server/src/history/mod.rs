//! Decisions on record: kept with the commit that made them, replayed to the same bytes, tried under other rules.

mod record;
mod replay;
mod simulate;

pub use record::{Kept, Opened, record, reference, snapshot};
pub use replay::{Replay, Same, replay};
pub use simulate::{Tried, Wanted, simulate};
