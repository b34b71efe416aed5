//! What has to be undone however a command ends: by its end, an error, a panic, Ctrl-C or SIGTERM.

use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};

type Action = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Pending {
    last: u64,
    actions: Vec<(u64, Action)>,
}

static PENDING: Mutex<Pending> = Mutex::new(Pending {
    last: 0,
    actions: Vec::new(),
});

fn pending() -> MutexGuard<'static, Pending> {
    PENDING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs its action once: when dropped, or when the command is interrupted.
#[must_use]
pub struct Cleanup(u64);

impl Cleanup {
    pub fn new(action: impl FnOnce() + Send + 'static) -> Self {
        let mut pending = pending();
        pending.last += 1;
        let id = pending.last;
        pending.actions.push((id, Box::new(action)));
        Self(id)
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        // The lock is held while the action runs, so that an interrupted command can't exit half-way through one.
        let mut pending = pending();
        if let Some(place) = pending.actions.iter().position(|(id, _)| *id == self.0) {
            let (_, action) = pending.actions.remove(place);
            action();
        }
    }
}

/// From now on Ctrl-C, SIGTERM and SIGHUP undo everything, newest first, and exit with 130.
pub fn on_interrupt() -> Result<()> {
    ctrlc::set_handler(|| {
        let mut pending = pending();
        eprintln!("\ninterrupted: stopping services");
        while let Some((_, action)) = pending.actions.pop() {
            action();
        }
        std::process::exit(130);
    })
    .context("cannot listen for Ctrl-C")
}
