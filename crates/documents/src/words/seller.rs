//! Who sold.

use super::values::tax_ids;
use super::{Cell, Sheet, found, lower};
use crate::invoice::Invoice;

/// Legal forms that end a firm's name.
const FORMS: &[&str] = &[
    "gmbh", "ag", "ug", "kg", "e.k.", "ohg", "ltd", "ltd.", "limited", "plc", "inc", "inc.", "llc", "corp", "corp.",
    "b.v.", "bv", "n.v.", "sa", "s.a.", "sas", "sarl", "s.l.", "s.r.l.", "srl", "s.p.a.", "spa", "oy", "ab", "a/s",
    "as", "aps", "s.a.r.l.", "sp.", "z.o.o.", "lda",
];

/// The seller: the only firm named, or the one named most; the only tax id that is not said to be the buyer's.
pub(super) fn seller(sheet: &Sheet<'_>, invoice: &mut Invoice) {
    let mut firms: Vec<(String, usize, &Cell)> = Vec::new();
    let mut ids: Vec<(String, &Cell)> = Vec::new();
    for (n, cell) in sheet
        .lines
        .iter()
        .enumerate()
        .flat_map(|(n, l)| l.cells.iter().map(move |c| (n, c)))
    {
        let attention = [
            "t.a.v.",
            "attn",
            "z.hd",
            "z. hd",
            "à l'attention",
            "a la atención",
            "c/o",
        ];
        let to_somebody = sheet
            .below(n, cell)
            .any(|c| attention.iter().any(|a| c.low.contains(a)));
        if let Some(firm) = firm(&cell.text).filter(|_| !to_somebody) {
            match firms.iter_mut().find(|(name, _, _)| *name == firm) {
                Some((_, count, _)) => *count += 1,
                None => firms.push((firm, 1, cell)),
            }
        }
        let theirs = ["your", "ihre", "uw ", "votre", "customer", "client", "kunde", "buyer"];
        if !theirs.iter().any(|t| cell.low.contains(t)) {
            for id in tax_ids(&cell.text) {
                if !ids.iter().any(|(known, _)| *known == id) {
                    ids.push((id, cell));
                }
            }
        }
    }
    firms.sort_by_key(|(_, count, _)| std::cmp::Reverse(*count));
    let clear = match firms.as_slice() {
        [_] => true,
        [first, second, ..] => first.1 > second.1,
        [] => false,
    };
    if let (true, Some((name, _, cell))) = (clear, firms.first()) {
        invoice.seller.name = Some(name.clone());
        invoice.found("seller.name", &found(cell, ""));
    }
    if let [(id, cell)] = ids.as_slice() {
        invoice.seller.tax_id = Some(id.clone());
        invoice.found("seller.tax_id", &found(cell, ""));
    }
}

/// A firm's name at the start of a text, up to its legal form.
fn firm(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let form = |w: &&str| FORMS.contains(&lower(w.trim_end_matches([',', ';', ':'])).as_str());
    let at = words.iter().take(8).position(form)?;
    let name = words[..=at].join(" ");
    let name = name.trim_end_matches([',', ';', ':']);
    let begins = name
        .chars()
        .next()
        .is_some_and(|c| c.is_uppercase() || c.is_ascii_digit());
    (at > 0 && begins && !name.contains(':')).then(|| name.to_owned())
}
