//! PDF pages of text with Chinese: one font, cut down to the letters that are used; lines; and QR codes. The same calls give
//! the same bytes.

use std::collections::BTreeMap;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use qrcode::{Color, EcLevel, QrCode};
use skrifa::instance::{LocationRef, Size};
use skrifa::raw::TableProvider;
use skrifa::{FontRef, MetadataProvider, Tag};
use std::io::Write;
use subsetter::GlyphRemapper;

use crate::draw::fonts::{Face, FontFile};

/// Points to a millimetre.
const POINTS: f64 = 72.0 / 25.4;
/// Width and height of A4 in millimetres.
pub const A4: (f64, f64) = (210.0, 297.0);

const FONT: Name<'static> = Name(b"F");
const UNICODE: SystemInfo<'static> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"UCS"),
    supplement: 0,
};
const IDENTITY: SystemInfo<'static> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};

/// A document that is being set. Lengths are in millimetres from the top left of the page.
pub struct Print<'f> {
    file: &'f FontFile,
    face: Face<'f>,
    glyphs: GlyphRemapper,
    /// Glyphs as written, each with its character and width.
    used: BTreeMap<u16, (char, f32)>,
    pages: Vec<Content>,
    missing: usize,
}

impl<'f> Print<'f> {
    /// A document without pages; `None` where the font can't be used.
    pub fn new(file: &'f FontFile) -> Option<Self> {
        Some(Print {
            file,
            face: Face::of(file)?,
            glyphs: GlyphRemapper::new(),
            used: BTreeMap::new(),
            pages: Vec::new(),
            missing: 0,
        })
    }

    /// Begins a page; what is set goes on the last one begun.
    pub fn begin(&mut self) {
        self.pages.push(Content::new());
    }

    /// Goes back to page `n`, from 0: used to write how many pages there are, once that is known.
    pub fn on(&mut self, n: usize, set: impl FnOnce(&mut Self)) {
        if n < self.pages.len() {
            let last = self.pages.len() - 1;
            self.pages.swap(n, last);
            set(self);
            self.pages.swap(n, last);
        }
    }

    /// How many pages were begun.
    pub fn pages(&self) -> usize {
        self.pages.len()
    }

    /// How many characters the font does not have; they are left blank.
    pub fn missing(&self) -> usize {
        self.missing
    }

    /// How wide a text is at a size, which is the height of its letters in millimetres.
    pub fn width(&self, text: &str, size: f64) -> f64 {
        let wide = |c| self.face.glyph(c).map_or(0.5, |g| self.face.advance(g));
        text.chars().map(|c| f64::from(wide(c))).sum::<f64>() * size
    }

    /// A text cut into lines no wider than `wide`: at blanks, and between hanzi.
    pub fn lines(&self, text: &str, size: f64, wide: f64) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.split('\n') {
            let mut line = String::new();
            let mut word = String::new();
            for c in paragraph.chars().chain([' ']) {
                let breaks = c == ' ' || !c.is_ascii();
                if !breaks {
                    word.push(c);
                    continue;
                }
                for part in [std::mem::take(&mut word), c.to_string()] {
                    if self.width(&line, size) + self.width(part.trim_end(), size) > wide && !line.trim().is_empty() {
                        lines.push(std::mem::take(&mut line).trim_end().to_owned());
                    }
                    // A word wider than the line is cut.
                    for c in part.chars() {
                        if self.width(&line, size) + self.width(&c.to_string(), size) > wide
                            && c != ' '
                            && !line.is_empty()
                        {
                            lines.push(std::mem::take(&mut line));
                        }
                        if !(line.is_empty() && c == ' ') {
                            line.push(c);
                        }
                    }
                }
            }
            lines.push(line.trim_end().to_owned());
        }
        lines
    }

    /// Sets a text with its baseline at `y`.
    pub fn text(&mut self, x: f64, y: f64, size: f64, text: &str) {
        let mut codes = Vec::new();
        for c in text.chars() {
            let glyph = match self.face.glyph(c) {
                Some(glyph) => glyph,
                None => {
                    if !c.is_whitespace() {
                        self.missing += 1;
                    }
                    match self.face.glyph(' ') {
                        Some(blank) => blank,
                        None => continue,
                    }
                }
            };
            let Ok(glyph) = u16::try_from(glyph) else { continue };
            let code = self.glyphs.remap(glyph);
            let wide = self.face.advance(u32::from(glyph));
            self.used.entry(code).or_insert((c, wide));
            codes.extend(code.to_be_bytes());
        }
        let Some(page) = self.pages.last_mut() else { return };
        let (x, y) = at(x, y);
        page.begin_text();
        page.set_font(FONT, (size * POINTS) as f32);
        page.next_line(x, y);
        page.show(Str(&codes));
        page.end_text();
    }

    /// A text that ends at `x`.
    pub fn text_to(&mut self, x: f64, y: f64, size: f64, text: &str) {
        let wide = self.width(text, size);
        self.text(x - wide, y, size, text);
    }

    /// A line from one point to another; `wide` in millimetres.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), wide: f64) {
        let Some(page) = self.pages.last_mut() else { return };
        let (x, y) = at(from.0, from.1);
        let (u, v) = at(to.0, to.1);
        page.set_line_width((wide * POINTS) as f32);
        page.move_to(x, y);
        page.line_to(u, v);
        page.stroke();
    }

    /// A QR code as a square of `side` millimetres. Nothing where the text is too long for one.
    pub fn qr(&mut self, x: f64, y: f64, side: f64, text: &str) {
        let Some(page) = self.pages.last_mut() else { return };
        let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::M) else {
            return;
        };
        let width = code.width();
        let one = side / width as f64;
        for (i, colour) in code.to_colors().into_iter().enumerate() {
            if colour == Color::Dark {
                let (left, top) = ((i % width) as f64 * one, (i / width) as f64 * one);
                let (px, py) = at(x + left, y + top + one);
                page.rect(px, py, (one * POINTS) as f32, (one * POINTS) as f32);
            }
        }
        page.fill_nonzero();
    }

    /// The document as a PDF file. `None` where the font's letters can't be taken out.
    pub fn finish(self, title: &str) -> Option<Vec<u8>> {
        let mut next = 0;
        let mut id = || {
            next += 1;
            Ref::new(next)
        };
        let (catalog, tree, info) = (id(), id(), id());
        let (font, cid, descriptor, cmap, program) = (id(), id(), id(), id(), id());
        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(tree);
        pdf.document_info(info).title(TextStr(title));
        let kids: Vec<(Ref, Ref)> = self.pages.iter().map(|_| (id(), id())).collect();
        pdf.pages(tree)
            .kids(kids.iter().map(|k| k.0))
            .count(i32::try_from(kids.len()).ok()?);
        let size = Rect::new(0.0, 0.0, (A4.0 * POINTS) as f32, (A4.1 * POINTS) as f32);
        for ((page, contents), content) in kids.into_iter().zip(self.pages) {
            let mut made = pdf.page(page);
            made.parent(tree).media_box(size).contents(contents);
            made.resources().fonts().pair(FONT, font);
            made.finish();
            let packed = packed(&content.finish())?;
            pdf.stream(contents, &packed).filter(Filter::FlateDecode);
        }
        let cut = subsetter::subset(&self.file.bytes, self.file.index, &self.glyphs).ok()?;
        let whole = FontRef::new(&cut).ok()?;
        let outlines = whole.table_data(Tag::new(b"CFF ")).map(|t| t.as_bytes().to_vec());
        let original = FontRef::from_index(&self.file.bytes, self.file.index).ok()?;
        let metrics = original.metrics(Size::unscaled(), LocationRef::default());
        let per_mille = 1000.0 / f32::from(original.head().ok()?.units_per_em());
        let base = Name(b"OUTLAY+Voucher");
        pdf.type0_font(font)
            .base_font(base)
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(cmap);
        let mut below = pdf.cid_font(cid);
        below
            .subtype(if outlines.is_some() {
                CidFontType::Type0
            } else {
                CidFontType::Type2
            })
            .base_font(base)
            .system_info(IDENTITY)
            .font_descriptor(descriptor)
            .default_width(1000.0);
        if outlines.is_none() {
            below.cid_to_gid_map_predefined(Name(b"Identity"));
        }
        let mut widths = below.widths();
        for (code, (_, wide)) in &self.used {
            widths.consecutive(*code, [wide * 1000.0]);
        }
        widths.finish();
        below.finish();
        let mut about = pdf.font_descriptor(descriptor);
        about
            .name(base)
            .flags(FontFlags::SYMBOLIC)
            .bbox(Rect::new(-200.0, -300.0, 1200.0, 1200.0))
            .italic_angle(0.0)
            .ascent(metrics.ascent * per_mille)
            .descent(metrics.descent * per_mille)
            .cap_height(metrics.cap_height.unwrap_or(metrics.ascent) * per_mille)
            .stem_v(80.0);
        match &outlines {
            Some(_) => about.font_file3(program),
            None => about.font_file2(program),
        };
        about.finish();
        let mut unicode = UnicodeCmap::new(Name(b"Outlay"), UNICODE);
        for (code, (c, _)) in &self.used {
            unicode.pair(*code, *c);
        }
        let unicode = packed(unicode.finish().as_slice())?;
        pdf.stream(cmap, &unicode).filter(Filter::FlateDecode);
        let is_cff = outlines.is_some();
        let data = packed(&outlines.unwrap_or(cut))?;
        let mut stream = pdf.stream(program, &data);
        stream.filter(Filter::FlateDecode);
        if is_cff {
            stream.pair(Name(b"Subtype"), Name(b"CIDFontType0C"));
        }
        stream.finish();
        Some(pdf.finish())
    }
}

/// Points from the bottom left, as PDF has them.
fn at(x: f64, y: f64) -> (f32, f32) {
    ((x * POINTS) as f32, ((A4.1 - y) * POINTS) as f32)
}

fn packed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}
