//! Large sealed bodies as files, through object_store. Knows no rows, so not who refers to a file.

use std::collections::HashSet;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::{MultipartUpload, ObjectStoreExt as _};

use crate::error::{FileError, StoreError};
use crate::file_permissions::Access;

/// Files that legitimately have no row at present: being written, not yet committed, or being removed.
type Moving = Arc<Mutex<HashSet<String>>>;

/// The folder of bodies: `bodies/ab/abcd…`.
#[derive(Debug)]
pub(crate) struct Files {
    backend: LocalFileSystem,
    root: PathBuf,
    access: Access,
    moving: Moving,
    removals: Mutex<Option<mpsc::Sender<String>>>,
}

impl Files {
    /// Opens the folder and starts the thread that removes files.
    pub(crate) fn open(root: PathBuf, access: Access) -> Result<(Self, JoinHandle<()>), StoreError> {
        // Without with_fsync the bytes would still be in memory when we say that they are stored.
        let backend = LocalFileSystem::new_with_prefix(&root)?.with_fsync(true);
        let moving = Moving::default();
        let (sender, receiver) = mpsc::channel::<String>();
        let (own_backend, own_moving) = (backend.clone(), Arc::clone(&moving));
        let remover = std::thread::Builder::new()
            .name("store-remover".to_owned())
            .spawn(move || {
                // Its own small runtime, so that removal does not end with the caller's.
                let runtime = match tokio::runtime::Builder::new_current_thread().build() {
                    Ok(runtime) => runtime,
                    Err(error) => {
                        tracing::error!(%error, "no bodies are removed before the next start");
                        return;
                    }
                };
                for id in receiver {
                    match runtime.block_on(own_backend.delete(&location(&id))) {
                        Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                        Err(error) => tracing::warn!(%error, "a body's file could not be removed"),
                    }
                    lock(&own_moving).remove(&id);
                }
            })
            .map_err(|source| StoreError::Path { path: root.clone(), source })?;
        Ok((Self { backend, root, access, moving, removals: Mutex::new(Some(sender)) }, remover))
    }

    /// Begins a file. It is invisible until it is complete.
    pub(crate) async fn begin(&self, id: &str) -> Result<Box<dyn MultipartUpload>, StoreError> {
        Ok(self.backend.put_multipart(&location(id)).await?)
    }

    /// Finishes a file: synced, named, readable only by us or by the roles that share the folder.
    pub(crate) async fn complete(
        &self,
        id: &str,
        upload: &mut Box<dyn MultipartUpload>,
    ) -> Result<(), StoreError> {
        upload.complete().await?;
        let path = self.path(id)?;
        let mode = std::fs::Permissions::from_mode(self.access.file_mode());
        tokio::fs::set_permissions(&path, mode).await.map_err(|source| StoreError::Path { path, source })
    }

    /// Reads a range of a file.
    pub(crate) async fn read(&self, id: &str, range: Range<u64>) -> Result<Bytes, StoreError> {
        Ok(self.backend.get_range(&location(id), range).await?)
    }

    /// Marks a file as legitimately without a row.
    pub(crate) fn set_moving(&self, id: &str) {
        lock(&self.moving).insert(id.to_owned());
    }

    /// Marks a file as having its row.
    pub(crate) fn set_settled(&self, id: &str) {
        lock(&self.moving).remove(id);
    }

    pub(crate) fn is_moving(&self, id: &str) -> bool {
        lock(&self.moving).contains(id)
    }

    /// Removes a file soon. If a crash comes first, the next open removes it.
    pub(crate) fn remove_later(&self, id: String) {
        self.set_moving(&id);
        if let Some(sender) = lock(&self.removals).as_ref() {
            let _ = sender.send(id);
        }
    }

    /// Lets the removing thread finish.
    pub(crate) fn close(&self) {
        drop(lock(&self.removals).take());
    }

    /// Size of a file, `None` if there is none.
    pub(crate) fn size(&self, id: &str) -> Option<u64> {
        self.path(id).ok().and_then(|path| std::fs::metadata(path).ok()).map(|meta| meta.len())
    }

    /// The folders that hold files.
    pub(crate) fn shelves(&self) -> Result<Vec<PathBuf>, StoreError> {
        let mut found = entries(&self.root)?;
        found.retain(|path| path.is_dir());
        Ok(found)
    }

    /// The ids of complete files on a shelf, and the paths of incomplete ones (`id#1`).
    pub(crate) fn on_shelf(&self, shelf: &Path) -> Result<(Vec<String>, Vec<PathBuf>), StoreError> {
        let (mut complete, mut incomplete) = (Vec::new(), Vec::new());
        for path in entries(shelf)? {
            match path.file_name().and_then(|name| name.to_str()) {
                Some(name) if is_id(name) => complete.push(name.to_owned()),
                _ => incomplete.push(path),
            }
        }
        Ok((complete, incomplete))
    }

    /// Path of a file.
    pub(crate) fn path(&self, id: &str) -> Result<PathBuf, StoreError> {
        Ok(self.backend.path_to_filesystem(&location(id))?)
    }
}

/// Whether a text may be the name of a file.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn location(id: &str) -> object_store::path::Path {
    let shelf = id.get(..2).unwrap_or("00");
    object_store::path::Path::from(format!("{shelf}/{id}"))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = |source| StoreError::Path { path: folder.to_owned(), source };
    std::fs::read_dir(folder)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()).map_err(failed))
        .collect()
}

impl From<object_store::Error> for StoreError {
    fn from(error: object_store::Error) -> Self {
        Self::File(FileError(Box::new(error)))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code that can panic runs under these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
