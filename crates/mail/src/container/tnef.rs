//! Reads `winmail.dat` (MS-OXTNEF): its text in all its forms, and the names and bytes of its files.
//!
//! The registry has no maintained reader for the format or a part of it.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Bytes, lzfu};
use crate::charset;

/// MS-OXTNEF §2.1.3.1: the first four bytes.
const SIGNATURE: [u8; 4] = [0x78, 0x9f, 0x3e, 0x22];
/// Attributes (MS-OXTNEF §2.1.3.2): the start of an attachment, its short name, its bytes, its properties.
const RENDER_DATA: u32 = 0x0006_9002;
const TITLE: u32 = 0x0001_8010;
const DATA: u32 = 0x0006_800f;
const ATTACHMENT: u32 = 0x0006_9005;
const TRANSPORT_NAME: u32 = 0x0006_9001;
/// The message's own attributes: subject, text, properties, code page.
const SUBJECT: u32 = 0x0001_8004;
const FROM: u32 = 0x0000_8000;
const BODY: u32 = 0x0002_800c;
const PROPERTIES: u32 = 0x0006_9003;
const CODE_PAGE: u32 = 0x0006_9007;
/// Files of one winmail.dat.
const MAX_FILES: usize = 1000;
/// Attributes looked at.
const MAX_ATTRIBUTES: usize = 20_000;
/// Properties of one attribute, and values of one property.
const MAX_PROPERTIES: u32 = 5000;
/// Octets of a field's name in UTF-16 (RFC 5322 §2.1.1), and fields of all embedded messages.
const MAX_NAME: usize = 2 * 998;
const MAX_FIELDS: usize = 500;
/// Alternative contents of one file.
const MAX_OTHERS: usize = 16;
/// Names of one file.
const MAX_NAMES: usize = 16;
/// Characters of an extension that are looked at.
const MAX_EXTENSION: usize = 64;
/// A sensitivity that no program knows; all unknown values are mapped to it.
const UNKNOWN: u32 = 4;
/// IID_IMessage precedes the bytes of an embedded message.
const INTERFACE: usize = 16;

/// One file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct File<'a> {
    /// Every name the sender wrote, best first: hostile.
    pub(crate) names: Vec<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) content_id: Option<String>,
    pub(crate) bytes: &'a [u8],
    /// Alternative contents that other programs save.
    pub(crate) others: Vec<&'a [u8]>,
    /// Whether it is an embedded message, in the form of a winmail.dat.
    pub(crate) is_message: bool,
}

/// The content of a winmail.dat.
#[derive(Debug, Default)]
pub(crate) struct Tnef<'a> {
    pub(crate) subject: Option<String>,
    /// All values that may be shown as its subject.
    pub(crate) subjects: BTreeSet<String>,
    /// Header fields of a message that came by SMTP: PidTagTransportMessageHeaders.
    pub(crate) transport: Vec<String>,
    /// Header fields that are stored as named properties.
    pub(crate) fields: Vec<(String, String)>,
    /// Its Message-ID, and those that it answers.
    pub(crate) message_ids: Vec<String>,
    pub(crate) plain: Option<String>,
    /// Further texts; there is a better one, but some readers show these.
    pub(crate) others: Vec<String>,
    pub(crate) html: Option<String>,
    /// The rich text, decompressed.
    pub(crate) rtf: Option<Vec<u8>>,
    pub(crate) files: Vec<File<'a>>,
    /// Name and address of the author, if present.
    pub(crate) from: (Option<String>, Option<String>),
    pub(crate) to: Option<String>,
    /// PidTagSensitivity (MS-OXCMSG §2.2.1.13), every occurrence.
    pub(crate) sensitivities: BTreeSet<u32>,
    /// When it was sent, milliseconds since the Unix epoch.
    pub(crate) sent: Option<i64>,
    /// `false`: something is damaged, or a limit was reached.
    pub(crate) whole: bool,
}

pub(crate) fn is_tnef(bytes: &[u8]) -> bool {
    bytes.starts_with(&SIGNATURE)
}

/// Reads as far as it can be read.
pub(crate) fn read(bytes: &[u8]) -> Tnef<'_> {
    let mut tnef = Tnef::default();
    let mut rest = Bytes(bytes);
    if !is_tnef(bytes) || rest.take(4).is_none() || rest.u16().is_none() {
        return tnef;
    }
    let mut label = "cp1252".to_owned();
    let mut left_over = false;
    for _ in 0..MAX_ATTRIBUTES {
        if rest.0.is_empty() {
            tnef.whole = true;
            break;
        }
        let Some((id, data)) = attribute(&mut rest) else {
            // Bytes that mail programs append after the last attribute (a line end, zeros) are ignored.
            tnef.whole = rest.0.len() < 16 && rest.0.iter().all(|b| matches!(b, 0 | b'\r' | b'\n' | b' '));
            break;
        };
        let full = tnef.files.len() >= MAX_FILES;
        let read = match (id, tnef.files.last_mut()) {
            (CODE_PAGE, _) => {
                if let Some(page) = Bytes(data).u32() {
                    label = charset::of_code_page(page);
                }
                Read::Whole
            }
            (SUBJECT, _) => {
                tnef.set_subject(narrow(data, &label));
                Read::Whole
            }
            (BODY, _) => {
                let text = narrow(data, &label);
                tnef.others.extend(tnef.plain.replace(text));
                Read::Whole
            }
            (FROM, _) => {
                triple(data, &label, &mut tnef);
                Read::Whole
            }
            (PROPERTIES, _) => message(data, &label, &mut tnef),
            (RENDER_DATA, _) if full => break,
            (RENDER_DATA, _) => {
                tnef.files.push(File::default());
                Read::Whole
            }
            (TITLE | TRANSPORT_NAME, Some(file)) => {
                file.add_name(narrow(data, &label), NameRank::Other);
                Read::Whole
            }
            (DATA, Some(file)) => {
                file.set_bytes(data);
                Read::Whole
            }
            (ATTACHMENT, Some(file)) => attachment(data, &label, file),
            // An attribute of a file without a file: one is hidden.
            (TITLE | DATA | ATTACHMENT, None) => Read::Damaged,
            (_, Some(_) | None) => Read::Whole,
        };
        match read {
            Read::Whole => {}
            Read::LeftOver => left_over = true,
            Read::Damaged => break,
        }
    }
    tnef.whole &= !left_over;
    tnef
}

/// Whether an attribute could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    Whole,
    /// There are bytes beyond its count, which a program that reads to the end would see. The next attribute begins where it
    /// should.
    LeftOver,
    Damaged,
}

/// Level, id, length, data, checksum. A wrong checksum is ignored: it must not hide anything.
fn attribute<'a>(rest: &mut Bytes<'a>) -> Option<(u32, &'a [u8])> {
    let mut next = Bytes(rest.0);
    if !matches!(next.u8()?, 1 | 2) {
        return None;
    }
    let (id, length) = (next.u32()?, next.length()?);
    let data = next.take(length)?;
    // The last attribute is sometimes sent without it.
    next.0 = next.0.get(2..).unwrap_or_default();
    *rest = next;
    Some((id, data))
}

/// Name and address of a sender as old programs write them (MS-OXTNEF §2.1.3.3.3).
fn triple(data: &[u8], label: &str, tnef: &mut Tnef<'_>) {
    let mut rest = Bytes(data);
    let (Some(_), Some(_)) = (rest.u16(), rest.u16()) else { return };
    let (Some(name), Some(address)) = (rest.u16(), rest.u16()) else { return };
    let name = rest.take(usize::from(name)).map(|name| narrow(name, label));
    let address = rest.take(usize::from(address)).map(|address| narrow(address, label));
    tnef.from.0 = tnef.from.0.take().or(name);
    let address = address.as_deref().and_then(|one| one.strip_prefix("SMTP:").or(one.strip_prefix("smtp:")));
    tnef.from.1 = tnef.from.1.take().or(address.filter(|one| one.contains('@')).map(str::to_owned));
}

fn message(data: &[u8], label: &str, tnef: &mut Tnef<'_>) -> Read {
    let (mut html, mut page, mut sound) = (None, None, true);
    let mut subject: (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let read = properties(data, &mut |id, name, kind, value| match (id, kind) {
        (0x0037, _) => tnef.set_subject(text(kind, value, label)),
        // PidTagSubjectPrefix and PidTagNormalizedSubject: joined, they are the subject.
        (0x003d, NARROW | WIDE) => subject.0.push(text(kind, value, label)),
        (0x0e1d, NARROW | WIDE) => subject.1.push(text(kind, value, label)),
        // PidTagOriginalSubject and PidTagConversationTopic
        (0x0049 | 0x0070, NARROW | WIDE) => tnef.add_subject(text(kind, value, label)),
        (0x007d, NARROW | WIDE) => tnef.transport.push(text(kind, value, label)),
        // PidTagInternetMessageId, PidTagInternetReferences, PidTagInReplyToId
        (0x1035 | 0x1039 | 0x1042, NARROW | WIDE) => tnef.message_ids.push(text(kind, value, label)),
        // PidTagConversationIndex: Thread-Index by another name (MS-OXCMAIL §2.2.3.2.10)
        (0x0071, BINARY) if tnef.fields.len() < MAX_FIELDS => {
            tnef.fields.push(("Thread-Index".to_owned(), STANDARD.encode(value)));
        }
        (0x0071, BINARY) => sound = false,
        // The name is copied for each of a property's values, of which there may be many: no header field has a longer one.
        (0x8000.., NARROW | WIDE) => match name.filter(|name| name.len() <= MAX_NAME) {
            Some(_) if tnef.fields.len() >= MAX_FIELDS => sound = false,
            Some(name) => tnef.fields.push((wide(name), text(kind, value, label))),
            None => {}
        },
        (0x1000, _) => tnef.others.extend(tnef.plain.replace(text(kind, value, label))),
        (0x1009, _) => match lzfu::decompress(value) {
            // With two of them it cannot be known which one is shown.
            Some(rtf) => sound = sound && tnef.rtf.replace(rtf).is_none(),
            None => sound = false,
        },
        (0x1013, WIDE) => tnef.others.extend(tnef.html.replace(wide(value))),
        (0x1013, _) => html = Some(value.to_vec()),
        // PidTagSentRepresentingName and PidTagSenderName, their SMTP addresses, PidTagDisplayTo
        (0x0042 | 0x0c1a, NARROW | WIDE) => tnef.from.0 = Some(text(kind, value, label)),
        (0x0065 | 0x0c1f | 0x5d01 | 0x5d02, NARROW | WIDE) => {
            tnef.from.1 = Some(text(kind, value, label)).filter(|address| address.contains('@'));
        }
        (0x0e04, NARROW | WIDE) => tnef.to = Some(text(kind, value, label)),
        (0x0036, 0x03) => tnef.sensitivities.extend(Bytes(value).u32().map(|number| number.min(UNKNOWN))),
        // PidTagClientSubmitTime: tenths of a microsecond since 1601
        (0x0039, 0x40) => {
            tnef.sent = value
                .try_into()
                .ok()
                .map(u64::from_le_bytes)
                .and_then(|ticks| i64::try_from(ticks / 10_000).ok()?.checked_sub(11_644_473_600_000));
        }
        // PidTagInternetCodepage
        (0x3fde, 0x03) => page = Bytes(value).u32(),
        _ => {}
    });
    subject.1.iter().for_each(|normal| tnef.add_subject(normal.clone()));
    if let (Some(prefix), Some(normal)) = (subject.0.last(), subject.1.last()) {
        tnef.add_subject(format!("{prefix}{normal}"));
    }
    if let Some(html) = html {
        let label = charset::declared_in_page(&html)
            .or_else(|| page.map(charset::of_code_page))
            .unwrap_or_else(|| label.to_owned());
        tnef.others.extend(tnef.html.replace(charset::decode(&html, Some(&label))));
    }
    if sound { read } else { Read::Damaged }
}

fn attachment<'a>(data: &'a [u8], label: &str, file: &mut File<'a>) -> Read {
    properties(data, &mut |id, _name, kind, value| match id {
        // PidTagAttachExtension: the only name that some files have
        0x3703 => {
            if file.names.len() >= MAX_NAMES {
                // Each of its many values would be compared with names that may be long.
                return;
            }
            let extension = text(kind, value, label);
            let extension = extension.trim().trim_start_matches('.');
            let dotted = format!(".{}", extension.to_lowercase());
            let is_known = |name: &String| end_of(name).to_lowercase().ends_with(&dotted);
            if !extension.is_empty() && !file.names.iter().any(is_known) {
                file.add_name(format!("attachment.{extension}"), NameRank::Other);
            }
        }
        // Long name, long path name
        0x3707 | 0x370d => file.add_name(text(kind, value, label), NameRank::First),
        // Short name, path name, display name, transport name
        0x3704 | 0x3708 | 0x3001 | 0x370c => file.add_name(text(kind, value, label), NameRank::Other),
        0x370e => file.content_type = Some(text(kind, value, label).trim().to_ascii_lowercase()),
        0x3712 => file.content_id = Some(text(kind, value, label).trim_matches(['<', '>', ' ']).to_owned()),
        // PidTagAttachDataObject: an object after the id of its interface, PidTagAttachDataBinary: bytes.
        0x3701 => match value.get(INTERFACE..).filter(|inner| kind == OBJECT || is_tnef(inner)) {
            Some(inner) => {
                file.is_message = is_tnef(inner);
                file.set_bytes(inner);
            }
            None => file.set_bytes(value),
        },
        _ => {}
    })
}

impl Tnef<'_> {
    fn set_subject(&mut self, text: String) {
        self.add_subject(text.clone());
        self.others.extend(self.subject.replace(text));
    }

    fn add_subject(&mut self, text: String) {
        if !text.trim().is_empty() {
            self.subjects.insert(text);
        }
    }
}

impl<'a> File<'a> {
    fn add_name(&mut self, name: String, rank: NameRank) {
        if name.is_empty() || self.names.contains(&name) || self.names.len() >= MAX_NAMES {
            return;
        }
        match rank {
            NameRank::First => self.names.insert(0, name),
            NameRank::Other => self.names.push(name),
        }
    }

    fn set_bytes(&mut self, bytes: &'a [u8]) {
        let before = std::mem::replace(&mut self.bytes, bytes);
        if !before.is_empty() && before != bytes && self.others.len() < MAX_OTHERS {
            self.others.push(before);
        }
    }
}

/// The part of a name in which an extension would be.
fn end_of(name: &str) -> &str {
    let from = name.char_indices().rev().take(MAX_EXTENSION).last().map_or(0, |(at, _)| at);
    name.get(from..).unwrap_or_default()
}

/// The rank of a name among the names of a file.
#[derive(Clone, Copy)]
enum NameRank {
    /// The long name, as Outlook shows it.
    First,
    Other,
}

const OBJECT: u16 = 0x0d;
const NARROW: u16 = 0x1e;
const WIDE: u16 = 0x1f;
const BINARY: u16 = 0x102;

/// PS_INTERNET_HEADERS (MS-OXPROPS §1.3.2): the set of properties whose names are those of fields.
const INTERNET_HEADERS: [u8; 16] = [0x86, 3, 2, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];

/// Takes a property's id, the name of the field that it is, its type, and a value.
type See<'f, 'a> = dyn FnMut(u16, Option<&'a [u8]>, u16, &'a [u8]) + 'f;

/// MS-OXTNEF §2.1.3.4: a count, then properties of a type, an id and a value each; after the last one padding only.
fn properties<'a>(data: &'a [u8], see: &mut See<'_, 'a>) -> Read {
    let mut rest = Bytes(data);
    let Some(count) = rest.u32() else { return Read::Damaged };
    if !(0..count).all(|number| number < MAX_PROPERTIES && property(&mut rest, see).is_some()) {
        return Read::Damaged;
    }
    let fills = rest.0.len() < MIN_PROPERTY || rest.0.iter().all(|b| *b == 0);
    if fills { Read::Whole } else { Read::LeftOver }
}

/// A type and an id.
const MIN_PROPERTY: usize = 4;

fn property<'a>(rest: &mut Bytes<'a>, see: &mut See<'_, 'a>) -> Option<()> {
    let (kind, id) = (rest.u16()?, rest.u16()?);
    let mut name = None;
    if id >= 0x8000 {
        // A named property: its set, then a number or a text.
        let set = rest.take(16)?;
        match rest.u32()? {
            0 => drop(rest.u32()?),
            _ => name = Some(padded(rest)?).filter(|_| set == INTERNET_HEADERS),
        }
    }
    let many = kind & 0x1000 != 0;
    let kind = kind & 0x0fff;
    let values = if many || is_long(kind) { rest.u32()? } else { 1 };
    if values > MAX_PROPERTIES {
        return None;
    }
    for _ in 0..values {
        let value = match kind {
            0x01 => rest.take(0)?,
            0x02 | 0x03 | 0x04 | 0x0a | 0x0b => rest.take(4)?,
            0x05 | 0x06 | 0x07 | 0x14 | 0x40 => rest.take(8)?,
            0x48 => rest.take(16)?,
            _ if is_long(kind) => padded(rest)?,
            _ => return None,
        };
        see(id, name, kind, value);
    }
    Some(())
}

/// Types whose values carry their own length: objects, text, bytes, and rare ones of the server.
fn is_long(kind: u16) -> bool {
    matches!(kind, OBJECT | NARROW | WIDE | BINARY | 0xfb..=0xfe)
}

/// A length, that many bytes, and padding to four; the last value may lack its padding.
fn padded<'a>(rest: &mut Bytes<'a>) -> Option<&'a [u8]> {
    let length = rest.length()?;
    let value = rest.take(length)?;
    let fill = length.checked_next_multiple_of(4)? - length;
    rest.0 = rest.0.get(fill..).unwrap_or_default();
    Some(value)
}

fn text(kind: u16, value: &[u8], label: &str) -> String {
    if kind == WIDE { wide(value) } else { narrow(value, label) }
}

fn narrow(bytes: &[u8], label: &str) -> String {
    let bytes = bytes.split(|b| *b == 0).next().unwrap_or_default();
    charset::decode(bytes, Some(label))
}

fn wide(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).filter_map(|two| Some(u16::from_le_bytes(two.try_into().ok()?)));
    let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
#[path = "tnef_tests.rs"]
pub(crate) mod tests;
