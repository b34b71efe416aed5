//! QR codes on pictures.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rxing::helpers::detect_in_luma_with_hints;
use rxing::{BarcodeFormat, DecodeHints};

use super::pixels::Pixels;

/// Most pixels of a picture on a page that is searched for a code: codes are drawn with some hundred on a side.
pub(crate) const MAX_CODE_PIXELS: usize = 1_000_000;
/// Least and most pixels on a side of a code, which has 21 modules or more.
const LEAST_SIDE: usize = 21;
/// A smaller picture is enlarged before it is searched.
const CLEAR_SIDE: usize = 300;

/// Whether a picture of this size may be a code and nothing else.
pub(crate) fn may_be_code(width: usize, height: usize) -> bool {
    let (short, long) = (width.min(height), width.max(height));
    short >= LEAST_SIDE && long * 4 <= short * 5 && width.saturating_mul(height) <= MAX_CODE_PIXELS
}

/// The text of the code that a small picture is: enlarged, and on a white ground, since files leave both out.
pub(crate) fn code_of(picture: &Pixels) -> Option<String> {
    if !may_be_code(picture.width, picture.height) {
        return None;
    }
    let times = (CLEAR_SIDE / picture.width).clamp(1, 8);
    let margin = picture.width / 6 + 1;
    let (width, height) = (
        (picture.width + 2 * margin) * times,
        (picture.height + 2 * margin) * times,
    );
    let mut large = Pixels {
        width,
        height,
        rgb: vec![255; width * height * 3],
    };
    for y in 0..picture.height * times {
        for x in 0..picture.width * times {
            let from = (y / times * picture.width + x / times) * 3;
            let to = ((y + margin * times) * width + x + margin * times) * 3;
            large.rgb[to..to + 3].copy_from_slice(&picture.rgb[from..from + 3]);
        }
    }
    code(&large)
}

/// The text of the QR code on a picture.
pub(super) fn code(picture: &Pixels) -> Option<String> {
    let (width, height) = (u32::try_from(picture.width).ok()?, u32::try_from(picture.height).ok()?);
    let mut hints = DecodeHints {
        TryHarder: Some(true),
        ..DecodeHints::default()
    };
    let search = || detect_in_luma_with_hints(picture.grey(), width, height, Some(BarcodeFormat::QR_CODE), &mut hints);
    // A library on strangers' pixels: whatever it throws is no code.
    let found = catch_unwind(AssertUnwindSafe(search)).ok()?.ok()?;
    Some(found.getText().to_owned())
}
