//! The one folder that the operator allows, and what is below it. Names that lead out of it and links are refused, each
//! time anew: whoever writes to these folders may swap a folder for a link.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use outlay_connect::tables::MAX_BYTES;
use outlay_core::claim::Problem;

use crate::app::App;
use crate::error::Error;

/// Where files go that were taken.
pub const DONE: &str = "done";
/// Where files go that could not be taken.
pub const REFUSED: &str = "refused";
/// Longest part of a folder's name, in characters.
const MAX_PART: usize = 80;
/// Deepest folder below the root.
const MAX_DEPTH: usize = 6;
/// Files that one look sees; the oldest come first.
const MOST_FILES: usize = 1_000;
/// Ends of names of files that another program is still writing.
const PARTIAL: [&str; 7] = [".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", "~"];

/// The folder that the operator allows, as it really is.
#[derive(Debug, Clone)]
pub struct Root(PathBuf);

/// A file as a look sees it. Another content has another size or time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// Bytes.
    pub size: i64,
    /// When it was written last, in nanoseconds since 1970.
    pub modified: i64,
}

/// What a file holds.
pub enum Content {
    /// All of it.
    Bytes(Vec<u8>),
    /// More than is taken.
    TooLarge,
    /// It is not what the look saw, or not there.
    Other,
}

/// What became of a file that was to be put away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Away {
    /// It is in its place.
    Moved,
    /// Another file stands under its name by now, or none; that one was left.
    Left,
}

fn wrong(code: &str, path: &str) -> Error {
    Error::Invalid(vec![Problem::new("path", code).with("path", path)])
}

/// A folder's name as people enter it: relative to the root, parts between slashes. [`Error::Invalid`] for one that leads
/// out of the root or cannot be a folder of its own.
pub fn named(text: &str) -> Result<String, Error> {
    let text = text.trim();
    let parts: Vec<&str> = text.trim_end_matches('/').split('/').collect();
    if text.starts_with('/') || text.contains('\\') || parts.contains(&"..") {
        return Err(wrong("folder-outside", text));
    }
    let good = |part: &&str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.contains(|c: char| c.is_control() || c == ':')
            && part.trim() == *part
            && part.chars().count() <= MAX_PART
            && *part != DONE
            && *part != REFUSED
    };
    if parts.len() > MAX_DEPTH || !parts.iter().all(good) {
        return Err(wrong("folder-name", text));
    }
    Ok(parts.join("/"))
}

impl Root {
    /// That of an installation; [`Error::Invalid`] if the operator named none, or it is not there.
    pub fn of(app: &App) -> Result<Root, Error> {
        let path = app.config.folders.as_ref();
        let path = path.ok_or_else(|| Error::field("path", "folder-no-root"))?;
        match path.canonicalize() {
            Ok(real) if real.is_dir() => Ok(Root(real)),
            _ => Err(wrong("folder-root-gone", &path.display().to_string())),
        }
    }

    /// The folder of a name below the root, made if `make`; [`Error::Invalid`] if it is none, or a link is on the way.
    pub fn folder(&self, name: &str, make: bool) -> Result<PathBuf, Error> {
        let mut at = self.0.clone();
        for part in name.split('/') {
            at.push(part);
            match fs::symlink_metadata(&at) {
                Ok(found) if found.is_dir() => {}
                Ok(found) if found.is_symlink() => return Err(wrong("folder-link", name)),
                Ok(_) => return Err(wrong("folder-file", name)),
                Err(error) if error.kind() == ErrorKind::NotFound && make => fs::create_dir(&at)?,
                Err(error) if error.kind() == ErrorKind::NotFound => return Err(wrong("folder-gone", name)),
                Err(error) => return Err(error.into()),
            }
        }
        // A link put there since then.
        match at.canonicalize() {
            Ok(real) if real == at => Ok(at),
            _ => Err(wrong("folder-link", name)),
        }
    }
}

fn seen(name: &str, found: &Metadata) -> Seen {
    Seen {
        name: name.to_owned(),
        size: i64::try_from(found.len()).unwrap_or(i64::MAX),
        modified: found
            .mtime()
            .saturating_mul(1_000_000_000)
            .saturating_add(found.mtime_nsec()),
    }
}

/// Whether another program is still writing a file of this name, or it is none of ours to take.
fn is_passed_over(name: &str) -> bool {
    let lower = name.to_lowercase();
    name.starts_with(['.', '~']) || name.contains(char::is_control) || PARTIAL.iter().any(|end| lower.ends_with(end))
}

/// The files of a folder that may be taken, oldest first; links and what is no file are passed over. Names that are no
/// UTF-8 are an error.
pub fn list(folder: &Path) -> Result<Vec<Seen>, Error> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
            let shown = entry.file_name().to_string_lossy().into_owned();
            return Err(wrong("folder-file-name", &shown));
        };
        if is_passed_over(&name) {
            continue;
        }
        match fs::symlink_metadata(entry.path()) {
            Ok(found) if found.is_file() => files.push(seen(&name, &found)),
            Ok(_) => {}
            // It went away meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    files.sort_by(|a, b| (a.modified, &a.name).cmp(&(b.modified, &b.name)));
    files.truncate(MOST_FILES);
    Ok(files)
}

fn found(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a file that a look saw.
pub fn read(folder: &Path, file: &Seen) -> io::Result<Content> {
    let path = folder.join(&file.name);
    let Some(before) = found(&path)? else {
        return Ok(Content::Other);
    };
    if !before.is_file() || seen(&file.name, &before) != *file {
        return Ok(Content::Other);
    }
    if before.len() > MAX_BYTES as u64 {
        return Ok(Content::TooLarge);
    }
    let opened = File::open(&path)?;
    let same = |now: &Metadata| {
        (now.dev(), now.ino()) == (before.dev(), before.ino()) && now.is_file() && seen(&file.name, now) == *file
    };
    // What was opened may be the target of a link that took the file's place.
    if !same(&opened.metadata()?) {
        return Ok(Content::Other);
    }
    let mut bytes = Vec::new();
    (&opened).take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(match same(&opened.metadata()?) && bytes.len() as u64 == before.len() {
        true => Content::Bytes(bytes),
        false => Content::Other,
    })
}

/// Writes a file under a name that is passed over, waits for the disk, and gives it its name: nobody sees half of it.
pub fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let part = folder.join(format!(".{name}.part"));
    match fs::remove_file(&part) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = File::create_new(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, folder.join(name))?;
    File::open(folder)?.sync_all()
}

/// A name as `name` with `mark` before its end: `orders.csv` becomes `orders-MARK.csv`.
pub fn marked(name: &str, mark: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, end)) if !stem.is_empty() => format!("{stem}-{mark}.{end}"),
        _ => format!("{name}-{mark}"),
    }
}

/// A name like `name` that is free in a folder.
pub fn free(folder: &Path, name: &str) -> io::Result<String> {
    let mut free = name.to_owned();
    let mut n = 2;
    while found(&folder.join(&free))?.is_some() {
        free = marked(name, &n.to_string());
        n += 1;
    }
    Ok(free)
}

/// Moves a file to its place. May be done again after a crash.
pub fn put_away(from: &Path, file: &Seen, to: &Path, target: &str) -> io::Result<Away> {
    let (source, place) = (from.join(&file.name), to.join(target));
    let is_it = |found: &Metadata| found.is_file() && seen(&file.name, found) == *file;
    if let Some(moved) = found(&place)? {
        return settle(from, file, &place, is_it(&moved));
    }
    match found(&source)? {
        Some(found) if is_it(&found) => {}
        _ => return Ok(Away::Left),
    }
    fs::rename(&source, &place)?;
    // Another file may have taken the name in the last moment: it goes back, and is taken in its turn.
    let moved = fs::symlink_metadata(&place)?;
    settle(from, file, &place, is_it(&moved))
}

fn settle(from: &Path, file: &Seen, place: &Path, is_it: bool) -> io::Result<Away> {
    if is_it {
        for folder in [place.parent(), Some(from)].into_iter().flatten() {
            File::open(folder)?.sync_all()?;
        }
        return Ok(Away::Moved);
    }
    fs::rename(place, from.join(free(from, &file.name)?))?;
    Ok(Away::Left)
}

/// Does work with files on a thread that may wait.
pub async fn waiting<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Error::Broken(e.to_string()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_are_refused() {
        for good in ["crm", "crm/deals", "客户/导入", "a b", "crm/"] {
            assert!(named(good).is_ok(), "{good}");
        }
        let outside = ["/etc", "..", "a/../b", "../x", "a\\b", "C:\\x"];
        let unfit = [
            "",
            ".",
            ".git",
            "a//b",
            "done",
            "a/refused",
            "a/./b",
            "c:x",
            "a\u{7}b",
            "a /b",
            "1/2/3/4/5/6/7",
        ];
        for (names, code) in [(&outside[..], "folder-outside"), (&unfit[..], "folder-name")] {
            for name in names {
                let Err(Error::Invalid(problems)) = named(name) else {
                    panic!("{name:?} is taken")
                };
                assert_eq!(problems[0].code, code, "{name:?}");
            }
        }
    }

    #[test]
    fn a_link_is_no_folder_and_no_file() {
        let dir = tempfile::tempdir().expect("a folder");
        let outside = tempfile::tempdir().expect("a folder");
        fs::write(outside.path().join("secret.csv"), "id\n").expect("written");
        std::os::unix::fs::symlink(outside.path(), dir.path().join("link")).expect("linked");
        let root = Root(dir.path().canonicalize().expect("there"));
        for name in ["link", "link/deep"] {
            assert!(matches!(root.folder(name, true), Err(Error::Invalid(p)) if p[0].code == "folder-link"));
        }
        let folder = root.folder("in", true).expect("made");
        std::os::unix::fs::symlink(outside.path().join("secret.csv"), folder.join("secret.csv")).expect("linked");
        assert_eq!(list(&folder).expect("listed"), []);
        for name in ["a.csv.tmp", "~$a.xlsx", ".a.csv", "A.PART", "b.csv~"] {
            fs::write(folder.join(name), "x").expect("written");
        }
        assert_eq!(list(&folder).expect("listed"), []);
        let file = Seen {
            name: "secret.csv".into(),
            size: 3,
            modified: 0,
        };
        assert!(matches!(read(&folder, &file), Ok(Content::Other)));
    }

    #[test]
    fn a_file_that_took_the_name_of_another_is_not_put_away() {
        let dir = tempfile::tempdir().expect("a folder");
        let (from, to) = (dir.path().join("in"), dir.path().join("done"));
        fs::create_dir(&from).expect("made");
        fs::create_dir(&to).expect("made");
        fs::write(from.join("a.csv"), "one").expect("written");
        let file = list(&from).expect("listed").remove(0);
        fs::write(from.join("a.csv"), "another").expect("written");
        assert_eq!(put_away(&from, &file, &to, "a-1.csv").expect("looked"), Away::Left);
        assert_eq!(fs::read_to_string(from.join("a.csv")).expect("there"), "another");
        // As if it had come between the last look and the move.
        fs::rename(from.join("a.csv"), to.join("a-1.csv")).expect("moved");
        assert_eq!(put_away(&from, &file, &to, "a-1.csv").expect("looked"), Away::Left);
        let file = list(&from).expect("listed").remove(0);
        assert_eq!(put_away(&from, &file, &to, "a-1.csv").expect("moved"), Away::Moved);
        assert_eq!(put_away(&from, &file, &to, "a-1.csv").expect("again"), Away::Moved);
        assert_eq!(list(&from).expect("listed"), []);
    }
}
