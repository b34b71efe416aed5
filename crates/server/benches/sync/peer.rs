//! The source that all read, and the peer beside us; both are scripts in the folder that `BENCH_PEERS` names.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::child::Figures;

fn script(name: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("BENCH_PEERS").unwrap_or_default());
    let path = folder.join(name);
    if path.is_file() {
        return Some(path);
    }
    println!("not found: {name} in BENCH_PEERS ({})", folder.display());
    None
}

/// The source, on a port of its own, until it is dropped.
pub struct Serving {
    child: Child,
    pub port: String,
}

impl Serving {
    /// Starts it with so many records.
    pub fn start(rows: usize) -> Option<Serving> {
        let Some(script) = script("crm_source.py") else {
            println!("no source: no pull was measured, and no peer was run");
            return None;
        };
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
        let address = free.expect("a port");
        let port = address.port().to_string();
        let child = Command::new("python3")
            .arg(script)
            .args([rows.to_string(), port.clone()])
            .spawn()
            .expect("python3");
        let serving = Serving { child, port };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(start.elapsed() < Duration::from_secs(120), "the source does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(serving)
    }

    /// Runs this bench as a child, and gives the figures it prints.
    pub fn child(&self, args: &[&str]) -> Figures {
        let exe = std::env::current_exe().expect("this program");
        last_line(Command::new(exe).arg("child").args(args))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// dlt, in the Python environment that `BENCH_PYTHON` names.
pub struct Peer {
    python: PathBuf,
    script: PathBuf,
}

/// What `dlt_pull.py` prints.
#[derive(Deserialize)]
struct Line {
    rows: u64,
    total: f64,
    peak_mb: f64,
}

impl Peer {
    /// None, with the reason printed, if it is not there.
    pub fn find() -> Option<Peer> {
        let script = script("dlt_pull.py");
        let python = std::env::var_os("BENCH_PYTHON").map(PathBuf::from);
        if python.is_none() {
            println!("not found: BENCH_PYTHON, a Python with dlt");
        }
        let found = script.zip(python).map(|(script, python)| Peer { python, script });
        if found.is_none() {
            println!("peer not run");
        }
        found
    }

    /// Pulls all, then once more with nothing new.
    pub fn pull(&self, database: &str, port: &str, page: usize, dir: &Path, url: &str) -> Figures {
        let run = || -> Line {
            let mut command = Command::new(&self.python);
            command
                .arg(&self.script)
                .args([database, port, &page.to_string()])
                .arg(dir);
            if database == "postgres" {
                // dlt wants a password, whether the server does or not.
                command.arg(url.replacen('@', ":none@", 1));
            }
            last_line(&mut command)
        };
        let (first, again) = (run(), run());
        Figures {
            records: first.rows,
            seconds: first.total,
            peak: first.peak_mb,
            resync: (again.total * 1_000.0, again.total * 1_000.0),
        }
    }
}

/// The last line that it prints, as JSON.
fn last_line<T: for<'de> Deserialize<'de>>(command: &mut Command) -> T {
    let done = command.stderr(Stdio::inherit()).output().expect("started");
    assert!(done.status.success(), "{command:?}: {}", done.status);
    let text = String::from_utf8_lossy(&done.stdout);
    let line = text.lines().last().unwrap_or_default();
    serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))
}
