//! Recognises OpenPGP by its content (RFC 9580), under any name: armour on a line of its own, or the first packet.
//! Reads no key and opens nothing.

use super::Sealed;

/// What armour in a text contains. Keys are neither encrypted nor signed letters.
pub(super) fn in_text(bytes: &[u8]) -> impl Iterator<Item = Sealed> {
    let closed = has_line(bytes, b"-----BEGIN PGP MESSAGE").then_some(Sealed::OpenPgp);
    let signed = has_line(bytes, b"-----BEGIN PGP SIGNED MESSAGE").then_some(Sealed::Signed);
    closed.into_iter().chain(signed)
}

/// Whether a line begins like this, after white space: a quotation or discussion of armour has something before it.
fn has_line(bytes: &[u8], begin: &[u8]) -> bool {
    memchr::memmem::find_iter(bytes, begin).any(|at| {
        let before = bytes.get(..at).unwrap_or_default();
        let line = before.rsplit(|b| matches!(b, b'\n' | b'\r' | b'>')).next().unwrap_or_default();
        // A page's tag may end directly before it; the `> ` of a quotation does not count.
        line.iter().all(|b| b.is_ascii_whitespace()) && !(before.ends_with(b"> ") || before == b">")
    })
}

/// Whether armour may begin in a text, quoted or not: its content is unreadable. A discussion of it has a word before
/// it on the line.
pub(super) fn may_be_in(text: &str) -> bool {
    memchr::memmem::find_iter(text.as_bytes(), b"-----BEGIN PGP MESSAGE").any(|at| {
        let before = text.get(..at).unwrap_or_default();
        let line = before.rsplit(['\n', '\r']).next().unwrap_or_default();
        // In a page, the text after the last tag.
        let line =
            line.rsplit_once('>').filter(|(tags, _)| tags.contains('<')).map_or(line, |(_, rest)| rest);
        let line = line.replace("&gt;", ">").replace("&nbsp;", " ");
        line.chars().all(|c| c.is_whitespace() || !c.is_alphanumeric())
    })
}

/// Whether these are the packets of an encrypted message (RFC 9580 §4.2, §5.1, §5.3, §5.13): a session key for a
/// recipient or by a passphrase, or encrypted data alone. The version is checked too: many files begin with the same
/// first octet.
pub(super) fn is_message(bytes: &[u8]) -> bool {
    let Some((first, rest)) = bytes.split_first() else { return false };
    let (tag, body) = match first {
        0xc0..=0xff => {
            let skip = match rest.first() {
                Some(0..=191 | 224..=254) => 1,
                Some(192..=223) => 2,
                Some(255) => 5,
                None => return false,
            };
            (first & 0x3f, rest.get(skip..))
        }
        0x80..=0xbf => {
            let skip = match first & 3 {
                0 => 1,
                1 => 2,
                2 => 4,
                _ => 0,
            };
            ((first >> 2) & 0x0f, rest.get(skip..))
        }
        _ => return false,
    };
    let version = body.and_then(|body| body.first());
    match (tag, version) {
        (1, Some(2 | 3 | 6)) | (3, Some(4..=6)) | (18, Some(1 | 2)) | (20, Some(1)) => true,
        (_, Some(_) | None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_told_from_a_text_and_from_a_key() {
        for yes in
            [&[0x85, 1, 0x0c, 3, 9][..], &[0xc1, 0x5e, 3], &[0x8c, 0x0d, 4], &[0xd2, 0xff, 0, 0, 0, 9, 1]]
        {
            assert!(is_message(yes), "{yes:?}");
        }
        // "Öffnen", a public key, a detached signature, a ZIP, nothing.
        for no in ["Öffnen".as_bytes(), &[0x99, 1, 0x0d, 4], &[0x89, 1, 0x33, 4], b"PK\x03\x04", b""] {
            assert!(!is_message(no), "{no:?}");
        }
        let lines = |text: &str| in_text(text.as_bytes()).collect::<Vec<_>>();
        assert_eq!(lines("Hallo\r\n  -----BEGIN PGP MESSAGE-----\r\n"), [Sealed::OpenPgp]);
        assert_eq!(lines("<pre>-----BEGIN PGP MESSAGE-----<br>"), [Sealed::OpenPgp]);
        assert_eq!(lines("-----BEGIN PGP SIGNED MESSAGE-----\r\n"), [Sealed::Signed]);
        assert_eq!(lines("> -----BEGIN PGP MESSAGE-----\r\n"), []);
        assert_eq!(lines("it begins with -----BEGIN PGP MESSAGE-----"), []);
        assert_eq!(lines("-----BEGIN PGP PUBLIC KEY BLOCK-----"), []);
        for yes in [
            "-----BEGIN PGP MESSAGE-----\n",
            "a\n> -----BEGIN PGP MESSAGE-----",
            "<p>&gt;&nbsp;-----BEGIN PGP MESSAGE-----<br>",
            "<p>a</p><p>-----BEGIN PGP MESSAGE-----<br>",
            "* -----BEGIN PGP MESSAGE-----",
        ] {
            assert!(may_be_in(yes), "{yes}");
        }
        for no in [
            "it begins with -----BEGIN PGP MESSAGE----- and so on",
            "<p>mit \"-----BEGIN PGP MESSAGE-----\"</p>",
            "",
        ] {
            assert!(!may_be_in(no), "{no}");
        }
    }
}
