//! The project's own commands. `cargo xtask --help` lists them.

mod apt;
mod bench;
mod cases;
mod ci;
mod cleanup;
mod connector;
mod models;
mod openapi;
mod outlay;
mod process;
mod python;
mod services;
mod test;
mod tree;
mod web;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "Build, show, test and measure Outlay")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build everything and serve the demo company
    Demo {
        /// Port on 127.0.0.1
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// Folder for the database and the receipts; made when absent
        #[arg(long, default_value = ".outlay/demo")]
        dir: PathBuf,
    },
    /// Run the tests, with every service they need
    Test(test::Options),
    /// What has to be green before a change lands: style, licences, structure, then all tests
    Ci,
    /// Measure with a release build: lifecycle, pages
    Bench(bench::Options),
    /// Fetch the models that read pictures; demo, tests and benches fetch them themselves
    Models,
    /// Build the styles and scripts of the pages into web/dist
    Web,
    /// Write the API description to docs/openapi.json
    Openapi,
    /// Begin a connector to another CRM: docs/adding-a-connector.md
    NewConnector {
        /// Its name in lower case, such as acme
        name: String,
    },
}

fn main() -> ExitCode {
    let result = cleanup::on_interrupt().and_then(|()| match Cli::parse().command {
        Command::Demo { port, dir } => outlay::demo(port, &dir),
        Command::Test(options) => test::run(&options),
        Command::Ci => ci::run(),
        Command::Bench(options) => bench::run(&options),
        Command::Models => models::fetch(),
        Command::Web => web::build(),
        Command::Openapi => openapi::write(),
        Command::NewConnector { name } => connector::new(&name),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // The table and the closing line have said everything already.
        Err(error) if error.is::<cases::Failed>() => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
