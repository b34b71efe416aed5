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
    photos();
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

/// Photos of 1600 pixels, made of real receipts: the processor time of each, and that of a peer where `PHOTO_PEER` names the
/// command that prints it for the files it is given.
fn photos() {
    let folder = std::env::var_os("RECEIPTS")
        .map(std::path::PathBuf::from)
        .unwrap_or_default();
    let mut receipts: Vec<_> = std::fs::read_dir(folder)
        .map(|entries| entries.filter_map(|e| Some(e.ok()?.path())).collect())
        .unwrap_or_default();
    receipts.retain(|f: &std::path::PathBuf| f.extension().is_some_and(|e| e == "jpg"));
    receipts.sort();
    if receipts.is_empty() || !outlay_documents::picture::available() {
        println!("photos: not measured, for want of receipts or of the models");
        return;
    }
    let made = std::env::temp_dir().join(format!("outlay-photos-{}", std::process::id()));
    std::fs::create_dir_all(&made).expect("a temporary folder");
    let mut own = Vec::new();
    let mut files = Vec::new();
    for receipt in receipts.iter().step_by(9) {
        let photo =
            image::open(receipt)
                .expect("a picture")
                .resize(1600, 1600, image::imageops::FilterType::CatmullRom);
        let file = made.join(receipt.file_name().expect("a name"));
        photo.to_rgb8().save(&file).expect("written");
        let bytes = std::fs::read(&file).expect("what was written");
        if own.is_empty() {
            // What is made ready at the first use.
            let _ = read_counted(&bytes, &Limits::default());
        }
        let before = processor();
        let _ = read_counted(&bytes, &Limits::default());
        own.push(processor() - before);
        files.push(file);
    }
    let mean = |all: &[f64]| all.iter().sum::<f64>() / all.len().max(1) as f64;
    println!(
        "\n| {} photos of 1600 pixels | processor seconds each, mean | slowest |\n| --- | --- | --- |",
        own.len()
    );
    let row = |name: &str, all: &[f64]| {
        println!(
            "| {name} | {:.2} | {:.2} |",
            mean(all),
            all.iter().copied().fold(0.0, f64::max)
        )
    };
    row("outlay (aim 1.5)", &own);
    if let Ok(peer) = std::env::var("PHOTO_PEER") {
        let mut words = peer.split(' ');
        let output = std::process::Command::new(words.next().unwrap_or_default())
            .args(words)
            .args(&files)
            .output();
        let text = output
            .map(|o| String::from_utf8_lossy(&o.stdout).into_owned())
            .unwrap_or_default();
        let theirs: Vec<f64> = text.lines().filter_map(|l| l.split(' ').next()?.parse().ok()).collect();
        row("rapidocr", &theirs);
        println!(
            "{:.2} times the throughput of rapidocr (aim 1.5)",
            mean(&theirs) / mean(&own)
        );
    }
    let _ = std::fs::remove_dir_all(made);
}

/// Processor seconds of this process so far, user and kernel.
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split(' ').skip(12).take(2).filter_map(|t| t.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}
