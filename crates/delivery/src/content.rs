//! The letter as it is sent: head, then the decrypted rest; or a mail written on demand. Knows no SMTP.

use sealpost_mail::{Head, Secret};
use sealpost_store::{Body, LeasedLeg, Store, StoreError};
use sealpost_vault::{MessageKey, StreamOpener, VaultError, plain_len, sealed_chunk};
use thiserror::Error;

use crate::composer::Composer;
use crate::ticket::{Content, Ticket};

/// Why a letter cannot be assembled.
#[derive(Debug, Error)]
pub(crate) enum ContentError {
    /// The row exists, but its body does not.
    #[error("the body is gone")]
    Missing,
    /// The sealed body cannot be opened.
    #[error("the body cannot be opened: {0}")]
    Sealed(#[from] VaultError),
    /// The store did not answer.
    #[error("the body cannot be read: {0}")]
    Store(#[from] StoreError),
    /// The mail could not be written.
    #[error("the mail cannot be written: {0}")]
    Unwritable(String),
}

/// The content of a leg, not yet decrypted.
pub(crate) enum UnopenedContent<'a> {
    Letter { head: &'a [u8], body_key: &'a Secret<[u8; 32]>, sealed: SealedLetter },
    Facts { facts: &'a Secret<String>, ticket: &'a Ticket },
}

/// A letter in memory.
pub(crate) struct Opened {
    pub(crate) bytes: Vec<u8>,
    /// The length of its head, in bytes.
    pub(crate) head: usize,
}

impl<'a> UnopenedContent<'a> {
    pub(crate) async fn find(
        store: &Store,
        leg: &LeasedLeg,
        ticket: &'a Ticket,
    ) -> Result<Self, ContentError> {
        match &ticket.content {
            Content::Letter { head, body_key } => {
                let sealed = SealedLetter::find(store, leg).await?;
                Ok(Self::Letter { head, body_key, sealed })
            }
            Content::Facts(facts) => Ok(Self::Facts { facts, ticket }),
        }
    }

    /// The memory to reserve before it is decrypted, in bytes.
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Letter { head, sealed, .. } => sealed.size(head),
            Self::Facts { .. } => WRITTEN,
        }
    }

    /// With capacity for `more` bytes on top, so that a large letter is not copied for them.
    pub(crate) async fn open(
        &self,
        composer: Option<&dyn Composer>,
        more: usize,
    ) -> Result<Opened, ContentError> {
        match self {
            Self::Letter { head, body_key, sealed } => {
                Ok(Opened { bytes: sealed.open(head, body_key, more).await?, head: head.len() })
            }
            Self::Facts { facts, ticket } => {
                let composer =
                    composer.ok_or_else(|| ContentError::Unwritable("nobody writes here".to_owned()))?;
                let bytes = composer
                    .compose(facts.expose(), &ticket.recipient.address)
                    .map_err(ContentError::Unwritable)?;
                let head = Head::split(&bytes).unwrap_or(bytes.len());
                Ok(Opened { bytes, head })
            }
        }
    }
}

/// The most that a mail of our own takes, including a logo.
const WRITTEN: u64 = 64 * 1024;

/// The most memory that is taken for a letter before it is read.
const RESERVED: usize = 64 * 1024 * 1024;

/// A letter whose body has been found but not decrypted: its size is known, its memory not yet taken.
pub(crate) struct SealedLetter {
    body: Body,
    rest: u64,
}

impl SealedLetter {
    pub(crate) async fn find(store: &Store, leg: &LeasedLeg) -> Result<Self, ContentError> {
        let body = match (&leg.body, &leg.body_id) {
            (Some(body), _) => body.clone(),
            (None, Some(id)) => store.body(id).await?.ok_or(ContentError::Missing)?,
            (None, None) => return Err(ContentError::Missing),
        };
        let rest = plain_len(body.len()).ok_or(ContentError::Missing)?;
        Ok(Self { body, rest })
    }

    /// Bytes of the letter after this head.
    pub(crate) fn size(&self, head: &[u8]) -> u64 {
        self.rest.saturating_add(u64::try_from(head.len()).unwrap_or(u64::MAX))
    }

    /// Head and decrypted rest in one piece.
    pub(crate) async fn open(
        &self,
        head: &[u8],
        key: &Secret<[u8; 32]>,
        more: usize,
    ) -> Result<Vec<u8>, ContentError> {
        let key = MessageKey::from_bytes(key);
        let header_len = u64::try_from(StreamOpener::header_len()).unwrap_or(u64::MAX);
        let opener = StreamOpener::new(&key, &self.body.read(0..header_len).await?)?;
        // What a row says of a size is believed so far; a larger letter takes what it has.
        let size = usize::try_from(self.size(head)).unwrap_or_default().min(RESERVED);
        let mut letter = Vec::with_capacity(size.saturating_add(more));
        letter.extend_from_slice(head);
        let mut index = 0;
        while let Some(place) = sealed_chunk(self.body.len(), index) {
            let sealed = self.body.read(place.start..place.start.saturating_add(place.len)).await?;
            opener.open_chunk(index, place.position, &sealed, &mut letter)?;
            index += 1;
        }
        Ok(letter)
    }
}
