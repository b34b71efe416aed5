//! How the objects of OFD pages look: where they lie, with what they are filled, and their lines.

use tiny_skia::{Color, LineCap, LineJoin, Stroke, StrokeDash, Transform};

use crate::draw::canvas::{Ink, scale_of};
use crate::tree::Element;

use super::super::leaf::numbers;
use super::super::resources::{Param, Resources, colour};

impl Param {
    /// What this says, and what it leaves open as `below` says.
    pub(super) fn over(self, below: &Param) -> Param {
        let mut whole = self;
        whole.width = whole.width.or(below.width);
        whole.fill = whole.fill.or(below.fill);
        whole.stroke = whole.stroke.or(below.stroke);
        whole
    }
}

pub(super) fn with_own(resources: &Resources, object: Element<'_>, param: &Param) -> Param {
    let own = object.attribute("DrawParam").map(|id| resources.param(id));
    own.map_or(param.clone(), |own| own.over(param))
}

pub(super) fn boundary(object: Element<'_>) -> Option<[f32; 4]> {
    numbers(object.attribute("Boundary")?)
}

/// From the object's own lengths to the page's.
pub(super) fn local(object: Element<'_>, base: Transform) -> Transform {
    let [x, y, ..] = boundary(object).unwrap_or([0.0; 4]);
    let moved = base.pre_translate(x, y);
    match object.attribute("CTM").and_then(numbers::<6>) {
        Some([a, b, c, d, e, f]) => moved.pre_concat(Transform::from_row(a, b, c, d, e, f)),
        None => moved,
    }
}

pub(super) fn ink(object: Element<'_>, name: &str, else_by: Option<[f32; 4]>) -> Ink {
    let own = object.at(name).and_then(colour);
    let [r, g, b, a] = own.or(else_by).unwrap_or([0.0, 0.0, 0.0, 1.0]);
    let alpha = object.attribute("Alpha").and_then(|a| a.parse::<f32>().ok());
    let a = a * alpha.map_or(1.0, |v| (v / 255.0).clamp(0.0, 1.0));
    Ink::new(Color::from_rgba(r, g, b, a.clamp(0.0, 1.0)).unwrap_or(Color::BLACK))
}

pub(super) fn stroke(object: Element<'_>, param: &Param, at: Transform) -> Stroke {
    let number = |name: &str| object.attribute(name).and_then(|v| v.parse::<f32>().ok());
    let width = number("LineWidth").or(param.width).unwrap_or(0.353);
    let dashes: Vec<f32> = object
        .attribute("DashPattern")
        .unwrap_or_default()
        .split_whitespace()
        .take(16)
        .filter_map(|n| n.parse().ok())
        .collect();
    // Dashes finer than pixels would be millions and look like a line.
    let fine = dashes.iter().sum::<f32>() * scale_of(at) < 1.0;
    let even = dashes.len().is_multiple_of(2) && !dashes.is_empty();
    Stroke {
        width: if width.is_finite() { width.max(0.0) } else { 0.353 },
        miter_limit: number("MiterLimit").unwrap_or(4.234).clamp(1.0, 100.0),
        line_cap: match object.attribute("Cap") {
            Some("Round") => LineCap::Round,
            Some("Square") => LineCap::Square,
            _ => LineCap::Butt,
        },
        line_join: match object.attribute("Join") {
            Some("Round") => LineJoin::Round,
            Some("Bevel") => LineJoin::Bevel,
            _ => LineJoin::Miter,
        },
        dash: if fine || !even {
            None
        } else {
            StrokeDash::new(dashes, number("DashOffset").unwrap_or(0.0))
        },
    }
}
