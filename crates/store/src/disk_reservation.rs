//! Disk space reserved for data coming in, so that letters under way at the same time cannot together use what is kept
//! for deliveries, log-ins and deletions. Knows nothing of the data.

use std::fmt;
use std::sync::Arc;

use crate::disk::{Disk, DiskSpace};
use crate::error::StoreError;
use crate::store::Store;

/// Data of unknown length reserves as much again as has arrived, up to this; and after this many bytes the free space
/// is read again, because other processes write too.
const STEP: u64 = 1024 * 1024;

/// Disk space reserved for one item. What was not used is returned on drop.
pub struct Aside {
    disk: Arc<Disk>,
    /// Reserved and not written yet, in bytes.
    left: u64,
    /// Bytes received.
    came: u64,
    /// Bytes received but not written yet.
    waiting: u64,
    /// Bytes received since the free space was last read.
    unasked: u64,
}

impl Aside {
    /// Makes sure that there is room before `octets` are written.
    pub(crate) fn before_write(&mut self, octets: u64) -> Result<(), StoreError> {
        for count in [&mut self.came, &mut self.waiting, &mut self.unasked] {
            *count = count.saturating_add(octets);
        }
        let lacking = self.waiting.saturating_sub(self.left);
        if lacking == 0 && self.unasked < STEP {
            return Ok(());
        }
        let more = if lacking > 0 { lacking.max(self.came.min(STEP)) } else { 0 };
        set_aside(&self.disk, more)?;
        self.left = self.left.saturating_add(more);
        self.unasked = 0;
        Ok(())
    }

    /// The octets have been written and now show in the free space.
    pub(crate) fn wrote(&mut self, octets: u64) {
        let octets = octets.min(self.left);
        self.left = self.left.saturating_sub(octets);
        self.waiting = self.waiting.saturating_sub(octets);
        self.disk.give_back(octets);
    }
}

fn set_aside(disk: &Disk, octets: u64) -> Result<(), StoreError> {
    match disk.set_aside(octets) {
        DiskSpace::Enough => Ok(()),
        DiskSpace::Low { free } => Err(StoreError::NoRoom { free }),
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        self.disk.give_back(self.left);
    }
}

impl fmt::Debug for Aside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aside").field("left", &self.left).finish_non_exhaustive()
    }
}

impl Store {
    /// Reserves space for `octets` that are about to arrive; 0 if unknown. More is reserved as data arrives.
    ///
    /// # Errors
    /// `NoRoom`: with what is under way already, less than `minimum_free` would be left.
    pub fn set_aside(&self, octets: u64) -> Result<Aside, StoreError> {
        set_aside(self.disk(), octets)?;
        Ok(Aside { disk: Arc::clone(self.disk()), left: octets, came: 0, waiting: 0, unasked: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aside(disk: &Arc<Disk>, octets: u64) -> Result<Aside, StoreError> {
        set_aside(disk, octets)?;
        Ok(Aside { disk: Arc::clone(disk), left: octets, came: 0, waiting: 0, unasked: 0 })
    }

    #[test]
    fn what_is_under_way_counts_until_it_is_written_or_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Arc::new(Disk::open(folder.path(), None, 1).unwrap());
        let DiskSpace::Low { free } = disk.space_for(u64::MAX) else { panic!("no disk is so large") };
        let first = aside(&disk, free / 2).unwrap();
        assert!(matches!(aside(&disk, free / 2 + free / 4), Err(StoreError::NoRoom { .. })));
        drop(first);
        let mut second = aside(&disk, free / 2 + free / 4).unwrap();
        second.wrote(free / 2);
        drop(aside(&disk, free / 2).unwrap());
    }

    #[test]
    fn what_is_small_takes_little() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Arc::new(Disk::open(folder.path(), None, 1).unwrap());
        let mut unknown = Aside { disk, left: 0, came: 0, waiting: 0, unasked: 0 };
        for (octets, left) in [(1000, 1000), (1000, 2000), (1000, 1000), (1000, 4000)] {
            unknown.before_write(octets).unwrap();
            assert_eq!(unknown.left, left);
            unknown.wrote(octets);
        }
        unknown.before_write(3000).unwrap();
        assert_eq!(unknown.left, 3000);
        unknown.before_write(1).unwrap();
        assert_eq!(unknown.left, 10_001, "nothing is written yet");
    }

    #[test]
    fn what_says_no_length_is_asked_on_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Arc::new(Disk::open(folder.path(), None, u64::MAX / 2).unwrap());
        let mut unknown = Aside { disk: Arc::clone(&disk), left: 0, came: 0, waiting: 0, unasked: 0 };
        assert!(matches!(unknown.before_write(64 * STEP), Err(StoreError::NoRoom { .. })));
        // Announced, but cancelled meanwhile.
        let mut known = Aside { disk, left: 64 * STEP, came: 0, waiting: 0, unasked: 0 };
        known.before_write(1).unwrap();
        assert!(matches!(known.before_write(STEP), Err(StoreError::NoRoom { .. })));
    }
}
