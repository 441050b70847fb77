//! The letter between `354` and its final dot, as a pure function over blocks of bytes. Knows no socket, no
//! size limit and no reply.
//!
//! RFC 5321 §4.1.1.4: "The mail data are terminated by a line containing only a period, that is, the
//! character sequence `<CRLF>.<CRLF>`, where the first `<CRLF>` is actually the terminator of the previous
//! line." Servers that also take `<LF>.<CRLF>`, `<CR>.<CR>` and the like let a sender smuggle a second letter
//! inside the first. Here nothing else ends a letter, and a bare CR, LF or NUL makes it invalid at once.

use memchr::memchr3;

/// A byte that must not occur alone (RFC 5321 §2.3.8) or at all (§4.5.2, RFC 5322 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bare {
    /// CR without a following LF.
    Cr,
    /// LF without a preceding CR.
    Lf,
    /// A NUL octet.
    Nul,
}

/// What a block contained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockContent {
    /// Only content; more follows.
    More,
    /// The final dot.
    End,
    /// An octet that makes the letter invalid. The content before it in this block is reported, but not to be
    /// used.
    Spoilt(Bare),
}

/// The result of decoding a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Octets of the block that are processed. Up to two at its end can remain (`CR`, `.`, `.CR`): pass them
    /// again, with the following ones.
    pub consumed: usize,
    /// Octets of content, now at the front of the block.
    pub content: usize,
    /// What the block contained.
    pub found: BlockContent,
}

/// Decodes one letter: removes dot-stuffing in place, looking at every octet once.
#[derive(Clone, Debug)]
pub struct DataReader {
    at_line_start: bool,
    lines: LineCounter,
}

impl DataReader {
    /// A reader whose lines may have `limit` octets without CRLF.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        // The CRLF of the DATA command itself counts as the one before the first line (§4.1.1.4).
        Self { at_line_start: true, lines: LineCounter::new(limit) }
    }

    /// Whether a line exceeded the limit.
    #[must_use]
    pub fn had_long_line(&self) -> bool {
        self.lines.long
    }

    /// Decodes a block in place.
    pub fn decode(&mut self, block: &mut [u8]) -> Decoded {
        let mut run = Run::default();
        let found = loop {
            let rest = block.get(run.end..).unwrap_or_default();
            if self.at_line_start {
                match rest {
                    [] | [b'.'] | [b'.', b'\r'] => break BlockContent::More,
                    [b'.', b'\r', b'\n', ..] => {
                        run.cut(block, 3);
                        break BlockContent::End;
                    }
                    // §4.5.2: "If the first character is a period and there are other characters on the
                    // line, the first character is deleted."
                    [b'.', ..] => run.cut(block, 1),
                    _ => {}
                }
                self.at_line_start = false;
                continue;
            }
            let Some(plain) = memchr3(b'\r', b'\n', 0, rest) else {
                self.lines.add(rest.len());
                run.end = block.len();
                break BlockContent::More;
            };
            self.lines.add(plain);
            run.end += plain;
            match rest.get(plain..).unwrap_or_default() {
                [b'\r', b'\n', ..] => {
                    run.end += 2;
                    self.lines.end();
                    self.at_line_start = true;
                }
                [] | [b'\r'] => break BlockContent::More,
                [b'\r', ..] => break BlockContent::Spoilt(Bare::Cr),
                [b'\n', ..] => break BlockContent::Spoilt(Bare::Lf),
                [_, ..] => break BlockContent::Spoilt(Bare::Nul),
            }
        };
        run.cut(block, 0);
        Decoded { consumed: run.end, content: run.kept, found }
    }
}

/// The content being read, and what has been kept before it.
#[derive(Default)]
struct Run {
    kept: usize,
    start: usize,
    end: usize,
}

impl Run {
    /// Moves the content to the front and skips `skip` octets after it.
    fn cut(&mut self, block: &mut [u8], skip: usize) {
        if self.kept != self.start {
            block.copy_within(self.start..self.end, self.kept);
        }
        self.kept += self.end - self.start;
        self.end += skip;
        self.start = self.end;
    }
}

/// Measures the length of lines.
#[derive(Clone, Debug)]
pub(crate) struct LineCounter {
    limit: usize,
    length: usize,
    pub(crate) long: bool,
}

impl LineCounter {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, length: 0, long: false }
    }

    pub(crate) fn add(&mut self, octets: usize) {
        self.length = self.length.saturating_add(octets);
        self.long |= self.length > self.limit;
    }

    pub(crate) fn end(&mut self) {
        self.length = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds `input` in blocks cut at `cuts`; returns content, end and octets consumed.
    fn run(input: &[u8], cuts: &[usize]) -> (Vec<u8>, BlockContent, usize) {
        let (mut reader, mut buffer, mut content) = (DataReader::new(998), Vec::new(), Vec::new());
        let (mut at, mut consumed) = (0, 0);
        let mut cuts = cuts.iter().map(|cut| cut % 7 + 1).chain(std::iter::repeat(5));
        loop {
            let next = (at + cuts.next().unwrap()).min(input.len());
            buffer.extend_from_slice(&input[at..next]);
            at = next;
            let decoded = reader.decode(&mut buffer);
            content.extend_from_slice(&buffer[..decoded.content]);
            buffer.drain(..decoded.consumed);
            consumed += decoded.consumed;
            assert!(buffer.len() <= 2 || decoded.found != BlockContent::More);
            if decoded.found != BlockContent::More || at == input.len() {
                return (content, decoded.found, consumed);
            }
        }
    }

    /// The same by the letter of the RFC, octet by octet.
    fn reference(input: &[u8]) -> (Vec<u8>, BlockContent, usize) {
        let (mut content, mut line_start, mut at) = (Vec::new(), true, 0);
        while at < input.len() {
            let rest = &input[at..];
            if line_start && rest.starts_with(b".\r\n") {
                return (content, BlockContent::End, at + 3);
            }
            if line_start && (rest == b"." || rest == b".\r") {
                return (content, BlockContent::More, at);
            }
            if line_start && rest[0] == b'.' {
                at += 1;
                line_start = false;
                continue;
            }
            line_start = false;
            match rest {
                [b'\r', b'\n', ..] => {
                    content.extend_from_slice(b"\r\n");
                    line_start = true;
                    at += 1;
                }
                [b'\r'] => return (content, BlockContent::More, at),
                [b'\r', ..] => return (content, BlockContent::Spoilt(Bare::Cr), at),
                [b'\n', ..] => return (content, BlockContent::Spoilt(Bare::Lf), at),
                [0, ..] => return (content, BlockContent::Spoilt(Bare::Nul), at),
                [other, ..] => content.push(*other),
                [] => {}
            }
            at += 1;
        }
        (content, BlockContent::More, at)
    }

    #[test]
    fn a_letter_ends_at_its_dot_and_loses_the_dots_that_were_added() {
        for (wire, letter) in [
            (&b".\r\n"[..], &b""[..]),
            (b"a\r\n.\r\n", b"a\r\n"),
            (b"..\r\n.\r\n", b".\r\n"),
            (b"..x\r\n...y\r\nz.\r\n.\r\n", b".x\r\n..y\r\nz.\r\n"),
            (b".x\r\n.\r\n", b"x\r\n"),
            (b"\r\n\r\n.\r\n", b"\r\n\r\n"),
        ] {
            assert_eq!(run(wire, &[]), (letter.to_vec(), BlockContent::End, wire.len()));
        }
    }

    #[test]
    fn what_follows_the_dot_is_not_touched() {
        let (_, found, consumed) = run(b"a\r\n.\r\nQUIT\r\n", &[]);
        assert_eq!((found, consumed), (BlockContent::End, 6));
    }

    #[test]
    fn nothing_but_crlf_dot_crlf_ends_a_letter() {
        let ends: [&[u8]; 14] = [
            b"\r\n.\n",
            b"\n.\n",
            b"\r.\r",
            b"\n.\r\n",
            b"\r.\r\n",
            b"\r\n.\r\r\n",
            b"\r\n.\r",
            b"\n.\r",
            b"\r.\n",
            b"\r\n\0.\r\n",
            b"\0\r\n.\n",
            b"\r\n.\0\r\n",
            b"\n\r.\r\n",
            b"\r\r\n.\r\n",
        ];
        for end in ends {
            let mut wire = b"hi".to_vec();
            wire.extend_from_slice(end);
            wire.extend_from_slice(b"MAIL FROM:<admin@bank.example>\r\n.\r\n");
            for cut in 0..7 {
                let (_, found, _) = run(&wire, &[cut; 64]);
                assert!(matches!(found, BlockContent::Spoilt(_)), "{end:?} gave {found:?}");
            }
        }
    }

    #[test]
    fn long_lines_are_seen_across_blocks() {
        let mut reader = DataReader::new(10);
        assert_eq!(reader.decode(&mut b"0123456789\r\n.012345678".to_vec()).found, BlockContent::More);
        assert!(!reader.had_long_line());
        reader.decode(&mut b"9\r\n012345".to_vec());
        assert!(!reader.had_long_line(), "the dot that was added does not count");
        reader.decode(&mut b"67890\r\n".to_vec());
        assert!(reader.had_long_line());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn blocks_make_no_difference_and_the_plain_reading_agrees(
            input in proptest::collection::vec(
                prop_oneof![
                    4 => Just(b"\r\n".to_vec()), 3 => Just(b".".to_vec()), 3 => Just(b"x".to_vec()),
                    2 => Just(b"\r\n.".to_vec()), 1 => Just(b"\r".to_vec()), 1 => Just(b"\n".to_vec()),
                    1 => Just(b"\0".to_vec()), 1 => any::<u8>().prop_map(|octet| vec![octet]),
                ],
                0..24,
            ),
            cuts in proptest::collection::vec(0_usize..7, 0..40),
        ) {
            let input = input.concat();
            prop_assert_eq!(run(&input, &cuts), reference(&input));
        }
    }
}
