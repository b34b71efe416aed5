//! Counting test cases from what test runners print, and the table at the end.

use std::fmt;
use std::time::Duration;

use anyhow::Result;

/// How many test cases ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cases {
    pub passed: u64,
    pub failed: u64,
    /// Marked by their authors as not to be run
    pub ignored: u64,
}

impl Cases {
    /// Adds what a line of output says, if it is a summary of `cargo test` or of Node's test runner.
    pub fn read(&mut self, line: &str) {
        let line = plain(line);
        if let Some(counts) = line.strip_prefix("test result: ") {
            for part in counts.split([';', '.']) {
                let mut words = part.split_whitespace();
                let (Some(Ok(count)), Some(kind)) = (words.next().map(str::parse), words.next()) else {
                    continue;
                };
                self.add(kind, count);
            }
        } else if let Some(summary) = line.strip_prefix("ℹ ") {
            let mut words = summary.split_whitespace();
            if let (Some(kind), Some(Ok(count)), None) = (words.next(), words.next().map(str::parse), words.next()) {
                self.add(kind, count);
            }
        }
    }

    fn add(&mut self, kind: &str, count: u64) {
        match kind {
            "passed" | "pass" => self.passed += count,
            "failed" | "fail" | "cancelled" => self.failed += count,
            "ignored" | "skipped" | "todo" => self.ignored += count,
            _ => {}
        }
    }
}

/// The line without colours.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        if char == '\u{1b}' {
            chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            text.push(char);
        }
    }
    text
}

/// One line of the table.
pub struct Row {
    pub name: &'static str,
    pub cases: Cases,
    pub took: Duration,
    /// Why the part failed for another reason than a failed case
    pub broken: Option<String>,
    /// What of it could not be run here, and why
    pub not_run: Vec<&'static str>,
}

/// Prints the table and the closing line; an error unless everything passed.
pub fn close(rows: &[Row]) -> Result<()> {
    println!(
        "\n{:<14}{:>8}{:>8}{:>9}{:>8}",
        "part", "passed", "failed", "ignored", "time"
    );
    let (mut passed, mut failed) = (0, 0);
    for row in rows {
        let Cases {
            passed: p,
            failed: f,
            ignored,
        } = row.cases;
        // A part that broke without a failed case counts as one.
        let f = if row.broken.is_some() { f.max(1) } else { f };
        println!("{:<14}{p:>8}{f:>8}{ignored:>9}{:>7}s", row.name, row.took.as_secs());
        passed += p;
        failed += f;
    }
    for row in rows {
        if let Some(reason) = &row.broken {
            println!("\n{}: {reason}", row.name);
        }
        for what in &row.not_run {
            println!("\n{}: {what}", row.name);
        }
    }
    println!("\n{passed} passed, {failed} failed");
    if failed > 0 { Err(Failed.into()) } else { Ok(()) }
}

/// Something failed, and has been said.
#[derive(Debug)]
pub struct Failed;

impl fmt::Display for Failed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("something failed")
    }
}

impl std::error::Error for Failed {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Cases {
        let mut cases = Cases::default();
        lines.iter().for_each(|line| cases.read(line));
        cases
    }

    #[test]
    fn cargo_summaries_add_up() {
        let cases = read(&[
            "test money::splits ... ok",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.03s",
            "test result: \u{1b}[31mFAILED\u{1b}[m. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s",
        ]);
        assert_eq!(
            cases,
            Cases {
                passed: 15,
                failed: 2,
                ignored: 1
            }
        );
    }

    #[test]
    fn node_summaries_count_cancelled_cases_as_failed() {
        let cases = read(&[
            "✔ answers (12ms)",
            "ℹ tests 5",
            "ℹ suites 1",
            "\u{1b}[34mℹ pass 3\u{1b}[39m",
            "ℹ fail 1",
            "ℹ cancelled 1",
            "ℹ skipped 0",
            "ℹ todo 0",
            "ℹ duration_ms 81.3",
            "ℹ pass the salt 3",
        ]);
        assert_eq!(
            cases,
            Cases {
                passed: 3,
                failed: 2,
                ignored: 0
            }
        );
    }

    #[test]
    fn a_broken_part_fails_the_whole() {
        let row = |broken: Option<&str>| Row {
            name: "part",
            cases: read(&["ℹ pass 3"]),
            took: Duration::ZERO,
            broken: broken.map(str::to_owned),
            not_run: Vec::new(),
        };
        assert!(close(&[row(None)]).is_ok());
        assert!(close(&[row(None), row(Some("no database"))]).is_err());
    }
}
