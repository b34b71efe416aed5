//! Decision tables told as stories: a table as a sheet, then what it is asked and answers, what is found in it, or why it is refused.
//! Each file under `tests/tables/` holds some, with `---` between; see `Story::line` for what they may say.

use std::fs;
use std::path::Path;

use outlay_core::feel::{Value, constant};
use outlay_core::table::{Compiled, Outcome, Rising, Table, TableError, Trace, read_sheet, write_sheet};

struct Story {
    name: String,
    table: Result<Compiled, TableError>,
}

#[test]
fn stories() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tables");
    let (mut count, mut failed) = (0, 0);
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|e| e.expect("an entry").path())
        .collect();
    files.sort();
    for file in files {
        let text = fs::read_to_string(&file).expect("a story");
        for story in text.split("\n---\n") {
            let name = file.file_name().expect("a name").to_string_lossy().into_owned();
            let told = std::panic::catch_unwind(|| tell(&name, story));
            failed += usize::from(told.is_err());
            count += 1;
        }
    }
    assert_eq!(failed, 0, "stories that are not true");
    assert!(count >= 20, "{count}");
}

fn tell(file: &str, text: &str) {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.starts_with("//")).collect();
    let start = lines.iter().position(|l| !l.is_empty()).expect("a table");
    let end = lines[start..]
        .iter()
        .position(|l| l.is_empty())
        .map_or(lines.len(), |n| start + n);
    let grid: Vec<Vec<String>> = lines[start..end]
        .iter()
        .map(|l| l.split('|').map(|c| c.trim().to_owned()).collect())
        .collect();
    let table = read_sheet("T", &grid[0], &grid[1..]).and_then(Compiled::new);
    let story = Story {
        name: format!("{file}: {}", lines[start]),
        table,
    };
    let told: Vec<&str> = lines[end..].iter().copied().filter(|l| !l.is_empty()).collect();
    assert!(!told.is_empty(), "{}: says nothing", story.name);
    let refusals = told.iter().filter(|l| l.starts_with("refused")).count();
    match &story.table {
        Err(error) => assert_eq!(error.problems.len(), refusals, "{}: {error}", story.name),
        Ok(_) => assert_eq!(refusals, 0, "{}: nothing was refused", story.name),
    }
    let found = |word: &str| told.iter().filter(|l| l.split(' ').next() == Some(word)).count();
    if let Ok(table) = &story.table
        && (found("gap") + found("overlap") + found("unreachable") + found("clean") > 0)
    {
        let analysis = table.analyse();
        let all = (analysis.gaps.len(), analysis.overlaps.len(), analysis.unreachable.len());
        assert_eq!(
            all,
            (found("gap"), found("overlap"), found("unreachable")),
            "{}: {analysis:#?}",
            story.name
        );
        assert_eq!(
            analysis.caveats.len(),
            found("caveat"),
            "{}: {:?}",
            story.name,
            analysis.caveats
        );
    }
    if let Ok(table) = &story.table {
        let (heads, rows) = write_sheet(table.table());
        let again = read_sheet("T", &heads, &rows).unwrap_or_else(|e| panic!("{}: {e}", story.name));
        assert_eq!(&again, table.table(), "{}: {heads:?} {rows:?}", story.name);
    }
    for line in told {
        story.line(line);
    }
}

impl Story {
    /// One line of a story:
    /// - `ask V; V → ANSWER by ROWS REASON` with a value for each input, in FEEL, and `with TEXT` for a word of a diagnostic;
    /// - `gap CELL; CELL`, `overlap A B`, `unreachable ROW by ROWS`, `clean`, `caveat TEXT`: all that the analysis finds;
    /// - `hides A B`: that row A takes something from row B, and from none before it; `hides A` that it takes nothing;
    /// - `falls INPUT OUTPUT A→B; A→B`: between which rows an output falls while an input grows;
    /// - `refused TEXT`: a part of what is said of a table that cannot be read, a line for each problem.
    fn line(&self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if word == "refused" {
            let error = self.table.as_ref().expect_err(&self.name).to_string();
            assert!(error.contains(rest), "{}: {error}", self.name);
            return;
        }
        let table = self.table.as_ref().unwrap_or_else(|e| panic!("{}: {e}", self.name));
        match word {
            "ask" => self.ask(table, rest),
            "gap" => {
                let gaps: Vec<String> = table.analyse().gaps.iter().map(|g| g.cells.join("; ")).collect();
                assert!(gaps.iter().any(|g| g == rest), "{}: {rest} in {gaps:?}", self.name);
            }
            "hides" => {
                let rows: Vec<u32> = rest.split(' ').map(|n| n.parse().expect("a row")).collect();
                let found = table.hides(&rows[..1]);
                let told: Vec<u32> = found.iter().flat_map(|o| [o.rows.0, o.rows.1]).collect();
                assert_eq!(
                    told,
                    if rows.len() == 2 { rows } else { vec![] },
                    "{}: {found:?}",
                    self.name
                );
                for overlap in found {
                    let trace = table.decide(overlap.example).trace;
                    assert_eq!(trace.chosen, [overlap.rows.0], "{}", self.name);
                    assert_eq!(trace.matched[..2], [overlap.rows.0, overlap.rows.1], "{}", self.name);
                }
            }
            "overlap" => {
                let overlaps: Vec<String> = table
                    .analyse()
                    .overlaps
                    .iter()
                    .map(|o| format!("{} {}", o.rows.0, o.rows.1))
                    .collect();
                assert!(
                    overlaps.iter().any(|o| o == rest),
                    "{}: {rest} in {overlaps:?}",
                    self.name
                );
            }
            "unreachable" => {
                let told = |u: &outlay_core::table::Unreachable| format!("{} by {}", u.row, joined(&u.covered_by));
                let found: Vec<String> = table.analyse().unreachable.iter().map(told).collect();
                assert!(
                    found.iter().any(|f| f.trim_end() == rest),
                    "{}: {rest} in {found:?}",
                    self.name
                );
            }
            "caveat" => {
                let found = format!("{:?}", table.analyse().caveats);
                assert!(found.contains(rest), "{}: {found}", self.name);
            }
            "falls" => self.falls(table, rest),
            "clean" => {}
            other => panic!("{}: {other} is no word of a story", self.name),
        }
    }

    fn ask(&self, table: &Compiled, rest: &str) {
        let (asked, told) = rest.split_once(" → ").expect("an arrow");
        let values: Vec<Value> = asked.split(';').map(|v| value(v.trim())).collect();
        let outcome = table.decide(values);
        let trace = &outcome.trace;
        let reason = serde_json::to_string(&trace.reason).expect("JSON");
        let reason = reason.trim_matches('"');
        let mut got = format!("{} by {} {reason}", outcome.value, joined(&trace.chosen));
        let (told, with) = told.split_once(" with ").unwrap_or((told, ""));
        got = got.replace("by  ", "by ");
        assert_eq!(got, told, "{}: {asked}: {:?}", self.name, trace.diagnostics);
        let said: Vec<String> = trace.diagnostics.iter().map(ToString::to_string).collect();
        assert_eq!(said.is_empty(), with.is_empty(), "{}: {asked}: {said:?}", self.name);
        assert!(said.join("\n").contains(with), "{}: {asked}: {said:?}", self.name);
        replayed(table, &outcome);
    }

    fn falls(&self, table: &Compiled, rest: &str) {
        let mut words = rest.splitn(3, ' ');
        let mut number = || words.next().and_then(|n| n.parse::<usize>().ok()).expect("a number") - 1;
        let asked = Rising {
            input: number(),
            output: number(),
            order: Vec::new(),
        };
        let falls = table.rising(&asked).expect("an answer").falls;
        let told: Vec<String> = falls
            .iter()
            .map(|f| format!("{}→{}", joined(&f.lower_rows), joined(&f.higher_rows)))
            .collect();
        assert_eq!(
            told.join("; "),
            words.next().unwrap_or_default(),
            "{}: {falls:#?}",
            self.name
        );
        for fall in &falls {
            assert_eq!(
                table.decide(fall.lower.clone()).trace.chosen,
                fall.lower_rows,
                "{}",
                self.name
            );
            assert_eq!(
                table.decide(fall.higher.clone()).trace.chosen,
                fall.higher_rows,
                "{}",
                self.name
            );
        }
    }
}

/// The same question gives the same bytes, the bytes give the same trace, and the trace tells of every cell what the cell does alone.
fn replayed(table: &Compiled, outcome: &Outcome) {
    let again = table.decide(outcome.trace.inputs.clone());
    let bytes = serde_json::to_vec(outcome).expect("JSON");
    assert_eq!(bytes, serde_json::to_vec(&again).expect("JSON"));
    assert_eq!(serde_json::from_slice::<Outcome>(&bytes).expect("an outcome"), *outcome);
    let rows = outcome.trace.rows(table).expect("a trace of this table");
    assert_eq!(rows.len(), table.table().rows.len());
    for row in &rows {
        assert_eq!(row.matched, row.cells.iter().all(|c| c.matched), "row {}", row.row);
        assert_eq!(row.cells.len(), outcome.trace.inputs.len());
    }
    let changed = Compiled::new(Table {
        name: "another".into(),
        ..table.table().clone()
    });
    assert_eq!(
        Trace::rows(&outcome.trace, &changed.expect("a table")),
        None,
        "a trace of another version"
    );
}

fn value(text: &str) -> Value {
    constant(text).unwrap_or_else(|| panic!("{text} is no value"))
}

fn joined(rows: &[u32]) -> String {
    rows.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}
