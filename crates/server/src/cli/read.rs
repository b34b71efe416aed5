//! `outlay read`.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use outlay_documents::Limits;
use outlay_documents::json::{objects, refusal};
use serde_json::{Value, json};

/// Files to read.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  outlay read invoice.ofd\n  outlay read inbox/* | jq -r '[.file, .number, .gross] | @tsv'\n\n\
    Reads 数电票 as XML, OFD and PDF, EN 16931 in UBL or CII (Factur-X and ZUGFeRD too), FatturaPA, the text of other invoices and receipts \
    in PDF, photos and scans (where the models were there at build time), and ZIP files and mails with any of these. Prints one JSON object per invoice to standard output: its fields, and under fields \
    where each was read, how surely, and whether it may be taken as right (sure). A file that is refused gives a JSON object with file, code and message on standard error, and exit \
    code 1; the others are still read."
)]
pub struct Options {
    /// Files; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Reads every file; failure if one could not be read, or a file inside one.
pub fn run(options: &Options) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for path in &options.files {
        let (papers, refusals) = match read(path) {
            Ok(reading) => reading,
            Err(refusal) => (Vec::new(), vec![refusal]),
        };
        for refusal in refusals {
            code = ExitCode::FAILURE;
            eprintln!("{refusal}");
        }
        for paper in papers {
            // Whoever reads may have seen enough, as `head` does.
            if writeln!(std::io::stdout(), "{paper}").is_err() {
                return code;
            }
        }
    }
    code
}

/// The papers of a file, and refusals of files inside it.
fn read(path: &Path) -> Result<(Vec<Value>, Vec<Value>), Value> {
    let file = path.display().to_string();
    let limits = Limits::default();
    let unreadable =
        |e: &dyn std::fmt::Display| json!({"file": file, "code": "file.unreadable", "message": e.to_string()});
    let bytes = bytes(path, limits.max_file).map_err(|e| unreadable(&e))?;
    let of_file = |mut value: Value| {
        value["file"] = file.as_str().into();
        value
    };
    let reading = outlay_documents::read_all(&bytes, &limits).map_err(|e| of_file(refusal(&e)))?;
    let papers = objects(&reading).into_iter().map(of_file).collect();
    let refused = reading.refused.iter().map(|(part, error)| {
        let mut value = of_file(refusal(error));
        value["part"] = part.as_str().into();
        value
    });
    Ok((papers, refused.collect()))
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
