//! Files for the bank, always rendered from the same rows, so that each download of a batch is the same.

use std::sync::Arc;

use outlay_core::Money;
use outlay_core::ids::BatchId;
use outlay_core::payment::{Batch, Payment, PaymentError, columns, pain001};

use super::{debtor, payee, store};
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::clock::moment;
use crate::db::Sql;
use crate::error::Error;
use crate::people::stored;

/// What stands in a file that has room for a note.
const UNTESTED: &str = "<!-- untested with a bank / 未经银行实测 -->";

/// The kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// ISO 20022 pain.001.001.09.
    Pain001,
    /// The column template that comes with Outlay.
    Table,
}

/// A refused batch, with the words of its fields.
pub fn refused(error: PaymentError) -> Error {
    Error::Invalid(error.problems)
}

#[derive(serde::Deserialize)]
struct Head {
    number: String,
    account_id: String,
    currency: String,
    execute_on: String,
    created_at: i64,
    entity_name: String,
}

#[derive(serde::Deserialize)]
struct Row {
    end_to_end_id: String,
    minor: i64,
    claim: String,
    account_id: String,
    employee_id: String,
    sealed: String,
}

/// A batch with all accounts opened; for the file alone.
pub async fn load(sql: &mut Sql, app: &App, id: BatchId) -> Result<Batch, Error> {
    let head: Option<Head> = sql
        .maybe(
            "SELECT b.number, b.account_id, b.currency, b.execute_on, b.created_at, l.name AS entity_name FROM payment_batch b \
             JOIN legal_entity l ON l.id = b.entity_id WHERE b.id = $1",
            args![id],
        )
        .await?;
    let head = head.ok_or(Error::NotFound("batch"))?;
    let rows: Vec<Row> = sql
        .all(
            "SELECT p.end_to_end_id, p.minor, c.number AS claim, p.account_id, a.employee_id, a.sealed FROM payment p \
             JOIN claim c ON c.id = p.claim_id JOIN payee_account a ON a.id = p.account_id \
             WHERE p.batch_id = $1 ORDER BY p.end_to_end_id",
            args![id],
        )
        .await?;
    let currency = store::currency(&head.currency)?;
    let mut payments = Vec::with_capacity(rows.len());
    for row in rows {
        let (owner, account) = (stored(&row.employee_id)?, stored(&row.account_id)?);
        payments.push(Payment {
            creditor: payee::unseal(sql, app, owner, account, &row.sealed).await?,
            amount: Money::new(row.minor, currency),
            remittance: format!("{} {}", row.claim, head.entity_name),
            end_to_end_id: row.end_to_end_id,
        });
    }
    Ok(Batch {
        message_id: head.number,
        created_at: moment(head.created_at),
        debtor: debtor::load(sql, app, stored(&head.account_id)?).await?,
        execute_on: stored(&head.execute_on)?,
        currency,
        payments,
    })
}

/// The file's bytes; each reading is audited, since it holds account numbers.
pub async fn render(app: &Arc<App>, permit: &Permit, id: BatchId, format: Format) -> Result<Vec<u8>, Error> {
    let (shared, permit) = (app.clone(), permit.clone());
    let batch = app
        .db
        .write(move |sql| {
            let (app, permit) = (shared.clone(), permit.clone());
            Box::pin(async move {
                let batch = load(sql, &app, id).await?;
                let resource = format!("batch:{}", batch.message_id);
                audit::note(sql, permit.actor(), permit.action(), &resource, "file read").await?;
                Ok(batch)
            })
        })
        .await?;
    match format {
        Format::Pain001 => {
            let xml = pain001::render(&batch).map_err(refused)?;
            let (declaration, rest) = xml.split_once("?>").unwrap_or(("", &xml));
            Ok(format!("{declaration}?>\n{UNTESTED}{rest}").into_bytes())
        }
        Format::Table => {
            let template = columns::Template::from_yaml(columns::CN_BATCH).map_err(|e| Error::Broken(e.to_string()))?;
            let text = columns::render(&batch, &template).map_err(refused)?;
            Ok(match template.encoding {
                columns::Encoding::Utf8Bom => format!("\u{feff}{text}").into_bytes(),
                columns::Encoding::Utf8 => text.into_bytes(),
                columns::Encoding::Gb18030 => encoding_rs::GB18030.encode(&text).0.into_owned(),
            })
        }
    }
}
