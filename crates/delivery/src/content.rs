//! The letter as it goes on the wire: head, then the opened rest. Knows no SMTP.

use sealpost_mail::Secret;
use sealpost_store::{Body, Store, StoreError};
use sealpost_vault::{MessageKey, StreamOpener, VaultError, plain_len, sealed_chunk};
use thiserror::Error;

/// Why a letter cannot be put together.
#[derive(Debug, Error)]
pub(crate) enum ContentError {
    /// The row is there, its body is not.
    #[error("the body is gone")]
    Missing,
    /// The sealed body does not open.
    #[error("the body cannot be opened: {0}")]
    Sealed(#[from] VaultError),
    /// The store did not answer.
    #[error("the body cannot be read: {0}")]
    Store(#[from] StoreError),
}

/// A letter whose body has been found but not opened: its size is known, its memory not yet taken.
pub(crate) struct SealedLetter {
    body: Body,
    rest: u64,
}

impl SealedLetter {
    pub(crate) async fn find(store: &Store, body_id: &str) -> Result<Self, ContentError> {
        let body = store.body(body_id).await?.ok_or(ContentError::Missing)?;
        let rest = plain_len(body.len()).ok_or(ContentError::Missing)?;
        Ok(Self { body, rest })
    }

    /// Bytes of the letter behind this head.
    pub(crate) fn size(&self, head: &[u8]) -> u64 {
        self.rest.saturating_add(u64::try_from(head.len()).unwrap_or(u64::MAX))
    }

    /// Head and opened rest in one piece.
    pub(crate) async fn open(&self, head: &[u8], key: &Secret<[u8; 32]>) -> Result<Vec<u8>, ContentError> {
        let key = MessageKey::from_bytes(key);
        let header_len = u64::try_from(StreamOpener::header_len()).unwrap_or(u64::MAX);
        let opener = StreamOpener::new(&key, &self.body.read(0..header_len).await?)?;
        let mut letter = Vec::with_capacity(usize::try_from(self.size(head)).unwrap_or_default());
        letter.extend_from_slice(head);
        let mut index = 0;
        while let Some(place) = sealed_chunk(self.body.len(), index) {
            let sealed = self.body.read(place.start..place.start.saturating_add(place.len)).await?;
            opener.open_chunk(index, place.last, &sealed, &mut letter)?;
            index += 1;
        }
        Ok(letter)
    }
}
