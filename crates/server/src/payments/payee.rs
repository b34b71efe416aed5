//! Payee accounts (收款账户): sealed for their owner, changed only with a second person, never overwritten.

use outlay_core::claim::{Actor, Problem};
use outlay_core::ids::{EmployeeId, PayeeAccountId};
use outlay_core::payment::BankAccount;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::{Action, Permit, Resource, Visitor};
use crate::clock::{moment, now};
use crate::db::Sql;
use crate::error::Error;
use crate::people::stored;

const PURPOSE: &str = "payee";

fn about(id: PayeeAccountId) -> String {
    format!("payee account {id}")
}

/// Seals an account for its owner, within the transaction that stores it.
pub async fn seal(
    sql: &mut Sql,
    app: &App,
    owner: EmployeeId,
    id: PayeeAccountId,
    account: &BankAccount,
) -> Result<String, Error> {
    let key = app.vault.subject(sql, &owner.to_string(), PURPOSE).await?;
    key.seal(&about(id), &serde_json::to_vec(account)?)
}

/// Opens a sealed account.
pub async fn unseal(
    sql: &mut Sql,
    app: &App,
    owner: EmployeeId,
    id: PayeeAccountId,
    sealed: &str,
) -> Result<BankAccount, Error> {
    let key = app.vault.known(sql, &owner.to_string(), PURPOSE).await?;
    let key = key.ok_or(Error::NotFound("payee account"))?;
    Ok(serde_json::from_slice(&key.open(&about(id), sealed)?)?)
}

/// A bank account as it comes in. Blank texts count as absent.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// Whose it is, as the bank knows them.
    #[serde(default)]
    pub holder: String,
    /// An IBAN, or a Chinese account or card number; spaces are ignored.
    #[serde(default)]
    pub number: String,
    /// The bank with its branch.
    #[serde(default)]
    pub bank: Option<String>,
    /// BIC, 8 or 11 characters.
    #[serde(default)]
    pub bic: Option<String>,
    /// The branch's number in China's clearing system, 12 digits.
    #[serde(default)]
    pub branch: Option<String>,
}

impl NewAccount {
    /// As a bank account: a number that begins with letters is an IBAN. [`Error::Invalid`] names what is wrong.
    pub fn checked(&self) -> Result<BankAccount, Error> {
        use outlay_core::payment::Scheme;
        let iban = self.number.trim_start().starts_with(|c: char| c.is_alphabetic());
        let account = BankAccount {
            holder: self.holder.clone(),
            scheme: if iban { Scheme::Iban } else { Scheme::Cn },
            number: self.number.clone(),
            bank: self.bank.clone(),
            bic: self.bic.clone(),
            branch: self.branch.clone(),
        }
        .tidy();
        let mut problems = account.problems();
        if account.number.is_empty() {
            problems.retain(|p| p.field != "number");
            problems.push(Problem::new("number", "missing"));
        }
        if problems.is_empty() {
            Ok(account)
        } else {
            Err(Error::Invalid(problems))
        }
    }
}

/// An account without its number.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AccountView {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: PayeeAccountId,
    /// Whose it is.
    #[schema(value_type = Uuid)]
    pub employee: EmployeeId,
    /// Their name.
    pub employee_name: String,
    /// `proposed`, `active`, `replaced`, `refused`, `withdrawn`.
    pub state: String,
    /// The last characters of the number.
    pub last4: String,
    /// Who proposed it.
    pub proposed_by: String,
    /// When, RFC 3339.
    pub proposed_at: String,
    /// Who confirmed or refused it.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<String>,
    /// Whether the reader may confirm or refuse it: the second person.
    pub may_decide: bool,
}

/// An account with its number, for the second person alone.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FullAccount {
    /// All but the number.
    #[serde(flatten)]
    pub account: AccountView,
    /// Whose it is, as the bank knows them.
    pub holder: String,
    /// The number.
    pub number: String,
    /// The bank.
    pub bank: Option<String>,
    /// Its BIC.
    pub bic: Option<String>,
    /// Its clearing number.
    pub branch: Option<String>,
    /// What may be wrong with it: stable codes by field.
    #[schema(value_type = Vec<Object>)]
    pub doubts: Vec<Problem>,
}

#[derive(serde::Deserialize)]
struct Row {
    id: String,
    employee_id: String,
    employee_name: String,
    sealed: String,
    state: String,
    last4: String,
    proposed_by: String,
    proposer: Option<String>,
    proposed_at: i64,
    decider: Option<String>,
    decided_at: Option<i64>,
}

impl Row {
    fn view(&self, app: &App, visitor: &Visitor) -> Result<AccountView, Error> {
        let employee: EmployeeId = stored(&self.employee_id)?;
        let me = visitor.person.id();
        let may = app
            .rights
            .may(&visitor.person, Action::ConfirmPayee, &Resource::Person(employee));
        Ok(AccountView {
            id: stored(&self.id)?,
            employee,
            employee_name: self.employee_name.clone(),
            state: self.state.clone(),
            last4: self.last4.clone(),
            proposed_by: self.proposer.clone().unwrap_or_else(|| self.proposed_by.clone()),
            proposed_at: moment(self.proposed_at).to_string(),
            decided_by: self.decider.clone(),
            decided_at: self.decided_at.map(|at| moment(at).to_string()),
            may_decide: self.state == "proposed" && may && me != employee && me.to_string() != self.proposed_by,
        })
    }
}

const SELECT: &str = "SELECT a.id, a.employee_id, e.name AS employee_name, a.sealed, a.state, a.last4, a.proposed_by, \
    p.name AS proposer, a.proposed_at, d.name AS decider, a.decided_at FROM payee_account a \
    JOIN employee e ON e.id = a.employee_id LEFT JOIN employee p ON p.id = a.proposed_by \
    LEFT JOIN employee d ON d.id = a.decided_by";

async fn row(sql: &mut Sql, id: PayeeAccountId) -> Result<Row, Error> {
    let mut rows: Vec<Row> = sql.all_built(format!("{SELECT} WHERE a.id = $1"), args![id]).await?;
    rows.pop().ok_or(Error::NotFound("payee account"))
}

/// Whose an account is.
pub async fn owner(sql: &mut Sql, id: PayeeAccountId) -> Result<EmployeeId, Error> {
    stored(&row(sql, id).await?.employee_id)
}

/// Accounts of somebody, newest first; numbers masked.
pub async fn of_employee(
    sql: &mut Sql,
    app: &App,
    visitor: &Visitor,
    employee: EmployeeId,
) -> Result<Vec<AccountView>, Error> {
    visitor.permit(app, Action::ReadPerson, &Resource::Person(employee))?;
    let text = format!("{SELECT} WHERE a.employee_id = $1 ORDER BY a.proposed_at DESC, a.id DESC LIMIT 50");
    let rows: Vec<Row> = sql.all_built(text, args![employee]).await?;
    rows.iter().map(|r| r.view(app, visitor)).collect()
}

/// Accounts that wait for a second person, oldest first; those whose owner the reader may not judge are left out.
pub async fn waiting(sql: &mut Sql, app: &App, visitor: &Visitor) -> Result<Vec<AccountView>, Error> {
    let text = format!("{SELECT} WHERE a.state = 'proposed' ORDER BY a.proposed_at, a.id LIMIT 500");
    let rows: Vec<Row> = sql.all_built(text, vec![]).await?;
    let mut seen = Vec::new();
    for row in &rows {
        let owner = stored(&row.employee_id)?;
        if app
            .rights
            .may(&visitor.person, Action::ConfirmPayee, &Resource::Person(owner))
        {
            seen.push(row.view(app, visitor)?);
        }
    }
    Ok(seen)
}

/// The whole account, for the second person; each reading is audited.
pub async fn reveal(app: &std::sync::Arc<App>, visitor: &Visitor, id: PayeeAccountId) -> Result<FullAccount, Error> {
    let (app, visitor) = (app.clone(), visitor.clone());
    let shared = app.clone();
    app.db
        .write(move |sql| {
            let (app, visitor) = (shared.clone(), visitor.clone());
            Box::pin(async move {
                let row = row(sql, id).await?;
                let view = row.view(&app, &visitor)?;
                if !view.may_decide {
                    return Err(Error::Forbidden(Action::ConfirmPayee.code().to_owned()));
                }
                let account = unseal(sql, &app, view.employee, id, &row.sealed).await?;
                audit::note(
                    sql,
                    &visitor.person.actor(),
                    "readPayeeAccount",
                    &format!("payee_account:{id}"),
                    "",
                )
                .await?;
                let mut doubts = account.doubts();
                let fold = outlay_core::evidence::fold_name;
                if fold(&account.holder) != fold(&view.employee_name) {
                    doubts.push(Problem::new("holder", "other-holder").with("name", &view.employee_name));
                }
                Ok(FullAccount {
                    account: view,
                    holder: account.holder,
                    number: account.number,
                    bank: account.bank,
                    bic: account.bic,
                    branch: account.branch,
                    doubts,
                })
            })
        })
        .await
}

/// Proposes an account; one that waits already is withdrawn for it. `permit` is to [`Action::ProposePayee`].
pub async fn propose(
    app: &std::sync::Arc<App>,
    permit: &Permit,
    employee: EmployeeId,
    new: &NewAccount,
) -> Result<PayeeAccountId, Error> {
    let account = new.checked()?;
    let by = permit
        .actor()
        .employee()
        .ok_or_else(|| Error::Forbidden(permit.action().to_owned()))?;
    let (shared, permit) = (app.clone(), permit.clone());
    let id = app
        .db
        .write(move |sql| {
            let (app, permit, account) = (shared.clone(), permit.clone(), account.clone());
            Box::pin(async move {
                let known: Option<(String,)> = sql
                    .maybe("SELECT id FROM employee WHERE id = $1", args![employee])
                    .await?;
                known.ok_or(Error::NotFound("employee"))?;
                propose_in(sql, &app, &permit, &by.to_string(), employee, &account).await
            })
        })
        .await?;
    app.live.wake();
    Ok(id)
}

/// As [`propose`], within a transaction that does more; `by` proposes, and may not confirm it.
pub async fn propose_in(
    sql: &mut Sql,
    app: &App,
    permit: &Permit,
    by: &str,
    employee: EmployeeId,
    account: &BankAccount,
) -> Result<PayeeAccountId, Error> {
    let (id, at) = (PayeeAccountId(Uuid::now_v7()), now().as_microsecond());
    sql.run(
        "UPDATE payee_account SET state = 'withdrawn', decided_at = $1 WHERE employee_id = $2 AND state = 'proposed'",
        args![at, employee],
    )
    .await?;
    let sealed = seal(sql, app, employee, id, account).await?;
    sql.run(
        "INSERT INTO payee_account (id, employee_id, sealed, last4, state, proposed_by, proposed_at) \
         VALUES ($1, $2, $3, $4, 'proposed', $5, $6)",
        args![id, employee, sealed, account.last4(), by, at],
    )
    .await?;
    audit::note(
        sql,
        permit.actor(),
        permit.action(),
        &format!("payee_account:{id}"),
        "proposed",
    )
    .await?;
    Ok(id)
}

/// Takes one's own proposal back.
pub async fn withdraw(app: &std::sync::Arc<App>, permit: &Permit, employee: EmployeeId) -> Result<(), Error> {
    let permit = permit.clone();
    app.db
        .write(move |sql| {
            let permit = permit.clone();
            Box::pin(async move {
                let touched = sql
                    .run(
                        "UPDATE payee_account SET state = 'withdrawn', decided_at = $1 WHERE employee_id = $2 AND state = 'proposed'",
                        args![now().as_microsecond(), employee],
                    )
                    .await?;
                if touched == 0 {
                    return Err(Error::Conflict);
                }
                audit::note(sql, permit.actor(), permit.action(), &format!("employee:{employee}"), "withdrawn").await
            })
        })
        .await
}

/// What the second person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It becomes active, and the one active before is kept as replaced.
    Confirm,
    /// It never becomes active.
    Refuse,
}

/// Confirms or refuses a proposal, as somebody who is neither its owner nor its proposer.
pub async fn decide(
    app: &std::sync::Arc<App>,
    visitor: &Visitor,
    id: PayeeAccountId,
    verdict: Verdict,
) -> Result<(), Error> {
    let (shared, visitor) = (app.clone(), visitor.clone());
    app.db
        .write(move |sql| {
            let (app, visitor) = (shared.clone(), visitor.clone());
            Box::pin(async move { decide_in(sql, &app, &visitor, id, verdict).await })
        })
        .await?;
    app.live.wake();
    Ok(())
}

async fn decide_in(
    sql: &mut Sql,
    app: &App,
    visitor: &Visitor,
    id: PayeeAccountId,
    verdict: Verdict,
) -> Result<(), Error> {
    let row = row(sql, id).await?;
    let owner: EmployeeId = stored(&row.employee_id)?;
    let permit = visitor.permit(app, Action::ConfirmPayee, &Resource::Person(owner))?;
    let me = visitor.person.id();
    if me == owner || me.to_string() == row.proposed_by {
        return Err(Error::Forbidden(Action::ConfirmPayee.code().to_owned()));
    }
    let at = now().as_microsecond();
    let (state, word) = match verdict {
        Verdict::Confirm => ("active", "confirmed"),
        Verdict::Refuse => ("refused", "refused"),
    };
    if verdict == Verdict::Confirm {
        sql.run(
            "UPDATE payee_account SET state = 'replaced' WHERE employee_id = $1 AND state = 'active'",
            args![owner],
        )
        .await?;
    }
    let touched = sql
        .run(
            "UPDATE payee_account SET state = $1, decided_by = $2, decided_at = $3 WHERE id = $4 AND state = 'proposed'",
            args![state, me, at, id],
        )
        .await?;
    if touched == 0 {
        return Err(Error::Conflict);
    }
    let actor: &Actor = permit.actor();
    audit::note(sql, actor, permit.action(), &format!("payee_account:{id}"), word).await
}
