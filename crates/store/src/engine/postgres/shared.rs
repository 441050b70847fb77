//! Work that waits to share a transaction: a waiter that gets a slot takes along what has arrived meanwhile. If nothing is under
//! way, each goes alone and at once. Knows no connection.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, SemaphorePermit, oneshot};
use tokio::time::{Instant, sleep_until};

use super::failure::Failure;
use crate::error::StoreError;
use crate::statement::{Batch, Statement, Value};

/// More bytes than this would delay the others too long.
const MAX_BYTES: usize = 512 * 1024;

/// Waiting for others is limited to this part of what the last transaction took: half of it. With a slow disk or standby, that is
/// what a letter waits for anyway; with fast ones, it is next to nothing.
const PART_OF_LAST: u32 = 2;

/// How long a waiter that could go waits for others to join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Company {
    /// This long, if the last ones had company: no caller waits for the result.
    IfLast(Duration),
    /// Under load (more waiters than slots), until the work under way ends or as many wait as may go at once; this long at most.
    /// Work that arrives together stays together, and the fewer transactions, the less each letter costs.
    InCrowd(Duration),
}

/// The size of what is sent to the server.
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

/// The result of a piece of work.
pub(super) type WorkResult<A> = Result<A, StoreError>;

/// A piece of work and the channel for its result.
#[derive(Debug)]
pub(super) struct Sharer<W, A> {
    number: u64,
    since: Instant,
    /// Until when its caller waits, for a slot and everything after it.
    pub(super) deadline: Instant,
    bytes: usize,
    pub(super) work: W,
    pub(super) reply: oneshot::Sender<WorkResult<A>>,
}

/// A caller that has queued work and waits for its result.
#[derive(Debug)]
pub(super) struct Waiter<A> {
    number: u64,
    answer: oneshot::Receiver<WorkResult<A>>,
    /// As in [`Sharer`]: until when it waits for a slot.
    deadline: Instant,
}

/// A slot; free again on drop.
#[derive(Debug)]
pub(super) struct TransactionSlot<'a> {
    held: Option<SemaphorePermit<'a>>,
    since: Instant,
    sharers: usize,
    load: &'a Mutex<Load>,
    changed: &'a Notify,
}

impl Drop for TransactionSlot<'_> {
    fn drop(&mut self) {
        let mut load = self.load.lock().unwrap_or_else(PoisonError::into_inner);
        load.took = self.since.elapsed();
        load.under_way = load.under_way.saturating_sub(self.sharers);
        drop(load);
        drop(self.held.take());
        self.changed.notify_one();
    }
}

/// Queued work of one kind.
#[derive(Debug)]
pub(super) struct Shared<W, A> {
    waiting: Mutex<Sharers<W, A>>,
    /// Held by the waiter that goes next, the only one that waits for others to join.
    next: Semaphore,
    /// Transactions at once.
    places: Semaphore,
    /// Number of slots.
    all_places: usize,
    /// Pieces of work per transaction at most.
    most: usize,
    company: Company,
    load: Mutex<Load>,
    /// A slot is free again, or enough waiters are queued.
    changed: Notify,
}

#[derive(Clone, Copy, Debug, Default)]
struct Load {
    /// Pieces of work in transactions now.
    under_way: usize,
    /// The recent number of those, with those that waited; each transaction that finds fewer reduces it by a quarter.
    crowd: usize,
    /// How many shared the transaction that began last.
    last: usize,
    /// How long the transaction took that ended last.
    took: Duration,
}

#[derive(Debug)]
struct Sharers<W, A> {
    sharers: VecDeque<Sharer<W, A>>,
    last: u64,
}

/// The queue's state.
#[derive(Clone, Copy, Debug)]
struct Waits {
    /// Since when the first one waits.
    since: Instant,
    sharers: usize,
    /// No more could go at once.
    is_full: bool,
}

/// What a waiter does next.
pub(super) enum Turn<'a, W, A> {
    /// Nothing: another waiter has taken its work along, or there was no slot in time.
    Over(WorkResult<A>),
    /// It runs these, perhaps including its own, while it holds the slot.
    Goes(TransactionSlot<'a>, Vec<Sharer<W, A>>),
}

impl<W: Weighed, A> Shared<W, A> {
    pub(super) fn new(places: usize, most: usize, company: Company) -> Self {
        let places = places.max(1);
        Self {
            waiting: Mutex::new(Sharers { sharers: VecDeque::new(), last: 0 }),
            next: Semaphore::new(1),
            places: Semaphore::new(places),
            all_places: places,
            most,
            company,
            load: Mutex::default(),
            changed: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Sharers<W, A>> {
        // No code that can panic runs under this lock.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn load(&self) -> MutexGuard<'_, Load> {
        self.load.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues work. Call [`Self::turn`] until it returns `Over`.
    pub(super) fn push(&self, work: W, deadline: Instant) -> Waiter<A> {
        let (reply, answer) = oneshot::channel();
        let bytes = work.bytes();
        let mut waiting = self.lock();
        waiting.last += 1;
        let number = waiting.last;
        waiting.sharers.push_back(Sharer { number, since: Instant::now(), deadline, bytes, work, reply });
        let enough = waiting.sharers.len() >= self.most;
        drop(waiting);
        if enough {
            self.changed.notify_one();
        }
        Waiter { number, answer, deadline }
    }

    pub(super) async fn turn(&self, waiter: &mut Waiter<A>) -> Turn<'_, W, A> {
        let (place, taken) = tokio::select! {
            biased;
            told = &mut waiter.answer => return over(told),
            // Nothing is taken unless it is ready, and then it is what is run.
            turn = self.slot() => match turn {
                Ok(turn) => turn,
                Err(error) => return Turn::Over(Err(error)),
            },
            () = sleep_until(waiter.deadline) => {
                if let Some(_withdrawn) = self.withdraw(waiter.number) {
                    return Turn::Over(Err(Failure::late("waiting to share a transaction").into()));
                }
                // Another waiter has taken it.
                return over((&mut waiter.answer).await);
            }
        };
        match place {
            Some(place) => Turn::Goes(place, taken),
            None => over((&mut waiter.answer).await),
        }
    }

    async fn slot(&self) -> Result<(Option<TransactionSlot<'_>>, Vec<Sharer<W, A>>), StoreError> {
        let next = self.next.acquire().await.map_err(|_closed| StoreError::Closed)?;
        match self.company {
            Company::InCrowd(most) => self.wait_in_crowd(most).await,
            Company::IfLast(_) => {}
        }
        // Another waiter has taken all of it.
        if self.waits().is_none() {
            return Ok((None, Vec::new()));
        }
        let held = self.places.acquire().await.map_err(|_closed| StoreError::Closed)?;
        if let Company::IfLast(wait) = self.company
            && self.load().last > 1
        {
            tokio::time::sleep(wait).await;
        }
        let taken = self.take();
        drop(next);
        if taken.is_empty() {
            return Ok((None, taken));
        }
        let (sharers, behind) = (taken.len(), self.waits().map_or(0, |waits| waits.sharers));
        let mut load = self.load();
        load.last = sharers;
        load.under_way += sharers;
        load.crowd = (load.under_way + behind).max(load.crowd - load.crowd.div_ceil(4));
        drop(load);
        let (load, changed) = (&self.load, &self.changed);
        Ok((Some(TransactionSlot { held: Some(held), since: Instant::now(), sharers, load, changed }), taken))
    }

    /// Called by the waiter that goes next.
    async fn wait_in_crowd(&self, most: Duration) {
        loop {
            let Load { under_way, crowd, took, .. } = *self.load();
            let Some(Waits { since, sharers, is_full }) = self.waits() else { return };
            let is_crowd = crowd.max(under_way + sharers) > self.all_places;
            if under_way == 0 || !is_crowd || is_full {
                return;
            }
            let until = since + most.min(took / PART_OF_LAST);
            tokio::select! {
                () = self.changed.notified() => {}
                () = sleep_until(until) => return,
            }
        }
    }

    /// The queue's state, unless it is empty.
    fn waits(&self) -> Option<Waits> {
        let waiting = self.lock();
        let (first, sharers) = (waiting.sharers.front()?, waiting.sharers.len());
        let bytes: usize = waiting.sharers.iter().take(self.most).map(|one| one.bytes).sum();
        Some(Waits { since: first.since, sharers, is_full: sharers >= self.most || bytes >= MAX_BYTES })
    }

    /// Removes it if it is still queued, so that it is not run.
    fn withdraw(&self, number: u64) -> Option<Sharer<W, A>> {
        let mut waiting = self.lock();
        let found = waiting.sharers.iter().position(|one| one.number == number)?;
        waiting.sharers.remove(found)
    }

    /// Takes the first ones.
    fn take(&self) -> Vec<Sharer<W, A>> {
        let mut waiting = self.lock();
        let (mut taken, mut bytes) = (Vec::new(), 0_usize);
        while let Some(next) = waiting.sharers.front() {
            bytes = bytes.saturating_add(next.bytes);
            if !taken.is_empty() && (taken.len() >= self.most || bytes > MAX_BYTES) {
                break;
            }
            taken.extend(waiting.sharers.pop_front());
        }
        taken
    }
}

fn over<'a, W, A>(told: Result<WorkResult<A>, oneshot::error::RecvError>) -> Turn<'a, W, A> {
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
        let shared = Shared::<Statement, u8>::new(1, 3, Company::InCrowd(Duration::ZERO));
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

    /// A store with three slots, whose last transaction took 20 ms.
    async fn busy() -> Shared<Statement, u8> {
        let shared = Shared::<Statement, u8>::new(3, 4, Company::InCrowd(Duration::from_millis(10)));
        let mut first = shared.push(sized(1), soon());
        let Turn::Goes(place, _gone) = shared.turn(&mut first).await else { unreachable!("nobody did it") };
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop(place);
        shared
    }

    #[tokio::test(start_paused = true)]
    async fn in_a_crowd_those_that_come_wait_for_each_other_but_not_long() {
        let shared = busy().await;
        let (push, begun) = (|| shared.push(sized(1), soon()), Instant::now());
        let after = |turn, ms| {
            let Turn::Goes(place, gone) = turn else { unreachable!("nobody did it") };
            assert_eq!(begun.elapsed(), Duration::from_millis(ms));
            (place, gone.len())
        };
        // As many as there are slots are not yet a crowd.
        let mut one = push();
        let (first, alone) = after(shared.turn(&mut one).await, 0);
        let mut one = push();
        let (second, also_alone) = after(shared.turn(&mut one).await, 0);
        // More are: wait for half of what the last one took.
        let (mut one, _other) = (push(), push());
        let (third, two) = after(shared.turn(&mut one).await, 10);
        assert_eq!([alone, also_alone, two], [1, 1, 2]);
        // Wait until those under way end.
        let mut one = push();
        let end = async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            drop((first, second, third));
        };
        let (turn, ()) = tokio::join!(shared.turn(&mut one), end);
        after(turn, 11);
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_as_may_go_at_once_go() {
        let shared = busy().await;
        let (push, begun) = (|| shared.push(sized(1), soon()), Instant::now());
        let mut one = push();
        let Turn::Goes(_place, _gone) = shared.turn(&mut one).await else { unreachable!("nobody did it") };
        let (mut one, _others) = (push(), [push(), push(), push()]);
        let Turn::Goes(_other, gone) = shared.turn(&mut one).await else { unreachable!("nobody did it") };
        assert_eq!((gone.len(), begun.elapsed()), (4, Duration::ZERO));
    }

    #[tokio::test]
    async fn whoever_finds_no_place_in_time_is_told_and_nobody_does_its_work() {
        let shared = Shared::<Statement, u8>::new(1, 3, Company::InCrowd(Duration::ZERO));
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
    async fn what_is_done_says_until_when_whoever_asked_for_it_waits() {
        let shared = Shared::<Statement, u8>::new(1, 3, Company::InCrowd(Duration::ZERO));
        let until = [soon(), soon() + Duration::from_secs(1)];
        let mut waits = until.map(|until| shared.push(sized(1), until));
        let Turn::Goes(_place, gone) = shared.turn(&mut waits[0]).await else {
            unreachable!("nobody did it")
        };
        assert_eq!(gone.iter().map(|one| one.deadline).collect::<Vec<_>>(), until);
    }

    #[tokio::test]
    async fn whoever_is_late_but_taken_along_is_told_what_became_of_it() {
        let shared = Shared::<Statement, u8>::new(1, 3, Company::InCrowd(Duration::ZERO));
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
