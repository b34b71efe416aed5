//! The verification service that is connected: its address and its sealed secret.

use outlay_connect::Guard;
use outlay_connect::verify::Verifier;
use outlay_connect::verify::gateway::Gateway;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::{Action, Permit, Resource, Visitor};
use crate::clock::now;
use crate::db::Sql;
use crate::error::Error;

/// Shorter secrets are guessed.
const LEAST_SECRET: usize = 16;
const SEALED_AS: &str = "verification service";

/// The service, for who connects it.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct VerifierView {
    /// Whether one is connected; no tax bureau is asked without.
    pub connected: bool,
    /// Whether it is left alone.
    pub paused: bool,
    /// Its address.
    pub url: String,
    /// How many documents it has answered for.
    pub answered: i64,
    /// How many questions are on their way.
    pub pending: i64,
}

/// What a person enters.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVerifier {
    /// The address of the gateway, see docs/verification.md.
    pub url: String,
    /// The shared secret, 16 characters or more. If absent or empty, the stored one stays, unless the address changes.
    #[serde(default)]
    pub secret: String,
}

/// What trying a service came to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VerifierTried {
    /// Whether it takes the secret.
    pub ok: bool,
    /// What it said, if not.
    pub text: String,
}

/// Whether a service is to be left alone.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Paused {
    /// Whether.
    pub paused: bool,
}

type Row = (String, String, bool);

async fn row(sql: &mut Sql) -> Result<Option<Row>, Error> {
    Ok(sql
        .maybe("SELECT url, sealed, paused FROM verifier WHERE id = 1", args![])
        .await?)
}

/// Whether a service is connected and not left alone.
pub async fn is_on(sql: &mut Sql) -> Result<bool, Error> {
    Ok(row(sql).await?.is_some_and(|(_, _, paused)| !paused))
}

/// The way to the service, unless it is left alone.
pub async fn active(sql: &mut Sql, app: &App) -> Result<Option<Box<dyn Verifier>>, Error> {
    match row(sql).await? {
        Some((url, sealed, false)) => Ok(Some(open(app, &url, &sealed)?)),
        _ => Ok(None),
    }
}

fn open(app: &App, url: &str, sealed: &str) -> Result<Box<dyn Verifier>, Error> {
    let plain = app.vault.master().open(SEALED_AS, sealed)?;
    let secret = String::from_utf8(plain).map_err(|e| Error::Broken(e.to_string()))?;
    Ok(Box::new(Gateway::new(url, &secret, &guard(app))?))
}

fn guard(app: &App) -> Guard {
    Guard::allowing(app.config.allow_hosts.iter().map(String::as_str))
}

/// What somebody needs to connect a service.
pub fn permit(app: &App, visitor: &Visitor) -> Result<Permit, Error> {
    visitor.permit(app, Action::ManageConnections, &Resource::Outlay)
}

/// What is connected, for who may connect it.
pub async fn view(sql: &mut Sql, app: &App, visitor: &Visitor) -> Result<VerifierView, Error> {
    permit(app, visitor)?;
    let count = "SELECT COUNT(*) FROM verification WHERE state IS NOT NULL";
    let (answered,): (i64,) = sql.one(count, args![]).await?;
    let (pending,): (i64,) = sql
        .one("SELECT COUNT(*) FROM verification WHERE pending", args![])
        .await?;
    let row = row(sql).await?;
    Ok(VerifierView {
        connected: row.is_some(),
        paused: row.as_ref().is_some_and(|(_, _, paused)| *paused),
        url: row.map(|(url, _, _)| url).unwrap_or_default(),
        answered,
        pending,
    })
}

/// Checks what was entered and keeps it; the secret is sealed, and not carried to another address.
pub async fn save(sql: &mut Sql, app: &App, permit: &Permit, new: &NewVerifier) -> Result<(), Error> {
    let url = guard(app)
        .parse(new.url.trim())
        .map_err(|_| Error::field("url", "web-address"))?
        .to_string();
    let before = row(sql).await?;
    let secret = new.secret.trim();
    let sealed = match &before {
        Some((old, sealed, _)) if secret.is_empty() && *old == url => sealed.clone(),
        _ if secret.is_empty() => return Err(Error::field("secret", "missing")),
        _ if secret.len() < LEAST_SECRET => return Err(Error::field("secret", "too-short")),
        _ => app.vault.master().seal(SEALED_AS, secret.as_bytes())?,
    };
    sql.run(
        "INSERT INTO verifier (id, url, sealed, paused, created_at) VALUES (1, $1, $2, $3, $4) \
         ON CONFLICT (id) DO UPDATE SET url = excluded.url, sealed = excluded.sealed",
        args![url, sealed, false, now().as_microsecond()],
    )
    .await?;
    note(sql, permit, if before.is_some() { "changed" } else { "made" }).await
}

/// Leaves the service alone, or takes it up again.
pub async fn pause(sql: &mut Sql, permit: &Permit, paused: bool) -> Result<(), Error> {
    let touched = sql
        .run("UPDATE verifier SET paused = $1 WHERE id = 1", args![paused])
        .await?;
    if touched == 0 {
        return Err(Error::NotFound("verifier"));
    }
    note(sql, permit, if paused { "paused" } else { "resumed" }).await
}

/// Asks the service whether it takes the secret.
pub async fn tried(app: &App) -> Result<VerifierTried, Error> {
    let (url, sealed, _) = row(&mut app.db.read()).await?.ok_or(Error::NotFound("verifier"))?;
    let said = open(app, &url, &sealed)?.check().await;
    Ok(VerifierTried {
        ok: said.is_ok(),
        text: said.err().map(|e| words(&e)).unwrap_or_default(),
    })
}

/// What went wrong, of a service and not of a CRM.
pub fn words(error: &outlay_connect::Error) -> String {
    error.to_string().replacen("the CRM", "the verification service", 1)
}

async fn note(sql: &mut Sql, permit: &Permit, what: &str) -> Result<(), Error> {
    audit::note(sql, permit.actor(), permit.action(), "verifier:1", what).await
}
