//! Taking one file: its rows are imported, its report is written beside its place, and it is moved there. Each step may be
//! the last of a process; the next look goes on with it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use outlay_connect::tables::Table;
use outlay_core::claim::Problem;
use outlay_core::words::Lang;
use sha2::{Digest, Sha256};

use super::folder::Folder;
use super::root::{self, Content, DONE, REFUSED, Root, Seen};
use super::run::{self, Run, State};
use crate::app::App;
use crate::auth::Permit;
use crate::clock::moment;
use crate::error::Error;
use crate::import::{self, Rejected, Report, told};
use crate::shell::{W, field_words};

/// Failures after which a file is refused.
const TRIES: i64 = 5;

/// Takes the files of one folder, in the name of its owner.
pub struct Taker<'a> {
    app: &'a Arc<App>,
    folder: &'a Folder,
    permit: Permit,
    w: W,
    /// The folder itself.
    pub home: PathBuf,
}

/// What became of a content.
struct Outcome {
    state: State,
    table: Option<Table>,
    report: Option<Report>,
    problems: Vec<Problem>,
}

impl Outcome {
    fn refused(problems: Vec<Problem>) -> Outcome {
        Outcome {
            state: State::Refused,
            table: None,
            report: None,
            problems,
        }
    }
}

impl<'a> Taker<'a> {
    /// `permit` is that of the folder's owner, whose language its reports are in.
    pub async fn new(app: &'a Arc<App>, folder: &'a Folder, permit: Permit, home: PathBuf) -> Result<Taker<'a>, Error> {
        let org = app.org(&mut app.db.read()).await?;
        let locale = org.employee(folder.owner).map_or("", |e| e.locale.as_str());
        Ok(Taker {
            app,
            folder,
            permit,
            w: W(Lang::parse(locale).unwrap_or_default()),
            home,
        })
    }

    /// Takes a file that did not change between two looks. One that changes now is left for later.
    pub async fn take(&self, file: Seen) -> Result<State, Error> {
        match self.read(&file).await? {
            Content::Other => Ok(State::Running),
            Content::TooLarge => {
                let run = run::begin(&self.app.db, &self.folder.id, file, String::new(), State::Running).await?;
                let problem = Problem::new("file", "file-too-large");
                self.conclude(run, Outcome::refused(vec![problem])).await
            }
            Content::Bytes(bytes) => {
                let sha256 = hex::encode(Sha256::digest(&bytes));
                let known = run::by_content(&mut self.app.db.read(), &self.folder.id, &sha256).await?;
                match known {
                    Some(known) if known.state == State::Running => Ok(State::Running),
                    Some(known) => self.again(file, sha256, &known).await,
                    None => {
                        let run = run::begin(&self.app.db, &self.folder.id, file, sha256, State::Running).await?;
                        self.import(run, bytes).await
                    }
                }
            }
        }
    }

    /// Goes on with a run that a process left unfinished.
    pub async fn go_on(&self, run: Run) -> Result<State, Error> {
        if run.state != State::Running {
            let state = run.state;
            self.put_away(&run).await?;
            return Ok(state);
        }
        match self.read(&run.file).await? {
            Content::Bytes(bytes) if hex::encode(Sha256::digest(&bytes)) == run.sha256 => self.import(run, bytes).await,
            Content::TooLarge if run.sha256.is_empty() => {
                let problem = Problem::new("file", "file-too-large");
                self.conclude(run, Outcome::refused(vec![problem])).await
            }
            _ => {
                // What was written of it stays; the same content may come again.
                let problem = Problem::new("file", "folder-file-gone");
                let run = Run {
                    state: State::Gone,
                    problem: Some(problem),
                    ..run
                };
                run::conclude(&self.app.db, &self.folder.id, self.permit.clone(), &run, &[]).await?;
                run::moved(&self.app.db, &self.folder.id, &run).await?;
                Ok(State::Gone)
            }
        }
    }

    async fn read(&self, file: &Seen) -> Result<Content, Error> {
        let (home, file) = (self.home.clone(), file.clone());
        root::waiting(move || {
            root::read(&home, &file).map_err(|e| {
                Error::Invalid(vec![
                    Problem::new("file", "folder-unreadable")
                        .with("name", &file.name)
                        .with("text", e),
                ])
            })
        })
        .await
    }

    async fn again(&self, file: Seen, sha256: String, first: &Run) -> Result<State, Error> {
        let run = run::begin(&self.app.db, &self.folder.id, file, sha256, State::Again).await?;
        let at = moment(first.started_at).strftime("%Y-%m-%d %H:%M UTC").to_string();
        let problem = Problem::new("file", "folder-again")
            .with("name", &first.file.name)
            .with("at", at);
        let outcome = Outcome {
            state: State::Again,
            ..Outcome::refused(vec![problem])
        };
        self.conclude(run, outcome).await
    }

    /// Imports a content. What breaks it off leaves the run for the next look, until it has failed too often.
    async fn import(&self, run: Run, bytes: Vec<u8>) -> Result<State, Error> {
        let kind = self.folder.kind;
        let outcome = match import::read(kind, bytes).await {
            Err(Error::Invalid(problems)) => Outcome::refused(problems),
            Err(error) => return Err(error),
            Ok(table) => {
                let done = AtomicUsize::default();
                match import::apply(self.app, &self.permit, kind, &table, None, &done).await {
                    Ok(report) => Outcome {
                        // A file of which no row can be taken may come again once what it refers to is there.
                        state: match report.rows > 0 && report.refused == report.rows {
                            true => State::Refused,
                            false => State::Taken,
                        },
                        table: Some(table),
                        report: Some(report),
                        problems: Vec::new(),
                    },
                    Err(broken) => {
                        let problem = Problem::new("file", "folder-broken-off").with("code", broken.error.code());
                        tracing::error!(error = %broken.error, written = broken.written, folder = self.folder.path, "an import did not end");
                        run::failed(&self.app.db, &run, &problem).await?;
                        if run.tries + 1 < TRIES {
                            return Ok(State::Running);
                        }
                        Outcome::refused(vec![problem])
                    }
                }
            }
        };
        self.conclude(run, outcome).await
    }

    /// Writes the reports, then the end of the run, then moves the file.
    async fn conclude(&self, run: Run, outcome: Outcome) -> Result<State, Error> {
        let place = if outcome.state == State::Refused { REFUSED } else { DONE };
        let mark = moment(run.started_at).strftime("%Y%m%d-%H%M%S").to_string();
        let name = root::marked(&run.file.name, &mark);
        let folder = self.place(place).await?;
        let at = folder.clone();
        let name = root::waiting(move || Ok(root::free(&at, &name)?)).await?;
        let whole = outcome.problems.iter().map(|p| Rejected {
            row: 0,
            column: p.field.clone(),
            value: String::new(),
            code: p.code.clone(),
            args: p.args.clone(),
            message: field_words(self.w, p),
        });
        let mut rejected: Vec<Rejected> = whole.collect();
        let mut report = outcome.report.map(|r| r.worded(self.w));
        if let Some(report) = &report {
            rejected.extend(report.rejected.iter().cloned());
        }
        let faults = told::faults(
            self.folder.kind,
            &rejected,
            &self.summary(&run, outcome.state, report.as_ref()),
            self.w,
        )?;
        let rows = match (&outcome.table, &report) {
            (Some(table), Some(report)) if report.refused > 0 => {
                Some(told::rows(self.folder.kind, table, report, self.w)?)
            }
            _ => None,
        };
        let stem = name.clone();
        root::waiting(move || {
            root::write(&folder, &format!("{stem}.report.csv"), &faults)?;
            if let Some(rows) = rows {
                root::write(&folder, &format!("{stem}.rejected.csv"), &rows)?;
            }
            Ok(())
        })
        .await?;
        for cell in &mut rejected {
            cell.message.clear();
        }
        if let Some(report) = &mut report {
            report.rejected.clear();
        }
        let run = Run {
            state: outcome.state,
            target: Some(format!("{place}/{name}")),
            report,
            problem: outcome.problems.into_iter().next(),
            ..run
        };
        run::conclude(&self.app.db, &self.folder.id, self.permit.clone(), &run, &rejected).await?;
        self.put_away(&run).await?;
        Ok(run.state)
    }

    fn summary(&self, run: &Run, state: State, report: Option<&Report>) -> String {
        let said = self.w.t(&format!("folder-run-{}", state.code()));
        let counts = report.map(|r| {
            let all = [
                ("rows", r.rows),
                ("create", r.create),
                ("change", r.change),
                ("same", r.same),
                ("refused", r.refused),
            ];
            let values: Vec<_> = all.map(|(name, n)| (name.to_owned(), n.to_string())).into();
            format!(" · {}", self.w.args("folder-counts", &values))
        });
        format!("{} · {said}{}", run.file.name, counts.unwrap_or_default())
    }

    async fn place(&self, place: &str) -> Result<PathBuf, Error> {
        let (root, name) = (Root::of(self.app)?, format!("{}/{place}", self.folder.path));
        root::waiting(move || root.folder(&name, true)).await
    }

    /// Moves the file of a run that ended; if another file has its name by now, that one stays.
    async fn put_away(&self, run: &Run) -> Result<(), Error> {
        let target = run.target.as_deref().and_then(|target| target.split_once('/'));
        if let Some((place, name)) = target {
            let (place, name) = (self.place(place).await?, name.to_owned());
            let (home, file) = (self.home.clone(), run.file.clone());
            root::waiting(move || Ok(root::put_away(&home, &file, &place, &name)?)).await?;
        }
        run::moved(&self.app.db, &self.folder.id, run).await
    }
}
