//! A BottleCRM with its own demo data, from PyPI, on the PostgreSQL of the tests. Its migrations take minutes, so the
//! filled database is kept as a dump.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::postgres::{Postgres, programs};
use crate::process::{Running, command, free_port, log, output, run};
use crate::{python, tree};

/// BottleCRM's row-level security does not bind a superuser, so it has a role and a database of its own, of this name.
const ROLE: &str = "bottlecrm";

/// A running server.
pub struct BottleCrm {
    /// JSON object with `url`, `token` and `session`
    pub connection: String,
    _server: Running,
}

impl BottleCrm {
    /// Installs and fills it when it isn't yet (minutes), then serves a fresh copy of the filled database. Nothing where
    /// there is no Python that it runs on.
    pub fn start(postgres: &Postgres) -> Result<Option<Self>> {
        let Some(python) = python::at_least(12) else {
            return Ok(None);
        };
        let here = tree::at("integrations/bottlecrm");
        let bin = python::environment_of("bottlecrm", &python, &here.join("requirements.txt"))?;
        let folder = tree::scratch("bottlecrm/run")?;
        fs::create_dir_all(&folder)?;
        let instance = Instance {
            bin,
            here,
            folder,
            postgres: &postgres.url,
            programs: programs().context("PostgreSQL's programs")?,
        };
        instance.database()?;

        let address = free_port()?;
        let mut server = instance.python("gunicorn", &["crm.wsgi:application", "--no-control-socket"]);
        server.args(["--threads", "8", "--bind", &address.to_string()]);
        let log = log("bottlecrm")?;
        let server = Running::start(server.stdout(log.try_clone()?).stderr(log))?;
        server
            .wait_for_port(address, Duration::from_secs(60))
            .context("see .outlay/log/bottlecrm.log")?;
        let keys = fs::read_to_string(instance.keys()?)?;
        Ok(Some(Self {
            connection: format!(
                r#"{{"url": "http://{address}", {}"#,
                keys.trim().trim_start_matches('{')
            ),
            _server: server,
        }))
    }
}

struct Instance<'a> {
    bin: PathBuf,
    here: PathBuf,
    /// Where it is run, and leaves its own logs.
    folder: PathBuf,
    postgres: &'a str,
    programs: PathBuf,
}

impl Instance<'_> {
    fn keys(&self) -> Result<PathBuf> {
        tree::scratch("bottlecrm/keys.json")
    }

    /// Makes the database: from the dump, or – when there is none of this version – by migrating and seeding.
    fn database(&self) -> Result<()> {
        let dump = tree::scratch("bottlecrm/filled.dump")?;
        let print = tree::fingerprint(
            &["requirements.txt", "outlay_settings.py", "seed.py"].map(|name| self.here.join(name)),
            &[],
        )?;
        let version = output(&mut self.pg("pg_dump", &["--version"]))?;
        self.sql(&format!("DROP DATABASE IF EXISTS {ROLE}"))?;
        self.sql(&format!(
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN \
             CREATE ROLE {ROLE} LOGIN NOSUPERUSER; END IF; END $$"
        ))?;
        self.sql(&format!("CREATE DATABASE {ROLE} OWNER {ROLE}"))?;
        let mut fresh = false;
        tree::once(
            &dump.with_extension("stamp"),
            &format!("{print} {}", version.trim()),
            &dump,
            || {
                fresh = true;
                run(&mut self.python("django-admin", &["migrate", "--verbosity", "0"]))?;
                let seed = self.here.join("seed.py");
                let told = output(self.python("python", &[]).arg(seed)).context("cannot fill BottleCRM")?;
                let keys = told.lines().rfind(|line| line.starts_with('{'));
                private(&self.keys()?, keys.context("the seed tells no keys")?)?;
                // The superuser dumps and restores: row-level security holds back what others see.
                run(self
                    .pg("pg_dump", &["--format=custom", "--file"])
                    .arg(&dump)
                    .arg(self.url()))
            },
        )?;
        if !fresh {
            run(self
                .pg("pg_restore", &["--exit-on-error", "--dbname"])
                .arg(self.url())
                .arg(&dump))?;
        }
        Ok(())
    }

    /// Its database, as the superuser.
    fn url(&self) -> String {
        let (server, _) = self.postgres.rsplit_once('/').unwrap_or((self.postgres, ""));
        format!("{server}/{ROLE}")
    }

    fn sql(&self, text: &str) -> Result<()> {
        output(&mut self.pg("psql", &["--quiet", "--command", text, self.postgres])).map(drop)
    }

    fn pg(&self, program: &str, args: &[&str]) -> Command {
        command(self.programs.join(program), args)
    }

    /// A program of its environment, by our settings and as its own role.
    fn python(&self, program: &str, args: &[&str]) -> Command {
        let (_, server) = self.postgres.rsplit_once('@').unwrap_or_default();
        let (host, port) = server
            .split('/')
            .next()
            .and_then(|s| s.split_once(':'))
            .unwrap_or((server, "5432"));
        let mut command = command(self.bin.join(program), args);
        command
            .current_dir(&self.folder)
            .env("DJANGO_SETTINGS_MODULE", "outlay_settings")
            .env("PYTHONPATH", &self.here)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("DEBUG", "true")
            .env("DBNAME", ROLE)
            .env("DBUSER", ROLE)
            .env("DBPASSWORD", "trusted")
            .env("DBHOST", host)
            .env("DBPORT", port);
        command
    }
}

/// Writes what only we may read.
fn private(path: &Path, text: &str) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    Ok(())
}
