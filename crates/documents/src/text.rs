//! Bytes to characters: which kind of file it is, and in which encoding.

use std::borrow::Cow;

use encoding_rs::{BIG5, Encoding, GB18030, GBK, UTF_8, UTF_16BE, UTF_16LE};

use crate::error::{FileKind, ReadError};

/// Single-byte encodings of Europe, beside UTF-8, UTF-16, GBK, GB18030 and Big5.
const EUROPEAN: [&Encoding; 6] = [
    encoding_rs::WINDOWS_1252,
    encoding_rs::WINDOWS_1250,
    encoding_rs::ISO_8859_2,
    encoding_rs::ISO_8859_15,
    encoding_rs::WINDOWS_1251,
    encoding_rs::WINDOWS_1257,
];

/// Refuses what is plainly no XML, by its first bytes.
pub(crate) fn refuse_other_kinds(bytes: &[u8]) -> Result<(), ReadError> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    let kind = if is_heic(bytes) {
        FileKind::Heic
    } else if starts(b"%PDF") {
        FileKind::Pdf
    } else if starts(b"PK\x03\x04") || starts(b"PK\x05\x06") {
        FileKind::Zip
    } else if starts(b"\xff\xd8\xff")
        || starts(b"\x89PNG")
        || starts(b"GIF8")
        || starts(b"II*\0")
        || starts(b"MM\0*")
        || starts(b"RIFF")
        || starts(b"BM")
        || bytes.get(4..8) == Some(b"ftyp")
    {
        FileKind::Image
    } else if starts(b"\xd0\xcf\x11\xe0") {
        FileKind::Office
    } else {
        return Ok(());
    };
    Err(ReadError::Unsupported(kind))
}

/// Whether a file is a photo as Apple's and newer phones store it: HEIF with HEVC inside, by its brands (ISO 23008-12, 10.2).
fn is_heic(bytes: &[u8]) -> bool {
    const BRANDS: [&[u8]; 8] = [b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"];
    bytes.get(4..8) == Some(b"ftyp") && bytes.get(8..12).is_some_and(|brand| BRANDS.contains(&brand))
}

/// The text of the file, without a byte order mark; refused if it does not start like XML or holds forbidden characters.
pub(crate) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, ReadError> {
    let text = decode_any(bytes)?;
    let start = text.trim_start();
    if !start.starts_with('<') {
        return Err(match start.chars().next() {
            None => ReadError::Empty,
            Some('{' | '[') => ReadError::Unsupported(FileKind::Json),
            Some(_) => ReadError::Unsupported(FileKind::Other),
        });
    }
    let head = start.get(..14).map(str::to_ascii_lowercase).unwrap_or_default();
    if head == "<!doctype html" || head.starts_with("<html") {
        return Err(ReadError::Unsupported(FileKind::Html));
    }
    if let Some(c) = text.chars().find(|c| !is_xml_char(*c)) {
        return Err(ReadError::Control {
            code_point: u32::from(c),
        });
    }
    Ok(text)
}

/// `Char` of XML 1.0, without the noncharacters at the end of each plane.
pub(crate) fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

fn decode_any(bytes: &[u8]) -> Result<Cow<'_, str>, ReadError> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return strict(encoding, &bytes[mark..]);
    }
    match bytes {
        [b'<', 0, _, 0, ..] => return strict(UTF_16LE, bytes),
        [0, b'<', 0, _, ..] => return strict(UTF_16BE, bytes),
        _ => {}
    }
    let declared = match declared_encoding(bytes) {
        // A file that can be read as ASCII so far is not UTF-16, whatever it says.
        Some(label) => match Encoding::for_label(label.as_bytes()) {
            Some(e) if e == UTF_16LE || e == UTF_16BE => UTF_8,
            // Some tools write what they think of it, as in UTF-8-W/O-BOM.
            None if label.to_ascii_lowercase().starts_with("utf-8") => UTF_8,
            Some(e) if [UTF_8, GBK, GB18030, BIG5].contains(&e) || EUROPEAN.contains(&e) => e,
            _ => return Err(ReadError::Encoding { name: label }),
        },
        None => UTF_8,
    };
    let refused = match strict(declared, bytes) {
        Ok(text) => return Ok(text),
        Err(e) => e,
    };
    // Tools that re-save an invoice often leave a declaration behind that no longer holds.
    if declared == UTF_8 && looks_double_byte(bytes) {
        strict(GB18030, bytes).map_err(|_| refused)
    } else if declared != UTF_8 {
        strict(UTF_8, bytes).map_err(|_| refused)
    } else {
        Err(refused)
    }
}

fn strict<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Result<Cow<'a, str>, ReadError> {
    encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .ok_or_else(|| ReadError::Encoding {
            name: encoding.name().to_owned(),
        })
}

/// The label in `<?xml … encoding="…"?>`, if the file starts with one.
fn declared_encoding(bytes: &[u8]) -> Option<String> {
    let head = &bytes[..bytes.len().min(256)];
    let head = String::from_utf8_lossy(head);
    let declaration = head.trim_start().strip_prefix("<?xml")?;
    let declaration = &declaration[..declaration.find("?>")?];
    let (_, rest) = declaration.split_once("encoding")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let label = rest[1..].split(quote).next()?.trim();
    Some(label.chars().take(40).collect())
}

/// Whether text outside ASCII is mostly no UTF-8: true for GBK, false for UTF-8 with a few broken bytes.
fn looks_double_byte(bytes: &[u8]) -> bool {
    let (mut whole, mut broken) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    broken > whole
}
