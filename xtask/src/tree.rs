//! Places in the working tree, and whether something in it has changed since a build.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The repository root. Read when run, not when compiled, so that a copied `target` folder stays right.
pub fn root() -> PathBuf {
    let manifest =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// A path below the repository root.
pub fn at(path: impl AsRef<Path>) -> PathBuf {
    root().join(path)
}

/// A path below `.outlay`, the folder for all that the commands make and git ignores; its parent is made.
pub fn scratch(path: impl AsRef<Path>) -> Result<PathBuf> {
    let path = at(".outlay").join(path);
    let parent = path.parent().unwrap_or(&path);
    fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    Ok(path)
}

/// A digest over the names and contents of all files under `paths`, leaving out folders named in `except`.
pub fn fingerprint(paths: &[PathBuf], except: &[&str]) -> Result<String> {
    let mut files = Vec::new();
    for path in paths {
        collect(path, except, &mut files)?;
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.hash(&mut hasher);
        fs::read(&file)
            .with_context(|| format!("cannot read {}", file.display()))?
            .hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn collect(path: &Path, except: &[&str], files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.push(path.to_path_buf());
    } else if path.is_dir() {
        let entries = fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))?;
        for entry in entries {
            let entry = entry?;
            if !except.iter().any(|name| entry.file_name() == *name) {
                collect(&entry.path(), except, files)?;
            }
        }
    }
    Ok(())
}

/// Runs `make` unless `stamp` already holds `fingerprint` and `product` exists; then writes the stamp.
pub fn once(stamp: &Path, fingerprint: &str, product: &Path, make: impl FnOnce() -> Result<()>) -> Result<()> {
    let known = fs::read_to_string(stamp).unwrap_or_default();
    if known.trim() == fingerprint && product.exists() {
        return Ok(());
    }
    make()?;
    if let Some(folder) = stamp.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(stamp, fingerprint).with_context(|| format!("cannot write {}", stamp.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("outlay-tree-{name}-{}", std::process::id()));
        fs::create_dir_all(dir.join("dist")).expect("temporary folder");
        dir
    }

    #[test]
    fn a_fingerprint_follows_contents_and_ignores_products() {
        let dir = folder("print");
        let print = || fingerprint(std::slice::from_ref(&dir), &["dist"]).expect("readable");
        fs::write(dir.join("a.css"), "a").expect("write");
        let first = print();
        fs::write(dir.join("dist/out.css"), "built").expect("write");
        assert_eq!(first, print());
        fs::write(dir.join("a.css"), "b").expect("write");
        assert_ne!(first, print());
        fs::remove_dir_all(dir).expect("remove");
    }

    #[test]
    fn once_runs_again_when_the_stamp_or_the_product_is_gone() {
        let dir = folder("once");
        let (stamp, product) = (dir.join("stamp"), dir.join("product"));
        let mut runs = 0;
        let mut go = |print: &str| {
            once(&stamp, print, &product, || {
                runs += 1;
                Ok(fs::write(&product, "made")?)
            })
            .expect("made");
        };
        go("1");
        go("1");
        go("2");
        fs::remove_file(&product).expect("remove");
        go("2");
        assert_eq!(runs, 3);
        fs::remove_dir_all(dir).expect("remove");
    }
}
