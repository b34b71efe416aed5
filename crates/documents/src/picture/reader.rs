//! What a recogniser is asked, and how a page is read with its answers.

use super::pixels::{Pixels, Quad};

/// Reads text in pictures. Two questions, so that the engine behind can be another one.
pub(crate) trait Recogniser {
    /// Where lines of text stand.
    fn find(&self, picture: &Pixels) -> Vec<Quad>;
    /// What stands in one place.
    fn read(&self, picture: &Pixels, place: &Quad) -> Said;
}

/// What a recogniser read in one place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    /// The text; empty where nothing was read.
    pub(crate) text: String,
    /// How sure the recogniser is, from 0 to 1, on the mean of the characters.
    pub(crate) confidence: f32,
    /// The same of the least sure character.
    pub(crate) least: f32,
}

impl Default for Said {
    fn default() -> Self {
        Said {
            text: String::new(),
            confidence: 0.0,
            least: 1.0,
        }
    }
}

/// A line of text on a picture.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) said: Said,
    pub(crate) place: Quad,
}

/// Below this, what was read is no text.
const LEAST: f32 = 0.5;
/// From here on, nobody asks whether the picture stands upright.
const CLEAR: f32 = 0.85;
/// How many lines are asked which way they run.
const ASKED: usize = 6;

/// Reads every line of a picture. Text that runs downwards or upside down turns the picture; the places are those of the
/// picture as it was given.
pub(crate) fn read(recogniser: &dyn Recogniser, picture: &Pixels) -> Vec<Written> {
    let mut places = recogniser.find(picture);
    let upright = places
        .iter()
        .filter(|q| q.height() > 1.5 * q.width())
        .map(Quad::height)
        .sum::<f32>()
        > places
            .iter()
            .filter(|q| q.width() > 1.5 * q.height())
            .map(Quad::width)
            .sum::<f32>();
    let turned;
    let (picture, quarter) = if upright {
        // Found anew rather than turned along: the boxes of slanting text are made for lines that run across.
        turned = picture.turned();
        places = recogniser.find(&turned);
        (&turned, true)
    } else {
        (picture, false)
    };
    let known = heard(recogniser, picture, &mut places);
    let mut lines = Vec::new();
    for (n, place) in places.into_iter().enumerate() {
        let before = known.iter().find(|(at, _)| *at == n).map(|(_, said)| said.clone());
        let said = before.unwrap_or_else(|| recogniser.read(picture, &place));
        if said.confidence >= LEAST && !said.text.trim().is_empty() {
            lines.push(Written { said, place });
        }
    }
    if quarter {
        let height = picture.width as f32;
        for line in &mut lines {
            line.place = line.place.map(|(x, y)| (y, height - x));
        }
    }
    lines
}

/// Asks the longest lines which way they run, and turns all places where they are read better from the other end. What was read
/// is given back, by the number of the place.
fn heard(recogniser: &dyn Recogniser, picture: &Pixels, places: &mut [Quad]) -> Vec<(usize, Said)> {
    let mut longest: Vec<usize> = (0..places.len())
        .filter(|n| places[*n].width() > 2.0 * places[*n].height())
        .collect();
    longest.sort_by(|a, b| places[*b].width().total_cmp(&places[*a].width()));
    longest.truncate(ASKED);
    let ask = |places: &[Quad]| -> Vec<(usize, Said)> {
        longest
            .iter()
            .map(|n| (*n, recogniser.read(picture, &places[*n])))
            .collect()
    };
    let sure = |said: &[(usize, Said)]| said.iter().map(|(_, s)| s.confidence).sum::<f32>() / said.len().max(1) as f32;
    let forwards = ask(places);
    if longest.is_empty() || sure(&forwards) >= CLEAR {
        return forwards;
    }
    let turned: Vec<Quad> = places.iter().map(Quad::turned).collect();
    let backwards = ask(&turned);
    if sure(&backwards) > sure(&forwards) + 0.05 {
        places.copy_from_slice(&turned);
        return backwards;
    }
    forwards
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads only what runs from left to right, and finds one line wherever the picture is dark.
    struct Simple;

    impl Recogniser for Simple {
        fn find(&self, picture: &Pixels) -> Vec<Quad> {
            let dark = |(n, p): (usize, &[u8])| (p[0] == 0).then_some((n % picture.width, n / picture.width));
            let points: Vec<_> = picture.rgb.chunks_exact(3).enumerate().filter_map(dark).collect();
            let (Some(first), Some(last)) = (points.first(), points.last()) else {
                return Vec::new();
            };
            let ((left, top), (right, bottom)) = (
                (first.0 as f32, first.1 as f32),
                (last.0 as f32 + 1.0, last.1 as f32 + 1.0),
            );
            vec![Quad([(left, top), (right, top), (right, bottom), (left, bottom)])]
        }

        /// The text begins where the picture is darkest red.
        fn read(&self, picture: &Pixels, place: &Quad) -> Said {
            let middle = (place.0[0].1 + place.0[2].1) / 2.0;
            let inside = if place.0[0].0 < place.0[1].0 { 1.0 } else { -1.0 };
            let (x, y) = ((place.0[0].0 + inside) as usize, middle as usize);
            let marked = picture
                .rgb
                .get((y * picture.width + x) * 3 + 1)
                .is_some_and(|g| *g == 200);
            let confidence = if marked { 0.99 } else { 0.6 };
            Said {
                text: "text".to_owned(),
                confidence,
                least: confidence,
            }
        }
    }

    /// A dark line whose beginning is marked.
    fn picture() -> Pixels {
        let mut picture = Pixels {
            width: 60,
            height: 30,
            rgb: vec![255; 60 * 30 * 3],
        };
        for y in 10..20 {
            for x in 5..55 {
                let at = (y * 60 + x) * 3;
                picture.rgb[at] = 0;
                picture.rgb[at + 1] = if x < 10 { 200 } else { 0 };
            }
        }
        picture
    }

    #[test]
    fn a_picture_is_read_whichever_way_it_lies() {
        let mut picture = picture();
        for turns in 0..4 {
            let lines = read(&Simple, &picture);
            assert_eq!(lines.len(), 1, "{turns} turns");
            assert!(lines[0].said.confidence > 0.9, "{turns} turns");
            // Where the text begins, in the picture as it was given.
            let (x, y) = lines[0].place.0[0];
            let (x, y) = (
                x.clamp(1.0, picture.width as f32 - 1.0),
                y.clamp(1.0, picture.height as f32 - 1.0),
            );
            let near = (0..3).any(|dx| {
                (0..3).any(|dy| {
                    let at =
                        ((y as usize + dy).saturating_sub(1) * picture.width + (x as usize + dx).saturating_sub(1)) * 3
                            + 1;
                    picture.rgb.get(at) == Some(&200)
                })
            });
            assert!(near, "{turns} turns: {x} {y}");
            picture = picture.turned();
        }
    }
}
