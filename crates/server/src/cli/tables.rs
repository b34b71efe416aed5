//! `outlay import` and `outlay export`: tables from and to files.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::AtomicUsize;

use anyhow::{Context, Result, bail};
use outlay_connect::tables::MAX_BYTES;
use outlay_core::words::Lang;

use super::{lock, say};
use crate::app::App;
use crate::auth::{Permit, Person, Resource};
use crate::clock::{day, now};
use crate::config::Config;
use crate::error::Error;
use crate::import::{self, Format, Kind, Report};
use crate::shell::{W, field_words};

/// What to import.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  outlay import people people.csv --dry-run\n  outlay import deals deals.xlsx\n  \
    outlay import payee-accounts accounts.csv --by ange@example.com\n\n\
    The first line names the columns in Chinese, English or by code: `outlay export KIND --empty` writes them. CSV may be UTF-8, \
    UTF-16 or GBK, separated by comma, semicolon or tab. Rows that cannot be taken are told on standard error, with what to do, \
    and left out; the others are written, 1,000 in a transaction. Importing the same file again changes nothing.\n\n\
    Ends with 0 if every row was taken, 1 otherwise. With SQLite, stop `outlay serve` first, or import in its pages; --dry-run runs beside it."
)]
pub struct Import {
    /// What the file holds
    kind: Kind,
    /// CSV or XLSX, at most 50 MB
    file: PathBuf,
    /// Only tell what would happen
    #[arg(long)]
    dry_run: bool,
    /// Whose doing it is, by mail address: their rights apply, and they cannot confirm the payee accounts they import
    #[arg(long, value_name = "EMAIL")]
    by: Option<String>,
}

/// What to export.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  outlay export people -o people.csv\n  outlay export deals --format xlsx -o deals.xlsx\n  \
    outlay export accounts --empty\n\n\
    An export is what `outlay import` takes. Numbers of payee accounts are masked. CSV is UTF-8 with a byte order mark, or GBK (csv-gbk); text that \
    a spreadsheet would run as a formula begins with an apostrophe, which an import takes away."
)]
pub struct Export {
    /// What to write
    kind: Kind,
    /// The form of the file [default: by the end of -o, else csv]
    #[arg(long)]
    format: Option<Format>,
    /// Where to; standard output if absent
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Only the columns, as a template to fill
    #[arg(long)]
    empty: bool,
}

/// Carries out `outlay import`.
pub async fn import(config: Config, options: &Import) -> Result<ExitCode> {
    let file = options.file.display();
    let size = std::fs::metadata(&options.file)
        .with_context(|| format!("{file}"))?
        .len();
    if size > MAX_BYTES as u64 {
        bail!("{file} is larger than 50 MB: split it");
    }
    let bytes = std::fs::read(&options.file).with_context(|| format!("{file}"))?;
    let table = import::read(options.kind, bytes).await.map_err(worded)?;
    let report = if options.dry_run {
        let app = App::beside(config).await?;
        import::preview(&app, options.kind, &table).await
    } else {
        let _lock = lock::take(&config)?;
        let app = App::open(config).await?;
        let permit = permit(&app, options).await?;
        let done = AtomicUsize::default();
        let applied = import::apply(&app, &permit, options.kind, &table, None, &done).await;
        applied.map_err(|broken| {
            if broken.written > 0 {
                let written = broken.written;
                eprintln!(
                    "{written} rows were written before it broke off, and stay; import the same file again to go on"
                );
            }
            broken.error
        })
    };
    tell(&report.map_err(worded)?.worded(W(Lang::En)))
}

async fn permit(app: &App, options: &Import) -> Result<Permit> {
    let action = options.kind.action();
    let Some(email) = &options.by else {
        if options.kind == Kind::PayeeAccounts {
            bail!("payee accounts need a second person: say with --by EMAIL who proposes them; somebody else confirms");
        }
        return Ok(Permit::system("import", action.code()));
    };
    let org = app.org(&mut app.db.read()).await?;
    let email = email.trim().to_lowercase();
    let found = org.employees().find(|e| e.email == email).map(|e| e.id);
    let id = found.with_context(|| format!("nobody has the mail address {email}"))?;
    let person = Person::of(&org, id, day(now(), "UTC")).with_context(|| format!("{email} has left"))?;
    let permit = app.rights.check(&person, action, &Resource::Outlay);
    permit.with_context(|| format!("{email} may not import {}", options.kind.code()))
}

fn tell(report: &Report) -> Result<ExitCode> {
    for cell in &report.rejected {
        eprintln!("row {}, {}: {:?}: {}", cell.row, cell.column, cell.value, cell.message);
    }
    let told: std::collections::BTreeSet<usize> = report.rejected.iter().map(|r| r.row).collect();
    if told.len() < report.refused {
        eprintln!("and {} more rows", report.refused - told.len());
    }
    if !report.ignored.is_empty() {
        eprintln!("columns not recognised: {}", report.ignored.join(", "));
    }
    let verb = if report.applied {
        "imported"
    } else {
        "nothing imported yet; it would be"
    };
    let Report {
        rows,
        create,
        change,
        same,
        refused,
        ..
    } = report;
    say(format_args!(
        "{rows} rows read as {}; {verb}: {create} new, {change} changed, {same} unchanged, {refused} rejected",
        report.read_as
    ));
    Ok(ExitCode::from(u8::from(report.refused > 0)))
}

/// An error with what is wrong in words.
fn worded(error: Error) -> anyhow::Error {
    let Error::Invalid(problems) = &error else {
        return error.into();
    };
    let lines: Vec<String> = problems
        .iter()
        .map(|p| format!("{}: {}", p.field, field_words(W(Lang::En), p)))
        .collect();
    anyhow::anyhow!(lines.join("\n"))
}

/// Carries out `outlay export`.
pub async fn export(config: Config, options: &Export) -> Result<()> {
    let ending = options.output.as_deref().and_then(|o| o.extension());
    let format = options.format.unwrap_or(match ending {
        Some(ending) if ending.eq_ignore_ascii_case("xlsx") => Format::Xlsx,
        _ => Format::Csv,
    });
    let app = App::beside(config).await?;
    let (bytes, rows) = import::export(&mut app.db.read(), options.kind, format, Lang::En, options.empty).await?;
    match &options.output {
        Some(path) => {
            std::fs::write(path, bytes).with_context(|| format!("{}", path.display()))?;
            say(format_args!("{rows} rows in {}", path.display()));
        }
        // Whoever reads it may have gone, as `head` does; that is no error.
        None => drop(std::io::stdout().write_all(&bytes)),
    }
    Ok(())
}
