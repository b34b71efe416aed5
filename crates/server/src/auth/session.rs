//! Logging in and out: server-side sessions by a random cookie, personal tokens for the API, and a limit on tries.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use outlay_core::ids::EmployeeId;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::args;
use crate::auth::password;
use crate::clock::now;
use crate::db::Sql;
use crate::error::Error;

/// Name of the session cookie.
pub const COOKIE: &str = "outlay_session";
/// How long a session lasts.
pub const LASTS: Duration = Duration::from_secs(7 * 24 * 3600);

/// A new secret for a cookie or token: 256 random bits in base64url.
pub fn secret() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// What is stored of a secret.
pub fn digest(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// Checks mail address and password and begins a session; the secret for its cookie. Every failure looks the same.
pub async fn log_in(app: &App, email: &str, password: &str, from: &str) -> Result<String, Error> {
    let email = email.trim().to_lowercase();
    app.limiter.check(&[&format!("from {from}"), &format!("to {email}")])?;
    let row: Option<(String, String)> = app
        .db
        .read()
        .maybe(
            "SELECT e.id, p.hash FROM employee e JOIN password p ON p.employee_id = e.id WHERE e.email = $1 AND e.active = $2",
            args![&email, true],
        )
        .await?;
    let (id, hash) = row.unzip();
    let good = password::verify(password.to_owned(), hash).await?;
    let Some(id) = id.filter(|_| good) else {
        app.limiter.failed(&[&format!("from {from}"), &format!("to {email}")]);
        return Err(Error::field("password", "wrong"));
    };
    app.limiter.succeeded(&format!("to {email}"));
    let id: EmployeeId = id.parse().map_err(|_| Error::Broken("employee id".into()))?;
    begin(app, id).await
}

/// Begins a session for an employee.
pub async fn begin(app: &App, id: EmployeeId) -> Result<String, Error> {
    let secret = secret();
    let hash = digest(&secret);
    let at = now().as_microsecond();
    let until = at + i64::try_from(LASTS.as_micros()).unwrap_or(i64::MAX);
    app.db
        .write(move |sql| {
            let hash = hash.clone();
            Box::pin(async move {
                sql.run(
                    "INSERT INTO session (token_hash, employee_id, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $3, $4)",
                    args![hash, id, at, until],
                )
                .await?;
                sql.run("DELETE FROM session WHERE expires_at < $1", args![at]).await?;
                crate::audit::note(sql, &outlay_core::claim::Actor::Employee(id), "logIn", "session", "").await
            })
        })
        .await?;
    Ok(secret)
}

/// Ends the session behind a cookie.
pub async fn log_out(app: &App, secret: &str) -> Result<(), Error> {
    let hash = digest(secret);
    app.db
        .write(move |sql| {
            let hash = hash.clone();
            Box::pin(async move {
                sql.run("DELETE FROM session WHERE token_hash = $1", args![hash])
                    .await?;
                Ok(())
            })
        })
        .await
}

/// The employee behind a session cookie.
pub async fn by_cookie(sql: &mut Sql, secret: &str) -> Result<Option<EmployeeId>, Error> {
    let row: Option<(String,)> = sql
        .maybe(
            "SELECT employee_id FROM session WHERE token_hash = $1 AND expires_at > $2",
            args![digest(secret), now().as_microsecond()],
        )
        .await?;
    Ok(row.and_then(|(id,)| id.parse().ok()))
}

/// A personal API token in use.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Token {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub employee_id: String,
    /// Whether it may change anything.
    pub writes: bool,
    /// When it was last used, in microseconds.
    pub used_at: Option<i64>,
}

/// The token behind its secret, unless it is revoked or has expired.
pub async fn token(sql: &mut Sql, secret: &str) -> Result<Option<Token>, Error> {
    Ok(sql
        .maybe(
            "SELECT id, employee_id, writes, used_at FROM api_token WHERE token_hash = $1 AND revoked_at IS NULL \
             AND (expires_at IS NULL OR expires_at > $2)",
            args![digest(secret), now().as_microsecond()],
        )
        .await?)
}

/// Notes that a token was used, at most once a minute and beside the request.
pub fn used(app: &App, token: &Token) {
    const MINUTE: i64 = 60_000_000;
    let at = now().as_microsecond();
    if token.used_at.is_some_and(|last| at - last < MINUTE) {
        return;
    }
    let (db, id) = (app.db.clone(), token.id.clone());
    tokio::spawn(async move {
        let noted = db.write(move |sql| {
            let id = id.clone();
            Box::pin(async move {
                sql.run("UPDATE api_token SET used_at = $1 WHERE id = $2", args![at, id])
                    .await?;
                Ok(())
            })
        });
        if let Err(error) = noted.await {
            tracing::warn!(%error, "the use of a token could not be noted");
        }
    });
}

/// Counts failed log-ins by address and by account: five free tries, then a wait that doubles up to 15 minutes.
#[derive(Default)]
pub struct Limiter {
    failures: Mutex<HashMap<String, (u32, Instant)>>,
}

const FREE_TRIES: u32 = 5;
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

impl Limiter {
    /// Refuses with the seconds to wait if any of `keys` has failed too often.
    pub fn check(&self, keys: &[&str]) -> Result<(), Error> {
        let failures = self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for key in keys {
            if let Some((count, last)) = failures.get(*key)
                && *count >= FREE_TRIES
            {
                let wait = Duration::from_secs(1 << (count - FREE_TRIES).min(10)).min(LONGEST_WAIT);
                if let Some(left) = wait.checked_sub(last.elapsed()).filter(|l| !l.is_zero()) {
                    return Err(Error::TooMany(left.as_secs() + 1));
                }
            }
        }
        Ok(())
    }

    /// Counts a failure.
    pub fn failed(&self, keys: &[&str]) {
        let mut failures = self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if failures.len() > 10_000 {
            failures.retain(|_, (_, last)| last.elapsed() < LONGEST_WAIT);
        }
        for key in keys {
            let entry = failures.entry((*key).to_owned()).or_insert((0, Instant::now()));
            *entry = (entry.0 + 1, Instant::now());
        }
    }

    /// Forgets the failures of a key.
    pub fn succeeded(&self, key: &str) {
        self.failures
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .remove(key);
    }
}
