//! The processes that are killed.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use outlay::config::Config;

use crate::cli;

/// Where the data is, and where it is served.
pub struct Place {
    data: PathBuf,
    /// A database on a PostgreSQL server; SQLite in the folder otherwise.
    database: Option<String>,
    /// Address and port.
    pub address: String,
}

/// `serve`, and beside it on PostgreSQL a `worker`.
pub struct Server {
    place: Arc<Place>,
    serve: Child,
    worker: Option<Child>,
}

impl Place {
    /// Makes a company in a folder.
    pub fn make(data: PathBuf, database: Option<String>) -> Place {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let place = Place {
            data,
            database,
            address,
        };
        let data = place.data.to_str().expect("UTF-8");
        let made = place
            .outlay(&["demo", "--dir", data, "--claims", "0", "--make-only"])
            .status();
        assert!(made.expect("run").success());
        place
    }

    /// Another address on the same data.
    pub fn beside(&self) -> Place {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        Place {
            data: self.data.clone(),
            database: self.database.clone(),
            address: listener.local_addr().expect("an address").to_string(),
        }
    }

    /// The settings that all of its processes share.
    pub fn config(&self) -> Config {
        Config {
            data: self.data.clone(),
            database: self.database.clone(),
            ..Config::default()
        }
    }

    fn outlay(&self, args: &[&str]) -> Command {
        let mut command = cli::outlay(&["--data", self.data.to_str().expect("UTF-8"), "--listen", &self.address]);
        if let Some(database) = &self.database {
            command.args(["--database", database]);
        }
        command
            .args(args)
            .env("RUST_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    fn spawn(&self, command: &str) -> Child {
        self.outlay(&[command]).spawn().expect("started")
    }
}

impl Server {
    /// Starts them; they answer.
    pub async fn start(place: Arc<Place>) -> Server {
        let serve = place.spawn("serve");
        let worker = place.database.as_ref().map(|_| place.spawn("worker"));
        let server = Server { place, serve, worker };
        server.answers().await;
        server
    }

    async fn answers(&self) {
        for _ in 0..400 {
            if reqwest::get(format!("http://{}/healthz", self.place.address))
                .await
                .is_ok()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the server did not come up");
    }

    /// SIGKILL, then a new process on the same data. The worker falls every second time only, so that each meets the
    /// other alive and dead.
    pub async fn kill(&mut self, n: usize) {
        if let Some(worker) = self.worker.as_mut().filter(|_| n.is_multiple_of(2)) {
            end(worker);
            *worker = self.place.spawn("worker");
        }
        end(&mut self.serve);
        self.serve = self.place.spawn("serve");
        self.answers().await;
    }
}

fn end(child: &mut Child) {
    child.kill().expect("killed");
    child.wait().expect("gone");
}

impl Drop for Server {
    fn drop(&mut self) {
        for child in std::iter::once(&mut self.serve).chain(&mut self.worker) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
