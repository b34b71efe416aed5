//! The parts of the tests: what each needs, and how it is run.

use std::time::Instant;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::apt::{self, Package};
use crate::cases::{self, Cases, Row};
use crate::process::{cargo, command, watch};
use crate::services::{Service, Services};
use crate::{models, outlay, tree, web};

#[derive(Args)]
pub struct Options {
    /// Parts to run; all when none is named
    parts: Vec<Part>,
    /// Say what the parts are, and run nothing
    #[arg(long)]
    list: bool,
    /// Only test cases whose name contains this
    #[arg(long, default_value = "")]
    only: String,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    Xtask,
    Core,
    Documents,
    Connect,
    Server,
    Browser,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Xtask => "xtask",
            Self::Core => "core",
            Self::Documents => "documents",
            Self::Connect => "connect",
            Self::Server => "server",
            Self::Browser => "browser",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Self::Xtask => "these commands themselves",
            Self::Core => "money, calendar, claims, policies, flows; the stories",
            Self::Documents => "invoices from bytes",
            Self::Connect => "CRM connectors, against a running Tryton and BottleCRM",
            Self::Server => "pages, API, jobs, mail – each case on SQLite and PostgreSQL",
            Self::Browser => "the whole job in Chromium, accessibility",
        }
    }

    fn services(self) -> &'static [Service] {
        match self {
            Self::Xtask | Self::Documents => &[],
            Self::Core => &[Service::PaymentSchema],
            Self::Connect => &[Service::Tryton, Service::BottleCrm, Service::Specification],
            Self::Server => &[
                Service::Postgres,
                Service::Smtp,
                Service::Tryton,
                Service::PaymentSchema,
            ],
            Self::Browser => &[Service::Smtp, Service::Tryton],
        }
    }

    fn packages(self) -> Vec<Package> {
        let own: &[Package] = match self {
            Self::Xtask => &[Package::Postgresql, Package::PythonVenv],
            Self::Browser => &[Package::Chromium, Package::NotoCjk],
            _ => &[],
        };
        let services = self.services().iter().flat_map(|service| service.packages());
        own.iter().chain(services).copied().collect()
    }
}

/// Runs the tests and prints the table and the closing line.
pub fn run(options: &Options) -> Result<()> {
    if options.list {
        for part in Part::value_variants() {
            println!("{:<12}{}", part.name(), part.about());
        }
        return Ok(());
    }
    let parts = match options.parts.as_slice() {
        [] => Part::value_variants(),
        named => named,
    };
    cases::close(&run_parts(parts, &options.only))
}

/// Runs `parts` one after the other; each gets a row, also when it can't be run.
pub fn run_parts(parts: &[Part], only: &str) -> Vec<Row> {
    let mut packages: Vec<_> = parts.iter().flat_map(|part| part.packages()).collect();
    packages.dedup();
    if let Err(error) = apt::require(&packages) {
        // The parts that need them fail below, each with its own reason; the others still run.
        eprintln!("{error:#}");
    }
    let mut services = Services::default();
    parts
        .iter()
        .map(|part| {
            eprintln!("\n== {}: {}", part.name(), part.about());
            let started = Instant::now();
            let mut cases = Cases::default();
            let outcome = run_part(*part, only, &mut services, &mut cases);
            Row {
                name: part.name(),
                cases,
                took: started.elapsed(),
                broken: outcome.err().map(|error| format!("{error:#}")),
                not_run: std::mem::take(&mut services.not_run),
            }
        })
        .collect()
}

fn run_part(part: Part, only: &str, services: &mut Services, cases: &mut Cases) -> Result<()> {
    apt::require(&part.packages())?;
    let variables = services.environment(part.services())?;
    let mut command = match part {
        Part::Xtask => cargo_test(&["xtask"], only),
        Part::Core => cargo_test(&["outlay-core"], only),
        Part::Documents => {
            models::fetch_if_possible();
            cargo_test(&["outlay-documents"], only)
        }
        Part::Connect => cargo_test(&["outlay-connect", "outlay-fakes"], only),
        Part::Server => {
            web::build()?;
            models::fetch_if_possible();
            cargo_test(&["outlay"], only)
        }
        Part::Browser => {
            let binary = outlay::build()?;
            web::install("tests/browser")?;
            let mut command = command("node", &["tests/browser/run.mjs", only]);
            command
                .env("OUTLAY_BIN", binary)
                .env("OUTLAY_SCREENSHOTS", tree::scratch("screenshots")?);
            command
        }
    };
    let status = watch(command.envs(variables), |line| cases.read(line))?;
    if !status.success() && cases.failed == 0 {
        bail!("could not be run to its end: {status}");
    }
    if cases.passed + cases.failed == 0 && only.is_empty() {
        bail!("ran no test");
    }
    Ok(())
}

fn cargo_test(packages: &[&str], only: &str) -> std::process::Command {
    let mut command = cargo(&["test", "--no-fail-fast"]);
    for package in packages {
        command.args(["--package", package]);
    }
    command.args(["--", only]);
    command
}
