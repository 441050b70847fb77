//! Encodings of files that are recognised but not decoded: BinHex (RFC 1741), yEnc, AppleSingle (RFC 1740). What they
//! contain is unknown.

/// The line that BinHex programs look for; the file begins with a colon on a line below it (RFC 1741, appendix A).
const BINHEX: &[u8] = b"must be converted with BinHex";

/// How a yEnc file begins, on a line of its own (yenc.org, draft 1.3).
const YENC: &[u8] = b"=ybegin ";

/// AppleSingle: a file with its contents. AppleDouble (`…07`) has them in a part beside it.
const APPLE_SINGLE: &[u8] = b"\x00\x05\x16\x00\x00\x02\x00\x00";

/// Whether the bytes contain a file in one of these encodings, at any position.
pub(crate) fn is_in(bytes: &[u8]) -> bool {
    bytes.starts_with(APPLE_SINGLE) || is_binhex(bytes) || is_yenc(bytes)
}

fn is_binhex(bytes: &[u8]) -> bool {
    let mut said = memchr::memmem::find_iter(bytes, BINHEX);
    said.any(|at| {
        let rest = bytes.get(at..).unwrap_or_default();
        let mut lines = rest.split(|b| matches!(b, b'\r' | b'\n')).skip(1);
        // A text about BinHex has no such line next.
        lines
            .find(|line| !line.trim_ascii().is_empty())
            .is_some_and(|line| line.trim_ascii().starts_with(b":"))
    })
}

fn is_yenc(bytes: &[u8]) -> bool {
    let mut begins = memchr::memmem::find_iter(bytes, YENC);
    begins.any(|at| {
        let starts_line = at == 0 || matches!(bytes.get(at - 1), Some(b'\r' | b'\n'));
        let rest = bytes.get(at..).unwrap_or_default();
        let line = rest.split(|b| matches!(b, b'\r' | b'\n')).next().unwrap_or_default();
        starts_line && memchr::memmem::find(line, b"size=").is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::is_in;

    #[test]
    fn files_are_told_from_talk_about_them() {
        let binhex = "Hallo\r\n(This file must be converted with BinHex 4.0)\r\n\r\n:#R4kC@8!\r\n";
        for there in [
            binhex,
            "(This file must be converted with BinHex 4.0)\n:abc",
            "x\r\n=ybegin line=128 size=11 name=a.doc\r\n*+,\r\n=yend size=11\r\n",
            "=ybegin part=1 line=128 size=9 name=b",
        ] {
            assert!(is_in(there.as_bytes()), "{there}");
        }
        assert!(is_in(b"\x00\x05\x16\x00\x00\x02\x00\x00rest"));
        for not in [
            "",
            "Ihre Datei must be converted with BinHex, sagt er.\r\nMfG\r\n",
            "=ybegin ist der Anfang von yEnc",
            "es hei\u{df}t =ybegin line=128 size=11",
        ] {
            assert!(!is_in(not.as_bytes()), "{not}");
        }
        assert!(!is_in(b"\x00\x05\x16\x07\x00\x02\x00\x00"));
    }
}
