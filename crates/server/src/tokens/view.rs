//! Tokens as pages and API show them. Only their owner ever sees them.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use outlay_core::claim::{Actor, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::{Person, session};
use crate::clock::{moment, now};
use crate::db::Sql;
use crate::error::Error;

/// Most tokens in use by one person.
const MOST: i64 = 50;
/// Longest name, in characters.
const LONGEST: usize = 60;

/// A token, without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TokenView {
    /// Its id.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// Whether it may change anything, or only read.
    pub writes: bool,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// When it was last used, to the minute, RFC 3339.
    pub used_at: Option<String>,
    /// The first moment it is no longer taken, RFC 3339.
    pub expires_at: Option<String>,
    /// Whether that has come.
    pub expired: bool,
}

/// The tokens of whoever asks, newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TokensView {
    /// Those not revoked.
    pub tokens: Vec<TokenView>,
}

/// A token to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What to call it; 1 to 60 characters.
    pub name: String,
    /// Whether it may change anything.
    #[serde(default)]
    pub writes: bool,
    /// The last day it is taken (UTC); for ever if absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub expires_on: Option<Date>,
}

/// A token just made. The secret is told once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MadeToken {
    /// Its id.
    pub id: String,
    /// To be sent as `Authorization: Bearer SECRET`.
    pub secret: String,
}

type Row = (String, String, bool, i64, Option<i64>, Option<i64>);

/// The tokens of `person`.
pub async fn tokens(sql: &mut Sql, person: &Person) -> Result<TokensView, Error> {
    let rows: Vec<Row> = sql
        .all(
            "SELECT id, name, writes, created_at, used_at, expires_at FROM api_token \
             WHERE employee_id = $1 AND revoked_at IS NULL ORDER BY created_at DESC, id DESC",
            args![person.id()],
        )
        .await?;
    let at = now().as_microsecond();
    let text = |micros: i64| moment(micros).to_string();
    let tokens = rows
        .into_iter()
        .map(|(id, name, writes, created_at, used_at, expires_at)| TokenView {
            id,
            name,
            writes,
            created_at: text(created_at),
            used_at: used_at.map(text),
            expires_at: expires_at.map(text),
            expired: expires_at.is_some_and(|end| end <= at),
        })
        .collect();
    Ok(TokensView { tokens })
}

/// Makes a token for `person`.
pub async fn create(app: &App, person: &Person, new: NewToken) -> Result<MadeToken, Error> {
    let name = new.name.trim().to_owned();
    let mut problems = Vec::new();
    if name.is_empty() || name.chars().count() > LONGEST {
        problems.push(Problem::new("name", "token-name"));
    }
    let end = new.expires_on.map(end_of).transpose()?;
    if end.is_some_and(|end| end <= now().as_microsecond()) {
        problems.push(Problem::new("expires_on", "token-expires"));
    }
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let (id, secret, owner) = (
        Uuid::now_v7().to_string(),
        format!("out_{}", session::secret()),
        person.id(),
    );
    let (row, hash) = (id.clone(), session::digest(&secret));
    app.db
        .write(move |sql| {
            let (id, hash, name) = (row.clone(), hash.clone(), name.clone());
            Box::pin(async move {
                let (there,): (i64,) = sql
                    .one(
                        "SELECT COUNT(*) FROM api_token WHERE employee_id = $1 AND revoked_at IS NULL",
                        args![owner],
                    )
                    .await?;
                if there >= MOST {
                    return Err(Error::field("name", "token-many"));
                }
                sql.run(
                    "INSERT INTO api_token (id, employee_id, name, token_hash, writes, created_at, expires_at) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7)",
                    args![&id, owner, name, hash, new.writes, now().as_microsecond(), end],
                )
                .await?;
                audit::note(sql, &Actor::Employee(owner), "makeToken", &format!("token:{id}"), "").await
            })
        })
        .await?;
    Ok(MadeToken { id, secret })
}

/// The end of a day in UTC, in microseconds.
fn end_of(day: Date) -> Result<i64, Error> {
    let next = day.tomorrow().and_then(|next| next.to_zoned_datetime(TimeZone::UTC));
    Ok(next
        .map_err(|_| Error::field("expires_on", "token-expires"))?
        .timestamp()
        .as_microsecond())
}

/// Revokes a token of `person`; it is refused from now on.
pub async fn revoke(app: &App, person: &Person, id: String) -> Result<(), Error> {
    let owner = person.id();
    app.db
        .write(move |sql| {
            let id = id.clone();
            Box::pin(async move {
                let touched = sql
                    .run(
                        "UPDATE api_token SET revoked_at = $1 WHERE id = $2 AND employee_id = $3 AND revoked_at IS NULL",
                        args![now().as_microsecond(), &id, owner],
                    )
                    .await?;
                if touched == 0 {
                    return Err(Error::NotFound("token"));
                }
                audit::note(sql, &Actor::Employee(owner), "revokeToken", &format!("token:{id}"), "").await
            })
        })
        .await
}
