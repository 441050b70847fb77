//! When counts gathered in memory are written: a second after the first, later if the store could not write,
//! and at the end. Counts nothing.

use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Everything counted within this time is written in one transaction.
const GATHERED: Duration = Duration::from_secs(1);
/// How long to wait after a failed write.
const AGAIN: Duration = Duration::from_secs(10);

/// Wakes the writer.
#[derive(Debug, Default)]
pub(crate) struct FlushSchedule(Notify);

/// Result of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// Everything is written.
    All,
    /// Some of it failed and is counted again.
    NotAll,
}

/// Whether more will be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Write now.
    Now,
    /// Write what there is; nothing follows.
    Last,
}

impl FlushSchedule {
    /// Reports that there is something to write.
    pub(crate) fn some(&self) {
        self.0.notify_one();
    }

    /// Waits until it is time, depending on the result of the last write.
    pub(crate) async fn turn(&self, last: Written, done: &CancellationToken) -> Turn {
        let pause = match last {
            Written::All => GATHERED,
            Written::NotAll => {
                self.some();
                AGAIN
            }
        };
        let in_time = async {
            self.0.notified().await;
            sleep(pause).await;
        };
        tokio::select! {
            () = in_time => Turn::Now,
            () = done.cancelled() => Turn::Last,
        }
    }
}
