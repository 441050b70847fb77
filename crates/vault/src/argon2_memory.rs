//! The memory of Argon2id: erased after each use, and kept by a thread that does nothing else, because taking 19 MiB from the
//! system costs a part of each derivation. Knows no password.

use std::cell::RefCell;

use argon2::Block;
use zeroize::Zeroize as _;

use crate::error::VaultError;

/// Blocks of 1 KiB that a thread keeps at most: what the standard cost takes. Rows may ask for more.
const MAX_KEPT: usize = 19 * 1024;

thread_local! {
    /// `None` where a thread keeps nothing.
    static KEPT: RefCell<Option<Vec<Block>>> = const { RefCell::new(None) };
}

/// Runs work on a thread that is there for Argon2 alone: from now on it keeps the memory of a derivation for the next one, erased,
/// until it ends.
pub fn keeping_argon2_memory<T>(work: impl FnOnce() -> T) -> T {
    KEPT.with_borrow_mut(|kept| {
        kept.get_or_insert_default();
    });
    work()
}

/// Memory for one derivation.
pub(crate) struct Argon2Memory(Vec<Block>);

impl Argon2Memory {
    /// So many blocks, of which the contents are nobody's.
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
    /// It depends on the password.
    fn drop(&mut self) {
        self.0.iter_mut().zeroize();
        if self.0.len() <= MAX_KEPT {
            let memory = std::mem::take(&mut self.0);
            // A thread that ends keeps nothing more.
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

    /// Where memory for one derivation lay, after words were in it.
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
        // Nor does one keep what a row asked for beyond the standard.
        std::thread::spawn(|| {
            keeping_argon2_memory(|| drop(Argon2Memory::of(MAX_KEPT + 1).unwrap()));
            assert!(KEPT.with_borrow(|kept| kept.as_ref().is_some_and(Vec::is_empty)));
        })
        .join()
        .unwrap();
    }
}
