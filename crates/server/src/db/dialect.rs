//! What must differ between the two databases, once.

use super::{Sql, Value};
use crate::error::Error;

/// The end of a query that takes jobs: other workers' rows are passed over on PostgreSQL; SQLite has one writer.
pub fn skip_locked(sql: &Sql) -> &'static str {
    if sql.is_postgres() {
        " FOR UPDATE SKIP LOCKED"
    } else {
        ""
    }
}

/// Until the end of the transaction nobody else writes to `table`, a name of ours; with SQLite nobody else writes anyway.
pub async fn keep_others_out(sql: &mut Sql, table: &'static str) -> Result<(), Error> {
    if sql.is_postgres() {
        let text = format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE");
        sql.run_built(text, vec![]).await?;
    }
    Ok(())
}

/// `($1, $2), ($3, $4) …` for a bulk insert of `rows` rows of `width` values.
pub fn rows(rows: usize, width: usize) -> String {
    let mut text = String::with_capacity(rows * width * 5);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..width {
            if column > 0 {
                text.push_str(", ");
            }
            text.push('$');
            text.push_str(&(row * width + column + 1).to_string());
        }
        text.push(')');
    }
    text
}

/// `$n, $n+1, …` for an IN list of `count` values, the first being `$first`.
pub fn list(first: usize, count: usize) -> String {
    (first..first + count)
        .map(|n| format!("${n}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A condition to stand after a column of TEXT: that it is among [`texts`], bound to `$n`.
pub fn among(sql: &Sql, n: usize) -> String {
    if sql.is_postgres() {
        format!("= ANY (ARRAY(SELECT json_array_elements_text(CAST(${n} AS JSON))))")
    } else {
        format!("IN (SELECT value FROM json_each(${n}))")
    }
}

/// Any number of texts in one value, for [`among`]. One that no database stores is refused as any other such value is.
pub fn texts<'t>(all: impl IntoIterator<Item = &'t str>) -> Value {
    let all: Vec<&str> = all.into_iter().collect();
    if all.iter().any(|text| text.contains('\0')) {
        return Value::from("\0");
    }
    Value::from(serde_json::Value::from(all).to_string())
}
