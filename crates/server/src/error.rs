//! The one error of the server, and the answer each kind gets.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use outlay_core::claim::{Problem, Refusal};
use serde::Serialize;

use crate::db::SqlError;

/// Whatever a request or a job can end with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The core refused a command.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// Fields that cannot be accepted.
    #[error("{} fields cannot be accepted", .0.len())]
    Invalid(Vec<Problem>),
    /// No such thing, or the actor may not know of it.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The actor may not; the word names the action.
    #[error("you may not {0}")]
    Forbidden(String),
    /// Nobody is logged in.
    #[error("log in first")]
    Unauthenticated,
    /// The request does not come from a page of ours.
    #[error("the request does not come from this site: send an Origin header of this site, or use an API token")]
    CrossSite,
    /// Somebody else was faster.
    #[error("it was changed meanwhile: load it again")]
    Conflict,
    /// The same request, by its Idempotency-Key, is still running.
    #[error("the same request is still running: try again in a moment")]
    Running,
    /// The same request was carried out before, and its answer was lost.
    #[error("this request was carried out before, but its answer was lost: look at what it made")]
    AnswerLost,
    /// Somebody else was faster, and it is known who and how.
    #[error("{who} was faster: {kind}")]
    ChangedBy {
        /// Their name.
        who: String,
        /// What happened: the kind of the event.
        kind: String,
        /// When.
        at: jiff::Timestamp,
    },
    /// An invoice is held by another live claim.
    #[error("the invoice was already used on {on}")]
    InvoiceTaken {
        /// Since when.
        on: jiff::civil::Date,
        /// The number of that claim, for those who may read it.
        claim: Option<String>,
    },
    /// Somebody else decided the task first, or the claim went away.
    #[error("{claim}: {by}, {outcome}, {at}")]
    Decided {
        /// The claim's number.
        claim: String,
        /// Who.
        by: String,
        /// `approved`, `rejected`, `returned`, `transferred`, `withdrawn`, `resubmitted`.
        outcome: &'static str,
        /// When, in the entity's zone: `2026-11-24 09:15`.
        at: String,
    },
    /// Too many tries; wait this many seconds.
    #[error("too many tries: wait {0} seconds")]
    TooMany(u64),
    /// More bytes than are taken.
    #[error("the file is larger than {0} MB")]
    TooLarge(u64),
    /// The CRM could not be read or written.
    #[error("{0}")]
    Crm(#[from] outlay_connect::Error),
    /// The database failed.
    #[error("the database failed: {0}")]
    Sql(SqlError),
    /// Something of ours or of the machine's is broken; the text is for the log alone.
    #[error("{0}")]
    Broken(String),
}

impl Error {
    /// One field that cannot be accepted.
    pub fn field(field: impl Into<String>, code: &str) -> Error {
        Error::Invalid(vec![Problem::new(field, code)])
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Error::Refused(refusal) => match refusal {
                Refusal::NotYours | Refusal::Duties | Refusal::OnlyAdvice | Refusal::MayNotEdit { .. } => {
                    StatusCode::FORBIDDEN
                }
                Refusal::Missing => StatusCode::NOT_FOUND,
                Refusal::State { .. }
                | Refusal::Taken { .. }
                | Refusal::TaskClosed
                | Refusal::Changed
                | Refusal::TooLate
                | Refusal::NothingDue
                | Refusal::Reversed { .. }
                | Refusal::OtherPayment => StatusCode::CONFLICT,
                Refusal::Problems { .. }
                | Refusal::Blocked { .. }
                | Refusal::NoApprover { .. }
                | Refusal::ReasonMissing
                | Refusal::NotChosen { .. }
                | Refusal::NoStep
                | Refusal::TooSoon { .. }
                | Refusal::Unfit => StatusCode::UNPROCESSABLE_ENTITY,
            },
            Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Forbidden(_) | Error::CrossSite => StatusCode::FORBIDDEN,
            Error::Unauthenticated => StatusCode::UNAUTHORIZED,
            Error::Conflict
            | Error::Running
            | Error::AnswerLost
            | Error::ChangedBy { .. }
            | Error::Decided { .. }
            | Error::InvoiceTaken { .. } => StatusCode::CONFLICT,
            Error::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Error::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Error::Crm(_) => StatusCode::BAD_GATEWAY,
            Error::Sql(_) | Error::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The stable code, under which the words are found: `problem-CODE` in the message files.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Refused(refusal) => match refusal {
                Refusal::State { .. } => "state",
                Refusal::NotYours => "not-yours",
                Refusal::Problems { .. } => "fields",
                Refusal::Blocked { .. } => "blocked",
                Refusal::Taken { .. } => "invoice-taken",
                Refusal::NoApprover { .. } => "no-approver",
                Refusal::TaskClosed => "task-closed",
                Refusal::Changed => "changed",
                Refusal::ReasonMissing => "reason-missing",
                Refusal::Unfit => "unfit",
                Refusal::NotChosen { .. } => "not-chosen",
                Refusal::MayNotEdit { .. } => "may-not-edit",
                Refusal::OnlyAdvice => "only-advice",
                Refusal::TooLate => "too-late",
                Refusal::NoStep => "no-step",
                Refusal::TooSoon { .. } => "too-soon",
                Refusal::NothingDue => "nothing-due",
                Refusal::Duties => "duties",
                Refusal::Reversed { .. } => "invoice-reversed",
                Refusal::OtherPayment => "other-payment",
                Refusal::Missing => "not-found",
            },
            Error::Invalid(_) => "fields",
            Error::NotFound(_) => "not-found",
            Error::Forbidden(_) => "forbidden",
            Error::Unauthenticated => "log-in",
            Error::CrossSite => "cross-site",
            Error::Conflict => "changed",
            Error::Running => "running",
            Error::AnswerLost => "answer-lost",
            Error::ChangedBy { .. } => "changed-by",
            Error::InvoiceTaken { .. } => "invoice-taken",
            Error::Decided { .. } => "decided",
            Error::TooMany(_) => "too-many",
            Error::TooLarge(_) => "too-large",
            Error::Crm(_) => "crm",
            Error::Sql(_) | Error::Broken(_) => "broken",
        }
    }
}

impl From<SqlError> for Error {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Nul => Error::field("text", "nul"),
            other => Error::Sql(other),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Error::Broken(error.to_string())
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Error::Broken(format!("JSON: {error}"))
    }
}

/// What a failed request says about itself; `shell::problems` renders it as problem+json (RFC 9457) or as a page.
#[derive(Debug, Clone, Serialize)]
pub struct Failure {
    /// HTTP status.
    pub status: u16,
    /// Stable code.
    pub code: &'static str,
    /// Values for the words.
    pub args: Vec<(String, String)>,
    /// Fields at fault.
    pub fields: Vec<Problem>,
    /// Anything a machine may want: the whole refusal.
    pub refusal: Option<Refusal>,
    /// The number of the claim to look at, for those who may read it.
    pub claim: Option<String>,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let mut args = Vec::new();
        let mut fields = Vec::new();
        let mut refusal = None;
        let mut claim = None;
        match error {
            Error::Refused(r) => {
                match r {
                    Refusal::Problems { problems } => fields = problems.clone(),
                    Refusal::State { status } => args.push(("status".to_owned(), status.code().to_owned())),
                    Refusal::NotChosen { step } => args.push(("step".to_owned(), step.clone())),
                    Refusal::MayNotEdit { field } => args.push(("field".to_owned(), field.clone())),
                    Refusal::Taken { taken } => {
                        if let Some(first) = taken.first() {
                            args.push(("on".to_owned(), first.on.to_string()));
                        }
                    }
                    _ => {}
                }
                // Which other claim holds an invoice is not for everybody to know.
                refusal = Some(r.clone()).filter(|r| !matches!(r, Refusal::Taken { .. }));
            }
            Error::InvoiceTaken { on, claim: other } => {
                args.push(("on".to_owned(), on.to_string()));
                claim.clone_from(other);
            }
            Error::ChangedBy { who, kind, at } => {
                args.push(("who".to_owned(), who.clone()));
                args.push(("kind".to_owned(), kind.clone()));
                args.push(("at".to_owned(), at.strftime("%Y-%m-%d %H:%M UTC").to_string()));
            }
            Error::Invalid(problems) => fields = problems.clone(),
            Error::NotFound(what) => args.push(("what".to_owned(), (*what).to_owned())),
            Error::Forbidden(what) => args.push(("what".to_owned(), what.clone())),
            Error::Decided { claim, by, outcome, at } => {
                for (name, value) in [("claim", claim.as_str()), ("by", by), ("outcome", outcome), ("at", at)] {
                    args.push((name.to_owned(), value.to_owned()));
                }
            }
            Error::TooMany(seconds) => args.push(("seconds".to_owned(), seconds.to_string())),
            Error::Crm(error) => args.push(("text".to_owned(), error.to_string())),
            Error::TooLarge(megabytes) => args.push(("max".to_owned(), megabytes.to_string())),
            _ => {}
        }
        Failure {
            status: error.status().as_u16(),
            code: error.code(),
            args,
            fields,
            refusal,
            claim,
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if self.status().is_server_error() {
            tracing::error!(error = %self, "request failed");
        }
        let mut response = self.status().into_response();
        if let Error::TooMany(seconds) = &self
            && let Ok(value) = seconds.to_string().parse()
        {
            response.headers_mut().insert(axum::http::header::RETRY_AFTER, value);
        }
        response.extensions_mut().insert(Failure::from(&self));
        response
    }
}
