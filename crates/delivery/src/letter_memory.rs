//! Memory for letters that are opened to be sent. A part of it is for the operator's own hops alone: large letters to servers of the
//! world that read slowly hold no other mail. Knows no letter.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::route::Servers;

/// Memory is counted in pieces of this many bytes.
const UNIT: u64 = 1024;

/// Of all memory the hops' own part.
const PART_FOR_HOPS: u32 = 4;

pub(crate) struct LetterMemory(Arc<Ledger>);

struct Ledger {
    /// Size of the share that all letters use.
    common: u32,
    /// Size of the hops' share.
    for_hops: u32,
    state: Mutex<State>,
    /// Something became free, or the line is shorter.
    changed: Notify,
}

#[derive(Default)]
struct State {
    common_used: u32,
    for_hops_used: u32,
    /// Letters to hops in the common share.
    beside: u32,
    /// A letter to a hop that is larger than the hops' share has taken it: then no other one is in the common share. With mail to
    /// hops alone there is never more in memory than all of it may be.
    alone: bool,
    line: VecDeque<Waiting>,
    next: u64,
}

/// A letter that waits. It holds nothing while it waits: in each share it is let in as a whole, or not at all.
#[derive(Clone, Copy)]
struct Waiting {
    number: u64,
    servers: Servers,
    units: u32,
}

/// What a letter has taken.
#[derive(Clone, Copy)]
enum Share {
    Common(u32),
    /// The same, for a letter to a hop.
    CommonToHop(u32),
    ForHops(u32),
    /// All of the hops' share, which is too small for the letter.
    Alone(u32),
}

/// Memory for one letter, free again when it is dropped.
pub(crate) struct Taken {
    ledger: Arc<Ledger>,
    share: Share,
}

impl LetterMemory {
    pub(crate) fn of(bytes: usize) -> Self {
        let units = u64::try_from(bytes).unwrap_or(u64::MAX) / UNIT;
        let units = u32::try_from(units).unwrap_or(u32::MAX).clamp(2, 1 << 28);
        let for_hops = (units / PART_FOR_HOPS).max(1);
        let (state, changed) = (Mutex::default(), Notify::new());
        Self(Arc::new(Ledger { common: units - for_hops, for_hops, state, changed }))
    }

    /// Waits for memory for a letter of `bytes`. A letter that is larger than a share has it to itself.
    pub(crate) async fn take(&self, servers: Servers, bytes: u64) -> Taken {
        let place = Place::last(&self.0, servers, bytes);
        loop {
            let mut changed = std::pin::pin!(self.0.changed.notified());
            // From here on a change is not missed.
            changed.as_mut().enable();
            if let Some(taken) = place.let_in() {
                return taken;
            }
            changed.await;
        }
    }
}

/// A place in the line, given up when it is dropped.
struct Place<'a> {
    ledger: &'a Arc<Ledger>,
    waiting: Waiting,
}

impl<'a> Place<'a> {
    fn last(ledger: &'a Arc<Ledger>, servers: Servers, bytes: u64) -> Self {
        let units = u32::try_from(bytes / UNIT + 1).unwrap_or(u32::MAX);
        let mut state = ledger.state();
        let waiting = Waiting { number: state.next, servers, units };
        state.next += 1;
        state.line.push_back(waiting);
        Self { ledger, waiting }
    }

    fn let_in(&self) -> Option<Taken> {
        let mut state = self.ledger.state();
        let share = self.ledger.share_for(&state, &self.waiting)?;
        state.add(share);
        Some(Taken { ledger: Arc::clone(self.ledger), share })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.ledger.state().line.retain(|one| one.number != self.waiting.number);
        // Another one is first now.
        self.ledger.changed.notify_waiters();
    }
}

impl Ledger {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while holding the lock; if it did, the counts are still those of whole letters.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where there is memory for it now, and no letter before it waits for the same. `None`: it waits.
    fn share_for(&self, state: &State, letter: &Waiting) -> Option<Share> {
        let (in_common, in_hops) = (letter.units.min(self.common), letter.units.min(self.for_hops));
        let common_fits = in_common <= self.common - state.common_used;
        let hops_fit = in_hops <= self.for_hops - state.for_hops_used;
        let is_small = letter.units <= self.for_hops;
        let number = letter.number;
        let before = || state.line.iter().take_while(move |one| one.number != number);
        // One that may not be in the common share at present keeps none from it.
        let may_be_in_common = |one: &Waiting| match one.servers {
            Servers::OfTheWorld => true,
            Servers::OwnHop => !state.alone,
        };
        let first_in_common = || !before().any(may_be_in_common);
        // A large one takes the hops' share when all of it is free, and keeps none from it until then.
        let waits_for_hops = |one: &Waiting| match one.servers {
            Servers::OfTheWorld => false,
            Servers::OwnHop => one.units <= self.for_hops,
        };
        let first_in_hops = || !before().any(waits_for_hops);
        match letter.servers {
            Servers::OfTheWorld => (common_fits && first_in_common()).then_some(Share::Common(in_common)),
            Servers::OwnHop if is_small && hops_fit && first_in_hops() => Some(Share::ForHops(in_hops)),
            // A large one leaves the hops' share to smaller ones as long as it fits here.
            Servers::OwnHop if common_fits && may_be_in_common(letter) && first_in_common() => {
                Some(Share::CommonToHop(in_common))
            }
            Servers::OwnHop if !is_small && state.beside == 0 && hops_fit => Some(Share::Alone(in_hops)),
            Servers::OwnHop => None,
        }
    }
}

impl State {
    fn add(&mut self, share: Share) {
        match share {
            Share::Common(units) => self.common_used += units,
            Share::CommonToHop(units) => {
                self.common_used += units;
                self.beside += 1;
            }
            Share::ForHops(units) => self.for_hops_used += units,
            Share::Alone(units) => {
                self.for_hops_used += units;
                self.alone = true;
            }
        }
    }

    fn subtract(&mut self, share: Share) {
        match share {
            Share::Common(units) => self.common_used -= units,
            Share::CommonToHop(units) => {
                self.common_used -= units;
                self.beside -= 1;
            }
            Share::ForHops(units) => self.for_hops_used -= units,
            Share::Alone(units) => {
                self.for_hops_used -= units;
                self.alone = false;
            }
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.ledger.state().subtract(self.share);
        self.ledger.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::*;

    const MIB: u64 = 1024 * 1024;
    const WORLD: Servers = Servers::OfTheWorld;
    const HOP: Servers = Servers::OwnHop;

    /// What it has without waiting.
    fn now(memory: &LetterMemory, servers: Servers, bytes: u64) -> Option<Taken> {
        match pin!(memory.take(servers, bytes)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(taken) => Some(taken),
            Poll::Pending => None,
        }
    }

    #[test]
    fn a_quarter_is_for_hops_alone() {
        let memory = LetterMemory::of(16 << 20);
        let held = [now(&memory, WORLD, 6 * MIB - 1), now(&memory, WORLD, 6 * MIB - 1)];
        assert!(held.iter().all(Option::is_some));
        assert!(now(&memory, WORLD, 1).is_none(), "the world has used its share up");
        let own = now(&memory, HOP, 4 * MIB - 1);
        assert!(own.is_some() && now(&memory, HOP, 1).is_none());
    }

    #[test]
    fn with_mail_to_hops_alone_they_have_all() {
        let memory = LetterMemory::of(16 << 20);
        let held: Vec<_> = (0..16).map(|_| now(&memory, HOP, MIB - 1)).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(now(&memory, HOP, 1).is_none());
        drop(held);
        // The large ones go where they fit, and leave the small ones theirs.
        let large = now(&memory, HOP, 11 * MIB);
        assert!(large.is_some() && now(&memory, HOP, 4 * MIB - 1).is_some());
    }

    /// The largest letter of the world is alone in the world's share, and the largest to a hop in the hops'.
    #[test]
    fn a_letter_larger_than_all_of_it_goes_alone() {
        let memory = LetterMemory::of(16 << 20);
        let worlds = now(&memory, WORLD, 50 * MIB);
        assert!(worlds.is_some() && now(&memory, WORLD, 1).is_none());
        let own = now(&memory, HOP, 50 * MIB);
        assert!(own.is_some() && now(&memory, HOP, 1).is_none());
        drop(worlds);
        assert!(now(&memory, WORLD, 1).is_some());
        assert!(now(&memory, HOP, 1).is_none(), "hops have as much as there is");
        drop(own);
        assert!(now(&memory, HOP, 1).is_some());
        for bytes in [0, 1, 1024, 4096] {
            let least = LetterMemory::of(bytes);
            assert!(now(&least, WORLD, MIB).is_some() && now(&least, HOP, MIB).is_some(), "{bytes}");
        }
    }

    /// With mail to hops alone no two are there that are together more than there is.
    #[test]
    fn no_two_large_letters_to_hops_are_in_memory() {
        let memory = LetterMemory::of(16 << 20);
        let first = now(&memory, HOP, 11 * MIB);
        assert!(first.is_some() && now(&memory, HOP, 11 * MIB).is_none());
        assert!(now(&memory, HOP, 4 * MIB - 1).is_some());
        drop(first);
        assert!(now(&memory, HOP, 11 * MIB).is_some());
    }

    /// One that waits for both is woken by either, and what it waited for elsewhere is free.
    #[tokio::test]
    async fn a_letter_that_waits_for_both_takes_one() {
        let memory = LetterMemory::of(16 << 20);
        let (world, own) = (now(&memory, WORLD, 12 * MIB), now(&memory, HOP, 4 * MIB));
        let mut waiting = pin!(memory.take(HOP, 2 * MIB));
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        drop((world, own));
        let _taken = waiting.await;
        assert!(now(&memory, WORLD, 12 * MIB - 1).is_some(), "nothing of the common room is taken");
    }

    /// A large one may wait for long: for a server that reads slowly. What it waits for is not its own yet.
    #[tokio::test(start_paused = true)]
    async fn a_large_letter_that_waits_keeps_no_other_waiting() {
        let memory = LetterMemory::of(16 << 20);
        let world = now(&memory, WORLD, 12 * MIB);
        let slow = now(&memory, HOP, MIB);
        assert!(world.is_some() && slow.is_some());
        let began = Instant::now();
        let in_turn = async {
            let _large = memory.take(HOP, 11 * MIB).await;
            began.elapsed()
        };
        let slow_ends = async {
            sleep(Duration::from_secs(600)).await;
            drop(slow);
        };
        let others = async {
            tokio::task::yield_now().await;
            for _ in 0..10 {
                let _small = memory.take(HOP, 2 * MIB).await;
                sleep(Duration::from_secs(1)).await;
            }
            began.elapsed()
        };
        let (large, (), others) = tokio::join!(in_turn, slow_ends, others);
        assert_eq!(others, Duration::from_secs(10));
        assert_eq!(large, Duration::from_secs(600), "it comes when it can");
    }

    /// The same where the slow letter is in the common share, and where a large one has the hops' share to itself.
    #[tokio::test(start_paused = true)]
    async fn neither_share_is_held_while_the_other_is_waited_for() {
        let memory = LetterMemory::of(16 << 20);
        let (slow, world) = (now(&memory, HOP, 5 * MIB), now(&memory, WORLD, 7 * MIB - 2048));
        assert!(slow.is_some() && world.is_some());
        let mut large = pin!(memory.take(HOP, 11 * MIB));
        let mut context = Context::from_waker(Waker::noop());
        assert!(large.as_mut().poll(&mut context).is_pending());
        assert!(now(&memory, HOP, 4 * MIB - 1).is_some());
        drop((slow, world));
        let taken = large.await;
        drop(taken);

        let full = now(&memory, WORLD, 12 * MIB);
        let alone = now(&memory, HOP, 50 * MIB);
        assert!(full.is_some() && alone.is_some());
        // One to a hop comes first, and may not be in the common share while the other is alone.
        let mut hops = pin!(memory.take(HOP, MIB));
        assert!(hops.as_mut().poll(&mut context).is_pending());
        drop(full);
        assert!(hops.as_mut().poll(&mut context).is_pending());
        assert!(now(&memory, WORLD, 12 * MIB).is_some(), "letters to the world go on");
        drop(alone);
        let _taken = hops.await;
    }

    /// Large letters are not overtaken for ever: in the common share all come in turn.
    #[tokio::test(start_paused = true)]
    async fn in_the_common_share_letters_come_in_turn() {
        let memory = LetterMemory::of(16 << 20);
        let held = now(&memory, WORLD, MIB);
        let mut large = pin!(memory.take(WORLD, 12 * MIB));
        let mut context = Context::from_waker(Waker::noop());
        assert!(large.as_mut().poll(&mut context).is_pending());
        assert!(now(&memory, WORLD, MIB).is_none(), "the large one is first");
        drop(held);
        assert!(large.as_mut().poll(&mut context).is_ready());
    }

    /// One that gives up waiting is out of the line.
    #[tokio::test(start_paused = true)]
    async fn a_letter_that_gives_up_keeps_no_place() {
        let memory = LetterMemory::of(16 << 20);
        let _held = now(&memory, WORLD, MIB);
        let large = memory.take(WORLD, 12 * MIB);
        assert!(tokio::time::timeout(Duration::from_secs(1), large).await.is_err());
        assert!(now(&memory, WORLD, MIB).is_some() && memory.0.state().line.is_empty());
    }
}
