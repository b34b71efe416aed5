//! Tells the compiler whether the models that read pictures are there. Without them the crate builds all the same.

use std::path::Path;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(outlay_models)");
    println!("cargo::rerun-if-env-changed=OUTLAY_MODELS");
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.outlay/models/ppocr");
    let named = std::env::var_os("OUTLAY_MODELS").map(std::path::PathBuf::from);
    let folder = named.unwrap_or(own);
    let files = ["det.onnx", "tiny.onnx", "tiny.txt", "small.onnx", "small.txt"].map(|name| folder.join(name));
    // What does not exist must not be watched, or each build would begin anew; what fetches the models touches this file.
    println!("cargo::rerun-if-changed=build.rs");
    if files.iter().all(|file| file.is_file()) {
        for file in &files {
            println!("cargo::rerun-if-changed={}", file.display());
        }
        println!("cargo::rustc-cfg=outlay_models");
        println!("cargo::rustc-env=OUTLAY_MODELS={}", folder.display());
    }
}
