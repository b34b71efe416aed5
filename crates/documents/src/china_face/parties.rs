//! Buyer and seller on the face: two labels of each kind, side by side or one above the other.

use crate::china::{Found, Raw};
use crate::sheet::{Cell, Mark, Row};

use super::{after_colon, found, near};

const NAME: &str = "名称";
const TAX_IDS: &[&str] = &["统一社会信用代码/纳税人识别号", "纳税人识别号", "统一社会信用代码"];
/// What may stand on the same row after a name, and ends it.
const ENDS: &[&str] = &[
    "名称",
    "统一社会信用代码",
    "纳税人识别号",
    "密码区",
    "地址",
    "开户行",
    "发票号码",
    "开票日期",
];

/// A label for one of the parties: which one, if the label says it, and what stands there.
struct Labelled {
    buyer: Option<bool>,
    /// Place of the label: row, then distance from the left.
    row: usize,
    left: f64,
    value: Option<Cell>,
}

pub(super) fn parties(rows: &[Row], raw: &mut Raw) {
    let mut names = Vec::new();
    let mut ids = Vec::new();
    for (n, row) in rows.iter().enumerate() {
        for (start, end) in row.find(NAME) {
            // 项目名称 and 服务名称 head the column of items.
            let before = start.checked_sub(1).map(|b| row.marks[b].folded);
            if before.is_some_and(|c| "目务品物工".contains(c)) {
                continue;
            }
            names.push(labelled(row, n, start, end, name));
        }
        let mut taken: Vec<usize> = Vec::new();
        for label in TAX_IDS {
            for (start, end) in row.find(label) {
                if !taken.contains(&end) && !follows_other(row, end) {
                    taken.push(end);
                    ids.push(labelled(row, n, start, end, tax_id));
                }
            }
        }
    }
    // Tickets name the buyer alone, and the one tax id without saying whose.
    let buyer_alone = matches!(names.as_slice(), [Labelled { buyer: Some(true), .. }]);
    if let ([only], true) = (ids.as_mut_slice(), buyer_alone) {
        only.buyer = only.buyer.or(Some(true));
    }
    (raw.buyer_name, raw.seller_name) = sides(names, rows);
    (raw.buyer_tax_id, raw.seller_tax_id) = sides(ids, rows);
}

/// Whether a label is only the first half of a longer one, as in 统一社会信用代码/纳税人识别号.
fn follows_other(row: &Row, end: usize) -> bool {
    row.marks.get(end).is_some_and(|m| m.folded == '/')
}

fn labelled(row: &Row, n: usize, start: usize, end: usize, read: impl Fn(&Row, usize) -> Option<Cell>) -> Labelled {
    let from = start.saturating_sub(4);
    let before: String = row.marks[from..start].iter().map(|m| m.folded).collect();
    let buyer = if ["购买方", "购方", "购货方"].iter().any(|w| before.ends_with(w)) {
        Some(true)
    } else if ["销售方", "销方", "销货方"].iter().any(|w| before.ends_with(w)) {
        Some(false)
    } else {
        None
    };
    Labelled {
        buyer,
        row: n,
        left: row.marks[start].left,
        value: near(row, end, 14.0).then(|| read(row, after_colon(row, end))).flatten(),
    }
}

/// Buyer and seller: as the labels say, else left and right on one row, else above and below.
fn sides(mut all: Vec<Labelled>, rows: &[Row]) -> (Option<Found>, Option<Found>) {
    let (mut buyer, mut seller) = (None, None);
    all.retain(|one| {
        let side = match one.buyer {
            Some(true) => &mut buyer,
            Some(false) => &mut seller,
            None => return true,
        };
        if side.is_none() {
            *side = one.value.clone();
        }
        false
    });
    let level = |a: &Labelled, b: &Labelled| (rows[a.row].middle - rows[b.row].middle).abs() <= rows[a.row].height;
    if let [first, second, ..] = all.as_mut_slice() {
        if level(first, second) && first.left > second.left {
            std::mem::swap(first, second);
        }
        buyer = buyer.or(first.value.take());
        seller = seller.or(second.value.take());
    }
    let with = |cell: Option<Cell>, label: &str| cell.map(|c| found(c, label));
    (with(buyer, "购买方"), with(seller, "销售方"))
}

fn name(row: &Row, at: usize) -> Option<Cell> {
    let mut run = row.run(at, 2.5);
    for end in ENDS {
        let label: Vec<char> = end.chars().collect();
        let folded = |w: &[Mark]| w.iter().map(|m| m.folded).eq(label.iter().copied());
        if let Some(cut) = run.windows(label.len()).position(folded) {
            run = &run[..cut];
        }
    }
    // Signs of the frame, which stand upright beside the next column: 销, 售, 方, 信, 息, 密, 码, 区.
    let gap = |i: usize| run[i].left - run[i - 1].right > 0.8 * run[i].height;
    let alone = |i: usize| gap(i) && (i + 1 == run.len() || gap(i + 1));
    let frame = (1..run.len()).find(|i| "购买销售方信息密码区".contains(run[*i].folded) && alone(*i));
    let run = &run[..frame.unwrap_or(run.len())];
    row.cell(run).filter(|c| c.text.chars().count() >= 2)
}

fn tax_id(row: &Row, at: usize) -> Option<Cell> {
    let run = row.run(at, 1.6);
    let len = run.iter().take_while(|m| m.folded.is_ascii_alphanumeric()).count();
    let mut cell = row.cell(&run[..len]).filter(|_| (15..=20).contains(&len))?;
    cell.text.retain(|c| !c.is_whitespace());
    Some(cell)
}
