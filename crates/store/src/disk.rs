//! Free space of the store's file system, and a reserve file that is released when none is left: deliveries,
//! log-ins and deletions write rows too, and a full disk that cannot deliver cannot empty itself. Knows no
//! rows.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;

use crate::error::StoreError;
use crate::file_permissions::Access;

/// Size of the reserve in bytes: enough for a day of rows of a busy gateway, and little beside the letters.
const RESERVE: u64 = 32 * 1024 * 1024;

/// Below this many bytes the next transaction could fail: the reserve is released first.
const ALMOST_NONE: u64 = 2 * 1024 * 1024;

/// The reserve file's length once its blocks have been released.
const GIVEN_UP: u64 = 1;

/// State of the reserve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reserve {
    Held,
    NotYet,
    GivenUp,
}

/// Whether there is room for further letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum DiskSpace {
    /// There is.
    Enough,
    /// The rest is kept for deliveries, log-ins and deletions.
    Low {
        /// Free bytes.
        free: u64,
    },
}

/// Why the file system refused a write.
#[derive(Debug)]
pub(crate) enum WriteRefusal {
    /// No space, or over a quota: it works again when something has been removed.
    Full,
    /// Anything else; later writes may only seem to succeed.
    Broken(io::Error),
}

/// The file system that the store's folder is on.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: PathBuf,
    /// The folder of large bodies, if it is on another file system: that one must have room too.
    bodies: Option<PathBuf>,
    /// `None` if this process accepts no letters (commands): the reserve of others is left alone.
    reserve: Option<File>,
    /// Bytes kept free for everything but new letters.
    minimum_free: u64,
    /// Bytes reserved for letters coming in and not written yet. Of this process only; what others write
    /// shows in the free space.
    under_way: Mutex<u64>,
    /// This file system cannot preallocate.
    no_reserve: AtomicBool,
}

impl Disk {
    pub(crate) fn open(folder: &Path, bodies: Option<&Path>, minimum_free: u64) -> Result<Self, StoreError> {
        let reserve = match minimum_free {
            0 => None,
            _some => Some(Access::of(folder).file(&folder.join("reserve"))?),
        };
        let no_reserve = AtomicBool::new(false);
        Ok(Self {
            folder: folder.to_owned(),
            bodies: bodies.map(ToOwned::to_owned),
            reserve,
            minimum_free,
            under_way: Mutex::default(),
            no_reserve,
        })
    }

    /// Whether there is room for a letter of `octets`.
    pub(crate) fn space_for(&self, octets: u64) -> DiskSpace {
        self.space_beside(*self.under_way(), octets)
    }

    /// Reserves `octets` if there is room.
    pub(crate) fn set_aside(&self, octets: u64) -> DiskSpace {
        let mut under_way = self.under_way();
        let room = self.space_beside(*under_way, octets);
        if room == DiskSpace::Enough {
            *under_way = under_way.saturating_add(octets);
        }
        room
    }

    /// Returns octets that were reserved: they have been written, or will not come.
    pub(crate) fn give_back(&self, octets: u64) {
        let mut under_way = self.under_way();
        *under_way = under_way.saturating_sub(octets);
    }

    fn under_way(&self) -> MutexGuard<'_, u64> {
        // Nothing that can panic runs under this lock.
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn space_beside(&self, under_way: u64, octets: u64) -> DiskSpace {
        let Some(reserve) = &self.reserve else { return DiskSpace::Enough };
        let free = match self.free() {
            Ok(free) => free,
            Err(error) => {
                // If free space cannot be read, a failing write will show it.
                tracing::warn!(%error, "free space cannot be read");
                return DiskSpace::Enough;
            }
        };
        // A quota shows only in the reserve: it cannot be allocated while the quota is exceeded.
        if free < self.minimum_free.saturating_add(under_way).saturating_add(octets)
            || !self.keep_reserve(reserve, free)
        {
            return DiskSpace::Low { free };
        }
        DiskSpace::Enough
    }

    /// Before a transaction: releases the reserve if nothing else is left.
    pub(crate) fn before_write(&self) {
        if self.reserve.is_some() && self.free().is_ok_and(|free| free < ALMOST_NONE) {
            self.give_reserve();
        }
    }

    /// After a refused write: asks the file system by a small write of our own, since SQLite does not tell a
    /// quota from a broken disk. A full disk gets the reserve.
    pub(crate) fn ask_why(&self) -> Option<WriteRefusal> {
        match self.try_write() {
            Ok(()) => None,
            Err(error) if is_full(&error) => {
                self.give_reserve();
                Some(WriteRefusal::Full)
            }
            Err(error) => Some(WriteRefusal::Broken(error)),
        }
    }

    fn free(&self) -> io::Result<u64> {
        let free_in =
            |folder: &Path| statvfs(folder).map(|facts| facts.f_bavail.saturating_mul(facts.f_frsize));
        let here = free_in(&self.folder)?;
        match &self.bodies {
            Some(bodies) => Ok(here.min(free_in(bodies)?)),
            None => Ok(here),
        }
    }

    fn try_write(&self) -> io::Result<()> {
        let path = self.folder.join("probe");
        let written = File::create(&path).and_then(|mut file| {
            file.write_all(&[0; 8192])?;
            file.sync_all()
        });
        let _gone = std::fs::remove_file(&path);
        written
    }

    /// Allocates the reserve where there is room, and says whether letters are accepted.
    fn keep_reserve(&self, reserve: &File, free: u64) -> bool {
        if self.no_reserve.load(Ordering::Relaxed) {
            return true;
        }
        let roomy = free >= self.minimum_free.saturating_add(RESERVE);
        match state(reserve) {
            Reserve::Held => return true,
            Reserve::NotYet if !roomy => return true,
            // The reserve was used; free space must recover first, or the disk would fill to the last byte.
            Reserve::GivenUp if !roomy => return false,
            Reserve::NotYet | Reserve::GivenUp => {}
        }
        match fallocate(reserve, FallocateFlags::empty(), 0, RESERVE) {
            Ok(()) => true,
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
                tracing::info!("this file system cannot set a reserve aside; minimum-free still applies");
                self.no_reserve.store(true, Ordering::Relaxed);
                true
            }
            Err(_over_quota) => {
                self.give_reserve();
                false
            }
        }
    }

    /// Releases the reserve's blocks; the file's length tells every process.
    fn give_reserve(&self) {
        let Some(reserve) = &self.reserve else { return };
        let had = state(reserve);
        if let Err(error) = reserve.set_len(GIVEN_UP) {
            tracing::error!(%error, "the reserve could not be given up");
        } else if had == Reserve::Held {
            tracing::error!(
                disk.reserve = RESERVE,
                "the disk is full: the reserved space is released so that deliveries and log-ins go on; free some space"
            );
        }
    }
}

fn state(reserve: &File) -> Reserve {
    match reserve.metadata() {
        // Blocks, not length: a restored file may be sparse.
        Ok(facts) if facts.blocks().saturating_mul(512) >= RESERVE => Reserve::Held,
        Ok(facts) if facts.len() == GIVEN_UP => Reserve::GivenUp,
        Ok(_) | Err(_) => Reserve::NotYet,
    }
}

/// ENOSPC, EDQUOT and EFBIG: a file size limit counts as a full disk.
fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(disk: &Disk) -> bool {
        // Not every file system can preallocate.
        disk.no_reserve.load(Ordering::Relaxed) || state(disk.reserve.as_ref().unwrap()) == Reserve::Held
    }

    #[test]
    fn the_reserve_is_set_aside_given_up_and_set_aside_again() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(folder.path(), None, 1).unwrap();
        assert_eq!(disk.space_for(0), DiskSpace::Enough);
        assert!(held(&disk));
        disk.give_reserve();
        assert_eq!(state(disk.reserve.as_ref().unwrap()), Reserve::GivenUp);
        let other = Disk::open(folder.path(), None, 0).unwrap();
        other.give_reserve();
        assert_eq!(disk.space_for(0), DiskSpace::Enough);
        assert!(held(&disk));
    }

    #[test]
    fn below_the_minimum_there_is_no_room() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(folder.path(), None, u64::MAX / 2).unwrap();
        assert!(matches!(disk.space_for(0), DiskSpace::Low { .. }));
        let disk = Disk::open(folder.path(), None, 1).unwrap();
        assert!(matches!(disk.space_for(u64::MAX), DiskSpace::Low { .. }));
    }

    #[test]
    fn a_disk_that_takes_writes_has_no_reason() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(folder.path(), None, 1).unwrap();
        assert!(disk.ask_why().is_none());
        assert!(!folder.path().join("probe").exists());
    }
}
