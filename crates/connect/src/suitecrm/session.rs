//! Calls of SuiteCRM's SOAP service, in a session that is opened when it is needed and opened anew once it has ended.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex as Lock, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use md5::{Digest, Md5};
use reqwest::Url;
use tokio::sync::Mutex;

use super::{
    Place,
    wsdl::{NAMESPACE, OPERATIONS, misfits},
};
use crate::{
    connector::Error,
    http::{Answer, Http},
    pace::{Outcome, Pace, fingerprint},
    soap::{self, Arg, Node},
};

/// Where the service is, below the address of SuiteCRM.
const PATH: &[&str] = &["service", "v4_1", "soap.php"];

/// The id of the session that is open, if one is: a secret that all connectors of one user in this process share, since
/// each log-in leaves a session behind.
#[derive(Clone, Default)]
pub struct SessionId(Arc<Mutex<Option<String>>>);

static ALL: LazyLock<Lock<HashMap<[u8; 32], SessionId>>> = LazyLock::new(Lock::default);

impl SessionId {
    /// That of the user that `key` names, of which only a digest is kept.
    pub fn shared(key: &[&str]) -> SessionId {
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(fingerprint(key)).or_default().clone()
    }
}

/// One SuiteCRM, with somebody's password.
pub struct Session {
    http: Http,
    service: Url,
    place: Place,
}

/// What a call gave.
pub struct Answered {
    /// What the operation gives; nothing where it gives nothing.
    pub given: Node,
    /// A moment, by the server's clock, before which the call began.
    pub began: Option<Timestamp>,
}

/// Why a call gave nothing.
enum Failure {
    /// The session has ended.
    Ended,
    Other(Error),
}

impl Session {
    /// `base` is the address of SuiteCRM.
    pub fn new(http: Http, mut base: Url, place: Place) -> Result<Self, Error> {
        base.set_query(None);
        base.set_fragment(None);
        base.path_segments_mut()
            .map_err(|()| Error::Setup("the address cannot carry a path".into()))?
            .pop_if_empty()
            .extend(PATH);
        Ok(Session {
            http,
            service: base,
            place,
        })
    }

    /// The address of a record's page, for people.
    pub fn page(&self, module: &str, id: &str) -> Option<String> {
        let mut url = self.service.clone();
        url.path_segments_mut().ok()?.pop().pop().pop().push("index.php");
        url.query_pairs_mut()
            .append_pair("module", module)
            .append_pair("action", "DetailView")
            .append_pair("record", id);
        Some(url.into())
    }

    /// How fast it is asked.
    pub fn pace(&self) -> Option<&Pace> {
        self.http.pace()
    }

    /// Calls `operation` with these arguments after the session's id.
    pub async fn call(&self, operation: &str, args: &[Arg<'_>]) -> Result<Answered, Error> {
        for _ in 0..2 {
            let id = self.open().await?;
            let mut all = vec![Arg::Text(&id)];
            all.extend_from_slice(args);
            match self.send(operation, all).await {
                Ok(answered) => return Ok(answered),
                Err(Failure::Other(error)) => return Err(error),
                Err(Failure::Ended) => {
                    let mut held = self.place.session.0.lock().await;
                    // Another call may have opened a new one already.
                    if held.as_deref() == Some(&id) {
                        *held = None;
                    }
                }
            }
        }
        Err(Error::Auth(
            "each session ends at once: SuiteCRM may see another address of ours with each request (verify_client_ip)"
                .into(),
        ))
    }

    /// Ends the session, if there is one.
    pub async fn close(&self) -> Result<(), Error> {
        let Some(id) = self.place.session.0.lock().await.take() else {
            return Ok(());
        };
        match self.send("logout", vec![Arg::Text(&id)]).await {
            Ok(_) | Err(Failure::Ended) => Ok(()),
            Err(Failure::Other(error)) => Err(error),
        }
    }

    /// What does not fit in the service's description of itself.
    pub async fn misfits(&self) -> Result<Vec<String>, Error> {
        let mut url = self.service.clone();
        url.set_query(Some("wsdl"));
        let answer = self.http.send(self.http.client().get(url)).await?;
        match answer.xml().filter(|_| answer.status.is_success()) {
            Some(xml) => misfits(xml, &self.service),
            None => Err(elsewhere(&answer)),
        }
    }

    /// SuiteCRM's clock, and when that was told by its web server's.
    pub async fn clock(&self) -> Result<(String, Option<Timestamp>), Error> {
        let answered = self.send("get_server_info", Vec::new()).await.map_err(Failure::error)?;
        let info = answered.given.child("return").cloned().unwrap_or_default();
        Ok((info.text_of("gmt_time").to_owned(), answered.began))
    }

    async fn open(&self) -> Result<String, Error> {
        let mut held = self.place.session.0.lock().await;
        if let Some(id) = held.as_ref() {
            return Ok(id.clone());
        }
        // So SuiteCRM wants it: the MD5 of the password, which is as good as the password. It is no protection of ours.
        let hash: String = Md5::digest(&self.place.password)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        let auth = vec![
            ("user_name", Arg::Text(&self.place.user)),
            ("password", Arg::Text(&hash)),
        ];
        let args = vec![
            Arg::Struct("tns:user_auth", auth),
            Arg::Text("Outlay"),
            Arg::List("tns:name_value", Vec::new()),
        ];
        let answered = self.send("login", args).await.map_err(Failure::error)?;
        let id = answered.given.child("return").map_or("", |given| given.text_of("id"));
        if id.is_empty() || id == "-1" {
            return Err(Error::Broken("a log-in without a session".into()));
        }
        *held = Some(id.to_owned());
        Ok(id.to_owned())
    }

    async fn send(&self, operation: &str, args: Vec<Arg<'_>>) -> Result<Answered, Failure> {
        let known = OPERATIONS.iter().find(|(name, _)| *name == operation);
        let names = known.map_or(&[][..], |(_, names)| names);
        debug_assert_eq!(names.len(), args.len(), "{operation}");
        let named: Vec<(&str, Arg<'_>)> = names.iter().copied().zip(args).collect();
        let request = self
            .http
            .client()
            .post(self.service.clone())
            .header("Content-Type", soap::CONTENT_TYPE)
            .header("SOAPAction", format!("\"{}/{operation}\"", self.service))
            .body(soap::envelope(NAMESPACE, operation, &named));
        let sent = Instant::now();
        let answer = self.http.send(request).await.map_err(Failure::Other)?;
        // The clock was read at the end, and without its fraction.
        let took = sent.elapsed() + Duration::from_secs(1);
        let began = answer.date.and_then(|at| at.checked_sub(took).ok());
        let Some(xml) = answer.xml() else {
            return Err(Failure::Other(elsewhere(&answer)));
        };
        let given = match soap::answer(xml) {
            Ok(soap::Answer::Given(given)) if answer.status.is_success() => given,
            Ok(soap::Answer::Fault(fault)) => {
                self.understood();
                return Err(said(&fault.code, &fault.text));
            }
            Ok(_) => return Err(Failure::Other(answer.unfit("XML"))),
            Err(_) if !answer.status.is_success() => return Err(Failure::Other(answer.unfit("XML"))),
            Err(error) => return Err(Failure::Other(error)),
        };
        if given.name != format!("{operation}Response") {
            return Err(Failure::Other(Error::Broken(format!(
                "the answer to another call than {operation}"
            ))));
        }
        // Some operations tell errors in what they give.
        if let Some(error) = given.child("return").and_then(|r| r.child("error"))
            && !matches!(error.text_of("number"), "" | "0")
        {
            let text = format!("{}: {}", error.text_of("name"), error.text_of("description"));
            return Err(said(error.text_of("number"), &crate::http::one_line(&text)));
        }
        Ok(Answered { given, began })
    }

    /// A refusal comes with HTTP 500 and is yet an answer: SuiteCRM did not fail.
    fn understood(&self) {
        if let Some(pace) = &self.place.pace {
            pace.note(Outcome::Answered);
        }
    }
}

impl Failure {
    fn error(self) -> Error {
        match self {
            Failure::Ended => Error::Auth("SuiteCRM opens no session".into()),
            Failure::Other(error) => error,
        }
    }
}

/// An answer that is no XML.
fn elsewhere(answer: &Answer) -> Error {
    match answer.status.as_u16() {
        404 => Error::Setup(
            "no SuiteCRM answers by SOAP at the address: SuiteCRM 8 has it below /legacy, and its administrator may have \
             turned it off"
                .into(),
        ),
        _ => answer.unfit("XML"),
    }
}

/// Understands SuiteCRM's numbers of errors (`soap/SoapErrorDefinitions.php`) and those of its SOAP server.
fn said(code: &str, text: &str) -> Failure {
    let refused = |status| Error::Refused {
        status,
        text: text.to_owned(),
    };
    Failure::Other(match code {
        "11" => return Failure::Ended,
        "10" | "12" | "1008" | "1009" | "1012" => Error::Auth(text.to_owned()),
        "20" | "21" | "51" => refused(404),
        "40" | "70" => refused(403),
        "60" => Error::Retry { after: None },
        "90" => refused(413),
        // The service died on the way, or cannot write its answer.
        "-1" => Error::Failed { status: 500 },
        code if code.ends_with("Server") => Error::Failed { status: 500 },
        _ => refused(422),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_suitecrm_says_is_told_apart() {
        let of = |code: &str| match said(code, "why") {
            Failure::Ended => "ended".to_owned(),
            Failure::Other(error) => error.to_string(),
        };
        assert_eq!(of("11"), "ended");
        assert_eq!(of("10"), "the CRM does not take the key: why");
        assert_eq!(of("40"), "the CRM refused (HTTP 403): why");
        assert_eq!(of("1001"), "the CRM refused (HTTP 422): why");
        assert_eq!(of("SOAP-ENV:Server"), "the CRM failed inside (HTTP 500)");
        assert_eq!(of("60"), "the CRM asks to come back later");
    }
}
