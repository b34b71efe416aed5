//! From a map of how likely each pixel is text to boxes around lines: the second half of a DB text detector ("Real-time
//! Scene Text Detection with Differentiable Binarization", 2020).

use super::pixels::{Point, Quad};

/// From here on a pixel is text.
const TEXT: f32 = 0.2;
/// The mean within a box that makes it one.
const BOX: f32 = 0.4;
/// How far a box is grown beyond the text's core, as a share of its area over its perimeter.
const GROWTH: f32 = 1.4;
/// Shortest side of a core, in pixels.
const LEAST: f32 = 3.0;

/// Boxes around what is text in a map of `width` pixels a row, from the top, at most `most`.
pub(crate) fn boxes(map: &[f32], width: usize, most: usize) -> Vec<Quad> {
    let height = map.len() / width.max(1);
    let mut seen = vec![false; map.len()];
    let mut found = Vec::new();
    let mut stack = Vec::new();
    for start in 0..map.len() {
        if seen[start] || map[start] <= TEXT {
            continue;
        }
        let mut edge: Vec<Point> = Vec::new();
        seen[start] = true;
        stack.push(start);
        while let Some(at) = stack.pop() {
            let (x, y) = (at % width, at / width);
            let mut inner = x > 0 && y > 0 && x + 1 < width && y + 1 < height;
            for (dx, dy) in AROUND {
                let (Some(nx), Some(ny)) = (x.checked_add_signed(dx), y.checked_add_signed(dy)) else {
                    continue;
                };
                if nx >= width || ny >= height {
                    continue;
                }
                let next = ny * width + nx;
                if map[next] <= TEXT {
                    inner = false;
                } else if !seen[next] {
                    seen[next] = true;
                    stack.push(next);
                }
            }
            if !inner {
                edge.push((x as f32, y as f32));
            }
        }
        let Some(rect) = least_rectangle(edge) else { continue };
        if rect.along.min(rect.across) < LEAST || rect.mean(map, width, height) < BOX {
            continue;
        }
        found.push(rect.grown());
        if found.len() >= most {
            break;
        }
    }
    found
}

const AROUND: [(isize, isize); 8] = [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)];

/// A rectangle at an angle of at most 45 degrees.
#[derive(Debug, Clone, Copy)]
struct Rectangle {
    centre: Point,
    /// The direction that is most to the right.
    axis: Point,
    /// Length in that direction.
    along: f32,
    /// Length across it.
    across: f32,
}

impl Rectangle {
    fn corner(&self, along: f32, across: f32) -> Point {
        let (x, y) = self.axis;
        (
            self.centre.0 + along / 2.0 * x - across / 2.0 * y,
            self.centre.1 + along / 2.0 * y + across / 2.0 * x,
        )
    }

    fn grown(&self) -> Quad {
        // From the middles of pixels to their edges.
        let (along, across) = (self.along + 1.0, self.across + 1.0);
        let more = along * across * GROWTH / (along + across);
        let (along, across) = (along + more, across + more);
        Quad([
            self.corner(-along, -across),
            self.corner(along, -across),
            self.corner(along, across),
            self.corner(-along, across),
        ])
    }

    fn mean(&self, map: &[f32], width: usize, height: usize) -> f32 {
        let quad = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
            .map(|(a, b)| self.corner(a * self.along, b * self.across));
        let [left, top, right, bottom] = Quad(quad).bounds();
        let (mut sum, mut count) = (0.0, 0);
        for y in top.max(0.0) as usize..=(bottom.max(0.0) as usize).min(height - 1) {
            for x in left.max(0.0) as usize..=(right.max(0.0) as usize).min(width - 1) {
                let (dx, dy) = (x as f32 - self.centre.0, y as f32 - self.centre.1);
                let along = dx * self.axis.0 + dy * self.axis.1;
                let across = dy * self.axis.0 - dx * self.axis.1;
                if along.abs() <= self.along / 2.0 + 0.5 && across.abs() <= self.across / 2.0 + 0.5 {
                    sum += map[y * width + x];
                    count += 1;
                }
            }
        }
        sum / count.max(1) as f32
    }
}

/// The rectangle of least area around points.
fn least_rectangle(points: Vec<Point>) -> Option<Rectangle> {
    let hull = hull(points);
    if hull.len() < 3 {
        return None;
    }
    let mut best: Option<(f32, Rectangle)> = None;
    for i in 0..hull.len() {
        let (a, b) = (hull[i], hull[(i + 1) % hull.len()]);
        let long = (b.0 - a.0).hypot(b.1 - a.1);
        if long == 0.0 {
            continue;
        }
        let mut axis = ((b.0 - a.0) / long, (b.1 - a.1) / long);
        // Of the four directions of the edges, the one that points most to the right.
        if axis.0.abs() < axis.1.abs() {
            axis = (axis.1, -axis.0);
        }
        if axis.0 < 0.0 {
            axis = (-axis.0, -axis.1);
        }
        let (mut low, mut high) = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]);
        for p in &hull {
            let at = [p.0 * axis.0 + p.1 * axis.1, p.1 * axis.0 - p.0 * axis.1];
            for k in 0..2 {
                low[k] = low[k].min(at[k]);
                high[k] = high[k].max(at[k]);
            }
        }
        let (along, across) = (high[0] - low[0], high[1] - low[1]);
        let (m, n) = ((low[0] + high[0]) / 2.0, (low[1] + high[1]) / 2.0);
        let rect = Rectangle {
            centre: (m * axis.0 - n * axis.1, m * axis.1 + n * axis.0),
            axis,
            along,
            across,
        };
        if best.is_none_or(|(area, _)| along * across < area) {
            best = Some((along * across, rect));
        }
    }
    best.map(|(_, rect)| rect)
}

/// The corners of the convex shape around points.
fn hull(mut points: Vec<Point>) -> Vec<Point> {
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    points.dedup();
    let right_turn = |a: Point, b: Point, c: Point| (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0) <= 0.0;
    let half = |points: &mut dyn Iterator<Item = Point>| {
        let mut chain: Vec<Point> = Vec::new();
        for p in points {
            while chain.len() >= 2 && right_turn(chain[chain.len() - 2], chain[chain.len() - 1], p) {
                chain.pop();
            }
            chain.push(p);
        }
        chain.pop();
        chain
    };
    let mut all = half(&mut points.iter().copied());
    all.extend(half(&mut points.iter().rev().copied()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slanting_line_gets_a_slanting_box() {
        let (width, height) = (120, 80);
        let mut map = vec![0.0; width * height];
        for y in 0..height {
            for x in 0..width {
                let (dx, dy) = (x as f32 - 60.0, y as f32 - 40.0);
                let (along, across) = (dx * 0.98 + dy * 0.199, dy * 0.98 - dx * 0.199);
                if along.abs() < 45.0 && across.abs() < 5.0 {
                    map[y * width + x] = 0.9;
                }
            }
        }
        // A speck is no line.
        map[3 * width + 3] = 0.9;
        let found = boxes(&map, width, 10);
        assert_eq!(found.len(), 1);
        let quad = found[0];
        assert!((quad.width() - 101.0).abs() < 6.0, "{}", quad.width());
        assert!((quad.height() - 21.0).abs() < 5.0, "{}", quad.height());
        let slope = (quad.0[1].1 - quad.0[0].1) / (quad.0[1].0 - quad.0[0].0);
        assert!((slope - 0.2).abs() < 0.05, "{slope}");
    }
}
