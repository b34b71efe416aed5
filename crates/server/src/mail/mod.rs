//! Mail: one handler of jobs, which writes to people in their language and sends by SMTP.

mod letter;
mod link;

use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::app::App;
use crate::claims::MailJob;
use crate::config::{Config, Smtp};
use crate::error::Error;
use crate::jobs::{Doing, Done, Failed, Job};

pub use link::routes;

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// The note on a job that sent nothing since there is no mail server.
pub const NO_SERVER: &str = "not sent: no mail server configured";
/// The note on a job about a task that somebody has dealt with meanwhile.
pub const NOT_NEEDED: &str = "not sent: no longer needed";

/// The handler of `mail` jobs, with its connections to the server.
pub fn handler(config: &Config) -> Result<impl Fn(Arc<App>, Job) -> Doing + Send + Sync + 'static, Error> {
    let server = config
        .smtp
        .clone()
        .map(|smtp| Ok::<_, Error>((open(&smtp)?, smtp)))
        .transpose()?;
    Ok(move |app: Arc<App>, job: Job| -> Doing {
        let server = server.clone();
        Box::pin(async move {
            match server {
                Some((transport, smtp)) => send(&app, transport, &smtp, &job).await,
                None => Ok(Some(NO_SERVER.to_owned())),
            }
        })
    })
}

fn open(smtp: &Smtp) -> Result<Transport, Error> {
    let broken = |e: lettre::transport::smtp::Error| Error::Broken(format!("smtp: {e}"));
    let tls = if smtp.starttls {
        Tls::Required(TlsParameters::new(smtp.host.clone()).map_err(broken)?)
    } else {
        Tls::None
    };
    let mut builder = Transport::builder_dangerous(&smtp.host)
        .port(smtp.port)
        .tls(tls)
        .timeout(Some(Duration::from_secs(20)));
    if let (Some(user), Some(password)) = (&smtp.user, &smtp.password) {
        builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
    }
    Ok(builder.build())
}

async fn send(app: &App, transport: Transport, smtp: &Smtp, job: &Job) -> Result<Done, Failed> {
    let about: MailJob = serde_json::from_str(&job.payload).map_err(|e| Failed::Never(e.to_string()))?;
    let Some(letter) = letter::write(app, &about).await? else {
        return Ok(Some(NOT_NEEDED.to_owned()));
    };
    let message = message(app, smtp, letter, &job.key)?;
    match transport.send(message).await {
        Ok(_) => Ok(None),
        Err(e) if e.is_permanent() => Err(Failed::Never(scrub(&format!("SMTP: {e}")))),
        Err(e) => Err(Failed::Later {
            error: scrub(&format!("SMTP: {e}")),
            after: None,
        }),
    }
}

fn message(app: &App, smtp: &Smtp, letter: letter::Letter, key: &str) -> Result<Message, Failed> {
    let from = smtp
        .from
        .parse()
        .map_err(|_| Failed::Never("smtp.from is not a mailbox: write NAME <ADDRESS>".into()))?;
    let to = letter
        .to
        .parse()
        .map(|address| lettre::message::Mailbox::new(Some(letter.name), address))
        .map_err(|_| Failed::Never("the employee's mail address cannot be read".into()))?;
    Message::builder()
        .from(from)
        .to(to)
        .subject(letter.subject)
        .message_id(Some(message_id(key, &app.config.public_url())))
        .header(AutoSubmitted)
        .multipart(lettre::message::MultiPart::alternative_plain_html(
            letter.text,
            letter.html,
        ))
        .map_err(|e| Failed::Never(scrub(&e.to_string())))
}

/// The same for each try of a job, so that a mail sent twice is shown once.
fn message_id(key: &str, public_url: &str) -> String {
    use sha2::{Digest, Sha256};
    let host = public_url.split_once("://").map_or(public_url, |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or("outlay");
    format!("<{}@{host}>", &hex::encode(Sha256::digest(key.as_bytes()))[..40])
}

/// RFC 3834: no automatic answers, please.
#[derive(Debug, Clone, Copy)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(AutoSubmitted)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        lettre::message::header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Takes mail addresses out of what a server said.
fn scrub(text: &str) -> String {
    text.split(' ')
        .map(|word| if word.contains('@') { "…" } else { word })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_is_stable_and_of_our_host() {
        let id = message_id("mail:1", "https://outlay.example:8443/x");
        assert_eq!(id, message_id("mail:1", "https://outlay.example:8443/x"));
        assert!(id.ends_with("@outlay.example>"), "{id}");
        assert_ne!(id, message_id("mail:2", "https://outlay.example:8443/x"));
    }

    #[test]
    fn addresses_are_not_kept() {
        assert_eq!(scrub("550 <a@example.com> unknown"), "550 … unknown");
    }
}
