//! Lines of text on a picture put in rows, as they stand on the paper.

use crate::picture::Line;

/// A piece of text in a row.
#[derive(Debug, Clone)]
pub(crate) struct Word {
    /// The text, its signs narrow where they are written wide.
    pub(crate) text: String,
    /// The same in small letters.
    pub(crate) low: String,
    /// How sure the recogniser is of its least sure character, from 0 to 1.
    pub(crate) least: f32,
    /// Which of the lines it is.
    pub(crate) line: usize,
    left: f32,
    right: f32,
    middle: f32,
    height: f32,
}

/// What stands beside each other, from left to right.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) words: Vec<Word>,
    /// All of it, with a space between words.
    pub(crate) text: String,
    /// The same in small letters.
    pub(crate) low: String,
    /// Height of its letters.
    pub(crate) height: f32,
    /// Where it stands, from the top.
    pub(crate) middle: f32,
}

impl Row {
    fn new(words: Vec<Word>) -> Row {
        let texts: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
        let text = texts.join(" ");
        let mean = |of: fn(&Word) -> f32| words.iter().map(of).sum::<f32>() / words.len().max(1) as f32;
        Row {
            low: lower(&text),
            height: mean(|w| w.height),
            middle: mean(|w| w.middle),
            text,
            words,
        }
    }
}

/// Small letters, one for one.
pub(crate) fn lower(text: &str) -> String {
    text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect()
}

/// The rows from top to bottom. A picture taken at a slant is levelled first; a row may still bend, as paper does.
pub(crate) fn rows(lines: &[Line]) -> Vec<Row> {
    let slant = slant(lines);
    let mut words: Vec<Word> = lines
        .iter()
        .enumerate()
        .filter_map(|(n, l)| word(n, l, slant))
        .collect();
    words.sort_by(|a, b| a.left.total_cmp(&b.left));
    let mut rows: Vec<Vec<Word>> = Vec::new();
    for word in words {
        let beside = |row: &Vec<Word>| {
            let last = row.last()?;
            let far = (last.middle - word.middle).abs();
            let apart = word.left > last.right - 0.6 * word.height.max(last.height);
            (apart && far < 0.5 * word.height.min(last.height).max(1.0)).then_some(far)
        };
        let nearest = rows
            .iter_mut()
            .filter_map(|row| Some((beside(row)?, row)))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        match nearest {
            Some((_, row)) => row.push(word),
            None => rows.push(vec![word]),
        }
    }
    let mut rows: Vec<Row> = rows.into_iter().map(Row::new).collect();
    rows.sort_by(|a, b| a.middle.total_cmp(&b.middle));
    rows
}

/// The direction in which most of the text runs, in radians.
fn slant(lines: &[Line]) -> f32 {
    let mut all: Vec<(f32, f32)> = lines
        .iter()
        .map(|l| {
            let [a, b, ..] = l.corners;
            ((b.1 - a.1).atan2(b.0 - a.0), (b.0 - a.0).hypot(b.1 - a.1))
        })
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = all.iter().map(|a| a.1).sum::<f32>() / 2.0;
    let mut sum = 0.0;
    let middle = all.iter().find(|(_, long)| {
        sum += long;
        sum >= half
    });
    middle.map_or(0.0, |m| m.0)
}

fn word(line: usize, of: &Line, slant: f32) -> Option<Word> {
    let text = narrow(of.text.trim());
    if text.is_empty() {
        return None;
    }
    let (sin, cos) = slant.sin_cos();
    let level = of.corners.map(|(x, y)| (x * cos + y * sin, y * cos - x * sin));
    let [a, b, c, d] = level;
    let height = ((d.1 - a.1) + (c.1 - b.1)) / 2.0;
    Some(Word {
        low: lower(&text),
        text,
        least: of.least,
        line,
        left: (a.0 + d.0) / 2.0,
        right: (b.0 + c.0) / 2.0,
        middle: (a.1 + b.1 + c.1 + d.1) / 4.0,
        height: height.abs().max(1.0),
    })
}

/// Signs of full width as narrow ones, runs of spaces as one, and nought among letters as the letter it was taken for.
fn narrow(text: &str) -> String {
    let mut out: Vec<char> = Vec::new();
    for c in text.chars() {
        let c = match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            '￥' => '¥',
            '\u{3000}' => ' ',
            c => c,
        };
        if !(c == ' ' && out.last() == Some(&' ')) {
            out.push(c);
        }
    }
    let letter = |c: Option<&char>| c.is_some_and(|c| c.is_ascii_alphabetic());
    for i in 0..out.len() {
        let before = i.checked_sub(1).and_then(|b| out.get(b));
        if out[i] == '0' && letter(before) && letter(out.get(i + 1)) {
            out[i] = if out[i + 1].is_ascii_lowercase() { 'o' } else { 'O' };
        }
    }
    out.into_iter().collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Lines of one height, each text at its place.
    pub(crate) fn lines(all: &[(&str, f32, f32)]) -> Vec<Line> {
        let one = |(text, x, y): &(&str, f32, f32)| {
            let right = x + 10.0 * text.chars().count() as f32;
            Line {
                text: (*text).to_owned(),
                confidence: 0.99,
                least: 0.95,
                corners: [(*x, *y), (right, *y), (right, y + 20.0), (*x, y + 20.0)],
            }
        };
        all.iter().map(one).collect()
    }

    #[test]
    fn a_slanting_receipt_is_read_row_by_row() {
        let mut all = lines(&[
            ("TOTAL", 10.0, 100.0),
            ("12.50", 300.0, 100.0),
            ("CASH", 10.0, 130.0),
            ("20.00", 300.0, 130.0),
        ]);
        for line in &mut all {
            line.corners = line.corners.map(|(x, y)| (x * 0.98 - y * 0.199, y * 0.98 + x * 0.199));
        }
        let texts: Vec<String> = rows(&all).into_iter().map(|r| r.text).collect();
        assert_eq!(texts, ["TOTAL 12.50", "CASH 20.00"]);
    }

    #[test]
    fn wide_signs_are_narrow_and_nought_is_no_letter() {
        assert_eq!(narrow("合计：￥12．50"), "合计:¥12.50");
        assert_eq!(narrow("81100  J0HOR"), "81100 JOHOR");
        assert_eq!(narrow("A0 100"), "A0 100");
    }
}
