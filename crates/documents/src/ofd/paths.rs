//! The abbreviated paths of OFD (GB/T 33190, 9.2): commands of one letter with their numbers.

use std::f32::consts::{FRAC_PI_2, TAU};

use tiny_skia::{Path, PathBuilder};

use crate::error::ReadError;
use crate::limits::Budget;

/// A path; `None` where it is empty. What makes no sense ends it.
pub(super) fn path(text: &str, budget: &mut Budget<'_>) -> Result<Option<Path>, ReadError> {
    let mut builder = PathBuilder::new();
    let mut words = text.split_ascii_whitespace();
    let mut now = (0.0, 0.0);
    let mut begun = false;
    while let Some(word) = words.next() {
        budget.operation()?;
        let count = match word {
            "S" | "M" | "L" => 2,
            "Q" => 4,
            "B" => 6,
            "A" => 7,
            "C" => 0,
            _ => break,
        };
        let numbers: Vec<f32> = words.by_ref().take(count).filter_map(number).collect();
        // Nothing goes on from nowhere.
        if numbers.len() != count || !begun && !matches!(word, "S" | "M") {
            break;
        }
        begun = true;
        match (word, numbers.as_slice()) {
            ("L", [x, y]) => builder.line_to(*x, *y),
            (_, [x, y]) => builder.move_to(*x, *y),
            (_, [a, b, x, y]) => builder.quad_to(*a, *b, *x, *y),
            (_, [a, b, c, d, x, y]) => builder.cubic_to(*a, *b, *c, *d, *x, *y),
            (_, [rx, ry, angle, large, clockwise, x, y]) => {
                let arc = Arc {
                    radii: (rx.abs(), ry.abs()),
                    angle: angle.to_radians(),
                    large: *large != 0.0,
                    clockwise: *clockwise != 0.0,
                };
                arc.draw(&mut builder, now, (*x, *y));
            }
            _ => builder.close(),
        }
        if let [.., x, y] = numbers.as_slice() {
            now = (*x, *y);
        }
    }
    Ok(builder.finish())
}

fn number(word: &str) -> Option<f32> {
    word.parse().ok().filter(|n: &f32| n.is_finite() && n.abs() < 1e6)
}

/// Part of an ellipse between two points, as SVG has it too.
struct Arc {
    radii: (f32, f32),
    angle: f32,
    large: bool,
    clockwise: bool,
}

impl Arc {
    /// Draws it by cubic curves, each no more than a quarter.
    fn draw(&self, builder: &mut PathBuilder, from: (f32, f32), to: (f32, f32)) {
        let (mut rx, mut ry) = self.radii;
        let (sin, cos) = self.angle.sin_cos();
        let (dx, dy) = ((from.0 - to.0) / 2.0, (from.1 - to.1) / 2.0);
        let (px, py) = (cos * dx + sin * dy, cos * dy - sin * dx);
        if rx < 1e-6 || ry < 1e-6 || px.hypot(py) < 1e-6 {
            builder.line_to(to.0, to.1);
            return;
        }
        let reach = (px / rx).powi(2) + (py / ry).powi(2);
        if reach > 1.0 {
            rx *= reach.sqrt();
            ry *= reach.sqrt();
        }
        let (a, b) = ((rx * py).powi(2), (ry * px).powi(2));
        let root = (((rx * ry).powi(2) - a - b) / (a + b)).max(0.0).sqrt();
        let side = if self.large == self.clockwise { -root } else { root };
        let (mx, my) = (side * rx * py / ry, -side * ry * px / rx);
        let middle = (
            cos * mx - sin * my + (from.0 + to.0) / 2.0,
            sin * mx + cos * my + (from.1 + to.1) / 2.0,
        );
        let start = ((py - my) / ry).atan2((px - mx) / rx);
        let mut sweep = ((-py - my) / ry).atan2((-px - mx) / rx) - start;
        if self.clockwise && sweep < 0.0 {
            sweep += TAU;
        } else if !self.clockwise && sweep > 0.0 {
            sweep -= TAU;
        }
        let parts = (sweep.abs() / FRAC_PI_2).ceil().clamp(1.0, 4.0);
        let step = sweep / parts;
        let bow = 4.0 / 3.0 * (step / 4.0).tan();
        let at = |t: f32, along: f32| {
            let (x, y) = (rx * (t.cos() - along * t.sin()), ry * (t.sin() + along * t.cos()));
            (cos * x - sin * y + middle.0, sin * x + cos * y + middle.1)
        };
        for part in 0..parts as u32 {
            let (t, u) = (start + step * part as f32, start + step * (part + 1) as f32);
            let (a, b, c) = (at(t, bow), at(u, -bow), at(u, 0.0));
            builder.cubic_to(a.0, a.1, b.0, b.1, c.0, c.1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn bounds(text: &str) -> Option<[f32; 4]> {
        let limits = Limits::default();
        let path = path(text, &mut Budget::new(&limits)).expect("within bounds")?;
        let b = path.compute_tight_bounds()?;
        Some([b.left(), b.top(), b.right(), b.bottom()].map(|v| (v * 100.0).round() / 100.0))
    }

    #[test]
    fn a_circle_of_two_arcs_is_round() {
        assert_eq!(
            bounds("M 0 5 A 5 5 0 0 1 10 5 A 5 5 0 0 1 0 5 C"),
            Some([0.0, 0.0, 10.0, 10.0])
        );
        // The small arc on the other side.
        assert_eq!(bounds("M 0 5 A 5 5 0 0 0 10 5"), Some([0.0, 5.0, 10.0, 10.0]));
    }

    #[test]
    fn what_makes_no_sense_ends_a_path() {
        assert_eq!(bounds("M 1 1 L 2 3 X 9 9 L 50 50"), Some([1.0, 1.0, 2.0, 3.0]));
        assert_eq!(bounds("L 2 3 L 4 4"), None);
        assert_eq!(bounds("M 1 NaN L 2 2"), None);
    }
}
