//! How many receipts of SROIE (ICDAR 2019) are read right: `cargo xtask bench receipts`. Told apart by halves, since the
//! rules were made looking at one of them; the receipts of one shop are always in one half.
//!
//! `RECEIPTS` names the folder; `RECEIPTS_LINES=read` takes the transcripts beside the pictures instead of the pictures, which
//! shows the rules alone; `RECEIPTS_SHOW=dev` prints what was read wrong in the half that may be looked at.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use outlay_documents::picture::{self, Line};
use outlay_documents::{Limits, Receipt};
use serde_json::Value;

const FIELDS: [(&str, f64); 4] = [("total", 0.95), ("date", 0.95), ("company", 0.75), ("address", 0.50)];

#[derive(Default)]
struct Score {
    all: usize,
    right: usize,
    given: usize,
    sure: usize,
    sure_right: usize,
}

fn main() {
    let folder =
        std::env::var_os("RECEIPTS").map_or_else(|| PathBuf::from("../../../shared/data/sroie"), PathBuf::from);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .map(|entries| entries.filter_map(|e| Some(e.ok()?.path())).collect())
        .unwrap_or_default();
    files.retain(|f| f.extension().is_some_and(|e| e == "json"));
    files.sort();
    if files.is_empty() {
        println!("no receipts in {}: nothing measured", folder.display());
        return;
    }
    let by_transcript = std::env::var("RECEIPTS_LINES").is_ok_and(|v| v == "read");
    if !by_transcript && !picture::available() {
        println!("built without the models that read pictures (cargo xtask models): nothing measured");
        return;
    }
    let only = std::env::var("RECEIPTS_HALF").ok();
    let show = std::env::var("RECEIPTS_SHOW").unwrap_or_default();
    let mut scores: BTreeMap<(&str, &str), Score> = BTreeMap::new();
    for file in &files {
        let Some(truth) = std::fs::read(file)
            .ok()
            .and_then(|b| serde_json::from_slice::<Value>(&b).ok())
        else {
            continue;
        };
        let half = half(text(&truth, "company"));
        if only.as_deref().is_some_and(|only| only != half) {
            continue;
        }
        let lines = if by_transcript { transcript(file) } else { read(file) };
        let receipt = picture::understand(&lines);
        for (field, _) in FIELDS {
            let wanted = text(&truth, field);
            let given = given(&receipt, field);
            let right = given.as_deref().is_some_and(|g| same(field, g, wanted));
            let sure = receipt.sources.get(field).is_some_and(|s| s.is_sure());
            for half in [half, "both"] {
                let score = scores.entry((half, field)).or_default();
                score.all += 1;
                score.right += usize::from(right);
                score.given += usize::from(given.is_some());
                score.sure += usize::from(sure);
                score.sure_right += usize::from(sure && right);
            }
            if half == show && !right {
                let mark = if sure { "SURE " } else { "" };
                println!("{} {field}: {mark}{given:?} for {wanted:?}", file.display());
            }
        }
    }
    println!(
        "| half | field | aim | right of all | given | sure | right of sure |\n| --- | --- | --- | --- | --- | --- | --- |"
    );
    for half in ["dev", "held", "both"] {
        for (field, aim) in FIELDS {
            let Some(s) = scores.get(&(half, field)) else { continue };
            let share = |a: usize, b: usize| a as f64 / b.max(1) as f64;
            println!(
                "| {half} ({}) | {field} | {aim:.2} | {:.3} | {:.3} | {:.3} | {:.3} |",
                s.all,
                share(s.right, s.all),
                share(s.given, s.all),
                share(s.sure, s.all),
                share(s.sure_right, s.sure)
            );
        }
    }
}

fn text<'v>(truth: &'v Value, field: &str) -> &'v str {
    truth[field].as_str().unwrap_or_default()
}

/// Which half a shop is in: `dev` may be looked at while the rules are made, `held` may not.
fn half(company: &str) -> &'static str {
    let letters = company.bytes().filter(u8::is_ascii_alphabetic).take(5);
    let hash = letters.fold(0xcbf2_9ce4_8422_2325_u64, |h, c| {
        (h ^ u64::from(c.to_ascii_uppercase())).wrapping_mul(0x100_0000_01b3)
    });
    if (hash >> 32) & 1 == 0 { "dev" } else { "held" }
}

fn given(receipt: &Receipt, field: &str) -> Option<String> {
    match field {
        "total" => receipt.total.map(|t| format!("{t:.2}")),
        "date" => receipt.date.map(|d| d.to_string()),
        "company" => receipt.company.clone(),
        _ => receipt.address.clone(),
    }
}

/// Whether a value is the wanted one: exactly, white space and letter case folded, a date as the same day, an amount without the
/// currency before it.
fn same(field: &str, given: &str, wanted: &str) -> bool {
    let folded = |t: &str| t.split_whitespace().collect::<String>().to_uppercase();
    match field {
        "date" => date(wanted).is_some_and(|d| d.to_string() == given),
        "total" => {
            let plain = wanted
                .trim_start_matches(|c: char| !c.is_ascii_digit())
                .replace(',', "");
            plain == given
        }
        _ => folded(given) == folded(wanted),
    }
}

/// The dates of the truth: all put the day first, or the year of four digits.
fn date(text: &str) -> Option<Date> {
    const MONTHS: [&str; 12] = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ];
    let parts: Vec<&str> = text
        .split([' ', '/', '-', '.', ',', '('])
        .filter(|p| !p.is_empty())
        .collect();
    if let [one] = parts.as_slice() {
        return Date::new(
            one.get(..4)?.parse().ok()?,
            one.get(4..6)?.parse().ok()?,
            one.get(6..)?.parse().ok()?,
        )
        .ok();
    }
    let [a, b, c, ..] = parts.as_slice() else { return None };
    let named = MONTHS.iter().position(|m| b.to_uppercase().starts_with(m));
    let month = match named {
        Some(at) => i8::try_from(at + 1).ok()?,
        None => b.parse().ok()?,
    };
    if a.len() == 4 {
        return Date::new(a.parse().ok()?, month, c.parse().ok()?).ok();
    }
    let year: i16 = c.parse().ok()?;
    Date::new(if year < 100 { 2000 + year } else { year }, month, a.parse().ok()?).ok()
}

fn read(file: &Path) -> Vec<Line> {
    // What the recogniser said can be kept, so that rules are tried without reading all pictures anew.
    let kept = std::env::var_os("RECEIPTS_KEPT").map(|f| PathBuf::from(f).join(file.file_name().unwrap_or_default()));
    if let Some(kept) = kept.as_ref().and_then(|k| std::fs::read(k).ok()) {
        let all: Vec<(String, f32, f32, [(f32, f32); 4])> = serde_json::from_slice(&kept).unwrap_or_default();
        return all
            .into_iter()
            .map(|(text, confidence, least, corners)| Line {
                text,
                confidence,
                least,
                corners,
            })
            .collect();
    }
    let bytes = std::fs::read(file.with_extension("jpg")).unwrap_or_default();
    let lines = picture::lines(&bytes, &Limits::default()).unwrap_or_default();
    if let Some(kept) = kept {
        let all: Vec<_> = lines
            .iter()
            .map(|l| (&l.text, l.confidence, l.least, l.corners))
            .collect();
        let written = serde_json::to_vec(&all).map(|bytes| std::fs::write(&kept, bytes));
        if !matches!(written, Ok(Ok(()))) {
            println!("cannot write {}", kept.display());
        }
    }
    lines
}

/// The lines as people wrote them down: eight numbers for the corners, then the text.
fn transcript(file: &Path) -> Vec<Line> {
    let bytes = std::fs::read(file.with_extension("csv")).unwrap_or_default();
    let all = String::from_utf8_lossy(&bytes).into_owned();
    let one = |line: &str| {
        let parts: Vec<&str> = line.trim_end().splitn(9, ',').collect();
        let at = |n: usize| parts.get(n)?.trim().parse::<f32>().ok();
        let corner = |n: usize| Some((at(2 * n)?, at(2 * n + 1)?));
        Some(Line {
            text: (*parts.get(8)?).to_owned(),
            confidence: 1.0,
            least: 1.0,
            corners: [corner(0)?, corner(1)?, corner(2)?, corner(3)?],
        })
    };
    all.lines().filter_map(one).collect()
}
