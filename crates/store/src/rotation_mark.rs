//! The file that marks a change of the server key: until it is removed no service opens the store. Knows no
//! rows.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use crate::error::StoreError;

/// Exists while the server key is being changed.
const MARK: &str = "rotating";

/// The ids of the old and the new key, which tell keys apart and are not secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotating {
    /// Id of the old key.
    pub from: u8,
    /// Id of the new key.
    pub to: u8,
}

impl Rotating {
    /// The change under way in this store's folder, if any.
    pub fn of(folder: &Path) -> Result<Option<Self>, StoreError> {
        let path = folder.join(MARK);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::Path { path, source }),
        };
        let mut ids = text.split_whitespace().map(str::parse);
        match (ids.next(), ids.next()) {
            (Some(Ok(from)), Some(Ok(to))) => Ok(Some(Self { from, to })),
            (Some(_) | None, Some(_) | None) => Err(StoreError::Damaged { what: "ids of two keys" }),
        }
    }

    /// Written atomically: half a file would be worse than none.
    pub(crate) fn write(self, folder: &Path) -> Result<(), StoreError> {
        let (path, new) = (folder.join(MARK), folder.join(format!("{MARK}.new")));
        let written = || {
            let mut file = File::create(&new)?;
            writeln!(file, "{} {}", self.from, self.to)?;
            file.sync_all()?;
            std::fs::rename(&new, &path)?;
            File::open(folder)?.sync_all()
        };
        written().map_err(|source| StoreError::Path { path: path.clone(), source })
    }
}

/// Removes the file.
pub(crate) fn remove_mark(folder: &Path) -> Result<(), StoreError> {
    let path = folder.join(MARK);
    let removed = match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => File::open(folder).and_then(|folder| folder.sync_all()),
    };
    removed.map_err(|source| StoreError::Path { path, source })
}
