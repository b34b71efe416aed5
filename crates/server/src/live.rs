//! Waking: work was committed, so the sequencer, the job runner and open pages have something to look at.

use tokio::sync::watch;

/// A counter that only rises; whoever waits is woken when it does.
pub struct Live {
    counter: watch::Sender<u64>,
}

impl Default for Live {
    fn default() -> Self {
        Live {
            counter: watch::Sender::new(0),
        }
    }
}

impl Live {
    /// Something was committed.
    pub fn wake(&self) {
        self.counter.send_modify(|n| *n += 1);
    }

    /// Waits for the next waking after this call.
    pub fn listen(&self) -> watch::Receiver<u64> {
        let mut receiver = self.counter.subscribe();
        receiver.mark_unchanged();
        receiver
    }
}
