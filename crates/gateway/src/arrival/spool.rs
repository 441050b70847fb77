//! A letter as it streams in: the header section is kept, the rest is sealed chunk by chunk and never
//! touches the disk in clear. Knows no rules and no recipients' mailboxes.

use sealpost_mail::{Envelope, Head, Random, Reply};
use sealpost_store::{BodyWriter, StoredBody};
use sealpost_vault::{Fingerprinter, MessageKey, StreamOpener, StreamSealer, sealed_chunk};
use tokio::sync::OwnedSemaphorePermit;

use super::front::Front;

/// Up to here the rest of a letter also stays in memory, so that looking into it costs no reading.
const KEEP: usize = 64 * 1024;

/// Looking into a letter needs its bytes and the decoded parts.
const PARSE_FACTOR: u64 = 2;

enum Stage {
    /// Still inside the header section.
    Head(Vec<u8>),
    /// Past it.
    Rest(Head),
}

/// A letter being received.
pub(super) struct Spool {
    stage: Stage,
    key: MessageKey,
    sealer: Option<StreamSealer>,
    writer: BodyWriter,
    body_id: String,
    out: Vec<u8>,
    rest: Option<Vec<u8>>,
    rest_len: u64,
    fingerprint: Fingerprinter,
}

/// A letter received whole, sealed and waiting for its rows.
pub(crate) struct Spooled {
    pub(crate) head: Head,
    pub(crate) key: MessageKey,
    pub(crate) body_id: String,
    pub(crate) body: StoredBody,
    pub(crate) fingerprint: [u8; 32],
    rest: Option<Vec<u8>>,
    rest_len: u64,
}

/// A whole letter in memory, and the place it takes in the memory budget.
pub(crate) struct Whole {
    bytes: Vec<u8>,
    place: Option<OwnedSemaphorePermit>,
}

impl Spool {
    pub(super) fn open(front: &Front, envelope: &Envelope) -> Self {
        let body_id = front.random.id();
        let key = MessageKey::generate(&*front.random);
        let mut fingerprint = front.keys.tags.fingerprint();
        fingerprint.update(envelope.reverse_path.to_path().as_bytes());
        for recipient in &envelope.recipients {
            fingerprint.update(b"\0");
            fingerprint.update(recipient.address.to_path().as_bytes());
        }
        fingerprint.update(b"\0\0");
        Self {
            stage: Stage::Head(Vec::new()),
            sealer: Some(StreamSealer::new(&key, &*front.random)),
            key,
            writer: front.store.body_writer(body_id.clone()),
            body_id,
            out: Vec::new(),
            rest: Some(Vec::new()),
            rest_len: 0,
            fingerprint,
        }
    }

    /// Takes the next bytes of the letter.
    pub(super) async fn take(&mut self, bytes: &[u8], _random: &dyn Random) -> Result<(), Reply> {
        self.fingerprint.update(bytes);
        match &mut self.stage {
            Stage::Rest(_head) => self.seal(bytes).await,
            Stage::Head(seen) => {
                // The end may straddle two chunks: look again from three octets before the new ones.
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
        self.rest_len += bytes.len() as u64;
        match &mut self.rest {
            Some(rest) if rest.len() + bytes.len() <= KEEP => rest.extend_from_slice(bytes),
            Some(_) | None => self.rest = None,
        }
        if let Some(sealer) = &mut self.sealer {
            sealer.push(bytes, &mut self.out);
        }
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), Reply> {
        if !self.out.is_empty() {
            self.writer.push(&self.out).await.map_err(|error| super::unavailable(&error))?;
            self.out.clear();
        }
        Ok(())
    }

    /// The letter has ended: closes the stream and makes the body durable (if it is a file).
    pub(super) async fn finish(mut self, _random: &dyn Random) -> Result<Spooled, Reply> {
        if let Stage::Head(seen) = &mut self.stage {
            // A letter that is all header section has no empty line and no rest (RFC 5322 §3.5).
            let head = Head::new(std::mem::take(seen)).map_err(malformed)?;
            self.stage = Stage::Rest(head);
        }
        if let Some(sealer) = self.sealer.take() {
            sealer.finish(&mut self.out);
        }
        self.flush().await?;
        let Self { stage, key, writer, body_id, rest, rest_len, fingerprint, .. } = self;
        let Stage::Rest(head) = stage else {
            return Err(super::later("header section without end"));
        };
        let body = writer.finish().await.map_err(|error| super::unavailable(&error))?;
        Ok(Spooled { head, key, body_id, body, fingerprint: fingerprint.finish(), rest, rest_len })
    }
}

impl Spooled {
    /// The letter's length in octets.
    pub(crate) fn size(&self) -> u64 {
        self.head.as_bytes().len() as u64 + self.rest_len
    }

    /// The whole letter in memory, within the budget: waits for a place if many ask at once.
    pub(crate) async fn whole(&self, front: &Front) -> Result<Whole, Reply> {
        let size = self.size();
        let place = match self.rest {
            Some(_) => None,
            None => Some(front.room(size.saturating_mul(PARSE_FACTOR)).await?),
        };
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0).min(1 << 28));
        bytes.extend_from_slice(self.head.as_bytes());
        match &self.rest {
            Some(rest) => bytes.extend_from_slice(rest),
            None => self.reopen(&mut bytes).await?,
        }
        Ok(Whole { bytes, place })
    }

    /// Reads the rest back from its sealed file, chunk by chunk.
    async fn reopen(&self, bytes: &mut Vec<u8>) -> Result<(), Reply> {
        let body = self.body.body();
        let header = body
            .read(0..StreamOpener::header_len() as u64)
            .await
            .map_err(|error| super::unavailable(&error))?;
        let opener = StreamOpener::new(&self.key, &header).map_err(super::later)?;
        for index in 0_u64.. {
            let Some(chunk) = sealed_chunk(body.len(), index) else { break };
            let sealed = body
                .read(chunk.start..chunk.start + chunk.len)
                .await
                .map_err(|error| super::unavailable(&error))?;
            opener.open_chunk(index, chunk.last, &sealed, bytes).map_err(super::later)?;
        }
        Ok(())
    }
}

impl Whole {
    /// Looks into the letter. A small one here and now: another thread would cost more than the look.
    pub(crate) async fn look<T: Send + 'static>(
        self,
        look: impl FnOnce(&[u8]) -> T + Send + 'static,
    ) -> Result<T, Reply> {
        if self.place.is_none() {
            return Ok(look(&self.bytes));
        }
        tokio::task::spawn_blocking(move || look(&self.bytes)).await.map_err(super::later)
    }
}

/// The end of the header section in a window that does not start a letter.
fn find_empty_line(window: &[u8]) -> Option<usize> {
    window.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4)
}

fn malformed(error: sealpost_mail::HeadError) -> Reply {
    Reply::refuse(550, 6, 0, "The message's header section is malformed").because(error)
}
