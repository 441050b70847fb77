//! Rows that a run could not read: each is named in the log and counted in the run's row, and keeps nobody else from being
//! told. Knows no job.

use sealpost_arrival::reminder::Unsent;

use crate::workshop::Failed;

/// How many there were.
#[derive(Default)]
pub(super) struct Unread(u64);

impl Unread {
    /// What was done about one mailbox or letter. `None`: its row cannot be read. An error: the store does not answer, for
    /// anybody.
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
                    "nobody was told: a row cannot be read; `sealpost check --store` names such rows"
                );
                Ok(None)
            }
            Err(Unsent::Store(why)) => Err(Failed::Mail(why)),
        }
    }

    /// As a run's row keeps it: nothing where all was well.
    pub(super) fn count(&self) -> Option<(&'static str, u64)> {
        (self.0 > 0).then_some(("unreadable", self.0))
    }
}
