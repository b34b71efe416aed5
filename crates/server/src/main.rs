//! The `outlay` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    outlay::cli::main()
}
