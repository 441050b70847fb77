//! Multi-byte charsets that browsers have dropped and mail programs still use: HZ, ISO-2022-KR and -CN, UTF-7 and
//! UTF-32. Knows no label.

use encoding_rs::{EUC_KR, GBK};

/// HZ (RFC 1843): `~{` and `~}` around two-byte characters, `~~` for a tilde; a tilde at a line end is dropped.
pub(super) fn hz(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    let mut shifted = false;
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        let (taken, more): (&[u8], &[u8]) = match rest {
            [b'~', b'{', more @ ..] if !shifted => {
                shifted = true;
                (b"", more)
            }
            [b'~', b'}', more @ ..] if shifted => {
                shifted = false;
                (b"", more)
            }
            [b'~', b'~', more @ ..] if !shifted => (b"~", more),
            [b'~', b'\r', b'\n', more @ ..] | [b'~', b'\n', more @ ..] => (b"", more),
            // A line end also ends the shift.
            [b'\n', more @ ..] => {
                shifted = false;
                (b"\n", more)
            }
            [_, more @ ..] if shifted => {
                out.push(first | 0x80);
                (b"", more)
            }
            _ => (std::slice::from_ref(first), tail),
        };
        out.extend_from_slice(taken);
        rest = more;
    }
    GBK.decode(&out).0.into_owned()
}

/// ISO-2022-KR (RFC 1557).
pub(super) fn iso_2022_kr(bytes: &[u8]) -> String {
    EUC_KR.decode(&shifted_out(bytes)).0.into_owned()
}

/// ISO-2022-CN (RFC 1922), the GB 2312 part.
pub(super) fn iso_2022_cn(bytes: &[u8]) -> String {
    GBK.decode(&shifted_out(bytes)).0.into_owned()
}

/// The bytes between SO and SI with their eighth bit set, without the designation sequences.
fn shifted_out(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut shifted = false;
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        rest = match rest {
            [0x1b, b'$', b')' | b'*' | b'+', _, more @ ..] | [0x1b, b'N' | b'O', more @ ..] => more,
            [0x0e, more @ ..] => {
                shifted = true;
                more
            }
            [0x0f, more @ ..] => {
                shifted = false;
                more
            }
            [0x21..=0x7e, ..] if shifted => {
                out.push(first | 0x80);
                tail
            }
            _ => {
                // A line end ends the shift.
                shifted &= !matches!(first, b'\r' | b'\n');
                out.push(*first);
                tail
            }
        };
    }
    out
}

/// UTF-7 (RFC 2152): UTF-16 in base64 between `+` and the first character outside base64. A `-` there is dropped.
pub(super) fn utf_7(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        if *first != b'+' {
            out.push(char::from(*first));
            rest = tail;
            continue;
        }
        let end = tail.iter().position(|b| six_bits(*b).is_none()).unwrap_or(tail.len());
        let (shifted, after) = tail.split_at_checked(end).unwrap_or((tail, b""));
        let (mut units, mut bits, mut held) = (Vec::new(), 0_u32, 0);
        for six in shifted.iter().filter_map(|b| six_bits(*b)) {
            bits = (bits << 6) | u32::from(six);
            held += 6;
            if held >= 16 {
                held -= 16;
                units.push(u16::try_from((bits >> held) & 0xffff).unwrap_or_default());
                bits &= (1 << held) - 1;
            }
        }
        out.push_str(&String::from_utf16_lossy(&units));
        if shifted.is_empty() {
            out.push('+');
        }
        rest = after.strip_prefix(b"-").unwrap_or(after);
    }
    out
}

fn six_bits(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// UTF-32, in the byte order that its mark or its zeros show.
pub(super) fn utf_32(bytes: &[u8]) -> (String, bool) {
    let (mut four, rest) = (bytes.chunks_exact(4), bytes.len() % 4);
    let is_little = match bytes {
        [0, 0, ..] => false,
        [_, _, 0, 0, ..] => true,
        _ => false,
    };
    let number = |chunk: &[u8]| match (chunk, is_little) {
        ([a, b, c, d], true) => u32::from_le_bytes([*a, *b, *c, *d]),
        ([a, b, c, d], false) => u32::from_be_bytes([*a, *b, *c, *d]),
        _ => u32::MAX,
    };
    let character = |chunk: &[u8]| char::from_u32(number(chunk)).unwrap_or(char::REPLACEMENT_CHARACTER);
    let text: String = four.by_ref().map(character).collect();
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned();
    let damaged = text.contains(char::REPLACEMENT_CHARACTER) || rest != 0;
    (text, damaged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shifts_are_undone() {
        assert_eq!(hz(b"~{<:Ky2;~}a~~b~\nc"), "己所不a~bc");
        assert_eq!(iso_2022_kr(b"\x1b$)C\r\n\x0e>H3g\x0f x"), "\r\n안녕 x");
        assert_eq!(iso_2022_cn(b"\x1b$)A\x0e=;;;\x0f x"), "交换 x");
        assert_eq!(utf_7(b"Gr+APYA3w-e +IBM- 5 +IKw-, 1+-1 +2D3eAA-x"), "Größe – 5 €, 1+1 😀x");
        let wide = |text: &str| text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect::<Vec<u8>>();
        assert_eq!(utf_32(&wide("\u{feff}Größe")), ("Größe".to_owned(), false));
        let big = |text: &str| text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect::<Vec<u8>>();
        assert_eq!(utf_32(&big("Größe €")), ("Größe €".to_owned(), false));
        assert!(utf_32(b"Hallo").1);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = (hz(&bytes), iso_2022_kr(&bytes), iso_2022_cn(&bytes), utf_32(&bytes), utf_7(&bytes));
        }
    }
}
