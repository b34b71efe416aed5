//! Claims: reading, deciding, committing, and the pages of the people who make them.

mod act;
pub mod acts;
mod acts_api;
mod acts_pages;
mod api;
mod around;
pub mod begin;
mod choice;
mod commit;
mod drill;
pub mod edit;
mod edit_pages;
pub mod edit_view;
mod fill;
mod form;
mod fx;
pub mod input;
mod judge;
mod late;
pub mod line_view;
mod link_view;
pub mod list;
mod org_look;
mod pages;
mod payable;
pub mod per_diem;
pub mod records;
mod resolve;
pub mod route_view;
pub mod scope;
mod spend;
pub mod store;
pub mod timeline;
pub mod view;
mod voucher;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post};

pub use act::{NewDraft, Preview, act, act_in, draft, draft_in, plan, preview};
pub use acts_api::Api as ActsApi;
pub use api::{Api, allowed};
pub use choice::{ChoicePerson, ChoiceView};
pub use commit::{EVENTS, MailJob, WriteBackJob};
pub use fill::{Start, fill, fill_from_deal};
pub use input::AmountInput;
pub use late::{keep_time, tick};
pub use org_look::{reassign, touched};
pub(crate) use resolve::money_problem;
pub use store::today;

use crate::app::App;

/// Pages and API.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/claims", get(pages::list).post(pages::new))
        .route("/claims/new", get(pages::new_form))
        .route("/claims/{no}", get(pages::one).post(edit_pages::post))
        .route("/claims/{no}/edit", get(edit_pages::form))
        .route("/claims/{no}/voucher.pdf", get(voucher::pdf))
        .route("/claims/{no}/check", post(edit_pages::check))
        .route("/claims/{no}/submission", post(pages::submit))
        .route("/claims/{no}/withdrawal", post(pages::withdraw))
        .route("/claims/{no}/comments", post(pages::comment))
        .route("/claims/{no}/copy", post(pages::copy))
        .route("/claims/{no}/{act}", post(acts_pages::post))
        .route("/api/v1/claims", get(api::list).post(api::new))
        .route("/api/v1/claims/{no}", get(api::one).put(api::put))
        .route("/api/v1/claims/{no}/submission", post(api::submit))
        .route("/api/v1/claims/{no}/withdrawal", post(api::withdraw))
        .route("/api/v1/claims/{no}/comments", post(api::comment))
        .route("/api/v1/claims/{no}/copy", post(api::copy))
        .route("/api/v1/claims/{no}/recall", post(acts_api::recall))
        .route("/api/v1/claims/{no}/reminder", post(acts_api::remind))
        .route("/api/v1/claims/{no}/recipients", post(acts_api::copy_to))
        .route("/api/v1/claims/{no}/choices", post(acts_api::choose))
        .route(
            "/api/v1/claims/{no}/signers/{employee}",
            delete(acts_api::remove_signer),
        )
}
