//! Streaming base64 in lines of 76. Knows no mail.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes per line (RFC 2045 §6.8: at most 76 characters).
const LINE: usize = 57;

/// Writes its input as base64 in lines that end in CRLF.
pub(crate) struct Base64Lines<W> {
    out: W,
    kept: Vec<u8>,
    text: String,
}

impl<W: Write> Base64Lines<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, kept: Vec::new(), text: String::new() }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.kept.extend_from_slice(bytes);
        let whole = self.kept.len() / LINE * LINE;
        self.text.clear();
        for line in self.kept.get(..whole).unwrap_or_default().chunks(LINE) {
            STANDARD.encode_string(line, &mut self.text);
            self.text.push_str("\r\n");
        }
        self.kept.drain(..whole);
        self.out.write_all(self.text.as_bytes())
    }

    pub(crate) fn finish(mut self) -> std::io::Result<W> {
        if !self.kept.is_empty() {
            let mut text = STANDARD.encode(&self.kept);
            text.push_str("\r\n");
            self.out.write_all(text.as_bytes())?;
        }
        Ok(self.out)
    }
}

impl Base64Lines<Vec<u8>> {
    /// The output so far.
    pub(crate) fn taken(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }
}
