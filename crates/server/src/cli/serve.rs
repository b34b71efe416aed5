//! Serving, working, migrating.

use std::sync::Arc;

use anyhow::{Result, bail};
use tokio::sync::watch;

use super::{lock, say};
use crate::app::App;
use crate::config::Config;
use crate::{http, jobs};

/// What `outlay serve --help` says of the settings.
pub const HELP: &str = "\
Example: outlay serve --data /var/lib/outlay --listen 0.0.0.0:8080

Settings, in TOML (file of --config), and the variable that overrides each:
  listen = \"127.0.0.1:8080\"          OUTLAY_LISTEN
  data = \"data\"                      OUTLAY_DATA          database, receipts, keys
  database = \"postgres://…\"          OUTLAY_DATABASE      sqlite:DATA/outlay.db if absent
  public_url = \"https://…\"           OUTLAY_PUBLIC_URL    for links in mails
  allow_hosts = [\"crm.internal\"]     OUTLAY_ALLOW_HOSTS   private hosts that a CRM connection may reach
  folders = \"/srv/files\"             OUTLAY_FOLDERS       below it files are watched and exports written
  pull_every_s = 60                  OUTLAY_PULL_EVERY_S
  log = \"text\"                       OUTLAY_LOG           or json
  group_commit = true                                     off only to measure the difference
  [tls]                              certificate = FILE, key = FILE (PEM); plain HTTP if absent
  [smtp]                             host, port, starttls, user, password (OUTLAY_SMTP_PASSWORD), from;
                                     OUTLAY_SMTP=HOST:PORT for a server without log-in
OUTLAY_MASTER_KEY holds the key of all seals (64 hexadecimal digits); DATA/master.key if absent, made when missing.
RUST_LOG filters the log, such as RUST_LOG=warn.";

/// Serves until Ctrl-C or SIGTERM.
pub async fn serve(config: Config) -> Result<()> {
    let lock = lock::take(&config)?;
    let app = App::open(config).await?;
    run(app).await?;
    drop(lock);
    Ok(())
}

/// Serves an open installation, and does its jobs, until Ctrl-C or SIGTERM; what is under way is finished.
pub async fn run(app: Arc<App>) -> Result<()> {
    let database = if app.db.is_shared() { "postgresql" } else { "sqlite" };
    tracing::info!(listen = %app.config.listen, database, "serving");
    let (stopper, stop) = watch::channel(false);
    let jobs = tokio::spawn(jobs::run(app.clone(), changed(stop)));
    let served = http::serve(app, stopped()).await;
    let _ = stopper.send(true);
    jobs.await??;
    served?;
    tracing::info!("stopped");
    Ok(())
}

async fn changed(mut stop: watch::Receiver<bool>) {
    // An error says that the server has ended, which is as good.
    let _ = stop.changed().await;
}

/// Runs jobs until Ctrl-C or SIGTERM.
pub async fn worker(config: Config) -> Result<()> {
    if !config.is_shared() {
        bail!(
            "with SQLite `outlay serve` is the only writer and runs the jobs itself; a worker needs PostgreSQL: \
             set database = \"postgres://…\""
        );
    }
    let app = App::open(config).await?;
    tracing::info!("working");
    jobs::run(app, stopped()).await?;
    tracing::info!("stopped");
    Ok(())
}

/// Makes or updates the tables.
pub async fn migrate(config: Config) -> Result<()> {
    let _lock = lock::take(&config)?;
    let url = config.database_shown();
    App::open(config).await?;
    say(format_args!("{url} is up to date"));
    Ok(())
}

/// Resolves at Ctrl-C or SIGTERM.
pub async fn stopped() {
    let interrupted = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
