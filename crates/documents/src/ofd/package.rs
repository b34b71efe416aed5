//! The parts of an OFD package and how they are found. Paths are relative to the file that names them, or begin with a
//! slash; producers mix both up, so each is tried.

use std::collections::HashMap;

use crate::archive::{Archive, normal};
use crate::error::ReadError;
use crate::invoice::Place;
use crate::limits::Budget;
use crate::seal::{SignatureState, Signed, ofd as seal};
use crate::sheet::{Page, Row};
use crate::tree::{Element, Tree};

use super::leaf::numbers;
use super::tree;

/// Most signatures of one document that are looked at, and most seals drawn on one page.
const MAX_SIGNATURES: usize = 16;

/// A seal on a page.
pub(super) struct Stamp {
    /// The signed value that holds the seal.
    pub(super) bytes: Vec<u8>,
    /// Left, top, width and height in millimetres.
    pub(super) area: [f32; 4],
}

/// An open package.
pub(super) struct Package<'b> {
    archive: Archive<'b>,
}

/// One document of a package.
pub(super) struct Document {
    /// Path of its Document.xml.
    pub(super) path: String,
    /// Path of the list of its signatures.
    pub(super) signatures: Option<String>,
    /// Names and texts of its custom data.
    pub(super) custom_data: Vec<(String, String)>,
}

/// The texts of a document: as rows, and by the ids of text objects.
pub(super) struct Pages {
    pages: Vec<Page>,
    objects: HashMap<String, (String, Place)>,
    /// Ids of pictures of about the shape and size of a QR code.
    pictures: Vec<String>,
    /// Whether there is any picture.
    pub(super) pictured: bool,
    /// Paths of the resources that pages name for themselves.
    resources: Vec<String>,
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

impl<'b> Package<'b> {
    pub(super) fn new(archive: Archive<'b>) -> Self {
        Package { archive }
    }

    pub(super) fn read(&mut self, path: &str, budget: &mut Budget<'_>) -> Result<Option<Vec<u8>>, ReadError> {
        match self.archive.find(path) {
            Some(index) => self.archive.read(index, budget),
            None => Ok(None),
        }
    }

    /// The path that `location` means inside the file at `from`.
    pub(super) fn resolve(&self, from: &str, location: &str) -> Option<String> {
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let root = folder.split('/').next().unwrap_or_default();
        let tries = [
            normal(location),
            normal(&format!("{folder}/{location}")),
            normal(&format!("{root}/{location}")),
        ];
        let order = if location.starts_with('/') {
            [0, 1, 2]
        } else {
            [1, 2, 0]
        };
        let found = order
            .into_iter()
            .map(|i| &tries[i])
            .find(|t| self.archive.find(t).is_some());
        found.cloned()
    }

    pub(super) fn documents(&mut self, budget: &mut Budget<'_>) -> Result<Vec<Document>, ReadError> {
        let bytes = self.read("OFD.xml", budget)?.unwrap_or_default();
        let Some(tree) = tree(&bytes, budget)? else {
            return Ok(Vec::new());
        };
        let mut documents = Vec::new();
        for body in tree.root().all("DocBody") {
            let custom = body.all("DocInfo/CustomDatas/CustomData");
            let custom_data = custom.into_iter().filter_map(|data| {
                let name = data.attribute("Name")?;
                Some((name.to_owned(), data.text().to_owned()))
            });
            let location = body.at("DocRoot").map_or("", Element::text);
            let signatures = body.at("Signatures").map_or("", Element::text);
            documents.push(Document {
                signatures: self.resolve("OFD.xml", signatures),
                path: self.resolve("OFD.xml", location).unwrap_or_default(),
                custom_data: custom_data.collect(),
            });
        }
        Ok(documents)
    }

    /// How many pages a document has, counted no further than the bound.
    pub(super) fn page_count(&mut self, document: &Document, budget: &mut Budget<'_>) -> Result<usize, ReadError> {
        let bytes = self.read(&document.path, budget)?.unwrap_or_default();
        let root = tree(&bytes, budget)?;
        let count = root.map_or(0, |r| r.root().all("Pages/Page").len());
        Ok(count.min(budget.limits.max_pages))
    }

    /// The signatures of a document: the path of each description with its tree.
    pub(super) fn signatures(
        &mut self,
        document: &Document,
        budget: &mut Budget<'_>,
    ) -> Result<Vec<(String, Tree)>, ReadError> {
        let Some(list) = document.signatures.clone() else {
            return Ok(Vec::new());
        };
        let bytes = self.read(&list, budget)?.unwrap_or_default();
        let Some(index) = tree(&bytes, budget)? else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for one in index.root().all("Signature").into_iter().take(MAX_SIGNATURES) {
            let location = one.attribute("BaseLoc").unwrap_or_default();
            let Some(path) = self.resolve(&list, location) else {
                continue;
            };
            let bytes = self.read(&path, budget)?.unwrap_or_default();
            if let Some(made) = tree(&bytes, budget)? {
                found.push((path, made));
            }
        }
        Ok(found)
    }

    /// The signatures of a document, checked. Files that are read and that none of them names make them partial.
    pub(super) fn checked(&mut self, document: &Document, budget: &mut Budget<'_>) -> Result<Vec<Signed>, ReadError> {
        let mut all = Vec::new();
        let mut named: Vec<String> = Vec::new();
        for (path, signature) in self.signatures(document, budget)? {
            let root = signature.root();
            let location = root.at("SignedValue").map_or("", Element::text).to_owned();
            let value = match self.resolve(&path, &location) {
                Some(value) => self.read(&value, budget)?.unwrap_or_default(),
                None => Vec::new(),
            };
            let references = root.at("SignedInfo/References");
            let method = references.and_then(|r| r.attribute("CheckMethod")).unwrap_or("MD5");
            let mut files = Vec::new();
            for reference in root.all("SignedInfo/References/Reference") {
                let location = reference.attribute("FileRef").unwrap_or_default();
                let digest = reference.at("CheckValue").map_or("", Element::text).to_owned();
                let found = self.resolve(&path, location);
                let bytes = match &found {
                    Some(found) => self.read(found, budget)?,
                    None => None,
                };
                named.extend(found);
                files.push(seal::Named {
                    path: location.to_owned(),
                    digest,
                    bytes,
                });
            }
            let description = self.read(&path, budget)?.unwrap_or_default();
            all.push(seal::check(&description, &value, method, &files));
        }
        let mut read = self.attachments(document, budget)?;
        read.extend(self.tag_files(document, budget)?);
        read.push(document.path.clone());
        let open = read.iter().find(|path| !named.contains(path)).cloned();
        if let Some(open) = open {
            for signed in all.iter_mut().filter(|s| s.state == SignatureState::Intact) {
                signed.state = SignatureState::Partial;
                signed.detail = format!("{}, but {open} was not signed", signed.detail);
            }
        }
        Ok(all)
    }

    /// The seals stamped on a page.
    pub(super) fn stamps(
        &mut self,
        document: &Document,
        page: &str,
        budget: &mut Budget<'_>,
    ) -> Result<Vec<Stamp>, ReadError> {
        let mut stamps = Vec::new();
        for (path, signature) in self.signatures(document, budget)? {
            let root = signature.root();
            let location = root.at("SignedValue").map_or("", Element::text).to_owned();
            let Some(value) = self.resolve(&path, &location) else {
                continue;
            };
            for stamp in root.all("SignedInfo/StampAnnot") {
                let area: Vec<f32> = stamp
                    .attribute("Boundary")
                    .unwrap_or_default()
                    .split_whitespace()
                    .filter_map(|n| n.parse().ok())
                    .collect();
                let (Some(page_of), Ok(area)) = (stamp.attribute("PageRef"), <[f32; 4]>::try_from(area)) else {
                    continue;
                };
                if page_of == page && stamps.len() < MAX_SIGNATURES {
                    let bytes = self.read(&value, budget)?.unwrap_or_default();
                    stamps.push(Stamp { bytes, area });
                }
            }
        }
        Ok(stamps)
    }

    /// Files named by a list such as Attachments.xml, which Document.xml names as `list`.
    fn listed(&mut self, document: &Document, list: &str, budget: &mut Budget<'_>) -> Result<Vec<String>, ReadError> {
        let Some(bytes) = self.read(&document.path, budget)? else {
            return Ok(Vec::new());
        };
        let Some(root) = tree(&bytes, budget)? else {
            return Ok(Vec::new());
        };
        let location = root.root().at(list).map(|e| e.text().to_owned());
        let Some(path) = location.and_then(|l| self.resolve(&document.path, &l)) else {
            return Ok(Vec::new());
        };
        let bytes = self.read(&path, budget)?.unwrap_or_default();
        let Some(list) = tree(&bytes, budget)? else {
            return Ok(Vec::new());
        };
        let locations: Vec<String> = list
            .elements()
            .filter(|e| e.name() == "FileLoc")
            .map(|e| e.text().to_owned())
            .collect();
        Ok(locations.iter().filter_map(|l| self.resolve(&path, l)).collect())
    }

    /// Attached XML: what the list names, then what only lies there.
    pub(super) fn attachments(
        &mut self,
        document: &Document,
        budget: &mut Budget<'_>,
    ) -> Result<Vec<String>, ReadError> {
        let listed = self.listed(document, "Attachments", budget)?;
        Ok(self.with_stray(document, listed, "attach"))
    }

    /// Tag files, likewise.
    pub(super) fn tag_files(&mut self, document: &Document, budget: &mut Budget<'_>) -> Result<Vec<String>, ReadError> {
        let listed = self.listed(document, "CustomTags", budget)?;
        Ok(self.with_stray(document, listed, "tags/"))
    }

    fn with_stray(&self, document: &Document, mut listed: Vec<String>, folder: &str) -> Vec<String> {
        let root = document.path.split('/').next().unwrap_or_default();
        let lists = ["attachments.xml", "customtags.xml"];
        for name in &self.archive.names {
            let lower = name.to_ascii_lowercase();
            let inside = name.starts_with(root) && lower.contains(folder) && is_data(&lower);
            if inside && !lists.iter().any(|l| lower.ends_with(l)) && !listed.contains(name) {
                listed.push(name.clone());
            }
        }
        listed.retain(|path| is_data(&path.to_ascii_lowercase()));
        listed.dedup();
        listed
    }

    /// The files that list what the pages of a document share, and what single pages have for themselves.
    pub(super) fn resource_files(
        &mut self,
        document: &Document,
        pages: &Pages,
        budget: &mut Budget<'_>,
    ) -> Result<Vec<String>, ReadError> {
        let bytes = self.read(&document.path, budget)?.unwrap_or_default();
        let Some(root) = tree(&bytes, budget)? else {
            return Ok(Vec::new());
        };
        let shared = ["CommonData/PublicRes", "CommonData/DocumentRes"];
        let shared = shared.iter().flat_map(|name| root.root().all(name));
        let mut files: Vec<String> = shared.filter_map(|f| self.resolve(&document.path, f.text())).collect();
        files.extend_from_slice(&pages.resources);
        Ok(files)
    }

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

/// Whether a file is XML by its name.
fn is_data(lower: &str) -> bool {
    lower.ends_with(".xml") || lower.ends_with(".xbrl")
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
