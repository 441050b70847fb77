//! Decompresses RTF (MS-OXRTFCP); the output is bounded by the header's size field and by the input's length.

use super::Bytes;

/// MS-OXRTFCP §2.1.2.1: the initial content of the dictionary.
const DICTIONARY: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \
\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const SIZE: usize = 4096;
/// "LZFu" and "MELA" (not compressed).
const COMPRESSED: u32 = 0x7546_5a4c;
const PLAIN: u32 = 0x414c_454d;
/// Eight references of two bytes and one byte of flags make 136 bytes.
const MAX_GROWTH: usize = 8;
/// A longer text is not honest.
const MAX_RAW: usize = 24 * 1024 * 1024;

/// `None`: damaged, or the declared size is impossible.
pub(crate) fn decompress(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Bytes(bytes);
    let (compressed, raw, kind, _checksum) = (rest.length()?, rest.length()?, rest.u32()?, rest.u32()?);
    // The size does not include its own field.
    let data = rest.0.get(..compressed.checked_sub(12)?)?;
    match kind {
        PLAIN => data.get(..raw).map(<[u8]>::to_vec),
        COMPRESSED if raw <= data.len().saturating_mul(MAX_GROWTH + 1).min(MAX_RAW) => expand(data, raw),
        _ => None,
    }
}

fn expand(data: &[u8], raw: usize) -> Option<Vec<u8>> {
    let mut dictionary = [b' '; SIZE];
    dictionary.get_mut(..DICTIONARY.len())?.copy_from_slice(DICTIONARY);
    let mut write = DICTIONARY.len();
    let mut out = Vec::with_capacity(raw);
    let mut rest = Bytes(data);
    loop {
        let flags = rest.u8()?;
        for bit in 0..8 {
            if flags & (1 << bit) == 0 {
                let byte = rest.u8()?;
                *dictionary.get_mut(write)? = byte;
                write = (write + 1) % SIZE;
                out.push(byte);
            } else {
                let token = u16::from_be_bytes([rest.u8()?, rest.u8()?]);
                let (offset, length) = (usize::from(token >> 4), usize::from(token & 0x0f) + 2);
                // A reference to the write position marks the end.
                if offset == write {
                    return Some(out);
                }
                for step in 0..length {
                    let byte = *dictionary.get((offset + step) % SIZE)?;
                    *dictionary.get_mut(write)? = byte;
                    write = (write + 1) % SIZE;
                    out.push(byte);
                }
            }
            if out.len() > raw {
                return None;
            }
        }
        // Some writers omit the end mark.
        if rest.0.is_empty() {
            return (out.len() == raw).then_some(out);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every byte literally, then the end mark.
    pub(crate) fn compress(text: &[u8]) -> Vec<u8> {
        let mut data = Vec::new();
        let mut write = DICTIONARY.len();
        for eight in text.chunks(8) {
            if eight.len() == 8 {
                data.push(0);
                data.extend(eight);
                write = (write + 8) % SIZE;
            }
        }
        let rest = text.chunks_exact(8).remainder();
        data.push(1 << rest.len());
        data.extend(rest);
        write = (write + rest.len()) % SIZE;
        data.extend(u16::try_from(write << 4).unwrap().to_be_bytes());
        let mut out = u32::try_from(data.len() + 12).unwrap().to_le_bytes().to_vec();
        out.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
        out.extend(COMPRESSED.to_le_bytes());
        out.extend([0; 4]);
        out.extend(data);
        out
    }

    #[test]
    fn the_examples_of_the_specification_are_read() {
        // MS-OXRTFCP §3.1.1 and §3.1.2
        let simple = b"\x2d\x00\x00\x00\x2b\x00\x00\x00\x4c\x5a\x46\x75\xf1\xc5\xc7\xa7\x03\x00\x0a\x00\x72\x63\x70\x67\x31\x32\x35\x42\x32\x0a\xf3\x20\x68\x65\x6c\x09\x00\x20\x62\x77\x05\xb0\x6c\x64\x7d\x0a\x80\x0f\xa0";
        let text = b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n";
        assert_eq!(decompress(simple).unwrap(), text);
        let crossing = b"\x1a\x00\x00\x00\x1c\x00\x00\x00\x4c\x5a\x46\x75\xe2\xd4\x4b\x51\x41\x00\x04\x20\x57\x58\x59\x5a\x0d\x6e\x7d\x01\x0e\xb0";
        assert_eq!(decompress(crossing).unwrap(), b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}");
        assert_eq!(DICTIONARY.len(), 207);
        assert_eq!(decompress(&compress(b"{\\rtf1 vertraulich}")).unwrap(), b"{\\rtf1 vertraulich}");
    }

    #[test]
    fn what_is_damaged_is_not_read() {
        let good = compress(b"{\\rtf1 vertraulich und lang}");
        for end in 0..good.len() {
            assert_eq!(decompress(&good[..end]), None, "{end}");
        }
        let mut bomb = good.clone();
        bomb[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(decompress(&bomb), None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut head = u32::try_from(bytes.len() + 12).unwrap().to_le_bytes().to_vec();
            head.extend(2000_u32.to_le_bytes());
            head.extend(COMPRESSED.to_le_bytes());
            head.extend([0; 4]);
            let _ = (decompress(&bytes), decompress(&[head, bytes].concat()));
        }
    }
}
