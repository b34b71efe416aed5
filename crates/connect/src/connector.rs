//! The one trait that every CRM fulfils, and what can go wrong on the way.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use outlay_core::Money;
use serde::{Deserialize, Serialize};

use crate::canonical::{Object, Record};
use crate::pace::Pace;

/// One CRM, reached over the network.
///
/// A pull is restartable page by page: the caller stores a page and its cursor together and may be killed at any time.
/// Records near the cursor may come again (an overlap catches late commits), so storing must be an upsert by
/// `(object, external_id)`; an equal `revision` means that nothing changed.
#[async_trait]
pub trait Connector: Send + Sync {
    /// What this CRM offers. Never asks the network.
    fn capabilities(&self) -> Capabilities;

    /// Reads the next page of `object`: from the start without a cursor, else from where that cursor ended.
    /// `page_size` is a wish, cut to what the CRM allows.
    async fn pull(&self, object: Object, cursor: Option<&serde_json::Value>, page_size: usize) -> Result<Page, Error>;

    /// Reads a raw record again, as [`Connector::pull`] gave it in [`Record::raw`] or [`Rejected::raw`], by the rules in
    /// force. `Ok(None)` if it is none of that object. Never asks the network.
    fn understand(&self, object: Object, raw: &serde_json::Value) -> Result<Option<Record>, Box<Rejected>>;

    /// Reads these records of `object` as they are now, after a [`Hint`].
    async fn fetch(&self, object: Object, ids: &[String]) -> Result<Fetched, Error>;

    /// Lists the living records of `object` by id and revision, page by page: what a reconcile compares.
    /// `after` is the last page's `next`.
    async fn scan(&self, object: Object, after: Option<&serde_json::Value>, page_size: usize) -> Result<Marks, Error>;

    /// Checks a delivery to our hook and tells which records it speaks of. The delivery is a hint alone: what it holds is
    /// not believed. [`Error::Auth`] if its signature is missing, wrong or too old.
    fn verify(&self, hook: &Hook<'_>) -> Result<Vec<Hint>, Error> {
        let _ = hook;
        Err(Error::Setup("this CRM has no web hooks that can be checked".into()))
    }

    /// Writes into the CRM. Safe to repeat with the same `key` and content when an answer got lost.
    /// `key` names the write in logs; it is fixed before the first try.
    async fn push(&self, write: &Write, key: &str) -> Result<Written, Error>;

    /// About how many records of `object` a first pull will bring; `None` if the CRM does not tell.
    async fn count(&self, object: Object) -> Result<Option<u64>, Error> {
        let _ = object;
        Ok(None)
    }

    /// How fast the CRM is asked, and what was asked of it; `None` if nothing counts it.
    fn pace(&self) -> Option<&Pace> {
        None
    }

    /// Asks whether the CRM answers, takes the key, and has all that is needed to write back.
    async fn check(&self) -> Result<Ready, Error>;

    /// Makes an account called [`SCRATCH`], on which writing is tried. [`Error::Setup`] where none can be made from here.
    async fn scratch(&self) -> Result<Target, Error> {
        Err(Error::Setup(format!(
            "make an account called \"{SCRATCH}\" in {} and name it: --write account:ID",
            self.capabilities().crm
        )))
    }

    /// Deletes what [`Connector::scratch`] made, or archives it where the CRM deletes none.
    async fn discard(&self, scratch: &Target) -> Result<(), Error> {
        Err(Error::Setup(format!(
            "{} is to be deleted in the CRM",
            scratch.external_id
        )))
    }
}

/// What an account is called that exists to try writing on, and that anybody may delete.
pub const SCRATCH: &str = "Outlay check (may be deleted)";

/// What a connector can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// The CRM's name, for people.
    pub crm: String,
    /// The objects that can be pulled, in an order in which what is referred to comes first.
    pub objects: Vec<ObjectCapability>,
    /// True if [`Write::CostFigures`] can be pushed as numbers.
    pub cost_figures: bool,
    /// True if [`Write::Note`] can be pushed.
    pub notes: bool,
    /// True if [`Write::Todo`] can be pushed.
    pub todos: bool,
    /// True if [`Connector::verify`] understands deliveries.
    pub hooks: bool,
    /// The largest useful page.
    pub max_page: usize,
}

/// How one object is pulled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectCapability {
    /// The object.
    pub object: Object,
    /// What it is called in the CRM, such as `sale.opportunity`.
    pub source: String,
    /// How deletions are learnt of.
    pub deletes: Deletes,
}

/// How a CRM tells that a record is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deletes {
    /// Pull yields it with `deleted: true`.
    Reported,
    /// Only archiving is reported; what was erased is found by a full pull.
    ArchivedOnly,
    /// Never: a full pull must be compared with what is stored.
    Never,
}

/// One page of a pull.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// Records, oldest change first.
    pub records: Vec<Record>,
    /// Records that came but could not be understood; the cursor has moved past them.
    pub rejected: Vec<Rejected>,
    /// Ids of records that the CRM says are gone, where it tells nothing else of them; those never seen here too.
    pub gone: Vec<String>,
    /// Opaque: store it and hand it to the next pull.
    pub next: serde_json::Value,
    /// True if nothing newer is there for now. Pulling again later with `next` brings what changed since.
    pub done: bool,
}

/// Records asked for by id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fetched {
    /// Those that are there.
    pub records: Vec<Record>,
    /// Those that could not be understood.
    pub rejected: Vec<Rejected>,
    /// Those that the CRM does not have, or does not show.
    pub gone: Vec<String>,
}

/// One page of a [`Connector::scan`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Marks {
    /// Records, in an order that later changes do not upset.
    pub marks: Vec<Mark>,
    /// Opaque; hand it to the next call.
    pub next: serde_json::Value,
    /// True if this was the last page.
    pub done: bool,
}

/// A record's id and state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The CRM's id.
    pub external_id: String,
    /// Its revision, comparable with [`Record::revision`].
    pub revision: String,
}

/// A delivery to our hook.
#[derive(Debug, Clone, Copy)]
pub struct Hook<'a> {
    /// `POST`.
    pub method: &'a str,
    /// The full address that the CRM called, as the CRM knows it.
    pub url: &'a str,
    /// Names in lower case, and values.
    pub headers: &'a [(String, String)],
    /// The bytes as they came.
    pub body: &'a [u8],
    /// When it came.
    pub at: Timestamp,
}

impl Hook<'_> {
    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A record that a delivery speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Hint {
    /// Its kind.
    pub object: Object,
    /// Its id.
    pub external_id: String,
    /// What names the delivery, so that one that comes twice is known; none if the CRM names it not.
    pub event: Option<String>,
}

/// A record that came but could not be understood; belongs among the dead letters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rejected {
    /// The object asked for.
    pub object: Object,
    /// Its id in the CRM, if that was legible.
    pub external_id: Option<String>,
    /// What is wrong, naming the field.
    pub reason: String,
    /// What the CRM sent.
    pub raw: serde_json::Value,
}

/// The record in the CRM that a write belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    /// [`Object::Deal`] or [`Object::Account`].
    pub object: Object,
    /// Its id in the CRM.
    pub external_id: String,
}

impl Target {
    /// A deal by its id in the CRM.
    pub fn deal(external_id: impl Into<String>) -> Self {
        Target {
            object: Object::Deal,
            external_id: external_id.into(),
        }
    }

    /// An account by its id in the CRM.
    pub fn account(external_id: impl Into<String>) -> Self {
        Target {
            object: Object::Account,
            external_id: external_id.into(),
        }
    }
}

/// What goes back into the CRM. Each carries states, never a difference, so repeating is harmless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "write", rename_all = "snake_case")]
pub enum Write {
    /// Totals in numeric fields that CRM reports can sum.
    CostFigures {
        /// The deal or account.
        target: Target,
        /// What was paid so far.
        paid: Money,
        /// What is claimed or approved but not paid yet; of the same currency.
        pending: Money,
        /// When the totals were taken.
        as_of: Timestamp,
    },
    /// One note, found by its marker and updated in place.
    Note {
        /// The deal or account.
        target: Target,
        /// What makes this note findable: letters, digits, `-` and `.`, at most 80, unique within the CRM.
        marker: String,
        /// Rising number; a note in the CRM with a higher one is left alone.
        revision: u64,
        /// Plain text, in lines.
        text: String,
    },
    /// Fields that a person changed here. Each is written only if the CRM still holds what that person saw, or holds the
    /// new value already; the others come back as conflicts and nothing of them is written.
    Fields {
        /// The record.
        target: Target,
        /// The changes, by canonical field; only those that the manifest lists under `writes`.
        changes: Vec<FieldChange>,
    },
    /// A to-do beside the record, for whoever works in the CRM; found by its marker, made once, and closed.
    Todo {
        /// The deal or account.
        target: Target,
        /// As that of a note.
        marker: String,
        /// What is to be done; `None` closes it.
        open: Option<Todo>,
    },
}

/// Something to be done in connection with a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Todo {
    /// In a few words.
    pub summary: String,
    /// Plain text, in lines.
    pub text: String,
    /// Until when.
    pub due: Date,
    /// Whose it is, by their id in the CRM; the key's owner if absent.
    pub who: Option<String>,
}

/// A canonical field as it was seen and as it shall be. Empty text is "nothing".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Such as `phone`.
    pub field: String,
    /// What the CRM held when the person saw it.
    pub before: String,
    /// What it shall hold.
    pub after: String,
}

/// A field that the CRM holds otherwise than the person saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// Such as `phone`.
    pub field: String,
    /// What the CRM holds now.
    pub theirs: String,
}

impl Write {
    /// The record written to.
    pub fn target(&self) -> &Target {
        match self {
            Write::CostFigures { target, .. }
            | Write::Note { target, .. }
            | Write::Fields { target, .. }
            | Write::Todo { target, .. } => target,
        }
    }
}

/// What a push did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The record that was written or found: the target, or the note's own id.
    pub external_id: String,
    /// False if the CRM already held exactly this (or something newer) and nothing was sent.
    pub changed: bool,
    /// Revision of the target after the write, to know one's own echo; `None` if the target itself was not touched.
    pub revision: Option<String>,
    /// Fields of [`Write::Fields`] that were not written.
    #[serde(default)]
    pub conflicts: Vec<Conflict>,
}

/// The answer to [`Connector::check`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// What lacks for a full service, each with its fix; empty when all is well. Pulling works all the same.
    pub warnings: Vec<String>,
}

/// Why a CRM could not be read or written. Its texts hold no secrets, no traceback and no answer body in full.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too many requests, or out of service for a while: try again after this time, if it says one.
    #[error("the CRM asks to come back later")]
    Retry {
        /// How long to wait at least.
        after: Option<Duration>,
    },
    /// No answer at all, or a broken one; whether a write arrived is unknown. Worth another try.
    #[error("the CRM cannot be reached: {0}")]
    Unreachable(String),
    /// It failed inside (HTTP 5xx); whether a write arrived is unknown. Worth another try, but not for ever: some CRMs
    /// answer so to what they do not understand.
    #[error("the CRM failed inside (HTTP {status})")]
    Failed {
        /// Its HTTP status.
        status: u16,
    },
    /// The key is missing, wrong or not validated. A person must act.
    #[error("the CRM does not take the key: {0}")]
    Auth(String),
    /// The CRM understood and said no. Repeating will not help.
    #[error("the CRM refused (HTTP {status}): {text}")]
    Refused {
        /// Its HTTP status.
        status: u16,
        /// Its reason, one short line.
        text: String,
    },
    /// The record to write to is gone.
    #[error("{object} {external_id} is not in the CRM any more")]
    Gone {
        /// Kind of the target.
        object: Object,
        /// Its id.
        external_id: String,
    },
    /// An answer of another shape than documented.
    #[error("the CRM answered in an unknown shape: {0}")]
    Broken(String),
    /// The cursor did not advance, or is none of this connector's: going on would loop or lose records.
    #[error("the cursor is unusable: {0}")]
    Cursor(String),
    /// The address may not be reached, the settings are unusable, or this CRM lacks what is asked for.
    #[error("{0}")]
    Setup(String),
}

impl Error {
    /// True if the same call may succeed later without anybody's help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Error::Retry { .. } | Error::Unreachable(_) | Error::Failed { .. })
    }

    /// The least time to wait before the next try, where the CRM named one.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::Retry { after } => *after,
            _ => None,
        }
    }
}

/// What to say where [`Write::Todo`] cannot be pushed.
pub(crate) fn no_todos() -> Error {
    Error::Setup("no to-dos are written to this CRM".into())
}
