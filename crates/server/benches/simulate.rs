//! Past claims replayed under another policy and flow. `cargo xtask bench simulate -- --claims 150000`: the made-up company has two
//! entities, and one is looked at.

mod harness;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use harness::Company;
use outlay::args;
use outlay_core::flow;
use outlay_core::policy::CN_STANDARD;

/// What one run of `outlay simulate` took and printed.
struct Ran {
    took: Duration,
    /// Highest resident memory, MB.
    peak: f64,
    report: Vec<u8>,
}

/// Automatic approval up to more money, and finance signs alone.
fn rules(folder: &Path) -> (PathBuf, PathBuf) {
    let (policy, flow) = (folder.join("next-policy.yaml"), folder.join("next-flow.yaml"));
    std::fs::write(&policy, CN_STANDARD.replace("<= 2000", "<= 5000")).expect("written");
    let (head, _) = flow::STANDARD.split_once("steps:").expect("steps");
    let step = "steps:\n  - { id: finance, name: { zh: 财务, en: Finance }, who: !role finance }\n";
    std::fs::write(&flow, format!("{head}{step}")).expect("written");
    (policy, flow)
}

fn simulate(folder: &Path, policy: &Path, flow: &Path) -> Ran {
    let today = outlay::clock::day(outlay::clock::now(), "UTC");
    let from = today.saturating_sub(jiff::Span::new().years(2));
    let start = Instant::now();
    let out = folder.join("report.json");
    let mut child = Command::new(env!("CARGO_BIN_EXE_outlay"))
        .args([
            "simulate",
            "--from",
            &from.to_string(),
            "--to",
            &today.to_string(),
            "--policy",
        ])
        .arg(policy)
        .arg("--flow")
        .arg(flow)
        .arg("--data")
        .arg(folder)
        .stdout(Stdio::from(std::fs::File::create(&out).expect("a file")))
        .spawn()
        .expect("started");
    let mut peak = 0.0;
    let status = format!("/proc/{}/status", child.id());
    while child.try_wait().expect("asked").is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<f64>().ok());
        peak = kilobytes.map_or(peak, |k| k / 1024.0);
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(child.wait().expect("ended").success(), "outlay simulate failed");
    Ran {
        took: start.elapsed(),
        peak,
        report: std::fs::read(&out).expect("a report"),
    }
}

fn main() {
    let claims = harness::option("--claims", 150_000);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("simulate-{claims}"));
    println!("replay under other rules; {}", harness::machine());
    harness::runtime().block_on(async {
        std::fs::create_dir_all(&folder).expect("a folder");
        let company = Company::open(harness::config(&folder), claims).await;
        let (decisions,): (i64,) = company
            .app
            .db
            .read()
            .one("SELECT COUNT(*) FROM decision", args![])
            .await
            .expect("counted");
        println!("{decisions} decisions on record");
    });
    let (policy, flow) = rules(&folder);
    let mut reports = Vec::new();
    for _ in 0..3 {
        let ran = simulate(&folder, &policy, &flow);
        let report: serde_json::Value = serde_json::from_slice(&ran.report).expect("JSON");
        let n = report["claims"].as_f64().unwrap_or(0.0);
        let seconds = ran.took.as_secs_f64();
        println!(
            "{n} claims in {seconds:.2} s ({:.0}/s; 100,000 in {:.1} s), peak {:.0} MB, {} differ, load {}",
            n / seconds,
            100_000.0 * seconds / n.max(1.0),
            ran.peak,
            report["differ"],
            harness::load()
        );
        reports.push(ran.report);
    }
    let same = reports.windows(2).all(|pair| pair[0] == pair[1]);
    println!("byte-identical: {same}");
    assert!(same, "the same twice");
}
