//! Deleted data is in no file of the store any more: pieces of sealed bytes, taken before, are searched for in all of
//! them.
//!
//! Must never know: what the bytes are.

use std::path::Path;

use crate::Gateway;
use crate::gateway::blobs;
use crate::process::poll;

/// Pieces of the sealed bytes that a query returns: long enough to be unique, short enough to be within one page.
#[must_use]
pub fn pieces(gateway: &Gateway, sql: &str) -> Vec<Vec<u8>> {
    let blobs = blobs(&gateway.home.data(), sql);
    assert!(!blobs.is_empty(), "{sql}");
    let whole = |blob: Vec<u8>| {
        assert!(blob.len() >= 40, "{sql}");
        // Their ends: the beginnings are alike in all of a kind.
        let end = blob[blob.len() - 24..].to_vec();
        let middle = blob[blob.len() / 2..blob.len() / 2 + 16].to_vec();
        [end, middle]
    };
    blobs.into_iter().flat_map(whole).collect()
}

/// In how many files of the store one of them occurs.
#[must_use]
pub fn found(folder: &Path, pieces: &[Vec<u8>]) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            count += found(&path, pieces);
        } else if path.ends_with("reserve") {
            // Never written to.
        } else if let Ok(bytes) = std::fs::read(&path) {
            count += pieces.iter().filter(|piece| memchr::memmem::find(&bytes, piece).is_some()).count();
        }
    }
    count
}

/// Waits until they occur nowhere in its data folder.
pub fn gone(gateway: &Gateway, what: &str, pieces: &[Vec<u8>]) {
    // Twice: what wanders from the log into the database while the files are read one by one may be missed once.
    let absent = || found(&gateway.home.data(), pieces) == 0;
    poll(what, || (absent() && absent()).then_some(()));
}
