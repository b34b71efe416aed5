//! `outlay read`.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use outlay_documents::{Limits, ReadError};
use serde_json::json;

/// Files to read.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  outlay read invoice.xml\n  outlay read inbox/*.xml | jq -r '[.file, .gross.amount] | @tsv'\n\n\
    Reads 数电票 XML in its three dialects and EN 16931 in UBL or CII. Prints one JSON object per invoice to standard output. A file \
    that cannot be read gives a JSON object with file, code and message on standard error, and exit code 1; the others are still read."
)]
pub struct Options {
    /// Files; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Reads every file; failure if one could not be read.
pub fn run(options: &Options) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for path in &options.files {
        let line = match read(path) {
            Ok(line) => line,
            Err(refusal) => {
                code = ExitCode::FAILURE;
                eprintln!("{refusal}");
                continue;
            }
        };
        // Whoever reads may have seen enough, as `head` does.
        if writeln!(std::io::stdout(), "{line}").is_err() {
            break;
        }
    }
    code
}

fn read(path: &Path) -> Result<serde_json::Value, serde_json::Value> {
    let file = path.display().to_string();
    let limits = Limits::default();
    let unreadable =
        |e: &dyn std::fmt::Display| json!({"file": file, "code": "file.unreadable", "message": e.to_string()});
    let bytes = bytes(path, limits.max_bytes).map_err(|e| unreadable(&e))?;
    let invoice = outlay_documents::read(&bytes, &limits).map_err(|e| refusal(&file, &e))?;
    let mut value = serde_json::to_value(&invoice).map_err(|e| unreadable(&e))?;
    if let Some(object) = value.as_object_mut() {
        object.insert("file".into(), file.into());
    }
    Ok(value)
}

/// At most one byte more than the reader takes, so that a huge file costs no memory.
fn bytes(path: &Path, most: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    if path == Path::new("-") {
        std::io::stdin().take(most).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn refusal(file: &str, error: &ReadError) -> serde_json::Value {
    json!({"file": file, "code": error.code(), "message": error.to_string(), "field": error.field()})
}
