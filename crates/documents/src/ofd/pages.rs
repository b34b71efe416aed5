//! The texts and pictures on the pages of an OFD document, and where they stand.

use std::collections::HashMap;

use crate::error::ReadError;
use crate::invoice::Place;
use crate::limits::Budget;
use crate::sheet::{Page, Row};
use crate::tree::Element;

use super::leaf::numbers;
use super::package::{Document, Package};
use super::tree;

/// The texts of a document: as rows, and by the ids of text objects.
pub(super) struct Pages {
    pages: Vec<Page>,
    objects: HashMap<String, (String, Place)>,
    /// Ids of pictures of about the shape and size of a QR code.
    pictures: Vec<String>,
    /// Whether there is any picture.
    pub(super) pictured: bool,
    /// Paths of the resources that pages name for themselves.
    pub(super) resources: Vec<String>,
}

impl Pages {
    pub(super) fn pictures(&self) -> &[String] {
        &self.pictures
    }

    /// Whether a page has text.
    pub(super) fn has_text(&self) -> bool {
        !self.objects.is_empty()
    }

    pub(super) fn object(&self, id: &str) -> Option<&(String, Place)> {
        self.objects.get(id)
    }

    pub(super) fn into_rows(self) -> Vec<Vec<Row>> {
        self.pages.into_iter().map(Page::rows).collect()
    }
}

impl Package<'_> {
    /// The pages with the templates under them.
    pub(super) fn pages(&mut self, document: &Document, budget: &mut Budget<'_>) -> Result<Pages, ReadError> {
        let mut found = Pages {
            pages: Vec::new(),
            objects: HashMap::new(),
            pictures: Vec::new(),
            pictured: false,
            resources: Vec::new(),
        };
        let bytes = self.read(&document.path, budget)?.unwrap_or_default();
        let Some(root) = tree(&bytes, budget)? else {
            return Ok(found);
        };
        let templates: HashMap<String, String> = root
            .root()
            .all("CommonData/TemplatePage")
            .into_iter()
            .filter_map(|t| Some((t.attribute("ID")?.to_owned(), t.attribute("BaseLoc")?.to_owned())))
            .collect();
        for (n, page) in root.root().all("Pages/Page").into_iter().enumerate() {
            budget.page()?;
            let number = u32::try_from(n + 1).unwrap_or(u32::MAX);
            let mut sheet = Page::new(number);
            let location = page.attribute("BaseLoc").unwrap_or_default();
            let Some(path) = self.resolve(&document.path, location) else {
                continue;
            };
            let bytes = self.read(&path, budget)?.unwrap_or_default();
            if let Some(content) = tree(&bytes, budget)? {
                let named = content.root().all("PageRes").into_iter();
                found
                    .resources
                    .extend(named.filter_map(|f| self.resolve(&path, f.text())));
                pictures(content.root(), &mut found);
                for used in content.root().all("Template") {
                    let location = used.attribute("TemplateID").and_then(|id| templates.get(id));
                    let path = location.and_then(|l| self.resolve(&document.path, l));
                    let bytes = match path {
                        Some(path) => self.read(&path, budget)?.unwrap_or_default(),
                        None => continue,
                    };
                    if let Some(template) = tree(&bytes, budget)? {
                        pictures(template.root(), &mut found);
                        texts(template.root(), number, &mut sheet, &mut found.objects, budget)?;
                    }
                }
                texts(content.root(), number, &mut sheet, &mut found.objects, budget)?;
            }
            found.pages.push(sheet);
        }
        Ok(found)
    }
}

/// Notes the pictures of a page or template.
fn pictures(root: Element<'_>, found: &mut Pages) {
    for object in root.descendants().filter(|e| e.name() == "ImageObject") {
        found.pictured = true;
        let size = match object.attribute("CTM").and_then(numbers::<6>) {
            Some([a, b, c, d, ..]) => Some((a.hypot(b), c.hypot(d))),
            None => object
                .attribute("Boundary")
                .and_then(numbers::<4>)
                .map(|[_, _, wide, high]| (wide, high)),
        };
        let (Some(id), Some((wide, high))) = (object.attribute("ResourceID"), size) else {
            continue;
        };
        // In millimetres.
        let (short, long) = (wide.min(high), wide.max(high));
        if short >= 5.0 && long <= 100.0 && long <= short * 1.5 {
            found.pictures.push(id.to_owned());
        }
    }
}

/// Puts every text object of a page or template on the sheet, and under its id.
fn texts(
    root: Element<'_>,
    page: u32,
    sheet: &mut Page,
    objects: &mut HashMap<String, (String, Place)>,
    budget: &mut Budget<'_>,
) -> Result<(), ReadError> {
    for object in root.descendants().filter(|e| e.name() == "TextObject") {
        let all = |name: &str| -> Vec<f64> {
            let text = object.attribute(name).unwrap_or_default();
            text.split_whitespace().filter_map(|n| n.parse().ok()).collect()
        };
        let boundary = all("Boundary");
        let [left, top, width, height] = boundary.as_slice() else {
            continue;
        };
        let ctm = all("CTM");
        let (scale_x, scale_y) = match ctm.as_slice() {
            [a, _, _, d, _, _] => (a.abs(), d.abs()),
            _ => (1.0, 1.0),
        };
        let stretch = object
            .attribute("HScale")
            .and_then(|v| v.parse::<f64>().ok())
            .unwrap_or(1.0);
        let mut around: Option<[f64; 4]> = None;
        let size = all("Size").first().copied().unwrap_or(3.5) * scale_y;
        let mut whole = String::new();
        for code in object.children().filter(|e| e.name() == "TextCode") {
            let text = code.text();
            let at = |name: &str| code.attribute(name).and_then(|v| v.parse::<f64>().ok());
            let x = left + at("X").unwrap_or(0.0) * scale_x;
            let middle = top + at("Y").unwrap_or(*height) * scale_y - 0.36 * size;
            let natural: f64 = text.chars().map(|c| if c.is_ascii() { 0.55 } else { 1.0 } * size).sum();
            let steps = deltas(code.attribute("DeltaX").unwrap_or_default(), text.chars().count());
            // The box that the file names may be narrower than what is drawn.
            let (wide, drawn) = match steps {
                Some((sum, after)) => (sum * scale_x + size, (sum + after) * scale_x + size),
                None => (natural.min(width.max(size)), drawn_width(text) * size * stretch),
            };
            sheet.part();
            sheet.begin();
            sheet.put_drawn(text, (x, middle), (wide, size), drawn.max(wide), budget)?;
            let line = [x, middle - size / 2.0, x + drawn.max(wide), middle + size / 2.0];
            around = Some(around.map_or(line, |a| united(a, line)));
            whole.push_str(text);
        }
        if let Some(id) = object.attribute("ID") {
            let hundredths = |mm: &f64| (mm * 100.0).round() as i32;
            let boxed = [*left, *top, left + width, top + height];
            let [l, t, r, b] = around.map_or(boxed, |a| united(a, boxed));
            let area = [
                hundredths(&l),
                hundredths(&t),
                hundredths(&(r - l)),
                hundredths(&(b - t)),
            ];
            objects.entry(id.to_owned()).or_insert((whole, Place { page, area }));
        }
    }
    Ok(())
}

/// The rectangle around two, each by its left, top, right and bottom.
fn united(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}

/// How wide a text is at most when it is drawn, for letters of size one: fonts differ, and the one of the file may not be here.
fn drawn_width(text: &str) -> f64 {
    let one = |c: char| match c {
        'M' | 'W' | 'm' | 'w' | '@' | '%' => 0.95,
        'A'..='Z' | '&' => 0.75,
        c if c.is_ascii() => 0.6,
        _ => 1.0,
    };
    text.chars().map(one).sum()
}

/// The sum of the steps between characters, and of those that go on where they end too early: numbers, or `g COUNT STEP`
/// for repeated ones.
fn deltas(text: &str, characters: usize) -> Option<(f64, f64)> {
    let (mut sum, mut last) = (0.0, 0.0);
    let mut count = 0;
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        let (times, step) = if word == "g" {
            (words.next()?.parse::<usize>().ok()?, words.next()?.parse::<f64>().ok()?)
        } else {
            (1, word.parse::<f64>().ok()?)
        };
        let times = times.min(characters.saturating_sub(count + 1));
        sum += step * times as f64;
        count += times;
        last = step;
    }
    let missing = characters.saturating_sub(count + 1) as f64;
    (count > 0).then_some((sum, missing * f64::max(last, 0.0)))
}
