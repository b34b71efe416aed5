//! Drafts that the CRM's own events begin, by rules that an administrator edits: a won deal, a logged visit, a new
//! customer. An event of a record begins at most one, for ever, however it arrived and whichever rule it was.

mod api;
mod begin;
mod check;
mod facts;
mod form;
mod lines;
mod names;
mod pages;
mod rule;
mod store;
mod text;
mod trial;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use outlay_connect::Record;
use outlay_core::ids::ConnectionId;
use uuid::{NoContext, Uuid};

pub use api::Api;
pub use begin::{News, ended, happened, keep_beginning, missed};
pub use rule::{Conditions, DraftLine, DraftRule, Event, How, Serves, TierRate, Who, Whom, standard};
pub use store::load;
pub use view::{by_rule, per_diem_words, rule_name};

use crate::app::App;
use crate::args;
use crate::clock::{day, now};
use crate::db::Sql;
use crate::error::Error;

/// Longest age limit of a rule in days, and how far back a dry run looks.
pub const MOST_DAYS: u32 = 90;

/// The beginning of a day in UTC.
pub fn midnight(day: Date) -> Timestamp {
    let start = day.to_datetime(Time::midnight());
    TimeZone::UTC.to_timestamp(start).unwrap_or(Timestamp::MAX)
}

/// The day as of which a customer that is stored for the first time counts as new, where [`are_new`] says so; none for one
/// that the CRM changed last long ago.
pub fn new_on(record: &Record) -> Option<Date> {
    let on = day(record.modified_at, "UTC");
    (on >= day(now(), "UTC").saturating_sub(i64::from(MOST_DAYS).days())).then_some(on)
}

/// Whether customers of a connection that are stored for the first time now are new. What comes before the first full pull of
/// the connection has ended or, of Outlay's own, within a day of the first of them, is history.
pub async fn are_new(sql: &mut Sql, connection: Option<ConnectionId>) -> Result<bool, Error> {
    let before: Option<(i64,)> = match connection {
        Some(connection) => {
            sql.maybe(
                "SELECT started_at FROM sync_run WHERE connection_id = $1 AND ended_at IS NOT NULL AND error IS NULL LIMIT 1",
                args![connection],
            )
            .await?
        }
        None => {
            let yesterday = u64::try_from(now().as_second() - 24 * 60 * 60).unwrap_or(0);
            let first = Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, yesterday, 0));
            sql.maybe(
                "SELECT read_at FROM account WHERE connection_id IS NULL AND id < $1 LIMIT 1",
                args![first],
            )
            .await?
        }
    };
    Ok(before.is_some())
}

/// The API and the pages.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/settings/drafts", get(pages::list).post(pages::act))
        .route("/settings/drafts/{id}", get(pages::form).post(pages::save))
        .route("/settings/drafts/{id}/trial", post(pages::try_it))
        .route("/api/v1/draft-rules", get(api::list).put(api::replace))
        .route("/api/v1/draft-rules/versions", get(api::versions))
        .route("/api/v1/draft-rules/records", get(api::records))
        .route("/api/v1/draft-rules/trial", post(api::trial))
}
