//! QR codes on pictures.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rxing::helpers::detect_in_luma_with_hints;
use rxing::{BarcodeFormat, DecodeHints};

use super::pixels::Pixels;

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
