//! A body on its way to the bucket, as an unlinked file: it disappears with the process, however that ends. Not synced:
//! only what the bucket has counts. Knows no bucket.

use std::fs::OpenOptions;
use std::io::SeekFrom;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use bytes::{Bytes, BytesMut};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use crate::error::StoreError;

/// The folder in which the files have a name for a moment.
const FOLDER: &str = "spool";

#[derive(Debug)]
pub(crate) struct Spool {
    file: File,
    len: u64,
    path: std::path::PathBuf,
}

impl Spool {
    pub(crate) async fn begin(data: &Path, id: &str) -> Result<Self, StoreError> {
        let path = data.join(FOLDER).join(id);
        let begun = {
            let path = path.clone();
            tokio::task::spawn_blocking(move || {
                let file =
                    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
                std::fs::remove_file(&path)?;
                Ok(file)
            })
        };
        let file = begun
            .await
            .map_err(|_stopped| StoreError::Closed)?
            .map_err(|source| StoreError::Path { path: path.clone(), source })?;
        Ok(Self { file: File::from_std(file), len: 0, path })
    }

    pub(crate) async fn push(&mut self, piece: &[u8]) -> Result<(), StoreError> {
        let written = self.file.write_all(piece).await;
        written.map_err(|source| StoreError::Path { path: self.path.clone(), source })?;
        self.len = self.len.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Positions it at the start for reading.
    pub(crate) async fn rewind(&mut self) -> Result<(), StoreError> {
        let rewound = async {
            self.file.flush().await?;
            self.file.seek(SeekFrom::Start(0)).await
        };
        rewound.await.map(drop).map_err(|source| StoreError::Path { path: self.path.clone(), source })
    }

    /// The next bytes, at most `most`, fewer at the end.
    pub(crate) async fn next(&mut self, most: usize) -> Result<Bytes, StoreError> {
        let mut part = BytesMut::with_capacity(most);
        while part.len() < most {
            let left = most - part.len();
            let read =
                (&mut self.file).take(u64::try_from(left).unwrap_or(u64::MAX)).read_buf(&mut part).await;
            if read.map_err(|source| StoreError::Path { path: self.path.clone(), source })? == 0 {
                break;
            }
        }
        Ok(part.freeze())
    }
}

/// Creates the folder.
pub(crate) fn prepare(data: &Path, access: crate::file_permissions::Access) -> Result<(), StoreError> {
    access.folder(&data.join(FOLDER))
}

/// Removes files of a process that was killed between creating a file and unlinking it. Only for a process that has the
/// store alone.
pub(crate) fn clear(data: &Path) -> Result<(), StoreError> {
    let folder = data.join(FOLDER);
    let failed = |source| StoreError::Path { path: folder.clone(), source };
    for entry in std::fs::read_dir(&folder).map_err(failed)? {
        std::fs::remove_file(entry.map_err(failed)?.path()).map_err(failed)?;
    }
    Ok(())
}
