//! Finds the command line in a buffer, as a pure function. Knows no command and no socket.

use memchr::{memchr, memchr2};

use crate::data::Bare;

/// The longest command line we read, CRLF included. RFC 5321 §4.5.3.1.4 gives 512 octets, and each
/// extension adds its own (ORCPT alone 500, RFC 3461 §5); this is more than all of ours together.
pub const MAX_LINE: usize = 4096;

/// RFC 5321 §4.5.3.1.4, for every command that no extension lengthens.
pub const PLAIN: usize = 512;

/// RFC 4954 §4: "the maximum length of an authentication exchange line is 12288 octets".
pub const MAX_AUTH: usize = 12288;

/// What is at the front of the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// An incomplete line.
    Part,
    /// A line of this many octets, CRLF included.
    Whole(usize),
    /// Longer than a line may be. Skip to its end with [`skip`].
    Long,
    /// A bare CR or LF, or a NUL: not SMTP, or smuggling. End the session.
    Spoilt(Bare),
}

/// Looks for a line of at most `limit` octets.
#[must_use]
pub fn find(buffer: &[u8], limit: usize) -> Line {
    let Some(at) = memchr(b'\n', buffer) else {
        return if buffer.len() >= limit { Line::Long } else { Line::Part };
    };
    let line = buffer.get(..at).unwrap_or_default();
    let Some((b'\r', text)) = line.split_last() else {
        return Line::Spoilt(Bare::Lf);
    };
    match memchr2(b'\r', 0, text).and_then(|at| text.get(at)) {
        Some(b'\r') => Line::Spoilt(Bare::Cr),
        Some(_) => Line::Spoilt(Bare::Nul),
        None if at + 1 > limit => Line::Long,
        None => Line::Whole(at + 1),
    }
}

/// How much of a buffer belongs to an over-long line, in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// The rest of the line.
    Rest(usize),
    /// The whole buffer; the line continues.
    All(usize),
}

/// How much of the buffer belongs to an over-long line.
#[must_use]
pub fn skip(buffer: &[u8]) -> Skipped {
    match memchr(b'\n', buffer) {
        Some(at) => Skipped::Rest(at + 1),
        None => Skipped::All(buffer.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_in_crlf_and_in_nothing_else() {
        assert_eq!(find(b"", 10), Line::Part);
        assert_eq!(find(b"NOOP\r", 10), Line::Part);
        assert_eq!(find(b"NOOP\r\nQUIT\r\n", 10), Line::Whole(6));
        assert_eq!(find(b"\r\n", 10), Line::Whole(2));
        assert_eq!(find(b"NOOP\n", 10), Line::Spoilt(Bare::Lf));
        assert_eq!(find(b"NO\rOP\r\n", 10), Line::Spoilt(Bare::Cr));
        assert_eq!(find(b"NOOP\r\r\n", 10), Line::Spoilt(Bare::Cr));
        assert_eq!(find(b"NO\0OP\r\n", 10), Line::Spoilt(Bare::Nul));
    }

    #[test]
    fn a_line_over_the_limit_is_long_whether_its_end_is_there_or_not() {
        assert_eq!(find(b"12345678\r\n", 10), Line::Whole(10));
        assert_eq!(find(b"123456789\r\n", 10), Line::Long);
        assert_eq!(find(b"1234567890", 10), Line::Long);
        assert_eq!(find(b"123456789", 10), Line::Part);
        assert_eq!(skip(b"123\r\nQUIT"), Skipped::Rest(5));
        assert_eq!(skip(b"123"), Skipped::All(3));
    }
}
