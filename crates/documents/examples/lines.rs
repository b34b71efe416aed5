//! Prints the lines that are read on pictures, one JSON object a line: `cargo run -p outlay-documents --example lines -- FILE…`.

use outlay_documents::{Limits, picture};

fn main() {
    for path in std::env::args().skip(1) {
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let start = std::time::Instant::now();
        match picture::lines(&bytes, &Limits::default()) {
            Ok(lines) => {
                for l in &lines {
                    let corners: Vec<[f32; 2]> = l.corners.iter().map(|c| [c.0, c.1]).collect();
                    println!(
                        "{}",
                        serde_json::json!({"file": path, "text": l.text, "confidence": l.confidence, "least": l.least, "corners": corners})
                    );
                }
                eprintln!("{path}: {} lines, {:?}", lines.len(), start.elapsed());
            }
            Err(error) => eprintln!("{path}: {error}"),
        }
    }
}
