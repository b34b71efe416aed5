//! The worker: takes jobs that are due, hands them to their handlers, and tries again later what failed.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::claim::{self, End, Job, Wish};
use crate::app::App;
use crate::claims;
use crate::connections;
use crate::crm;
use crate::drafts;
use crate::edits;
use crate::error::Error;
use crate::exports;
use crate::folders;
use crate::live;
use crate::metrics::Metrics;
use crate::rules;

/// What a handler says after doing its work; a note is kept and shown where the work was not what one expects.
pub type Done = Option<String>;

/// Why a handler could not do its work. The text is kept and shown to administrators: no personal data, no secrets.
#[derive(Debug)]
pub enum Failed {
    /// It may go better later.
    Again(String),
    /// Another system is away, busy, or does not take its key: tried again for days, since what it is asked is right.
    Later {
        /// What is wrong.
        error: String,
        /// How long to wait at least, where that system named a time.
        after: Option<Duration>,
    },
    /// It cannot go better: to the dead letters at once.
    Never(String),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(_) | Error::Refused(_) | Error::Invalid(_) => Failed::Never(error.to_string()),
            Error::Crm(outlay_connect::Error::Refused { .. } | outlay_connect::Error::Gone { .. }) => {
                Failed::Never(error.to_string())
            }
            Error::Crm(
                error @ (outlay_connect::Error::Retry { .. }
                | outlay_connect::Error::Unreachable(_)
                | outlay_connect::Error::Failed { status: 502..=504 }
                | outlay_connect::Error::Auth(_)
                | outlay_connect::Error::Setup(_)),
            ) => Failed::Later {
                after: error.retry_after(),
                error: error.to_string(),
            },
            _ => Failed::Again(error.to_string()),
        }
    }
}

/// A handler at work.
pub type Doing = BoxFuture<'static, Result<Done, Failed>>;

type Handler = Arc<dyn Fn(Arc<App>, Job) -> Doing + Send + Sync>;

/// Who does which kind of job. Kinds without a handler stay as they are.
#[derive(Clone, Default)]
pub struct Handlers(BTreeMap<&'static str, Handler>);

impl Handlers {
    /// All of Outlay's.
    pub fn ours(app: &App) -> Result<Handlers, Error> {
        Ok(Handlers::default()
            .with("mail", crate::mail::handler(&app.config)?)
            .with("chat", crate::chat::job)
            .with("verify", crate::verify::job)
            .with("write_back", crm::write_back::write_back_job)
            .with("archive", crm::write_back::archive_job)
            .with("todo", crm::todo::job)
            .with("edit", edits::job)
            .with("read_document", crate::evidence::job)
            .with("hint", connections::hooks::hint_job)
            .with("trial", crate::rules::job)
            .with("mapping", connections::mapping::job))
    }

    /// Adds the handler of a kind.
    pub fn with<F>(
        mut self,
        kind: &'static str,
        handler: impl Fn(Arc<App>, Job) -> F + Send + Sync + 'static,
    ) -> Handlers
    where
        F: Future<Output = Result<Done, Failed>> + Send + 'static,
    {
        self.0
            .insert(kind, Arc::new(move |app, job| Box::pin(handler(app, job))));
        self
    }
}

/// How patient a runner is.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Jobs in hand at once.
    pub at_once: usize,
    /// How long a job is ours; a handler gets nine tenths of it.
    pub lease: Duration,
    /// The wait after the first failure; it doubles with each further one, up to an hour, and a quarter is chance.
    pub first_wait: Duration,
    /// Tries before it is given up.
    pub tries: i64,
    /// For so long after its first try a job is not given up because another system is away.
    pub patience: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Pace {
            at_once: 8,
            lease: Duration::from_secs(120),
            first_wait: Duration::from_secs(10),
            tries: 10,
            patience: Duration::from_secs(3 * 24 * 3600),
        }
    }
}

impl Pace {
    /// The wait after a number of failures.
    pub fn wait(&self, failures: i64) -> Duration {
        const LONGEST: Duration = Duration::from_secs(3600);
        let doubled = self.first_wait.saturating_mul(1 << (failures - 1).clamp(0, 20));
        let chance = 1.0 + f64::from(rand::random::<u8>()) / 1024.0;
        doubled.min(LONGEST).mul_f64(chance)
    }
}

/// One worker of a process.
#[derive(Clone)]
pub struct Runner {
    app: Arc<App>,
    handlers: Handlers,
    pace: Pace,
    holder: String,
}

/// Without being woken it looks this often.
const TICK: Duration = Duration::from_secs(2);
/// Done jobs are kept this long.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

impl Runner {
    /// A worker with a name of its own for its leases.
    pub fn new(app: Arc<App>, handlers: Handlers, pace: Pace) -> Runner {
        Runner {
            app,
            handlers,
            pace,
            holder: Uuid::now_v7().to_string(),
        }
    }

    /// Works until `stop`; jobs in hand are finished first.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut hands = JoinSet::new();
        let mut woken = self.app.live.listen();
        let mut pruned: Option<Instant> = None;
        while !*stop.borrow() {
            woken.mark_unchanged();
            let free = self.pace.at_once.saturating_sub(hands.len());
            let full = match self.take(free).await {
                Ok(jobs) => {
                    let full = jobs.len() == free;
                    for job in jobs {
                        hands.spawn(self.clone().one(job));
                    }
                    full
                }
                Err(error) => {
                    tracing::error!(%error, "jobs could not be taken");
                    false
                }
            };
            if pruned.is_none_or(|at| at.elapsed() > Duration::from_secs(3600)) {
                pruned = Some(Instant::now());
                if let Err(error) = claim::prune(&self.app.db, KEPT).await {
                    tracing::error!(%error, "old jobs could not be removed");
                }
            }
            tokio::select! {
                _ = stop.changed() => {}
                Some(_) = hands.join_next() => {}
                _ = woken.changed(), if !full => {}
                () = tokio::time::sleep(TICK) => {}
            }
        }
        while hands.join_next().await.is_some() {}
    }

    /// Does what is due now, until nothing is; how many tries that were.
    pub async fn pass(&self) -> Result<usize, Error> {
        let mut count = 0;
        loop {
            let jobs = self.take(self.pace.at_once).await?;
            if jobs.is_empty() {
                return Ok(count);
            }
            count += jobs.len();
            futures::future::join_all(jobs.into_iter().map(|job| self.clone().one(job))).await;
        }
    }

    async fn take(&self, most: usize) -> Result<Vec<Job>, Error> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let wish = Wish {
            holder: self.holder.clone(),
            kinds: self.handlers.0.keys().copied().collect(),
            most,
            lease: self.pace.lease,
        };
        let mut jobs = claim::take(&self.app.db, wish).await?;
        jobs.iter_mut().for_each(|job| job.pace = self.pace);
        Ok(jobs)
    }

    async fn one(self, job: Job) {
        let (kind, attempts) = (job.kind.clone(), job.attempts);
        let end = match self.attempt(&job).await {
            Ok(note) => {
                Metrics::count(&self.app.metrics.jobs_done);
                End::Done { note }
            }
            Err(failed) => {
                Metrics::count(&self.app.metrics.jobs_failed);
                let (last, wait) = (job.is_last(&failed), self.pace.wait(attempts));
                match failed {
                    Failed::Again(error) | Failed::Never(error) | Failed::Later { error, .. } if last => {
                        End::Dead { error }
                    }
                    Failed::Again(error) | Failed::Never(error) => End::Again {
                        error,
                        after: wait,
                        waited: false,
                    },
                    Failed::Later { error, after } => End::Again {
                        error,
                        after: wait.max(after.unwrap_or_default()),
                        waited: true,
                    },
                }
            }
        };
        if let End::Again { error, .. } | End::Dead { error } = &end {
            tracing::warn!(job = job.id, kind, attempts, error, "a job failed");
        }
        if let Err(error) = claim::finish(&self.app.db, self.holder.clone(), job, end).await {
            tracing::error!(%error, kind, "the end of a job could not be written; its lease runs out");
        }
    }

    async fn attempt(&self, job: &Job) -> Result<Done, Failed> {
        if job.attempts - job.waits > self.pace.tries {
            return Err(Failed::Never("its worker stopped in the middle, each time".into()));
        }
        let Some(handler) = self.handlers.0.get(job.kind.as_str()) else {
            return Err(Failed::Again("no handler of this kind".into()));
        };
        let work = AssertUnwindSafe(handler(self.app.clone(), job.clone())).catch_unwind();
        match tokio::time::timeout(self.pace.lease.mul_f64(0.9), work).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Failed::Again("the handler panicked".into())),
            Err(_) => Err(Failed::Again("it took too long".into())),
        }
    }
}

/// All background work of a process – jobs, pulls, drafts of visits that are over, watched folders, scheduled exports, time limits of steps, drafts of rules that run along and the sequencer – until `stop`; jobs in hand are finished first.
pub async fn run(app: Arc<App>, stop: impl Future<Output = ()> + Send) -> Result<(), Error> {
    let (stopper, stopped) = watch::channel(false);
    let runner = Runner::new(app.clone(), Handlers::ours(&app)?, Pace::default());
    let jobs = tokio::spawn(runner.run(stopped.clone()));
    let puller = tokio::spawn(connections::pull::keep_pulling(app.clone(), stopped.clone()));
    let visits = tokio::spawn(drafts::keep_beginning(app.clone(), stopped.clone()));
    let watcher = tokio::spawn(folders::keep_looking(app.clone(), stopped.clone()));
    let exporter = tokio::spawn(exports::keep_exporting(app.clone(), stopped.clone()));
    let clock = tokio::spawn(claims::keep_time(app.clone(), stopped.clone()));
    let shadows = tokio::spawn(rules::run_along(app.clone(), stopped.clone()));
    let sequencer = tokio::spawn(live::sequence(app, stopped));
    stop.await;
    let _ = stopper.send(true);
    let _ = tokio::join!(jobs, puller, visits, watcher, exporter, clock, shadows, sequencer);
    Ok(())
}
