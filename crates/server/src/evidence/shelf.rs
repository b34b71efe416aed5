//! Where a document stands: what it is by itself, and whether a claim has it.

use outlay_core::claim::Status;
use outlay_core::evidence::fold_name;
use outlay_core::org::Org;
use outlay_documents::{Invoice, InvoiceKind, SourceKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A shelf of the wallet; each document is on one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shelf {
    /// Its picture is being read.
    Reading,
    /// Kept, and nothing was read.
    Unread,
    /// Read, and free to be claimed.
    Ready,
    /// On a draft.
    Matched,
    /// On a claim that was handed in.
    Claimed,
    /// The same invoice as an earlier document of its owner, or held by a claim.
    Duplicate,
    /// Made out to somebody else, failing its own checks, reversed, or refused by the reader.
    Invalid,
    /// A red-letter invoice or credit note, which reverses another and is not claimed.
    Red,
}

impl Shelf {
    /// All, in the order of the tabs.
    pub const ALL: [Shelf; 8] = [
        Shelf::Reading,
        Shelf::Unread,
        Shelf::Ready,
        Shelf::Matched,
        Shelf::Claimed,
        Shelf::Duplicate,
        Shelf::Invalid,
        Shelf::Red,
    ];

    /// The word in tables and addresses.
    pub fn code(self) -> &'static str {
        match self {
            Shelf::Reading => "reading",
            Shelf::Unread => "unread",
            Shelf::Ready => "ready",
            Shelf::Matched => "matched",
            Shelf::Claimed => "claimed",
            Shelf::Duplicate => "duplicate",
            Shelf::Invalid => "invalid",
            Shelf::Red => "red",
        }
    }

    /// Reads that word.
    pub fn parse(code: &str) -> Option<Shelf> {
        Shelf::ALL.into_iter().find(|s| s.code() == code)
    }

    /// Tone and icon of its badge.
    pub fn look(self) -> (&'static str, &'static str) {
        match self {
            Shelf::Reading => ("info", "loader"),
            Shelf::Unread => ("neutral", "circle-dashed"),
            Shelf::Ready => ("ok", "circle-check"),
            Shelf::Matched => ("accent", "paperclip"),
            Shelf::Claimed => ("ok", "badge-check"),
            Shelf::Duplicate => ("warn", "copy"),
            Shelf::Invalid => ("bad", "circle-alert"),
            Shelf::Red => ("bad", "undo-2"),
        }
    }
}

/// The shelf of the documents of a claim; none where it holds them no more.
pub fn of_claim(status: Status) -> Option<Shelf> {
    match status {
        s if s.is_editable() => Some(Shelf::Matched),
        s if s.is_live() => Some(Shelf::Claimed),
        _ => None,
    }
}

/// What an invoice is by itself.
pub fn of_invoice(invoice: &Invoice, org: &Org) -> Shelf {
    if is_reversal(invoice) {
        Shelf::Red
    } else if is_for_others(invoice, org) || is_contradictory(invoice) {
        Shelf::Invalid
    } else {
        Shelf::Ready
    }
}

/// Whether it takes another invoice back.
pub fn is_reversal(invoice: &Invoice) -> bool {
    invoice.kind == InvoiceKind::Red || invoice.gross.is_some_and(|g| g.minor <= 0)
}

/// Whether it names a buyer who is none of the company's entities. A name that a picture does not surely show is none.
pub fn is_for_others(invoice: &Invoice, org: &Org) -> bool {
    let sure = invoice
        .sources
        .get("buyer.name")
        .is_none_or(|s| s.kind != SourceKind::Picture || s.is_sure());
    let Some(buyer) = invoice.buyer.name.as_deref().filter(|_| sure) else {
        return false;
    };
    let buyer = fold_name(buyer);
    !buyer.is_empty() && !org.entities().any(|e| fold_name(&e.name) == buyer)
}

/// Whether it contradicts itself in what is not just misread.
pub fn is_contradictory(invoice: &Invoice) -> bool {
    let pictured = invoice.sources.values().any(|s| s.kind == SourceKind::Picture);
    !pictured && !invoice.consistent()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_read_back_and_drafts_hold_what_they_have() {
        for shelf in Shelf::ALL {
            assert_eq!(Shelf::parse(shelf.code()), Some(shelf));
        }
        assert_eq!(of_claim(Status::Returned), Some(Shelf::Matched));
        assert_eq!(of_claim(Status::Archived), Some(Shelf::Claimed));
        assert_eq!(of_claim(Status::Withdrawn), None);
    }
}
