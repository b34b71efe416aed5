//! `outlay rules test`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use outlay_core::table::run_cases;

use crate::cli::say;

/// How deep folders are looked through: a link may lead back.
const MAX_DEPTH: usize = 20;

/// Runs all cases below a folder; whether there were any and all passed.
pub fn run(folder: &Path) -> Result<bool> {
    let (mut passed, mut failed) = (0, 0);
    for (models, cases) in folders(folder, 0)? {
        for file in cases {
            let results = match model_of(&file, &models) {
                Some(model) => run_cases(&read(model)?, &read(&file)?),
                None => Err("there is no model beside it, or more than one that it could be for".to_owned()),
            };
            let shown = file.display();
            match results {
                Err(why) => {
                    failed += 1;
                    say(format_args!("FAILED {shown}: {why}"));
                }
                Ok(results) => {
                    for result in results {
                        if result.passed {
                            passed += 1;
                            continue;
                        }
                        failed += 1;
                        say(format_args!(
                            "FAILED {shown}, case {}, {}: expected {}, got {}",
                            result.case, result.decision, result.expected, result.got
                        ));
                    }
                }
            }
        }
    }
    say(format_args!("{passed} passed, {failed} failed"));
    if passed + failed == 0 {
        eprintln!(
            "there are no cases in {}: put *-test-*.xml beside a *.dmn",
            folder.display()
        );
    }
    Ok(failed == 0 && passed > 0)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

/// The models and cases of a folder and of each below it, sorted by path.
fn folders(folder: &Path, depth: usize) -> Result<Vec<(Vec<PathBuf>, Vec<PathBuf>)>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.map(|e| Ok(e?.path())).collect::<std::io::Result<_>>()?;
    paths.sort();
    let named = |p: &PathBuf, is: &dyn Fn(&str) -> bool| p.file_name().and_then(|n| n.to_str()).is_some_and(is);
    let files = |is: &dyn Fn(&str) -> bool| paths.iter().filter(|p| p.is_file() && named(p, is)).cloned().collect();
    let models: Vec<PathBuf> = files(&|name| name.ends_with(".dmn"));
    let cases: Vec<PathBuf> = files(&|name| name.ends_with(".xml") && name.contains("-test-"));
    let mut found = Vec::new();
    if !cases.is_empty() {
        found.push((models, cases));
    }
    for below in paths.iter().filter(|p| p.is_dir() && depth < MAX_DEPTH) {
        found.extend(folders(below, depth + 1)?);
    }
    Ok(found)
}

/// The model that cases are for: the one whose name theirs begins with, or the only one.
fn model_of<'a>(cases: &Path, models: &'a [PathBuf]) -> Option<&'a PathBuf> {
    if let [only] = models {
        return Some(only);
    }
    let stem = |p: &Path| {
        p.file_stem()
            .map(|s| s.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let name = stem(cases);
    models
        .iter()
        .filter(|m| name.starts_with(&stem(m)))
        .max_by_key(|m| stem(m).len())
}
