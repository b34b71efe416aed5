//! The spend table: what each customer, deal, project, department and entity costs, kept by the commit.

use std::collections::BTreeMap;

use outlay_core::claim::Claim;

use crate::db::{Sql, Value, dialect};
use crate::error::Error;

/// (dimension, key, entity, category, month); an empty category is the sum over all.
type Cell = (&'static str, String, String, String, String);

/// What a claim adds to each cell: pending and paid, in minor units of the claim's currency.
fn shares(claim: Option<&Claim>) -> BTreeMap<Cell, (i64, i64)> {
    let mut cells: BTreeMap<Cell, (i64, i64)> = BTreeMap::new();
    let Some(claim) = claim else { return cells };
    let status = claim.status();
    if !status.is_pending() && !status.is_paid() {
        return cells;
    }
    let entity = claim.content.entity.to_string();
    for line in &claim.content.lines {
        let month = line.incurred_on.strftime("%Y-%m").to_string();
        for allocation in &line.allocations {
            let keys = [
                ("account", allocation.account.map(|k| k.to_string())),
                ("deal", allocation.deal.map(|k| k.to_string())),
                ("project", allocation.project.map(|k| k.to_string())),
                ("department", Some(claim.content.department.to_string())),
                ("entity", Some(entity.clone())),
            ];
            for (dim, key) in keys {
                let Some(key) = key else { continue };
                for category in [line.category.as_str(), ""] {
                    let cell = cells
                        .entry((dim, key.clone(), entity.clone(), category.to_owned(), month.clone()))
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
    let currency = after.content.currency.code();
    let cells: Vec<_> = cells.into_iter().collect();
    for part in cells.chunks(100) {
        let text = format!(
            "INSERT INTO spend (dim, key, entity_id, currency, category, month, pending_minor, paid_minor) VALUES {} \
             ON CONFLICT (dim, key, entity_id, currency, category, month) DO UPDATE SET \
             pending_minor = spend.pending_minor + excluded.pending_minor, \
             paid_minor = spend.paid_minor + excluded.paid_minor",
            dialect::rows(part.len(), 8)
        );
        let values: Vec<Value> = part
            .iter()
            .flat_map(|((dim, key, entity, category, month), (pending, paid))| {
                crate::args![*dim, key, entity, currency, category, month, *pending, *paid]
            })
            .collect();
        sql.run_built(text, values).await?;
    }
    Ok(())
}
