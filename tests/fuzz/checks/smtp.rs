//! The readers of an SMTP session compared with the simplest implementation of the standard, in blocks of any
//! size.

use sealpost_intake::pieces::{BlockContent, ChunkReader, DataReader, Last, Line, MAX_LINE, find, parse};
use sealpost_mail::Address;

/// What becomes of a letter.
#[derive(Debug, PartialEq, Eq)]
enum Read {
    /// It ended after this many octets and has this content.
    Whole { consumed: usize, content: Vec<u8> },
    /// It is not over yet.
    Open,
    /// A bare CR, LF or NUL.
    Spoilt,
}

/// The first octet chooses the sizes of the blocks, the rest is what the client sends.
pub(crate) fn check(input: &[u8]) {
    let Some((seed, sent)) = input.split_first() else { return };
    let steps = Steps(u64::from(*seed));
    data(sent, steps);
    chunks(sent, steps);
    commands(sent);
}

fn data(sent: &[u8], steps: Steps) {
    let plain = plainly(sent);
    assert_eq!(in_blocks(sent, steps), plain, "in blocks");
    assert_eq!(in_blocks(sent, Steps(0)), plain, "octet by octet");
    if let Read::Whole { consumed, content } = plain {
        assert!(!has_bare(&content), "a letter with a bare CR, LF or NUL was taken");
        assert!(sent[..consumed].ends_with(b".\r\n"));
        assert!(content.is_empty() || content.ends_with(b"\r\n"));
        assert!(consumed == 3 || sent[..consumed].ends_with(b"\r\n.\r\n"), "ended by something else");
    }
}

/// RFC 5321 §4.5.2 line by line: only CRLF ends a line, only a dot alone on it ends the letter.
fn plainly(sent: &[u8]) -> Read {
    let mut content = Vec::new();
    let mut at = 0;
    loop {
        let rest = &sent[at..];
        let spoilt = (0..rest.len()).find(|n| match rest[*n] {
            b'\n' => *n == 0 || rest[*n - 1] != b'\r',
            b'\r' => rest.get(*n + 1).is_some_and(|next| *next != b'\n'),
            octet => octet == 0,
        });
        let end = rest.windows(2).position(|pair| pair == b"\r\n").map(|n| n + 2);
        match (spoilt, end) {
            (Some(spoilt), end) if end.is_none_or(|end| spoilt < end) => return Read::Spoilt,
            (_, None) => return Read::Open,
            (_, Some(end)) => {
                let line = &rest[..end];
                at += end;
                if line == b".\r\n" {
                    return Read::Whole { consumed: at, content };
                }
                content.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
            }
        }
    }
}

fn in_blocks(sent: &[u8], mut steps: Steps) -> Read {
    let mut reader = DataReader::new(usize::MAX);
    let (mut buffer, mut next, mut consumed) = (Vec::new(), 0, 0);
    let mut content = Vec::new();
    while next < sent.len() {
        let end = (next + steps.next()).min(sent.len());
        buffer.extend_from_slice(&sent[next..end]);
        next = end;
        let decoded = reader.decode(&mut buffer);
        assert!(decoded.content <= decoded.consumed && decoded.consumed <= buffer.len());
        content.extend_from_slice(&buffer[..decoded.content]);
        consumed += decoded.consumed;
        buffer.drain(..decoded.consumed);
        match decoded.found {
            BlockContent::More => assert!(buffer.len() <= 2, "kept back: {}", buffer.len()),
            BlockContent::End => return Read::Whole { consumed, content },
            BlockContent::Spoilt(_) => return Read::Spoilt,
        }
    }
    Read::Open
}

/// BDAT: what comes out is what went in, but for a line end at the very end.
fn chunks(sent: &[u8], mut steps: Steps) {
    let mut reader = ChunkReader::new(usize::MAX);
    let mut content = Vec::new();
    let mut next = 0;
    while next < sent.len() {
        let end = (next + steps.next()).min(sent.len());
        let block = &sent[next..end];
        next = end;
        let Ok(checked) = reader.check(block) else {
            assert!(has_bare(sent), "refused for nothing");
            return;
        };
        if checked.line_end_first {
            content.extend_from_slice(b"\r\n");
        }
        content.extend_from_slice(&block[checked.skip..checked.end]);
    }
    let Ok(last) = reader.last() else {
        assert!(sent.ends_with(b"\r"), "refused for nothing");
        return;
    };
    assert_eq!(content, sent, "BDAT changed the letter");
    assert!(!has_bare(sent), "a letter with a bare CR, LF or NUL was taken");
    assert_eq!(last == Last::Complete, sent.is_empty() || sent.ends_with(b"\r\n"));
}

fn commands(sent: &[u8]) {
    let postmaster = Address::parse("postmaster@insurer.example").unwrap();
    let mut at = 0;
    loop {
        let rest = &sent[at..];
        match find(rest, MAX_LINE) {
            Line::Whole(length) => {
                let line = &rest[..length];
                assert!(line.ends_with(b"\r\n") && length <= MAX_LINE);
                let line = &line[..length - 2];
                assert!(!has_bare(line));
                if let Err(reply) = parse(line, &postmaster) {
                    assert!((400..600).contains(&reply.code()), "{}", reply.code());
                    let said = reply.to_line();
                    assert!(said.is_ascii() && said.matches("\r\n").count() == 1, "{said:?}");
                }
                at += length;
            }
            Line::Part => return assert!(!rest.contains(&b'\n') && rest.len() < MAX_LINE),
            Line::Spoilt(_) => return assert!(has_bare(rest)),
            Line::Long => return assert!(rest.len() >= MAX_LINE),
        }
    }
}

fn has_bare(bytes: &[u8]) -> bool {
    (0..bytes.len()).any(|n| match bytes[n] {
        b'\n' => n == 0 || bytes[n - 1] != b'\r',
        b'\r' => bytes.get(n + 1) != Some(&b'\n'),
        octet => octet == 0,
    })
}

/// Sizes of blocks: all one octet for 0, else anything, mostly small.
#[derive(Clone, Copy)]
struct Steps(u64);

impl Steps {
    fn next(&mut self) -> usize {
        if self.0 == 0 {
            return 1;
        }
        self.0 = self.0.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F) | 1;
        usize::try_from((self.0 >> 33) % 9 + 1).unwrap()
    }
}
