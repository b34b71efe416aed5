//! Prints what is read of files, one JSON object a paper: `cargo run -p outlay-documents --example read -- FILE…`.

use outlay_documents::{Limits, json, read_counted};

fn main() {
    for path in std::env::args().skip(1) {
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                eprintln!("{path}: {error}");
                continue;
            }
        };
        let (result, used) = read_counted(&bytes, &Limits::default());
        match result {
            Ok(reading) => {
                for object in json::objects(&reading) {
                    println!("{path}\t{object}");
                }
                for (part, error) in &reading.refused {
                    println!("{path}\tREFUSED {part}: {error}");
                }
            }
            Err(error) => println!("{path}\tREFUSED {} {error} {used:?}", error.code()),
        }
    }
}
