//! A letter being received: the header section is kept, the rest is sealed chunk by chunk and never touches
//! the disk in clear. Knows no rules and no recipients' mailboxes.

use sealpost_mail::{Envelope, Head, Reply};
use sealpost_mailbox::{BodyOpener, BodySealer, MailboxError};
use sealpost_store::StoredBody;
use sealpost_vault::{BodyHash, Fingerprinter, MessageKey};
use tokio::sync::OwnedSemaphorePermit;

use crate::context::Shared;

/// Up to this size the body is also kept in memory, so that examining it needs no reading.
const KEEP: usize = 64 * 1024;

/// Examining a letter needs memory for its bytes, the decoded parts and its texts.
const PARSE_FACTOR: u64 = 3;

/// Up to this size a letter is examined on the event loop.
const INLINE: usize = 128 * 1024;

/// The remaining memory reservation of a letter.
pub(crate) enum MemoryTaken {
    /// So little that nothing was reserved.
    Little,
    /// Enough to delay others: further work on the result does not belong on the event loop.
    Much(Option<OwnedSemaphorePermit>),
}

enum Stage {
    /// Still inside the header section.
    Head(Vec<u8>),
    /// The head is complete.
    Rest(Head),
}

/// A letter being received.
pub(crate) struct Spool {
    stage: Stage,
    key: MessageKey,
    body: BodySealer,
    rest: Option<Vec<u8>>,
    fingerprint: Fingerprinter,
    sha256: BodyHash,
}

/// A completely received letter, sealed and waiting for its rows.
pub(crate) struct Spooled {
    pub(crate) head: Head,
    pub(crate) key: MessageKey,
    pub(crate) body_id: String,
    pub(crate) body: StoredBody,
    pub(crate) fingerprint: [u8; 32],
    /// Of the letter as it was received.
    pub(crate) sha256: [u8; 32],
    rest: Option<Vec<u8>>,
    rest_len: u64,
}

/// A whole letter in memory, with its memory reservation.
pub(crate) struct Whole {
    bytes: Vec<u8>,
    place: Option<OwnedSemaphorePermit>,
}

impl Spool {
    pub(crate) fn open(shared: &Shared, envelope: &Envelope) -> Result<Self, Reply> {
        let mut spool = Self::anew(shared, envelope.announced_size.unwrap_or(0))?;
        spool.fingerprint.update(envelope.reverse_path.to_path().as_bytes());
        for recipient in &envelope.recipients {
            spool.fingerprint.update(b"\0");
            spool.fingerprint.update(recipient.address.to_path().as_bytes());
        }
        spool.fingerprint.update(b"\0\0");
        Ok(spool)
    }

    /// For a letter generated here from a received one, of this size as far as known.
    pub(crate) fn anew(shared: &Shared, announced: u64) -> Result<Self, Reply> {
        let key = MessageKey::generate(&*shared.random);
        let body = BodySealer::new(&shared.store, &key, announced, &*shared.random)
            .map_err(|error| crate::failure::unavailable(&error))?;
        let fingerprint = shared.keys.tags.fingerprint_of_arrival();
        let (stage, rest, sha256) = (Stage::Head(Vec::new()), Some(Vec::new()), BodyHash::default());
        Ok(Self { stage, body, key, rest, fingerprint, sha256 })
    }

    /// Takes the next bytes of the letter.
    pub(crate) async fn take(&mut self, bytes: &[u8]) -> Result<(), Reply> {
        self.fingerprint.update(bytes);
        self.sha256.update(bytes);
        match &mut self.stage {
            Stage::Rest(_head) => self.seal(bytes).await,
            Stage::Head(seen) => {
                // The end may straddle two chunks: search again from three octets before the new ones.
                let from = seen.len().saturating_sub(3);
                seen.extend_from_slice(bytes);
                let end = if from == 0 {
                    Head::split(seen)
                } else {
                    seen.get(from..).and_then(find_empty_line).map(|at| from + at)
                };
                match end {
                    Some(end) if end <= Head::MAX => {
                        let rest = seen.split_off(end);
                        let head = Head::new(std::mem::take(seen)).map_err(malformed)?;
                        self.stage = Stage::Rest(head);
                        self.seal(&rest).await
                    }
                    None if seen.len() <= Head::MAX => Ok(()),
                    Some(_) | None => Err(Reply::refuse(552, 3, 4, "The header section is too large")),
                }
            }
        }
    }

    async fn seal(&mut self, bytes: &[u8]) -> Result<(), Reply> {
        match &mut self.rest {
            Some(rest) if rest.len() + bytes.len() <= KEEP => rest.extend_from_slice(bytes),
            Some(_) | None => self.rest = None,
        }
        self.body.push(bytes).await.map_err(|error| crate::failure::unavailable(&error))
    }

    /// The letter has ended: closes the stream and makes the body durable (if it is a file).
    pub(crate) async fn finish(mut self) -> Result<Spooled, Reply> {
        if let Stage::Head(seen) = &mut self.stage {
            // A letter that is all header section has no empty line and no rest (RFC 5322 §3.5).
            let head = Head::new(std::mem::take(seen)).map_err(malformed)?;
            self.stage = Stage::Rest(head);
        }
        let Self { stage, key, body, rest, fingerprint, sha256 } = self;
        let Stage::Rest(head) = stage else {
            return Err(crate::failure::later("header section without end"));
        };
        let rest_len = body.len();
        let body = body.finish().await.map_err(|error| crate::failure::unavailable(&error))?;
        Ok(Spooled {
            head,
            key,
            body_id: body.id().to_owned(),
            body,
            fingerprint: fingerprint.finish(),
            sha256: sha256.finish(),
            rest,
            rest_len,
        })
    }
}

impl Spooled {
    /// The letter's length in octets.
    pub(crate) fn size(&self) -> u64 {
        self.head.as_bytes().len() as u64 + self.rest_len
    }

    /// The whole letter in memory, within the budget: waits if many ask at once.
    pub(crate) async fn whole(&self, shared: &Shared) -> Result<Whole, Reply> {
        let size = self.size();
        let place = match self.rest {
            Some(_) => None,
            None => Some(shared.reserve_memory(size.saturating_mul(PARSE_FACTOR)).await?),
        };
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0).min(1 << 28));
        bytes.extend_from_slice(self.head.as_bytes());
        match &self.rest {
            Some(rest) => bytes.extend_from_slice(rest),
            None => self.reopen(&mut bytes).await?,
        }
        Ok(Whole { bytes, place })
    }

    /// Opens the sealed body, to be read chunk by chunk.
    pub(crate) async fn opener(&self) -> Result<BodyOpener, MailboxError> {
        BodyOpener::new(&self.key, self.body.body()).await
    }

    /// Reads the body back from its sealed file, chunk by chunk.
    async fn reopen(&self, bytes: &mut Vec<u8>) -> Result<(), Reply> {
        let opener = BodyOpener::new(&self.key, self.body.body()).await.map_err(unread)?;
        opener.read_to_end(bytes).await.map_err(unread)
    }
}

impl Whole {
    /// Examines the letter. A small one on this thread: another thread would cost more than the work.
    pub(crate) async fn look<T: Send + 'static>(
        self,
        look: impl FnOnce(&[u8]) -> T + Send + 'static,
    ) -> Result<T, Reply> {
        self.look_and_keep(look).await.map(|(found, _room)| found)
    }

    /// The same for results that are large themselves: the memory stays reserved until the caller drops it.
    pub(crate) async fn look_and_keep<T: Send + 'static>(
        self,
        look: impl FnOnce(&[u8]) -> T + Send + 'static,
    ) -> Result<(T, MemoryTaken), Reply> {
        let Self { bytes, place } = self;
        if bytes.len() <= INLINE {
            return Ok((look(&bytes), MemoryTaken::Little));
        }
        let found = tokio::task::spawn_blocking(move || look(&bytes)).await.map_err(crate::failure::later)?;
        Ok((found, MemoryTaken::Much(place)))
    }
}

fn unread(error: MailboxError) -> Reply {
    match error {
        MailboxError::Store(error) => crate::failure::unavailable(&error),
        error @ (MailboxError::Vault(_)
        | MailboxError::Damaged { .. }
        | MailboxError::Incomplete(_)
        | MailboxError::Record(_)) => crate::failure::later(error),
    }
}

/// The end of the header section in a window that does not begin at the letter's start.
fn find_empty_line(window: &[u8]) -> Option<usize> {
    window.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4)
}

fn malformed(error: sealpost_mail::HeadError) -> Reply {
    Reply::refuse(550, 6, 0, "The message's header section is malformed").because(error)
}
