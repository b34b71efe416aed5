//! Draws pages as pictures into a folder: `cargo run -p outlay-documents --example render -- FOLDER FILE…`.

use outlay_documents::{Limits, render};

fn main() {
    let mut args = std::env::args().skip(1);
    let Some(folder) = args.next() else { return };
    for path in args {
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let name = path.rsplit('/').next().unwrap_or_default();
        for page in 1..=3 {
            let start = std::time::Instant::now();
            match render(&bytes, page, &Limits::default()) {
                Ok(r) => {
                    let end = if r.media_type == "image/png" { "png" } else { "jpg" };
                    println!(
                        "{name} {page}/{} {:?} {:?} {} bytes, {} missing, {:?}",
                        r.pages,
                        r.pixels,
                        r.view,
                        r.bytes.len(),
                        r.missing,
                        start.elapsed()
                    );
                    if let Err(error) = std::fs::write(format!("{folder}/{name}.{page}.{end}"), &r.bytes) {
                        eprintln!("{error}");
                    }
                    if page >= r.pages {
                        break;
                    }
                }
                Err(error) => {
                    println!("{name} {page} REFUSED {} {error}, {:?}", error.code(), start.elapsed());
                    break;
                }
            }
        }
    }
}
