//! Files of revocation lists: read when letters need them, and again when one of them is another one, since whoever fetches
//! them writes them anew. Knows nothing of what is on them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use sealpost_arrival::RevocationLists;
use sealpost_seal::RevocationList;

/// All of them together: they are given to the worker with every letter.
const MOST: u64 = 16 * 1024 * 1024;

pub(crate) struct CrlFiles {
    places: Vec<PathBuf>,
    kept: Mutex<Kept>,
}

/// What was read last, file by file, and all of it together.
#[derive(Default)]
struct Kept {
    files: BTreeMap<PathBuf, One>,
    lists: Arc<Vec<Vec<u8>>>,
}

#[derive(Clone)]
struct One {
    /// By what it is seen that it is still the same file.
    seen: Seen,
    ders: Vec<Vec<u8>>,
}

type Seen = Option<(SystemTime, u64)>;

impl CrlFiles {
    pub(crate) fn new(places: Vec<PathBuf>) -> Self {
        Self { places, kept: Mutex::default() }
    }
}

impl RevocationLists for CrlFiles {
    fn now(&self) -> Arc<Vec<Vec<u8>>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut now = BTreeMap::new();
        for place in &self.places {
            match files(place) {
                Ok(found) => now.extend(found.into_iter().map(|file| {
                    let one = looked(&file, kept.files.get(&file));
                    (file, one)
                })),
                Err(error) => {
                    tracing::error!(place = %place.display(), %error, "revocation lists cannot be read; those read last count on");
                    let theirs = kept.files.iter().filter(|(file, _)| file.starts_with(place));
                    now.extend(theirs.map(|(file, one)| (file.clone(), one.clone())));
                }
            }
        }
        let is_same = now.len() == kept.files.len()
            && now
                .iter()
                .all(|(file, one)| kept.files.get(file).is_some_and(|before| before.seen == one.seen));
        if !is_same {
            let lists = Arc::new(now.values().flat_map(|one| one.ders.iter().cloned()).collect());
            *kept = Kept { files: now, lists };
        }
        Arc::clone(&kept.lists)
    }
}

/// A file as it is now. What cannot be read, is too large or holds no list takes nothing away from what was read last: a
/// list that is gone would make good again what it named.
fn looked(file: &Path, before: Option<&One>) -> One {
    let seen = changed(file);
    if let Some(before) = before.filter(|before| before.seen == seen) {
        return before.clone();
    }
    let read = || -> io::Result<Vec<Vec<u8>>> {
        if seen.is_some_and(|(_, size)| size > MOST) {
            return Err(io::Error::other("it is larger than 16 MB"));
        }
        let ders = RevocationList::ders(&std::fs::read(file)?);
        let is_list = !ders.is_empty() && ders.iter().all(|der| RevocationList::read(der).is_ok());
        is_list.then_some(ders).ok_or_else(|| io::Error::other("there is no revocation list in it"))
    };
    let ders = read().unwrap_or_else(|error| {
        tracing::error!(file = %file.display(), %error, "a revocation list cannot be read; the one read last counts on");
        before.map(|before| before.ders.clone()).unwrap_or_default()
    });
    One { seen, ders }
}

impl std::fmt::Debug for CrlFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CrlFiles({:?})", self.places)
    }
}

/// What is in the file, or in every file of the folder.
pub(crate) fn read(place: &Path) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut left = MOST;
    let mut read = Vec::new();
    for path in files(place)? {
        let size = std::fs::metadata(&path)?.len();
        left =
            left.checked_sub(size).ok_or_else(|| io::Error::other("they are larger than 16 MB together"))?;
        let bytes = std::fs::read(&path)?;
        read.push((path, bytes));
    }
    Ok(read)
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
