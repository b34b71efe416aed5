//! ZIP files, opened within bounds. Nothing is ever written to disk, so the names of entries are only names.

use std::io::{Cursor, Read};

use encoding_rs::GBK;
use zip::ZipArchive;

use crate::error::{Excess, FileKind, ReadError};
use crate::limits::Budget;

/// An open archive.
pub(crate) struct Archive<'b> {
    zip: ZipArchive<Cursor<&'b [u8]>>,
    /// Each entry's name as a clean path, by its index.
    pub(crate) names: Vec<String>,
}

impl<'b> Archive<'b> {
    /// Opens an archive, its entries counted before any of them is looked at.
    pub(crate) fn open(bytes: &'b [u8], kind: FileKind, budget: &mut Budget<'_>) -> Result<Self, ReadError> {
        budget.entries(listed(bytes, budget.limits.max_entries + 1))?;
        let damaged = || ReadError::Damaged { kind };
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|_| damaged())?;
        // What the end of the archive claims is not what was counted: two readers would see two archives.
        if zip.len() > budget.limits.max_entries {
            return Err(damaged());
        }
        let names = zip.file_names_raw().map(clean).collect();
        Ok(Archive { zip, names })
    }

    /// The bytes of one entry; `None` for a folder.
    pub(crate) fn read(&mut self, index: usize, budget: &mut Budget<'_>) -> Result<Option<Vec<u8>>, ReadError> {
        let damaged = ReadError::Damaged { kind: FileKind::Zip };
        let entry = match self.zip.by_index(index) {
            Ok(entry) => entry,
            Err(zip::result::ZipError::UnsupportedArchive(_)) => return Err(ReadError::Encrypted),
            Err(_) => return Err(damaged),
        };
        if entry.is_dir() {
            return Ok(None);
        }
        // An honest size is enough to refuse by; one that lies is found out below, where what comes out is counted.
        if entry.size() > budget.left() as u64 {
            return Err(ReadError::TooComplex {
                what: Excess::Unpacked,
                limit: budget.limits.max_unpacked,
            });
        }
        let most = budget.left() as u64 + 1;
        let mut bytes = Vec::new();
        let whole = entry.take(most).read_to_end(&mut bytes);
        budget.unpacked(bytes.len())?;
        whole.map_err(|_| damaged)?;
        Ok(Some(bytes))
    }

    /// The index of the entry with this clean path, letter case aside.
    pub(crate) fn find(&self, path: &str) -> Option<usize> {
        let exact = self.names.iter().position(|n| n == path);
        exact.or_else(|| self.names.iter().position(|n| n.eq_ignore_ascii_case(path)))
    }
}

/// How many entries the central directory lists, counted no further than `most`.
fn listed(bytes: &[u8], most: usize) -> usize {
    let mut count = 0;
    let mut rest = bytes;
    while let Some(at) = memchr(rest) {
        if rest[at..].starts_with(b"PK\x01\x02") {
            count += 1;
            if count >= most {
                break;
            }
        }
        rest = &rest[at + 1..];
    }
    count
}

fn memchr(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|b| *b == b'P')
}

/// A name as UTF-8, else as GBK, which Chinese systems write without saying so; without roots and steps upwards.
fn clean(raw: &[u8]) -> String {
    let text = match std::str::from_utf8(raw) {
        Ok(text) => text.to_owned(),
        Err(_) => GBK.decode_without_bom_handling(raw).0.into_owned(),
    };
    normal(&text)
}

/// A path without `.`, `..`, backslashes and a leading slash.
pub(crate) fn normal(path: &str) -> String {
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split(['/', '\\']) {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    let clean: String = steps.join("/").chars().filter(|c| !c.is_control()).collect();
    clean.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside() {
        assert_eq!(normal("../../etc/passwd"), "etc/passwd");
        assert_eq!(normal("/Doc_0/./Pages/../Document.xml"), "Doc_0/Document.xml");
        assert_eq!(normal("C:\\a\\..\\b.xml"), "C:/b.xml");
        assert_eq!(clean(&GBK.encode("发票/一.xml").0), "发票/一.xml");
    }
}
