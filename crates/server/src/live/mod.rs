//! Live: work was committed, so the sequencer, the job runner and open pages have something to look at.

mod sequence;
mod stream;
mod wake;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

pub use sequence::{number_all, pass, sequence};
pub use wake::Live;

use crate::app::App;

/// The stream of open pages.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/live", get(stream::stream))
}
