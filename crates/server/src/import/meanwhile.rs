//! Whether a row is still what was looked at. Between the look at a file and its writing somebody may change what it is
//! about; such a row is left as it is and told, never overwritten.

use std::collections::{BTreeSet, HashMap};

use sha2::{Digest, Sha256};

use super::export;
use super::kind::Kind;
use crate::db::{Sql, dialect};
use crate::error::Error;

/// A hash of what is stored for a row; zeros for nothing.
pub type Mark = [u8; 8];

/// The code of the problem of a row that somebody changed.
pub const CODE: &str = "changed-meanwhile";

/// Between the parts of a key.
pub const PART_END: &str = "\u{1f}";

/// The mark of what is stored for a row, as an export writes it.
pub fn mark(stored: Option<&[String]>) -> Mark {
    let mut mark = Mark::default();
    if let Some(cells) = stored {
        mark.copy_from_slice(&Sha256::digest(cells.join(PART_END))[..8]);
    }
    mark
}

/// The marks of a file's rows when it was looked at, in their order.
#[derive(Debug, Clone, Default)]
pub struct Seen(Vec<Mark>);

impl Seen {
    /// Of a file with so many rows.
    pub fn of(rows: usize) -> Seen {
        Seen(vec![Mark::default(); rows])
    }

    /// Notes what was stored for the row at a position.
    pub fn note(&mut self, at: usize, mark: Mark) {
        self.0[at] = mark;
    }

    /// Whether the row at a position was seen as this.
    pub fn is(&self, at: usize, mark: Mark) -> bool {
        self.0.get(at) == Some(&mark)
    }

    /// To be kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.concat()
    }

    /// As it was kept.
    pub fn from_bytes(bytes: &[u8]) -> Seen {
        Seen(bytes.as_chunks().0.to_vec())
    }
}

/// Where rows of a kind are stored: the table; of the key's columns the one that tells most, and what it is in the
/// kind's query. Proposals of payee accounts overwrite nothing.
fn home(kind: Kind) -> Option<(&'static str, &'static str, &'static str)> {
    Some(match kind {
        Kind::Entities => ("legal_entity", "code", "code"),
        Kind::CostCenters => ("cost_center", "code", "c.code"),
        Kind::Departments => ("department", "code", "d.code"),
        Kind::People => ("employee", "number", "number"),
        Kind::Assignments => ("assignment", "employee", "e.number"),
        Kind::Managers => ("department", "department", "d.code"),
        Kind::Roles => ("role_grant", "employee", "e.number"),
        Kind::PayeeAccounts => return None,
        Kind::CrmUsers => ("crm_user", "crm_user", "u.external_id"),
        Kind::Accounts => ("account", "id", "r.external_id"),
        Kind::Contacts => ("contact", "id", "r.external_id"),
        Kind::Deals => ("deal", "id", "r.external_id"),
        Kind::Projects => ("project", "id", "r.external_id"),
        Kind::Orders => ("sales_order", "id", "r.external_id"),
        Kind::Visits => ("activity", "id", "r.external_id"),
        Kind::FxRates => ("fx_rate", "on", "published_on"),
    })
}

/// The column of which a changed row is told.
pub fn column(kind: Kind) -> &'static str {
    home(kind).map_or(kind.columns()[0].code, |(_, column, _)| column)
}

/// The key of a row as it is stored.
pub fn stored_key(kind: Kind, cells: &[String]) -> String {
    let columns = kind.columns().iter().zip(cells).filter(|(column, _)| column.key);
    columns
        .map(|(_, cell)| cell.as_str())
        .collect::<Vec<_>>()
        .join(PART_END)
}

/// The marks of what is stored now for rows with these keys; within a transaction, to whose end nobody else changes any.
pub async fn stored(sql: &mut Sql, kind: Kind, keys: &[&str]) -> Result<HashMap<String, Mark>, Error> {
    let Some((table, column, expression)) = home(kind) else {
        return Ok(HashMap::new());
    };
    dialect::keep_others_out(sql, table).await?;
    let key_columns = kind.columns().iter().filter(|c| c.key);
    let nth = key_columns.take_while(|c| c.code != column).count();
    let wanted: BTreeSet<&str> = keys.iter().filter_map(|key| key.split(PART_END).nth(nth)).collect();
    let rows = export::rows_of(sql, kind, expression, wanted.into_iter()).await?;
    Ok(rows
        .into_iter()
        .map(|cells| (stored_key(kind, &cells), mark(Some(&cells))))
        .collect())
}
