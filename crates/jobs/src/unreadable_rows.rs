//! Rows that a run could not read: each is logged and counted in the run's row, and does not prevent others from being
//! notified. Knows no job.

use sealpost_arrival::reminder::Unsent;

use crate::job_context::Failed;

/// Their number.
#[derive(Default)]
pub(super) struct Unread(u64);

impl Unread {
    /// The result for one mailbox or letter. `None`: its row cannot be read. An error: the store does not answer at
    /// all.
    pub(super) fn or_noted<T>(
        &mut self,
        what: &'static str,
        id: &str,
        outcome: Result<T, Unsent>,
    ) -> Result<Option<T>, Failed> {
        match outcome {
            Ok(done) => Ok(Some(done)),
            Err(Unsent::Row(why)) => {
                self.0 += 1;
                tracing::error!(
                    what,
                    id,
                    why,
                    "no notice was sent: a row cannot be read; `sealpost check --store` names such rows"
                );
                Ok(None)
            }
            Err(Unsent::Store(why)) => Err(Failed::Mail(why)),
        }
    }

    /// As in the run's row: `None` if there were none.
    pub(super) fn count(&self) -> Option<(&'static str, u64)> {
        (self.0 > 0).then_some(("unreadable", self.0))
    }
}
