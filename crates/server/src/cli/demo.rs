//! `outlay demo`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::{lock, say, serve};
use crate::app::App;
use crate::clock;
use crate::config::Config;
use crate::demo::{self, LOG_INS, PASSWORD, Plan};

/// What to make and where.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  outlay demo\n  outlay demo --dir /tmp/big --claims 100000 --make-only\n\n\
    Makes two legal entities, about 60 people, 200 accounts, 400 deals and a year of claims from a seed; prints the address and \
    who may log in. A folder that has a demo already is served as it is."
)]
pub struct Options {
    /// Folder of the demo; made when absent
    #[arg(long, value_name = "DIR", default_value = ".outlay/demo")]
    dir: PathBuf,
    /// How many claims to make
    #[arg(long, default_value_t = 1_000)]
    claims: usize,
    /// The same seed makes the same company
    #[arg(long, default_value_t = 20_261)]
    seed: u64,
    /// Make it, and do not serve
    #[arg(long)]
    make_only: bool,
}

/// The file that says the demo is complete.
const MARK: &str = "demo.json";

/// Makes the demo unless it is there, prints who may log in, serves.
pub async fn run(mut config: Config, options: &Options, listen: Option<SocketAddr>) -> Result<()> {
    config.data.clone_from(&options.dir);
    if let Some(listen) = listen {
        config.listen = listen;
    }
    let lock = lock::take(&config)?;
    if config.folders.is_none() {
        let folders = config.data.join("folders");
        std::fs::create_dir_all(&folders).with_context(|| format!("cannot make {}", folders.display()))?;
        config.folders = Some(folders);
    }
    let mark = config.data.join(MARK);
    let there = mark.exists();
    if !there && config.data.join("outlay.db").exists() {
        bail!(
            "{} holds a database that is no complete demo: delete the folder, or choose another with --dir",
            config.data.display()
        );
    }
    let app = App::open(config).await?;
    if !there {
        let start = Instant::now();
        let plan = Plan {
            seed: options.seed,
            claims: options.claims,
            now: clock::now(),
        };
        let progress = |done: usize| eprintln!("{done} of {} claims", options.claims);
        let made = demo::make(&app, plan, progress).await?;
        demo::files(&app).await?;
        let text = serde_json::json!({
            "seed": options.seed, "claims": made.claims, "receipts": made.receipts, "batches": made.batches,
            "made_at": plan.now.to_string(),
        });
        std::fs::write(&mark, text.to_string()).with_context(|| format!("cannot write {}", mark.display()))?;
        eprintln!(
            "made {} claims with {} receipts in {:.1} s",
            made.claims,
            made.receipts,
            start.elapsed().as_secs_f32()
        );
    }
    say(format_args!(
        "Outlay demo: {}\n\nPassword of everybody: {PASSWORD}",
        app.config.public_url()
    ));
    for (key, what) in LOG_INS {
        say(format_args!("  {:<26}{what}", demo::email(key)));
    }
    if !options.make_only {
        serve::run(app).await?;
    }
    drop(lock);
    Ok(())
}
