//! Quoted text in a double-byte charset, in which half a character may look like a backslash or a quote (Shift_JIS,
//! Big5, GBK: the second byte; ISO-2022-JP: either). Finds and escapes such bytes; decodes nothing.

/// How a charset marks a two-byte character.
#[derive(Clone, Copy)]
enum Scheme {
    /// Half-width katakana have one byte.
    ShiftJis,
    /// GBK and Big5, and the Korean ones.
    HighLead,
    /// RFC 1468: between two escape sequences.
    Shifted,
}

/// The text with every half character escaped that looks like a mark; one result for each scheme in which there is such
/// a byte.
pub(crate) fn escaped(text: &[u8]) -> Vec<Vec<u8>> {
    // Nearly every field: no scheme applies.
    if !text.iter().any(|byte| *byte == 0x1b || !byte.is_ascii()) {
        return Vec::new();
    }
    let all = [Scheme::ShiftJis, Scheme::HighLead, Scheme::Shifted];
    all.into_iter().filter_map(|scheme| escaped_by(text, scheme)).collect()
}

fn escaped_by(text: &[u8], scheme: Scheme) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() + 8);
    let (mut found, mut shifted) = (false, false);
    let mut bytes = text.iter().copied().enumerate();
    while let Some((at, byte)) = bytes.next() {
        out.push(byte);
        let rest = text.get(at..).unwrap_or_default();
        let is_lead = match scheme {
            Scheme::ShiftJis => matches!(byte, 0x81..=0x9f | 0xe0..=0xfc),
            Scheme::HighLead => matches!(byte, 0x81..=0xfe),
            Scheme::Shifted => {
                shifted = match rest {
                    [0x1b, b'$', ..] => true,
                    [0x1b, b'(', ..] => false,
                    _ => shifted,
                };
                // The rest of a shift sequence is not a character.
                if byte == 0x1b {
                    let length = if rest.get(2) == Some(&b'(') { 3 } else { 2 };
                    out.extend(bytes.by_ref().take(length).map(|(_, byte)| byte));
                }
                if shifted && matches!(byte, b'"' | b'\\') {
                    found = true;
                    out.insert(out.len() - 1, b'\\');
                }
                false
            }
        };
        if !is_lead {
            continue;
        }
        let Some((_, trail)) = bytes.next() else { break };
        if trail == b'\\' {
            found = true;
            out.push(b'\\');
        }
        out.push(trail);
    }
    found.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn halves_of_characters_are_escaped_and_marks_are_not() {
        // "ｱ予": one byte, then two.
        assert_eq!(escaped(b"\"\xb1\x97\\\""), [b"\"\xb1\x97\\\\\"".to_vec()]);
        assert_eq!(escaped(b"\"\x97\\\""), vec![b"\"\x97\\\\\"".to_vec(); 2]);
        assert_eq!(escaped(b"\x1b$B$\"\x1b(B\"x\\\""), [b"\x1b$B$\\\"\x1b(B\"x\\\"".to_vec()]);
        for none in [b"\"a\\\"b.pdf\"".as_slice(), b"\"Gr\xf6\xdfe.pdf\"", b"", b"\x97"] {
            assert!(escaped(none).is_empty(), "{none:?}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(text in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = escaped(&text);
        }
    }
}
