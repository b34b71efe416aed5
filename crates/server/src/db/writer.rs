//! SQLite's one writer, a thread of its own: takes all work waiting, runs each in a savepoint, commits once, then answers
//! (group commit).

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::Sql;
use super::marks::Renewals;
use super::sql::To;
use crate::error::Error;

/// Work for the writer. It may run twice if a group's commit fails, so it must not consume what it holds.
pub trait Work<T>: for<'a> Fn(&'a mut Sql) -> BoxFuture<'a, Result<T, Error>> + Send + Sync + 'static {}
impl<T, F> Work<T> for F where F: for<'a> Fn(&'a mut Sql) -> BoxFuture<'a, Result<T, Error>> + Send + Sync + 'static {}

/// Hands work to the writer thread.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
}

trait Job: Send {
    fn run<'a>(&'a mut self, sql: &'a mut Sql) -> BoxFuture<'a, bool>;
    fn answer(self: Box<Self>, committed: bool);
}

struct Pending<T, W> {
    work: W,
    result: Option<Result<T, Error>>,
    reply: oneshot::Sender<Result<T, Error>>,
}

impl<T: Send + 'static, W: Work<T>> Job for Pending<T, W> {
    fn run<'a>(&'a mut self, sql: &'a mut Sql) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let result = match AssertUnwindSafe((self.work)(sql)).catch_unwind().await {
                Ok(result) => result,
                Err(_) => Err(Error::Broken("the work panicked".into())),
            };
            let good = result.is_ok();
            self.result = Some(result);
            good
        })
    }

    fn answer(self: Box<Self>, committed: bool) {
        let result = match self.result {
            Some(Ok(_)) if !committed => Err(Error::Broken("the commit failed; nothing was written".into())),
            Some(result) => result,
            None => Err(Error::Broken("the work was not run".into())),
        };
        let _ = self.reply.send(result);
    }
}

/// Most works in one commit.
const GROUP: usize = 128;

impl Writer {
    /// Starts the writer on its own connection. `group` false commits each work alone.
    pub(super) fn start(connection: rusqlite::Connection, group: bool, renewals: Renewals) -> Writer {
        let (queue, mut waiting) = mpsc::channel::<Box<dyn Job>>(1024);
        let most = if group { GROUP } else { 1 };
        let runtime = tokio::runtime::Handle::current();
        std::thread::spawn(move || {
            let mut sql = Sql::new(To::Sqlite(connection), renewals);
            let mut jobs = Vec::with_capacity(most);
            while waiting.blocking_recv_many(&mut jobs, most) > 0 {
                runtime.block_on(finish(&mut sql, &mut jobs));
            }
        });
        Writer { queue }
    }

    /// Runs `work` in a transaction and answers after COMMIT. It is carried out even if the caller stops waiting.
    pub async fn write<T: Send + 'static>(&self, work: impl Work<T>) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.queue
            .send(Box::new(Pending {
                work,
                result: None,
                reply,
            }))
            .await
            .map_err(|_| Error::Broken("the writer has stopped".into()))?;
        answer
            .await
            .map_err(|_| Error::Broken("the writer has stopped".into()))?
    }
}

async fn finish(sql: &mut Sql, jobs: &mut Vec<Box<dyn Job>>) {
    let committed = together(sql, jobs).await;
    sql.marks.settle();
    for mut job in jobs.drain(..) {
        if committed {
            job.answer(true);
        } else {
            let committed = alone(sql, job.as_mut()).await;
            sql.marks.settle();
            job.answer(committed);
        }
    }
}

/// One transaction with a savepoint for each; false if it could not be committed.
async fn together(sql: &mut Sql, jobs: &mut [Box<dyn Job>]) -> bool {
    if let [job] = jobs {
        return alone(sql, job.as_mut()).await;
    }
    if sql.run("BEGIN IMMEDIATE", vec![]).await.is_err() {
        return false;
    }
    for job in jobs.iter_mut() {
        let marked = sql.run("SAVEPOINT work", vec![]).await.is_ok();
        let good = job.run(sql).await;
        if !good {
            sql.marks.forget();
        }
        let kept = good || sql.run("ROLLBACK TO work", vec![]).await.is_ok();
        if !marked || !kept || sql.run("RELEASE work", vec![]).await.is_err() {
            let _ = sql.run("ROLLBACK", vec![]).await;
            return false;
        }
    }
    commit(sql).await
}

async fn alone(sql: &mut Sql, job: &mut dyn Job) -> bool {
    if sql.run("BEGIN IMMEDIATE", vec![]).await.is_err() {
        return false;
    }
    if job.run(sql).await {
        return commit(sql).await;
    }
    let _ = sql.run("ROLLBACK", vec![]).await;
    true
}

async fn commit(sql: &mut Sql) -> bool {
    let committed = sql.run("COMMIT", vec![]).await.is_ok();
    if !committed {
        let _ = sql.run("ROLLBACK", vec![]).await;
    }
    committed
}
