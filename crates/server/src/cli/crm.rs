//! `outlay crm`: the connected CRMs.

use std::process::ExitCode;

use anyhow::{Context, Result};

use super::{lock, say};
use crate::app::App;
use crate::config::Config;
use crate::crm::{self, Connection, PullReport};

/// The connected CRMs.
#[derive(clap::Subcommand)]
pub enum Crm {
    /// Read all that changed in a CRM since it was read last
    #[command(
        after_help = "Example: outlay crm pull Tryton\n\nEach page is stored with its place, so a pull that was broken off goes on \
        where it ended. Ends with 0 if all was read, 1 if the CRM failed; what came before is kept. With SQLite, stop `outlay serve` \
        first: it pulls by itself."
    )]
    Pull {
        /// The connection, by its name or id: see `outlay crm list`
        connection: String,
    },
    /// List the connections
    #[command(after_help = "Example: outlay crm list\n\nPrints name, kind, address, state and id, separated by tabs.")]
    List,
}

/// Carries out `outlay crm …`.
pub async fn run(config: Config, command: &Crm) -> Result<ExitCode> {
    match command {
        Crm::List => list(config).await,
        Crm::Pull { connection } => pull(config, connection).await,
    }
}

async fn list(config: Config) -> Result<ExitCode> {
    let app = App::beside(config).await?;
    let all = Connection::all(&mut app.db.read()).await?;
    if all.is_empty() {
        eprintln!("no CRM is connected: add one in the settings");
    }
    for one in all {
        let state = if one.paused { "paused" } else { "active" };
        say(format_args!(
            "{}\t{}\t{}\t{state}\t{}",
            one.name, one.kind, one.place.url, one.id
        ));
    }
    Ok(ExitCode::SUCCESS)
}

async fn pull(config: Config, name: &str) -> Result<ExitCode> {
    let _lock = lock::take(&config)?;
    let app = App::open(config).await?;
    let connection = Connection::named(&mut app.db.read(), name)
        .await
        .with_context(|| format!("{name}: see `outlay crm list`"))?;
    let report = crm::pull(&app, connection.id).await?;
    for object in &report.objects {
        say(format_args!(
            "{}: {}",
            object.object,
            counts(object.seen, object.changed, object.refused)
        ));
    }
    let PullReport {
        seen,
        changed,
        refused,
        drafted,
        error,
        ..
    } = report;
    say(format_args!(
        "all: {}; {drafted} drafts begun",
        counts(seen, changed, refused)
    ));
    Ok(match error {
        Some(error) => {
            eprintln!("the CRM failed: {error}");
            ExitCode::FAILURE
        }
        None => ExitCode::SUCCESS,
    })
}

fn counts(seen: i64, changed: i64, refused: i64) -> String {
    format!("{seen} read, {changed} new or changed, {refused} refused")
}
