//! Bodies at rest: sealed as they arrive, opened chunk by chunk. Nothing is on disk in clear, and only one chunk is in
//! memory. Knows no mail syntax.

use bytes::Bytes;
use sealpost_mail::Random;
use sealpost_store::{Body, BodyWriter, Store, StoreError, StoredBody};
use sealpost_vault::{CHUNK, MessageKey, StreamOpener, StreamSealer, sealed_chunk, sealed_len};

use crate::MailboxError;

/// A body being written.
pub struct BodySealer {
    sealer: StreamSealer,
    writer: BodyWriter,
    out: Vec<u8>,
    len: u64,
}

impl BodySealer {
    /// A body with a fresh id, sealed under this key, of new content that is `octets` long as far as known (0:
    /// unknown). It leaves free the disk space kept for deliveries, log-ins and deletions.
    ///
    /// # Errors
    /// There is no room for it.
    pub fn new(
        store: &Store,
        key: &MessageKey,
        octets: u64,
        random: &dyn Random,
    ) -> Result<Self, StoreError> {
        let aside = store.set_aside(match octets {
            0 => 0,
            octets => sealed_len(octets),
        })?;
        Ok(Self::of(store.body_writer(random.id()).within(aside), key, random))
    }

    fn of(writer: BodyWriter, key: &MessageKey, random: &dyn Random) -> Self {
        Self { sealer: StreamSealer::new(key, random), writer, out: Vec::new(), len: 0 }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// The store failed.
    pub async fn push(&mut self, plain: &[u8]) -> Result<(), StoreError> {
        self.len = self.len.saturating_add(plain.len() as u64);
        self.sealer.push(plain, &mut self.out);
        if self.out.is_empty() {
            return Ok(());
        }
        self.writer.push(&self.out).await?;
        self.out.clear();
        Ok(())
    }

    /// Bytes taken so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was taken yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Finishes it: a file is durable, and the body belongs to the caller that commits a row with it.
    ///
    /// # Errors
    /// The store failed.
    pub async fn finish(mut self) -> Result<StoredBody, StoreError> {
        self.sealer.finish(&mut self.out);
        self.writer.push(&self.out).await?;
        self.writer.finish().await
    }
}

/// A complete body that we write ourselves, like a report: accepted by an almost full disk.
///
/// # Errors
/// The store failed.
pub async fn seal_body(
    store: &Store,
    key: &MessageKey,
    plain: &[u8],
    random: &dyn Random,
) -> Result<StoredBody, StoreError> {
    let mut body = BodySealer::of(store.body_writer(random.id()), key, random);
    body.push(plain).await?;
    body.finish().await
}

/// A body being read.
pub struct BodyOpener {
    opener: StreamOpener,
    body: Body,
}

impl BodyOpener {
    /// Reads the body's header.
    ///
    /// # Errors
    /// It cannot be read, or is not a sealed body.
    pub async fn new(key: &MessageKey, body: Body) -> Result<Self, MailboxError> {
        let header = body.read(0..StreamOpener::header_len() as u64).await.map_err(unread)?;
        let opener = StreamOpener::new(key, &header)
            .map_err(|error| MailboxError::damaged("a body's start", error))?;
        Ok(Self { opener, body })
    }

    /// Unsealed length in bytes.
    ///
    /// # Errors
    /// No sealed body has this length.
    pub fn plain_len(&self) -> Result<u64, MailboxError> {
        sealpost_vault::plain_len(self.body.len())
            .ok_or_else(|| MailboxError::damaged("a body", "it has an impossible length"))
    }

    /// How many chunks it has; the empty body has one.
    ///
    /// # Errors
    /// No sealed body has this length.
    pub fn chunks(&self) -> Result<u64, MailboxError> {
        Ok(self.plain_len()?.div_ceil(CHUNK as u64).max(1))
    }

    /// One chunk. `None`: there are fewer.
    ///
    /// # Errors
    /// It cannot be read, or is not what was sealed at this position.
    pub async fn chunk(&self, index: u64) -> Result<Option<Bytes>, MailboxError> {
        let mut plain = Vec::new();
        Ok(self.chunk_into(index, &mut plain).await?.then(|| Bytes::from(plain)))
    }

    /// Appends all of it to `out`.
    ///
    /// # Errors
    /// As [`Self::chunk`].
    pub async fn read_to_end(&self, out: &mut Vec<u8>) -> Result<(), MailboxError> {
        out.reserve_exact(usize::try_from(self.plain_len()?).unwrap_or(0));
        for index in 0_u64.. {
            if !self.chunk_into(index, out).await? {
                break;
            }
        }
        Ok(())
    }

    async fn chunk_into(&self, index: u64, out: &mut Vec<u8>) -> Result<bool, MailboxError> {
        let Some(place) = sealed_chunk(self.body.len(), index) else { return Ok(false) };
        let sealed = self.body.read(place.start..place.start + place.len).await.map_err(unread)?;
        self.opener.open_chunk(index, place.position, &sealed, out)?;
        Ok(true)
    }
}

fn unread(error: StoreError) -> MailboxError {
    let StoreError::Damaged { what } = error else { return MailboxError::Store(error) };
    MailboxError::damaged("a body", format_args!("expected {what}"))
}
