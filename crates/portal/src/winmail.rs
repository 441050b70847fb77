//! What is in a `winmail.dat` (MS-OXTNEF): the names and bytes of its files. Pure and bounded; what it cannot read
//! it leaves out.
//!
//! There is a maintained reader for neither the whole format nor for part of it on the registry; we need only the
//! attachments, which are two attributes.

/// MS-OXTNEF §2.1.3.1: the first four bytes.
const SIGNATURE: u32 = 0x223e_9f78;
/// A new attachment begins.
const RENDER_DATA: u32 = 0x0006_9002;
const TITLE: u32 = 0x0001_8010;
const DATA: u32 = 0x0006_800f;
/// Properties of an attachment; among them its long name.
const PROPERTIES: u32 = 0x0006_9005;
/// PidTagAttachLongFilename
const LONG_NAME: u16 = 0x3707;
/// Files of one winmail.dat.
const MOST_FILES: usize = 100;
/// Attributes looked at.
const MOST_ATTRIBUTES: usize = 5000;

/// One file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct File<'a> {
    /// As the sender wrote it: hostile.
    pub(crate) name: String,
    pub(crate) bytes: &'a [u8],
}

/// The files in it, in their order.
pub(crate) fn files(bytes: &[u8]) -> Vec<File<'_>> {
    let mut rest = Bytes(bytes);
    let mut files: Vec<File<'_>> = Vec::new();
    if rest.u32() != Some(SIGNATURE) || rest.u16().is_none() {
        return files;
    }
    for _ in 0..MOST_ATTRIBUTES {
        // Level, id, length, data, checksum. A wrong checksum is no reason to hide a file.
        let (Some(_level), Some(id), Some(length)) = (rest.u8(), rest.u32(), rest.u32()) else { break };
        let Some(data) = usize::try_from(length).ok().and_then(|length| rest.take(length)) else { break };
        let _checksum = rest.u16();
        let full = files.len() == MOST_FILES;
        match (id, files.last_mut()) {
            (RENDER_DATA, _) if full => break,
            (RENDER_DATA, _) => files.push(File::default()),
            (TITLE, Some(file)) if file.name.is_empty() => file.name = narrow(data),
            (DATA, Some(file)) => file.bytes = data,
            (PROPERTIES, Some(file)) => {
                if let Some(name) = long_name(data) {
                    file.name = name;
                }
            }
            (_, Some(_) | None) => {}
        }
    }
    files
}

/// MS-OXTNEF §2.1.3.4: a count, then properties of a type, an id and a value each.
fn long_name(data: &[u8]) -> Option<String> {
    let mut rest = Bytes(data);
    let count = rest.u32()?;
    for _ in 0..count.min(200) {
        let (kind, id) = (rest.u16()?, rest.u16()?);
        if id >= 0x8000 {
            // A named property: its set, then a number or a text.
            rest.take(16)?;
            match rest.u32()? {
                0 => drop(rest.u32()?),
                _ => drop(rest.padded()?),
            }
        }
        let many = kind & 0x1000 != 0;
        let kind = kind & 0x0fff;
        let values = if many || matches!(kind, 0x0d | 0x1e | 0x1f | 0x102) { rest.u32()? } else { 1 };
        for _ in 0..values.min(200) {
            let value = match kind {
                0x02 | 0x03 | 0x04 | 0x0a | 0x0b => rest.take(4)?,
                0x05 | 0x06 | 0x07 | 0x14 | 0x40 => rest.take(8)?,
                0x48 => rest.take(16)?,
                0x0d | 0x1e | 0x1f | 0x102 => rest.padded()?,
                _ => return None,
            };
            match (id, kind) {
                (LONG_NAME, 0x1f) => return Some(wide(value)),
                (LONG_NAME, 0x1e) => return Some(narrow(value)),
                _ => {}
            }
        }
    }
    None
}

/// UTF-8 where it is, else the byte's own character: names in old code pages stay guessable.
fn narrow(bytes: &[u8]) -> String {
    let bytes = bytes.split(|b| *b == 0).next().unwrap_or_default();
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_other) => bytes.iter().map(|b| char::from(*b)).collect(),
    }
}

fn wide(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).filter_map(|two| Some(u16::from_le_bytes(two.try_into().ok()?)));
    let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
    String::from_utf16_lossy(&units)
}

/// Bytes taken from the front; never more than there are.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, many: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(many)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    /// A length, so many bytes, and what fills up to four.
    fn padded(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.u32()?).ok()?;
        let value = self.take(length)?;
        self.take(length.next_multiple_of(4) - length)?;
        Some(value)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn attribute(id: u32, data: &[u8]) -> Vec<u8> {
        let mut out = vec![2];
        out.extend(id.to_le_bytes());
        out.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        out.extend(data);
        out.extend([0, 0]);
        out
    }

    pub(crate) fn sample() -> Vec<u8> {
        let mut out = SIGNATURE.to_le_bytes().to_vec();
        out.extend([1, 0]);
        out.extend(attribute(0x0002_800c, b"body"));
        out.extend(attribute(RENDER_DATA, &[0; 14]));
        out.extend(attribute(TITLE, b"GUTACH~1.PDF\0"));
        out.extend(attribute(DATA, b"%PDF-1.4"));
        // One number, then the long name in UTF-16.
        let mut properties = 2_u32.to_le_bytes().to_vec();
        properties.extend([0x03, 0, 0x05, 0x37, 1, 0, 0, 0]);
        properties.extend([0x1f, 0, 0x07, 0x37, 1, 0, 0, 0]);
        let name: Vec<u8> = "Größe.pdf\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
        properties.extend(u32::try_from(name.len()).unwrap().to_le_bytes());
        properties.extend(&name);
        out.extend(attribute(PROPERTIES, &properties));
        out.extend(attribute(RENDER_DATA, &[0; 14]));
        out.extend(attribute(TITLE, b"zwei.txt\0"));
        out
    }

    #[test]
    fn the_files_are_found() {
        let bytes = sample();
        let found = files(&bytes);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].name.as_str(), found[0].bytes), ("Größe.pdf", b"%PDF-1.4".as_slice()));
        assert_eq!((found[1].name.as_str(), found[1].bytes), ("zwei.txt", b"".as_slice()));
    }

    #[test]
    fn cut_anywhere_it_never_panics() {
        let whole = sample();
        for end in 0..whole.len() {
            assert!(files(&whole[..end]).len() <= 2);
        }
        let mut huge = SIGNATURE.to_le_bytes().to_vec();
        huge.extend([1, 0, 2]);
        huge.extend(DATA.to_le_bytes());
        huge.extend(u32::MAX.to_le_bytes());
        assert!(files(&huge).is_empty());
        assert!(files(b"PK\x03\x04").is_empty());
    }
}
