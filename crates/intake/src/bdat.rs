//! The letter in BDAT chunks (RFC 3030), as a pure function over blocks of bytes. No dot-stuffing here:
//! lengths delimit the chunks. Knows no socket and no reply.
//!
//! We do not offer BINARYMIME, so a letter consists of lines here too: a bare CR, LF or NUL makes it invalid.

use memchr::memchr3;

use crate::data::{Bare, LineCounter};

/// The result of checking a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Pass [`CRLF`] to the reception first: its CR was at the end of the block before.
    pub line_end_first: bool,
    /// Octets at the front of the block to skip (the LF of that line end).
    pub skip: usize,
    /// Where the content in the block ends. A CR at the very end is held back.
    pub end: usize,
}

/// A line end, for [`Checked::line_end_first`] and [`Last::AddLineEnd`].
pub const CRLF: &[u8] = b"\r\n";

/// What remains to be done at the end of the last chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Last {
    /// Nothing is missing.
    Complete,
    /// The last line has no CRLF. It is added, as the letter could not be sent by DATA otherwise.
    AddLineEnd,
}

/// Reads the chunks of one letter.
#[derive(Clone, Debug)]
pub struct ChunkReader {
    held_cr: bool,
    in_line: bool,
    lines: LineCounter,
}

impl ChunkReader {
    /// A reader whose lines may have `limit` octets without CRLF.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { held_cr: false, in_line: false, lines: LineCounter::new(limit) }
    }

    /// Whether a line exceeded the limit.
    #[must_use]
    pub fn had_long_line(&self) -> bool {
        self.lines.long
    }

    /// Checks a whole block.
    ///
    /// # Errors
    /// The octet that makes the letter invalid.
    pub fn check(&mut self, block: &[u8]) -> Result<Checked, Bare> {
        let mut at = 0;
        let line_end_first = self.held_cr && !block.is_empty();
        if line_end_first {
            if block.first() != Some(&b'\n') {
                return Err(Bare::Cr);
            }
            self.held_cr = false;
            self.in_line = false;
            self.lines.end();
            at = 1;
        }
        let skip = at;
        loop {
            let rest = block.get(at..).unwrap_or_default();
            let Some(plain) = memchr3(b'\r', b'\n', 0, rest) else {
                self.in_line |= !rest.is_empty();
                self.lines.add(rest.len());
                return Ok(Checked { line_end_first, skip, end: block.len() });
            };
            self.lines.add(plain);
            at += plain;
            match rest.get(plain..).unwrap_or_default() {
                [b'\r', b'\n', ..] => {
                    at += 2;
                    self.in_line = false;
                    self.lines.end();
                }
                [] | [b'\r'] => {
                    self.held_cr = true;
                    self.in_line = true;
                    return Ok(Checked { line_end_first, skip, end: at });
                }
                [b'\r', ..] => return Err(Bare::Cr),
                [b'\n', ..] => return Err(Bare::Lf),
                [_, ..] => return Err(Bare::Nul),
            }
        }
    }

    /// The last chunk is complete.
    ///
    /// # Errors
    /// Its last octet was a CR.
    pub fn last(&self) -> Result<Last, Bare> {
        match (self.held_cr, self.in_line) {
            (true, _) => Err(Bare::Cr),
            (false, true) => Ok(Last::AddLineEnd),
            (false, false) => Ok(Last::Complete),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(input: &[u8], cuts: &[usize]) -> Result<Vec<u8>, Bare> {
        let (mut reader, mut content, mut at) = (ChunkReader::new(998), Vec::new(), 0);
        let mut cuts = cuts.iter().copied().chain(std::iter::repeat(5));
        while at < input.len() {
            let next = (at + cuts.next().unwrap()).min(input.len());
            let block = &input[at..next];
            let checked = reader.check(block)?;
            if checked.line_end_first {
                content.extend_from_slice(CRLF);
            }
            content.extend_from_slice(&block[checked.skip..checked.end]);
            at = next;
        }
        if reader.last()? == Last::AddLineEnd {
            content.extend_from_slice(CRLF);
        }
        Ok(content)
    }

    /// The first invalid octet, or the input with its last line ended.
    fn reference(input: &[u8]) -> Result<Vec<u8>, Bare> {
        for (at, octet) in input.iter().enumerate() {
            match octet {
                b'\r' if input.get(at + 1) != Some(&b'\n') => return Err(Bare::Cr),
                b'\n' if at == 0 || input[at - 1] != b'\r' => return Err(Bare::Lf),
                0 => return Err(Bare::Nul),
                _ => {}
            }
        }
        let mut content = input.to_vec();
        if !content.is_empty() && !content.ends_with(b"\r\n") {
            content.extend_from_slice(b"\r\n");
        }
        Ok(content)
    }

    #[test]
    fn a_line_end_may_lie_across_two_chunks() {
        assert_eq!(run(b"a\r\nb\r\n", &[2, 1, 9]).unwrap(), b"a\r\nb\r\n");
        assert_eq!(run(b"a\rb", &[2, 1]), Err(Bare::Cr));
        assert_eq!(run(b"a\r", &[2]), Err(Bare::Cr));
        assert_eq!(run(b".\r\nb", &[9]).unwrap(), b".\r\nb\r\n");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn blocks_make_no_difference_and_the_plain_reading_agrees(
            input in proptest::collection::vec(
                prop_oneof![6 => Just(b"\r\n".to_vec()), 6 => Just(b"x".to_vec()), 1 => Just(b"\r".to_vec()),
                    1 => Just(b"\n".to_vec()), 1 => Just(b"\0".to_vec())],
                0..24,
            ),
            cuts in proptest::collection::vec(0_usize..7, 0..40),
        ) {
            let input = input.concat();
            prop_assert_eq!(run(&input, &cuts), reference(&input));
        }
    }
}
