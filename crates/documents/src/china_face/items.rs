//! The table of items on the face.

use crate::china::RawLine;
use crate::sheet::{Cell, Row};

use super::found;

/// Items between the heads of the columns and the totals. A row without amounts goes on with the name before it.
pub(super) fn lines(rows: &[Row], texts: &[String]) -> Vec<RawLine> {
    let head = texts
        .iter()
        .position(|t| t.contains("税额") && t.contains("金额") && t.contains("名称"));
    let Some(head) = head else { return Vec::new() };
    let columns: Vec<(&str, f64)> = ["规格型号", "单位", "数量", "单价", "金额", "税率", "税额"]
        .into_iter()
        .filter_map(|label| {
            let (start, end) = rows[head].find(label).last().copied()?;
            let marks = &rows[head].marks;
            Some((label, (marks[start].left + marks[end - 1].right) / 2.0))
        })
        .collect();
    let first_column = columns.iter().map(|(_, x)| *x).fold(f64::MAX, f64::min);
    let mut lines: Vec<RawLine> = Vec::new();
    for (row, text) in rows.iter().zip(texts).skip(head + 1) {
        if text.contains("合计") || text.contains("小写") {
            break;
        }
        let cells = row.cells(0.9);
        let Some(name) = cells.first().filter(|c| c.left < first_column) else {
            continue;
        };
        if name.text.starts_with(['*', '＊']) {
            lines.push(line(&cells, &columns));
        } else if let (1, Some(before)) = (cells.len(), lines.last_mut().and_then(|l| l.name.as_mut())) {
            before.text.push_str(&name.text);
        }
    }
    lines
}

fn line(cells: &[Cell], columns: &[(&str, f64)]) -> RawLine {
    let mut line = RawLine::default();
    for (i, cell) in cells.iter().enumerate() {
        let middle = (cell.left + cell.right) / 2.0;
        let nearest = columns
            .iter()
            .min_by(|a, b| (a.1 - middle).abs().total_cmp(&(b.1 - middle).abs()));
        let label = match nearest {
            _ if i == 0 => "项目名称",
            Some((label, _)) => label,
            None => continue,
        };
        let field = match label {
            "项目名称" => &mut line.name,
            "规格型号" => &mut line.spec,
            "单位" => &mut line.unit,
            "数量" => &mut line.quantity,
            "金额" => &mut line.net,
            "税率" => &mut line.tax_rate,
            "税额" => &mut line.tax,
            _ => continue,
        };
        if field.is_none() {
            let mut value = found(cell.clone(), label);
            if matches!(label, "金额" | "税额") {
                value.text = value.text.replace(['¥', '￥', ' '], "");
            }
            *field = Some(value);
        }
    }
    line
}
