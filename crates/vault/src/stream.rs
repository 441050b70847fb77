//! A body sealed once, in chunks of 64 KiB that open one by one: the STREAM construction over AES-256-GCM.
//! Detects truncation, extension, reordering and swapping. Knows no mailbox and no letter.

use sealpost_mail::Random;
use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::message::MessageKey;
use crate::primitive::{Aead, TAG};
use crate::salted::{self, SALT};
use crate::sealed_header::Format;

/// Plaintext bytes in every chunk but the last.
pub const CHUNK: usize = 65536;

/// log2 of [`CHUNK`], as in the header.
const CHUNK_BITS: u8 = 16;
const PREFIX: usize = 7;
const HEADER: usize = 4 + 1 + 1 + SALT + PREFIX;
const HEADER_U64: u64 = 45;
const CHUNK_U64: u64 = 65536;
const TAG_U64: u64 = 16;
const _: () = assert!(HEADER == 45 && CHUNK == 1 << CHUNK_BITS && TAG == 16);

const NAME: &str = Format::Stream.name();

/// The position of a chunk in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkPosition {
    /// Others follow.
    Inner,
    /// It is the last.
    Last,
}

/// prefix ‖ counter ‖ last: every chunk of a stream has its own, and the last one is distinct.
fn nonce(prefix: [u8; PREFIX], counter: u32, position: ChunkPosition) -> [u8; 12] {
    let [p0, p1, p2, p3, p4, p5, p6] = prefix;
    let [c0, c1, c2, c3] = counter.to_be_bytes();
    let flag = match position {
        ChunkPosition::Inner => 0,
        ChunkPosition::Last => 1,
    };
    [p0, p1, p2, p3, p4, p5, p6, c0, c1, c2, c3, flag]
}

/// Seals a body as it arrives. Holds back at most one chunk.
pub struct StreamSealer {
    aead: Aead,
    header: [u8; HEADER],
    prefix: [u8; PREFIX],
    begun: bool,
    counter: u32,
    plain_len: u64,
    held: Zeroizing<Vec<u8>>,
}

impl StreamSealer {
    /// A new stream under a key derived from the message's key and a fresh salt.
    #[must_use]
    pub fn new(key: &MessageKey, random: &dyn Random) -> Self {
        let salt = salted::salt(random);
        let mut prefix = [0; PREFIX];
        random.fill(&mut prefix);
        let mut header = [0; HEADER];
        let fields = Format::Stream
            .magic()
            .into_iter()
            .chain([crate::sealed_header::VERSION, CHUNK_BITS])
            .chain(salt)
            .chain(prefix);
        header.iter_mut().zip(fields).for_each(|(to, from)| *to = from);
        Self {
            aead: key.key().derive(&salt, Format::Stream.label()).aead(),
            header,
            prefix,
            begun: false,
            counter: 0,
            plain_len: 0,
            held: Zeroizing::default(),
        }
    }

    /// Takes more of the body; appends full chunks to `out`. The header comes with the first output.
    pub fn push(&mut self, mut plain: &[u8], out: &mut Vec<u8>) {
        // A chunk is sealed only when a further byte is known: the last one carries a flag.
        while self.held.len() + plain.len() > CHUNK {
            let (now, later) = plain.split_at_checked(CHUNK - self.held.len()).unwrap_or((plain, &[]));
            self.emit(now, ChunkPosition::Inner, out);
            plain = later;
        }
        self.held.extend_from_slice(plain);
    }

    /// Seals the rest as the last chunk; returns the length of the body.
    pub fn finish(mut self, out: &mut Vec<u8>) -> u64 {
        self.emit(&[], ChunkPosition::Last, out);
        self.plain_len
    }

    /// Held bytes and `more` as one chunk, sealed in place at the end of `out`.
    #[expect(clippy::expect_used, reason = "2^32 chunks are 256 TiB; a counter that wraps would be worse")]
    fn emit(&mut self, more: &[u8], position: ChunkPosition, out: &mut Vec<u8>) {
        let len = self.held.len() + more.len();
        if !self.begun {
            self.begun = true;
            out.reserve(HEADER + len + TAG);
            out.extend_from_slice(&self.header);
        }
        out.reserve(len + TAG);
        let from = out.len();
        out.extend_from_slice(&self.held);
        out.extend_from_slice(more);
        self.held.clear();
        self.aead.seal(nonce(self.prefix, self.counter, position), &self.header, out, from);
        self.plain_len = self.plain_len.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
        match position {
            ChunkPosition::Inner => self.counter = self.counter.checked_add(1).expect("a body below 256 TiB"),
            ChunkPosition::Last => {}
        }
    }
}

impl std::fmt::Debug for StreamSealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StreamSealer")
    }
}

/// Opens the chunks of one stream in any order.
pub struct StreamOpener {
    aead: Aead,
    header: [u8; HEADER],
    prefix: [u8; PREFIX],
}

impl StreamOpener {
    /// Parses the header: the first [`StreamOpener::header_len`] bytes of the sealed body; more may follow.
    pub fn new(key: &MessageKey, header: &[u8]) -> Result<Self, VaultError> {
        let header = *header.first_chunk::<HEADER>().ok_or(VaultError::Format(NAME))?;
        let mut reader = Format::Stream.read(&header)?;
        if reader.byte()? != CHUNK_BITS {
            return Err(VaultError::Format(NAME));
        }
        let salt = reader.take::<SALT>()?;
        let prefix = *reader.take::<PREFIX>()?;
        Ok(Self { aead: key.key().derive(salt, Format::Stream.label()).aead(), header, prefix })
    }

    /// Number of bytes before the first chunk.
    #[must_use]
    pub const fn header_len() -> usize {
        HEADER
    }

    /// Length of every sealed chunk but the last.
    #[must_use]
    pub const fn sealed_chunk_len() -> usize {
        CHUNK + TAG
    }

    /// Opens chunk `index` and appends it to `out`. Its position follows from the stored length
    /// ([`sealed_chunk`]); a truncated body fails here because its last chunk lacks the flag.
    pub fn open_chunk(
        &self,
        index: u64,
        position: ChunkPosition,
        sealed: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), VaultError> {
        let counter = u32::try_from(index).map_err(|_too_far| VaultError::Damaged(NAME))?;
        let whole = sealed.len() == CHUNK + TAG;
        let partial = position == ChunkPosition::Last
            && sealed.len() < CHUNK + TAG
            && (sealed.len() > TAG || index == 0);
        if !whole && !partial {
            return Err(VaultError::Damaged(NAME));
        }
        if self.aead.open(nonce(self.prefix, counter, position), &self.header, sealed, out) {
            Ok(())
        } else {
            Err(VaultError::Damaged(NAME))
        }
    }
}

impl std::fmt::Debug for StreamOpener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StreamOpener")
    }
}

/// The location of one sealed chunk in the sealed body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedChunk {
    /// Offset of its first byte.
    pub start: u64,
    /// Its length, tag included.
    pub len: u64,
    /// Whether others follow.
    pub position: ChunkPosition,
}

/// The location of chunk `index` in a sealed body of this length; `None` after the end or if no sealed body
/// has this length. Chunk `index` has the plaintext bytes from `index * CHUNK`.
#[must_use]
pub fn sealed_chunk(sealed_len: u64, index: u64) -> Option<SealedChunk> {
    plain_len(sealed_len)?;
    let start = index.checked_mul(CHUNK_U64 + TAG_U64)?.checked_add(HEADER_U64)?;
    let left = sealed_len.checked_sub(start).filter(|left| *left > 0)?;
    let len = left.min(CHUNK_U64 + TAG_U64);
    let position = if len == left { ChunkPosition::Last } else { ChunkPosition::Inner };
    Some(SealedChunk { start, len, position })
}

/// Sealed length of a body of this length.
#[must_use]
pub const fn sealed_len(plain_len: u64) -> u64 {
    let chunks = if plain_len == 0 { 1 } else { plain_len.div_ceil(CHUNK_U64) };
    plain_len.saturating_add(HEADER_U64).saturating_add(chunks.saturating_mul(TAG_U64))
}

/// Unsealed length of a sealed body of this length; `None` if none has this length.
#[must_use]
pub fn plain_len(sealed_len: u64) -> Option<u64> {
    let chunks = sealed_len.checked_sub(HEADER_U64)?;
    let full = chunks / (CHUNK_U64 + TAG_U64);
    let plain = match chunks % (CHUNK_U64 + TAG_U64) {
        0 if full > 0 => 0,
        TAG_U64 if full == 0 => 0,
        rest => rest.checked_sub(TAG_U64).filter(|plain| *plain > 0)?,
    };
    full.checked_mul(CHUNK_U64)?.checked_add(plain)
}

/// Seals a body that is completely in memory.
#[must_use]
pub fn seal_all(key: &MessageKey, plain: &[u8], random: &dyn Random) -> Vec<u8> {
    let mut sealed = Vec::new();
    let mut sealer = StreamSealer::new(key, random);
    sealer.push(plain, &mut sealed);
    sealer.finish(&mut sealed);
    sealed
}

/// Opens a whole sealed body.
pub fn open_all(key: &MessageKey, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
    let opener = StreamOpener::new(key, sealed)?;
    let mut left = sealed.get(HEADER..).unwrap_or_default();
    let mut out = Vec::with_capacity(left.len());
    let mut index = 0;
    loop {
        let (chunk, rest) = left.split_at_checked(CHUNK + TAG).unwrap_or((left, &[]));
        let position = if rest.is_empty() { ChunkPosition::Last } else { ChunkPosition::Inner };
        opener.open_chunk(index, position, chunk, &mut out)?;
        match position {
            ChunkPosition::Last => return Ok(out),
            ChunkPosition::Inner => {}
        }
        left = rest;
        index += 1;
    }
}
