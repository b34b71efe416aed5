//! How long reading takes: generated files of each kind, and files made to harm. `cargo xtask bench documents`.

use std::time::{Duration, Instant};

use outlay_documents::{Limits, read_counted};

#[path = "../tests/make/mod.rs"]
mod make;
use make::container::mail;
use make::ofd::{Kind, face, package, zip};
use make::pdf::{Font, file, page, stream};
use make::{europe, model, xml};

/// How often each file is read.
const ROUNDS: usize = 40;

fn main() {
    let models: Vec<_> = (0..20).map(model).collect();
    let euros: Vec<_> = (0..20).map(europe::euro).collect();
    let zeros = vec![b' '; 512 << 20];
    println!("| file | aim | p50 | p95 | largest |\n| --- | --- | --- | --- | --- |");
    let each = |write: &dyn Fn(usize) -> Vec<u8>| (0..20).map(write).collect::<Vec<_>>();
    report("XML, 数电票", "1 ms", &each(&|n| xml::english(&models[n]).into_bytes()));
    report("XML, CII", "1 ms", &each(&|n| europe::cii(&euros[n]).into_bytes()));
    report(
        "OFD, attached XML",
        "5 ms",
        &each(&|n| package(&models[n], Kind::Attached2020)),
    );
    report("OFD, tags", "5 ms", &each(&|n| package(&models[n], Kind::Tags)));
    report("OFD, text", "5 ms", &each(&|n| package(&models[n], Kind::Face)));
    let attached = |n: usize| {
        page(
            &face(&models[n], 0.0),
            Font::ToUnicode,
            Some(("a.xml", xml::english(&models[n]).as_bytes())),
        )
    };
    report("PDF, attached XML", "30 ms", &each(&attached));
    report(
        "PDF, text by ToUnicode",
        "30 ms",
        &each(&|n| page(&face(&models[n], 0.0), Font::ToUnicode, None)),
    );
    report(
        "PDF, text in UCS-2",
        "30 ms",
        &each(&|n| page(&face(&models[n], 0.0), Font::Ucs2, None)),
    );
    report(
        "PDF, invoice in words",
        "30 ms",
        &each(&|n| page(&europe::letter(&euros[n]), Font::ToUnicode, None)),
    );
    report(
        "mail with an OFD",
        "",
        &each(&|n| mail(&[("a.ofd", "application/octet-stream", &package(&models[n], Kind::Tags))])),
    );
    let forms: Vec<Vec<u8>> = (5..13)
        .map(|n| {
            let next = n + 1;
            stream(
                &format!("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F {next} 0 R>>>>"),
                "/F Do ".repeat(20).as_bytes(),
            )
        })
        .collect();
    let mut objects = vec![
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<</XObject<</F 5 0 R>>>>/Contents 4 0 R>>".to_vec(),
        stream("", b"/F Do"),
    ];
    objects.extend(forms);
    let deep = "<a>".repeat(600_000);
    let growing = file(&[
        objects[0].clone(),
        objects[1].clone(),
        objects[2].clone(),
        stream("", &zeros),
    ]);
    for (name, bytes) in [
        ("hostile: ZIP of 512 MB", zip(&[("a.xml", &zeros)])),
        ("hostile: PDF stream of 512 MB", growing),
        ("hostile: PDF forms of forms", file(&objects)),
        ("hostile: XML 600,000 deep", deep.into_bytes()),
        (
            "hostile: PDF steps without end",
            file(&[
                objects[0].clone(),
                objects[1].clone(),
                objects[2].clone(),
                stream("", "q Q ".repeat(2_000_000).as_bytes()),
            ]),
        ),
    ] {
        report(name, "100 ms", &[bytes]);
    }
}

fn report(name: &str, aim: &str, files: &[Vec<u8>]) {
    let limits = Limits::default();
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..ROUNDS {
        for bytes in files {
            let start = Instant::now();
            let outcome = read_counted(bytes, &limits);
            times.push(start.elapsed());
            assert_eq!(outcome.0.is_err(), name.starts_with("hostile"), "{name}: {outcome:?}");
        }
    }
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let ms = |d: Duration| format!("{:.2} ms", d.as_secs_f64() * 1e3);
    println!(
        "| {name} | {aim} | {} | {} | {} |",
        ms(at(0.5)),
        ms(at(0.95)),
        ms(at(1.0))
    );
}
