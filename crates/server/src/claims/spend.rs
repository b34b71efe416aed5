//! The spend table: what each customer, deal, project, department and entity costs, by everybody and by each person; kept
//! by the commit.

use std::collections::BTreeMap;

use outlay_core::claim::Claim;

use crate::db::{Sql, Value, dialect};
use crate::error::Error;

/// A row of the table but for its sums.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    dim: &'static str,
    key: String,
    /// Empty for everybody's.
    employee: String,
    entity: String,
    currency: &'static str,
    /// Empty for the sum over all.
    category: String,
    month: String,
}

/// The rows of one person that something reads: a row for every pair would cost each commit more than it gives.
fn is_read_alone(dim: &str, category: &str) -> bool {
    match dim {
        "account" | "deal" | "department" => category.is_empty(),
        "entity" => !category.is_empty(),
        _ => false,
    }
}

/// What a claim adds to each cell: pending and paid, in minor units of the claim's currency.
fn shares(claim: Option<&Claim>) -> BTreeMap<Cell, (i64, i64)> {
    let mut cells: BTreeMap<Cell, (i64, i64)> = BTreeMap::new();
    let Some(claim) = claim else { return cells };
    let status = claim.status();
    if !status.is_pending() && !status.is_paid() {
        return cells;
    }
    let content = &claim.content;
    let (claimant, entity) = (content.claimant.to_string(), content.entity.to_string());
    for line in &content.lines {
        let month = line.incurred_on.strftime("%Y-%m").to_string();
        for allocation in &line.allocations {
            let none = String::new;
            let keys = [
                ("account", Some(allocation.account.map_or_else(none, |k| k.to_string()))),
                ("deal", Some(allocation.deal.map_or_else(none, |k| k.to_string()))),
                ("project", allocation.project.map(|k| k.to_string())),
                ("department", Some(content.department.to_string())),
                ("entity", Some(entity.clone())),
            ];
            for (dim, key) in keys {
                let Some(key) = key else { continue };
                for (employee, category) in [
                    ("", ""),
                    ("", line.category.as_str()),
                    (&claimant, ""),
                    (&claimant, &line.category),
                ] {
                    if !employee.is_empty() && !is_read_alone(dim, category) {
                        continue;
                    }
                    let cell = cells
                        .entry(Cell {
                            dim,
                            key: key.clone(),
                            employee: employee.to_owned(),
                            entity: entity.clone(),
                            currency: content.currency.code(),
                            category: category.to_owned(),
                            month: month.clone(),
                        })
                        .or_default();
                    if status.is_paid() {
                        cell.1 += allocation.amount.minor;
                    } else {
                        cell.0 += allocation.amount.minor;
                    }
                }
            }
        }
    }
    cells
}

/// Moves the table from what `before` added to what `after` adds.
pub async fn shift(sql: &mut Sql, before: Option<&Claim>, after: &Claim) -> Result<(), Error> {
    let mut cells = shares(Some(after));
    for (cell, (pending, paid)) in shares(before) {
        let entry = cells.entry(cell).or_default();
        entry.0 -= pending;
        entry.1 -= paid;
    }
    cells.retain(|_, (pending, paid)| *pending != 0 || *paid != 0);
    let cells: Vec<_> = cells.into_iter().collect();
    for part in cells.chunks(100) {
        let text = format!(
            "INSERT INTO spend (dim, key, employee_id, entity_id, currency, category, month, pending_minor, paid_minor) \
             VALUES {} ON CONFLICT (dim, key, employee_id, entity_id, currency, category, month) DO UPDATE SET \
             pending_minor = spend.pending_minor + excluded.pending_minor, \
             paid_minor = spend.paid_minor + excluded.paid_minor",
            dialect::rows(part.len(), 9)
        );
        let values: Vec<Value> = part
            .iter()
            .flat_map(|(cell, (pending, paid))| {
                crate::args![
                    cell.dim,
                    &cell.key,
                    &cell.employee,
                    &cell.entity,
                    cell.currency,
                    &cell.category,
                    &cell.month,
                    *pending,
                    *paid
                ]
            })
            .collect();
        sql.run_built(text, values).await?;
    }
    Ok(())
}
