//! A picture in memory, and what is done to it before it is read.

/// Three bytes a pixel, red first, rows from the top.
#[derive(Clone)]
pub(crate) struct Pixels {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) rgb: Vec<u8>,
}

/// A point in a picture, in pixels from its top left corner.
pub(crate) type Point = (f32, f32);

/// Where a line of text stands: its corners, from the one where it begins above, clockwise as it is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Quad(pub(crate) [Point; 4]);

impl Quad {
    /// Length of the upper edge.
    pub(crate) fn width(&self) -> f32 {
        distance(self.0[0], self.0[1])
    }

    /// Length of the edge at the beginning.
    pub(crate) fn height(&self) -> f32 {
        distance(self.0[0], self.0[3])
    }

    /// Each corner moved by `to`.
    pub(crate) fn map(&self, to: impl Fn(Point) -> Point) -> Quad {
        Quad(self.0.map(to))
    }

    /// The same place for text that begins at the opposite corner.
    pub(crate) fn turned(&self) -> Quad {
        let [a, b, c, d] = self.0;
        Quad([c, d, a, b])
    }

    /// Left, top, right and bottom of the upright rectangle around it.
    pub(crate) fn bounds(&self) -> [f32; 4] {
        let xs = self.0.map(|p| p.0);
        let ys = self.0.map(|p| p.1);
        let least = |v: [f32; 4]| v.into_iter().fold(f32::INFINITY, f32::min);
        let most = |v: [f32; 4]| v.into_iter().fold(f32::NEG_INFINITY, f32::max);
        [least(xs), least(ys), most(xs), most(ys)]
    }
}

fn distance(a: Point, b: Point) -> f32 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

impl Pixels {
    /// The colour at a place between pixels, by the four around it; places outside have the colour of the edge.
    fn at(&self, x: f32, y: f32) -> [f32; 3] {
        let x = x.clamp(0.0, (self.width - 1) as f32);
        let y = y.clamp(0.0, (self.height - 1) as f32);
        let (left, top) = (x as usize, y as usize);
        let (right, below) = ((left + 1).min(self.width - 1), (top + 1).min(self.height - 1));
        let (across, down) = (x - left as f32, y - top as f32);
        let pixel = |x: usize, y: usize| &self.rgb[(y * self.width + x) * 3..][..3];
        let (a, b, c, d) = (
            pixel(left, top),
            pixel(right, top),
            pixel(left, below),
            pixel(right, below),
        );
        std::array::from_fn(|i| {
            let upper = f32::from(a[i]) + (f32::from(b[i]) - f32::from(a[i])) * across;
            let lower = f32::from(c[i]) + (f32::from(d[i]) - f32::from(c[i])) * across;
            upper + (lower - upper) * down
        })
    }

    /// The picture made smaller or larger, as numbers from 0 to 255: all of one colour, then all of the next, blue first as
    /// the models were trained.
    pub(crate) fn planes(&self, width: usize, height: usize) -> Vec<f32> {
        let all = Quad([
            (0.0, 0.0),
            (self.width as f32, 0.0),
            (self.width as f32, self.height as f32),
            (0.0, self.height as f32),
        ]);
        self.cut(&all, width, height)
    }

    /// What stands in a quad, made straight, in the form of [`Pixels::planes`].
    pub(crate) fn cut(&self, quad: &Quad, width: usize, height: usize) -> Vec<f32> {
        let plane = width * height;
        let mut out = vec![0.0; plane * 3];
        let [a, b, c, d] = quad.0;
        // Shrunk by much, each new pixel is the mean of several old ones.
        let fewer = |long: f32, new: usize| ((long / new as f32 + 0.25) as usize).clamp(1, 4);
        let (nx, ny) = (fewer(quad.width(), width), fewer(quad.height(), height));
        let share = 1.0 / (nx * ny) as f32;
        for y in 0..height {
            for x in 0..width {
                let mut sum = [0.0_f32; 3];
                for sub in 0..nx * ny {
                    let u = (x as f32 + ((sub % nx) as f32 + 0.5) / nx as f32) / width as f32;
                    let v = (y as f32 + ((sub / nx) as f32 + 0.5) / ny as f32) / height as f32;
                    let mix = |p: fn(Point) -> f32| {
                        (p(a) * (1.0 - u) + p(b) * u) * (1.0 - v) + (p(d) * (1.0 - u) + p(c) * u) * v
                    };
                    let colour = self.at(mix(|p| p.0) - 0.5, mix(|p| p.1) - 0.5);
                    sum = std::array::from_fn(|i| sum[i] + colour[i]);
                }
                for (i, colour) in sum.iter().enumerate() {
                    out[(2 - i) * plane + y * width + x] = colour * share;
                }
            }
        }
        out
    }

    /// The picture turned clockwise by a quarter.
    pub(crate) fn turned(&self) -> Pixels {
        let (width, height) = (self.height, self.width);
        let mut rgb = vec![0; self.rgb.len()];
        for y in 0..self.height {
            for x in 0..self.width {
                let to = (x * width + (self.height - 1 - y)) * 3;
                let from = (y * self.width + x) * 3;
                rgb[to..to + 3].copy_from_slice(&self.rgb[from..from + 3]);
            }
        }
        Pixels { width, height, rgb }
    }

    /// Brightness, a byte a pixel.
    pub(crate) fn grey(&self) -> Vec<u8> {
        let luma = |p: &[u8]| (u32::from(p[0]) * 77 + u32::from(p[1]) * 150 + u32::from(p[2]) * 29) >> 8;
        self.rgb.chunks_exact(3).map(|p| luma(p) as u8).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_quarter_turns_are_none() {
        let rgb: Vec<u8> = (0..24).collect();
        let picture = Pixels {
            width: 4,
            height: 2,
            rgb,
        };
        let once = picture.turned();
        assert_eq!((once.width, once.height), (2, 4));
        // What was at the bottom left is at the top left.
        assert_eq!(once.rgb[..3], picture.rgb[12..15]);
        assert_eq!(once.turned().turned().turned().rgb, picture.rgb);
    }

    #[test]
    fn a_cut_is_what_stands_there() {
        let mut picture = Pixels {
            width: 40,
            height: 20,
            rgb: vec![0; 2400],
        };
        for y in 5..15 {
            for x in 10..30 {
                picture.rgb[(y * 40 + x) * 3] = 200;
            }
        }
        let quad = Quad([(10.0, 5.0), (30.0, 5.0), (30.0, 15.0), (10.0, 15.0)]);
        let cut = picture.cut(&quad, 20, 10);
        assert!(cut[..400].iter().all(|v| *v == 0.0), "blue and green");
        assert!(cut[400..].iter().all(|v| (*v - 200.0).abs() < 0.1), "red");
    }
}
