//! Runs: each file that was taken, or could not be, and where it went.

use outlay_core::claim::Problem;
use uuid::Uuid;

use super::root::Seen;
use crate::args;
use crate::auth::Permit;
use crate::clock::now;
use crate::db::{Db, Sql};
use crate::error::Error;
use crate::import::{Rejected, Report};

/// Microseconds for which rejected cells are kept; the reports beside the files stay.
const KEPT: i64 = 30 * 24 * 3600 * 1_000_000;

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is under way, or was interrupted and goes on at the next look.
    Running,
    /// Its rows were imported.
    Taken,
    /// Nothing of it could be.
    Refused,
    /// The same content was taken before.
    Again,
    /// Its file went away before it was taken.
    Gone,
}

impl State {
    /// Its stable word.
    pub fn code(self) -> &'static str {
        match self {
            State::Running => "running",
            State::Taken => "taken",
            State::Refused => "refused",
            State::Again => "again",
            State::Gone => "gone",
        }
    }

    /// By its stable word.
    pub fn parse(code: &str) -> Result<State, Error> {
        let all = [State::Running, State::Taken, State::Refused, State::Again, State::Gone];
        let found = all.into_iter().find(|s| s.code() == code);
        found.ok_or_else(|| Error::Broken(format!("no state of a run: {code}")))
    }
}

/// A file of a folder and what became of it.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// The file as it was seen.
    pub file: Seen,
    /// SHA-256 of its content in hexadecimal; empty if it was too large to be read.
    pub sha256: String,
    /// When it began, in microseconds.
    pub started_at: i64,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// How it stands.
    pub state: State,
    /// Where its file belongs, in the folder.
    pub target: Option<String>,
    /// Failures so far.
    pub tries: i64,
    /// What the import did; its rejected cells are apart.
    pub report: Option<Report>,
    /// What is wrong with the file as a whole.
    pub problem: Option<Problem>,
}

type Row = (
    String,
    String,
    String,
    i64,
    i64,
    i64,
    Option<i64>,
    String,
    Option<String>,
    i64,
    Option<String>,
    Option<String>,
);

const COLUMNS: &str = "SELECT id, name, sha256, size, modified, started_at, ended_at, state, target, tries, report, problem \
     FROM watched_run WHERE folder_id = $1";

fn read(row: Row) -> Result<Run, Error> {
    let (id, name, sha256, size, modified, started_at, ended_at, state, target, tries, report, problem) = row;
    Ok(Run {
        id,
        file: Seen { name, size, modified },
        sha256,
        started_at,
        ended_at,
        state: State::parse(&state)?,
        target,
        tries,
        report: report.map(|text| serde_json::from_str(&text)).transpose()?,
        problem: problem.map(|text| serde_json::from_str(&text)).transpose()?,
    })
}

/// The last runs of a folder, newest first, at most `most`.
pub async fn last(sql: &mut Sql, folder: &str, most: usize) -> Result<Vec<Run>, Error> {
    let text = format!("{COLUMNS} ORDER BY started_at DESC, id DESC LIMIT $2");
    let rows: Vec<Row> = sql.all_built(text, args![folder, most]).await?;
    rows.into_iter().map(read).collect()
}

/// Runs whose file is not in its place yet, oldest first.
pub async fn unmoved(sql: &mut Sql, folder: &str) -> Result<Vec<Run>, Error> {
    let text = format!("{COLUMNS} AND NOT moved ORDER BY id");
    let rows: Vec<Row> = sql.all_built(text, args![folder]).await?;
    rows.into_iter().map(read).collect()
}

/// One run, and its rejected cells while they are kept.
pub async fn one(sql: &mut Sql, folder: &str, id: &str) -> Result<(Run, Option<Vec<Rejected>>), Error> {
    let rows: Vec<Row> = sql
        .all_built(format!("{COLUMNS} AND id = $2"), args![folder, id])
        .await?;
    let run = read(rows.into_iter().next().ok_or(Error::NotFound("run"))?)?;
    let (rejected,): (Option<String>,) = sql
        .one("SELECT rejected FROM watched_run WHERE id = $1", args![id])
        .await?;
    let rejected = rejected.map(|text| serde_json::from_str(&text)).transpose()?;
    Ok((run, rejected))
}

/// The run by which a content was taken, or is being taken.
pub async fn by_content(sql: &mut Sql, folder: &str, sha256: &str) -> Result<Option<Run>, Error> {
    let text = format!("{COLUMNS} AND sha256 = $2 AND state IN ('running', 'taken')");
    let rows: Vec<Row> = sql.all_built(text, args![folder, sha256]).await?;
    rows.into_iter().next().map(read).transpose()
}

/// A new run: one that is [`State::Running`], whose content no other run takes from now on, or [`State::Again`].
pub async fn begin(db: &Db, folder: &str, file: Seen, sha256: String, state: State) -> Result<Run, Error> {
    let run = Run {
        id: Uuid::now_v7().to_string(),
        file,
        sha256,
        started_at: now().as_microsecond(),
        ended_at: None,
        state,
        target: None,
        tries: 0,
        report: None,
        problem: None,
    };
    let (folder, new) = (folder.to_owned(), run.clone());
    db.write(move |sql| {
        let values = args![
            &new.id,
            &folder,
            &new.file.name,
            &new.sha256,
            new.file.size,
            new.file.modified,
            new.started_at,
            new.state.code(),
            false,
            0i64
        ];
        Box::pin(async move {
            sql.run(
                "INSERT INTO watched_run (id, folder_id, name, sha256, size, modified, started_at, state, moved, tries) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                values,
            )
            .await?;
            Ok(())
        })
    })
    .await?;
    Ok(run)
}

/// Writes how a run ended and where its file belongs, with an entry in the audit.
pub async fn conclude(db: &Db, folder: &str, permit: Permit, run: &Run, rejected: &[Rejected]) -> Result<(), Error> {
    let report = run.report.as_ref().map(serde_json::to_string).transpose()?;
    let problem = run.problem.as_ref().map(serde_json::to_string).transpose()?;
    let rejected = serde_json::to_string(rejected)?;
    let what = match (&run.report, run.state) {
        (Some(r), _) => format!("{} made, {} changed, {} refused", r.create, r.change, r.refused),
        (None, state) => format!("file {}", state.code()),
    };
    let (id, folder, state, target) = (run.id.clone(), folder.to_owned(), run.state, run.target.clone());
    db.write(move |sql| {
        let values = args![
            state.code(),
            target.clone(),
            report.clone(),
            &rejected,
            problem.clone(),
            &id
        ];
        let (permit, folder, what) = (permit.clone(), folder.clone(), what.clone());
        Box::pin(async move {
            sql.run(
                "UPDATE watched_run SET state = $1, target = $2, report = $3, rejected = $4, problem = $5 WHERE id = $6",
                values,
            )
            .await?;
            super::folder::note(sql, &permit, &folder, &what).await
        })
    })
    .await
}

/// The file of a run is where it belongs.
pub async fn moved(db: &Db, folder: &str, run: &Run) -> Result<(), Error> {
    let (id, folder, name) = (run.id.clone(), folder.to_owned(), run.file.name.clone());
    db.write(move |sql| {
        let (moved, seen) = (args![true, now().as_microsecond(), &id], args![&folder, &name]);
        Box::pin(async move {
            sql.run("UPDATE watched_run SET moved = $1, ended_at = $2 WHERE id = $3", moved)
                .await?;
            sql.run("DELETE FROM watched_file WHERE folder_id = $1 AND name = $2", seen)
                .await?;
            Ok(())
        })
    })
    .await
}

/// A try of a run failed; it is tried again at the next look.
pub async fn failed(db: &Db, run: &Run, problem: &Problem) -> Result<(), Error> {
    let (id, problem) = (run.id.clone(), serde_json::to_string(problem)?);
    db.write(move |sql| {
        let values = args![&problem, &id];
        Box::pin(async move {
            sql.run(
                "UPDATE watched_run SET tries = tries + 1, problem = $1 WHERE id = $2",
                values,
            )
            .await?;
            Ok(())
        })
    })
    .await
}

/// Forgets the rejected cells of runs long ended.
pub async fn forget(db: &Db, folder: &str) -> Result<(), Error> {
    let (folder, before) = (folder.to_owned(), now().as_microsecond() - KEPT);
    db.write(move |sql| {
        let values = args![&folder, before];
        Box::pin(async move {
            sql.run(
                "UPDATE watched_run SET rejected = NULL WHERE folder_id = $1 AND ended_at < $2 AND rejected IS NOT NULL",
                values,
            )
            .await?;
            Ok(())
        })
    })
    .await
}
