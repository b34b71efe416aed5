//! The parts of an OFD package and how they are found. Paths are relative to the file that names them, or begin with a
//! slash; producers mix both up, so each is tried.

use crate::archive::{Archive, normal};
use crate::error::ReadError;
use crate::limits::Budget;
use crate::seal::{SignatureState, Signed, ofd as seal};
use crate::tree::{Element, Tree};

use super::pages::Pages;
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
}

/// Whether a file is XML by its name.
fn is_data(lower: &str) -> bool {
    lower.ends_with(".xml") || lower.ends_with(".xbrl")
}
