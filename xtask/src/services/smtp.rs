//! An SMTP server that keeps each mail as a JSON file (`xtask/python/smtp_sink.py` has the fields).

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::process::{Running, command, free_port, log};
use crate::{python, tree};

/// A running sink.
pub struct SmtpSink {
    pub address: SocketAddr,
    /// One file `NNNNNN.json` per mail, in order of arrival
    pub folder: PathBuf,
    _server: Running,
}

impl SmtpSink {
    /// Starts with an empty folder.
    pub fn start() -> Result<Self> {
        let python = python::environment("test")?.join("python");
        let folder = tree::scratch("mail")?;
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let address = free_port()?;
        let mut server = command(python, &["xtask/python/smtp_sink.py"]);
        server.arg(address.port().to_string()).arg(&folder);
        let log = log("smtp")?;
        let server = Running::start(server.stdout(log.try_clone()?).stderr(log))?;
        server
            .wait_for_port(address, Duration::from_secs(30))
            .context("see .outlay/log/smtp.log")?;
        Ok(Self {
            address,
            folder,
            _server: server,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpStream;

    use super::*;

    /// Sends commands one by one; gives the codes of the last reply to each.
    fn talk(address: SocketAddr, commands: &[&str]) -> Vec<String> {
        let mut stream = TcpStream::connect(address).expect("connects");
        let mut lines = BufReader::new(stream.try_clone().expect("clones")).lines();
        let mut reply = || loop {
            let line = lines.next().expect("a reply").expect("readable");
            if line.as_bytes().get(3) != Some(&b'-') {
                return line[..3].to_owned();
            }
        };
        reply();
        commands
            .iter()
            .map(|command| {
                write!(stream, "{command}\r\n").expect("sends");
                reply()
            })
            .collect()
    }

    #[test]
    fn mail_is_kept_and_refusals_are_told_apart() {
        // Fails when another case has done it already.
        let _ = crate::cleanup::on_interrupt();
        let sink = SmtpSink::start().expect("the sink starts");
        let codes = talk(
            sink.address,
            &[
                "EHLO outlay.test",
                "MAIL FROM:<outlay@outlay.test>",
                "RCPT TO:<defer@outlay.test>",
                "RCPT TO:<refuse@outlay.test>",
                "RCPT TO:<mei@outlay.test>",
                "DATA",
                "Subject: =?utf-8?B?5oql6ZSA?=\r\nMessage-ID: <1@outlay.test>\r\n\r\nApproved\r\n.",
            ],
        );
        assert_eq!(codes, ["250", "250", "451", "550", "250", "354", "250"]);
        let mail = fs::read_to_string(sink.folder.join("000001.json")).expect("a mail");
        for part in [
            r#""to": ["mei@outlay.test"]"#,
            r#""subject": "报销""#,
            r#""message_id": "<1@outlay.test>""#,
            r#""text": "Approved"#,
        ] {
            assert!(mail.contains(part), "{part} is not in {mail}");
        }
    }
}
