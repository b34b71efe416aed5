//! What is checked of a PDF file before a library opens it: how much its streams unpack to. The library unpacks streams
//! whole, and some of them while it opens the file, so each is unpacked here first, into nothing, and counted.

use flate2::{Decompress, FlushDecompress, Status};

use crate::error::{Excess, FileKind, ReadError};
use crate::limits::Budget;

/// Most bytes in all LZW and run-length streams that are not pictures: these can't be counted without unpacking, and
/// grow at most some thousandfold.
const MAX_OTHER: usize = 64 * 1024;
/// Deepest nesting of dictionaries.
const MAX_DEPTH: usize = 512;

/// Counts what the streams of a file unpack to; whether it is encrypted.
pub(super) fn check(bytes: &[u8], budget: &mut Budget<'_>) -> Result<bool, ReadError> {
    let encrypted = find(bytes, b"/Encrypt").is_some();
    let mut other = 0_usize;
    let mut depth = Depth::default();
    let (mut at, mut plain_from) = (0, 0);
    while let Some(found) = find(&bytes[at..], b"stream") {
        let keyword = at + found;
        at = keyword + 6;
        if bytes[..keyword].ends_with(b"end") {
            continue;
        }
        depth.feed(&bytes[plain_from..keyword])?;
        // A word in a string may look like the start of the object, so all since the last stream counts as well.
        let since = &bytes[plain_from.max(keyword.saturating_sub(64 * 1024))..keyword];
        let near = Names::of(&since[rfind(since, b"obj").map_or(0, |o| o + 3)..]);
        let far = Names::of(since);
        let mut data = &bytes[at..];
        data = data.strip_prefix(b"\r").unwrap_or(data);
        data = data.strip_prefix(b"\n").unwrap_or(data);
        if far.flate > 1 || far.other > 0 && far.flate > 0 || near.elsewhere {
            return Err(ReadError::Damaged { kind: FileKind::Pdf });
        }
        let length = find(data, b"endstream").unwrap_or(data.len());
        at = bytes.len() - data.len() + length;
        plain_from = at;
        if near.picture && !far.objects {
            continue;
        }
        let objects = near.objects || far.packed_objects;
        // What an encrypted file packs its objects into can't be looked at before it is unpacked.
        if encrypted && objects {
            return Err(ReadError::Encrypted);
        }
        if far.other > 0 {
            other += length;
        }
        if other > MAX_OTHER || far.other > 0 && objects {
            return Err(ReadError::TooComplex {
                what: Excess::Unpacked,
                limit: budget.limits.max_unpacked,
            });
        }
        if !encrypted {
            let plain = if near.ascii { ascii(&data[..length]) } else { None };
            let packed = plain.as_deref().unwrap_or(data);
            // The end may be a word inside the data, so all that follows is given.
            if far.flate > 0 || is_zlib(packed) {
                budget.unpacked(inflated(packed, budget.left())?)?;
            }
        }
    }
    depth.feed(&bytes[plain_from..])?;
    Ok(encrypted)
}

/// Counts how deep dictionaries are nested; deeper than any real file has them, a reader takes the square of the time.
#[derive(Default)]
struct Depth {
    depth: usize,
    last: u8,
}

impl Depth {
    fn feed(&mut self, bytes: &[u8]) -> Result<(), ReadError> {
        for byte in bytes {
            let double = *byte == self.last && matches!(byte, b'<' | b'>');
            self.last = if double { 0 } else { *byte };
            if double && *byte == b'>' {
                self.depth = self.depth.saturating_sub(1);
            } else if double {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(ReadError::TooComplex {
                        what: Excess::Depth,
                        limit: MAX_DEPTH,
                    });
                }
            }
        }
        Ok(())
    }
}

/// What a stream's dictionary names.
#[derive(Default)]
struct Names {
    flate: usize,
    other: usize,
    ascii: bool,
    /// The filters stand in another object.
    elsewhere: bool,
    picture: bool,
    /// May hold other objects.
    objects: bool,
    /// Says that it does.
    packed_objects: bool,
}

impl Names {
    fn of(head: &[u8]) -> Self {
        let mut names = Names::default();
        let (mut width, mut height, mut image) = (false, false, false);
        let mut rest = head;
        let mut depth = 0_usize;
        while let Some(at) = rest.iter().position(|b| *b == b'/') {
            let count = |pair: &[u8]| rest[..at].windows(2).filter(|w| *w == pair).count();
            depth = (depth + count(b"<<")).saturating_sub(count(b">>"));
            rest = &rest[at + 1..];
            let (name, len) = name(rest);
            rest = &rest[len..];
            // Dictionaries inside, such as of fonts, have names of their own.
            if depth > 1 {
                continue;
            }
            match name.as_slice() {
                b"FlateDecode" | b"Fl" => names.flate += 1,
                b"LZWDecode" | b"LZW" | b"RunLengthDecode" | b"RL" => names.other += 1,
                b"ASCII85Decode" | b"A85" | b"ASCIIHexDecode" | b"AHx" => names.ascii = true,
                b"Filter" | b"F" => names.elsewhere |= rest.trim_ascii_start().first().is_some_and(u8::is_ascii_digit),
                b"Image" => image = true,
                b"Width" => width = true,
                b"Height" => height = true,
                b"First" => names.objects = true,
                b"ObjStm" => (names.objects, names.packed_objects) = (true, true),
                _ => {}
            }
        }
        names.picture = image && width && height && !names.objects;
        names
    }
}

/// A name with its `#xx` resolved, and how many bytes it takes.
fn name(bytes: &[u8]) -> (Vec<u8>, usize) {
    let end = bytes
        .iter()
        .position(|b| b.is_ascii_whitespace() || b"/[]<>()%{}\0".contains(b));
    let raw = &bytes[..end.unwrap_or(bytes.len()).min(64)];
    let mut out = Vec::new();
    let mut i = 0;
    while i < raw.len() {
        let hex = raw.get(i + 1..i + 3).and_then(|h| std::str::from_utf8(h).ok());
        match hex
            .and_then(|h| u8::from_str_radix(h, 16).ok())
            .filter(|_| raw[i] == b'#')
        {
            Some(byte) => {
                out.push(byte);
                i += 3;
            }
            None => {
                out.push(raw[i]);
                i += 1;
            }
        }
    }
    (out, raw.len())
}

fn is_zlib(data: &[u8]) -> bool {
    matches!(data, [a, b, ..] if a & 0x0f == 8 && (u16::from(*a) << 8 | u16::from(*b)) % 31 == 0)
}

/// How many bytes a deflate stream unpacks to, counted no further than just past `most`.
pub(super) fn inflated(data: &[u8], most: usize) -> Result<usize, ReadError> {
    let data = if is_zlib(data) { &data[2..] } else { data };
    let mut inflate = Decompress::new(false);
    let mut out = vec![0; 64 * 1024];
    let mut total = 0;
    let mut depth = Depth::default();
    loop {
        let read = usize::try_from(inflate.total_in()).unwrap_or(usize::MAX);
        let before = inflate.total_out();
        let Some(input) = data.get(read..) else {
            return Ok(total);
        };
        let status = inflate.decompress(input, &mut out, FlushDecompress::None);
        let made = usize::try_from(inflate.total_out() - before)
            .unwrap_or(0)
            .min(out.len());
        depth.feed(&out[..made])?;
        total += made;
        let stuck = made == 0 && usize::try_from(inflate.total_in()).unwrap_or(0) == read;
        if total > most || stuck || !matches!(status, Ok(Status::Ok)) {
            return Ok(total);
        }
    }
}

/// ASCII85 or ASCIIHex as bytes.
fn ascii(data: &[u8]) -> Option<Vec<u8>> {
    let text: Vec<u8> = data.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    let text = text.strip_prefix(b"<~").unwrap_or(&text);
    let hex = text.iter().all(|b| b.is_ascii_hexdigit() || *b == b'>');
    if hex {
        let digits: Vec<u8> = text.iter().take_while(|b| **b != b'>').copied().collect();
        let pairs = digits
            .chunks(2)
            .map(|p| u8::from_str_radix(std::str::from_utf8(p).ok()?, 16).ok());
        return pairs.collect();
    }
    let mut out = Vec::new();
    let mut group: Vec<u32> = Vec::new();
    for byte in text {
        match byte {
            b'~' => break,
            b'z' if group.is_empty() => out.extend([0; 4]),
            b'!'..=b'u' => group.push(u32::from(byte - b'!')),
            _ => return None,
        }
        if group.len() == 5 {
            out.extend(word(&group).to_be_bytes());
            group.clear();
        }
    }
    if group.len() > 1 {
        let keep = group.len() - 1;
        group.resize(5, 84);
        out.extend(&word(&group).to_be_bytes()[..keep]);
    }
    Some(out)
}

fn word(group: &[u32]) -> u32 {
    group
        .iter()
        .fold(0, |sum: u32, digit| sum.wrapping_mul(85).wrapping_add(*digit))
}

/// Where `needle` first stands.
pub(super) fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let first = needle[0];
    let mut at = 0;
    loop {
        at += bytes.get(at..)?.iter().position(|b| *b == first)?;
        if bytes[at..].starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
}

fn rfind(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).rposition(|w| w == needle)
}
