//! Files of revocation lists (CRLs of partners' authorities): read when letters need them, and again when one has changed. Written
//! by the operator's timer, never by the gateway. Does not know what is on them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use sealpost_seal::RevocationList;

use crate::settings::RevocationLists;

/// Maximum size of all lists together: all are passed to the worker with every letter.
pub(crate) const MAX: u64 = 16 * 1024 * 1024;

/// Paths of lists: files, or folders of them.
pub struct CrlFiles {
    places: Vec<PathBuf>,
    kept: Mutex<CachedFiles>,
}

/// What was last read: by file, and all together.
#[derive(Default)]
struct CachedFiles {
    files: BTreeMap<At, One>,
    lists: Arc<Vec<Vec<u8>>>,
}

/// Index of the path, and the file in it.
type At = (usize, PathBuf);

struct One {
    seen: Seen,
    ders: Vec<Vec<u8>>,
    read: Read,
}

/// Whether the lists are those of the file's present version.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    AsSeen,
    /// Those of an earlier version, or none: it could not be read, or there was no room for it.
    Before,
}

/// Detects whether a file has changed: modification time and size.
type Seen = Option<(SystemTime, u64)>;

impl CrlFiles {
    /// The lists at these paths; nothing is read yet.
    #[must_use]
    pub fn new(places: Vec<PathBuf>) -> Self {
        Self { places, kept: Mutex::default() }
    }

    /// The existing files. If a path cannot be read, those that were there before.
    fn seen(&self, before: &BTreeMap<At, One>) -> BTreeMap<At, Seen> {
        let mut seen = BTreeMap::new();
        for (nth, place) in self.places.iter().enumerate() {
            match files(place) {
                Ok(found) => seen.extend(found.into_iter().map(|file| {
                    let now = changed(&file);
                    ((nth, file), now)
                })),
                Err(error) => {
                    tracing::error!(place = %place.display(), %error, "revocation lists cannot be read; the previous ones stay in use");
                    let theirs = before.iter().filter(|((of, _), _)| *of == nth);
                    seen.extend(theirs.map(|(at, one)| (at.clone(), one.seen)));
                }
            }
        }
        seen
    }
}

impl RevocationLists for CrlFiles {
    fn now(&self) -> Arc<Vec<Vec<u8>>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = self.seen(&kept.files);
        if !kept.files.iter().map(|(at, one)| (at, &one.seen)).eq(&seen) {
            let mut before = std::mem::take(&mut kept.files);
            let mut room = ListBudget::default();
            for (at, seen) in seen {
                let one = looked(&at.1, seen, before.remove(&at), &mut room);
                kept.files.insert(at, one);
            }
            let all = kept.files.values().flat_map(|one| one.ders.iter().cloned()).collect();
            kept.lists = Arc::new(all);
        }
        Arc::clone(&kept.lists)
    }
}

/// Reads a file's present version. If it cannot be read, is too large or contains no list, what was read before is kept: dropping a
/// list would make the certificates on it valid again. It is tried again when there is room, and when anything else changes.
fn looked(file: &Path, seen: Seen, before: Option<One>, room: &mut ListBudget) -> One {
    let fits = room.takes(seen.map_or(0, |(_, size)| size));
    let former = match before {
        Some(before) if before.seen == seen && (before.read == Read::AsSeen || fits.is_err()) => {
            return before;
        }
        Some(before) => before.ders,
        None => Vec::new(),
    };
    let read = || -> io::Result<Vec<Vec<u8>>> {
        fits?;
        let ders = RevocationList::ders(&std::fs::read(file)?);
        let is_list = !ders.is_empty() && ders.iter().all(|der| RevocationList::read(der).is_ok());
        is_list.then_some(ders).ok_or_else(|| io::Error::other("there is no revocation list in it"))
    };
    match read() {
        Ok(ders) => One { seen, ders, read: Read::AsSeen },
        Err(error) => {
            tracing::error!(file = %file.display(), %error, "a revocation list cannot be read; the previous one stays in use");
            One { seen, ders: former, read: Read::Before }
        }
    }
}

/// What remains for lists in files.
struct ListBudget(u64);

impl Default for ListBudget {
    fn default() -> Self {
        Self(MAX)
    }
}

impl ListBudget {
    /// Takes this many bytes of it, or none.
    fn takes(&mut self, size: u64) -> io::Result<()> {
        let left = self.0.checked_sub(size);
        self.0 = left.ok_or_else(|| io::Error::other("all lists in files are larger than 16 MB together"))?;
        Ok(())
    }
}

impl std::fmt::Debug for CrlFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CrlFiles({:?})", self.places)
    }
}

/// The file, or every file of the folder, with its size.
///
/// # Errors
/// The path does not exist, or cannot be read.
pub fn sizes(place: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
    let sized = |file: PathBuf| std::fs::metadata(&file).map(|facts| (file, facts.len()));
    files(place)?.into_iter().map(sized).collect()
}

/// The file, or the non-hidden ones of the folder: fetchers write to a hidden name first.
fn files(place: &Path) -> io::Result<Vec<PathBuf>> {
    if !place.is_dir() {
        return Ok(vec![place.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(place)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_file() && !hidden {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn changed(file: &Path) -> Option<(SystemTime, u64)> {
    let facts = std::fs::metadata(file).ok()?;
    Some((facts.modified().ok()?, facts.len()))
}
