//! Work that waits to share a transaction: who finds a place takes what has come meanwhile along. Without a crowd each goes
//! alone, and at once. Knows no connection.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, oneshot};
use tokio::time::{Instant, sleep_until};

use super::failure::Failure;
use crate::error::StoreError;
use crate::statement::{Batch, Statement, Value};

/// More bytes than this make others wait for too long.
const MAX_BYTES: usize = 512 * 1024;

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
    number: u64,
    pub(super) work: W,
    pub(super) reply: oneshot::Sender<Told<A>>,
}

/// Whoever pushed work and waits for its answer.
#[derive(Debug)]
pub(super) struct Waiter<A> {
    number: u64,
    answer: oneshot::Receiver<Told<A>>,
    /// So long it waits for a place.
    deadline: Instant,
}

/// A place in front of the connections; free when this is dropped.
pub(super) type Place<'a> = SemaphorePermit<'a>;

/// Work of one kind.
#[derive(Debug)]
pub(super) struct Shared<W, A> {
    waiting: Mutex<Waiting<W, A>>,
    /// So many transactions at once.
    places: Semaphore,
    /// So much work in one at most.
    most: usize,
    /// How long whoever has a place waits for company, if the last ones had some.
    company: Duration,
    /// How many went last.
    last: AtomicUsize,
}

#[derive(Debug)]
struct Waiting<W, A> {
    sharers: VecDeque<Sharer<W, A>>,
    last: u64,
}

/// What whoever waits does next.
pub(super) enum Turn<'a, W, A> {
    /// Nothing: somebody else has taken it along, or there was no place in time.
    Over(Told<A>),
    /// It does these, and perhaps its own, while it holds the place.
    Goes(Place<'a>, Vec<Sharer<W, A>>),
}

impl<W: Weighed, A> Shared<W, A> {
    pub(super) fn new(places: usize, most: usize, company: Duration) -> Self {
        Self {
            waiting: Mutex::new(Waiting { sharers: VecDeque::new(), last: 0 }),
            places: Semaphore::new(places.max(1)),
            most,
            company,
            last: AtomicUsize::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<W, A>> {
        // No code that can panic runs under this lock.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be followed by [`Self::turn`] until that says that it is over.
    pub(super) fn push(&self, work: W, deadline: Instant) -> Waiter<A> {
        let (reply, answer) = oneshot::channel();
        let mut waiting = self.lock();
        waiting.last += 1;
        let number = waiting.last;
        waiting.sharers.push_back(Sharer { number, work, reply });
        Waiter { number, answer, deadline }
    }

    pub(super) async fn turn(&self, waiter: &mut Waiter<A>) -> Turn<'_, W, A> {
        let (place, taken) = tokio::select! {
            biased;
            told = &mut waiter.answer => return over(told),
            // Nothing is taken unless it is ready, and then it is what is done.
            turn = self.place() => match turn {
                Ok(turn) => turn,
                Err(error) => return Turn::Over(Err(error)),
            },
            () = sleep_until(waiter.deadline) => {
                if let Some(_withdrawn) = self.withdraw(waiter.number) {
                    return Turn::Over(Err(Failure::late("waiting to share a transaction").into()));
                }
                // Somebody has it.
                return over((&mut waiter.answer).await);
            }
        };
        if taken.is_empty() {
            drop(place);
            return over((&mut waiter.answer).await);
        }
        Turn::Goes(place, taken)
    }

    async fn place(&self) -> Result<(Place<'_>, Vec<Sharer<W, A>>), StoreError> {
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

    /// If it waits still; then nobody does it.
    fn withdraw(&self, number: u64) -> Option<Sharer<W, A>> {
        let mut waiting = self.lock();
        let found = waiting.sharers.iter().position(|one| one.number == number)?;
        waiting.sharers.remove(found)
    }

    /// The first ones.
    fn take(&self) -> Vec<Sharer<W, A>> {
        let mut waiting = self.lock();
        let (mut taken, mut bytes) = (Vec::new(), 0_usize);
        while let Some(next) = waiting.sharers.front() {
            bytes = bytes.saturating_add(next.work.bytes());
            if !taken.is_empty() && (taken.len() >= self.most || bytes > MAX_BYTES) {
                break;
            }
            taken.extend(waiting.sharers.pop_front());
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

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(3600)
    }

    #[tokio::test]
    async fn those_that_wait_go_together_but_not_too_many_at_once() {
        let shared = Shared::<Statement, u8>::new(1, 3, Duration::ZERO);
        let mut waits: Vec<_> =
            [1, 1, 1, 1, 300_000, 300_000].map(|bytes| shared.push(sized(bytes), soon())).into();
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

    #[tokio::test]
    async fn whoever_finds_no_place_in_time_is_told_and_nobody_does_its_work() {
        let shared = Shared::<Statement, u8>::new(1, 3, Duration::ZERO);
        let mut first = shared.push(sized(1), soon());
        let Turn::Goes(place, gone) = shared.turn(&mut first).await else { unreachable!("nobody did it") };
        assert_eq!(gone.len(), 1);
        let (mut late, mut patient) = (shared.push(sized(2), Instant::now()), shared.push(sized(3), soon()));
        let Turn::Over(Err(error)) = shared.turn(&mut late).await else { unreachable!("there is no place") };
        assert!(error.is_busy(), "{error:?}");
        drop(place);
        let Turn::Goes(_place, gone) = shared.turn(&mut patient).await else { unreachable!("nobody did it") };
        assert_eq!(gone.iter().map(|one| one.work.bytes()).collect::<Vec<_>>(), [3]);
    }

    #[tokio::test]
    async fn whoever_is_late_but_taken_along_is_told_what_became_of_it() {
        let shared = Shared::<Statement, u8>::new(1, 3, Duration::ZERO);
        let (mut first, mut late) = (shared.push(sized(1), soon()), shared.push(sized(2), Instant::now()));
        let Turn::Goes(_place, gone) = shared.turn(&mut first).await else { unreachable!("nobody did it") };
        assert_eq!(gone.len(), 2);
        let answers = async {
            tokio::task::yield_now().await;
            gone.into_iter().for_each(|one| one.reply.send(Ok(7)).unwrap());
        };
        let (told, ()) = tokio::join!(shared.turn(&mut late), answers);
        assert!(matches!(told, Turn::Over(Ok(7))));
    }
}
