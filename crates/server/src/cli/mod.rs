//! The command line. Each command says in `--help` what it reads and prints.

mod backup;
mod company;
mod crm;
mod demo;
mod lock;
mod read;
mod rules;
mod serve;
mod simulate;
mod tables;

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, LogFormat};
use crate::db::READERS;

#[derive(Parser)]
#[command(
    name = "outlay",
    version,
    about = "Outlay: expense reimbursement between the CRM and the bank",
    after_help = "Settings come from the file of --config, then from variables (OUTLAY_LISTEN, OUTLAY_DATA, OUTLAY_DATABASE, …: \
                  see `outlay serve --help`), then from options. Logs go to standard error, results to standard output."
)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

/// Options that all commands share.
#[derive(clap::Args)]
struct Settings {
    /// Settings in TOML; an unknown key is an error that names it
    #[arg(long, global = true, value_name = "FILE", env = "OUTLAY_CONFIG")]
    config: Option<PathBuf>,
    /// Folder of database, receipts and keys [default: data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address to listen on [default: 127.0.0.1:8080]
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// sqlite:PATH or postgres://… [default: sqlite:DATA/outlay.db]
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
}

impl Settings {
    fn load(&self) -> Result<Config, crate::config::ConfigError> {
        let mut config = Config::load(self.config.as_deref(), std::env::vars())?;
        if let Some(data) = &self.data {
            config.data.clone_from(data);
        }
        if let Some(listen) = self.listen {
            config.listen = listen;
        }
        if let Some(database) = &self.database {
            config.database = Some(database.clone());
        }
        config.check()?;
        Ok(config)
    }
}

#[derive(Subcommand)]
enum Command {
    /// Serve pages and API; with SQLite also run the jobs
    #[command(after_help = serve::HELP)]
    Serve,
    /// Run jobs beside other servers (PostgreSQL only)
    #[command(after_help = "Example: outlay worker --database postgres://outlay@db/outlay\n\n\
        With SQLite `outlay serve` is the only writer and runs the jobs itself; this command then refuses.")]
    Worker,
    /// Make the database, or bring its tables up to date
    Migrate,
    /// Make a believable company, unless it is there, and serve it
    Demo(demo::Options),
    /// Begin a new company: its first legal entity and administrator
    Init(company::Init),
    /// Keep log-ins
    #[command(subcommand)]
    User(company::User),
    /// Import people, deals and other tables from CSV or XLSX
    Import(tables::Import),
    /// Export a table to CSV or XLSX
    Export(tables::Export),
    /// Read the connected CRMs
    #[command(subcommand)]
    Crm(crm::Crm),
    /// Print the description of the JSON API, OpenAPI 3.1
    Openapi,
    /// Read e-invoices; print one JSON object per invoice and line
    Read(read::Options),
    /// Try decision tables, and look through them
    #[command(subcommand)]
    Rules(rules::Rules),
    /// Replay past claims under other rules; print the report as JSON
    Simulate(simulate::Simulate),
    /// Pack database, receipts and keys into one file
    Backup(backup::Backup),
    /// Unpack a backup into an empty data folder
    Restore(backup::Restore),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    // Reading invoices needs no settings, no database and no threads.
    if let Command::Read(options) = &cli.command {
        return Ok(read::run(options));
    }
    if let Command::Rules(command) = &cli.command
        && rules::is_plain(command)
    {
        return rules::run(command);
    }
    if matches!(cli.command, Command::Openapi) {
        say(format_args!("{}", crate::openapi::text().trim_end()));
        return Ok(ExitCode::SUCCESS);
    }
    let config = cli.settings.load()?;
    log_to_stderr(config.log);
    // Each reader of SQLite may keep one thread busy.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores + READERS)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let done = match cli.command {
            Command::Import(options) => return tables::import(config, &options).await,
            Command::Crm(command) => return crm::run(config, &command).await,
            Command::Rules(command) => return rules::with_company(config, &command).await,
            Command::Export(options) => tables::export(config, &options).await,
            Command::Serve => serve::serve(config).await,
            Command::Worker => serve::worker(config).await,
            Command::Migrate => serve::migrate(config).await,
            Command::Demo(options) => demo::run(config, &options, cli.settings.listen).await,
            Command::Init(options) => company::init(config, &options).await,
            Command::User(command) => company::user(config, &command).await,
            Command::Backup(options) => backup::backup(&config, &options),
            Command::Restore(options) => backup::restore(&config, &options),
            Command::Simulate(options) => simulate::run(config, &options).await,
            Command::Read(_) | Command::Openapi => Ok(()),
        };
        done.map(|()| ExitCode::SUCCESS)
    })
}

fn log_to_stderr(format: LogFormat) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,sqlx=warn"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}

/// Prints a line of the result. Whoever reads it may have gone, as `head` does; that is no error.
fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
