//! Just enough of DER to look at algorithm identifiers: tags, lengths, values, nothing else. Knows no meaning.

/// One value: its tag and its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
}

pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
pub(crate) const OID: u8 = 0x06;

/// The first value and what is behind it. Definite lengths of at most four bytes, in their shortest form (X.690 §10.1).
pub(crate) fn value(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    // Tags above 30 are in nothing that is looked at here.
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

/// Exactly one value of that tag, and nothing behind it.
pub(crate) fn only(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    match value(bytes)? {
        (value, []) if value.tag == tag => Some(value.content),
        _ => None,
    }
}

/// Every value in a row; `None` if anything in it is none.
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
