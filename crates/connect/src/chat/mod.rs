//! Chats in which people are asked and answer: a card goes out, a signed callback comes back. The trait that each fulfils; a folder a
//! chat. No database: whose account is whose, and what a press does, is the caller's.

pub mod feishu;

use async_trait::async_trait;
use serde_json::Value;

use crate::{
    connector::{Error, Hook},
    guard::Guard,
    manifest::Settings,
};

/// A chat, reached over the network.
#[async_trait]
pub trait Chat: Send + Sync {
    /// The account of somebody, by their mobile number if given, else by their mail address; none if the chat knows nobody by it.
    async fn find(&self, who: &Contact<'_>) -> Result<Option<String>, Error>;

    /// Sends a card to an account; the id of its message. The same `key` within the chat's own time gives one message.
    async fn send(&self, account: &str, card: &Card, key: &str) -> Result<String, Error>;

    /// Puts another card in place of one that was sent; false if the chat does not change it any more.
    async fn update(&self, message: &str, card: &Card) -> Result<bool, Error>;

    /// Checks a delivery to our hook. [`Error::Auth`] if it does not prove where it comes from.
    fn receive(&self, hook: &Hook<'_>) -> Result<Delivery, Error>;

    /// The answer to a delivery: a short word for whoever pressed, and the card as it is now.
    fn answer(&self, toast: &Toast, card: Option<&Card>) -> Value;

    /// Asks whether the chat takes the keys.
    async fn check(&self) -> Result<(), Error>;
}

/// By what somebody is found in a chat.
#[derive(Debug, Clone, Copy)]
pub struct Contact<'a> {
    /// Their mail address.
    pub email: &'a str,
    /// Their mobile number; with `+` and the country outside mainland China.
    pub mobile: Option<&'a str>,
}

/// What a message shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Its headline.
    pub title: String,
    /// How it looks.
    pub tone: Tone,
    /// Facts: a word and its value.
    pub facts: Vec<(String, String)>,
    /// A sentence below them.
    pub note: Option<String>,
    /// A link: its words and its address.
    pub open: (String, String),
    /// What is asked; none once it is over.
    pub ask: Option<Ask>,
}

/// The look of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Waits for somebody.
    Asks,
    /// Came out well.
    Good,
    /// Refused.
    Bad,
    /// Sent back, or changed.
    Warn,
    /// Over.
    Over,
}

/// What a card asks: to approve, or to reject with a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The task; comes back with a press.
    pub task: String,
    /// The hash of the content that the card shows; comes back likewise.
    pub hash: String,
    /// The word on the button that approves.
    pub approve: String,
    /// The word on the button that rejects.
    pub reject: String,
    /// What stands in the empty field of the reason.
    pub reason: String,
}

/// What a delivery was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The chat tries the address; this is to be answered.
    Hello(Value),
    /// Somebody pressed. A delivery may hold several.
    Presses(Vec<Press>),
    /// Something else, of no interest here.
    Other,
}

/// Somebody pressed a button of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Press {
    /// The chat's id of the event.
    pub event: String,
    /// The account of who pressed, as the chat vouches for it.
    pub account: String,
    /// [`Ask::task`] of the card that they saw.
    pub task: String,
    /// [`Ask::hash`] of it.
    pub hash: String,
    /// Which button.
    pub act: Act,
    /// What they wrote as the reason.
    pub reason: String,
}

/// Which button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// 同意
    Approve,
    /// 拒绝
    Reject,
}

impl Act {
    /// The word of it in a card and in tables.
    pub const fn code(self) -> &'static str {
        match self {
            Act::Approve => "approve",
            Act::Reject => "reject",
        }
    }

    fn parse(code: &str) -> Option<Act> {
        [Act::Approve, Act::Reject].into_iter().find(|a| a.code() == code)
    }
}

/// A short word shown for seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// Whether what was wanted is done.
    pub done: bool,
    /// The word.
    pub text: String,
}

/// A kind of chat that can be connected.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Its code, such as `feishu`.
    pub code: &'static str,
    /// Its usual address.
    pub url: &'static str,
    /// What has to be entered beside the address and may be seen.
    pub settings: &'static [&'static str],
    /// What has to be entered and is kept sealed.
    pub secrets: &'static [&'static str],
}

/// The kinds that there are.
pub const KINDS: [Kind; 1] = [feishu::KIND];

/// The kind of a code.
pub fn kind(code: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|k| k.code == code)
}

/// The way to a chat; nothing is asked of it yet. `settings` holds the address as `url`, and what [`Kind`] names.
pub fn open(kind: &str, settings: &Settings, guard: &Guard) -> Result<Box<dyn Chat>, Error> {
    match kind {
        "feishu" => Ok(Box::new(feishu::Feishu::new(settings, guard)?)),
        other => Err(Error::Setup(format!("there is no way to the chat {other}"))),
    }
}
