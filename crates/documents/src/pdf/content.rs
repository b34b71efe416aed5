//! The text of PDF pages with its place: the operators that show text are followed, and those of forms, each counted.

use std::sync::Arc;

use hayro_cmap::BfString;
use hayro_font::{CMapResolverFn, Font, FontCache, FontGlyph, FontQuery, FontResolverFn};
use hayro_syntax::Pdf;
use hayro_syntax::content::TypedIter;
use hayro_syntax::content::ops::TypedInstruction as Op;
use hayro_syntax::object::{Array, Dict, Name, Object, Stream};
use hayro_syntax::page::{Page as PdfPage, Resources};

use crate::error::{Excess, ReadError};
use crate::limits::Budget;
use crate::sheet::Page;

use super::guard;

pub(super) const MM_PER_POINT: f64 = 25.4 / 72.0;
/// How deep forms may use forms.
const MAX_FORMS: usize = 8;
/// Most states saved one in another.
const MAX_STATES: usize = 256;

/// The text of the first pages.
pub(super) fn pages(pdf: &Pdf, encrypted: bool, budget: &mut Budget<'_>) -> Result<Vec<Page>, ReadError> {
    let mut sheets = Vec::new();
    let fonts = Fonts::new();
    for (n, page) in pdf.pages().iter().enumerate() {
        // An invoice stands in front; what is further back is not looked at.
        if budget.used.pages >= budget.limits.max_pages {
            break;
        }
        budget.page()?;
        let mut reader = Reader {
            fonts: &fonts,
            sheet: Page::new(u32::try_from(n + 1).unwrap_or(u32::MAX)),
            encrypted,
            strict: false,
            budget,
        };
        let whole = reader.contents(page)?;
        let start = Matrix(page.initial_transform(true).as_coeffs());
        reader.run(&whole, page.resources(), State::at(start), 0)?;
        sheets.push(reader.sheet);
    }
    Ok(sheets)
}

/// Follows one page to count what it takes, before it is drawn; forms nested deeper than are followed refuse it.
pub(super) fn count(page: &PdfPage<'_>, encrypted: bool, budget: &mut Budget<'_>) -> Result<(), ReadError> {
    budget.page()?;
    let fonts = Fonts::new();
    let mut reader = Reader {
        fonts: &fonts,
        sheet: Page::new(1),
        encrypted,
        strict: true,
        budget,
    };
    let whole = reader.contents(page)?;
    reader.run(&whole, page.resources(), State::at(Matrix::ONE), 0)
}

/// Bytes of a stream once unpacked; counted, and for encrypted files counted before they are unpacked.
pub(super) fn unpack(
    stream: &Stream<'_>,
    encrypted: bool,
    budget: &mut Budget<'_>,
) -> Result<Option<Vec<u8>>, ReadError> {
    let pictured = stream
        .dict()
        .get::<Name<'_>>("Subtype")
        .is_some_and(|n| n.as_str() == "Image");
    if pictured {
        return Ok(None);
    }
    if encrypted {
        let raw = stream.raw_data();
        let most = budget.left();
        budget.unpacked(guard::inflated(&raw, most)?)?;
    }
    let Ok(data) = stream.decoded() else {
        return Ok(None);
    };
    budget.unpacked(data.len())?;
    Ok(Some(data.into_owned()))
}

/// The fonts of a document, each loaded once.
struct Fonts<'a> {
    cache: FontCache<'a>,
    fonts: FontResolverFn,
    cmaps: CMapResolverFn,
}

impl<'a> Fonts<'a> {
    fn new() -> Self {
        Fonts {
            cache: FontCache::new(),
            fonts: Arc::new(|query| {
                Some(match query {
                    FontQuery::Standard(font) => font.get_font_data(),
                    FontQuery::Fallback(query) => query.pick_standard_font().get_font_data(),
                })
            }),
            cmaps: Arc::new(hayro_cmap::load_embedded),
        }
    }

    fn get(&self, dict: &Dict<'a>) -> Option<Font<'a>> {
        self.cache.font(dict, &self.fonts, &self.cmaps)
    }
}

/// An affine map: `x' = ax + cy + e`, `y' = bx + dy + f`.
#[derive(Clone, Copy)]
struct Matrix([f64; 6]);

impl Matrix {
    const ONE: Matrix = Matrix([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    fn shift(x: f64, y: f64) -> Self {
        Matrix([1.0, 0.0, 0.0, 1.0, x, y])
    }

    /// First `inner`, then this one.
    fn after(self, inner: Matrix) -> Matrix {
        let ([a, b, c, d, e, f], [p, q, r, s, t, u]) = (self.0, inner.0);
        Matrix([
            a * p + c * q,
            b * p + d * q,
            a * r + c * s,
            b * r + d * s,
            a * t + c * u + e,
            b * t + d * u + f,
        ])
    }
}

/// What the operators before have set.
#[derive(Clone)]
struct State<'a> {
    page: Matrix,
    font: Option<Font<'a>>,
    size: f64,
    char_space: f64,
    word_space: f64,
    stretch: f64,
    leading: f64,
    rise: f64,
    line: Matrix,
    text: Matrix,
}

impl State<'_> {
    fn at(page: Matrix) -> Self {
        State {
            page,
            font: None,
            size: 0.0,
            char_space: 0.0,
            word_space: 0.0,
            stretch: 1.0,
            leading: 0.0,
            rise: 0.0,
            line: Matrix::ONE,
            text: Matrix::ONE,
        }
    }

    fn next_line(&mut self, x: f64, y: f64) {
        self.line = self.line.after(Matrix::shift(x, y));
        self.text = self.line;
    }
}

struct Reader<'r, 'a, 'l> {
    fonts: &'r Fonts<'a>,
    sheet: Page,
    encrypted: bool,
    /// Refuses forms nested deeper than they are followed.
    strict: bool,
    budget: &'r mut Budget<'l>,
}

impl<'a> Reader<'_, 'a, '_> {
    /// The content streams of a page, one after the other.
    fn contents(&mut self, page: &PdfPage<'a>) -> Result<Vec<u8>, ReadError> {
        let mut whole = Vec::new();
        let streams: Vec<Stream<'_>> = match page.raw().get::<Object<'_>>("Contents") {
            Some(Object::Stream(stream)) => vec![stream],
            Some(Object::Array(array)) => {
                let most = self.budget.limits.max_entries;
                let streams: Vec<_> = array.iter::<Stream<'_>>().take(most + 1).collect();
                self.budget.entries(streams.len())?;
                streams
            }
            _ => Vec::new(),
        };
        for stream in streams {
            if let Some(data) = unpack(&stream, self.encrypted, self.budget)? {
                whole.extend(data);
                whole.push(b'\n');
            }
        }
        Ok(whole)
    }

    fn run(
        &mut self,
        content: &[u8],
        resources: &Resources<'a>,
        start: State<'a>,
        depth: usize,
    ) -> Result<(), ReadError> {
        let mut state = start;
        let mut saved: Vec<State<'a>> = Vec::new();
        let mut operations = TypedIter::new(content);
        while let Some(operation) = operations.next() {
            self.budget.operation()?;
            match operation {
                Op::SaveState(_) if saved.len() < MAX_STATES => saved.push(state.clone()),
                Op::RestoreState(_) => state = saved.pop().unwrap_or(state),
                Op::Transform(m) => {
                    let numbers = [m.0, m.1, m.2, m.3, m.4, m.5].map(|n| n.as_f64());
                    state.page = state.page.after(Matrix(numbers));
                }
                Op::BeginText(_) => {
                    (state.line, state.text) = (Matrix::ONE, Matrix::ONE);
                    self.sheet.part();
                }
                Op::TextFont(f) => {
                    state.size = f.1.as_f64();
                    state.font = resources.get_font(f.0).filter(sound).and_then(|d| self.fonts.get(&d));
                }
                Op::CharacterSpacing(n) => state.char_space = n.0.as_f64(),
                Op::WordSpacing(n) => state.word_space = n.0.as_f64(),
                Op::HorizontalScaling(n) => state.stretch = n.0.as_f64() / 100.0,
                Op::TextLeading(n) => state.leading = n.0.as_f64(),
                Op::TextRise(n) => state.rise = n.0.as_f64(),
                Op::NextLine(n) => state.next_line(n.0.as_f64(), n.1.as_f64()),
                Op::NextLineAndSetLeading(n) => {
                    state.leading = -n.1.as_f64();
                    state.next_line(n.0.as_f64(), n.1.as_f64());
                }
                Op::NextLineUsingLeading(_) => state.next_line(0.0, -state.leading),
                Op::SetTextMatrix(m) => {
                    state.line = Matrix([m.0, m.1, m.2, m.3, m.4, m.5].map(|n| n.as_f64()));
                    state.text = state.line;
                }
                Op::ShowText(t) => self.show(&mut state, t.0.as_bytes())?,
                Op::NextLineAndShowText(t) => {
                    state.next_line(0.0, -state.leading);
                    self.show(&mut state, t.0.as_bytes())?;
                }
                Op::ShowTextWithParameters(t) => {
                    (state.word_space, state.char_space) = (t.0.as_f64(), t.1.as_f64());
                    state.next_line(0.0, -state.leading);
                    self.show(&mut state, t.2.as_bytes())?;
                }
                Op::ShowTexts(t) => self.show_all(&mut state, t.0)?,
                Op::XObject(x) if depth < MAX_FORMS => {
                    if let Some(form) = resources.get_x_object(x.0) {
                        self.form(&form, resources, &state, depth)?;
                    }
                }
                Op::XObject(_) if self.strict => {
                    return Err(ReadError::TooComplex {
                        what: Excess::Depth,
                        limit: MAX_FORMS,
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn form(
        &mut self,
        form: &Stream<'a>,
        resources: &Resources<'a>,
        state: &State<'a>,
        depth: usize,
    ) -> Result<(), ReadError> {
        let dict = form.dict();
        if dict.get::<Name<'_>>("Subtype").is_none_or(|n| n.as_str() != "Form") {
            return Ok(());
        }
        let Some(content) = unpack(form, self.encrypted, self.budget)? else {
            return Ok(());
        };
        let mut inner = state.clone();
        if let Some(matrix) = dict.get::<Array<'_>>("Matrix") {
            let numbers: Vec<f64> = matrix.iter::<f64>().take(6).collect();
            if let Ok(numbers) = <[f64; 6]>::try_from(numbers) {
                inner.page = inner.page.after(Matrix(numbers));
            }
        }
        match dict.get::<Dict<'_>>("Resources") {
            Some(own) => self.run(&content, &Resources::new(own), inner, depth + 1),
            None => self.run(&content, resources, inner, depth + 1),
        }
    }

    fn show_all(&mut self, state: &mut State<'a>, texts: &Array<'_>) -> Result<(), ReadError> {
        for item in texts.iter::<Object<'_>>() {
            self.budget.operation()?;
            match item {
                Object::String(text) => self.show(state, text.as_bytes())?,
                Object::Number(back) => {
                    let x = -back.as_f64() / 1000.0 * state.size * state.stretch;
                    state.text = state.text.after(Matrix::shift(x, 0.0));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn show(&mut self, state: &mut State<'a>, bytes: &[u8]) -> Result<(), ReadError> {
        let Some(font) = state.font.clone() else {
            return Ok(());
        };
        self.sheet.begin();
        let mut at = 0;
        while at < bytes.len() {
            let (code, len) = font.read_code(bytes, at);
            at += len.max(1);
            let space = if code == 32 && len == 1 { state.word_space } else { 0.0 };
            let advance = font.code_advance(code);
            let (mut x, mut y) = (0.0, 0.0);
            if font.is_horizontal() {
                x = (advance.x / 1000.0 * state.size + state.char_space + space) * state.stretch;
            } else {
                y = advance.y / 1000.0 * state.size + state.char_space + space;
            }
            let glyph = font.glyph(font.map_code(code), code);
            let text = match &glyph {
                FontGlyph::Outline(outline) => outline.as_unicode(),
                FontGlyph::Type3(type3) => type3.as_unicode(),
            };
            let wide = advance.x / 1000.0 * state.size * state.stretch;
            match text {
                Some(BfString::Char(c)) => self.put(state, c.encode_utf8(&mut [0; 4]), wide)?,
                Some(BfString::String(s)) => self.put(state, &s, wide)?,
                None => self.budget.glyphs(1)?,
            }
            state.text = state.text.after(Matrix::shift(x, y));
        }
        Ok(())
    }

    fn put(&mut self, state: &State<'_>, text: &str, wide: f64) -> Result<(), ReadError> {
        let Matrix([a, b, c, d, e, f]) = state.page.after(state.text).after(Matrix::shift(0.0, state.rise));
        let height = (c * c + d * d).sqrt() * state.size.abs() * MM_PER_POINT;
        // Upright and slanting text: watermarks and notes in the margin.
        if b.abs() > 0.3 * a.abs() {
            return Ok(());
        }
        let at = (e * MM_PER_POINT, f * MM_PER_POINT - 0.36 * height);
        let wide = wide.abs() * a.abs() * MM_PER_POINT;
        self.sheet.put(text, at, (wide, height), self.budget)
    }
}

/// Whether a font's streams are what they seem: a picture's data was not counted before the file was opened.
fn sound(font: &Dict<'_>) -> bool {
    let picture = |dict: &Dict<'_>, key: &str| {
        let stream = dict.get::<Stream<'_>>(key);
        stream.is_some_and(|s| {
            s.dict()
                .get::<Name<'_>>("Subtype")
                .is_some_and(|n| n.as_str() == "Image")
        })
    };
    let below = font
        .get::<Array<'_>>("DescendantFonts")
        .and_then(|a| a.iter::<Dict<'_>>().next());
    let mut all = vec![font.clone()];
    all.extend(below);
    all.iter().all(|dict| {
        let program = dict.get::<Dict<'_>>("FontDescriptor");
        let programs = ["FontFile", "FontFile2", "FontFile3", "CIDSet"];
        let maps = ["ToUnicode", "Encoding", "CIDToGIDMap"];
        !maps.iter().any(|key| picture(dict, key))
            && program.is_none_or(|p| !programs.iter().any(|key| picture(&p, key)))
    })
}
