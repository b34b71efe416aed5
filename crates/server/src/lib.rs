//! The Outlay server: all effects around the pure core. One folder per feature; `db`, `auth`, `jobs` and `shell` are
//! what they share.

pub mod app;
pub mod audit;
pub mod auth;
pub mod chat;
pub mod claims;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connections;
pub mod crm;
pub mod db;
pub mod demo;
pub mod drafts;
pub mod edits;
pub mod error;
pub mod evidence;
pub mod exports;
pub mod files;
pub mod flows;
pub mod folders;
pub mod history;
pub mod home;
pub mod http;
mod idempotency;
pub mod import;
pub mod inbox;
pub mod insights;
pub mod jobs;
pub mod live;
pub mod mail;
pub mod me;
pub mod meters;
pub mod metrics;
pub mod openapi;
pub mod payments;
pub mod people;
pub mod policies;
pub mod rules;
pub mod search;
pub mod settings;
pub mod sheets;
pub mod shell;
pub mod tokens;
pub mod vault;
pub mod verify;
pub mod watch;

use std::sync::Arc;

use axum::Router;

use crate::app::App;

/// The routes of every feature.
fn routes() -> Router<Arc<App>> {
    Router::new()
        .merge(auth::routes())
        .merge(claims::routes())
        .merge(evidence::routes())
        .merge(history::routes())
        .merge(home::routes())
        .merge(import::routes())
        .merge(folders::routes())
        .merge(exports::routes())
        .merge(inbox::routes())
        .merge(crm::routes())
        .merge(connections::routes())
        .merge(drafts::routes())
        .merge(edits::routes())
        .merge(insights::routes())
        .merge(settings::routes())
        .merge(people::routes())
        .merge(policies::routes())
        .merge(meters::routes())
        .merge(flows::routes())
        .merge(sheets::routes())
        .merge(rules::routes())
        .merge(watch::routes())
        .merge(audit::routes())
        .merge(jobs::routes())
        .merge(live::routes())
        .merge(openapi::routes())
        .merge(tokens::routes())
        .merge(payments::routes())
        .merge(me::routes())
        .merge(mail::routes())
        .merge(chat::routes())
        .merge(verify::routes())
        .merge(search::routes())
}
