//! Shapes and lines of hayro as those of tiny-skia.

use hayro_interpret::kurbo::{Affine, BezPath, Cap, Join, PathEl};
use hayro_interpret::{BlendMode, FillRule, StrokeProps};
use tiny_skia::{LineCap, LineJoin, Path, PathBuilder, Stroke, StrokeDash, Transform};

pub(super) fn unit(v: f32) -> f32 {
    if v.is_finite() { v.clamp(0.0, 1.0) } else { 0.0 }
}

pub(super) fn transform(at: Affine) -> Transform {
    let [a, b, c, d, e, f] = at.as_coeffs().map(|v| v as f32);
    Transform::from_row(a, b, c, d, e, f)
}

/// A path as tiny-skia has it; `None` where it is empty or has no bounds.
pub(super) fn to_path(path: &BezPath, at: Affine) -> Option<Path> {
    let mut builder = PathBuilder::new();
    let point = |p: hayro_interpret::kurbo::Point| {
        let p = at * p;
        (p.x as f32, p.y as f32)
    };
    for element in path.elements() {
        match element {
            PathEl::MoveTo(p) => {
                let (x, y) = point(*p);
                builder.move_to(x, y);
            }
            PathEl::LineTo(p) => {
                let (x, y) = point(*p);
                builder.line_to(x, y);
            }
            PathEl::QuadTo(p, q) => {
                let ((px, py), (qx, qy)) = (point(*p), point(*q));
                builder.quad_to(px, py, qx, qy);
            }
            PathEl::CurveTo(p, q, r) => {
                let ((px, py), (qx, qy), (rx, ry)) = (point(*p), point(*q), point(*r));
                builder.cubic_to(px, py, qx, qy, rx, ry);
            }
            PathEl::ClosePath => builder.close(),
        }
    }
    builder.finish()
}

pub(super) fn fill_rule(rule: FillRule) -> tiny_skia::FillRule {
    match rule {
        FillRule::NonZero => tiny_skia::FillRule::Winding,
        FillRule::EvenOdd => tiny_skia::FillRule::EvenOdd,
    }
}

pub(super) fn stroke(line: &StrokeProps, at: Transform) -> Stroke {
    let scale = crate::draw::canvas::scale_of(at);
    // Dashes finer than pixels would be millions and look like a line.
    let fine = line.dash_array.iter().sum::<f32>() * scale < 1.0;
    let dashes: Vec<f32> = line.dash_array.iter().copied().take(32).collect();
    Stroke {
        width: line.line_width,
        miter_limit: line.miter_limit,
        line_cap: match line.line_cap {
            Cap::Butt => LineCap::Butt,
            Cap::Round => LineCap::Round,
            Cap::Square => LineCap::Square,
        },
        line_join: match line.line_join {
            Join::Miter => LineJoin::Miter,
            Join::Round => LineJoin::Round,
            Join::Bevel => LineJoin::Bevel,
        },
        dash: if fine { None } else { dash(dashes, line.dash_offset) },
    }
}

fn dash(mut array: Vec<f32>, offset: f32) -> Option<StrokeDash> {
    if !array.len().is_multiple_of(2) {
        array.extend(array.clone());
    }
    StrokeDash::new(array, offset)
}

pub(super) fn blend(mode: BlendMode) -> tiny_skia::BlendMode {
    use tiny_skia::BlendMode as To;
    match mode {
        BlendMode::Normal => To::SourceOver,
        BlendMode::Multiply => To::Multiply,
        BlendMode::Screen => To::Screen,
        BlendMode::Overlay => To::Overlay,
        BlendMode::Darken => To::Darken,
        BlendMode::Lighten => To::Lighten,
        BlendMode::ColorDodge => To::ColorDodge,
        BlendMode::ColorBurn => To::ColorBurn,
        BlendMode::HardLight => To::HardLight,
        BlendMode::SoftLight => To::SoftLight,
        BlendMode::Difference => To::Difference,
        BlendMode::Exclusion => To::Exclusion,
        BlendMode::Hue => To::Hue,
        BlendMode::Saturation => To::Saturation,
        BlendMode::Color => To::Color,
        BlendMode::Luminosity => To::Luminosity,
    }
}
