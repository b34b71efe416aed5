//! From bytes to text, whatever the encoding.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, GB18030, GBK, UTF_8, UTF_16BE, UTF_16LE};

use super::TableError;

/// The text and the name of the encoding that it was in.
pub fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, &'static str), TableError> {
    let (encoding, mark) = Encoding::for_bom(bytes).unwrap_or_else(|| (guess(bytes), 0));
    let bytes = &bytes[mark..];
    let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes) else {
        let (lossy, _) = encoding.decode_without_bom_handling(bytes);
        let before = lossy.split('\u{fffd}').next().unwrap_or_default();
        return Err(TableError::Encoding {
            line: before.matches('\n').count() + 1,
            encoding: encoding.name(),
        });
    };
    if text.contains('\0') {
        return Err(TableError::Format);
    }
    Ok((text, encoding.name()))
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    if std::str::from_utf8(bytes).is_ok() {
        // UTF-16 of plain Latin text is valid UTF-8 too, full of NULs.
        return utf16(bytes).unwrap_or(UTF_8);
    }
    if let Some(encoding) = utf16(bytes) {
        return encoding;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    // An encoding shows within the first megabytes, if at all.
    detector.feed(&bytes[..bytes.len().min(4 << 20)], true);
    let found = detector.guess(None, Utf8Detection::Deny);
    // GB18030 holds all of GBK and more.
    if found == GBK { GB18030 } else { found }
}

/// UTF-16 without its mark: the separators and line ends of a table have a NUL on one side.
fn utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = &bytes[..bytes.len().min(64 << 10) & !1];
    let nul = |at: usize| sample.iter().skip(at).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (nul(0), nul(1));
    if even == 0 && odd > 0 {
        Some(UTF_16LE)
    } else if odd == 0 && even > 0 {
        Some(UTF_16BE)
    } else {
        None
    }
}
