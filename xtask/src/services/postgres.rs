//! A PostgreSQL cluster in a temporary folder.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::Signal;
use nix::unistd::User;

use crate::apt::is_root;
use crate::cleanup::Cleanup;
use crate::process::{Running, command, free_port, log, output};

/// Whether a commit waits for the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// As in production: for measuring
    Full,
    /// Fast and careless: for tests
    Off,
}

/// A running cluster; its folder goes with it.
pub struct Postgres {
    /// Of a database whose user may create others
    pub url: String,
    _server: Running,
    _folder: Cleanup,
}

impl Postgres {
    /// Makes a cluster with the newest installed version, starts it and creates the database `outlay`.
    pub fn start(durability: Durability) -> Result<Self> {
        let programs = programs().context("initdb not found: install Debian's `postgresql`")?;
        let owner = Owner::choose()?;
        let folder = std::env::temp_dir().join(format!("outlay-postgres-{}", std::process::id()));
        let cleanup = {
            let folder = folder.clone();
            Cleanup::new(move || drop(fs::remove_dir_all(folder)))
        };
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        owner.take(&folder)?;

        let data = folder.join("data");
        let mut initdb = command(programs.join("initdb"), &["--auth=trust", "--no-sync"]);
        initdb
            .args(["--username=outlay", "--encoding=UTF8", "--locale=C.UTF-8", "--pgdata"])
            .arg(&data);
        output(owner.run(&mut initdb, &folder))?;

        let address = free_port()?;
        let mut server = command(programs.join("postgres"), &["-D"]);
        server.arg(&data).arg("-k").arg(&folder);
        server.args(["-h", "127.0.0.1", "-p", &address.port().to_string()]);
        server.args(["-c", "max_connections=200"]);
        if durability == Durability::Off {
            for setting in ["fsync=off", "synchronous_commit=off", "full_page_writes=off"] {
                server.args(["-c", setting]);
            }
        }
        let log = log("postgres")?;
        server.stdout(log.try_clone()?).stderr(log);
        // SIGINT asks PostgreSQL to end at once and in order, without waiting for its clients.
        let server = Running::start_ended_by(owner.run(&mut server, &folder), Signal::SIGINT)
            .and_then(|server| {
                server.wait_for_port(address, Duration::from_secs(60))?;
                Ok(server)
            })
            .context("see .outlay/log/postgres.log")?;
        create_database(&programs, address.port())?;
        Ok(Self {
            url: format!("postgres://outlay@{address}/outlay"),
            _server: server,
            _folder: cleanup,
        })
    }
}

fn create_database(programs: &Path, port: u16) -> Result<()> {
    let port = port.to_string();
    let args = ["-h", "127.0.0.1", "-p", &port, "-U", "outlay", "outlay"];
    let started = std::time::Instant::now();
    loop {
        match output(&mut command(programs.join("createdb"), &args)) {
            Ok(_) => return Ok(()),
            // It listens a moment before it lets anybody in.
            Err(_) if started.elapsed() < Duration::from_secs(30) => {
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(error) => return Err(error),
        }
    }
}

/// The folder of the newest installed version's programs.
pub fn programs() -> Option<PathBuf> {
    fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version: u32 = path.file_name()?.to_str()?.parse().ok()?;
            let bin = path.join("bin");
            bin.join("initdb").exists().then_some((version, bin))
        })
        .max()
        .map(|(_, bin)| bin)
}

/// Who runs the cluster: ourselves, or an unprivileged user when we are root, which PostgreSQL refuses.
struct Owner(Option<(u32, u32)>);

impl Owner {
    fn choose() -> Result<Self> {
        if !is_root() {
            return Ok(Self(None));
        }
        let user = match User::from_name("postgres")? {
            Some(user) => user,
            None => {
                User::from_name("nobody")?.context("neither a user `postgres` nor `nobody` to run PostgreSQL as")?
            }
        };
        Ok(Self(Some((user.uid.as_raw(), user.gid.as_raw()))))
    }

    fn take(&self, folder: &Path) -> Result<()> {
        if let Some((user, group)) = self.0 {
            chown(folder, Some(user), Some(group)).with_context(|| format!("cannot give {} away", folder.display()))?;
        }
        Ok(())
    }

    /// Runs in `folder`, since the owner may not be let into the repository.
    fn run<'a>(&self, command: &'a mut Command, folder: &Path) -> &'a mut Command {
        command.current_dir(folder);
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group).env("HOME", folder);
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cluster_serves_a_database_and_leaves_nothing_behind() {
        // Fails when another case has done it already.
        let _ = crate::cleanup::on_interrupt();
        crate::apt::require(&[crate::apt::Package::Postgresql]).expect("PostgreSQL installed");
        let postgres = Postgres::start(Durability::Off).expect("PostgreSQL starts");
        let psql = programs().expect("installed").join("psql");
        let query = |text: &str| output(&mut command(&psql, &[&postgres.url, "-Atc", text]));
        let fsync = query("show fsync");
        let created = query("create database other");
        drop(postgres);
        let folder = std::env::temp_dir().join(format!("outlay-postgres-{}", std::process::id()));
        assert!(!folder.exists());
        assert_eq!(fsync.expect("answers").trim(), "off");
        assert!(created.is_ok(), "the user may create databases");
    }
}
