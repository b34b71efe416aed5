//! Times and their percentiles.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Times of one kind of thing.
#[derive(Default)]
pub struct Times(Vec<Duration>);

impl Times {
    pub fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub fn extend(&mut self, other: Times) {
        self.0.extend(other.0);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The time that `percent` of all stay within.
    pub fn percentile(&mut self, percent: usize) -> Duration {
        self.0.sort();
        let at = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(at).copied().unwrap_or_default()
    }
}

/// Times by name, in the order of names.
pub type Table = BTreeMap<&'static str, Times>;

pub async fn timed<T>(table: &mut Table, name: &'static str, work: impl Future<Output = T>) -> T {
    let start = Instant::now();
    let value = work.await;
    table.entry(name).or_default().add(start.elapsed());
    value
}

/// Prints a table with count and percentiles.
pub fn print(title: &str, table: &mut Table) {
    println!(
        "  {title:<34}{:>8}{:>10}{:>10}{:>10}",
        "times", "p50 ms", "p95 ms", "p99 ms"
    );
    for (name, times) in table {
        let [p50, p95, p99] = [50, 95, 99].map(|p| millis(times.percentile(p)));
        println!("  {name:<34}{:>8}{p50:>10}{p95:>10}{p99:>10}", times.len());
    }
}

pub fn millis(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1_000.0)
}
