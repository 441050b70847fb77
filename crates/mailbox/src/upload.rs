//! Resumable uploads: each piece is sealed at once, under its own key, and when all are there they become one file of
//! the draft. Received pieces survive a lost connection and a closed page. Knows no page.

use sealpost_mail::Secret;
use sealpost_store::{DiskSpace, NewPiece, NewUpload, PieceRow, StoreError, ThrownAway};
use sealpost_vault::{MessageKey, Part};

use crate::draft::{Draft, Drafts, FileFacts, Pending};
use crate::sealed_body::{BodyOpener, BodySealer};
use crate::{MailboxError, is_id};

/// Length of a piece, except a file's last one. Small enough that a lost connection costs little, large enough that a
/// file of 20 MB does not need many rows.
pub const PIECE: u64 = 1024 * 1024;
/// An upload without progress for this long is abandoned by a job.
pub const UPLOAD_LIVES: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// Progress of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The id of the upload.
    pub id: String,
    /// Bytes received.
    pub offset: u64,
    /// What remains to be done.
    pub stage: Stage,
}

/// State of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// More pieces are expected.
    Coming,
    /// All pieces are there: [`Drafts::assemble`] makes a file of them.
    Here,
    /// It has become a file of the draft.
    Whole,
}

/// Result of announcing a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Announcement {
    /// It has been uploaded in part.
    Known(Progress),
    /// There is no room in the draft.
    NoRoom,
    /// The disk is almost full.
    DiskLow,
}

/// A piece being received.
pub struct Piece {
    key: MessageKey,
    upload: BodySealer,
}

impl Piece {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// The store failed.
    pub async fn push(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.upload.push(bytes).await
    }

    /// Bytes taken so far.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.upload.len()
    }
}

impl Pending {
    /// How long the next piece must be.
    #[must_use]
    pub fn next_len(&self) -> u64 {
        self.size.saturating_sub(self.received).min(PIECE)
    }

    fn progress(&self) -> Progress {
        let stage = if self.received == self.size { Stage::Here } else { Stage::Coming };
        Progress { id: self.id.clone(), offset: self.received, stage }
    }
}

impl Drafts<'_> {
    /// Announces a file, or finds how much of it has been uploaded: a client that lost track asks again.
    ///
    /// # Errors
    /// The store failed.
    pub async fn announce(
        &self,
        draft: &Draft,
        facts: &FileFacts,
        size: u64,
    ) -> Result<Announcement, MailboxError> {
        if let Some(file) = draft.files.iter().find(|file| file.size == size && file.facts == *facts) {
            let whole = Progress { id: file.id.clone(), offset: size, stage: Stage::Whole };
            return Ok(Announcement::Known(whole));
        }
        if let Some(one) = draft.pending.iter().find(|one| one.size == size && one.facts == *facts) {
            return Ok(Announcement::Known(one.progress()));
        }
        match self.store.disk_space_for(size) {
            DiskSpace::Enough => {}
            DiskSpace::Low { .. } => return Ok(Announcement::DiskLow),
        }
        let id = self.random.id();
        let new = NewUpload {
            facts_sealed: facts.seal(&draft.key, &id, self.random)?,
            id: id.clone(),
            mailbox_id: self.mailbox_id.to_owned(),
            draft_id: draft.id.clone(),
            size,
            now: self.clock.now(),
            quota: self.quota,
        };
        if !self.store.begin_upload(new).await? {
            return Ok(Announcement::NoRoom);
        }
        let stage = if size == 0 { Stage::Here } else { Stage::Coming };
        Ok(Announcement::Known(Progress { id, offset: 0, stage }))
    }

    /// A piece of a file, `octets` long, to be written.
    ///
    /// # Errors
    /// There is no room for it.
    pub fn new_piece(&self, octets: u64) -> Result<Piece, StoreError> {
        let key = MessageKey::generate(self.random);
        Ok(Piece { upload: BodySealer::new(self.store, &key, octets, self.random)?, key })
    }

    /// Stores a complete piece. `false`: it is no longer the next one.
    ///
    /// # Errors
    /// The store failed.
    pub async fn keep_piece(
        &self,
        draft: &Draft,
        upload_id: &str,
        place: u64,
        piece: Piece,
    ) -> Result<bool, MailboxError> {
        let Piece { key, upload } = piece;
        let len = upload.len();
        let row = NewPiece {
            mailbox_id: self.mailbox_id.to_owned(),
            draft_id: draft.id.clone(),
            upload_id: upload_id.to_owned(),
            place,
            len,
            body: upload.finish().await?,
            key_sealed: draft.key.seal_part(
                Part::Piece { file: upload_id, offset: place },
                key.to_bytes().expose(),
                self.random,
            ),
            now: self.clock.now(),
        };
        Ok(self.store.add_piece(row).await?)
    }

    /// Assembles all pieces into one file, resealed as they are opened one after the other: reads and writes as many
    /// bytes as the file has. `false`: another request has done it, or pieces are missing.
    ///
    /// # Errors
    /// A piece has changed, or is not in its place.
    pub async fn assemble(&self, draft: &Draft, id: &str) -> Result<bool, MailboxError> {
        let Some((row, pieces)) = self.store.upload(self.mailbox_id, &draft.id, id).await? else {
            return Ok(false);
        };
        let facts = FileFacts::open(&draft.key, id, &row.facts_sealed)?;
        let mut whole = self.new_file(draft, row.size)?;
        for piece in &pieces {
            // A gap, or a piece that is not in its place, cannot be opened or does not fit.
            if piece.place != whole.len() {
                return Err(MailboxError::Incomplete("the pieces of a file do not fit together"));
            }
            self.copy(&draft.key, id, piece, &mut whole).await?;
        }
        let file = self.file_row(draft, whole, id.to_owned(), &facts).await?;
        Ok(self.store.finish_upload(file, &pieces).await?)
    }

    /// Opens a piece chunk by chunk into the file that it is part of.
    async fn copy(
        &self,
        draft_key: &MessageKey,
        upload_id: &str,
        piece: &PieceRow,
        whole: &mut BodySealer,
    ) -> Result<(), MailboxError> {
        let part = Part::Piece { file: upload_id, offset: piece.place };
        let plain = draft_key.open_part(part, &piece.key_sealed)?;
        let size = |_other| MailboxError::Incomplete("the key of a piece has another size");
        let bytes: [u8; 32] = plain.as_slice().try_into().map_err(size)?;
        let key = MessageKey::from_bytes(&Secret::new(bytes));
        let body = self.store.body(&piece.body_id).await?;
        let body = body.ok_or(MailboxError::Incomplete("a piece's body is missing"))?;
        let opener = BodyOpener::new(&key, body).await?;
        for index in 0_u64.. {
            let Some(plain) = opener.chunk(index).await? else { break };
            whole.push(&plain).await?;
        }
        Ok(())
    }

    /// Removes an unfinished upload. One that is already gone counts as removed.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn give_up(&self, draft: &Draft, id: &str) -> Result<ThrownAway, StoreError> {
        if !is_id(id) {
            return Ok(ThrownAway::NotThere);
        }
        self.store.remove_upload(self.mailbox_id, &draft.id, id).await
    }
}

impl Draft {
    /// Progress of an upload. `None`: it does not belong to this draft.
    #[must_use]
    pub fn progress(&self, id: &str) -> Option<Progress> {
        if let Some(file) = self.files.iter().find(|file| file.id == id) {
            return Some(Progress { id: id.to_owned(), offset: file.size, stage: Stage::Whole });
        }
        self.pending.iter().find(|one| one.id == id).map(Pending::progress)
    }
}
