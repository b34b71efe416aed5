//! What goes back into the CRM: numbers that its reports can sum and one note, both rebuilt from the totals of the
//! moment, so that any order of jobs and any repetition ends in the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use outlay_connect::{Connector, Target, Write};
use outlay_core::claim::{Command, Status};
use outlay_core::ids::{ClaimId, ConnectionId};
use outlay_core::{Currency, Money};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::args;
use crate::auth::Permit;
use crate::claims::{self, WriteBackJob};
use crate::clock::now;
use crate::connections::{Connection, usage};
use crate::db::Sql;
use crate::error::Error;
use crate::jobs::{Done, Failed, Job};
use crate::people::stored;
use crate::shell::W;

/// Whether a job is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is.
    Done,
    /// It must wait for others: try again.
    Again,
}

/// The handler of `write_back` jobs.
pub async fn write_back_job(app: Arc<App>, job: Job) -> Result<Done, Failed> {
    write_back(&app, &job.payload).await?;
    Ok(None)
}

/// The handler of `archive` jobs.
pub async fn archive_job(app: Arc<App>, job: Job) -> Result<Done, Failed> {
    match archive(&app, &job.payload).await? {
        Outcome::Done => Ok(None),
        Outcome::Again => Err(Failed::Later {
            error: "its figures are not in the CRM yet".into(),
            after: None,
        }),
    }
}

/// What a record costs, as it is written: the figures of one currency, and all of them for the note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// The currency of the figures.
    pub currency: Currency,
    /// Paid and pending in minor units, for each currency.
    pub all: BTreeMap<String, (i64, i64)>,
}

impl Totals {
    /// The paid and the pending figure.
    pub fn figures(&self) -> (Money, Money) {
        self.of(self.currency)
    }

    fn of(&self, currency: Currency) -> (Money, Money) {
        let (paid, pending) = self.all.get(currency.code()).copied().unwrap_or_default();
        (Money::new(paid, currency), Money::new(pending, currency))
    }
}

/// Does a `write_back` job. Records without a CRM, or gone from it, need nothing.
pub async fn write_back(app: &Arc<App>, payload: &str) -> Result<(), Error> {
    let job: WriteBackJob = serde_json::from_str(payload)?;
    let mut sql = app.db.read();
    let Some(record) = record(&mut sql, &job).await? else {
        return Ok(());
    };
    let connection = Connection::load(&mut sql, record.connection).await?;
    let connector = connection.connector(app)?;
    let written = write_with(app, &job, connector.as_ref(), W(connection.lang())).await;
    usage::note(app, connection.id, connector.as_ref()).await;
    written
}

/// As [`write_back`], by a connector at hand, with notes in the words of `w`.
pub async fn write_with(app: &Arc<App>, job: &WriteBackJob, connector: &dyn Connector, w: W) -> Result<(), Error> {
    let mut sql = app.db.read();
    let Some(record) = record(&mut sql, job).await? else {
        return Ok(());
    };
    let totals = totals(&mut sql, job, record.currency).await?;
    let body = serde_json::to_string(&totals)?;
    let target = format!("{}:{}", job.object, job.id);
    let last: Option<(i64, String)> = sql
        .maybe(
            "SELECT revision, body FROM write_back WHERE target = $1",
            args![&target],
        )
        .await?;
    let (revision, known) = last.unwrap_or_default();
    if known == body {
        return Ok(());
    }
    let revision = revision + 1;
    // The revision is taken before it is used: a try that dies half-way is followed by a higher one.
    remember(app, &target, record.connection, revision, String::new(), None).await?;
    let note_id = push(app, connector, job, &record, &totals, revision, w).await?;
    remember(app, &target, record.connection, revision, body, note_id).await
}

struct Stored {
    connection: ConnectionId,
    external_id: String,
    currency: Option<Currency>,
}

async fn record(sql: &mut Sql, job: &WriteBackJob) -> Result<Option<Stored>, Error> {
    type Found = Option<(Option<String>, String, Option<String>, bool)>;
    let row: Found = match job.object.as_str() {
        "deal" => {
            sql.maybe(
                "SELECT connection_id, external_id, currency, deleted FROM deal WHERE id = $1",
                args![&job.id],
            )
            .await?
        }
        "account" => {
            sql.maybe(
                "SELECT connection_id, external_id, (SELECT MIN(d.currency) FROM deal d WHERE d.account_id = account.id) \
                 AS currency, deleted FROM account WHERE id = $1",
                args![&job.id],
            )
            .await?
        }
        _ => None,
    };
    let Some((Some(connection), external_id, currency, false)) = row else {
        return Ok(None);
    };
    Ok(Some(Stored {
        connection: stored(&connection)?,
        external_id,
        currency: currency.and_then(|c| Currency::parse(&c).ok()),
    }))
}

/// What a record costs now. Figures are in the record's own currency; where nothing was spent in it, in that of the spend.
async fn totals(sql: &mut Sql, job: &WriteBackJob, own: Option<Currency>) -> Result<Totals, Error> {
    let rows: Vec<(String, i64, i64)> = sql
        .all(
            "SELECT currency, CAST(SUM(paid_minor) AS BIGINT), CAST(SUM(pending_minor) AS BIGINT) FROM spend \
             WHERE dim = $1 AND key = $2 AND employee_id = '' AND category = '' GROUP BY currency ORDER BY currency",
            args![&job.object, &job.id],
        )
        .await?;
    let all: BTreeMap<String, (i64, i64)> = rows
        .into_iter()
        .filter(|(_, paid, pending)| *paid != 0 || *pending != 0)
        .map(|(currency, paid, pending)| (currency, (paid, pending)))
        .collect();
    let first = all.keys().next().and_then(|c| Currency::parse(c).ok());
    let currency = match (own, first) {
        (Some(own), None) => own,
        (Some(own), Some(_)) if all.contains_key(own.code()) => own,
        (_, Some(first)) => first,
        (None, None) => Currency::CNY,
    };
    Ok(Totals { currency, all })
}

async fn push(
    app: &App,
    connector: &dyn Connector,
    job: &WriteBackJob,
    record: &Stored,
    totals: &Totals,
    revision: i64,
    w: W,
) -> Result<Option<String>, Error> {
    let can = connector.capabilities();
    let target = || match job.object.as_str() {
        "account" => Target::account(&record.external_id),
        _ => Target::deal(&record.external_id),
    };
    let key = format!("{}:{}:{revision}", job.object, job.id);
    if can.cost_figures {
        let (paid, pending) = totals.of(totals.currency);
        let write = Write::CostFigures {
            target: target(),
            paid,
            pending,
            as_of: second(now()),
        };
        connector.push(&write, &key).await?;
    }
    if !can.notes {
        return Ok(None);
    }
    let note = Write::Note {
        target: target(),
        marker: format!("outlay-{}-{}", job.object, job.id),
        revision: revision.unsigned_abs(),
        text: text(app, job, totals, w),
    };
    let written = connector.push(&note, &format!("{key}:note")).await?;
    Ok(Some(written.external_id))
}

/// CRMs store whole seconds.
fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn text(app: &App, job: &WriteBackJob, totals: &Totals, w: W) -> String {
    let mut lines = vec![w.t("crm-note-title")];
    for code in totals.all.keys() {
        let Ok(currency) = Currency::parse(code) else { continue };
        let (paid, pending) = totals.of(currency);
        let values = [
            ("currency".to_owned(), code.clone()),
            ("paid".to_owned(), paid.grouped()),
            ("pending".to_owned(), pending.grouped()),
        ];
        lines.push(w.args("crm-note-line", &values));
    }
    if totals.all.is_empty() {
        lines.push(w.t("crm-note-nothing"));
    }
    let folder = if job.object == "account" { "accounts" } else { "deals" };
    lines.push(format!("{}/crm/{folder}/{}", app.config.public_url(), job.id));
    lines.join("\n")
}

async fn remember(
    app: &App,
    target: &str,
    connection: ConnectionId,
    revision: i64,
    body: String,
    note_id: Option<String>,
) -> Result<(), Error> {
    let target = target.to_owned();
    app.db
        .write(move |sql| {
            let values = args![
                &target,
                connection,
                revision,
                &body,
                note_id.clone(),
                now().as_microsecond()
            ];
            Box::pin(async move {
                sql.run(
                    "INSERT INTO write_back (target, connection_id, revision, body, note_id, written_at) VALUES ($1, $2, $3, $4, $5, $6) \
                     ON CONFLICT (target) DO UPDATE SET connection_id = excluded.connection_id, revision = excluded.revision, \
                     body = excluded.body, note_id = COALESCE(excluded.note_id, write_back.note_id), written_at = excluded.written_at",
                    values,
                )
                .await?;
                Ok(())
            })
        })
        .await
}

/// Does an `archive` job: a paid claim is archived once all of its write-backs are done.
pub async fn archive(app: &Arc<App>, payload: &str) -> Result<Outcome, Error> {
    let id: ClaimId = serde_json::from_str(payload)?;
    let mut sql = app.db.read();
    let claim = claims::store::load(&mut sql, id).await?;
    if claim.status() != Status::Paid {
        return Ok(Outcome::Done);
    }
    let deals = claim.content.deals().into_iter().map(|d| format!("deal:{d}"));
    let accounts = claim.content.accounts().into_iter().map(|a| format!("account:{a}"));
    for target in deals.chain(accounts) {
        let (open,): (i64,) = sql
            .one(
                "SELECT COUNT(*) FROM job WHERE ordering = $1 AND state <> 'done' AND key LIKE $2",
                args![&target, format!("write_back:{target}:{id}:%")],
            )
            .await?;
        if open > 0 {
            return Ok(Outcome::Again);
        }
    }
    let permit = Permit::system("archive", "archiveClaim");
    claims::act(app, &permit, id, Command::Archive).await?;
    Ok(Outcome::Done)
}

/// What was last written to a record, and when.
pub async fn written(sql: &mut Sql, object: &str, id: &str) -> Result<Option<(Option<Totals>, i64, i64)>, Error> {
    let row: Option<(String, i64, i64)> = sql
        .maybe(
            "SELECT body, revision, written_at FROM write_back WHERE target = $1",
            args![format!("{object}:{id}")],
        )
        .await?;
    row.map(|(body, revision, at)| {
        // Nothing while a write is under way.
        let totals = (!body.is_empty()).then(|| serde_json::from_str(&body)).transpose()?;
        Ok((totals, revision, at))
    })
    .transpose()
}
