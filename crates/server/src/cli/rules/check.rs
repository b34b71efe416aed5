//! `outlay rules check`.

use std::path::Path;

use anyhow::{Context, Result, bail};
use outlay_connect::tables;
use outlay_core::feel::Value;
use outlay_core::table::{Analysis, Caveat, Compiled, Decisions, HitPolicy, Question, Rising, read_sheet};

use crate::cli::say;

/// Looks through the tables of a file; whether nothing was found.
pub fn run(file: &Path, rising: Option<(&str, &str)>) -> Result<bool> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut fine = true;
    if file.extension().is_some_and(|e| e.eq_ignore_ascii_case("dmn")) {
        let decisions = Decisions::from_dmn(&bytes)?;
        let all: Vec<&Compiled> = decisions.tables().collect();
        if all.is_empty() {
            bail!("{} holds no decision table", file.display());
        }
        for table in all {
            fine &= look(table, rising)?;
        }
    } else {
        let name = file.file_stem().map(|s| s.to_string_lossy()).unwrap_or_default();
        let sheet = tables::read(&bytes)?;
        let rows: Vec<Vec<String>> = sheet.rows.into_iter().map(|r| r.cells).collect();
        fine &= look(&Compiled::new(read_sheet(&name, &sheet.headers, &rows)?)?, rising)?;
    }
    Ok(fine)
}

fn look(table: &Compiled, rising: Option<(&str, &str)>) -> Result<bool> {
    let shown = table.table();
    let version = table.version().hex();
    say(format_args!(
        "{} ({}, {} rows, version {})",
        shown.name,
        shown.hit.sign(),
        shown.rows.len(),
        &version[..12]
    ));
    let analysis = table.analyse();
    let mut fine = found(table, &analysis);
    let mut caveats = analysis.caveats;
    if let Some((output, input)) = rising {
        let asked = columns(table, output, input)?;
        let told = table
            .rising(&asked)
            .with_context(|| format!("hit policy {} gives lists, which do not rise", shown.hit.sign()))?;
        for fall in &told.falls {
            say(format_args!(
                "  falls: {} by rows {:?} for {}, but {} by rows {:?} for {}",
                fall.lower_answer,
                fall.lower_rows,
                example(table, &fall.lower),
                fall.higher_answer,
                fall.higher_rows,
                example(table, &fall.higher)
            ));
        }
        if told.falls.is_empty() {
            say(format_args!("  {output} never falls while {input} grows"));
        }
        fine &= told.falls.is_empty();
        caveats.extend(
            told.caveats
                .into_iter()
                .filter(|c| !caveats.contains(c))
                .collect::<Vec<_>>(),
        );
    }
    caveats.iter().for_each(caveat);
    // What could not be looked through is not fine.
    Ok(fine && !caveats.iter().any(|c| matches!(c, Caveat::TooLarge(_))))
}

/// Says what was found in a table; whether that is nothing.
fn found(table: &Compiled, analysis: &Analysis) -> bool {
    for gap in &analysis.gaps {
        let default = if analysis.has_default {
            " (the default answers)"
        } else {
            ""
        };
        say(format_args!(
            "  gap{default}: {}; for example {}",
            gap.cells.join(" | "),
            example(table, &gap.example)
        ));
    }
    for overlap in &analysis.overlaps {
        let answers = if overlap.same_answer {
            "the same answer"
        } else {
            "different answers"
        };
        let (a, b) = overlap.rows;
        say(format_args!(
            "  overlap: rows {a} and {b} with {answers}; for example {}",
            example(table, &overlap.example)
        ));
    }
    for dead in &analysis.unreachable {
        if dead.covered_by.is_empty() {
            say(format_args!(
                "  never answers: row {}, its own cells contradict each other",
                dead.row
            ));
        } else {
            say(format_args!(
                "  never answers: row {}, covered by rows {:?}; for example {}",
                dead.row,
                dead.covered_by,
                example(table, &dead.example)
            ));
        }
    }
    let gaps = !analysis.has_default && !analysis.gaps.is_empty();
    let fine = !gaps && analysis.overlaps.is_empty() && analysis.unreachable.is_empty();
    if fine {
        let gaps = if analysis.gaps.is_empty() {
            "no gaps"
        } else {
            "no gaps but the default's"
        };
        say(format_args!("  {gaps}, no overlaps that matter, every row can answer"));
    }
    if analysis.settled > 0 && table.table().hit != HitPolicy::Unique {
        say(format_args!(
            "  rows that overlap as hit policy {} has it: {} pairs",
            table.table().hit.sign(),
            analysis.settled
        ));
    }
    fine
}

fn caveat(caveat: &Caveat) {
    let name = |q: &Question| match q {
        Question::Gaps => "gaps",
        Question::Overlaps => "overlaps",
        Question::Unreachable => "rows that never answer",
        Question::Rising => "falls",
    };
    match caveat {
        Caveat::TooLarge(q) => say(format_args!(
            "  too large to be exact: not all {} were looked for",
            name(q)
        )),
        Caveat::More(q) => say(format_args!("  there are more {} than are listed", name(q))),
        Caveat::Expression { row, column } => say(format_args!(
            "  row {row}, {column} depends on more than its input: it was taken to match nothing"
        )),
        Caveat::Derived(column) => say(format_args!(
            "  {column} is headed by an expression: it was taken to be free of the other inputs"
        )),
    }
}

/// An input, as names and values.
fn example(table: &Compiled, values: &[Value]) -> String {
    let mut told: Vec<String> = Vec::new();
    for (input, value) in table.table().inputs.iter().zip(values) {
        let text = format!("{} = {value}", input.expression);
        // One thing may be asked about by several columns.
        if !told.contains(&text) {
            told.push(text);
        }
    }
    told.join(", ")
}

/// The columns that are named, and the order of the output's values.
fn columns(table: &Compiled, output: &str, input: &str) -> Result<Rising> {
    let shown = table.table();
    let asks = |i: &outlay_core::table::Input| i.expression == input || i.label == input;
    let Some(at) = shown.inputs.iter().position(asks) else {
        bail!("{} has no input {input}", shown.name);
    };
    let answers = |o: &outlay_core::table::Output| o.name == output || o.label == output;
    let Some(answer) = shown.outputs.iter().position(answers) else {
        bail!("{} has no output {output}", shown.name);
    };
    Ok(Rising {
        input: at,
        output: answer,
        order: table.ascending(answer),
    })
}
