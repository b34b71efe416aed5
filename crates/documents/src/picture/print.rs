//! What a picture looks like, in 512 bits that stay nearly the same when it is sent, saved or shrunk again: where a coarse
//! grid of its brightness rises to the right, and where downwards (a difference hash in two directions).

use std::fmt;
use std::str::FromStr;

use super::{Pixels, decode};
use crate::limits::{Budget, Limits};

/// Bits in each direction and each line.
const SIDE: usize = 16;
/// Cells of the grid on each side.
const CELLS: usize = SIDE + 1;
/// Words of 64 bits.
const WORDS: usize = 2 * SIDE * SIDE / 64;
/// Fewer bits than this are a picture of nothing, which looks like any other.
const LEAST: u32 = 30;
/// Most bits in which two pictures of one look differ.
const NEAR: u32 = 56;

/// What a picture looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Print([u64; WORDS]);

impl Print {
    /// What a picture file looks like, as it stands and turned by one, two and three quarters; none for a file that is no
    /// picture, or one that shows nothing.
    pub fn of(bytes: &[u8], limits: &Limits) -> Option<[Print; 4]> {
        let mut budget = Budget::new(limits);
        let (picture, _) = decode(bytes, &mut budget).ok()?;
        let mut grid = grid(&picture);
        let prints = std::array::from_fn(|_| {
            let print = Print::of_grid(&grid);
            grid = turned(&grid);
            print
        });
        (prints[0].ones() >= LEAST).then_some(prints)
    }

    fn of_grid(grid: &Grid) -> Print {
        let mean = grid.iter().flatten().sum::<f32>() / (CELLS * CELLS) as f32;
        let spread = grid.iter().flatten().map(|v| (v - mean).powi(2)).sum::<f32>();
        // Against noise on plain paper, in proportion to the contrast.
        let least = (spread / (CELLS * CELLS) as f32).sqrt() * 0.2;
        let mut words = [0; WORDS];
        let mut set = |n: usize| words[n / 64] |= 1 << (n % 64);
        for y in 0..SIDE {
            for x in 0..SIDE {
                let here = grid[y][x];
                if grid[y][x + 1] - here > least {
                    set(y * SIDE + x);
                }
                if grid[y + 1][x] - here > least {
                    set(SIDE * SIDE + y * SIDE + x);
                }
            }
        }
        Print(words)
    }

    fn ones(&self) -> u32 {
        self.0.iter().map(|w| w.count_ones()).sum()
    }

    /// In how many of the 512 bits two pictures differ.
    pub fn distance(&self, other: &Print) -> u32 {
        self.0.iter().zip(other.0).map(|(a, b)| (a ^ b).count_ones()).sum()
    }

    /// Whether two pictures look the same: they differ in few bits, and in few for all that they show.
    pub fn is_near(&self, other: &Print) -> bool {
        let distance = self.distance(other);
        distance <= NEAR && distance * 3 <= self.ones() + other.ones()
    }

    /// Parts of it to look for: two pictures that look the same share some of them.
    pub fn marks(&self) -> Vec<String> {
        let lanes = self.0.iter().flat_map(|w| (0..4).map(move |n| (w >> (n * 16)) as u16));
        let telling = lanes.enumerate().filter(|(_, bits)| bits.count_ones() >= 3);
        telling.map(|(n, bits)| format!("{n:02}{bits:04x}")).collect()
    }
}

impl fmt::Display for Print {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|word| write!(f, "{word:016x}"))
    }
}

/// The text is no print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoPrint;

impl FromStr for Print {
    type Err = NoPrint;

    fn from_str(text: &str) -> Result<Self, NoPrint> {
        let mut words = [0; WORDS];
        if text.len() != WORDS * 16 {
            return Err(NoPrint);
        }
        for (n, word) in words.iter_mut().enumerate() {
            let part = text.get(n * 16..n * 16 + 16).ok_or(NoPrint)?;
            *word = u64::from_str_radix(part, 16).map_err(|_| NoPrint)?;
        }
        Ok(Print(words))
    }
}

type Grid = [[f32; CELLS]; CELLS];

/// The mean brightness of each cell.
fn grid(picture: &Pixels) -> Grid {
    let grey = picture.grey();
    let edge = |n: usize, side: usize| (n * side / CELLS).min(side - 1);
    std::array::from_fn(|row| {
        let (top, below) = (
            edge(row, picture.height),
            edge(row + 1, picture.height).max(edge(row, picture.height) + 1),
        );
        std::array::from_fn(|column| {
            let left = edge(column, picture.width);
            let right = edge(column + 1, picture.width).max(left + 1);
            let lines = (top..below).map(|y| &grey[y * picture.width + left..y * picture.width + right]);
            let sum: u64 = lines.flatten().map(|v| u64::from(*v)).sum();
            sum as f32 / ((below - top) * (right - left)) as f32
        })
    })
}

/// Turned clockwise by a quarter.
fn turned(grid: &Grid) -> Grid {
    std::array::from_fn(|row| std::array::from_fn(|column| grid[CELLS - 1 - column][row]))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::codecs::jpeg::JpegEncoder;
    use image::imageops::{self, FilterType};
    use image::{DynamicImage, GrayImage, ImageFormat, Luma};

    use super::*;

    /// A receipt: lines of words that `seed` draws, on paper that is not quite white, on a darker table.
    fn receipt(seed: u64) -> DynamicImage {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = move |n: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % n
        };
        let mut picture = GrayImage::from_fn(600, 900, |x, y| {
            let paper = (60..540).contains(&x) && (40..860).contains(&y);
            Luma([if paper {
                236 + ((x * 7 + y * 13) % 9) as u8
            } else {
                90 + ((x + y) % 5) as u8
            }])
        });
        let mut y = 60 + next(40) as u32;
        while y < 820 {
            let height = 10 + next(14) as u32;
            let mut x = 80 + next(60) as u32;
            while x < 500 {
                let width = 10 + next(60) as u32;
                for (dx, dy) in (0..width).flat_map(|dx| (0..height).map(move |dy| (dx, dy))) {
                    if x + dx < 520 && y + dy < 850 && (dx / 4 + dy / 3) % 2 == 0 {
                        picture.put_pixel(x + dx, y + dy, Luma([35]));
                    }
                }
                x += width + 8 + next(90) as u32;
            }
            y += height + 8 + next(40) as u32;
        }
        DynamicImage::ImageLuma8(picture)
    }

    fn png(picture: &DynamicImage) -> Vec<u8> {
        let mut bytes = Vec::new();
        picture
            .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
            .expect("written");
        bytes
    }

    fn jpeg(picture: &DynamicImage, quality: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        let encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
        picture.to_rgb8().write_with_encoder(encoder).expect("written");
        bytes
    }

    /// Turned by a small angle around the middle, as hands do.
    fn askew(picture: &DynamicImage, degrees: f32) -> DynamicImage {
        let grey = picture.to_luma8();
        let (sin, cos) = degrees.to_radians().sin_cos();
        let (cx, cy) = (grey.width() as f32 / 2.0, grey.height() as f32 / 2.0);
        DynamicImage::ImageLuma8(GrayImage::from_fn(grey.width(), grey.height(), |x, y| {
            let (dx, dy) = (x as f32 - cx, y as f32 - cy);
            let at = |v: f32, side: u32| (v.round().max(0.0) as u32).min(side - 1);
            *grey.get_pixel(
                at(cx + dx * cos - dy * sin, grey.width()),
                at(cy + dx * sin + dy * cos, grey.height()),
            )
        }))
    }

    fn prints(bytes: &[u8]) -> [Print; 4] {
        Print::of(bytes, &Limits::default()).expect("a picture that shows something")
    }

    /// Least distance of the four turns of `bytes` to a picture, and whether they share a mark.
    fn compared(kept: &Print, bytes: &[u8]) -> (u32, bool, bool) {
        let all = prints(bytes);
        let least = all.iter().map(|p| p.distance(kept)).min().unwrap_or(u32::MAX);
        let marks = kept.marks();
        let shares = all.iter().any(|p| p.marks().iter().any(|m| marks.contains(m)));
        (least, all.iter().any(|p| p.is_near(kept)), shares)
    }

    #[test]
    fn the_same_receipt_is_known_again_and_another_is_not() {
        let mut worst = 0;
        for seed in 1..12 {
            let original = receipt(seed);
            let [kept, ..] = prints(&png(&original));
            let again = [
                ("encoded badly", jpeg(&original, 40)),
                (
                    "made small",
                    png(&original.resize_exact(210, 315, FilterType::Triangle)),
                ),
                (
                    "made large",
                    jpeg(&original.resize_exact(1500, 2250, FilterType::CatmullRom), 80),
                ),
                ("brighter", png(&original.brighten(18))),
                ("darker", jpeg(&original.brighten(-60), 70)),
                ("of less contrast", png(&original.adjust_contrast(-30.0))),
                ("turned by a quarter", jpeg(&original.rotate90(), 75)),
                ("upside down", png(&original.rotate180())),
                ("turned by three quarters", png(&original.rotate270())),
                (
                    "blurred",
                    png(&DynamicImage::ImageLuma8(imageops::blur(&original.to_luma8(), 2.0))),
                ),
                ("askew", jpeg(&askew(&original, 1.0), 75)),
            ];
            for (what, bytes) in again {
                let (distance, near, shares) = compared(&kept, &bytes);
                worst = worst.max(distance);
                assert!(near && shares, "{seed} {what}: {distance} bits, mark {shares}");
            }
        }
        let all: Vec<[Print; 4]> = (1..60).map(|seed| prints(&png(&receipt(seed)))).collect();
        let mut least = u32::MAX;
        for (n, one) in all.iter().enumerate() {
            for other in &all[..n] {
                let distance = one.iter().map(|p| p.distance(&other[0])).min().unwrap_or(0);
                least = least.min(distance);
                assert!(!one.iter().any(|p| p.is_near(&other[0])), "{n}: {distance} bits");
            }
        }
        eprintln!("the same: at most {worst} bits; others: at least {least}");
    }

    #[test]
    fn its_text_is_read_back_and_an_empty_page_has_none() {
        let [print, ..] = prints(&png(&receipt(3)));
        assert_eq!(print.to_string().parse(), Ok(print));
        assert_eq!("00".parse::<Print>(), Err(NoPrint));
        let blank = DynamicImage::ImageLuma8(GrayImage::from_pixel(300, 300, Luma([240])));
        assert_eq!(Print::of(&png(&blank), &Limits::default()), None);
    }
}
