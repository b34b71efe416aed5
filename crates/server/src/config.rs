//! Configuration: one TOML file, then environment variables. An unknown key is an error that names it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// All settings of an installation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Folder of the database (unless `database` says otherwise), receipts and keys.
    pub data: PathBuf,
    /// `sqlite:PATH` or `postgres://…`; `sqlite:DATA/outlay.db` if absent.
    pub database: Option<String>,
    /// The address people reach it by, for links in mails; `http://LISTEN` if absent.
    pub public_url: Option<String>,
    /// TLS with these files; plain HTTP if absent.
    pub tls: Option<Tls>,
    /// Outgoing mail; none is sent if absent.
    pub smtp: Option<Smtp>,
    /// Hosts inside the private network that a CRM connection may reach, by name.
    pub allow_hosts: Vec<String>,
    /// The folder below which files are watched and exports written; none are if absent.
    pub folders: Option<PathBuf>,
    /// Seconds between two pulls of a connection.
    pub pull_every_s: u64,
    /// `text` or `json`.
    pub log: LogFormat,
    /// Whether SQLite commits waiting commands together; off only to measure the difference.
    pub group_commit: bool,
}

/// Certificate and key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM file of the certificate chain.
    pub certificate: PathBuf,
    /// PEM file of the private key.
    pub key: PathBuf,
}

/// A mail server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether STARTTLS is demanded.
    #[serde(default)]
    pub starttls: bool,
    /// Who to log in as, if it asks.
    #[serde(default)]
    pub user: Option<String>,
    /// The password; better in `OUTLAY_SMTP_PASSWORD`.
    #[serde(default)]
    pub password: Option<String>,
    /// Sender, such as `Outlay <outlay@example.com>`.
    pub from: String,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data: PathBuf::from("data"),
            database: None,
            public_url: None,
            tls: None,
            smtp: None,
            allow_hosts: Vec::new(),
            folders: None,
            pull_every_s: 60,
            log: LogFormat::Text,
            group_commit: true,
        }
    }
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{0}: {1}")]
    Io(PathBuf, std::io::Error),
    /// The file has an unknown key or a wrong value.
    #[error("{0}: {1}")]
    File(PathBuf, Box<toml::de::Error>),
    /// A variable has a wrong value.
    #[error("{0}: {1}")]
    Variable(&'static str, String),
    /// A setting that cannot work, from wherever it came.
    #[error("{0}: {1}")]
    Setting(&'static str, String),
    /// A variable that begins with OUTLAY_ and means nothing.
    #[error("{0} is not a setting: see `outlay serve --help` for the variables")]
    Unknown(String),
}

/// Variables of other parts, which the check for unknown ones lets pass.
const OTHERS: [&str; 10] = [
    "OUTLAY_CONFIG",
    "OUTLAY_MASTER_KEY",
    "OUTLAY_TEST_POSTGRES",
    "OUTLAY_TEST_SMTP",
    "OUTLAY_TEST_MAILDIR",
    "OUTLAY_TRYTON",
    "OUTLAY_ODOO",
    "OUTLAY_PRISM",
    "OUTLAY_SHARED_DATA",
    "OUTLAY_PAIN_XSD",
];

impl Config {
    /// Reads the file, if given, and lets the variables of `env` override it.
    pub fn load(file: Option<&Path>, env: impl Iterator<Item = (String, String)>) -> Result<Config, ConfigError> {
        let mut config = match file {
            None => Config::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|e| ConfigError::Io(path.into(), e))?;
                toml::from_str(&text).map_err(|e| ConfigError::File(path.into(), Box::new(e)))?
            }
        };
        for (name, value) in env.filter(|(name, _)| name.starts_with("OUTLAY_")) {
            config.set(&name, value)?;
        }
        Ok(config)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), ConfigError> {
        let wrong = |what: &'static str| move |e: String| ConfigError::Variable(what, e);
        match name {
            "OUTLAY_LISTEN" => {
                self.listen = value
                    .parse()
                    .map_err(|_| wrong("OUTLAY_LISTEN")("write ADDRESS:PORT".into()))?;
            }
            "OUTLAY_DATA" => self.data = value.into(),
            "OUTLAY_DATABASE" => self.database = Some(value),
            "OUTLAY_PUBLIC_URL" => self.public_url = Some(value),
            "OUTLAY_ALLOW_HOSTS" => self.allow_hosts = value.split(',').map(|h| h.trim().to_owned()).collect(),
            "OUTLAY_FOLDERS" => self.folders = Some(value.into()),
            "OUTLAY_PULL_EVERY_S" => {
                self.pull_every_s = value
                    .parse()
                    .map_err(|_| wrong("OUTLAY_PULL_EVERY_S")("write a number of seconds".into()))?;
            }
            "OUTLAY_LOG" => {
                self.log = match value.as_str() {
                    "text" => LogFormat::Text,
                    "json" => LogFormat::Json,
                    _ => return Err(wrong("OUTLAY_LOG")("write text or json".into())),
                };
            }
            "OUTLAY_SMTP_PASSWORD" => {
                if let Some(smtp) = &mut self.smtp {
                    smtp.password = Some(value);
                }
            }
            "OUTLAY_SMTP" => {
                let (host, port) = value
                    .rsplit_once(':')
                    .ok_or_else(|| wrong("OUTLAY_SMTP")("write HOST:PORT".into()))?;
                let port = port
                    .parse()
                    .map_err(|_| wrong("OUTLAY_SMTP")("write HOST:PORT".into()))?;
                self.smtp = Some(Smtp {
                    host: host.into(),
                    port,
                    starttls: false,
                    user: None,
                    password: None,
                    from: "Outlay <outlay@localhost>".into(),
                });
            }
            other if OTHERS.contains(&other) => {}
            other => return Err(ConfigError::Unknown(other.into())),
        }
        Ok(())
    }

    /// The database's address.
    pub fn database_url(&self) -> String {
        match &self.database {
            Some(url) => url.clone(),
            None => format!("sqlite:{}", self.data.join("outlay.db").display()),
        }
    }

    /// Whether several processes may share the database.
    pub fn is_shared(&self) -> bool {
        let url = self.database_url();
        url.starts_with("postgres:") || url.starts_with("postgresql:")
    }

    /// The database's address without a password, to be shown.
    pub fn database_shown(&self) -> String {
        let url = self.database_url();
        let hidden = url.split_once("://").and_then(|(scheme, rest)| {
            let (user, host) = rest.rsplit_once('@')?;
            let (user, _) = user.split_once(':')?;
            Some(format!("{scheme}://{user}@{host}"))
        });
        hidden.unwrap_or(url)
    }

    /// Refuses what cannot work, by the setting's name.
    pub fn check(&self) -> Result<(), ConfigError> {
        let refuse = |name, why: &str| Err(ConfigError::Setting(name, why.to_owned()));
        if let Some(url) = &self.database
            && !self.is_shared()
            && url.strip_prefix("sqlite:").is_none_or(str::is_empty)
        {
            return refuse("database", "write sqlite:PATH or postgres://USER@HOST/NAME");
        }
        if let Some(url) = &self.public_url
            && !["http://", "https://"]
                .iter()
                .any(|s| url.strip_prefix(s).is_some_and(|rest| !rest.is_empty()))
        {
            return refuse("public_url", "write https://HOST, the address that people type");
        }
        if let Some(folders) = &self.folders {
            if !folders.is_dir() {
                return Err(ConfigError::Setting(
                    "folders",
                    format!("{} is no folder", folders.display()),
                ));
            }
            // Whoever sets up a watched folder must not get at keys and receipts.
            let data = self.data.canonicalize().or_else(|_| std::path::absolute(&self.data));
            if let (Ok(folders), Ok(data)) = (folders.canonicalize(), data)
                && data.starts_with(folders)
            {
                return refuse("folders", "it must not hold the data folder: name another one");
            }
        }
        if !(1..=86_400).contains(&self.pull_every_s) {
            return refuse("pull_every_s", "write seconds between 1 and 86400");
        }
        if let Some(tls) = &self.tls {
            for (name, path) in [("tls.certificate", &tls.certificate), ("tls.key", &tls.key)] {
                if !path.is_file() {
                    return Err(ConfigError::Setting(name, format!("{} is no file", path.display())));
                }
            }
        }
        if let Some(smtp) = &self.smtp {
            if smtp.host.is_empty() || smtp.port == 0 {
                return refuse("smtp", "host and port are needed");
            }
            if !smtp.from.contains('@') {
                return refuse("smtp.from", "write an address, such as Outlay <outlay@example.com>");
            }
        }
        Ok(())
    }

    /// The address for links.
    pub fn public_url(&self) -> String {
        match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!(
                "{}://{}",
                if self.tls.is_some() { "https" } else { "http" },
                self.listen
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_named() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("outlay.toml");
        std::fs::write(&path, "listne = \"127.0.0.1:1\"\n").expect("written");
        let error = Config::load(Some(&path), std::iter::empty())
            .expect_err("refused")
            .to_string();
        assert!(error.contains("listne"), "{error}");
    }

    #[test]
    fn an_unknown_variable_is_named() {
        let env = [("OUTLAY_LISTNE".to_owned(), "x".to_owned())];
        let error = Config::load(None, env.into_iter()).expect_err("refused").to_string();
        assert!(error.contains("OUTLAY_LISTNE"), "{error}");
    }

    #[test]
    fn the_folder_of_files_is_one_and_holds_no_keys() {
        let dir = tempfile::tempdir().expect("a folder");
        let data = dir.path().join("data");
        std::fs::create_dir(&data).expect("made");
        let check = |folders: &Path| {
            let env = [
                ("OUTLAY_DATA".to_owned(), data.display().to_string()),
                ("OUTLAY_FOLDERS".to_owned(), folders.display().to_string()),
            ];
            Config::load(None, env.into_iter()).expect("read").check()
        };
        for wrong in [dir.path(), &data, &dir.path().join("absent")] {
            let error = check(wrong).expect_err("refused").to_string();
            assert!(error.starts_with("folders: "), "{error}");
        }
        let below = data.join("folders");
        std::fs::create_dir(&below).expect("made");
        assert!(check(&below).is_ok());
    }
}
