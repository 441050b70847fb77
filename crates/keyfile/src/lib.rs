//! A private key in a file: read only if its owner alone can, written completely or not at all. Never prints one, and
//! knows no kind of key.
//!
//! SECURITY: a new file has mode 0600 from its first byte, and replaces another by a rename that is synced.

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use sealpost_mail::Secret;

/// Why a private file is not used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It does not exist, or is not readable.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// Its mode lets others read it.
    #[error("others can read it: chmod 600")]
    Open,
}

/// The text of a file that only its owner may read.
///
/// # Errors
/// It cannot be read, or others can.
pub fn read(path: &Path) -> Result<Secret<String>, KeyFileError> {
    if std::fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        return Err(KeyFileError::Open);
    }
    Ok(Secret::new(std::fs::read_to_string(path)?))
}

/// Makes a key file that only its owner may read; refuses to overwrite one.
///
/// # Errors
/// It is there, or cannot be written.
pub fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// The same as [`write_new`], with the owner of `like`: the caller may be another user. Remains of an interrupted run
/// are overwritten.
///
/// # Errors
/// It cannot be written or given to that owner.
pub fn write_like(path: &Path, text: &str, like: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    // Under its name completely or not at all.
    let new = with_ending(path, "new");
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    write_new(&new, text)?;
    let (owner, own) = (std::fs::metadata(like)?, std::fs::metadata(&new)?);
    if (owner.uid(), owner.gid()) != (own.uid(), own.gid()) {
        std::os::unix::fs::chown(&new, Some(owner.uid()), Some(owner.gid()))?;
    }
    put_in_place(&new, path)
}

/// Replaces a key file's text atomically; a missing file is created, with the owner of its folder.
///
/// # Errors
/// It cannot be written.
pub fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let next = with_ending(path, "next");
    write_like(&next, text, if path.exists() { path } else { folder })?;
    put_in_place(&next, path)
}

/// Renames a file over another and syncs the folder.
///
/// # Errors
/// It cannot be renamed.
pub fn put_in_place(new: &Path, path: &Path) -> std::io::Result<()> {
    std::fs::rename(new, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder)?.sync_all()
}

/// `server.key` and `next`: `server.key.next`.
#[must_use]
pub fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = std::ffi::OsString::from(path);
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}
