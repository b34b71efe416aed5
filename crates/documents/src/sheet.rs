//! Text placed on pages, put in rows. PDF and OFD pages come here alike; lengths are in millimetres from the top left.

use outlay_core::evidence::fold_name;

use crate::error::ReadError;
use crate::invoice::Place;
use crate::limits::Budget;

/// One character where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    pub(crate) c: char,
    /// The same for comparing: without width and letter case.
    pub(crate) folded: char,
    pub(crate) left: f64,
    pub(crate) right: f64,
    /// How far to the right it may be drawn.
    pub(crate) reach: f64,
    /// Height of the middle of the character.
    pub(crate) middle: f64,
    pub(crate) height: f64,
    /// White space stands before it.
    pub(crate) spaced: bool,
    /// Which run of text it was shown in.
    pub(crate) run: u32,
}

/// One page, as it is filled.
pub(crate) struct Page {
    pub(crate) number: u32,
    marks: Vec<Mark>,
    spaced: bool,
    run: u32,
}

impl Page {
    pub(crate) fn new(number: u32) -> Self {
        Page {
            number,
            marks: Vec::new(),
            spaced: false,
            run: 0,
        }
    }

    /// Puts a text on the page; its characters share the width by their usual proportions.
    pub(crate) fn put(
        &mut self,
        text: &str,
        at: (f64, f64),
        size: (f64, f64),
        budget: &mut Budget<'_>,
    ) -> Result<(), ReadError> {
        self.put_drawn(text, at, size, size.0, budget)
    }

    /// As [`Page::put`], for a text that is drawn wider than it is taken to be.
    pub(crate) fn put_drawn(
        &mut self,
        text: &str,
        (left, middle): (f64, f64),
        (width, height): (f64, f64),
        drawn: f64,
        budget: &mut Budget<'_>,
    ) -> Result<(), ReadError> {
        let sound = [left, middle, width, height, drawn]
            .iter()
            .all(|v| v.is_finite() && v.abs() < 1e5);
        if !sound || height <= 0.0 {
            return Ok(());
        }
        let share = |c: char| if c.is_ascii() { 0.55 } else { 1.0 };
        let whole: f64 = text.chars().map(share).sum();
        let (mut at, mut reach) = (left, left);
        let wider = if width > 0.0 { (drawn / width).max(1.0) } else { 1.0 };
        budget.glyphs(text.chars().count())?;
        for c in text.chars() {
            let wide = if whole > 0.0 { width * share(c) / whole } else { 0.0 };
            reach += wide * wider;
            if c.is_whitespace() || c == '\u{feff}' {
                self.spaced = true;
            } else if !c.is_control() && c != '\u{fffd}' {
                let c = unify(c);
                self.marks.push(Mark {
                    c,
                    folded: fold(c),
                    left: at,
                    right: at + wide,
                    reach,
                    middle,
                    height,
                    spaced: std::mem::take(&mut self.spaced),
                    run: self.run,
                });
            }
            at += wide;
        }
        Ok(())
    }

    /// Ends a run of text: what follows is not joined to it by the order in the file.
    pub(crate) fn part(&mut self) {
        self.spaced = true;
    }

    /// Begins a run of text: characters of one run never stand for each other.
    pub(crate) fn begin(&mut self) {
        self.run += 1;
    }

    /// The rows from top to bottom, each from left to right.
    pub(crate) fn rows(mut self) -> Vec<Row> {
        self.marks
            .sort_by(|a, b| a.middle.total_cmp(&b.middle).then(a.left.total_cmp(&b.left)));
        let mut rows: Vec<Row> = Vec::new();
        for mark in self.marks {
            let fits = |row: &Row| (mark.middle - row.middle).abs() <= 0.4 * mark.height.min(row.height);
            match rows.last_mut().filter(|row| fits(row)) {
                Some(row) => row.marks.push(mark),
                None => rows.push(Row {
                    page: self.number,
                    middle: mark.middle,
                    height: mark.height,
                    marks: vec![mark],
                }),
            }
        }
        for row in &mut rows {
            row.marks.sort_by(|a, b| a.left.total_cmp(&b.left));
            // Bold text is sometimes drawn twice, a hair apart.
            row.marks.dedup_by(|b, a| {
                b.c == a.c
                    && b.run != a.run
                    && (b.left - a.left).abs() < 0.12 * a.height
                    && (b.middle - a.middle).abs() < 0.2 * a.height
            });
        }
        rows
    }
}

/// Characters on one line of a page, from left to right.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) page: u32,
    pub(crate) middle: f64,
    pub(crate) height: f64,
    pub(crate) marks: Vec<Mark>,
}

/// A stretch of a row.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) place: Place,
}

impl Row {
    /// The row's text without white space, folded for comparing.
    pub(crate) fn folded(&self) -> String {
        self.marks.iter().map(|m| m.folded).collect()
    }

    /// Where a label, given folded, stands: from its first mark to the one after its last.
    pub(crate) fn find(&self, label: &str) -> Vec<(usize, usize)> {
        let wanted: Vec<char> = label.chars().collect();
        let found = self.marks.windows(wanted.len().max(1)).enumerate();
        let starts = found.filter(|(_, window)| window.iter().map(|m| m.folded).eq(wanted.iter().copied()));
        starts.map(|(at, _)| (at, at + wanted.len())).collect()
    }

    /// Marks from `start` on, up to the first gap wider than `gap` heights.
    pub(crate) fn run(&self, start: usize, gap: f64) -> &[Mark] {
        let rest = self.marks.get(start..).unwrap_or_default();
        let end = rest.windows(2).position(|w| w[1].left - w[0].right > gap * w[0].height);
        &rest[..end.map_or(rest.len(), |at| at + 1)]
    }

    /// The row cut where gaps are wider than `gap` heights.
    pub(crate) fn cells(&self, gap: f64) -> Vec<Cell> {
        let mut cells = Vec::new();
        let mut at = 0;
        while at < self.marks.len() {
            let run = self.run(at, gap);
            at += run.len();
            cells.extend(self.cell(run));
        }
        cells
    }

    /// A stretch as a cell; `None` where it is empty.
    pub(crate) fn cell(&self, run: &[Mark]) -> Option<Cell> {
        let (first, last) = (run.first()?, run.last()?);
        let text = text_of(run);
        let height = run.iter().map(|m| m.height).fold(0.0, f64::max);
        let reach = run.iter().map(|m| m.reach).fold(last.right, f64::max);
        let hundredths = |mm: f64| (mm * 100.0).round() as i32;
        let area = [
            hundredths(first.left),
            hundredths(self.middle - height / 2.0),
            hundredths(reach - first.left),
            hundredths(height),
        ];
        Some(Cell {
            text,
            left: first.left,
            right: last.right,
            place: Place { page: self.page, area },
        })
    }
}

/// The text of a stretch: gaps and white space become one space, but not between hanzi.
pub(crate) fn text_of(run: &[Mark]) -> String {
    let mut text = String::new();
    for (i, mark) in run.iter().enumerate() {
        if let Some(before) = i.checked_sub(1).map(|b| &run[b]) {
            let gap = mark.left - before.right > 0.22 * before.height;
            let wide = is_hanzi(before.c) && is_hanzi(mark.c);
            if (gap || mark.spaced) && !wide {
                text.push(' ');
            }
        }
        text.push(mark.c);
    }
    text
}

/// Hanzi and the marks written with them.
pub(crate) fn is_hanzi(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{2ffff}')
}

/// Radicals that some fonts stand for the hanzi they look like.
fn unify(c: char) -> char {
    match c {
        '\u{2e80}'..='\u{2fdf}' | '\u{f900}'..='\u{faff}' => {
            let folded = fold_name(c.encode_utf8(&mut [0; 4]));
            folded.chars().next().unwrap_or(c)
        }
        c => c,
    }
}

/// A character for comparing: without width and letter case.
pub(crate) fn fold(c: char) -> char {
    let narrow = match c {
        '￥' => '¥',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    };
    narrow.to_lowercase().next().unwrap_or(narrow)
}
