//! Finds CMS in a text, between `-----BEGIN PKCS7-----` and its end (RFC 7468 §8, §9). Opens nothing.

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END";
const LABELS: [&[u8]; 4] = [b"PKCS7-----", b"CMS-----", b"PKCS #7 SIGNED DATA-----", b"PKCS #7-----"];
/// Blocks of one text.
const MAX_BLOCKS: usize = 50;

/// Every block in a text, with its first line. A discussion of such blocks has something before it on the
/// line.
pub(super) fn blocks(text: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    for at in memchr::memmem::find_iter(text, BEGIN) {
        let (before, rest) = text.split_at_checked(at).unwrap_or((text, b""));
        // Back over blanks alone: on a line of many such words each would look back to its beginning.
        let last = before.iter().rev().find(|b| !matches!(b, b' ' | b'\t' | 0x0c));
        let begins_line = last.is_none_or(|b| matches!(b, b'\n' | b'\r' | b'>'));
        let label = rest.get(BEGIN.len()..).unwrap_or_default();
        if !begins_line || !LABELS.iter().any(|one| label.starts_with(one)) {
            continue;
        }
        // Those behind it have no end either.
        let Some(end) = memchr::memmem::find(rest, END) else { break };
        found.extend(rest.get(..end + END.len()));
        if found.len() == MAX_BLOCKS {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_told_from_words_about_one() {
        let text = b"Hallo\r\n-----BEGIN PKCS7-----\r\nMIIB\r\n-----END PKCS7-----\r\nMfG";
        assert_eq!(blocks(text), [b"-----BEGIN PKCS7-----\r\nMIIB\r\n-----END".as_slice()]);
        assert_eq!(blocks(b"<pre>-----BEGIN CMS-----\nMIIB\n-----END CMS-----</pre>").len(), 1);
        assert!(blocks(b"it begins with -----BEGIN CMS-----\n-----END CMS-----").is_empty());
        assert!(blocks(b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----").is_empty());
        assert!(blocks(b"-----BEGIN CMS-----\nMIIB").is_empty());
        assert_eq!(blocks(b"x\r\n \t-----BEGIN CMS-----\nMIIB\n-----END CMS-----").len(), 1);
    }

    /// Each of these would take hours, were it looked for the end, or the beginning of the line, once for each word.
    #[test]
    fn beginnings_without_an_end_cost_no_more_than_they_are_long() {
        for line in [b"-----BEGIN PKCS7-----\r\n".as_slice(), b"-----BEGIN PKCS7----- ", b"x -----BEGIN "] {
            assert!(blocks(&line.repeat(20_000_000 / line.len())).is_empty());
        }
    }
}
