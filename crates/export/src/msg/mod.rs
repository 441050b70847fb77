//! `.msg`: a letter in Outlook's format (MS-OXMSG in MS-CFB, version 3). Knows neither files nor accounts.
//!
//! Pure and repeatable: the same letter gives the same bytes in one language, the container's times are the letter's own.

mod attachment;
mod container;
mod entry;
mod headers;
mod message;
mod property;
mod sparse;
mod tag;

use std::ops::Range;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cfb::{CompoundFile, Version};
use sealpost_mail::{FileWords, Letter, Timestamp};

use crate::error::ExportError;
pub(crate) use container::MAX_MSG_TEXT;
use container::{Container, LARGE};
use sparse::{Pointing, Run, SECTOR, Sparse};

/// The longest letter that can be exported as `.msg`, in bytes.
pub const MAX_MSG: usize = 96 * 1024 * 1024;

/// A piece of a `.msg`, in order.
#[derive(Debug, PartialEq, Eq)]
pub enum MsgPiece {
    /// Bytes of the file.
    Bytes(Vec<u8>),
    /// A range of the decoded bytes of an attachment of the letter, which
    /// [`Letter::attachment_place`](sealpost_mail::Letter::attachment_place) finds. For each attachment the ranges
    /// come in order and without gaps.
    Attachment {
        /// Its number in the letter.
        index: usize,
        /// The range of its decoded bytes.
        range: Range<u64>,
    },
}

impl MsgPiece {
    /// Its length in the file.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Self::Attachment { range, .. } => range.end.saturating_sub(range.start),
        }
    }
}

/// MS-OXMSG §2.1: the class that marks the root as a message.
const MESSAGE_CLASS: uuid::Uuid = uuid::Uuid::from_u128(0x00020d0b_0000_0000_c000_000000000046);

/// The letter as a `.msg` file, whole in memory; `words` name what came without a name.
pub fn msg(letter: &[u8], words: &FileWords) -> Result<Vec<u8>, ExportError> {
    let pieces = msg_pieces(letter, words)?;
    let parsed = Letter::parse(letter)?;
    let mut out = Vec::new();
    for piece in pieces {
        match piece {
            MsgPiece::Bytes(bytes) => out.extend(bytes),
            MsgPiece::Attachment { index, range } => {
                let bytes = parsed.attachment_bytes(index).unwrap_or_default();
                let at = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
                out.extend_from_slice(bytes.get(at(range.start)..at(range.end)).unwrap_or_default());
            }
        }
    }
    Ok(out)
}

/// The letter as a `.msg` file in pieces: large attachments are referenced; `words` name what came without a name.
///
/// In addition to the letter, only content that has no range of its own in it is in memory: texts, small files, files
/// of embedded letters.
pub fn msg_pieces(letter: &[u8], words: &FileWords) -> Result<Vec<MsgPiece>, ExportError> {
    if letter.len() > MAX_MSG {
        return Err(ExportError::TooLarge { limit: u64::try_from(MAX_MSG).unwrap_or(u64::MAX) });
    }
    let parsed = Letter::parse(letter)?;
    message::check_texts(&parsed)?;
    let date = parsed.summary().date;
    write(letter, &parsed, date, words).map_err(ExportError::Container)
}

fn write(
    bytes: &[u8],
    letter: &Letter<'_>,
    date: Option<Timestamp>,
    words: &FileWords,
) -> std::io::Result<Vec<MsgPiece>> {
    let pointing = Pointing::default();
    // MS-OXMSG §2 requires version 3 (512-byte sectors).
    let file = CompoundFile::create_with_version(Version::V3, Sparse::new(Rc::clone(&pointing)))?;
    let mut out = Container { file, made: moment(date), pointing, pointed: Vec::new(), words: words.clone() };
    out.file.set_storage_clsid("/", MESSAGE_CLASS)?;
    // MS-OXMSG §2.2.3: required even if no property has a name.
    out.storage("/__nameid_version1.0")?;
    for stream in ["00020102", "00030102", "00040102"] {
        out.stream(&format!("/__nameid_version1.0/__substg1.0_{stream}"), &[])?;
    }
    message::write(&mut out, "", bytes, letter, 0)?;
    out.file.flush()?;
    let Container { file, pointed, .. } = out;
    pieces(file.into_inner().into_runs(), &pointed)
}

/// Runs of sectors as ranges of attachments, which must be in order: they are read once.
fn pieces(runs: Vec<Run>, pointed: &[usize]) -> std::io::Result<Vec<MsgPiece>> {
    let mut next = vec![0_u64; pointed.len()];
    let one = |run| match run {
        Run::Bytes(bytes) => Ok(MsgPiece::Bytes(bytes)),
        Run::Of { file, first, count } => {
            let number = usize::try_from(file).unwrap_or(usize::MAX);
            let sectors = |count: u32| u64::from(count) * SECTOR as u64;
            let range = sectors(first)..sectors(first) + sectors(count);
            match (pointed.get(number), next.get_mut(number)) {
                (Some(index), Some(next)) if *next == range.start => {
                    *next = range.end;
                    Ok(MsgPiece::Attachment { index: *index, range })
                }
                _ => Err(std::io::Error::other("a file lies out of order")),
            }
        }
    };
    runs.into_iter().map(one).collect()
}

/// For a letter without a date, 1970 inside the container; the message itself then has no date at all.
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
