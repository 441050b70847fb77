//! Work that waits to share a transaction: who finds a place takes what has come meanwhile along. Without a crowd each goes
//! alone, and at once. Knows no connection.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, oneshot};

use crate::error::StoreError;
use crate::statement::{Batch, Statement, Value};

/// More bytes than this make others wait for too long.
const MOST_BYTES: usize = 512 * 1024;

/// What it sends to the server.
pub(super) trait Weighed {
    fn bytes(&self) -> usize;
}

impl Weighed for Statement {
    fn bytes(&self) -> usize {
        let size = |value: &Value| match value {
            Value::Blob(bytes) => bytes.len(),
            Value::Text(text) => text.len(),
            Value::Null | Value::Int(_) => 0,
        };
        self.params.iter().map(size).sum()
    }
}

impl Weighed for Batch {
    fn bytes(&self) -> usize {
        self.statements.iter().map(Weighed::bytes).sum()
    }
}

/// What becomes of it.
pub(super) type Told<A> = Result<A, StoreError>;

/// Work, and who waits for its answer.
#[derive(Debug)]
pub(super) struct Sharer<W, A> {
    pub(super) work: W,
    pub(super) reply: oneshot::Sender<Told<A>>,
}

/// Work of one kind.
#[derive(Debug)]
pub(super) struct Shared<W, A> {
    waiting: Mutex<VecDeque<Sharer<W, A>>>,
    /// So many transactions at once.
    places: Semaphore,
    /// So much work in one at most.
    most: usize,
    /// How long whoever has a place waits for company, if the last ones had some.
    company: Duration,
    /// How many went last.
    last: AtomicUsize,
}

/// What whoever waits does next.
pub(super) enum Turn<'a, W, A> {
    /// Nothing: somebody else has taken it along.
    Over(Told<A>),
    /// It does these, and perhaps its own, while it holds the place.
    Goes(SemaphorePermit<'a>, Vec<Sharer<W, A>>),
}

impl<W: Weighed, A> Shared<W, A> {
    pub(super) fn new(places: usize, most: usize, company: Duration) -> Self {
        Self {
            waiting: Mutex::default(),
            places: Semaphore::new(places.max(1)),
            most,
            company,
            last: AtomicUsize::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Sharer<W, A>>> {
        // No code that can panic runs under this lock.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be followed by [`Self::turn`] until that says that it is over.
    pub(super) fn push(&self, work: W) -> oneshot::Receiver<Told<A>> {
        let (reply, answer) = oneshot::channel();
        self.lock().push_back(Sharer { work, reply });
        answer
    }

    pub(super) async fn turn(&self, answer: &mut oneshot::Receiver<Told<A>>) -> Turn<'_, W, A> {
        let (place, taken) = tokio::select! {
            biased;
            told = &mut *answer => return over(told),
            // Nothing is taken unless it is ready, and then it is what is done.
            turn = self.place() => match turn {
                Ok(turn) => turn,
                Err(error) => return Turn::Over(Err(error)),
            },
        };
        if taken.is_empty() {
            drop(place);
            return over(answer.await);
        }
        Turn::Goes(place, taken)
    }

    async fn place(&self) -> Result<(SemaphorePermit<'_>, Vec<Sharer<W, A>>), StoreError> {
        let place = self.places.acquire().await.map_err(|_closed| StoreError::Closed)?;
        if !self.company.is_zero() && self.last.load(Ordering::Relaxed) > 1 {
            tokio::time::sleep(self.company).await;
        }
        let taken = self.take();
        if !taken.is_empty() {
            self.last.store(taken.len(), Ordering::Relaxed);
        }
        Ok((place, taken))
    }

    /// The first ones.
    fn take(&self) -> Vec<Sharer<W, A>> {
        let mut waiting = self.lock();
        let (mut taken, mut bytes) = (Vec::new(), 0_usize);
        while let Some(next) = waiting.front() {
            bytes = bytes.saturating_add(next.work.bytes());
            if !taken.is_empty() && (taken.len() >= self.most || bytes > MOST_BYTES) {
                break;
            }
            taken.extend(waiting.pop_front());
        }
        taken
    }
}

fn over<'a, W, A>(told: Result<Told<A>, oneshot::error::RecvError>) -> Turn<'a, W, A> {
    Turn::Over(told.unwrap_or(Err(StoreError::Closed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::sql;

    fn sized(bytes: usize) -> Statement {
        sql!("INSERT INTO bodies (bytes) VALUES (?1)", vec![0_u8; bytes])
    }

    #[tokio::test]
    async fn those_that_wait_go_together_but_not_too_many_at_once() {
        let shared = Shared::<Statement, u8>::new(1, 3, Duration::ZERO);
        let mut waits: Vec<_> = [1, 1, 1, 1, 300_000, 300_000].map(|bytes| shared.push(sized(bytes))).into();
        let mut last = waits.pop().unwrap();
        for together in [3, 2, 1] {
            let Turn::Goes(_place, gone) = shared.turn(&mut last).await else {
                unreachable!("nobody did it")
            };
            assert_eq!(gone.len(), together);
            for one in gone {
                one.reply.send(Ok(7)).unwrap();
            }
        }
        for mut one in waits.into_iter().chain([last]) {
            assert!(matches!(shared.turn(&mut one).await, Turn::Over(Ok(7))));
        }
    }
}
