//! `outlay crm`: the connected CRMs.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{lock, say};
use crate::app::App;
use crate::config::Config;
use crate::connections::{self, Connection, PullReport, probe, reconcile};

/// The connected CRMs.
#[derive(clap::Subcommand)]
pub enum Crm {
    /// Read all that changed in a CRM since it was read last
    #[command(
        after_help = "Example: outlay crm pull Tryton --once\n\nEach page is stored with its place, so a pull that was broken off goes on \
        where it ended. Ends with 0 if all was read, 1 if the CRM failed; what came before is kept. With SQLite, stop `outlay serve` \
        first: it pulls by itself."
    )]
    Pull {
        /// The connection, by its name or id: see `outlay crm list`
        connection: String,
        /// Print the counts as one JSON object
        #[arg(long)]
        once: bool,
    },
    /// Compare all that a CRM holds with what is stored, and mend it
    #[command(
        after_help = "Example: outlay crm reconcile Tryton\n\nPrints the counts as one JSON object: equal, missing, extra and differing \
        records of each kind. What lacked or differed is read anew; what is gone from the CRM is archived, unless it is more than \
        5 % of its kind: that waits for a person in Settings. With SQLite, stop `outlay serve` first."
    )]
    Reconcile {
        /// The connection, by its name or id
        connection: String,
    },
    /// Prove a live connection: its key, each kind of record, listing, web hooks and, if asked, writing
    #[command(
        after_help = "Example: outlay crm check Tryton --write\n\nPrints a line for each thing tried: ok, lacks or failed, tabs between. \
        Stores nothing here. --write makes an account in the CRM, writes figures of nought, a note and a to-do to it, reads it back and \
        deletes it; a note marked outlay-check stays on a record that is named, whose figures are touched only if it is called \
        \"Outlay check (may be deleted)\". --hook waits for a \
        delivery with a good signature, which a running `outlay serve` takes. Ends with 1 if anything failed."
    )]
    Check {
        /// The connection, by its name or id
        connection: String,
        /// Try writing: on an account made for it and deleted again, or on this record (deal:ID or account:ID)
        #[arg(long, value_name = "RECORD", num_args = 0..=1, default_missing_value = "")]
        write: Option<probe::Scratch>,
        /// Wait so many seconds for the CRM to tell of a change by itself: change a record there meanwhile
        #[arg(long, value_name = "SECONDS")]
        hook: Option<u64>,
    },
    /// List the connections
    #[command(after_help = "Example: outlay crm list\n\nPrints name, kind, address, state and id, separated by tabs.")]
    List,
}

/// Carries out `outlay crm …`.
pub async fn run(config: Config, command: &Crm) -> Result<ExitCode> {
    match command {
        Crm::List => list(config).await,
        Crm::Pull { connection, once } => pull(config, connection, *once).await,
        Crm::Reconcile { connection } => reconciled(config, connection).await,
        Crm::Check {
            connection,
            write,
            hook,
        } => check(config, connection, write.clone(), *hook).await,
    }
}

async fn named(app: &Arc<App>, name: &str) -> Result<Connection> {
    Connection::named(&mut app.db.read(), name)
        .await
        .with_context(|| format!("{name}: see `outlay crm list`"))
}

async fn reconciled(config: Config, name: &str) -> Result<ExitCode> {
    let _lock = lock::take(&config)?;
    let app = App::open(config).await?;
    let report = reconcile::reconcile(&app, named(&app, name).await?.id).await?;
    say(format_args!("{}", serde_json::to_string(&report)?));
    Ok(code(report.error.is_none()))
}

async fn check(config: Config, name: &str, write: Option<probe::Scratch>, hook: Option<u64>) -> Result<ExitCode> {
    let app = App::beside(config).await?;
    let connection = named(&app, name).await?;
    let connector = connection.connector(&app)?;
    let mut lines = probe::probe(connector.as_ref(), write.as_ref()).await;
    let told = |line: &probe::Line| say(format_args!("{}\t{}\t{}", line.outcome.as_str(), line.what, line.text));
    lines.iter().for_each(told);
    if let Some(seconds) = hook {
        eprintln!("change a record in {} now", connector.capabilities().crm);
        let line = probe::hook(&app, connection.id, Duration::from_secs(seconds)).await?;
        told(&line);
        lines.push(line);
    }
    Ok(code(lines.iter().all(|line| line.outcome != probe::Outcome::Failed)))
}

fn code(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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
            one.name,
            one.manifest.kind,
            one.place.url(),
            one.id
        ));
    }
    Ok(ExitCode::SUCCESS)
}

async fn pull(config: Config, name: &str, once: bool) -> Result<ExitCode> {
    let _lock = lock::take(&config)?;
    let app = App::open(config).await?;
    let report = connections::pull(&app, named(&app, name).await?.id).await?;
    if once {
        say(format_args!("{}", serde_json::to_string(&report)?));
        return Ok(code(report.error.is_none()));
    }
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
