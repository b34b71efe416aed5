//! What runs as a process of its own, so that its memory is its own: a pull, or the floor below it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use outlay::app::App;
use outlay::connections::pull::pull_with;
use outlay::{args, clock};
use outlay_core::ids::ConnectionId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::source::Source;
use crate::harness::{Times, config};

/// Resyncs with nothing new.
const RESYNCS: usize = 20;

/// What a child prints, as JSON in a line.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct Figures {
    pub records: u64,
    pub seconds: f64,
    /// Peak resident memory in MB.
    pub peak: f64,
    /// Of a resync with nothing new, in ms: what half of them stay within, and the slowest.
    pub resync: (f64, f64),
}

impl Figures {
    pub fn rate(&self) -> f64 {
        self.records as f64 / self.seconds
    }
}

/// Pulls all into the database by the product's own way, then again and again with nothing new.
pub async fn pull(database: &str, data: PathBuf, port: u16, page: usize) -> Figures {
    let mut settings = config(&data);
    settings.database = Some(database.to_owned());
    let app = App::open(settings).await.expect("opened");
    let connection = connection(&app).await;
    let source = Source::at(port, page);
    let start = Instant::now();
    let report = pull_with(&app, connection, &source).await.expect("pulled");
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!((report.error, report.refused), (None, 0));
    let (stored,): (i64,) = app
        .db
        .read()
        .one("SELECT COUNT(*) FROM deal WHERE connection_id = $1", args![connection])
        .await
        .expect("counted");
    let mut times = Times::default();
    for _ in 0..RESYNCS {
        let start = Instant::now();
        let report = pull_with(&app, connection, &source).await.expect("pulled");
        times.add(start.elapsed());
        assert_eq!((report.error, report.changed), (None, 0));
    }
    let [half, slowest] = [50, 100].map(|p| times.percentile(p).as_secs_f64() * 1_000.0);
    Figures {
        records: u64::try_from(stored).unwrap_or(0),
        seconds,
        peak: peak(),
        resync: (half, slowest),
    }
}

/// Reads and parses every page, and stores nothing.
pub async fn floor(port: u16, page: usize) -> Figures {
    let source = Source::at(port, page);
    let (start, mut records, mut after) = (Instant::now(), 0, Some(0));
    while let Some(from) = after {
        let (rows, next) = source.page(from, None).await.expect("a page");
        records += rows.len() as u64;
        after = next;
    }
    Figures {
        records,
        seconds: start.elapsed().as_secs_f64(),
        peak: peak(),
        ..Figures::default()
    }
}

async fn connection(app: &Arc<App>) -> ConnectionId {
    let id = ConnectionId(Uuid::now_v7());
    let values = args![id, "hubspot", "bench", "{}", false, clock::now().as_microsecond()];
    app.db
        .write(move |sql| {
            let values = values.clone();
            Box::pin(async move {
                let text = "INSERT INTO connection (id, kind, name, settings, paused, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
                Ok(sql.run(text, values).await?)
            })
        })
        .await
        .expect("a connection");
    id
}

fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap_or_default();
    let kb: Option<f64> = line.split_whitespace().nth(1).and_then(|kb| kb.parse().ok());
    kb.unwrap_or(0.0) / 1024.0
}
