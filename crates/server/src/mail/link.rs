//! Approving from a mail: a link that shows the claim and asks; only the form behind it approves. A link is of one task,
//! one reader and one content, holds for some days and once.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use jiff::civil::Date;
use outlay_core::Money;
use outlay_core::claim::{Claim, Command, Refusal, Status};
use outlay_core::ids::{EmployeeId, TaskId};
use outlay_core::words::Lang;

use crate::app::App;
use crate::args;
use crate::auth::session::{digest, secret};
use crate::auth::{Action, Person, Resource};
use crate::claims::{self, store};
use crate::clock::{day, now};
use crate::db::Sql;
use crate::error::Error;
use crate::people::stored;
use crate::shell::{self, W};

/// How long a link holds: four days, so that one of a Thursday holds on Monday. Microseconds.
const HOLDS: i64 = 4 * 86_400_000_000;

/// The page and the form behind it.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/mail/{secret}", get(page))
        .route("/mail/{secret}/approval", post(approve))
}

/// A new link to approve `task` of `claim` as it is now, for `reader`; its path.
pub(super) async fn issue(app: &App, claim: &Claim, task: TaskId, reader: EmployeeId) -> Result<String, Error> {
    let secret = secret();
    let (hash, content) = (digest(&secret), claim.content.hash());
    app.db
        .write(move |sql| {
            let (hash, content) = (hash.clone(), content.clone());
            Box::pin(async move {
                let at = now().as_microsecond();
                sql.run("DELETE FROM mail_link WHERE expires_at < $1", args![at])
                    .await?;
                sql.run(
                    "INSERT INTO mail_link (token_hash, task_id, employee_id, content_hash, expires_at) \
                     VALUES ($1, $2, $3, $4, $5)",
                    args![hash, task, reader, content, at + HOLDS],
                )
                .await?;
                Ok(())
            })
        })
        .await?;
    Ok(format!("/mail/{secret}"))
}

/// What a link stands for.
struct Link {
    task: TaskId,
    reader: EmployeeId,
    hash: String,
    claim: Claim,
}

/// Finds what a link stands for. [`Error::NotFound`] where there is none or it has ended, [`Refusal::TaskClosed`] where it
/// was used or the task is done, [`Refusal::Changed`] where the claim is another by now.
async fn find(sql: &mut Sql, app: &App, secret: &str) -> Result<Link, Error> {
    #[derive(serde::Deserialize)]
    struct Row {
        task_id: String,
        employee_id: String,
        content_hash: String,
        used_at: Option<i64>,
        claim_id: String,
    }
    let row: Option<Row> = sql
        .maybe(
            "SELECT l.task_id, l.employee_id, l.content_hash, l.used_at, t.claim_id FROM mail_link l \
             JOIN task t ON t.id = l.task_id WHERE l.token_hash = $1 AND l.expires_at > $2",
            args![digest(secret), now().as_microsecond()],
        )
        .await?;
    let row = row.ok_or(Error::NotFound("link"))?;
    let claim = store::load(sql, stored(&row.claim_id)?).await?;
    let (task, reader): (TaskId, EmployeeId) = (stored(&row.task_id)?, stored(&row.employee_id)?);
    let org = app.org(sql).await?;
    if !org.is_active(reader) {
        return Err(Error::NotFound("link"));
    }
    let open = claim.status() == Status::InReview && claim.open_tasks().any(|t| t.id == task);
    if row.used_at.is_some() || !open {
        return Err(Refusal::TaskClosed.into());
    }
    if claim.content.hash() != row.content_hash {
        return Err(Refusal::Changed.into());
    }
    Ok(Link {
        task,
        reader,
        hash: row.content_hash,
        claim,
    })
}

#[derive(Template)]
#[template(path = "pages/mail-link.html")]
struct LinkPage {
    w: W,
    /// Done, or why nothing can be done; with the claim's number.
    said: Option<(&'static str, String)>,
    view: Option<Shown>,
    secret: String,
}

/// What is shown of a claim.
struct Shown {
    number: String,
    title: String,
    claimant: String,
    amount: Money,
    grade: String,
    lines: Vec<(Date, String, String, Money)>,
    findings: usize,
}

fn answer(status: StatusCode, page: &LinkPage) -> Result<Response, Error> {
    let html: Html<String> = shell::page(page)?;
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::HeaderName::from_static("x-robots-tag"), "noindex"),
    ];
    Ok((status, headers, html).into_response())
}

fn refused(w: W, error: &Error) -> Result<Response, Error> {
    let word = match error {
        Error::Refused(Refusal::Changed) => "mail-link-changed",
        Error::Refused(_) | Error::Decided { .. } => "mail-link-done-already",
        _ => "mail-link-none",
    };
    let status = match error {
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        other => other.status(),
    };
    let page = LinkPage {
        w,
        said: Some(("warn", w.t(word))),
        view: None,
        secret: String::new(),
    };
    answer(status, &page)
}

/// GET /mail/{secret}: shows the claim and asks. Nothing is approved by it, however often a scanner opens it.
pub async fn page(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(secret): Path<String>,
) -> Result<Response, Error> {
    let mut sql = app.db.read();
    let stranger = W(crate::auth::language_of_stranger(&headers));
    let link = match find(&mut sql, &app, &secret).await {
        Ok(link) => link,
        Err(error @ (Error::Refused(_) | Error::NotFound(_))) => return refused(stranger, &error),
        Err(error) => return Err(error),
    };
    let org = app.org(&mut sql).await?;
    let reader = org.employee(link.reader);
    let w = reader.and_then(|e| Lang::parse(&e.locale)).map_or(stranger, W);
    let rules = app.rules(&mut sql).await?;
    let content = &link.claim.content;
    let view = Shown {
        number: link.claim.number.clone(),
        title: content.title.clone(),
        claimant: org
            .employee(content.claimant)
            .map(|e| e.name.clone())
            .unwrap_or_default(),
        amount: content.claimed(),
        grade: format!("{:?}", content.grade()),
        lines: content
            .lines
            .iter()
            .map(|l| {
                let category = rules.category_name(&l.category, w.0);
                (l.incurred_on, category, l.description.clone(), l.claimed)
            })
            .collect(),
        findings: link.claim.judged.as_ref().map_or(0, |j| j.findings.len()),
    };
    let page = LinkPage {
        w,
        said: None,
        view: Some(view),
        secret,
    };
    answer(StatusCode::OK, &page)
}

/// POST /mail/{secret}/approval: approves, once.
pub async fn approve(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(secret): Path<String>,
) -> Result<Response, Error> {
    let w = W(crate::auth::language_of_stranger(&headers));
    match approve_by(&app, secret).await {
        Ok(number) => {
            let page = LinkPage {
                w,
                said: Some(("ok", w.t1("mail-link-approved", "number", number))),
                view: None,
                secret: String::new(),
            };
            answer(StatusCode::OK, &page)
        }
        Err(error @ (Error::Refused(_) | Error::NotFound(_) | Error::Forbidden(_))) => refused(w, &error),
        Err(error) => Err(error),
    }
}

async fn approve_by(app: &Arc<App>, secret: String) -> Result<String, Error> {
    let shared = app.clone();
    let number = app
        .db
        .write(move |sql| {
            let (app, secret) = (shared.clone(), secret.clone());
            Box::pin(async move {
                let link = find(sql, &app, &secret).await?;
                let used = sql
                    .run(
                        "UPDATE mail_link SET used_at = $1 WHERE token_hash = $2 AND used_at IS NULL",
                        args![now().as_microsecond(), digest(&secret)],
                    )
                    .await?;
                if used == 0 {
                    return Err(Refusal::TaskClosed.into());
                }
                let org = app.org(sql).await?;
                let person = Person::of(&org, link.reader, day(now(), "UTC"))?;
                let facts = store::facts(&link.claim);
                let permit = app
                    .rights
                    .check(&person, Action::DecideClaim, &Resource::Claim(&facts))?;
                let command = Command::Approve {
                    task: link.task,
                    hash: link.hash,
                    comment: String::new(),
                };
                claims::act_in(sql, &app, &permit, link.claim.id, command).await?;
                Ok(link.claim.number)
            })
        })
        .await?;
    app.live.wake();
    Ok(number)
}
