//! Lines of a request's head must end in CRLF. RFC 9112 §2.2 permits a bare LF, and a proxy before us may disagree, so
//! a bare LF is replaced by a NUL, which the parser refuses. Follows the framing just far enough to tell head from
//! body; if in doubt, every line end counts.

/// Maximum part of a header line that is examined.
const LOOKED_AT: usize = 128;

enum At {
    /// In the lines before a body; whether a non-empty one was seen.
    Head { begun: bool },
    /// In a body, with this many bytes left.
    Body(u64),
    /// In the line with a chunk's length.
    ChunkSize,
    /// In a chunk, including the line end after it.
    Chunk(u64),
    /// After the last chunk.
    Trailer,
    /// Framing lost, no request can follow: no bare line end is let through.
    Lost,
}

/// State of one connection's requests so far.
pub(crate) struct Heads {
    at: At,
    line: Vec<u8>,
    /// Length of the current line.
    length: usize,
    last: u8,
    body: Option<u64>,
    chunked: bool,
}

impl Default for Heads {
    fn default() -> Self {
        let line = Vec::with_capacity(LOOKED_AT);
        Self { at: At::Head { begun: false }, line, length: 0, last: 0, body: None, chunked: false }
    }
}

impl Heads {
    /// Examines the next bytes and replaces bare line ends in heads.
    pub(crate) fn pass(&mut self, bytes: &mut [u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = match &mut self.at {
                At::Lost => {
                    rest.iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = 0);
                    return;
                }
                At::Body(left) | At::Chunk(left) => {
                    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                    *left -= taken as u64;
                    if *left == 0 {
                        let chunk = matches!(self.at, At::Chunk(_));
                        self.at = if chunk { At::ChunkSize } else { At::Head { begun: false } };
                        self.next_line();
                    }
                    rest.get_mut(taken..).unwrap_or_default()
                }
                At::Head { .. } | At::ChunkSize | At::Trailer => {
                    if let Some(byte) = rest.first_mut() {
                        self.line_byte(byte);
                    }
                    rest.get_mut(1..).unwrap_or_default()
                }
            };
        }
    }

    fn line_byte(&mut self, byte: &mut u8) {
        let before = std::mem::replace(&mut self.last, *byte);
        match *byte {
            b'\n' => {
                match before {
                    b'\r' => self.line_ends(),
                    _ => self.at = At::Lost,
                }
                if let At::Lost = self.at {
                    *byte = 0;
                }
            }
            other => {
                self.length += 1;
                if self.line.len() < LOOKED_AT {
                    self.line.push(other.to_ascii_lowercase());
                }
            }
        }
    }

    fn line_ends(&mut self) {
        // The CR was counted.
        let empty = self.length <= 1;
        self.at = match std::mem::replace(&mut self.at, At::Lost) {
            At::Head { begun: false } if empty => At::Head { begun: false },
            At::Head { .. } if empty => match (self.chunked, self.body.take()) {
                (true, _) => At::ChunkSize,
                (false, Some(length)) if length > 0 => At::Body(length),
                (false, _) => At::Head { begun: false },
            },
            At::Head { .. } if self.header() => At::Head { begun: true },
            At::Head { .. } => At::Lost,
            At::ChunkSize => match self.chunk_size() {
                Some(0) => At::Trailer,
                Some(size) => At::Chunk(size.saturating_add(2)),
                None => At::Lost,
            },
            At::Trailer if empty => At::Head { begun: false },
            At::Trailer => At::Trailer,
            At::Body(_) | At::Chunk(_) | At::Lost => At::Lost,
        };
        if let At::Head { begun: false } = self.at {
            self.chunked = false;
            self.body = None;
        }
        self.next_line();
    }

    fn next_line(&mut self) {
        self.line.clear();
        self.length = 0;
        self.last = 0;
    }

    /// Whether what a line says about framing, if anything, is understood: no other reader may understand it
    /// differently.
    fn header(&mut self) -> bool {
        let line = String::from_utf8_lossy(&self.line);
        let Some((name, value)) = line.split_once(':') else { return true };
        // The CR was counted.
        let whole = self.length <= LOOKED_AT;
        match name.trim() {
            "content-length" => {
                self.body = value.trim().parse().ok();
                whole && self.body.is_some()
            }
            "transfer-encoding" => {
                self.chunked |= value.contains("chunked");
                whole
            }
            _ => true,
        }
    }

    fn chunk_size(&self) -> Option<u64> {
        let line = std::str::from_utf8(&self.line).ok()?;
        let digits = line.split(|c: char| !c.is_ascii_hexdigit()).next()?;
        u64::from_str_radix(digits, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The output, with the input split at every length.
    fn passed(text: &str) -> String {
        let whole = text.as_bytes().to_vec();
        let mut out = None;
        for size in 1..=whole.len() {
            let (mut heads, mut bytes) = (Heads::default(), whole.clone());
            bytes.chunks_mut(size).for_each(|piece| heads.pass(piece));
            let bytes = String::from_utf8(bytes).unwrap();
            assert_eq!(*out.get_or_insert_with(|| bytes.clone()), bytes, "in pieces of {size}");
        }
        out.unwrap()
    }

    #[test]
    fn a_bare_lf_in_a_head_is_made_what_nobody_takes() {
        for bad in [
            "GET / HTTP/1.1\nHost: x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\n\n",
            "\nGET",
        ] {
            let lost = passed(bad);
            assert!(lost.contains('\0') && !lost.split_once('\0').unwrap().1.contains('\n'), "{bad:?}");
        }
        let second = "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\na\nbGET / HTTP/1.1\nX: y\r\n\r\n";
        assert_eq!(passed(second), second.replace("1.1\nX: y\r\n\r\n", "1.1\0X: y\r\0\r\0"));
        let third =
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\na\nb\r\n0\r\n\r\nGET / HTTP/1.1\n";
        assert_eq!(passed(third), third.replace("1.1\n", "1.1\0"));
    }

    #[test]
    fn what_is_not_understood_of_the_framing_lets_nothing_pass() {
        let blanks = " ".repeat(120);
        // A reader that trims finds 50 here, and a head in the body that says how much of what follows is body.
        for line in [
            format!("Content-Length:{blanks}50"),
            format!("Transfer-Encoding:{blanks}chunked"),
            "Content-Length: x".to_owned(),
            "Content-Length: 99999999999999999999".to_owned(),
        ] {
            let sent = format!(
                "POST / HTTP/1.1\r\n{line}\r\n\r\nx: y\r\nContent-Length: 100000\r\n\r\nGET / HTTP/1.1\nX: y\r\n\r\n"
            );
            let lost = passed(&sent);
            assert_eq!(lost.matches('\n').count(), 1, "{lost:?}");
        }
    }

    #[test]
    fn bodies_and_good_heads_are_left_alone() {
        for good in [
            "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\nGET /a HTTP/1.1\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length:  5 \r\nX: y\r\n\r\n\n\n\n\n\nGET / HTTP/1.1\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n\n\n\n\n\n\n\n\n\n\n\r\n0\r\nT: x\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        ] {
            assert_eq!(passed(good), good);
        }
    }
}
