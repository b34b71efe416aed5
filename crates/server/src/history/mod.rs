//! Decisions on record: kept with the commit that made them, replayed to the same bytes, tried under other rules.

mod pages;
mod record;
mod replay;
mod simulate;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

pub use pages::Api;
pub use record::{Kept, Opened, record, reference, snapshot};
pub use replay::{Replay, Same, replay, under};
pub use simulate::{Tried, Wanted, simulate};
pub use view::{OutcomeView, beside, shape};

use crate::app::App;

/// The page and the API of why a claim went its way.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/claims/{no}/why", get(pages::why))
        .route("/api/v1/claims/{no}/decisions", get(pages::decisions))
}
