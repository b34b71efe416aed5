//! Benches: programs in `crates/server/benches`, built for release.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::apt::{self, Package};
use crate::process::{self, cargo};
use crate::python;
use crate::services::postgres::{Durability, Postgres};
use crate::{tree, web};

#[derive(Args)]
pub struct Options {
    /// What to measure
    name: Bench,
    /// Arguments for the bench itself
    #[arg(last = true)]
    args: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Bench {
    /// Whole lives of claims over HTTP, on SQLite and PostgreSQL
    Lifecycle,
    /// Pages and insights over a large company
    Pages,
    /// Reading a CRM, beside the peers in `../shared/bench`
    Sync,
}

/// Runs one bench, with a PostgreSQL that keeps its promises (fsync on) beside it.
pub fn run(options: &Options) -> Result<()> {
    let name = match options.name {
        Bench::Lifecycle => "lifecycle",
        Bench::Pages => "pages",
        Bench::Sync => "sync",
    };
    web::build()?;
    apt::require(&[Package::Postgresql])?;
    let postgres = Postgres::start(Durability::Full)?;
    let mut command = cargo(&["bench", "--package", "outlay", "--bench", name, "--"]);
    command.args(&options.args).env("OUTLAY_TEST_POSTGRES", &postgres.url);
    if matches!(options.name, Bench::Sync) {
        peers(&mut command)?;
    }
    process::run(&mut command)
}

/// Tells the bench where its source and its peer are. They lie beside the repository, or where `BENCH_PEERS` says; the bench
/// names what it does not find.
fn peers(command: &mut Command) -> Result<()> {
    let folder = std::env::var_os("BENCH_PEERS").map_or_else(|| tree::at("../shared/bench"), PathBuf::from);
    command.env("BENCH_PEERS", &folder);
    if folder.join("dlt_pull.py").is_file() {
        command.env("BENCH_PYTHON", python::environment("dlt")?.join("python"));
    }
    Ok(())
}
