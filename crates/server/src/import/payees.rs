//! Rows about payee accounts: each is proposed, and somebody else confirms it. Numbers never leave by an export, so a
//! masked number is the account that is known.

use std::collections::HashMap;

use outlay_connect::tables::Table;
use outlay_core::ids::{EmployeeId, PayeeAccountId};
use outlay_core::payment::BankAccount;

use super::check::Verdict;
use super::fields::{Fields, Layout};
use super::organisation::Organisation;
use super::write::Write;
use crate::app::App;
use crate::args;
use crate::db::Sql;
use crate::error::Error;
use crate::payments::payee::{self, NewAccount};
use crate::people::stored;

/// Accounts that are active or proposed, of those whom a table names.
#[derive(Default)]
pub struct Payees(HashMap<EmployeeId, Vec<(BankAccount, String)>>);

impl Payees {
    /// Reads and opens them.
    pub async fn load(
        sql: &mut Sql,
        app: &App,
        organisation: &Organisation,
        table: &Table,
        layout: &Layout,
    ) -> Result<Payees, Error> {
        let mut all: HashMap<EmployeeId, Vec<(BankAccount, String)>> = HashMap::new();
        for row in &table.rows {
            let Some(employee) = organisation.person(layout.cell(row, "employee")).map(|e| e.id) else {
                continue;
            };
            if all.contains_key(&employee) {
                continue;
            }
            let found: Vec<(String, String, String)> = sql
                .all(
                    "SELECT id, sealed, last4 FROM payee_account WHERE employee_id = $1 AND state IN ('active', 'proposed')",
                    args![employee],
                )
                .await?;
            let mut known = Vec::new();
            for (id, sealed, last4) in found {
                let id: PayeeAccountId = stored(&id)?;
                known.push((payee::unseal(sql, app, employee, id, &sealed).await?, last4));
            }
            all.insert(employee, known);
        }
        Ok(Payees(all))
    }

    /// Decides a row; an account that is active or proposed already is left as it is.
    pub fn row(&self, organisation: &Organisation, fields: &mut Fields<'_>) -> Option<Verdict> {
        let employee = organisation.named(fields, "employee")?;
        let known = self.0.get(&employee).map(Vec::as_slice).unwrap_or_default();
        let number = fields.text("number");
        if let Some((_, end)) = number.rsplit_once('*') {
            if known.iter().any(|(_, last4)| last4 == end) {
                return Some(Verdict::Same);
            }
            fields.wrong("number", "masked");
            return None;
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
                return None;
            }
            Err(_) => {
                fields.wrong("number", "wrong");
                return None;
            }
        };
        let write = Write::Payee(employee, account.clone());
        Some(match known {
            [] => Verdict::Made(write),
            _ if known.iter().any(|(a, _)| *a == account) => Verdict::Same,
            _ => Verdict::Changed(write),
        })
    }
}
