//! Files of revocation lists: read when letters need them, and again when one of them is another one, since whoever fetches
//! them writes them anew. Knows nothing of what is on them.

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

/// What was read, and by what it is seen that it is still there.
#[derive(Default)]
struct Kept {
    seen: Vec<Seen>,
    lists: Arc<Vec<Vec<u8>>>,
}

type Seen = (PathBuf, Option<(SystemTime, u64)>);

impl CrlFiles {
    pub(crate) fn new(places: Vec<PathBuf>) -> Self {
        Self { places, kept: Mutex::default() }
    }
}

impl RevocationLists for CrlFiles {
    fn now(&self) -> Arc<Vec<Vec<u8>>> {
        let files: Vec<PathBuf> =
            self.places.iter().flat_map(|place| files(place).unwrap_or_default()).collect();
        let seen: Vec<Seen> = files.into_iter().map(|file| (file.clone(), changed(&file))).collect();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.seen != seen {
            let mut lists = Vec::new();
            for place in &self.places {
                match read(place) {
                    Ok(files) => {
                        lists.extend(files.iter().flat_map(|(_, bytes)| RevocationList::ders(bytes)))
                    }
                    // What is missing makes chains weaker, not stronger.
                    Err(error) => {
                        tracing::error!(place = %place.display(), %error, "revocation lists cannot be read");
                    }
                }
            }
            *kept = Kept { seen, lists: Arc::new(lists) };
        }
        Arc::clone(&kept.lists)
    }
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
