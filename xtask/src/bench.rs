//! Benches: programs in the `benches` folders of the crates, built for release.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::apt::{self, Package};
use crate::process::{self, cargo};
use crate::python;
use crate::services::postgres::{Durability, Postgres};
use crate::{models, tree, web};

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
    /// Claims handed in one by one, by the server's own time, on SQLite and PostgreSQL
    Submit,
    /// Past claims replayed under another policy and flow
    Simulate,
    /// A decision table of 100 rows, beside zen-engine
    Rules,
    /// Random decision tables, asked of ours and of dsntk's engine: no disagreement (--tables N, --seed N, --only N, --refused)
    Dsntk,
    /// Reading invoices of every kind, and files made to harm
    Documents,
    /// A thousand mixed files dropped at once, and pages beside them, on SQLite and PostgreSQL
    Uploads,
    /// How many receipts of SROIE in `../shared/data` are read right
    Receipts,
}

/// Runs one bench, with a PostgreSQL that keeps its promises (fsync on) beside it.
pub fn run(options: &Options) -> Result<()> {
    let name = match options.name {
        Bench::Rules => return rules(options),
        // Another engine, in a workspace of its own.
        Bench::Dsntk => return dsntk(options),
        // No server and no database.
        Bench::Documents => return documents(options, "documents"),
        Bench::Receipts => return documents(options, "receipts"),
        // No server: the command is run as a process of its own.
        Bench::Simulate => {
            web::build()?;
            let mut command = cargo(&["bench", "--package", "outlay", "--bench", "simulate", "--"]);
            return process::run(command.args(&options.args));
        }
        Bench::Lifecycle => "lifecycle",
        Bench::Pages => "pages",
        Bench::Submit => "submit",
        Bench::Sync => "sync",
        Bench::Uploads => "uploads",
    };
    web::build()?;
    if matches!(options.name, Bench::Uploads) {
        models::fetch_if_possible();
    }
    apt::require(&[Package::Postgresql])?;
    let postgres = Postgres::start(Durability::Full)?;
    let mut command = cargo(&["bench", "--package", "outlay", "--bench", name, "--"]);
    command.args(&options.args).env("OUTLAY_TEST_POSTGRES", &postgres.url);
    if matches!(options.name, Bench::Sync) {
        peers(&mut command)?;
    }
    if matches!(options.name, Bench::Uploads) {
        command.env("RECEIPTS", tree::at("../shared/data/sroie"));
    }
    process::run(&mut command)
}

/// Runs a bench of the reader, with its models.
fn documents(options: &Options, name: &str) -> Result<()> {
    models::fetch_if_possible();
    let mut command = cargo(&["bench", "--package", "outlay-documents", "--bench", name, "--"]);
    command
        .args(&options.args)
        .env("RECEIPTS", tree::at("../shared/data/sroie"));
    if name == "documents" {
        // Beside rapidocr, which runs models of the same generation.
        let requirements = tree::at("xtask/python/rapidocr.txt");
        match python::environment_of("rapidocr", std::path::Path::new("python3"), &requirements) {
            Ok(bin) => {
                let script = tree::at("xtask/python/rapidocr_peer.py");
                let peer = format!("{} {}", bin.join("python").display(), script.display());
                command.env("PHOTO_PEER", peer);
            }
            Err(error) => eprintln!("rapidocr is not measured: {error:#}"),
        }
    }
    process::run(&mut command)
}

/// The version of zen-engine that is measured.
const ZEN: &str = "@gorules/zen-engine@0.54.0";

/// Runs the bench of decision tables, beside a zen-engine from the npm registry, which is put under `target`.
fn rules(options: &Options) -> Result<()> {
    let folder = tree::at("target/bench/zen");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("package.json"), "{\"private\": true}")?;
    let install = [
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        ZEN,
    ];
    process::run(Command::new("npm").args(install).current_dir(&folder))?;
    let mut command = cargo(&["bench", "--package", "outlay-core", "--bench", "rules", "--"]);
    process::run(command.args(&options.args).env("BENCH_ZEN", &folder))
}

/// Compares decision tables with those of dsntk, whose crates are built under `target`, one at a time: they take minutes.
fn dsntk(options: &Options) -> Result<()> {
    let (manifest, target) = (
        tree::at("crates/core/oracle/Cargo.toml"),
        tree::at("target/bench/dsntk"),
    );
    let mut command = cargo(&["run", "--release", "--locked", "--jobs", "1", "--manifest-path"]);
    command.arg(manifest).arg("--target-dir").arg(target).arg("--");
    process::run(command.args(&options.args))
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
