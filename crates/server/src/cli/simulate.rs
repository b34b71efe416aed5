//! `outlay simulate`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use jiff::civil::Date;
use outlay_core::flow::Flow;
use outlay_core::policy::Policy;

use super::say;
use crate::app::App;
use crate::config::Config;
use crate::history::{Tried, Wanted, simulate};

/// Options of `outlay simulate`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: outlay simulate --policy next.yaml --from 2025-12-01 --to 2026-11-30\n\nReplays the first submission of each claim \
    of the period with its own input and organisation, and prints the report as one line of JSON (RFC 8785): the same twice, byte for \
    byte. Without --policy or --flow each claim keeps its own version of it. Writes nothing, and may run beside a server."
)]
pub struct Simulate {
    /// A policy in YAML; its entity is the one looked at
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// A flow in YAML
    #[arg(long, value_name = "FILE")]
    flow: Option<PathBuf>,
    /// Code of the legal entity, where no policy names it
    #[arg(long, value_name = "CODE")]
    entity: Option<String>,
    /// The first day
    #[arg(long, value_name = "DATE")]
    from: Date,
    /// The last day
    #[arg(long, value_name = "DATE")]
    to: Date,
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// Prints the report.
pub async fn run(config: Config, options: &Simulate) -> Result<()> {
    let policy = match &options.policy {
        Some(path) => Some(Policy::from_yaml(&read(path)?).map_err(|e| anyhow::anyhow!("{}: {e}", path.display()))?),
        None => None,
    };
    let flow = match &options.flow {
        Some(path) => Some(Flow::from_yaml(&read(path)?).with_context(|| path.display().to_string())?),
        None => None,
    };
    let app = App::beside(config).await?;
    let org = app.org(&mut app.db.read()).await?;
    let code = options.entity.as_deref().or(policy.as_ref().map(|p| p.entity.as_str()));
    let entity = match code {
        Some(code) => org.entities().find(|e| e.code == code),
        None if org.entities().count() == 1 => org.entities().next(),
        None => bail!("name the legal entity: --entity CODE"),
    };
    let entity = entity.context("there is no such legal entity")?;
    let wanted = Wanted {
        entity: entity.id,
        from: options.from,
        to: options.to,
    };
    let report = simulate(&app, wanted, Tried { policy, flow }, |_| {}).await?;
    let bytes = outlay_core::canonical::json(&report);
    say(format_args!("{}", String::from_utf8_lossy(&bytes)));
    Ok(())
}
