//! What was committed without waiting for its flush, and is lost with the primary that had it: kept until a commit behind it
//! was waited for on the same server, and done once more where another one has taken its place. Knows no connection.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::statement::Batch;

/// More than a second's worth of ends; beyond, the oldest are let go, as after a loss of power.
const MOST: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct NotFlushed(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    kept: VecDeque<Kept>,
    next: u64,
}

#[derive(Debug)]
struct Kept {
    number: u64,
    /// The server it was committed on, by the moment it was started; `None`: perhaps it is not there any more.
    server: Option<String>,
    batch: Batch,
}

impl NotFlushed {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No code that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().kept.is_empty()
    }

    /// What has a number below this was committed before now.
    pub(super) fn mark(&self) -> u64 {
        self.lock().next
    }

    /// This was committed there; done twice it changes nothing.
    pub(super) fn remember(&self, server: String, batch: Batch) {
        let mut inner = self.lock();
        let number = inner.next;
        inner.next += 1;
        if inner.kept.len() >= MOST {
            inner.kept.pop_front();
        }
        inner.kept.push_back(Kept { number, server: Some(server), batch });
    }

    /// A commit that was begun after this mark was waited for there.
    pub(super) fn flushed(&self, mark: u64, server: &str) {
        self.lock().kept.retain(|kept| kept.number >= mark || kept.server.as_deref() != Some(server));
    }

    /// A connection has ended: what was not flushed may be gone.
    pub(super) fn doubt(&self) {
        self.lock().kept.iter_mut().for_each(|kept| kept.server = None);
    }

    /// What this server perhaps never had.
    pub(super) fn take_lost(&self, server: &str) -> Vec<Batch> {
        let mut inner = self.lock();
        let (lost, kept) = std::mem::take(&mut inner.kept)
            .into_iter()
            .partition::<VecDeque<_>, _>(|kept| kept.server.as_deref() != Some(server));
        inner.kept = kept;
        lost.into_iter().map(|kept| kept.batch).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_commit_behind_it_on_the_same_server_makes_it_certain() {
        let not_flushed = NotFlushed::default();
        let remember = |server: &str| not_flushed.remember(server.to_owned(), Batch::default());
        remember("one");
        let mark = not_flushed.mark();
        remember("one");
        not_flushed.flushed(mark, "other");
        assert_eq!(not_flushed.lock().kept.len(), 2);
        not_flushed.flushed(mark, "one");
        assert_eq!(not_flushed.lock().kept.len(), 1, "one came after it");
        assert!(not_flushed.take_lost("one").is_empty());
        assert_eq!(not_flushed.take_lost("other").len(), 1);
        assert!(not_flushed.is_empty(), "it is done again once");
        remember("one");
        not_flushed.doubt();
        not_flushed.flushed(not_flushed.mark(), "one");
        assert_eq!(not_flushed.take_lost("one").len(), 1);
    }
}
