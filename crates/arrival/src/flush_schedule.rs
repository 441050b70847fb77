//! When what is counted in memory is written: a second after the first of it, later where the store could not write, and at the
//! end. Counts nothing.

use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// What comes in this time is one transaction.
const GATHERED: Duration = Duration::from_secs(1);
/// After which a store that could not write is asked again.
const AGAIN: Duration = Duration::from_secs(10);

/// Signal that wakes the writer.
#[derive(Debug, Default)]
pub(crate) struct FlushSchedule(Notify);

/// What became of what was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// All of it is written.
    All,
    /// Some of it is not, and is counted again.
    NotAll,
}

/// Whether more will be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is time to write.
    Now,
    /// It is time to write what there is, and nothing comes after that.
    Last,
}

impl FlushSchedule {
    /// There is something to write.
    pub(crate) fn some(&self) {
        self.0.notify_one();
    }

    /// Waits for it to be time, after what became of the last time.
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
