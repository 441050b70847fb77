//! One letter of a mailbox: either whole in reserved memory, or streamed with one chunk in memory, whatever its size.
//! Knows no page.

use std::collections::VecDeque;

use actix_web::body::SizedStream;
use actix_web::web::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream, Stream};
use sealpost_mail::{EncodedRange, Summary};
use sealpost_mailbox::{BodyOpener, MailboxError, is_id, open_head, proven_listing};
use sealpost_store::{Body, DepositLetter, DepositRow, StoreError};
use sealpost_vault::{CHUNK, MessageKey, plain_len};
use tokio::sync::OwnedSemaphorePermit;

use crate::mailbox::reader::Reader;
use crate::problem::Problem;
use crate::state::room::Room;
use crate::state::{OpeningTurn, Site};

/// Bytes sent to the browser at once.
const PIECE: usize = 64 * 1024;
pub(crate) type HeldPieces = BoxStream<'static, Result<Bytes, Problem>>;

/// One letter's key and location; its content is still sealed.
#[derive(Clone)]
pub(crate) struct Deposit {
    pub(crate) row: DepositRow,
    pub(crate) summary: Option<Summary>,
    head: Vec<u8>,
    pub(super) key: MessageKey,
    body: Body,
}

/// A letter in memory. The permit returns the reserved memory.
pub(crate) struct OpenLetter {
    pub(crate) bytes: Vec<u8>,
    room: OwnedSemaphorePermit,
    _turn: OpeningTurn,
}

/// The same, where something out of it stays in memory until it has been fetched.
pub(crate) struct LetterToKeep {
    pub(crate) bytes: Vec<u8>,
    room: Room,
    _turn: OpeningTurn,
}

impl LetterToKeep {
    /// Drops the letter; part of its reservation is kept for what was extracted from it.
    pub(crate) fn room_for(self, bytes: usize) -> Room {
        self.room.reduced_to(bytes)
    }
}

/// Bytes generated from a letter, as a response: their memory is reserved as long as they exist.
pub(crate) fn held(bytes: Vec<u8>, room: Room) -> SizedStream<HeldPieces> {
    let size = bytes.len() as u64;
    SizedStream::new(size, held_pieces(VecDeque::from([bytes]), room))
}

/// The same for bytes in several pieces; each is freed as soon as it has been sent.
pub(crate) fn held_pieces(chunks: VecDeque<Vec<u8>>, room: Room) -> HeldPieces {
    let state = (Bytes::new(), chunks, room);
    let pieces = stream::unfold(state, |(mut bytes, mut chunks, room)| async move {
        while bytes.is_empty() {
            bytes = Bytes::from(chunks.pop_front()?);
        }
        let piece = bytes.split_to(bytes.len().min(PIECE));
        Some((Ok(piece), (bytes, chunks, room)))
    });
    pieces.boxed()
}

impl Reader {
    /// The row of a letter, opened.
    pub(crate) async fn deposit(&self, site: &Site, id: &str) -> Result<Deposit, Problem> {
        if !is_id(id) {
            return Err(Problem::NotFound);
        }
        let lost = |error| match error {
            StoreError::Damaged { what } => damaged(id, format_args!("expected {what}")),
            error => Problem::fault("reading a letter", error),
        };
        let found = site.store.deposit(self.mailbox_id(), id).await.map_err(lost)?;
        let DepositLetter { row, body_id: _, head_sealed, body } = found.ok_or(Problem::NotFound)?;
        let body = body.ok_or_else(|| damaged(id, "its body is missing"))?;
        let sealed = |error| damaged(id, error);
        let key = self.key_of(&row).map_err(sealed)?;
        // The proof precedes the listing, and the listing opens under this key alone: head and body are then what we
        // deposited.
        let listed = proven_listing(&site.keys.deposits, &key, &row).map_err(sealed)?;
        let head = open_head(&key, &row.id, &head_sealed).map_err(sealed)?;
        let summary = serde_json::from_slice(&listed).ok();
        Ok(Deposit { row, summary, head, key, body })
    }
}

impl Deposit {
    /// Size of the whole letter in bytes.
    pub(crate) fn size(&self) -> Result<u64, Problem> {
        let rest = plain_len(self.body.len());
        let rest = rest.ok_or_else(|| damaged(&self.row.id, "its body has an impossible length"))?;
        Ok(rest + self.head.len() as u64)
    }

    /// Opens the whole letter, to look into it.
    pub(crate) async fn open(&self, site: &Site) -> Result<OpenLetter, Problem> {
        let size = self.size()?;
        let turn = site.opening(&self.row.mailbox_id, size).await?;
        let room = site.room_for(size).await?;
        tracing::debug!(deposit.id = %self.row.id, letter.octets = size, "letter opened");
        let opener = self.opener().await?;
        let mut bytes = self.head.clone();
        opener.read_to_end(&mut bytes).await.map_err(|error| unread(&self.row.id, error))?;
        Ok(OpenLetter { bytes, room, _turn: turn })
    }

    /// The same, for taking something out of it that is fetched as fast or as slowly as its owner likes.
    pub(crate) async fn open_to_keep(&self, site: &Site) -> Result<LetterToKeep, Problem> {
        let share = self.share(site).await?;
        self.open_within(site, share).await
    }

    /// The owner's own part of that memory, for who has to wait for something else before it is opened.
    pub(crate) async fn share(&self, site: &Site) -> Result<OwnedSemaphorePermit, Problem> {
        site.share(&self.row.mailbox_id, self.size()?).await
    }

    pub(crate) async fn open_within(
        &self,
        site: &Site,
        share: OwnedSemaphorePermit,
    ) -> Result<LetterToKeep, Problem> {
        let OpenLetter { bytes, room, _turn } = self.open(site).await?;
        Ok(LetterToKeep { bytes, room: Room::new(room, share), _turn })
    }

    /// Opens all of it and keeps nothing: verifies that the letter is intact.
    pub(crate) async fn verify(&self) -> Result<(), Problem> {
        let opener = self.opener().await?;
        for index in 0..self.chunks()? {
            self.plain(&opener, index).await?;
        }
        Ok(())
    }

    fn chunks(&self) -> Result<u64, Problem> {
        Ok((self.size()? - self.head.len() as u64).div_ceil(CHUNK as u64).max(1))
    }

    async fn opener(&self) -> Result<BodyOpener, Problem> {
        let opener = BodyOpener::new(&self.key, self.body.clone()).await;
        opener.map_err(|error| unread(&self.row.id, error))
    }

    async fn plain(&self, opener: &BodyOpener, index: u64) -> Result<Bytes, Problem> {
        let chunk = opener.chunk(index).await.map_err(|error| unread(&self.row.id, error))?;
        chunk.ok_or_else(|| damaged(&self.row.id, "it ends too early"))
    }

    /// An attachment, decoded while it is read: one chunk in memory, whatever its size.
    pub(crate) async fn part(self, place: EncodedRange) -> Result<SizedStream<HeldPieces>, Problem> {
        let size = place.size;
        Ok(SizedStream::new(size, self.part_pieces(place).await?))
    }

    /// The same, without an announced length.
    pub(crate) async fn part_pieces(self, place: EncodedRange) -> Result<HeldPieces, Problem> {
        let opener = self.opener().await?;
        let state = Some((self, opener, place.range, place.decoder));
        let pieces = stream::try_unfold(state, |state| async move {
            let Some((deposit, opener, range, mut decoder)) = state else { return Ok(None) };
            let mut out = Vec::new();
            if range.is_empty() {
                decoder.finish(&mut out);
                return Ok(Some((Bytes::from(out), None)));
            }
            let head = deposit.head.len() as u64;
            let end = match range.start.checked_sub(head) {
                // A part that begins in the head: the letter has only one.
                None => {
                    let end = range.end.min(head);
                    decoder
                        .push(deposit.head.get(index(range.start)..index(end)).unwrap_or_default(), &mut out);
                    end
                }
                Some(at) => {
                    let number = at / CHUNK as u64;
                    let plain = deposit.plain(&opener, number).await.inspect_err(|problem| {
                        tracing::error!(http.problem = %problem, "a download was broken off");
                    })?;
                    let first = head + number * CHUNK as u64;
                    let end = range.end.min(first + plain.len() as u64);
                    let piece = plain.get(index(range.start - first)..index(end - first));
                    decoder.push(piece.unwrap_or_default(), &mut out);
                    end.max(range.start + 1)
                }
            };
            Ok(Some((Bytes::from(out), Some((deposit, opener, end..range.end, decoder)))))
        });
        Ok(pieces.boxed())
    }

    /// The original bytes, piece by piece: a download of any size takes one chunk of memory. Damage at its start or end
    /// is found before anything is sent; elsewhere it aborts the download, the browser reports it, and the log names
    /// the letter.
    pub(crate) async fn stream(
        self,
    ) -> Result<impl Stream<Item = Result<Bytes, Problem>> + 'static, Problem> {
        let opener = self.opener().await?;
        let chunks = self.chunks()?;
        let first = self.plain(&opener, 0).await?;
        if chunks > 1 {
            self.plain(&opener, chunks - 1).await?;
        }
        let ready = VecDeque::from([Bytes::copy_from_slice(&self.head), first]);
        let start = Step { deposit: self, opener, ready, next: 1, chunks };
        Ok(stream::try_unfold(start, |mut step| async move {
            if let Some(ready) = step.ready.pop_front() {
                return Ok(Some((ready, step)));
            }
            if step.next >= step.chunks {
                return Ok(None);
            }
            match step.deposit.plain(&step.opener, step.next).await {
                Ok(plain) => {
                    step.next += 1;
                    Ok(Some((plain, step)))
                }
                Err(problem) => {
                    tracing::error!(http.problem = %problem, "a download was broken off");
                    Err(problem)
                }
            }
        }))
    }
}

struct Step {
    deposit: Deposit,
    opener: BodyOpener,
    ready: VecDeque<Bytes>,
    next: u64,
    chunks: u64,
}

fn index(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// A body that could not be read: because of the store, or because the letter is damaged.
fn unread(deposit_id: &str, error: MailboxError) -> Problem {
    match error {
        MailboxError::Store(error) => Problem::fault("reading a body", error),
        error @ (MailboxError::Vault(_)
        | MailboxError::Damaged { .. }
        | MailboxError::Incomplete(_)
        | MailboxError::Record(_)) => damaged(deposit_id, error),
    }
}

/// The sealed bytes have changed, or are missing. Names the letter for the log.
fn damaged(deposit_id: &str, cause: impl std::fmt::Display) -> Problem {
    Problem::Damaged(format!("letter {deposit_id}: {cause}"))
}
