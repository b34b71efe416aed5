//! Counts for monitoring, in Prometheus' text format.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is counted since the start.
#[derive(Default)]
pub struct Metrics {
    /// Requests served.
    pub requests: AtomicU64,
    /// Of them, answered with 5xx.
    pub failures: AtomicU64,
    /// Microseconds spent on them.
    pub request_micros: AtomicU64,
    /// Commands carried out.
    pub commands: AtomicU64,
    /// Jobs done.
    pub jobs_done: AtomicU64,
    /// Job attempts that failed.
    pub jobs_failed: AtomicU64,
}

impl Metrics {
    /// Adds one.
    pub fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// The text, with gauges that the caller read from the database.
    pub fn text(&self, gauges: &[(&str, &str, i64)]) -> String {
        let mut out = String::new();
        let counters = [
            ("outlay_requests_total", "Requests served.", &self.requests),
            (
                "outlay_request_failures_total",
                "Requests answered with 5xx.",
                &self.failures,
            ),
            (
                "outlay_request_microseconds_total",
                "Microseconds spent on requests.",
                &self.request_micros,
            ),
            (
                "outlay_commands_total",
                "Commands carried out on claims.",
                &self.commands,
            ),
            ("outlay_jobs_done_total", "Jobs done.", &self.jobs_done),
            (
                "outlay_job_failures_total",
                "Job attempts that failed.",
                &self.jobs_failed,
            ),
        ];
        for (name, help, counter) in counters {
            let value = counter.load(Ordering::Relaxed);
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}");
        }
        for (name, help, value) in gauges {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
        }
        out
    }
}
