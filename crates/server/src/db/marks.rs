//! The marks of what processes keep in memory (organisation, policies): another one after each change. A piece of work
//! reads them once, and again after a change made by this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts this process's changes of marks, each as it is made and as it is committed or taken back.
#[derive(Debug, Clone, Default)]
pub(super) struct Renewals(Arc<AtomicU64>);

/// The marks as one piece of work read them.
#[derive(Debug, Default)]
pub(super) struct Marks {
    renewals: Renewals,
    read: Option<(u64, Vec<(String, i64)>)>,
    renewed: bool,
}

impl Marks {
    pub fn new(renewals: Renewals) -> Marks {
        Marks {
            renewals,
            ..Marks::default()
        }
    }

    /// The mark of `name`, if it was read and nothing was renewed since.
    pub fn known(&self, name: &str) -> Option<i64> {
        let (at, all) = self.read.as_ref()?;
        let found = all.iter().find(|(n, _)| n == name).filter(|_| *at == self.now());
        found.map(|(_, n)| *n)
    }

    /// How many renewals there were; to be asked before the marks are read.
    pub fn now(&self) -> u64 {
        self.renewals.0.load(Ordering::Acquire)
    }

    /// Keeps what was read after [`Marks::now`] said `at`.
    pub fn keep(&mut self, at: u64, all: Vec<(String, i64)>) {
        self.read = Some((at, all));
    }

    /// One was changed within a transaction that is still open.
    pub fn renew(&mut self) {
        self.renewed = true;
        self.count();
    }

    /// What was read may have been taken back.
    pub fn forget(&mut self) {
        self.read = None;
    }

    /// The transaction has ended, in whichever way.
    pub fn settle(&mut self) {
        self.forget();
        if std::mem::take(&mut self.renewed) {
            self.count();
        }
    }

    fn count(&self) {
        self.renewals.0.fetch_add(1, Ordering::AcqRel);
    }
}
