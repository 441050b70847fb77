//! The memory of Argon2id: erased after each use, and reused by a thread that does nothing else, because allocating 19 MiB is a
//! noticeable part of each derivation. Knows no password.

use std::cell::RefCell;

use argon2::Block;
use zeroize::Zeroize as _;

use crate::error::VaultError;

/// Maximum blocks of 1 KiB that a thread keeps: those of the standard cost. Rows may ask for more.
const MAX_KEPT: usize = 19 * 1024;

thread_local! {
    /// `None` on threads that keep nothing.
    static KEPT: RefCell<Option<Vec<Block>>> = const { RefCell::new(None) };
}

/// Runs work on a thread dedicated to Argon2: from now on it keeps the erased memory of a derivation for the next one, until it
/// ends.
pub fn keeping_argon2_memory<T>(work: impl FnOnce() -> T) -> T {
    KEPT.with_borrow_mut(|kept| {
        kept.get_or_insert_default();
    });
    work()
}

/// Memory for one derivation.
pub(crate) struct Argon2Memory(Vec<Block>);

impl Argon2Memory {
    /// This many blocks with unspecified contents.
    pub(crate) fn of(blocks: usize) -> Result<Self, VaultError> {
        let mut memory = KEPT.with_borrow_mut(|kept| kept.as_mut().map(std::mem::take)).unwrap_or_default();
        memory.truncate(blocks);
        memory.try_reserve_exact(blocks - memory.len()).map_err(|_exhausted| VaultError::Memory)?;
        memory.resize(blocks, Block::default());
        Ok(Self(memory))
    }

    pub(crate) fn blocks(&mut self) -> &mut [Block] {
        &mut self.0
    }
}

impl Drop for Argon2Memory {
    /// Its content depends on the password.
    fn drop(&mut self) {
        self.0.iter_mut().zeroize();
        if self.0.len() <= MAX_KEPT {
            let memory = std::mem::take(&mut self.0);
            // A thread that is ending keeps nothing more.
            let _ended = KEPT.try_with(|kept| {
                if let Ok(mut kept) = kept.try_borrow_mut()
                    && let Some(kept) = kept.as_mut()
                {
                    *kept = memory;
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Address of the memory of a derivation after use.
    fn used() -> *const Block {
        let mut memory = Argon2Memory::of(64).unwrap();
        for word in memory.blocks().iter_mut().flat_map(|block| block.as_mut().iter_mut()) {
            *word = 7;
        }
        memory.blocks().as_ptr()
    }

    #[test]
    fn a_thread_that_keeps_it_uses_it_again_erased() {
        let (first, second) = std::thread::spawn(|| {
            keeping_argon2_memory(|| {
                let first = used() as usize;
                let mut memory = Argon2Memory::of(64).unwrap();
                let second = memory.blocks().as_ptr() as usize;
                assert!(memory.blocks().iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
                (first, second)
            })
        })
        .join()
        .unwrap();
        assert_eq!(first, second);
    }

    #[test]
    fn other_threads_keep_nothing() {
        let _ = used();
        assert!(KEPT.with_borrow(Option::is_none));
        // Nor does a thread keep what a row required beyond the standard.
        std::thread::spawn(|| {
            keeping_argon2_memory(|| drop(Argon2Memory::of(MAX_KEPT + 1).unwrap()));
            assert!(KEPT.with_borrow(|kept| kept.as_ref().is_some_and(Vec::is_empty)));
        })
        .join()
        .unwrap();
    }
}
