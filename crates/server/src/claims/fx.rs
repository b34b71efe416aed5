//! Published exchange rates.

use jiff::civil::Date;
use outlay_core::Currency;
use outlay_core::claim::Rate;

use crate::args;
use crate::db::Sql;
use crate::error::Error;
use crate::people::stored;

/// The rate from `base` to `quote` that was published last, on `on` or before.
pub async fn latest(sql: &mut Sql, base: Currency, quote: Currency, on: Date) -> Result<Option<Rate>, Error> {
    let row: Option<(String, String, String)> = sql
        .maybe(
            "SELECT value, source, published_on FROM fx_rate WHERE base = $1 AND quote = $2 AND published_on <= $3 \
             ORDER BY published_on DESC LIMIT 1",
            args![base.code(), quote.code(), on],
        )
        .await?;
    row.map(|(value, source, on)| {
        Ok(Rate {
            value: stored(&value)?,
            source,
            on: stored(&on)?,
        })
    })
    .transpose()
}
