//! What texts a bank file may hold.

use crate::claim::Problem;

/// Longest name in a file (ISO 20022 Max140Text).
pub const MAX_NAME: usize = 140;
/// Longest text for the payee (ISO 20022 Max140Text).
pub const MAX_REMITTANCE: usize = 140;

/// Punctuation that every bank takes (EPC: SEPA requirements for an extended character set).
const PUNCTUATION: &str = "/-?:().,'+ ";

/// Whether every bank takes it: basic Latin letters, digits and a few signs.
pub fn is_basic(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || PUNCTUATION.contains(c))
}

/// A name of a person or firm: begins with a letter or a digit, so that no spreadsheet takes it for a formula.
pub fn name(found: &mut Vec<Problem>, field: &str, name: &str) {
    if name.trim().is_empty() {
        found.push(Problem::new(field, "missing"));
        return;
    }
    if !name.starts_with(char::is_alphanumeric) {
        found.push(Problem::new(field, "first-character"));
    }
    free(found, field, name, MAX_NAME);
}

/// Any text up to `max` characters that XML 1.0 can hold, on one line.
pub fn free(found: &mut Vec<Problem>, field: &str, text: &str, max: usize) {
    let length = text.chars().count();
    if length > max {
        found.push(Problem::new(field, "too-long").with("max", max).with("found", length));
    }
    if text
        .chars()
        .any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'))
    {
        found.push(Problem::new(field, "control-characters"));
    }
}

/// An id: basic characters without spaces, and no slash at its ends or two in a row, as EPC asks.
pub fn id(found: &mut Vec<Problem>, field: &str, id: &str, max: usize) {
    if id.is_empty() {
        found.push(Problem::new(field, "missing"));
    }
    if id.chars().count() > max {
        found.push(
            Problem::new(field, "too-long")
                .with("max", max)
                .with("found", id.chars().count()),
        );
    }
    if !is_basic(id) || id.contains([' ', '\'']) || id.starts_with('/') || id.ends_with('/') || id.contains("//") {
        found.push(Problem::new(field, "id-characters"));
    }
}

/// The text on one line: runs of spaces and line ends become one space, no sign at its start that a spreadsheet
/// takes for a formula, cut to `max` characters.
pub fn line(text: &str, max: usize) -> String {
    let one: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let safe = one.trim_start_matches(['=', '+', '-', '@', ' ']);
    safe.chars().take(max).collect::<String>().trim_end().to_owned()
}
