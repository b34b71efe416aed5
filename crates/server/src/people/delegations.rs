//! Who may act for whom while they are away (委托代理).

use outlay_core::flow::Delegation;
use outlay_core::{Currency, Money};

use super::{maybe, stored};
use crate::args;
use crate::db::Sql;
use crate::error::Error;

#[derive(serde::Deserialize)]
pub(super) struct Row {
    pub(super) from_id: String,
    pub(super) to_id: String,
    pub(super) since: String,
    pub(super) until: String,
    pub(super) entity_id: Option<String>,
    pub(super) at_most_minor: Option<i64>,
    pub(super) currency: Option<String>,
}

impl Row {
    pub(super) fn read(self) -> Result<Delegation, Error> {
        let currency = self.currency.as_deref().map(Currency::parse).transpose();
        let currency = currency.map_err(|e| Error::Broken(e.to_string()))?;
        Ok(Delegation {
            from: stored(&self.from_id)?,
            to: stored(&self.to_id)?,
            since: stored(&self.since)?,
            until: stored(&self.until)?,
            entity: maybe(self.entity_id)?,
            at_most: self.at_most_minor.zip(currency).map(|(minor, c)| Money::new(minor, c)),
        })
    }
}

/// All that were not taken back and have not long ended.
pub async fn all(sql: &mut Sql) -> Result<Vec<Delegation>, Error> {
    let yesterday = crate::clock::day(crate::clock::now(), "UTC").yesterday();
    let yesterday = yesterday.map_err(|e| Error::Broken(e.to_string()))?;
    let rows: Vec<Row> = sql
        .all(
            "SELECT from_id, to_id, since, until, entity_id, at_most_minor, currency FROM delegation \
             WHERE ended_at IS NULL AND until >= $1 ORDER BY created_at, id",
            args![yesterday],
        )
        .await?;
    rows.into_iter().map(Row::read).collect()
}
