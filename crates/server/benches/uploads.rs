//! A thousand mixed files dropped by one person, three on their way at a time as the page sends them, while others open pages.
//! `cargo xtask bench uploads -- --files 1000`. Photos are those of `RECEIPTS`; without it there are none.

mod harness;
#[path = "../../documents/tests/make/mod.rs"]
mod make;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use harness::{Company, Person, Table, Times, print, timed};
use make::container::{WRAPS, mail, wrap};
use make::ofd::{Kind, face, package};
use make::pdf::{Font, page};
use make::{europe, model, xml};
use outlay::config::Config;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::Value;

/// Files on their way at a time, as in web/ts/upload.ts.
const AT_ONCE: usize = 3;
/// Rounds of pages before the files come.
const QUIET: usize = 150;

struct File {
    name: String,
    bytes: Vec<u8>,
}

fn photos() -> Vec<File> {
    let folder = std::env::var_os("RECEIPTS").map(PathBuf::from);
    let entries = folder.and_then(|f| std::fs::read_dir(f).ok()).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "jpg"));
    paths.sort();
    let file = |p: PathBuf| File {
        name: p.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        bytes: std::fs::read(p).expect("a photo"),
    };
    paths.into_iter().map(file).collect()
}

/// An invoice of another number, dialect and container each time.
fn generated(n: usize) -> File {
    let m = model(1_000_000 + n as u64);
    let euro = europe::euro(1_000_000 + n as u64);
    let (ending, bytes) = match n % 10 {
        0 => ("xml", xml::english(&m).into_bytes()),
        1 => ("xml", xml::chinese(&m).into_bytes()),
        2 => ("ofd", package(&m, Kind::AttachedDigital)),
        3 => ("ofd", package(&m, Kind::Tags)),
        4 => ("ofd", package(&m, Kind::Face)),
        5 => {
            let attached = xml::english(&m);
            let attached = Some(("invoice.xml", attached.as_bytes()));
            ("pdf", page(&face(&m, 0.0), Font::Ucs2, attached))
        }
        6 | 7 => ("pdf", page(&face(&m, 0.0), Font::ToUnicode, None)),
        8 => ("xml", europe::cii(&euro).into_bytes()),
        _ => {
            let ofd = package(&m, Kind::Tags);
            ("eml", mail(&[("a.ofd", "application/octet-stream", &ofd)]))
        }
    };
    let how = WRAPS[if n % 10 == 9 { 0 } else { n / 10 % 4 }];
    let ending_now = if how == WRAPS[0] { ending } else { "zip" };
    File {
        name: format!("{n}.{ending_now}"),
        bytes: wrap(bytes, ending, how),
    }
}

/// Photos spread among the others.
fn mixed(count: usize) -> VecDeque<File> {
    let mut photos = VecDeque::from(photos());
    println!("{} photos among {count} files", photos.len().min(count / 10));
    let each = |n: usize| match n % 10 {
        3 => photos.pop_front().unwrap_or_else(|| generated(n)),
        _ => generated(n),
    };
    (0..count).map(each).collect()
}

/// How the server took the files.
#[derive(Default)]
struct Taken {
    documents: usize,
    refused: Vec<String>,
    times: Times,
}

async fn send(me: Person, files: Arc<Mutex<VecDeque<File>>>, taken: Arc<Mutex<Taken>>) {
    loop {
        let Some(file) = files.lock().expect("files").pop_front() else {
            return;
        };
        let part = Part::bytes(file.bytes).file_name(file.name.clone());
        let start = Instant::now();
        let request = me.request(Method::POST, "/api/v1/documents");
        let answer = me.send(request.multipart(Form::new().part("file", part))).await;
        let mut taken = taken.lock().expect("taken");
        taken.times.add(start.elapsed());
        match answer.map(|text| serde_json::from_str::<Vec<Value>>(&text)) {
            Ok(Ok(made)) => taken.documents += made.len(),
            Ok(Err(error)) => taken.refused.push(format!("{}: {error}", file.name)),
            Err(why) => taken.refused.push(format!("{}: {why}", file.name)),
        }
    }
}

/// How many of somebody's pictures wait to be read.
async fn unread(me: &Person) -> usize {
    let (mut count, mut after) = (0, String::new());
    loop {
        let path = format!("/api/v1/documents?view=unread&after={after}");
        let list = me.get_json(&path).await.expect("a list");
        let rows = list["items"].as_array().expect("documents");
        count += rows.iter().filter(|d| d["state"] == "reading").count();
        match list["next"].as_str() {
            Some(next) if !next.is_empty() => after = next.to_owned(),
            _ => return count,
        }
    }
}

/// Pages of three people, one after the other.
async fn round(people: &[Person; 3], table: &mut Table, all: &mut Times) {
    let [seller, head, finance] = people;
    for (name, who, path) in [
        ("Home, seller", seller, "/"),
        ("Receipts, seller", seller, "/receipts"),
        ("Claims, seller", seller, "/claims"),
        ("Inbox, head", head, "/inbox"),
        ("Claims, finance", finance, "/claims"),
        ("Insights, finance", finance, "/insights"),
    ] {
        let start = Instant::now();
        timed(table, name, who.get(path)).await.expect("a page");
        all.add(start.elapsed());
    }
}

/// Rounds of pages until `ended`.
async fn meanwhile(people: &[Person; 3], ended: &AtomicBool) -> (Table, Times) {
    let (mut table, mut all) = (Table::new(), Times::default());
    while !ended.load(Ordering::Relaxed) {
        round(people, &mut table, &mut all).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    (table, all)
}

fn told(name: &str, mut table: Table, mut all: Times, quiet: Option<Duration>) -> Duration {
    let p95 = all.percentile(95);
    let beside = quiet.map_or(String::new(), |q| {
        format!(", {:.2} times the quiet one", p95.as_secs_f64() / q.as_secs_f64())
    });
    println!(
        "\n{name}: p95 of all pages {:.1} ms{beside}; load {}",
        p95.as_secs_f64() * 1_000.0,
        harness::load()
    );
    print("page", &mut table);
    p95
}

async fn run(name: &str, config: Config, claims: usize, count: usize) {
    let company = Company::open(config, claims).await;
    let cookies = [
        company.session(company.id("wang")).await,
        company.session(company.id("chen")).await,
        company.session(company.id("zhao")).await,
    ];
    // Files come from a fourth.
    let dropper = company.session(company.id("sun")).await;
    let server = company.serve().await;
    let people = cookies.map(|cookie| server.person(cookie));
    let me = server.person(dropper);
    println!("\n{name}");
    for _ in 0..10 {
        round(&people, &mut Table::new(), &mut Times::default()).await;
    }
    let (mut table, mut all) = (Table::new(), Times::default());
    for _ in 0..QUIET {
        round(&people, &mut table, &mut all).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let quiet = told("before", table, all, None);

    let files = Arc::new(Mutex::new(mixed(count)));
    let taken = Arc::new(Mutex::new(Taken::default()));
    let (start, before, ended) = (Instant::now(), server.processor(), AtomicBool::new(false));
    let senders = futures::future::join_all((0..AT_ONCE).map(|_| send(me.clone(), files.clone(), taken.clone())));
    let sent = async {
        senders.await;
        ended.store(true, Ordering::Relaxed);
    };
    let ((), (table, all)) = tokio::join!(sent, meanwhile(&people, &ended));
    let took = start.elapsed().as_secs_f64();
    let mut taken = std::mem::take(&mut *taken.lock().expect("taken"));
    println!(
        "\n{count} files in {took:.1} s ({:.0} a second): {} documents, {} refused; an upload p50 {:.1}, p95 {:.1} ms",
        count as f64 / took,
        taken.documents,
        taken.refused.len(),
        taken.times.percentile(50).as_secs_f64() * 1_000.0,
        taken.times.percentile(95).as_secs_f64() * 1_000.0,
    );
    for why in taken.refused.iter().take(5) {
        println!("  {}", why.chars().take(200).collect::<String>());
    }
    told("while files arrive", table, all, Some(quiet));

    let ended = AtomicBool::new(false);
    let left = unread(&me).await;
    let read = async {
        while unread(&me).await > 0 {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        ended.store(true, Ordering::Relaxed);
    };
    let ((), (table, all)) = tokio::join!(read, meanwhile(&people, &ended));
    println!(
        "\n{left} pictures were left to read; all read {:.1} s after the first file, {:.1} s of the server's processor, {:.0} MB",
        start.elapsed().as_secs_f64(),
        (server.processor() - before).as_secs_f64(),
        server.memory()
    );
    told("while pictures are read", table, all, Some(quiet));
}

fn main() {
    let (claims, files) = (harness::option("--claims", 2_000), harness::option("--files", 1_000));
    harness::runtime().block_on(async {
        println!("uploads; {}", harness::machine());
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        run("SQLite", harness::config(&folder.path().join("sqlite")), claims, files).await;
        match harness::postgres("uploads").await {
            Some(url) => {
                let config = Config {
                    database: Some(url),
                    ..harness::config(&folder.path().join("postgres"))
                };
                run("PostgreSQL", config, claims, files).await;
            }
            None => println!("\nPostgreSQL was not measured: OUTLAY_TEST_POSTGRES names no server"),
        }
    });
}
