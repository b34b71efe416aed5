//! What a network and a server can do wrong, switched on for the next requests or the next writes of a fake.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use futures::stream;
use serde_json::Value;

/// What goes wrong with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// 429 with this `Retry-After`, in seconds or as a date; nothing is done.
    TooMany(String),
    /// An answer of this status and a page that holds a traceback; nothing is done.
    Status(u16),
    /// 410: the cursor, or what was asked for, is no longer kept; nothing is done.
    Expired,
    /// HTTP 200 that holds an error in the words of the CRM; nothing is done.
    ErrorInOk,
    /// A log-in page of status 200 where JSON was asked for; nothing is done.
    LogInPage,
    /// Done, and the answer breaks off within its JSON.
    Truncated,
    /// Done, and the connection breaks within the answer.
    BrokenLine,
    /// Done, and nothing of the answer arrives.
    LostAnswer,
    /// Done, and the answer comes byte by byte, for ever.
    SlowBytes,
    /// Done, and the answer has more bytes than anybody wants.
    Flood,
    /// Answered as if the cursor or filter of the request had not been there.
    Deaf,
}

/// What is odd about one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteFault {
    /// It bears the same time as the write before it.
    EqualTime,
    /// It bears the time of its beginning, and is seen only so many seconds later.
    LateCommit(u32),
}

#[derive(Default)]
struct Waiting {
    requests: VecDeque<Option<Fault>>,
    writes: VecDeque<WriteFault>,
    asked: usize,
}

/// The switches of one fake; clones are the same switches.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<Waiting>>);

impl Faults {
    /// Lets the next `n` requests fail so; they queue behind the faults that wait already.
    pub fn next(&self, n: usize, fault: Fault) {
        self.waiting().requests.extend(vec![Some(fault); n]);
    }

    /// Lets the next `n` requests go well, before the faults that are set afterwards.
    pub fn pass(&self, n: usize) {
        self.waiting().requests.extend(vec![None; n]);
    }

    /// Lets the next `n` writes be odd so; they queue likewise.
    pub fn next_writes(&self, n: usize, fault: WriteFault) {
        self.waiting().writes.extend(vec![fault; n]);
    }

    /// Forgets all that still waits.
    pub fn clear(&self) {
        let mut waiting = self.waiting();
        waiting.requests.clear();
        waiting.writes.clear();
    }

    /// Forgets the oddities of writes that still wait.
    pub fn clear_writes(&self) {
        self.waiting().writes.clear();
    }

    /// Requests that came so far.
    pub fn asked(&self) -> usize {
        self.waiting().asked
    }

    /// For a fake: counts a request and takes its fault.
    pub fn take(&self) -> Option<Fault> {
        let mut waiting = self.waiting();
        waiting.asked += 1;
        waiting.requests.pop_front().flatten()
    }

    /// For a fake: takes the fault of a write.
    pub fn take_write(&self) -> Option<WriteFault> {
        self.waiting().writes.pop_front()
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().expect("no test panics while it sets a switch")
    }
}

impl Fault {
    /// The answer to give instead of doing anything. None of [`Fault::ErrorInOk`], whose words are the CRM's own, and of
    /// the faults that strike after the deed.
    pub fn instead(&self) -> Option<Response> {
        let page = "Traceback (most recent call last): a secret";
        let status = match self {
            Fault::TooMany(after) => {
                let after = HeaderValue::from_str(after).expect("a header");
                return Some((StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, after)], page).into_response());
            }
            Fault::LogInPage => return Some(Html("<form>password</form>").into_response()),
            Fault::Status(status) => StatusCode::from_u16(*status).expect("a status"),
            Fault::Expired => StatusCode::GONE,
            _ => return None,
        };
        Some((status, page).into_response())
    }
}

/// The answer `json` of `status` and `headers`, spoilt as the fault wants it.
pub fn answer(fault: Option<&Fault>, status: StatusCode, headers: HeaderMap, json: &Value) -> Response {
    text(
        fault,
        status,
        headers,
        "application/json; charset=utf-8",
        &json.to_string(),
    )
}

/// The answer `text` of a content type, spoilt likewise.
pub fn text(fault: Option<&Fault>, status: StatusCode, headers: HeaderMap, kind: &'static str, text: &str) -> Response {
    // An answer without a body cannot break off within it.
    let status = match fault {
        Some(_) if status == StatusCode::NO_CONTENT => StatusCode::OK,
        _ => status,
    };
    let broken = || Err::<String, _>(io::Error::other("gone"));
    let body = match fault {
        Some(Fault::Truncated) => Body::from(half(text)),
        Some(Fault::BrokenLine) => Body::from_stream(stream::iter([Ok(half(text)), broken()])),
        Some(Fault::LostAnswer) => Body::from_stream(stream::iter([broken()])),
        Some(Fault::SlowBytes) => Body::from_stream(stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            Some((Ok::<_, io::Error>(" "), ()))
        })),
        Some(Fault::Flood) => Body::from(" ".repeat(3 << 20)),
        _ => Body::from(text.to_owned()),
    };
    let mut response = (status, body).into_response();
    response.headers_mut().extend(headers);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn half(text: &str) -> String {
    text.chars().take(text.chars().count() / 2).collect()
}

/// Serves on a free port of this machine until the test's runtime ends; gives the address: `http://127.0.0.1:41234`.
pub async fn serve(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_strike_in_order_and_once() {
        let faults = Faults::default();
        faults.next(1, Fault::Expired);
        faults.pass(1);
        faults.next(1, Fault::LogInPage);
        let struck: Vec<_> = (0..4).map(|_| faults.take()).collect();
        assert_eq!(struck, [Some(Fault::Expired), None, Some(Fault::LogInPage), None]);
        assert_eq!(faults.asked(), 4);
        faults.next_writes(1, WriteFault::LateCommit(3));
        assert_eq!(faults.take_write(), Some(WriteFault::LateCommit(3)));
        assert_eq!(faults.take_write(), None);
    }

    #[test]
    fn only_faults_before_the_deed_answer_instead() {
        let status = |fault: Fault| fault.instead().map(|r| r.status().as_u16());
        assert_eq!(status(Fault::TooMany("7".into())), Some(429));
        assert_eq!(status(Fault::Expired), Some(410));
        assert_eq!(status(Fault::LogInPage), Some(200));
        for after in [Fault::LostAnswer, Fault::Truncated, Fault::ErrorInOk, Fault::Deaf] {
            assert_eq!(status(after), None);
        }
    }
}
