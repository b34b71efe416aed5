//! Fonts for text whose own font is not in the file: one with Chinese, found on the system.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider};
use tiny_skia::PathBuilder;

/// Names of files of fonts with Chinese, the best first.
const WANTED: [&str; 14] = [
    "NotoSansCJKsc-Regular",
    "NotoSansCJK-Regular",
    "NotoSansSC-Regular",
    "SourceHanSansSC-Regular",
    "SourceHanSansCN-Regular",
    "NotoSerifCJK-Regular",
    "DroidSansFallbackFull",
    "DroidSansFallback",
    "wqy-microhei",
    "wqy-zenhei",
    "PingFang",
    "msyh",
    "simsun",
    "uming",
];
/// Where systems keep fonts.
const FOLDERS: [&str; 6] = [
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/usr/share/outlay/fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "C:\\Windows\\Fonts",
];
/// Largest file taken for a font, in bytes.
const MAX_FONT: u64 = 64 * 1024 * 1024;

/// The bytes of a font file and which of its fonts is meant.
#[derive(Clone)]
pub struct FontFile {
    /// The whole file.
    pub bytes: Arc<Vec<u8>>,
    /// Position of the font in a collection.
    pub index: u32,
    /// Where it was found.
    pub path: PathBuf,
}

impl AsRef<[u8]> for FontFile {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// A font with Chinese: the file that `OUTLAY_FONT` names, else the first one known by name on this system. `None` where
/// there is none. Looked for once.
pub fn chinese() -> Option<&'static FontFile> {
    static FOUND: OnceLock<Option<FontFile>> = OnceLock::new();
    let found = FOUND.get_or_init(|| match std::env::var_os("OUTLAY_FONT") {
        Some(named) => load(Path::new(&named)),
        None => search().iter().find_map(|path| load(path)),
    });
    found.as_ref()
}

/// The files known by name, the best first.
fn search() -> Vec<PathBuf> {
    let mut folders: Vec<(PathBuf, usize)> = FOLDERS.iter().map(|f| (PathBuf::from(f), 0)).collect();
    let home = std::env::var_os("HOME").map(PathBuf::from);
    folders.extend(home.map(|h| (h.join(".local/share/fonts"), 0)));
    let mut files: Vec<(usize, PathBuf)> = Vec::new();
    let mut seen = 0;
    while let Some((folder, depth)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            seen += 1;
            if seen > 20_000 {
                break;
            }
            let path = entry.path();
            if path.is_dir() && depth < 4 {
                folders.push((path, depth + 1));
                continue;
            }
            let name = path.file_stem().and_then(|n| n.to_str()).unwrap_or_default();
            if let Some(rank) = WANTED.iter().position(|w| w.eq_ignore_ascii_case(name)) {
                files.push((rank, path));
            }
        }
    }
    files.sort();
    files.into_iter().map(|(_, path)| path).collect()
}

/// A file as a font, if it draws Chinese.
fn load(path: &Path) -> Option<FontFile> {
    if std::fs::metadata(path).ok()?.len() > MAX_FONT {
        return None;
    }
    let bytes = Arc::new(std::fs::read(path).ok()?);
    // Of a collection the one for simplified Chinese, by its name; else the first.
    let mut first = None;
    for index in 0..16 {
        let Ok(font) = FontRef::from_index(&bytes, index) else {
            break;
        };
        if font.charmap().map('报').is_none() {
            continue;
        }
        first = first.or(Some(index));
        let name = font
            .localized_strings(skrifa::string::StringId::FAMILY_NAME)
            .english_or_first()
            .map(|n| n.to_string())
            .unwrap_or_default();
        if name.ends_with(" SC") || name.ends_with(" CN") {
            first = Some(index);
            break;
        }
    }
    let index = first?;
    let path = path.to_owned();
    Some(FontFile { bytes, index, path })
}

/// A font ready to be drawn with.
pub(crate) struct Face<'f> {
    font: FontRef<'f>,
    upem: f32,
}

impl<'f> Face<'f> {
    pub(crate) fn new(bytes: &'f [u8], index: u32) -> Option<Self> {
        let font = FontRef::from_index(bytes, index).ok()?;
        let upem = f32::from(font.metrics(Size::unscaled(), LocationRef::default()).units_per_em);
        (upem > 0.0).then_some(Face { font, upem })
    }

    pub(crate) fn of(file: &'f FontFile) -> Option<Self> {
        Face::new(&file.bytes, file.index)
    }

    /// The glyph of a character; `None` where the font has none.
    pub(crate) fn glyph(&self, c: char) -> Option<u32> {
        self.font.charmap().map(c).map(GlyphId::to_u32).filter(|g| *g != 0)
    }

    /// How wide a glyph is, as a share of the size.
    pub(crate) fn advance(&self, glyph: u32) -> f32 {
        let metrics = self.font.glyph_metrics(Size::unscaled(), LocationRef::default());
        metrics.advance_width(GlyphId::new(glyph)).unwrap_or(self.upem) / self.upem
    }

    /// A glyph's outline for size 1, upwards; `None` where it is empty.
    pub(crate) fn outline(&self, glyph: u32) -> Option<tiny_skia::Path> {
        let outline = self.font.outline_glyphs().get(GlyphId::new(glyph))?;
        let mut pen = Pen(PathBuilder::new());
        let settings = DrawSettings::unhinted(Size::new(1.0), LocationRef::default());
        outline.draw(settings, &mut pen).ok()?;
        pen.0.finish()
    }
}

struct Pen(PathBuilder);

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.0.quad_to(cx, cy, x, y);
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        self.0.cubic_to(ax, ay, bx, by, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}
