//! Services that tests run against. Each is started on a free loopback port and ended by being dropped.

pub mod bottlecrm;
pub mod postgres;
pub mod schema;
pub mod smtp;
pub mod tryton;

use anyhow::{Context, Result};

use crate::apt::Package;
use crate::{tree, web};
use bottlecrm::BottleCrm;
use postgres::{Durability, Postgres};
use smtp::SmtpSink;
use tryton::Tryton;

/// The folder that names the program for [`Service::Specification`].
const SPECIFICATION: &str = "crates/connect/tests/hubspot/specification";

/// A service that a part of the tests may ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Postgres,
    Smtp,
    Tryton,
    /// Where there is a Python that it runs on; else its tests are not run, and that is said.
    BottleCrm,
    /// The official schema of payment files.
    PaymentSchema,
    /// What compares requests and answers with HubSpot's specification.
    Specification,
}

impl Service {
    /// The Debian packages it comes from.
    pub fn packages(self) -> &'static [Package] {
        match self {
            Self::Postgres | Self::BottleCrm => &[Package::Postgresql],
            Self::Smtp | Self::Tryton => &[Package::PythonVenv],
            Self::Specification => &[],
            Self::PaymentSchema => &[Package::PythonVenv, Package::Xmllint],
        }
    }
}

/// The services started so far, and why others could not be.
#[derive(Default)]
pub struct Services {
    /// Ended before the database it stands on.
    bottlecrm: Option<BottleCrm>,
    postgres: Option<Result<Postgres, String>>,
    smtp: Option<Result<SmtpSink, String>>,
    tryton: Option<Tryton>,
    /// What could not be run here, and why.
    pub not_run: Vec<&'static str>,
}

impl Services {
    /// Starts those of `wanted` that don't run yet, and Tryton anew; gives the environment variables by which tests find them.
    pub fn environment(&mut self, wanted: &[Service]) -> Result<Vec<(&'static str, String)>> {
        let mut variables = Vec::new();
        for service in wanted {
            match service {
                Service::Postgres => {
                    let it = started(&mut self.postgres, "PostgreSQL", || Postgres::start(Durability::Off))?;
                    variables.push(("OUTLAY_TEST_POSTGRES", it.url.clone()));
                }
                Service::Smtp => {
                    let it = started(&mut self.smtp, "the SMTP sink", SmtpSink::start)?;
                    variables.push(("OUTLAY_TEST_SMTP", it.address.to_string()));
                    variables.push(("OUTLAY_TEST_MAILDIR", it.folder.display().to_string()));
                }
                Service::PaymentSchema => {
                    variables.push(("OUTLAY_PAIN_XSD", schema::fetch()?.display().to_string()));
                }
                Service::Specification => {
                    web::install(SPECIFICATION)?;
                    let program = tree::at(SPECIFICATION).join("node_modules/.bin/prism");
                    variables.push(("OUTLAY_PRISM", program.display().to_string()));
                }
                Service::BottleCrm => {
                    let postgres = started(&mut self.postgres, "PostgreSQL", || Postgres::start(Durability::Off))?;
                    self.bottlecrm = None;
                    eprintln!("starting BottleCRM");
                    match BottleCrm::start(postgres).context("BottleCRM")? {
                        Some(it) => {
                            let it = self.bottlecrm.insert(it);
                            variables.push(("OUTLAY_BOTTLECRM", it.connection.clone()));
                        }
                        None => self.not_run.push("BottleCRM not run: no Python ≥ 3.12"),
                    }
                }
                Service::Tryton => {
                    // One company cannot be shared: each part of the tests changes it.
                    self.tryton = None;
                    eprintln!("starting Tryton");
                    let it = self.tryton.insert(Tryton::start().context("Tryton")?);
                    variables.push(("OUTLAY_TRYTON", it.connection.clone()));
                }
            }
        }
        Ok(variables)
    }
}

/// Starts a service at the first call; later calls get the same service, or the same reason why not.
fn started<'a, T>(
    slot: &'a mut Option<Result<T, String>>,
    name: &str,
    start: impl FnOnce() -> Result<T>,
) -> Result<&'a T> {
    let outcome = slot.get_or_insert_with(|| {
        eprintln!("starting {name}");
        start().map_err(|error| format!("{name}: {error:#}"))
    });
    outcome.as_ref().map_err(|reason| anyhow::anyhow!(reason.clone()))
}
