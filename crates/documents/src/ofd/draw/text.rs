//! Texts of OFD pages: each character where the file puts it.

use tiny_skia::{FillRule, Stroke, Transform};

use crate::draw::canvas::Ink;
use crate::draw::fonts::{self, Face};
use crate::error::ReadError;
use crate::tree::Element;

use super::super::resources::{Param, Resources};
use super::Painter;
use super::looks::{ink, local, with_own};

/// How a text's characters are drawn.
struct Letter {
    size: f32,
    stretch: f32,
    turn: f32,
    slant: f32,
    bold: bool,
    ink: Ink,
    hollow: bool,
    line: Ink,
}

impl Painter<'_, '_, '_> {
    pub(super) fn text(
        &mut self,
        resources: &Resources,
        object: Element<'_>,
        param: &Param,
        base: Transform,
    ) -> Result<(), ReadError> {
        let param = with_own(resources, object, param);
        let at = local(object, base);
        let own = object.attribute("Font").and_then(|id| resources.fonts.get(id));
        let own = own.and_then(|f| f.bytes.as_ref());
        let own = own.and_then(|bytes| Face::new(bytes, 0));
        let shared = fonts::chinese().and_then(Face::of);
        let number = |name: &str, or: f32| {
            let found = object.attribute(name).and_then(|v| v.parse::<f32>().ok());
            found.filter(|v| v.is_finite()).unwrap_or(or)
        };
        let letter = Letter {
            size: number("Size", 3.5),
            stretch: number("HScale", 1.0),
            turn: number("CharDirection", 0.0),
            slant: if object.attribute("Italic") == Some("true") {
                0.2
            } else {
                0.0
            },
            bold: number("Weight", 400.0) >= 600.0,
            ink: ink(object, "FillColor", param.fill),
            hollow: object.attribute("Fill") == Some("false"),
            line: ink(object, "StrokeColor", param.stroke),
        };
        let (mut x, mut y) = (0.0, 0.0);
        let mut before = 0;
        let given: Vec<(usize, Vec<u32>)> = object
            .children()
            .filter(|e| e.name() == "CGTransform")
            .map(|e| {
                let at = e.attribute("CodePosition").and_then(|p| p.parse().ok()).unwrap_or(0);
                let glyphs = e.at("Glyphs").map_or("", Element::text);
                (at, glyphs.split_whitespace().filter_map(|g| g.parse().ok()).collect())
            })
            .collect();
        for code in object.children().filter(|e| e.name() == "TextCode") {
            let place = |name: &str| code.attribute(name).and_then(|v| v.parse::<f32>().ok());
            (x, y) = (place("X").unwrap_or(x), place("Y").unwrap_or(y));
            let text = code.text();
            let characters = text.chars().count();
            self.budget.glyphs(characters)?;
            let across = steps(code.attribute("DeltaX").unwrap_or_default(), characters);
            let down = steps(code.attribute("DeltaY").unwrap_or_default(), characters);
            let (mut px, mut py) = (x, y);
            for (i, c) in text.chars().enumerate() {
                let glyph = given
                    .iter()
                    .find_map(|(from, glyphs)| glyphs.get((before + i).checked_sub(*from)?));
                let room = across.get(i).copied().filter(|d| *d > 0.0);
                let wide = self.letter(
                    &letter,
                    (own.as_ref(), shared.as_ref()),
                    (c, glyph.copied()),
                    (px, py),
                    room,
                    at,
                )?;
                // Where the steps end too early, the last one goes on.
                let upright = across.is_empty() && !down.is_empty();
                let step = across.get(i).or(across.last().filter(|d| **d > 0.0)).copied();
                px += step.unwrap_or(if upright { 0.0 } else { wide });
                py += down.get(i).or(down.last().filter(|_| upright)).copied().unwrap_or(0.0);
            }
            before += characters;
        }
        Ok(())
    }

    /// Draws one character, and tells how wide it is.
    fn letter(
        &mut self,
        letter: &Letter,
        (own, shared): (Option<&Face<'_>>, Option<&Face<'_>>),
        (c, glyph): (char, Option<u32>),
        (x, y): (f32, f32),
        room: Option<f32>,
        at: Transform,
    ) -> Result<f32, ReadError> {
        let of_own = own.and_then(|face| Some((face, glyph.or_else(|| face.glyph(c))?)));
        let found = of_own.or_else(|| shared.and_then(|face| Some((face, face.glyph(c)?))));
        let natural = if c.is_ascii() { 0.5 } else { 1.0 } * letter.size;
        let Some((face, glyph)) = found else {
            if !c.is_whitespace() && !c.is_control() {
                self.missing += 1;
            }
            return Ok(natural);
        };
        let wide = face.advance(glyph) * letter.size * letter.stretch;
        let Some(outline) = face.outline(glyph) else {
            return Ok(wide);
        };
        // A font that stands for another is made as narrow as the other was.
        let narrow = match room.filter(|_| of_own.is_none()) {
            Some(room) if room < wide => (room / wide).max(0.6),
            _ => 1.0,
        };
        let at = at
            .pre_translate(x, y)
            .pre_rotate(letter.turn)
            .pre_concat(Transform::from_row(
                letter.size * letter.stretch * narrow,
                0.0,
                letter.slant * letter.size,
                -letter.size,
                0.0,
                0.0,
            ));
        if letter.hollow {
            let hair = Stroke {
                width: 0.02,
                ..Stroke::default()
            };
            self.canvas.stroke(&outline, &hair, at, letter.line)?;
        } else {
            self.canvas.fill(&outline, FillRule::Winding, at, letter.ink)?;
            if letter.bold {
                let hair = Stroke {
                    width: 0.03,
                    ..Stroke::default()
                };
                self.canvas.stroke(&outline, &hair, at, letter.ink)?;
            }
        }
        Ok(wide)
    }
}

/// The steps between characters: numbers, or `g COUNT STEP` for repeated ones.
fn steps(text: &str, characters: usize) -> Vec<f32> {
    let mut all = Vec::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        let (times, step) = if word == "g" {
            let times = words.next().and_then(|w| w.parse::<usize>().ok());
            let step = words.next().and_then(|w| w.parse::<f32>().ok());
            match (times, step) {
                (Some(times), Some(step)) => (times, step),
                _ => break,
            }
        } else {
            match word.parse::<f32>() {
                Ok(step) => (1, step),
                Err(_) => break,
            }
        };
        let room = characters.saturating_sub(all.len());
        all.extend(std::iter::repeat_n(step, times.min(room)));
        if all.len() >= characters {
            break;
        }
    }
    all
}
