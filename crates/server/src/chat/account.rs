//! Whose account is whose: looked up by mail address, or by a mobile number that an administrator enters; believed only while that is
//! still theirs.

use outlay_connect::chat::{self, Chat, Contact};
use outlay_core::ids::EmployeeId;
use outlay_core::org::{Employee, Org};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ChatJob;
use super::config::Config;
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::clock::{moment, now};
use crate::db::Sql;
use crate::error::Error;
use crate::jobs::{self, NewJob};
use crate::people::stored;

/// Somebody's account in the chat.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AccountView {
    /// Which chat.
    pub kind: &'static str,
    /// Its id there, if they were found.
    pub account: Option<String>,
    /// The mobile number by which they are looked up; by their mail address if empty.
    pub mobile: String,
    /// When they were last looked up; RFC 3339.
    pub looked_at: Option<String>,
}

impl AccountView {
    /// When they were last looked up, to the minute in UTC.
    pub fn looked(&self) -> Option<String> {
        let at = self.looked_at.as_ref()?;
        Some(at.chars().take(16).collect::<String>().replace('T', " "))
    }
}

/// By what somebody is looked up.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMobile {
    /// A mobile number, with `+` and the country outside mainland China; empty to look them up by their mail address.
    pub mobile: String,
}

#[derive(serde::Deserialize)]
struct Row {
    mobile: String,
    contact: String,
    account: Option<String>,
    looked_at: Option<i64>,
}

async fn row(sql: &mut Sql, kind: &str, who: EmployeeId) -> Result<Option<Row>, Error> {
    Ok(sql
        .maybe(
            "SELECT mobile, contact, account, looked_at FROM chat_account WHERE kind = $1 AND employee_id = $2",
            args![kind, who],
        )
        .await?)
}

/// What somebody is looked up by.
fn contact(employee: &Employee, mobile: &str) -> String {
    if mobile.is_empty() {
        employee.email.to_lowercase()
    } else {
        mobile.to_owned()
    }
}

/// Somebody's account; none where no chat is connected.
pub async fn of(sql: &mut Sql, employee: &Employee) -> Result<Option<AccountView>, Error> {
    let mut kinds = chat::KINDS.iter();
    let kind = loop {
        match kinds.next() {
            Some(kind) if Config::load(sql, kind.code).await?.is_some() => break kind,
            Some(_) => {}
            None => return Ok(None),
        }
    };
    let row = row(sql, kind.code, employee.id).await?;
    Ok(Some(match row {
        Some(row) => AccountView {
            kind: kind.code,
            account: row.account.filter(|_| row.contact == contact(employee, &row.mobile)),
            mobile: row.mobile,
            looked_at: row.looked_at.map(|at| moment(at).to_string()),
        },
        None => AccountView {
            kind: kind.code,
            account: None,
            mobile: String::new(),
            looked_at: None,
        },
    }))
}

/// Who an account is; none if it is nobody's here, or of more than one.
pub async fn owner(sql: &mut Sql, org: &Org, kind: &str, account: &str) -> Result<Option<EmployeeId>, Error> {
    let rows: Vec<(String, String, String)> = sql
        .all(
            "SELECT employee_id, mobile, contact FROM chat_account WHERE kind = $1 AND account = $2",
            args![kind, account],
        )
        .await?;
    let mut found = Vec::new();
    for (id, mobile, by) in rows {
        let employee = org.employee(stored(&id)?).filter(|e| e.active);
        found.extend(employee.filter(|e| contact(e, &mobile) == by).map(|e| e.id));
    }
    Ok(match found.as_slice() {
        [one] => Some(*one),
        _ => None,
    })
}

/// Somebody's account as it is known, else as the chat knows it; what it said is kept.
pub async fn find(
    app: &App,
    kind: &str,
    way: &dyn Chat,
    employee: &Employee,
    anew: bool,
) -> Result<Option<String>, Error> {
    let known = row(&mut app.db.read(), kind, employee.id).await?;
    let mobile = known.as_ref().map(|r| r.mobile.clone()).unwrap_or_default();
    let by = contact(employee, &mobile);
    if let Some(account) = known.filter(|r| r.contact == by && !anew).and_then(|r| r.account) {
        return Ok(Some(account));
    }
    let wanted = Contact {
        email: &employee.email,
        mobile: Some(mobile.as_str()).filter(|m| !m.is_empty()),
    };
    let account = way.find(&wanted).await?;
    let (kind, who, found) = (kind.to_owned(), employee.id, account.clone());
    app.db
        .write(move |sql| {
            let (kind, mobile, by, found) = (kind.clone(), mobile.clone(), by.clone(), found.clone());
            Box::pin(async move {
                sql.run(
                    "INSERT INTO chat_account (kind, employee_id, mobile, contact, account, looked_at) \
                     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (kind, employee_id) DO UPDATE SET \
                     contact = excluded.contact, account = excluded.account, looked_at = excluded.looked_at",
                    args![kind, who, mobile, by, found, now().as_microsecond()],
                )
                .await?;
                Ok(())
            })
        })
        .await?;
    Ok(account)
}

/// Says by which mobile number somebody is looked up, and has them looked up.
pub async fn set_mobile(sql: &mut Sql, permit: &Permit, who: EmployeeId, new: &NewMobile) -> Result<(), Error> {
    let mobile: String = new.mobile.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let digits = mobile.strip_prefix('+').unwrap_or(&mobile);
    let is_number = (6..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if !(mobile.is_empty() || is_number) {
        return Err(Error::field("mobile", "not-a-phone"));
    }
    let config = Config::active(sql).await?.ok_or(Error::NotFound("chat"))?;
    let at = now().as_microsecond();
    sql.run(
        "INSERT INTO chat_account (kind, employee_id, mobile, contact, account, looked_at) \
         VALUES ($1, $2, $3, '', NULL, NULL) ON CONFLICT (kind, employee_id) DO UPDATE SET \
         mobile = excluded.mobile, contact = '', account = NULL, looked_at = NULL",
        args![config.kind.code, who, mobile],
    )
    .await?;
    let job = NewJob {
        kind: "chat",
        key: format!("chat-find:{who}:{at}"),
        ordering: Some(format!("chat-find:{who}")),
    };
    jobs::enqueue(sql, job, &ChatJob::Find(who)).await?;
    audit::note(sql, permit.actor(), permit.action(), &format!("employee:{who}"), "chat").await
}
