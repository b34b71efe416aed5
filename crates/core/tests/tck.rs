//! Test cases in the shape of the DMN Technology Compatibility Kit: our own, and all of its level 2.

use std::fs;
use std::path::{Path, PathBuf};

use outlay_core::table::run_cases;

/// The folder of models that others wrote, if it is here.
fn folder() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = std::env::var_os("OUTLAY_SHARED_DATA").map_or(default, PathBuf::from);
    let folder = root.join("dmn-tck-level-2");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("NOT RUN: no folder {}; set OUTLAY_SHARED_DATA", folder.display());
    None
}

#[test]
fn every_case_of_our_own_passes() {
    let passed = run(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dmn"));
    assert!(passed >= 10, "{passed}");
}

#[test]
fn every_case_of_level_2_passes() {
    let Some(folder) = folder() else { return };
    let passed = run(&folder);
    assert!(passed >= 80, "{passed}");
}

/// Runs the cases of each model in a folder; how many there were. All must pass.
fn run(folder: &Path) -> usize {
    let (mut passed, mut failed) = (0, Vec::new());
    for model in fs::read_dir(folder)
        .expect("a folder")
        .map(|e| e.expect("an entry").path())
    {
        let files: Vec<PathBuf> = fs::read_dir(&model)
            .expect("a folder")
            .map(|e| e.expect("an entry").path())
            .collect();
        let with = |end: &str| {
            files
                .iter()
                .filter(|f| f.to_string_lossy().ends_with(end))
                .cloned()
                .collect::<Vec<_>>()
        };
        let [dmn] = &with(".dmn")[..] else {
            panic!("{}: one model", model.display())
        };
        let dmn = fs::read(dmn).expect("the model");
        for cases in with(".xml") {
            let results = run_cases(&dmn, &fs::read(&cases).expect("the cases")).expect("cases");
            assert!(!results.is_empty(), "{}", cases.display());
            for result in results {
                if result.passed {
                    passed += 1;
                } else {
                    failed.push(format!("{} {result:?}", model.display()));
                }
            }
        }
    }
    println!("{passed} passed, {} failed", failed.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    passed
}
