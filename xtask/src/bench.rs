//! Benches: programs in `crates/server/benches`, built for release.

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::apt::{self, Package};
use crate::process::{self, cargo};
use crate::services::postgres::{Durability, Postgres};
use crate::web;

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
}

/// Runs one bench, with a PostgreSQL that keeps its promises (fsync on) beside it.
pub fn run(options: &Options) -> Result<()> {
    let name = match options.name {
        Bench::Lifecycle => "lifecycle",
        Bench::Pages => "pages",
    };
    web::build()?;
    apt::require(&[Package::Postgresql])?;
    let postgres = Postgres::start(Durability::Full)?;
    let mut command = cargo(&["bench", "--package", "outlay", "--bench", name, "--"]);
    process::run(command.args(&options.args).env("OUTLAY_TEST_POSTGRES", &postgres.url))
}
