//! Batches committed without waiting for their flush, which are lost if the primary is lost: remembered until a later commit on the
//! same server was flushed, and repeated if another server has replaced it. Knows no connection.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::statement::Batch;

/// More than a second's worth of ends; beyond this, the oldest are dropped, as after a power failure.
const MAX_BATCHES: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct NotFlushed(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    kept: VecDeque<UnflushedBatch>,
    next: u64,
}

#[derive(Debug)]
struct UnflushedBatch {
    number: u64,
    server: Server,
    batch: Batch,
}

/// The server that something was committed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    /// When it was started.
    pub(super) started: String,
    /// How many of its connections had ended: it may lose unwritten data and continue under the same identity.
    pub(super) ends: u64,
}

impl NotFlushed {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No code that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().kept.is_empty()
    }

    /// Whatever has a number below this was committed before now.
    pub(super) fn mark(&self) -> u64 {
        self.lock().next
    }

    /// Remembers a batch committed on this server; repeating it changes nothing.
    pub(super) fn remember(&self, server: Server, batch: Batch) {
        let mut inner = self.lock();
        let number = inner.next;
        inner.next += 1;
        if inner.kept.len() >= MAX_BATCHES {
            inner.kept.pop_front();
        }
        inner.kept.push_back(UnflushedBatch { number, server, batch });
    }

    /// A commit that began after this mark was flushed there.
    pub(super) fn flushed(&self, mark: u64, server: &Server) {
        self.lock().kept.retain(|kept| kept.number >= mark || kept.server != *server);
    }

    /// The first batch committed before this mark that may be lost: to be repeated and then forgotten.
    pub(super) fn lost(&self, mark: u64) -> Option<(u64, Batch)> {
        let inner = self.lock();
        let first = inner.kept.iter().find(|kept| kept.number < mark);
        first.map(|kept| (kept.number, kept.batch.clone()))
    }

    pub(super) fn forget(&self, number: u64) {
        self.lock().kept.retain(|kept| kept.number != number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(started: &str, ends: u64) -> Server {
        Server { started: started.to_owned(), ends }
    }

    #[test]
    fn only_a_commit_behind_it_on_the_same_server_makes_it_certain() {
        let not_flushed = NotFlushed::default();
        let remember = |at: Server| not_flushed.remember(at, Batch::default());
        remember(server("one", 0));
        let mark = not_flushed.mark();
        remember(server("one", 0));
        not_flushed.flushed(mark, &server("other", 0));
        assert_eq!(not_flushed.lock().kept.len(), 2);
        not_flushed.flushed(mark, &server("one", 1));
        assert_eq!(not_flushed.lock().kept.len(), 2, "it may have lost it in between");
        not_flushed.flushed(mark, &server("one", 0));
        assert_eq!(not_flushed.lock().kept.len(), 1, "one came after it");
        assert!(not_flushed.lost(mark).is_none(), "nor is that one lost");
        let (number, _batch) = not_flushed.lost(not_flushed.mark()).unwrap();
        not_flushed.forget(number);
        assert!(not_flushed.is_empty(), "it is done again once");
    }
}
