//! Reading a CRM: records a second and memory beside a peer and the floor, a delivery until it shows, Tryton's own rate.
//! `cargo xtask bench sync -- --rows 50000 --page 500 --rounds 2`; `--only pull|hook|tryton` for a part of it.

mod child;
#[path = "../harness/mod.rs"]
mod harness;
mod hook;
mod peer;
mod source;
mod tryton;

use std::path::Path;

use child::Figures;
use harness::{load, machine, option, postgres, runtime};
use peer::{Peer, Serving};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let at = |name: &str| args.iter().position(|a| a == name);
    // A child of this bench.
    if let Some(at) = at("child") {
        let word = |n: usize| args.get(at + n).map_or("", String::as_str);
        let number = |n: usize| word(n).parse().expect("a number");
        let (port, page) = (number(2), usize::from(number(3)));
        let figures = match word(1) {
            "floor" => runtime().block_on(child::floor(port, page)),
            _ => runtime().block_on(child::pull(word(4), word(5).into(), port, page)),
        };
        println!("{}", serde_json::to_string(&figures).expect("JSON"));
        return;
    }
    let only = at("--only").and_then(|at| args.get(at + 1));
    let wanted = |part: &str| only.is_none_or(|only| only == part);
    println!("{}", machine());
    runtime().block_on(async {
        if wanted("pull") {
            pulls().await;
        }
        if wanted("hook") {
            hook::run(option("--times", 200)).await;
        }
        if wanted("tryton") {
            tryton::run().await;
        }
    });
    println!("load {} at the end", load());
}

/// The floor, then Outlay and the peer in turn into each database.
async fn pulls() {
    let (rows, page, rounds) = (option("--rows", 50_000), option("--page", 500), option("--rounds", 2));
    let Some(serving) = Serving::start(rows) else { return };
    let peer = Peer::find();
    println!("\n{rows} nested deals in pages of {page}, {rounds} rounds");
    println!(
        "  {:<30}{:>12}{:>10}{:>24}{:>12}",
        "", "records/s", "peak MB", "resync p50/slowest ms", "of floor"
    );
    let mut bests: Vec<(String, f64)> = Vec::new();
    for _ in 0..rounds {
        let floor = serving.child(&["floor", &serving.port, &page.to_string()]);
        let line = |name: &str, f: &Figures| {
            println!(
                "  {name:<30}{:>12.0}{:>10.0}{:>24}{:>11.0}%",
                f.rate(),
                f.peak,
                format!("{:.1} / {:.1}", f.resync.0, f.resync.1),
                f.rate() / floor.rate() * 100.0
            );
        };
        line("floor: read and parse", &floor);
        for database in ["sqlite", "postgres"] {
            let dir = tempfile::tempdir().expect("a folder");
            let Some(url) = fresh(database, dir.path()).await else {
                println!("  {database}: OUTLAY_TEST_POSTGRES is not set; not run");
                continue;
            };
            let data = dir.path().display().to_string();
            let ours = serving.child(&["pull", &serving.port, &page.to_string(), &url, &data]);
            assert_eq!(ours.records, rows as u64, "records were lost");
            line(&format!("outlay, {database}"), &ours);
            let Some(peer) = &peer else { continue };
            let dir = tempfile::tempdir().expect("a folder");
            let Some(url) = fresh(database, dir.path()).await else {
                continue;
            };
            let theirs = peer.pull(database, &serving.port, page, dir.path(), &url);
            line(&format!("dlt, {database}"), &theirs);
            let ratio = ours.rate() / theirs.rate();
            println!("  {database}: {ratio:.1} times as many records a second as dlt");
            bests.push((database.to_owned(), ratio));
        }
    }
    for database in ["sqlite", "postgres"] {
        let of: Vec<f64> = bests.iter().filter(|(d, _)| d == database).map(|(_, r)| *r).collect();
        if let (Some(least), Some(most)) = (of.iter().copied().reduce(f64::min), of.iter().copied().reduce(f64::max)) {
            println!("  {database}: {least:.1} to {most:.1} times dlt (aim 10)");
        }
    }
}

/// An empty database.
async fn fresh(database: &str, dir: &Path) -> Option<String> {
    match database {
        "sqlite" => Some(format!("sqlite:{}", dir.join("outlay.db").display())),
        _ => postgres("outlay_sync").await,
    }
}
