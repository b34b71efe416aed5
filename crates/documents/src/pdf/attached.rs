//! Files embedded in a PDF: through the tree of names, the list of associated files, or simply lying there.

use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, Name, Object, Stream};

use crate::error::ReadError;
use crate::limits::Budget;

use super::content::unpack;

/// Deepest branch of the tree of names.
const MAX_DEPTH: usize = 16;

/// The embedded files that may be XML.
pub(super) fn files(pdf: &Pdf, encrypted: bool, budget: &mut Budget<'_>) -> Result<Vec<Vec<u8>>, ReadError> {
    let mut streams: Vec<Stream<'_>> = Vec::new();
    let catalog: Dict<'_> = pdf.xref().get(pdf.xref().root_id()).unwrap_or_default();
    let names = catalog
        .get::<Dict<'_>>("Names")
        .and_then(|n| n.get::<Dict<'_>>("EmbeddedFiles"));
    if let Some(tree) = names {
        named(&tree, 0, &mut streams, budget)?;
    }
    if let Some(list) = catalog.get::<Array<'_>>("AF") {
        for file in list.iter::<Dict<'_>>() {
            budget.entries(1)?;
            streams.extend(of_file(&file));
        }
    }
    if streams.is_empty() {
        for object in pdf.objects() {
            if let Object::Stream(stream) = object
                && stream
                    .dict()
                    .get::<Name<'_>>("Type")
                    .is_some_and(|n| n.as_str() == "EmbeddedFile")
            {
                streams.push(stream);
            }
        }
    }
    let mut found: Vec<Vec<u8>> = Vec::new();
    for stream in streams {
        budget.entries(1)?;
        let Some(data) = unpack(&stream, encrypted, budget)? else {
            continue;
        };
        let marks: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];
        let start = data.trim_ascii_start();
        let markup = start.starts_with(b"<") || marks.iter().any(|m| start.starts_with(m));
        if markup && !found.contains(&data) {
            found.push(data);
        }
    }
    Ok(found)
}

fn named<'a>(
    tree: &Dict<'a>,
    depth: usize,
    streams: &mut Vec<Stream<'a>>,
    budget: &mut Budget<'_>,
) -> Result<(), ReadError> {
    budget.entries(1)?;
    if let Some(pairs) = tree.get::<Array<'a>>("Names") {
        for file in pairs.iter::<Object<'a>>().filter_map(Object::into_dict) {
            budget.entries(1)?;
            streams.extend(of_file(&file));
        }
    }
    if let (Some(kids), true) = (tree.get::<Array<'a>>("Kids"), depth < MAX_DEPTH) {
        for kid in kids.iter::<Dict<'a>>() {
            named(&kid, depth + 1, streams, budget)?;
        }
    }
    Ok(())
}

fn of_file<'a>(file: &Dict<'a>) -> Option<Stream<'a>> {
    let embedded = file.get::<Dict<'a>>("EF")?;
    embedded
        .get::<Stream<'a>>("UF")
        .or_else(|| embedded.get::<Stream<'a>>("F"))
}
