//! Rows about payee accounts: each is proposed, and somebody else confirms it.

use outlay_core::ids::PayeeAccountId;

use super::fields::Fields;
use super::organisation::Organisation;
use crate::app::App;
use crate::args;
use crate::audit::actor_text;
use crate::auth::Permit;
use crate::crm::Change;
use crate::db::Sql;
use crate::error::Error;
use crate::payments::payee::{self, NewAccount};
use crate::people::stored;

/// Takes a row; an account that is active or proposed already is left as it is.
pub async fn row(
    sql: &mut Sql,
    app: &App,
    permit: &Permit,
    organisation: &Organisation,
    fields: &mut Fields<'_>,
) -> Result<Option<Change>, Error> {
    let Some(employee) = organisation.named(fields, "employee").filter(|_| fields.is_good()) else {
        return Ok(None);
    };
    let known: Vec<(String, String, String)> = sql
        .all(
            "SELECT id, sealed, last4 FROM payee_account WHERE employee_id = $1 AND state IN ('active', 'proposed')",
            args![employee],
        )
        .await?;
    let number = fields.text("number");
    if let Some((_, end)) = number.rsplit_once('*') {
        // As exported: the number is not in the file.
        if known.iter().any(|(_, _, last4)| last4 == end) {
            return Ok(Some(Change::Same));
        }
        fields.wrong("number", "masked");
        return Ok(None);
    }
    let new = NewAccount {
        holder: fields.text("holder").to_owned(),
        number: number.to_owned(),
        bank: fields.owned("bank"),
        bic: fields.owned("bic"),
        branch: fields.owned("branch"),
    };
    let account = match new.checked() {
        Ok(account) => account,
        Err(Error::Invalid(problems)) => {
            problems.into_iter().for_each(|p| fields.problem(p));
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    for (id, sealed, _) in &known {
        let id: PayeeAccountId = stored(id)?;
        if payee::unseal(sql, app, employee, id, sealed).await? == account {
            return Ok(Some(Change::Same));
        }
    }
    payee::propose_in(sql, app, permit, &actor_text(permit.actor()), employee, &account).await?;
    Ok(Some(if known.is_empty() {
        Change::Made
    } else {
        Change::Changed
    }))
}
