//! `.msg`: a letter as Outlook keeps it (MS-OXMSG in MS-CFB, version 3). Knows neither files nor accounts.
//!
//! Pure and repeatable: the same letter gives the same bytes, the container's times are the letter's own.

mod attachment;
mod entry;
mod message;
mod property;
mod tag;

use std::io::{Cursor, Read, Seek, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cfb::{CompoundFile, Version};
use sealpost_mail::{Letter, Timestamp};

use crate::error::ExportError;

/// The longest letter that is made into a `.msg`.
///
/// The letter is read from memory and the file is built in memory, one attachment decoded at a time: beside
/// the letter itself, at most about three times its size is in use.
pub const MSG_MOST: usize = 96 * 1024 * 1024;

/// MS-OXMSG §2.1: the class that marks the root as a message.
const MESSAGE_CLASS: uuid::Uuid = uuid::Uuid::from_u128(0x00020d0b_0000_0000_c000_000000000046);

/// The letter as a `.msg` file.
pub fn msg(letter: &[u8]) -> Result<Vec<u8>, ExportError> {
    if letter.len() > MSG_MOST {
        return Err(ExportError::TooLarge { limit: u64::try_from(MSG_MOST).unwrap_or(u64::MAX) });
    }
    let parsed = Letter::parse(letter)?;
    let date = parsed.summary().date;
    write(letter, &parsed, date).map_err(ExportError::Container)
}

fn write(bytes: &[u8], letter: &Letter<'_>, date: Option<Timestamp>) -> std::io::Result<Vec<u8>> {
    // Version 3 (512-byte sectors) is what MS-OXMSG §2 asks for.
    let file = CompoundFile::create_with_version(Version::V3, Cursor::new(Vec::new()))?;
    let mut out = Container { file, made: moment(date) };
    out.file.set_storage_clsid("/", MESSAGE_CLASS)?;
    // MS-OXMSG §2.2.3: must be there even if no property has a name.
    out.storage("/__nameid_version1.0")?;
    for stream in ["00020102", "00030102", "00040102"] {
        out.stream(&format!("/__nameid_version1.0/__substg1.0_{stream}"), &[])?;
    }
    message::write(&mut out, "", bytes, letter, 0)?;
    out.file.flush()?;
    Ok(out.file.into_inner().into_inner())
}

/// The container that is being written.
struct Container<F> {
    file: CompoundFile<F>,
    made: SystemTime,
}

impl<F: Read + Write + Seek> Container<F> {
    /// A new storage; its times are the letter's, so that nothing tells when the export was made.
    fn storage(&mut self, path: &str) -> std::io::Result<()> {
        self.file.create_storage(path)?;
        self.file.set_created_time(path, self.made)?;
        self.file.set_modified_time(path, self.made)
    }

    fn stream(&mut self, path: &str, bytes: &[u8]) -> std::io::Result<()> {
        self.file.create_new_stream(path)?.write_all(bytes)
    }
}

/// A letter without a date is of 1970 inside the container; the message itself then has no date at all.
fn moment(date: Option<Timestamp>) -> SystemTime {
    let seconds = date.map_or(0, Timestamp::seconds);
    u64::try_from(seconds)
        .ok()
        .and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)))
        .unwrap_or(UNIX_EPOCH)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
