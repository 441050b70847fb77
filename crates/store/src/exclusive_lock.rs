//! Locks for parts of which only one may run on a store. Knows nothing of what the parts do.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};

use crate::error::StoreError;
use crate::file_permissions::Access;
use crate::store::Store;

/// Proof that no other process runs this part on this store. The kernel releases the lock when the process
/// ends, however it ends.
#[derive(Debug)]
pub struct Alone {
    _lock: File,
    /// The dead incarnation that had the part in this folder before.
    former: Option<String>,
}

impl Alone {
    /// The incarnation that had the part in this folder before, if it left its name: it has ended.
    pub(crate) fn former(&self) -> Option<&str> {
        self.former.as_deref()
    }
}

impl Store {
    /// Takes the part, unless another process (or another task of this one) has it.
    pub fn alone(&self, part: &'static str) -> Result<Alone, StoreError> {
        let path = self.folder().join(format!("{part}.lock"));
        let lock = Access::of(self.folder()).file(&path)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::NotAlone { part }),
            Err(TryLockError::Error(source)) => return Err(StoreError::Path { path, source }),
        }
        let former = match self.incarnation() {
            Some(own) => take_over(&lock, own).map_err(|source| StoreError::Path { path, source })?,
            None => None,
        };
        Ok(Alone { _lock: lock, former })
    }
}

/// Records who has the part from now on, and returns who had it.
fn take_over(mut lock: &File, own: &str) -> std::io::Result<Option<String>> {
    let mut former = String::new();
    lock.take(FORMER).read_to_string(&mut former)?;
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "{own}")?;
    let former = former.trim();
    Ok((!former.is_empty()).then(|| former.to_owned()))
}

/// Maximum length read; names are shorter.
const FORMER: u64 = 256;
