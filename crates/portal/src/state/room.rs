//! Memory that what has been taken out of a letter keeps until it has been fetched: a piece of the memory for opened letters, and as
//! much of what one owner may keep of it. Knows no letter.

use tokio::sync::OwnedSemaphorePermit;

/// So much is taken, of all and of the owner's share, as long as this lives.
pub(crate) struct Room {
    memory: OwnedSemaphorePermit,
    share: OwnedSemaphorePermit,
}

impl Room {
    pub(crate) fn new(memory: OwnedSemaphorePermit, share: OwnedSemaphorePermit) -> Self {
        Self { memory, share }
    }

    /// So much of it as these bytes need; the rest is given back.
    pub(crate) fn reduced_to(self, bytes: usize) -> Self {
        let needed = bytes / 1024 + 1;
        Self { memory: reduced(self.memory, needed), share: reduced(self.share, needed) }
    }
}

fn reduced(mut permit: OwnedSemaphorePermit, to: usize) -> OwnedSemaphorePermit {
    let kept = to.min(permit.num_permits());
    // What stays in the first one goes with it.
    permit.split(kept).unwrap_or(permit)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    #[test]
    fn what_is_not_needed_is_given_back_to_all_and_to_the_owner() {
        let (memory, share) = (Arc::new(Semaphore::new(100)), Arc::new(Semaphore::new(20)));
        let permit =
            |of: &Arc<Semaphore>, many| Arc::clone(of).try_acquire_many_owned(many).expect("there is room");
        let room = Room::new(permit(&memory, 60), permit(&share, 20)).reduced_to(9 * 1024);
        assert_eq!((memory.available_permits(), share.available_permits()), (90, 10));
        let room = room.reduced_to(1024 * 1024);
        assert_eq!((memory.available_permits(), share.available_permits()), (90, 10));
        drop(room);
        assert_eq!((memory.available_permits(), share.available_permits()), (100, 20));
    }
}
