//! The order in which rows can be taken where one names another.

use std::collections::{HashMap, HashSet};

use outlay_connect::tables::Row;

use super::fields::Layout;

/// The rows of departments, each after the row of the department above it; and those that stand above themselves.
pub fn parents_first(rows: &[Row], layout: &Layout) -> (Vec<usize>, HashSet<usize>) {
    let mut by_code = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        by_code.entry(layout.cell(row, "code")).or_insert(at);
    }
    let above = |at: usize| by_code.get(layout.cell(&rows[at], "parent")).copied();
    let (mut placed, mut order, mut circle) = (vec![false; rows.len()], Vec::new(), HashSet::new());
    for start in 0..rows.len() {
        // From here upwards until the top, or a row that has its place.
        let (mut path, mut on_path, mut next) = (Vec::new(), HashSet::new(), Some(start));
        while let Some(at) = next.filter(|at| !placed[*at]) {
            if !on_path.insert(at) {
                circle.extend(path.iter().copied().skip_while(|p| *p != at));
                break;
            }
            path.push(at);
            next = above(at);
        }
        for at in path.into_iter().rev() {
            placed[at] = true;
            order.push(at);
        }
    }
    (order, circle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::kind::Kind;

    fn run(table: &[(&str, &str)]) -> (Vec<usize>, Vec<usize>) {
        let rows: Vec<Row> = table
            .iter()
            .map(|(code, parent)| Row {
                line_no: 0,
                cells: [*code, *code, *parent].map(str::to_owned).to_vec(),
            })
            .collect();
        let (order, circle) = parents_first(&rows, &Layout::whole(Kind::Departments));
        let mut circle: Vec<usize> = circle.into_iter().collect();
        circle.sort_unstable();
        (order, circle)
    }

    #[test]
    fn parents_come_first_however_they_stand() {
        assert_eq!(
            run(&[("C", "B"), ("B", "A"), ("A", ""), ("D", "B")]),
            (vec![2, 1, 0, 3], vec![])
        );
        assert_eq!(run(&[("B", "elsewhere"), ("A", "")]), (vec![0, 1], vec![]));
    }

    #[test]
    fn circles_are_found_and_what_hangs_on_them_is_not_one() {
        let (order, circle) = run(&[("D", "A"), ("A", "B"), ("B", "C"), ("C", "A"), ("S", "S"), ("T", "")]);
        assert_eq!(circle, [1, 2, 3, 4]);
        assert_eq!(order.len(), 6);
    }
}
