//! Pictures: photos and scans. Decoded within bounds, turned upright, their text found and read, and what it says put
//! together as an invoice or receipt.

mod boxes;
mod codes;
mod decode;
mod invoice;
mod pixels;
mod ppocr;
mod print;
mod reader;

pub(crate) use codes::{MAX_CODE_PIXELS, code_of, may_be_code};
pub(crate) use decode::{decode, media_type, of_raw};
pub(crate) use pixels::{Pixels, Quad};
pub use print::Print;

use crate::error::ReadError;
use crate::limits::{Budget, Limits};
use crate::paper::{Content, Receipt};
use crate::receipt;

/// Whether this binary reads pictures. It does not when it was built without the models (`cargo xtask models` fetches
/// them); then pictures are kept as they are and nothing is said of them.
pub const fn available() -> bool {
    ppocr::is_built_in()
}

/// A line of text that was read on a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The text.
    pub text: String,
    /// How sure the recogniser is of it, from 0 to 1, on the mean of the characters.
    pub confidence: f32,
    /// The same of the least sure character.
    pub least: f32,
    /// The corners, from the one where the text begins above, clockwise as it is read, in pixels of the picture as its file
    /// says it is to be shown.
    pub corners: [(f32, f32); 4],
}

/// The text of a picture file, line by line, in no order; none where this binary reads no pictures.
pub fn lines(bytes: &[u8], limits: &Limits) -> Result<Vec<Line>, ReadError> {
    let mut budget = Budget::new(limits);
    let (picture, scale) = decode(bytes, &mut budget)?;
    Ok(lines_of(&picture, scale))
}

fn lines_of(picture: &Pixels, scale: f32) -> Vec<Line> {
    let Some(recogniser) = ppocr::built_in() else {
        return Vec::new();
    };
    let written = reader::read(recogniser, picture).into_iter();
    written
        .map(|w| Line {
            text: w.said.text,
            confidence: w.said.confidence,
            least: w.said.least,
            corners: w.place.map(|(x, y)| (x * scale, y * scale)).0,
        })
        .collect()
}

/// What lines of text say as a receipt; empty where they say nothing.
pub fn understand(lines: &[Line]) -> Receipt {
    receipt::understand(lines, 1)
}

/// Reads a picture file: what it shows, or one [`Content::Picture`] where nothing was found or pictures are not read.
pub(crate) fn read(bytes: &[u8], budget: &mut Budget<'_>) -> Result<Vec<Content>, ReadError> {
    if !budget.reads_pictures() {
        if budget.limits.max_pictures == 0 {
            decode::announced(bytes, budget)?;
        }
        return Ok(vec![Content::Picture]);
    }
    let (picture, scale) = decode(bytes, budget)?;
    Ok(vec![
        content(&picture, scale, 1, budget.limits).unwrap_or(Content::Picture),
    ])
}

/// What a page shows that is a picture; of `view`, the first is how many hundredths of a millimetre a pixel of its file is
/// wide, then where the page begins, from the left and the top.
pub(crate) fn of_page(
    picture: &Pixels,
    scale: f32,
    page: u32,
    (unit, left, top): (f64, i32, i32),
    limits: &Limits,
) -> Option<Content> {
    let mut content = content(picture, scale, page, limits)?;
    let sources = match &mut content {
        Content::Invoice(invoice) => &mut invoice.sources,
        Content::Receipt(receipt) => &mut receipt.sources,
        Content::Picture => return None,
    };
    for place in sources.values_mut().filter_map(|s| s.place.as_mut()) {
        let [x, y, wide, high] = place.area.map(|v| (f64::from(v) * unit).round() as i32);
        place.area = [x.saturating_add(left), y.saturating_add(top), wide, high];
    }
    Some(content)
}

fn content(picture: &Pixels, scale: f32, page: u32, limits: &Limits) -> Option<Content> {
    let lines = lines_of(picture, scale);
    let code = codes::code(picture);
    let width = (picture.width as f32 * scale) as usize;
    if let Some(invoice) = invoice::invoice(&lines, code.as_deref(), width, page, limits) {
        return Some(Content::Invoice(Box::new(invoice)));
    }
    let receipt = receipt::understand(&lines, page);
    (!receipt.sources.is_empty()).then(|| Content::Receipt(Box::new(receipt)))
}
