//! A minimal DER parser and writer: tags, lengths, values, nothing else. Knows no meaning.

/// One value: its tag and its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
}

pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
pub(crate) const OID: u8 = 0x06;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;

/// The first value and the rest. Definite lengths of at most four bytes, in their shortest form (X.690 §10.1).
pub(crate) fn value(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    // Tags above 30 do not occur in anything parsed here.
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (long, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = long.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
            if long.first() == Some(&0) || length < 0x80 {
                return None;
            }
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((Value { tag, content }, rest))
}

/// Exactly one value of that tag, and nothing after it.
pub(crate) fn only(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    match value(bytes)? {
        (value, []) if value.tag == tag => Some(value.content),
        _ => None,
    }
}

/// The first value in encoded form, and the rest.
pub(crate) fn element(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, rest) = value(bytes)?;
    bytes.split_at_checked(bytes.len() - rest.len())
}

/// A value of that tag, consisting of these parts.
pub(crate) fn of(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut bytes = begin(tag, length);
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes
}

/// A SET OF these values, in the order that DER demands (X.690 §11.6).
pub(crate) fn set_of(tag: u8, mut values: Vec<Vec<u8>>) -> Vec<u8> {
    values.sort_unstable();
    of(tag, &values.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// A tag and the length of what follows.
fn begin(tag: u8, length: usize) -> Vec<u8> {
    let bytes = length.to_be_bytes();
    let long = bytes.get(bytes.iter().take_while(|byte| **byte == 0).count()..).unwrap_or_default();
    match long {
        [] => vec![tag, 0],
        [short] if *short < 0x80 => vec![tag, *short],
        // At most eight octets on every machine.
        long => [&[tag, 0x80 | u8::try_from(long.len()).unwrap_or(8)], long].concat(),
    }
}

/// All values in a row; `None` if anything is invalid.
pub(crate) fn all(mut bytes: &[u8]) -> Option<Vec<Value<'_>>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (next, rest) = value(bytes)?;
        found.push(next);
        bytes = rest;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_are_read_in_their_shortest_form_only() {
        assert_eq!(value(&[0x30, 1, 7, 9]), Some((Value { tag: 0x30, content: &[7] }, &[9][..])));
        assert_eq!(value(&[0x30, 0x81, 1, 7]), None);
        assert_eq!(value(&[0x30, 0x80, 0, 0]), None);
        assert_eq!(value(&[0x30, 2, 7]), None);
        assert_eq!(only(&[6, 1, 5, 0], OID), None);
    }

    #[test]
    fn what_is_written_is_read_again() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 70_000] {
            let content = vec![7; length];
            let whole = of(SEQUENCE, &[&content]);
            assert_eq!(only(&whole, SEQUENCE), Some(content.as_slice()), "{length}");
            assert_eq!(element(&[whole.as_slice(), &[9]].concat()), Some((whole.as_slice(), &[9][..])));
        }
        assert_eq!(set_of(SET, vec![vec![5, 0], vec![2, 1, 3]]), [0x31, 5, 2, 1, 3, 5, 0]);
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes: Vec<u8>) {
            if let Some((value, rest)) = value(&bytes) {
                prop_assert!(value.content.len() + rest.len() < bytes.len());
            }
            let _ = all(&bytes);
        }
    }
}
