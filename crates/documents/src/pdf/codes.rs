//! The QR codes on the pages of a PDF: pictures of about the shape of one.

use hayro_syntax::Pdf;
use hayro_syntax::object::{Dict, Name, Stream};

use crate::limits::{Budget, Counters, Limits};
use crate::picture;

use super::scan;

/// Most pictures and forms of one page that are looked at.
const MAX_LOOKED_AT: usize = 64;

/// The texts of the codes, in the order of the pages. Pictures that can't be read say nothing.
pub(super) fn texts(pdf: &Pdf, budget: &mut Budget<'_>) -> Vec<String> {
    let limits = Limits {
        max_pixels: picture::MAX_CODE_PIXELS,
        ..budget.limits.clone()
    };
    let mut found = Vec::new();
    for page in pdf.pages().iter().take(budget.limits.max_pages) {
        for stream in pictures(&page.resources().x_objects) {
            if !budget.code() {
                return found;
            }
            // Counted by itself: small, few, and no picture that is read for its text.
            let mut own = Budget {
                limits: &limits,
                used: Counters::default(),
            };
            if let Ok(Some((picture, _))) = scan::decoded(&stream, &mut own) {
                found.extend(picture::code_of(&picture));
            }
        }
    }
    found
}

/// The pictures that may be codes, also those in forms.
fn pictures<'a>(objects: &Dict<'a>) -> Vec<Stream<'a>> {
    let mut found = Vec::new();
    for stream in streams(objects) {
        match kind(&stream).as_deref() {
            Some("Image") => found.push(stream),
            Some("Form") => {
                let resources = stream.dict().get::<Dict<'a>>("Resources");
                let inner = resources.and_then(|r| r.get::<Dict<'a>>("XObject"));
                let inner = inner.iter().flat_map(streams);
                found.extend(inner.filter(|s| kind(s).as_deref() == Some("Image")));
            }
            _ => {}
        }
    }
    found.retain(|stream| scan::size(stream.dict()).is_some_and(|(w, h)| picture::may_be_code(w, h)));
    found
}

fn streams<'a>(objects: &Dict<'a>) -> Vec<Stream<'a>> {
    let keys = objects.keys().take(MAX_LOOKED_AT);
    keys.filter_map(|key| objects.get::<Stream<'a>>(key.as_ref())).collect()
}

fn kind(stream: &Stream<'_>) -> Option<String> {
    Some(stream.dict().get::<Name<'_>>("Subtype")?.as_str().to_owned())
}
