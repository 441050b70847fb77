//! A set of properties and its layout in a storage (MS-OXMSG §2.4). Knows no mail.

use super::Container;

/// PROPATTR_READABLE | PROPATTR_WRITABLE (MS-OXMSG §2.4.2).
const READ_WRITE: u32 = 6;

/// MS-OXCDATA §2.11.1.
const INTEGER32: u32 = 0x0003;
const BOOLEAN: u32 = 0x000b;
const OBJECT: u32 = 0x000d;
const STRING: u32 = 0x001f;
const TIME: u32 = 0x0040;
const BINARY: u32 = 0x0102;

/// Seconds from 1601-01-01 to 1970-01-01.
const EPOCH: i64 = 11_644_473_600;

/// The counts before the entries of a message (MS-OXMSG §2.4.1).
#[derive(Clone, Copy)]
pub(super) struct Counts {
    pub(super) recipients: u32,
    pub(super) attachments: u32,
}

/// The kind of storage; it decides the header.
#[derive(Clone, Copy)]
pub(super) enum StorageKind {
    TopMessage(Counts),
    EmbeddedMessage(Counts),
    RecipientOrAttachment,
}

impl StorageKind {
    fn header(self) -> Vec<u8> {
        let (counts, tail) = match self {
            Self::TopMessage(counts) => (Some(counts), 8),
            Self::EmbeddedMessage(counts) => (Some(counts), 0),
            Self::RecipientOrAttachment => (None, 0),
        };
        let mut header = vec![0; 8];
        if let Some(Counts { recipients, attachments }) = counts {
            // next ids, then counts: ours are numbered without gaps
            for number in [recipients, attachments, recipients, attachments] {
                header.extend(number.to_le_bytes());
            }
        }
        header.extend(vec![0; tail]);
        header
    }
}

/// Properties to be written to a storage.
#[derive(Default)]
pub(super) struct Properties {
    entries: Vec<u8>,
    values: Vec<(u32, Vec<u8>)>,
    /// Written last: the bytes of an attachment of the letter itself.
    attachment: Option<u32>,
}

impl Properties {
    fn entry(&mut self, tag: u32, value: u64) {
        self.entries.extend(tag.to_le_bytes());
        self.entries.extend(READ_WRITE.to_le_bytes());
        self.entries.extend(value.to_le_bytes());
    }

    pub(super) fn integer(&mut self, id: u16, value: u32) {
        self.entry(u32::from(id) << 16 | INTEGER32, u64::from(value));
    }

    pub(super) fn boolean(&mut self, id: u16, value: bool) {
        self.entry(u32::from(id) << 16 | BOOLEAN, u64::from(value));
    }

    /// Seconds since 1970; times outside the range of FILETIME are omitted.
    pub(super) fn time(&mut self, id: u16, seconds: i64) {
        let ticks = seconds.checked_add(EPOCH).and_then(|s| s.checked_mul(10_000_000));
        if let Some(ticks) = ticks.and_then(|ticks| u64::try_from(ticks).ok()) {
            self.entry(u32::from(id) << 16 | TIME, ticks);
        }
    }

    pub(super) fn text(&mut self, id: u16, value: &str) {
        // The size includes a final NUL that the stream does not contain (MS-OXMSG §2.4.2.2).
        let bytes = utf16(value);
        let tag = u32::from(id) << 16 | STRING;
        self.entry(tag, size(&bytes).saturating_add(2));
        self.values.push((tag, bytes));
    }

    pub(super) fn optional_text(&mut self, id: u16, value: Option<&str>) {
        if let Some(value) = value {
            self.text(id, value);
        }
    }

    pub(super) fn binary(&mut self, id: u16, bytes: Vec<u8>) {
        let tag = u32::from(id) << 16 | BINARY;
        self.entry(tag, size(&bytes));
        self.values.push((tag, bytes));
    }

    /// Bytes that [`Self::write_with`] references.
    pub(super) fn later(&mut self, id: u16, bytes: u64) {
        let tag = u32::from(id) << 16 | BINARY;
        self.entry(tag, bytes);
        self.attachment = Some(tag);
    }

    /// An embedded message in a storage of its own (MS-OXMSG §2.4.2.2: size all ones, reserved 1).
    pub(super) fn embedded_message(&mut self, id: u16) {
        self.entry(u32::from(id) << 16 | OBJECT, 0x0000_0001_ffff_ffff);
    }

    /// Writes the streams into the storage `at` (empty for the root).
    pub(super) fn write(self, out: &mut Container, at: &str, place: StorageKind) -> std::io::Result<()> {
        for (tag, bytes) in self.values {
            out.stream(&stream(at, tag), &bytes)?;
        }
        let mut table = place.header();
        table.extend(self.entries);
        out.stream(&format!("{at}/__properties_version1.0"), &table)
    }

    /// The same, with the deferred property: the reference to attachment `index` of the letter, its length,
    /// and the bytes after its last whole sector.
    pub(super) fn write_with(
        self,
        out: &mut Container,
        at: &str,
        index: usize,
        length: u64,
        tail: &[u8],
    ) -> std::io::Result<()> {
        if let Some(tag) = self.attachment {
            out.pointer(&stream(at, tag), index, length, tail)?;
        }
        self.write(out, at, StorageKind::RecipientOrAttachment)
    }
}

fn stream(at: &str, tag: u32) -> String {
    format!("{at}/__substg1.0_{tag:08X}")
}

/// UTF-16LE without NUL: readers stop at one.
pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().filter(|unit| *unit != 0).flat_map(u16::to_le_bytes).collect()
}

fn size(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
