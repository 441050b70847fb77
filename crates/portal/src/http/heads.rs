//! Lines of a request's head end in CRLF (RFC 9112 §2.2 lets a reader take a bare LF, and another reader before us may
//! not): a bare LF is made a NUL, which nobody takes, before the parser sees it. Follows the framing just far enough to
//! know what is head and what is body; where that is doubtful the parser refuses the request by itself.

/// As much of a header line as is looked at.
const LOOKED_AT: usize = 128;

enum At {
    /// In the lines before a body; whether there was one that is not empty.
    Head { begun: bool },
    /// So many bytes of a body.
    Body(u64),
    /// In a line that says how long a chunk is.
    ChunkSize,
    /// In the bytes of a chunk, with the line end after them.
    Chunk(u64),
    /// Behind the last chunk.
    Trailer,
    /// In something that no request follows.
    Lost,
}

/// What is known of one connection's requests so far.
pub(crate) struct Heads {
    at: At,
    line: Vec<u8>,
    /// Of the present line, all of it.
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
    /// Looks at the next bytes and takes bare line ends out of heads.
    pub(crate) fn pass(&mut self, bytes: &mut [u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = match &mut self.at {
                At::Lost => return,
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
            b'\n' if before == b'\r' => self.line_ends(),
            b'\n' => {
                *byte = 0;
                self.at = At::Lost;
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
        self.at = match &self.at {
            At::Head { begun: false } if empty => At::Head { begun: false },
            At::Head { .. } if empty => match (self.chunked, self.body.take()) {
                (true, _) => At::ChunkSize,
                (false, Some(length)) if length > 0 => At::Body(length),
                (false, _) => At::Head { begun: false },
            },
            At::Head { .. } => {
                self.header();
                At::Head { begun: true }
            }
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

    fn header(&mut self) {
        let Ok(line) = std::str::from_utf8(&self.line) else { return };
        let Some((name, value)) = line.split_once(':') else { return };
        match name {
            "content-length" => self.body = value.trim().parse().ok(),
            "transfer-encoding" => self.chunked |= value.contains("chunked"),
            _ => {}
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

    /// What comes out, in pieces of every length.
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
            assert_eq!(passed(bad).matches('\0').count(), 1, "{bad:?}");
        }
        let second = "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\na\nbGET / HTTP/1.1\nX: y\r\n\r\n";
        assert_eq!(passed(second), second.replace("1.1\nX", "1.1\0X"));
        let third =
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\na\nb\r\n0\r\n\r\nGET / HTTP/1.1\n";
        assert_eq!(passed(third), third.replace("1.1\n", "1.1\0"));
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
