//! `outlay rules`: decision tables, tried and looked through from the command line, which needs no settings and no database; and
//! past decisions, replayed.

mod check;
mod replay;
mod test;

use std::path::PathBuf;
use std::process::ExitCode;

/// Decision tables.
#[derive(clap::Subcommand)]
pub enum Rules {
    /// Run test cases in the shape of the DMN Technology Compatibility Kit
    #[command(
        after_help = "Example: outlay rules test rules/\n\nLooks through the folder and all below it for models (*.dmn) with cases \
        beside them (*-test-*.xml). Prints a line for each expected result that did not come, with what came instead, and at the end \
        `N passed, N failed`. Ends with 1 if any failed, or none were found."
    )]
    Test {
        /// The folder
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Look for gaps, overlaps and rows that never answer
    #[command(
        after_help = "Examples:\n  outlay rules check limits.dmn\n  outlay rules check limits.xlsx --rises approvers --with amount\n\n\
        Prints what is found in each table with an example input; a gap is told as the cells of a row that would fill it. With --rises, \
        also where the output falls while the input grows: more money, fewer approvers. Says so where a table is too large, or a cell \
        depends on too much, to be exact. Ends with 1 if anything was found or the file cannot be read.\n\n\
        A sheet (XLSX or CSV) has a heading: the hit policy, with the table's name behind it if you like, then a cell for each column – the \
        name of an input, `→ name` or `=> name` for an output, `# anything` for remarks. Rows whose first cell is type (类型), values (取值) or \
        default (默认) tell of the columns; all others are rules, the first cell a name. In columns of type text (文本) quotes may be left \
        out; days stand as 2026-03-01."
    )]
    Check {
        /// A .dmn file, or a sheet
        file: PathBuf,
        /// An output that must not fall …
        #[arg(long, value_name = "OUTPUT", requires = "with")]
        rises: Option<String>,
        /// … while this input grows
        #[arg(long, value_name = "INPUT", requires = "rises")]
        with: Option<String>,
    },
    /// Decide a claim's past submissions again, and compare the bytes
    #[command(
        after_help = "Example: outlay rules replay BX2611-0187\n\nPrints one JSON object per submission, the last first: versions, the hash \
        recorded, what came out now, and `replayed`: same, differs, or erased where the person was erased. Ends with 1 if any differs."
    )]
    Replay {
        /// The claim's number; all claims if absent
        #[arg(value_name = "CLAIM")]
        claim: Option<String>,
    },
}

/// Carries out `outlay rules …` with the company's database at hand.
pub async fn with_company(config: crate::config::Config, command: &Rules) -> anyhow::Result<ExitCode> {
    match command {
        Rules::Replay { claim } => replay::run(config, claim.as_deref()).await,
        other => run(other),
    }
}

/// Whether it can do without a database.
pub fn is_plain(command: &Rules) -> bool {
    !matches!(command, Rules::Replay { .. })
}

/// Carries out `outlay rules test` and `check`.
pub fn run(command: &Rules) -> anyhow::Result<ExitCode> {
    let fine = match command {
        Rules::Replay { .. } => false,
        Rules::Test { folder } => test::run(folder)?,
        Rules::Check { file, rises, with } => check::run(file, rises.as_deref().zip(with.as_deref()))?,
    };
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
