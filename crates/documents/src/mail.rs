//! Saved mails (.eml, RFC 5322): the files they carry, and their text where it is the receipt itself.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, MessageParser, MessagePart, MimeHeaders, PartType};

use crate::archive::normal;
use crate::error::{FileKind, ReadError};
use crate::limits::Budget;
use crate::paper::Content;
use crate::words;

/// Whether a file begins as a mail does: with header lines, two of those that every mail has among them.
pub(crate) fn is_mail(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let mut lines = text
        .lines()
        .skip_while(|l| l.starts_with("From ") || l.starts_with('>'));
    let first = lines.next().unwrap_or_default();
    let header = |line: &str| {
        line.split_once(':')
            .is_some_and(|(name, _)| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
    };
    const KNOWN: [&str; 9] = [
        "from:",
        "to:",
        "subject:",
        "date:",
        "received:",
        "return-path:",
        "mime-version:",
        "message-id:",
        "content-type:",
    ];
    let known = text.lines().filter(|line| {
        let lower = line.to_ascii_lowercase();
        KNOWN.iter().any(|k| lower.starts_with(k))
    });
    header(first) && known.count() >= 2
}

/// What a mail carries.
pub(crate) struct Parts {
    /// Attached files, with their names.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    /// The text.
    pub(crate) text: Option<String>,
}

/// Takes a mail apart; each part is counted. Mails inside the mail are files.
pub(crate) fn parts(bytes: &[u8], budget: &mut Budget<'_>) -> Result<Parts, ReadError> {
    // Every part begins with a line of two dashes; counted before the library looks for them.
    let lines = bytes.split(|b| *b == b'\n').filter(|l| l.starts_with(b"--"));
    budget.entries(lines.take(budget.limits.max_entries + 1).count())?;
    let damaged = ReadError::Damaged { kind: FileKind::Mail };
    let parsed = catch_unwind(AssertUnwindSafe(|| MessageParser::default().parse(bytes)));
    let Ok(Some(message)) = parsed else {
        return Err(damaged);
    };
    let mut parts = Parts {
        files: Vec::new(),
        text: message.body_text(0).map(|t| t.into_owned()),
    };
    for (n, part) in message.attachments().enumerate() {
        let bytes = match &part.body {
            PartType::Message(inner) => inner.raw_message().to_vec(),
            // Text is attached XML, whose own declaration says how its bytes are meant.
            PartType::Text(_) | PartType::Html(_) => raw(message.raw_message(), part),
            _ => part.contents().to_vec(),
        };
        // A picture in the signature is no receipt.
        let inline = part
            .content_disposition()
            .is_some_and(|d| d.ctype().eq_ignore_ascii_case("inline"));
        if inline && part.content_id().is_some() && matches!(part.body, PartType::InlineBinary(_)) {
            continue;
        }
        budget.unpacked(bytes.len())?;
        let name = part.attachment_name().map(normal).filter(|n| !n.is_empty());
        parts
            .files
            .push((name.unwrap_or_else(|| format!("part-{}", n + 1)), bytes));
    }
    Ok(parts)
}

/// The bytes of a part as they were before they were packed for the mail.
fn raw(message: &[u8], part: &MessagePart<'_>) -> Vec<u8> {
    let offset = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
    let body = message
        .get(offset(part.offset_body)..offset(part.offset_end))
        .unwrap_or_default();
    let unpacked = match part.encoding {
        Encoding::None => None,
        Encoding::QuotedPrintable => quoted_printable_decode(body),
        Encoding::Base64 => base64_decode(body),
    };
    unpacked.unwrap_or_else(|| body.to_vec())
}

/// Reads the text of a mail as an invoice or receipt.
pub(crate) fn read_text(text: &str) -> Option<Content> {
    words::read_plain(text)
}
