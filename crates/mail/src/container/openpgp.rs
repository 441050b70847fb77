//! OpenPGP (RFC 9580) as far as it can be read without a key: the content of a non-detached signature or of compression
//! alone. Verifies nothing; reads no key.

use std::io::Read;

use flate2::read::{DeflateDecoder, ZlibDecoder};

/// A body that is compressed by more than this factor was not made by a mail program.
const MAX_GROWTH: usize = 20;
const MIN_ROOM: usize = 1024 * 1024;
/// Packets within packets (RFC 9580 §5.6 has one level), and packets of one message.
const MAX_DEPTH: usize = 8;
const MAX_PACKETS: usize = 1000;

/// What it is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum OpenPgp {
    /// Readable without a key.
    Open {
        /// The file's name in the packet (RFC 9580 §5.9), or empty.
        name: String,
        /// The content, decoded.
        content: Vec<u8>,
        /// Whether it contains signatures.
        signed: bool,
    },
    /// A message that cannot be read here: encrypted, damaged, too large or compressed in an unknown way.
    Closed,
}

/// `None`: not a message. Keys and detached signatures are not messages.
pub(crate) fn read(bytes: &[u8], most: usize) -> Option<OpenPgp> {
    let most = bytes.len().saturating_mul(MAX_GROWTH).max(MIN_ROOM).min(most);
    let mut held: Vec<u8>;
    let mut rest = bytes;
    let mut signed = false;
    // Once it is known to be a message, anything unreadable hides something.
    let mut is_message = false;
    let closed = |is_message: bool| is_message.then_some(OpenPgp::Closed);
    let mut depth = 0;
    for _ in 0..MAX_PACKETS {
        let Some(packet) = packet(&mut rest, most) else { return closed(is_message) };
        match packet.tag {
            COMPRESSED => {
                let Some((algorithm, body)) = packet.body.split_first() else { return closed(is_message) };
                if depth >= MAX_DEPTH {
                    return Some(OpenPgp::Closed);
                }
                let unpacked = match *algorithm {
                    0 => Some(Unpacked { bytes: body.to_vec(), whole: true }),
                    1 => inflated(DeflateDecoder::new(body), most),
                    2 => inflated(ZlibDecoder::new(body), most),
                    // bzip2 by its first bytes: not supported here.
                    3 if body.starts_with(b"BZh") => return Some(OpenPgp::Closed),
                    _ => return closed(is_message),
                };
                // The content must begin with a packet, or this was not a packet itself.
                let unpacked = match unpacked {
                    Some(unpacked) if is_message || begins_message(&unpacked.bytes) => unpacked,
                    Some(_) | None => return closed(is_message),
                };
                if !unpacked.whole {
                    return Some(OpenPgp::Closed);
                }
                (is_message, depth) = (true, depth + 1);
                held = unpacked.bytes;
                rest = &held;
            }
            ONE_PASS if matches!((packet.body.first(), packet.body.len()), (Some(3), 13) | (Some(6), _)) => {
                (signed, is_message) = (true, true);
            }
            SIGNATURE if matches!(packet.body.first(), Some(2..=6)) => signed = true,
            MARKER if packet.body == b"PGP" => is_message = true,
            LITERAL => {
                return match literal(&packet.body) {
                    Some((name, content)) => Some(OpenPgp::Open { name, content, signed }),
                    None => closed(is_message),
                };
            }
            SESSION_KEY | PASSPHRASE | ENCRYPTED | PROTECTED | AEAD if is_message || depth > 0 => {
                return Some(OpenPgp::Closed);
            }
            PADDING if is_message => {}
            _ => return closed(is_message),
        }
        // A signature followed by nothing is a detached one.
        if rest.is_empty() {
            return closed(is_message);
        }
    }
    closed(is_message)
}

/// Whether this is a message to a key or a passphrase and nothing else, packet by packet to its last octet (RFC 9580
/// §10.3). A wrong "yes" lets clear text pass as encrypted, and text that begins with Ä, Ö or Ü in UTF-8 begins like a
/// packet.
pub(crate) fn is_encrypted(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let mut has_key = false;
    for _ in 0..MAX_PACKETS {
        let Some(packet) = packet(&mut rest, bytes.len()) else { return false };
        let enough = |least: usize| packet.body.len() >= least;
        match (packet.tag, packet.body.first()) {
            (MARKER, _) if packet.body == b"PGP" => {}
            (SESSION_KEY, Some(2 | 3 | 6)) if enough(12) => has_key = true,
            (PASSPHRASE, Some(4..=6)) if enough(4) => has_key = true,
            (PADDING, _) if has_key => {}
            (PROTECTED, Some(1 | 2)) | (AEAD, Some(1)) | (ENCRYPTED, Some(_)) if has_key && enough(18) => {
                // A line end that was appended in transit.
                return rest.trim_ascii().is_empty() && std::str::from_utf8(bytes).is_err();
            }
            _ => return false,
        }
    }
    false
}

/// RFC 9580 §5
const SESSION_KEY: u8 = 1;
const SIGNATURE: u8 = 2;
const PASSPHRASE: u8 = 3;
const ONE_PASS: u8 = 4;
const COMPRESSED: u8 = 8;
const ENCRYPTED: u8 = 9;
const MARKER: u8 = 10;
const LITERAL: u8 = 11;
const PROTECTED: u8 = 18;
const AEAD: u8 = 20;
const PADDING: u8 = 21;

struct Packet {
    tag: u8,
    body: Vec<u8>,
}

fn begins_message(bytes: &[u8]) -> bool {
    let tag = match bytes.first() {
        Some(first @ 0xc0..=0xff) => first & 0x3f,
        Some(first @ 0x80..=0xbf) => (first >> 2) & 0x0f,
        Some(_) | None => return false,
    };
    matches!(
        tag,
        SESSION_KEY
            | SIGNATURE
            | PASSPHRASE
            | ONE_PASS
            | COMPRESSED
            | ENCRYPTED
            | MARKER
            | LITERAL
            | PROTECTED
            | AEAD
    )
}

/// RFC 9580 §4.2: the next packet, in the new format or the old, its partial bodies joined. A body without a length
/// extends to the end.
fn packet(rest: &mut &[u8], most: usize) -> Option<Packet> {
    let (first, mut tail) = rest.split_first()?;
    let (tag, body) = match first {
        0xc0..=0xff => {
            let mut body = Vec::new();
            loop {
                let (length, is_last) = new_length(&mut tail)?;
                let (piece, behind) = tail.split_at_checked(length)?;
                if body.len() + piece.len() > most {
                    return None;
                }
                body.extend_from_slice(piece);
                tail = behind;
                if is_last {
                    break;
                }
            }
            (first & 0x3f, body)
        }
        0x80..=0xbf => {
            let octets = match first & 3 {
                0 => 1,
                1 => 2,
                2 => 4,
                _ => 0,
            };
            let (digits, behind) = tail.split_at_checked(octets)?;
            tail = behind;
            let length = if octets == 0 { tail.len() } else { number(digits) };
            let (body, behind) = tail.split_at_checked(length)?;
            tail = behind;
            ((first >> 2) & 0x0f, body.to_vec())
        }
        _ => return None,
    };
    *rest = tail;
    Some(Packet { tag, body })
}

/// RFC 9580 §4.2.1. `false`: another piece follows.
fn new_length(tail: &mut &[u8]) -> Option<(usize, bool)> {
    let (first, behind) = tail.split_first()?;
    let (length, is_last, behind) = match first {
        0..=191 => (usize::from(*first), true, behind),
        192..=223 => {
            let (second, behind) = behind.split_first()?;
            ((usize::from(*first) - 192) * 256 + usize::from(*second) + 192, true, behind)
        }
        224..=254 => (1_usize << (first & 0x1f), false, behind),
        255 => {
            let (digits, behind) = behind.split_at_checked(4)?;
            (number(digits), true, behind)
        }
    };
    *tail = behind;
    Some((length, is_last))
}

fn number(digits: &[u8]) -> usize {
    digits.iter().fold(0, |sum, digit| sum.saturating_mul(256).saturating_add(usize::from(*digit)))
}

/// Name and content of a literal packet (RFC 9580 §5.9): format, name, date, content.
fn literal(body: &[u8]) -> Option<(String, Vec<u8>)> {
    let (format, rest) = body.split_first()?;
    // `1` and `l` are old words for local data.
    if !matches!(format, b'b' | b't' | b'u' | b'l' | b'1' | b'm') {
        return None;
    }
    let (length, rest) = rest.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(*length))?;
    let content = rest.get(4..)?.to_vec();
    let name = String::from_utf8_lossy(name).into_owned();
    // `_CONSOLE` ("for her eyes only") is not a file name.
    let name = if name == "_CONSOLE" { String::new() } else { name };
    Some((name, content))
}

struct Unpacked {
    bytes: Vec<u8>,
    whole: bool,
}

/// `None`: not even the first byte could be decompressed. Damaged data, or data larger than `most`, is not whole.
fn inflated(packed: impl Read, most: usize) -> Option<Unpacked> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let sound = packed.take(limit).read_to_end(&mut bytes).is_ok();
    let whole = sound && bytes.len() <= most;
    (!bytes.is_empty()).then_some(Unpacked { bytes, whole })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, ZlibEncoder};
    use proptest::prelude::*;

    fn new(tag: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[0xc0 | tag, 255], length.as_slice(), body].concat()
    }

    fn plain(text: &str) -> Vec<u8> {
        new(LITERAL, &[b"b\x05x.txt\0\0\0\0", text.as_bytes()].concat())
    }

    fn zip(bytes: &[u8]) -> Vec<u8> {
        let mut out = DeflateEncoder::new(vec![1], Compression::best());
        out.write_all(bytes).unwrap();
        // As gpg writes it: the old format, without a length.
        [vec![0xa3], out.finish().unwrap()].concat()
    }

    fn content(bytes: &[u8]) -> Option<(String, bool)> {
        match read(bytes, 1 << 20) {
            Some(OpenPgp::Open { content, signed, .. }) => {
                Some((String::from_utf8(content).unwrap(), signed))
            }
            Some(OpenPgp::Closed) | None => None,
        }
    }

    #[test]
    fn what_needs_no_key_is_opened() {
        let open = |signed| Some(("vertraulich".to_owned(), signed));
        let letter = plain("vertraulich");
        assert_eq!(content(&letter), open(false));
        assert_eq!(content(&zip(&letter)), open(false));
        let mut zlib = ZlibEncoder::new(vec![2], Compression::best());
        zlib.write_all(&letter).unwrap();
        assert_eq!(content(&new(COMPRESSED, &zlib.finish().unwrap())), open(false));
        assert_eq!(content(&new(COMPRESSED, &[vec![0], letter.clone()].concat())), open(false));
        let one_pass = new(ONE_PASS, &[3, 0, 8, 1, 1, 2, 3, 4, 5, 6, 7, 8, 1]);
        let signature = new(SIGNATURE, &[4, 0, 1, 8]);
        let signed = [one_pass, letter.clone(), signature.clone()].concat();
        assert_eq!(content(&signed), open(true));
        assert_eq!(content(&zip(&signed)), open(true));
        assert_eq!(content(&[signature, letter.clone()].concat()), open(true));
        assert_eq!(content(&[new(MARKER, b"PGP"), letter].concat()), open(false));
        // In partial bodies of 512 and the rest (RFC 9580 §4.2.1.4).
        let body = [b"t\0\0\0\0\0".as_slice(), &[b'a'; 600]].concat();
        let pieces = [&[0xcb, 0xe9], &body[..512], &[94], &body[512..]].concat();
        assert_eq!(content(&pieces), Some(("a".repeat(600), false)));
    }

    #[test]
    fn what_cannot_be_opened_is_told_from_what_is_no_message() {
        let encrypted = zip(&new(PROTECTED, &[1, 2, 3]));
        assert_eq!(read(&encrypted, 1 << 20), Some(OpenPgp::Closed));
        assert_eq!(read(&new(COMPRESSED, b"\x03BZh91AY"), 1 << 20), Some(OpenPgp::Closed));
        let one_pass = new(ONE_PASS, &[3, 0, 8, 1, 1, 2, 3, 4, 5, 6, 7, 8, 1]);
        assert_eq!(read(&[&one_pass, &plain("x")[..5]].concat(), 1 << 20), Some(OpenPgp::Closed));
        // Larger than there is room for.
        assert_eq!(read(&zip(&plain(&"a".repeat(3 << 20))), 1 << 20), Some(OpenPgp::Closed));
        // A detached signature, a key, texts, a ZIP, a picture, nothing.
        for no in [
            new(SIGNATURE, &[4, 0, 1, 8]).as_slice(),
            &new(6, &[4, 0, 0, 0, 0, 1]),
            "Öffnen Sie".as_bytes(),
            "\u{a3}\u{1}".as_bytes(),
            b"\xa3 100 kostet das Gutachten",
            b"PK\x03\x04",
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8\xff\xe0",
            b"\xcb\x00",
            b"",
        ] {
            assert_eq!(read(no, 1 << 20), None, "{no:?}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let _ = read(&bytes, 1 << 16);
            let _ = read(&[&[0xa3, 1], bytes.as_slice()].concat(), 1 << 16);
        }
    }

    #[test]
    fn only_a_whole_message_is_encrypted_and_no_text_is() {
        let key = [&[0xc1, 0x5e, 3][..], &[0xf7; 0x5d]].concat();
        let phrase = [0xc3, 0x0d, 4, 9, 3, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0x60];
        let data = [&[0xd2, 60, 1][..], &[0x9f; 59]].concat();
        for whole in [
            [&key[..], &data].concat(),
            [&phrase[..], &data].concat(),
            [&key[..], &key, &phrase, &data, b"\r\n"].concat(),
        ] {
            assert!(is_encrypted(&whole), "{whole:?}");
            assert!(!is_encrypted(&whole[..whole.len() - 8]), "its end is missing");
            assert!(!is_encrypted(&[&whole[..], b"and a word in clear"].concat()));
        }
        for clear in [&key[..], &phrase, &data, b"", b"\xc3"] {
            assert!(!is_encrypted(clear), "{clear:?}");
        }
        let long = "\u{d6}sterreich. ".repeat(50);
        for text in
            ["\u{dc}ber Ihren Befund: HIV positiv.", "\u{e4}", "\u{c3}\u{a4}", "\u{c0}\u{c1}\u{d2}", &long]
        {
            assert!(!is_encrypted(text.as_bytes()), "{text}");
            let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
            assert!(!is_encrypted(&latin), "{text}");
        }
    }
}
