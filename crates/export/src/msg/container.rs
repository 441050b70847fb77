//! Writes the compound file of a `.msg`. Knows no letter.

use std::io::Write as _;
use std::time::SystemTime;

use cfb::CompoundFile;
use sealpost_mail::FileWords;

use super::sparse::{self, Pointing, SECTOR, Sparse};

/// The longest text: it is in the file as UTF-16 and in memory several times.
pub(crate) const MAX_MSG_TEXT: usize = 8 * 1024 * 1024;

/// Attachments from this size on are referenced in the finished file, not copied.
pub(super) const LARGE: u64 = 64 * 1024;

/// The container being written.
pub(super) struct Container {
    pub(super) file: CompoundFile<Sparse>,
    pub(super) made: SystemTime,
    pub(super) pointing: Pointing,
    /// The referenced attachments, by the numbers in the references.
    pub(super) pointed: Vec<usize>,
    /// For attachments without a name.
    pub(super) words: FileWords,
}

impl Container {
    /// A new storage; its times are the letter's, so that they do not disclose when the export was made.
    pub(super) fn storage(&mut self, path: &str) -> std::io::Result<()> {
        self.file.create_storage(path)?;
        self.file.set_created_time(path, self.made)?;
        self.file.set_modified_time(path, self.made)
    }

    pub(super) fn stream(&mut self, path: &str, bytes: &[u8]) -> std::io::Result<()> {
        self.file.create_new_stream(path)?.write_all(bytes)
    }

    /// A stream with the bytes of an attachment of the letter: whole sectors are references, the tail is
    /// written.
    pub(super) fn pointer(
        &mut self,
        path: &str,
        index: usize,
        length: u64,
        tail: &[u8],
    ) -> std::io::Result<()> {
        let file = u32::try_from(self.pointed.len()).map_err(std::io::Error::other)?;
        self.pointed.push(index);
        let mut stream = self.file.create_new_stream(path)?;
        let count = u32::try_from(length / SECTOR as u64).map_err(std::io::Error::other)?;
        self.pointing.set(true);
        let numbers: Vec<u32> = (0..count).collect();
        for some in numbers.chunks(AT_ONCE) {
            let pointers: Vec<u8> = some.iter().flat_map(|number| sparse::pointer(file, *number)).collect();
            stream.write_all(&pointers)?;
        }
        // Shorter than a sector: never taken for a reference.
        stream.write_all(tail)?;
        let done = stream.flush();
        self.pointing.set(false);
        done
    }
}

/// References written at once: the container writes this many directly.
const AT_ONCE: usize = 256;
