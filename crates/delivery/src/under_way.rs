//! How many legs are under way, to the operator's own hops and to the world, and how many more may be: servers of the world that hang
//! hold no mail to the operator's own. Knows no leg.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::route::Servers;

/// Maximum number of batches under way, and of those to external servers.
const MAX_BATCHES: usize = 4;
const MAX_BATCHES_TO_WORLD: usize = 3;

/// Fewer legs than this part of a batch do not justify a query.
const LEAST_PART: usize = 4;

/// Legs leased and not yet settled.
#[derive(Debug)]
pub(crate) struct UnderWay {
    /// Maximum number leased at a time.
    batch: usize,
    counts: Mutex<Counts>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    to_hops: usize,
    to_world: usize,
}

/// What may be leased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Capacity {
    /// Nothing: enough is under way.
    Nothing,
    /// This number of legs to the operator's own hops: external servers have used up their share.
    ToHops(usize),
    /// This number of legs to any server.
    ToAll(usize),
}

impl Capacity {
    fn rank(self) -> u8 {
        match self {
            Self::Nothing => 0,
            Self::ToHops(_) => 1,
            Self::ToAll(_) => 2,
        }
    }
}

impl UnderWay {
    pub(crate) fn new(batch: usize) -> Self {
        Self { batch: batch.max(1), counts: Mutex::default() }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn total(&self) -> usize {
        self.counts().total()
    }

    pub(crate) fn capacity(&self) -> Capacity {
        self.counts().capacity(self.batch)
    }

    /// Whether a letter that has just come in may go straight to its lane. Half of the room is left to those that wait in the queue, or
    /// they might wait for ever; so of the room that only hops have.
    pub(crate) fn takes_new(&self, servers: Servers) -> bool {
        let counts = *self.counts();
        let has_room = counts.total() < self.batch.saturating_mul(MAX_BATCHES) / 2;
        let kept = self.batch.saturating_mul(MAX_BATCHES - MAX_BATCHES_TO_WORLD);
        match servers {
            Servers::OfTheWorld => has_room,
            Servers::OwnHop => has_room || counts.to_hops < kept.div_ceil(2),
        }
    }

    pub(crate) fn begin(&self, servers: Servers) {
        *self.counts().of(servers) += 1;
    }

    /// One has come to its end. Whether others may be leased now that might not before.
    pub(crate) fn end(&self, servers: Servers) -> bool {
        let mut counts = self.counts();
        let before = counts.capacity(self.batch);
        let count = counts.of(servers);
        *count = count.saturating_sub(1);
        counts.capacity(self.batch).rank() > before.rank()
    }
}

impl Counts {
    fn of(&mut self, servers: Servers) -> &mut usize {
        match servers {
            Servers::OwnHop => &mut self.to_hops,
            Servers::OfTheWorld => &mut self.to_world,
        }
    }

    fn total(self) -> usize {
        self.to_hops.saturating_add(self.to_world)
    }

    /// Once the world's share is used up, whatever is free is for hops.
    fn capacity(self, batch: usize) -> Capacity {
        let left = batch.saturating_mul(MAX_BATCHES).saturating_sub(self.total());
        let left_to_world = batch.saturating_mul(MAX_BATCHES_TO_WORLD).saturating_sub(self.to_world);
        match (left >= batch, left_to_world >= batch) {
            (true, true) => Capacity::ToAll(batch),
            (_, false) if left >= batch.div_ceil(LEAST_PART) => Capacity::ToHops(left.min(batch)),
            (true | false, false) | (false, true) => Capacity::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn under_way(to_hops: usize, to_world: usize) -> UnderWay {
        let all = UnderWay::new(256);
        (0..to_hops).for_each(|_| all.begin(Servers::OwnHop));
        (0..to_world).for_each(|_| all.begin(Servers::OfTheWorld));
        all
    }

    #[test]
    fn the_world_never_has_the_last_quarter() {
        for (to_hops, to_world, room) in [
            (0, 0, Capacity::ToAll(256)),
            // Only one of them: all of what it may have.
            (768, 0, Capacity::ToAll(256)),
            (769, 0, Capacity::Nothing),
            (0, 512, Capacity::ToAll(256)),
            (0, 513, Capacity::ToHops(256)),
            (0, 768, Capacity::ToHops(256)),
            (100, 768, Capacity::ToHops(156)),
            (192, 768, Capacity::ToHops(64)),
            (193, 768, Capacity::Nothing),
            // Hops that are busy leave the world what is its.
            (500, 300, Capacity::Nothing),
            (468, 300, Capacity::ToAll(256)),
        ] {
            assert_eq!(under_way(to_hops, to_world).capacity(), room, "{to_hops} {to_world}");
        }
    }

    #[test]
    fn with_the_smallest_batch_there_is_room_for_both() {
        let all = UnderWay::new(1);
        for _ in 0..3 {
            assert_eq!(all.capacity(), Capacity::ToAll(1));
            all.begin(Servers::OfTheWorld);
        }
        assert_eq!(all.capacity(), Capacity::ToHops(1));
        assert!(all.takes_new(Servers::OwnHop) && !all.takes_new(Servers::OfTheWorld));
        all.begin(Servers::OwnHop);
        assert_eq!(all.capacity(), Capacity::Nothing);
        assert!(all.end(Servers::OwnHop), "the hop's");
        assert!(all.end(Servers::OfTheWorld), "everybody's");
    }

    #[test]
    fn letters_that_come_in_leave_half_to_the_queue() {
        for (to_hops, to_world, hop, world) in [
            (0, 511, true, true),
            (0, 512, true, false),
            (127, 768, true, false),
            (128, 768, false, false),
            (511, 0, true, true),
            (512, 0, false, false),
        ] {
            let all = under_way(to_hops, to_world);
            let taken = (all.takes_new(Servers::OwnHop), all.takes_new(Servers::OfTheWorld));
            assert_eq!(taken, (hop, world), "{to_hops} {to_world}");
        }
    }

    /// A waiter for capacity is woken when there is some, and not for each leg.
    #[test]
    fn the_end_that_makes_room_says_so() {
        let all = under_way(193, 768);
        assert!(all.end(Servers::OwnHop));
        assert!(!all.end(Servers::OwnHop));
        let to_the_world = (0..768).filter(|_| all.end(Servers::OfTheWorld)).count();
        assert_eq!(to_the_world, 1);
        assert_eq!((all.total(), all.capacity()), (191, Capacity::ToAll(256)));
    }
}
