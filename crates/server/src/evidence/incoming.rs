//! Files as they come in: counted, told apart by their bytes, and read at once where they have structure or text. Pictures
//! are read later, by a job. A ZIP or mail is taken apart, and a file with two invoices is two documents.

use std::sync::LazyLock;

use axum::extract::Multipart;
use axum::extract::multipart::MultipartError;
use axum::http::{HeaderMap, StatusCode, header};
use outlay_core::claim::{Grade, Problem};
use outlay_core::tax::Paper;
use outlay_documents::picture::Print;
use outlay_documents::{Invoice, Limits, ReadError, SourceKind};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::shelf::is_reversal;
use super::tax::paper;
use crate::error::Error;

/// Most megabytes in one request.
pub const MAX_MEGABYTES: u64 = 50;
const MAX_BYTES: usize = 50 * 1024 * 1024;
/// A request with more bytes is not even read to its end.
pub const MAX_DRAINED: usize = 200 * 1024 * 1024;
/// Most files in one request.
const MAX_FILES: usize = 50;

/// A file that may be kept.
pub struct Incoming {
    /// Its name, as given.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// SHA-256 of them, in hex.
    pub sha256: String,
    /// Which of the file's invoices this is, from 0.
    pub part: i64,
    /// What it is.
    pub media_type: &'static str,
    /// What it says, if it could be read.
    pub invoice: Option<Invoice>,
    /// The kind that its title names.
    pub paper: Option<Paper>,
    /// Whether it shows pictures that are still to be read.
    pub pictured: bool,
}

/// How good a proof a document is: A for an invoice that says everything in XML and agrees with itself, B for other
/// invoices, C for what was not read.
pub fn grade(invoice: Option<&Invoice>) -> Grade {
    match invoice {
        None => Grade::C,
        Some(i) if i.consistent() && i.identity.is_some() && i.proof() == 100 => Grade::A,
        Some(_) => Grade::B,
    }
}

/// Reads every file of a form. One that is refused refuses all, so that nothing is kept by half.
pub async fn files(headers: &HeaderMap, mut form: Multipart) -> Result<Vec<Incoming>, Error> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse::<u64>().ok());
    if announced.is_some_and(|n| n > MAX_DRAINED as u64) {
        return Err(Error::TooLarge(MAX_MEGABYTES));
    }
    let mut total = 0;
    let mut raw: Vec<(String, Vec<u8>)> = Vec::new();
    while let Some(mut field) = form.next_field().await.map_err(refused)? {
        let Some(name) = field.file_name().map(tidy) else {
            continue;
        };
        let mut bytes = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(refused)? {
            total += chunk.len();
            if total <= MAX_BYTES {
                bytes.extend_from_slice(&chunk);
            } else {
                // Read on and forget: a browser that is still sending does not look at the answer.
                bytes = Vec::new();
                raw.clear();
            }
        }
        if name.is_empty() && bytes.is_empty() {
            continue;
        }
        raw.push((name, bytes));
        if total > MAX_BYTES {
            continue;
        }
        if raw.len() > MAX_FILES {
            return Err(Error::Invalid(vec![
                Problem::new("file", "too-many").with("max", MAX_FILES),
            ]));
        }
    }
    if total > MAX_BYTES {
        return Err(Error::TooLarge(MAX_MEGABYTES));
    }
    if raw.is_empty() {
        return Err(Error::field("file", "missing"));
    }
    let mut looked = Vec::new();
    for (name, bytes) in raw {
        looked.push(read(name, bytes).await?);
    }
    let mut good = Vec::new();
    let mut problems = Vec::new();
    for one in looked {
        match one {
            Ok(files) => good.extend(files),
            Err(problem) => problems.push(problem),
        }
    }
    if good.len() > MAX_FILES {
        problems.push(Problem::new("file", "too-many").with("max", MAX_FILES));
    }
    if problems.is_empty() {
        Ok(good)
    } else {
        Err(Error::Invalid(problems))
    }
}

/// How many files are looked at for requests at once, whoever sends them.
static LOOKERS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(half()));

/// How many are read with their pictures at once. Those take seconds, so no request waits for one's turn.
static READERS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(half()));

/// Half of the machine, so that pages stay quick.
fn half() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    (cores / 2).max(1)
}

/// Looks at a file beside the threads that answer requests.
async fn read(name: String, bytes: Vec<u8>) -> Result<Result<Vec<Incoming>, Problem>, Error> {
    let structured = bytes.trim_ascii_start().starts_with(b"<");
    let turn = match structured {
        true => None,
        false => Some(LOOKERS.acquire().await.map_err(|e| Error::Broken(e.to_string()))?),
    };
    let looked = tokio::task::spawn_blocking(move || look(name, bytes)).await;
    drop(turn);
    looked.map_err(|e| Error::Broken(e.to_string()))
}

/// What a kept file says, its pictures among it.
pub struct Said {
    /// Its invoices, by part; none where a part says nothing.
    pub invoices: Vec<Option<Invoice>>,
    /// What it looks like, as it stands and turned by quarters, if it is a picture.
    pub prints: Option<[Print; 4]>,
}

/// Reads a kept file whole, beside the threads that answer requests; the inner error says why it is refused.
pub async fn read_whole(name: String, bytes: Vec<u8>) -> Result<Result<Said, Problem>, Error> {
    let turn = READERS.acquire().await.map_err(|e| Error::Broken(e.to_string()))?;
    let said = tokio::task::spawn_blocking(move || {
        let limits = Limits::default();
        let files = outlay_documents::read_files(&bytes, &limits).map_err(|e| refusal(name, &e))?;
        let contents = files.into_iter().flat_map(|f| f.contents);
        Ok(Said {
            invoices: contents.map(|c| c.into_invoice().filter(is_no_misreading)).collect(),
            prints: Print::of(&bytes, &limits),
        })
    })
    .await;
    drop(turn);
    said.map_err(|e| Error::Broken(e.to_string()))
}

fn refused(error: MultipartError) -> Error {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Error::TooLarge(MAX_MEGABYTES)
    } else {
        Error::field("file", "not-a-form")
    }
}

/// The last part of a path, without what cannot be shown.
fn tidy(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean = last
        .chars()
        .filter(|c| !c.is_control() && !matches!(*c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'));
    clean.take(120).collect()
}

/// Tells what a file is, by its bytes alone, and reads it; each invoice becomes a document of its own.
fn look(name: String, bytes: Vec<u8>) -> Result<Vec<Incoming>, Problem> {
    // Pictures take seconds: they are kept first, and read by a job.
    let quick = Limits {
        max_pictures: 0,
        ..Limits::default()
    };
    let files = outlay_documents::read_files(&bytes, &quick).map_err(|e| refusal(name.clone(), &e))?;
    let mut all = Vec::new();
    for file in files {
        let name = if file.part.is_empty() {
            name.clone()
        } else {
            tidy(&file.part)
        };
        let sha256 = hex::encode(Sha256::digest(&file.bytes));
        let mut invoices: Vec<Option<Invoice>> = file.contents.into_iter().map(|c| c.into_invoice()).collect();
        if invoices.is_empty() {
            invoices.push(None);
        }
        let paper = paper::of_file(file.media_type, &file.bytes);
        for (part, invoice) in (0..).zip(invoices) {
            let invoice = invoice.filter(is_no_misreading);
            all.push(Incoming {
                pictured: invoice.is_none() && shows_pictures(file.media_type, &file.bytes),
                paper: invoice.as_ref().and(paper),
                name: name.clone(),
                bytes: file.bytes.clone(),
                sha256: sha256.clone(),
                part,
                media_type: file.media_type,
                invoice,
            });
        }
    }
    Ok(all)
}

/// Whether a file that says nothing as text may say something as a picture. The dictionary of a picture is plain in a PDF,
/// since streams lie outside of packed objects (ISO 32000-1, 7.5.7).
fn shows_pictures(media_type: &str, bytes: &[u8]) -> bool {
    // An OFD file that says nothing is read at all for its pictures.
    let known = media_type.starts_with("image/") || media_type == "application/ofd";
    known || media_type == "application/pdf" && bytes.windows(6).any(|w| w == b"/Image")
}

/// Text alone may be misread as a reversal: then nothing is said of it.
fn is_no_misreading(invoice: &Invoice) -> bool {
    let gross = invoice.sources.get("gross");
    let by_text = gross.is_none_or(|s| matches!(s.kind, SourceKind::Text | SourceKind::Picture));
    !(is_reversal(invoice) && invoice.red_of.is_none() && by_text)
}

/// Why a file is refused, as a problem of a field.
pub fn refusal(name: String, error: &ReadError) -> Problem {
    let code = error.code().replace('.', "-");
    let mut problem = Problem::new(name, &code).with("said", error);
    for (arg, value) in error.args() {
        problem = problem.with(arg, value);
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_paths_and_tricks() {
        assert_eq!(tidy("C:\\evil\\..\\a.xml"), "a.xml");
        assert_eq!(tidy("../../etc/passwd"), "passwd");
        assert_eq!(tidy("invoice\u{202e}lmx.exe\n"), "invoicelmx.exe");
    }

    #[tokio::test]
    async fn no_request_waits_for_pictures_that_are_read() {
        let every = u32::try_from(half()).expect("few");
        let _reading = READERS.acquire_many(every).await.expect("free");
        let looked = read("a.pdf".to_owned(), b"%PDF-1.4\nnothing".to_vec());
        let looked = tokio::time::timeout(std::time::Duration::from_secs(60), looked).await;
        assert!(looked.expect("looked at meanwhile").is_ok());
    }

    #[test]
    fn what_is_no_receipt_is_refused() {
        for (bytes, code) in [
            (
                &b"<html><script>alert(1)</script></html>"[..],
                "document-unsupported-html",
            ),
            (
                &b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>"[..],
                "document-unsupported-svg",
            ),
            (&b"PK\x03\x04aaaa"[..], "document-damaged"),
            (&b""[..], "document-empty"),
            (
                &b"<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><x>&a;</x>"[..],
                "document-doctype",
            ),
        ] {
            let refused = look("x".to_owned(), bytes.to_vec()).err().map(|p| p.code);
            assert_eq!(refused.as_deref(), Some(code));
        }
    }
}
