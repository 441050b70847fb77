//! Encodes bodies in lines that every server accepts: quoted-printable and base64 (RFC 2045 §6.7, §6.8), newly or again with
//! shorter lines; and only breaks lines of unknown encodings. Octet by octet, independent of the pieces. Knows no MIME.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// RFC 5321 §4.5.3.1.6: the line length that every server must accept, without the line end.
pub(super) const MAX_LINE: usize = 998;
/// RFC 2045 §6.7 (5) and §6.8: lines of 76.
const LINE: usize = 76;
/// Octets of one such line in base64.
const GROUP: usize = LINE / 4 * 3;
/// Where an endless line is broken.
const BREAK: usize = 900;

/// Writes one body.
pub(super) enum Encoder {
    AsItIs,
    Broken(Line),
    QuotedPrintable(Lines, Pending),
    QuotedPrintableAnew(Lines, Vec<u8>),
    Base64 { begun: Vec<u8>, lines: bool },
    Base64Anew { column: usize },
}

/// Not written yet, because the next octets decide how.
#[derive(Default)]
pub(super) struct Pending {
    blank: Option<u8>,
    cr: bool,
}

/// Lines of quoted-printable.
#[derive(Default)]
pub(super) struct Lines {
    column: usize,
}

impl Lines {
    /// Writes something that must be on one line. At its start, anything is escaped that could be taken for a boundary, the end of
    /// the letter, or the separator line of mbox (RFC 3156 §3).
    fn put(&mut self, one: &[u8], next: &[u8], out: &mut Vec<u8>) {
        let escaped;
        let one = match one {
            [byte @ (b'-' | b'.')] if self.starts(1) => {
                escaped = hex(*byte);
                escaped.as_slice()
            }
            [b'F'] if self.starts(1) && next.starts_with(b"rom ") => b"=46",
            one => one,
        };
        if self.column + one.len() >= LINE {
            out.extend_from_slice(b"=\r\n");
            self.column = 0;
        }
        out.extend_from_slice(one);
        self.column += one.len();
    }

    /// Whether something of this length would be the first on its line.
    fn starts(&self, length: usize) -> bool {
        self.column == 0 || self.column + length >= LINE
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\r\n");
        self.column = 0;
    }
}

impl Encoder {
    pub(super) fn as_it_is() -> Self {
        Self::AsItIs
    }

    pub(super) fn broken() -> Self {
        Self::Broken(Line::default())
    }

    pub(super) fn quoted_printable() -> Self {
        Self::QuotedPrintable(Lines::default(), Pending::default())
    }

    pub(super) fn quoted_printable_anew() -> Self {
        Self::QuotedPrintableAnew(Lines::default(), Vec::new())
    }

    pub(super) fn base64() -> Self {
        Self::Base64 { begun: Vec::with_capacity(GROUP), lines: false }
    }

    pub(super) fn base64_anew() -> Self {
        Self::Base64Anew { column: 0 }
    }

    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::AsItIs => out.extend_from_slice(bytes),
            Self::Broken(line) => bytes.iter().for_each(|byte| line.push(*byte, out)),
            Self::QuotedPrintable(lines, pending) => quote(bytes, lines, pending, out),
            Self::QuotedPrintableAnew(lines, escape) => quote_anew(bytes, lines, escape, out),
            Self::Base64 { begun, lines } => {
                for byte in bytes {
                    begun.push(*byte);
                    if begun.len() == GROUP {
                        base64_line(begun, lines, out);
                    }
                }
            }
            Self::Base64Anew { column } => {
                for byte in bytes.iter().filter(|byte| byte.is_ascii_graphic()) {
                    if *column == LINE {
                        out.extend_from_slice(b"\r\n");
                        *column = 0;
                    }
                    out.push(*byte);
                    *column += 1;
                }
            }
        }
    }

    /// Something else follows, possibly on the same line.
    pub(super) fn flush(&mut self, out: &mut Vec<u8>) {
        if let Self::Broken(line) = self {
            line.flush(out);
        }
    }

    pub(super) fn finish(mut self, out: &mut Vec<u8>) {
        match &mut self {
            Self::AsItIs | Self::Base64Anew { .. } => {}
            Self::Broken(line) => line.flush(out),
            Self::QuotedPrintable(lines, pending) => {
                if let Some(blank) = pending.blank.take() {
                    lines.put(&hex(blank), b"", out);
                }
                if pending.cr {
                    lines.put(&hex(b'\r'), b"", out);
                }
            }
            Self::QuotedPrintableAnew(lines, escape) => {
                let escape = std::mem::take(escape);
                if may_go_on(&escape) {
                    // A soft line break that is not followed by a line end: readers differ, and get it unchanged.
                    escape.iter().for_each(|byte| lines.put(&[*byte], b"", out));
                } else {
                    literally(&escape, lines, out);
                }
            }
            Self::Base64 { begun, lines } => {
                if !begun.is_empty() {
                    base64_line(begun, lines, out);
                }
            }
        }
    }
}

fn base64_line(begun: &mut Vec<u8>, lines: &mut bool, out: &mut Vec<u8>) {
    if std::mem::replace(lines, true) {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(STANDARD.encode(&*begun).as_bytes());
    begun.clear();
}

fn quote(bytes: &[u8], lines: &mut Lines, pending: &mut Pending, out: &mut Vec<u8>) {
    for (at, byte) in bytes.iter().enumerate() {
        if std::mem::take(&mut pending.cr) {
            if *byte == b'\n' {
                if let Some(blank) = pending.blank.take() {
                    lines.put(&hex(blank), b"", out);
                }
                lines.end(out);
                continue;
            }
            if let Some(blank) = pending.blank.take() {
                lines.put(&[blank], b"", out);
            }
            lines.put(&hex(b'\r'), b"", out);
        }
        if *byte == b'\r' {
            pending.cr = true;
            continue;
        }
        if let Some(blank) = pending.blank.take() {
            lines.put(&[blank], b"", out);
        }
        match byte {
            b' ' | b'\t' => pending.blank = Some(*byte),
            b'=' => lines.put(b"=3D", b"", out),
            0x21..=0x7e => lines.put(&[*byte], bytes.get(at + 1..).unwrap_or_default(), out),
            _ => lines.put(&hex(*byte), b"", out),
        }
    }
}

/// Quoted-printable with over-long lines, or with invalid octets. `escape`: text after an `=` so far.
fn quote_anew(bytes: &[u8], lines: &mut Lines, escape: &mut Vec<u8>, out: &mut Vec<u8>) {
    for byte in bytes {
        if escape.is_empty() {
            match byte {
                b'=' => escape.push(b'='),
                _ => one_anew(*byte, lines, out),
            }
            continue;
        }
        match (escape.as_slice(), byte) {
            // RFC 2045 §6.7 (3): white space after the mark of a soft line break was added in transit. Whether it is one is only
            // known at the line end; until then it may be part of a text that is badly encoded.
            (before, b' ' | b'\t' | b'\r') if may_go_on(before) && before.len() < MAX_BLANKS => {
                escape.push(*byte);
            }
            (before, b'\n') if may_go_on(before.strip_suffix(b"\r").unwrap_or(before)) => {
                out.extend_from_slice(b"=\r\n");
                lines.column = 0;
                escape.clear();
            }
            (b"=", byte) if byte.is_ascii_hexdigit() => escape.push(*byte),
            ([b'=', first], byte) if first.is_ascii_hexdigit() && byte.is_ascii_hexdigit() => {
                lines.put(&[b'=', *first, *byte], b"", out);
                escape.clear();
            }
            _ => {
                literally(&std::mem::take(escape), lines, out);
                match byte {
                    b'=' => escape.push(b'='),
                    _ => one_anew(*byte, lines, out),
                }
            }
        }
    }
}

/// Maximum white space after a mark that is kept until the next octet is known: transit never adds more.
const MAX_BLANKS: usize = 4096;

/// Whether the text after `=` is a soft line break, if the line ends here.
fn may_go_on(escape: &[u8]) -> bool {
    matches!(escape.last(), Some(b'=' | b' ' | b'\t'))
}

fn one_anew(byte: u8, lines: &mut Lines, out: &mut Vec<u8>) {
    match byte {
        b'\n' => {
            out.push(b'\n');
            lines.column = 0;
        }
        b'\r' => out.push(b'\r'),
        b'\t' | 0x20..=0x7e => lines.put(&[byte], b"", out),
        _ => lines.put(&hex(byte), b"", out),
    }
}

/// An incomplete escape: displayed literally.
fn literally(escape: &[u8], lines: &mut Lines, out: &mut Vec<u8>) {
    for byte in escape {
        match byte {
            b'=' => lines.put(b"=3D", b"", out),
            byte => one_anew(*byte, lines, out),
        }
    }
}

fn hex(byte: u8) -> [u8; 3] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
    [b'=', digit(byte >> 4), digit(byte & 0xf)]
}

/// A line that is broken if it is too long, as delivery breaks it: with a space after the break, and not within a UTF-8 character.
/// A line that servers must accept stays unchanged, so it is buffered completely before any of it is written.
#[derive(Default)]
pub(super) struct Line {
    /// Not written yet.
    held: Vec<u8>,
    /// Number of octets written.
    written: usize,
}

impl Line {
    fn push(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.held.push(byte);
        match byte {
            b'\n' => {
                out.append(&mut self.held);
                self.written = 0;
            }
            b'\r' => {}
            _ if self.written + self.held.len() > MAX_LINE => {
                let begins = |at: &usize| self.held.get(*at).is_some_and(|byte| byte & 0xC0 != 0x80);
                let most = BREAK.saturating_sub(self.written).max(1).min(self.held.len() - 1);
                let at = (1..=most).rev().find(begins).unwrap_or(most);
                let rest = self.held.split_off(at);
                out.append(&mut self.held);
                out.extend_from_slice(b"\r\n ");
                self.held = rest;
                self.written = 1;
            }
            _ => {}
        }
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        self.written += self.held.len();
        out.append(&mut self.held);
    }
}

/// A head whose lines have at most `most` octets: folded before white space (RFC 5322 §2.2.3), and elsewhere only where there is
/// none.
pub(super) fn folded(head: &[u8], most: usize, out: &mut Vec<u8>) {
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        if line.len() <= most + b"\r\n".len() {
            out.extend_from_slice(line);
            continue;
        }
        let mut column = 0;
        for byte in line {
            if column >= BREAK && matches!(byte, b' ' | b'\t') {
                out.extend_from_slice(b"\r\n");
                column = 0;
            } else if column >= most - 8 && !matches!(byte, b'\r' | b'\n') && byte & 0xC0 != 0x80 {
                out.extend_from_slice(b"\r\n ");
                column = 1;
            }
            out.push(*byte);
            column += 1;
        }
    }
}
