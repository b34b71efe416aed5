//! A Tryton server with a fresh company, by the scripts in `integrations/tryton`.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::process::{Running, command, free_port, log, run};
use crate::tree;

/// A running server.
pub struct Tryton {
    /// JSON object with `url`, `database` and `key`
    pub connection: String,
    _server: Running,
}

impl Tryton {
    /// Installs it when it isn't yet (minutes), then serves a fresh copy of the prepared database.
    pub fn start() -> Result<Self> {
        let dir = tree::scratch("tryton")?;
        let port = free_port()?.port().to_string();
        run(command("python3", &["integrations/tryton/setup.py", "--dir"]).arg(&dir))?;
        let mut server = command("python3", &["integrations/tryton/run.py", "--fresh"]);
        server.args(["--port", &port, "--dir"]).arg(&dir);
        let log = log("tryton")?;
        let server = Running::start(server.stdout(Stdio::piped()).stderr(log.try_clone()?))?;
        let connection = server
            .wait_for_json(log, Duration::from_secs(120))
            .context("see .outlay/log/tryton.log")?;
        Ok(Self {
            connection,
            _server: server,
        })
    }
}
