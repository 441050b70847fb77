//! A part that must be alone on a store holds a lock for it. Knows nothing of what the parts do.

use std::fs::{File, TryLockError};

use crate::error::StoreError;
use crate::file_permissions::Access;
use crate::store::Store;

/// Proof that no other process runs this part on this store. The kernel gives the lock back with the last life
/// sign of the process, however it ends.
#[derive(Debug)]
pub struct Alone {
    _lock: File,
}

impl Store {
    /// Takes the part, unless another process (or another task of this one) has it.
    pub fn alone(&self, part: &'static str) -> Result<Alone, StoreError> {
        let path = self.folder().join(format!("{part}.lock"));
        let lock = Access::of(self.folder()).file(&path)?;
        match lock.try_lock() {
            Ok(()) => Ok(Alone { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::NotAlone { part }),
            Err(TryLockError::Error(source)) => Err(StoreError::Path { path, source }),
        }
    }
}
