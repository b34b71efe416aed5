//! Waking whoever waits within this process.

use tokio::sync::watch;

/// A counter that only rises; whoever waits is woken when it does.
pub struct Live {
    counter: watch::Sender<u64>,
    closing: watch::Sender<bool>,
}

impl Default for Live {
    fn default() -> Self {
        Live {
            counter: watch::Sender::new(0),
            closing: watch::Sender::new(false),
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

    /// The process is about to stop: open streams end, so that it need not wait for them.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Turns true when the process is about to stop.
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }
}
