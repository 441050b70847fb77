//! Files of revocation lists (CRLs of partners' authorities): read when letters need them, and again when one of them is
//! another one. Fetched by the operator's timer, which writes them anew, and never by the gateway. Knows nothing of what is on them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use sealpost_seal::RevocationList;

use crate::settings::RevocationLists;

/// Those of all places together: all are given to the worker with every letter.
pub(crate) const MAX: u64 = 16 * 1024 * 1024;

/// Places where lists lie: files, or folders of them.
pub struct CrlFiles {
    places: Vec<PathBuf>,
    kept: Mutex<Kept>,
}

/// What was read last: file by file, and all of it together.
#[derive(Default)]
struct Kept {
    files: BTreeMap<At, One>,
    lists: Arc<Vec<Vec<u8>>>,
}

/// Which place, and which file of it.
type At = (usize, PathBuf);

struct One {
    seen: Seen,
    ders: Vec<Vec<u8>>,
    read: Read,
}

/// Whether these are the lists of the file as it was seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    AsSeen,
    /// Those of before, or none: it could not be read, or there was no room for it.
    Before,
}

/// By what it is seen that a file is still the same.
type Seen = Option<(SystemTime, u64)>;

impl CrlFiles {
    /// The lists at these paths; nothing is read yet.
    #[must_use]
    pub fn new(places: Vec<PathBuf>) -> Self {
        Self { places, kept: Mutex::default() }
    }

    /// The files that are there now. Where a place cannot be looked at, those that were there.
    fn seen(&self, before: &BTreeMap<At, One>) -> BTreeMap<At, Seen> {
        let mut seen = BTreeMap::new();
        for (nth, place) in self.places.iter().enumerate() {
            match files(place) {
                Ok(found) => seen.extend(found.into_iter().map(|file| {
                    let now = changed(&file);
                    ((nth, file), now)
                })),
                Err(error) => {
                    tracing::error!(place = %place.display(), %error, "revocation lists cannot be read; those read last count on");
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

/// A file as it is now. What cannot be read, is too large or holds no list takes nothing away from what was read last: a
/// list that is gone would make good again what it named. It is looked at again when there is room, and when anything else changes.
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
            tracing::error!(file = %file.display(), %error, "a revocation list cannot be read; the one read last counts on");
            One { seen, ders: former, read: Read::Before }
        }
    }
}

/// What is left for lists in files.
struct ListBudget(u64);

impl Default for ListBudget {
    fn default() -> Self {
        Self(MAX)
    }
}

impl ListBudget {
    /// Takes so many bytes of it, or none.
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

/// The file, or every file of the folder, and how large they are.
///
/// # Errors
/// The place is not there, or cannot be looked at.
pub fn sizes(place: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
    let sized = |file: PathBuf| std::fs::metadata(&file).map(|facts| (file, facts.len()));
    files(place)?.into_iter().map(sized).collect()
}

/// The file, or those of the folder that are not hidden: whoever fetches one writes it under such a name first.
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
