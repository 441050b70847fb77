//! Memory for letters that are opened to be sent. A part of it is for the operator's own hops alone: large letters to servers of the
//! world that read slowly hold no other mail. Knows no letter.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::route::Servers;

/// Permits stand for this many bytes.
const UNIT: u64 = 1024;

/// Of all memory the hops' own part.
const PART_FOR_HOPS: u32 = 4;

/// More than letters are ever sent at the same time.
const ALL: u32 = 1 << 20;

pub(crate) struct LetterMemory {
    common: Share,
    for_hops: Share,
    /// One permit for each letter to a hop in the common room; all of them for one that is too large for the hops' own and there all
    /// the same: with mail to hops alone there is never more in memory than all of it may be.
    beside: Arc<Semaphore>,
}

/// A letter that is larger than it is alone in it.
struct Share {
    free: Arc<Semaphore>,
    units: u32,
}

/// Room in memory, free again when it is dropped.
pub(crate) struct Taken {
    _memory: OwnedSemaphorePermit,
    _beside: Option<OwnedSemaphorePermit>,
}

impl LetterMemory {
    pub(crate) fn of(bytes: usize) -> Self {
        let units = u64::try_from(bytes).unwrap_or(u64::MAX) / UNIT;
        let units = u32::try_from(units).unwrap_or(u32::MAX).clamp(2, 1 << 28);
        let for_hops = (units / PART_FOR_HOPS).max(1);
        let beside = Arc::new(Semaphore::new(usize::try_from(ALL).unwrap_or(1)));
        Self { common: Share::of(units - for_hops), for_hops: Share::of(for_hops), beside }
    }

    /// Waits for room for a letter of so many bytes. `None`: delivery is at its end.
    pub(crate) async fn take(&self, servers: Servers, bytes: u64) -> Option<Taken> {
        match servers {
            Servers::OfTheWorld => Some(Taken { _memory: self.common.take(bytes).await?, _beside: None }),
            Servers::OwnHop if self.for_hops.holds(bytes) => tokio::select! {
                biased;
                memory = self.for_hops.take(bytes) => Some(Taken { _memory: memory?, _beside: None }),
                taken = self.in_common(bytes) => taken,
            },
            // As long as it fits better elsewhere, it leaves that room to smaller ones.
            Servers::OwnHop => match self.in_common_now(bytes) {
                Some(taken) => Some(taken),
                None => tokio::select! {
                    biased;
                    taken = self.alone(bytes) => taken,
                    taken = self.in_common(bytes) => taken,
                },
            },
        }
    }

    /// The memory first: whoever waits for it keeps nobody from being alone.
    async fn in_common(&self, bytes: u64) -> Option<Taken> {
        let memory = self.common.take(bytes).await?;
        let beside = Arc::clone(&self.beside).acquire_owned().await.ok()?;
        Some(Taken { _memory: memory, _beside: Some(beside) })
    }

    fn in_common_now(&self, bytes: u64) -> Option<Taken> {
        let memory = self.common.take_now(bytes)?;
        let beside = Arc::clone(&self.beside).try_acquire_owned().ok()?;
        Some(Taken { _memory: memory, _beside: Some(beside) })
    }

    /// In the hops' own room, which is too small for it: the common one is the world's then.
    async fn alone(&self, bytes: u64) -> Option<Taken> {
        let beside = Arc::clone(&self.beside).acquire_many_owned(ALL).await.ok()?;
        let memory = self.for_hops.take(bytes).await?;
        Some(Taken { _memory: memory, _beside: Some(beside) })
    }
}

impl Share {
    fn of(units: u32) -> Self {
        Self { free: Arc::new(Semaphore::new(usize::try_from(units).unwrap_or(1))), units }
    }

    fn units(bytes: u64) -> u32 {
        u32::try_from(bytes / UNIT + 1).unwrap_or(u32::MAX)
    }

    fn holds(&self, bytes: u64) -> bool {
        Self::units(bytes) <= self.units
    }

    /// In turn. `None`: delivery is at its end.
    async fn take(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).acquire_many_owned(Self::units(bytes).min(self.units)).await.ok()
    }

    fn take_now(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).try_acquire_many_owned(Self::units(bytes).min(self.units)).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    const MIB: u64 = 1024 * 1024;
    const WORLD: Servers = Servers::OfTheWorld;
    const HOP: Servers = Servers::OwnHop;

    /// What it has without waiting.
    fn now(memory: &LetterMemory, servers: Servers, bytes: u64) -> Option<Taken> {
        match pin!(memory.take(servers, bytes)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(taken) => taken,
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
    async fn whoever_waits_for_both_takes_one() {
        let memory = LetterMemory::of(16 << 20);
        let (world, own) = (now(&memory, WORLD, 12 * MIB), now(&memory, HOP, 4 * MIB));
        let mut waiting = pin!(memory.take(HOP, 2 * MIB));
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        drop((world, own));
        assert!(waiting.await.is_some());
        assert!(now(&memory, WORLD, 12 * MIB - 1).is_some(), "nothing of the common room is taken");
    }
}
