//! Bounds in bytes, depth, elements and text; and the counters that show they hold.

use crate::error::{Excess, ReadError};

/// How much of a file is read before it is refused. The defaults refuse any file within 100 ms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest XML file, in bytes, alone or inside another file. 2 MiB: the largest real e-invoice seen, with thousands of lines, has 350 kB.
    pub max_bytes: usize,
    /// Deepest nesting of elements.
    pub max_depth: usize,
    /// Most elements in one file.
    pub max_nodes: usize,
    /// Most attributes of one element, namespace declarations among them.
    pub max_attributes: usize,
    /// Most namespace declarations in force at one place.
    pub max_namespaces: usize,
    /// Longest name of an element or attribute, in bytes.
    pub max_name: usize,
    /// Longest text kept of one element, in bytes. Longer text (an embedded file, a signature) is dropped; a field that
    /// needs it is refused.
    pub max_text: usize,
    /// Most lines of one invoice.
    pub max_lines: usize,
    /// Largest file that holds others or pages (OFD, PDF, ZIP, mail), in bytes.
    pub max_file: usize,
    /// Most bytes unpacked from one file, all its entries and streams together, at any depth.
    pub max_unpacked: usize,
    /// Most entries of all archives and mails in one file together.
    pub max_entries: usize,
    /// How deep files may hold files: an OFD in a ZIP in a mail is 3.
    pub max_nesting: usize,
    /// Most pages read of one document.
    pub max_pages: usize,
    /// Most drawing operations of one PDF file, those of repeated forms counted each time.
    pub max_operations: usize,
    /// Most characters placed on the pages of one document.
    pub max_glyphs: usize,
    /// Most invoices and receipts in one file.
    pub max_papers: usize,
    /// Most pixels of one picture; the largest cameras of phones make 50 million.
    pub max_pixels: usize,
    /// Longest side of a picture, in pixels.
    pub max_side: usize,
    /// Most pictures of one file that are read; further ones are kept unread.
    pub max_pictures: usize,
    /// Most pictures on the pages of one document that are searched for a QR code.
    pub max_codes: usize,
    /// Most pixels touched while one page is drawn, those painted over counted each time.
    pub max_painted: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_bytes: 2 * 1024 * 1024,
            max_depth: 64,
            max_nodes: 60_000,
            max_attributes: 64,
            max_namespaces: 128,
            max_name: 256,
            max_text: 16 * 1024,
            max_lines: 5_000,
            max_file: 32 * 1024 * 1024,
            max_unpacked: 32 * 1024 * 1024,
            max_entries: 4_000,
            max_nesting: 4,
            max_pages: 60,
            max_operations: 500_000,
            max_glyphs: 200_000,
            max_papers: 500,
            max_pixels: 52_000_000,
            max_side: 16_000,
            max_pictures: 60,
            max_codes: 8,
            max_painted: 500_000_000,
        }
    }
}

/// What reading one file has used up. Tests compare these, not time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Bytes unpacked from archives and streams.
    pub unpacked: usize,
    /// Entries of archives and parts of mails that were looked at.
    pub entries: usize,
    /// Deepest nesting of files that was opened.
    pub nesting: usize,
    /// Pages read.
    pub pages: usize,
    /// Drawing operations followed.
    pub operations: usize,
    /// Characters placed on pages.
    pub glyphs: usize,
    /// Pictures that were decoded.
    pub pictures: usize,
    /// Pixels of all of them.
    pub pixels: usize,
    /// Pictures on pages that were searched for a QR code.
    pub codes: usize,
}

/// Limits with what is used of them so far. Each method counts first, and refuses once the limit is passed.
pub(crate) struct Budget<'l> {
    pub(crate) limits: &'l Limits,
    pub(crate) used: Counters,
}

impl<'l> Budget<'l> {
    pub(crate) fn new(limits: &'l Limits) -> Self {
        let used = Counters::default();
        Budget { limits, used }
    }

    /// How many bytes may still be unpacked.
    pub(crate) fn left(&self) -> usize {
        self.limits.max_unpacked.saturating_sub(self.used.unpacked)
    }

    pub(crate) fn unpacked(&mut self, bytes: usize) -> Result<(), ReadError> {
        self.used.unpacked = self.used.unpacked.saturating_add(bytes);
        within(Excess::Unpacked, self.used.unpacked, self.limits.max_unpacked)
    }

    pub(crate) fn entries(&mut self, count: usize) -> Result<(), ReadError> {
        self.used.entries = self.used.entries.saturating_add(count);
        within(Excess::Entries, self.used.entries, self.limits.max_entries)
    }

    pub(crate) fn nested(&mut self, depth: usize) -> Result<(), ReadError> {
        self.used.nesting = self.used.nesting.max(depth);
        within(Excess::Nesting, depth, self.limits.max_nesting)
    }

    pub(crate) fn page(&mut self) -> Result<(), ReadError> {
        self.used.pages += 1;
        within(Excess::Pages, self.used.pages, self.limits.max_pages)
    }

    pub(crate) fn operation(&mut self) -> Result<(), ReadError> {
        self.used.operations += 1;
        within(Excess::Operations, self.used.operations, self.limits.max_operations)
    }

    pub(crate) fn glyphs(&mut self, count: usize) -> Result<(), ReadError> {
        self.used.glyphs = self.used.glyphs.saturating_add(count);
        within(Excess::Glyphs, self.used.glyphs, self.limits.max_glyphs)
    }

    /// One picture of this size, before it is decoded.
    pub(crate) fn picture(&mut self, width: usize, height: usize) -> Result<(), ReadError> {
        self.fits(width, height)?;
        self.used.pictures += 1;
        self.used.pixels = self.used.pixels.saturating_add(width.saturating_mul(height));
        Ok(())
    }

    /// Refuses a picture that is too large to be read, without counting it.
    pub(crate) fn fits(&self, width: usize, height: usize) -> Result<(), ReadError> {
        within(Excess::Side, width.max(height), self.limits.max_side)?;
        within(Excess::Pixels, width.saturating_mul(height), self.limits.max_pixels)
    }

    /// Counts one more picture that is searched for a QR code; false where there were enough.
    pub(crate) fn code(&mut self) -> bool {
        let more = self.used.codes < self.limits.max_codes;
        self.used.codes += usize::from(more);
        more
    }

    /// Whether one more picture may be read.
    pub(crate) fn reads_pictures(&self) -> bool {
        self.used.pictures < self.limits.max_pictures
    }
}

fn within(what: Excess, found: usize, limit: usize) -> Result<(), ReadError> {
    if found > limit {
        return Err(ReadError::TooComplex { what, limit });
    }
    Ok(())
}
