//! Files that come in pieces: each piece is sealed at once, under a key of its own, and when all are there they
//! become one file of the draft. What has come survives a lost connection and a closed page. Knows no page.

use sealpost_mail::Secret;
use sealpost_store::{DiskSpace, NewPiece, NewUpload, PieceRow, StoreError, ThrownAway};
use sealpost_vault::{MessageKey, Part};

use crate::draft::{Draft, Drafts, FileFacts, Pending};
use crate::sealed_body::{BodyOpener, BodySealer};
use crate::{MailboxError, is_id};

/// A piece, but for a file's last one. Small enough that a lost connection costs little, large enough that a file
/// of 20 MB is not many rows.
pub const PIECE: u64 = 1024 * 1024;
/// A file of which no more comes for so long is given up; the operator's jobs see to it.
pub const UPLOAD_LIVES: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// How far a file has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The id of the upload.
    pub id: String,
    /// The bytes that have come.
    pub offset: u64,
    /// What follows from that.
    pub stage: Stage,
}

/// What is to be done with a file on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// More is to come.
    Coming,
    /// All of it has come: [`Drafts::assemble`] makes one file of it.
    Here,
    /// It is a file of the draft.
    Whole,
}

/// What came of announcing a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Announcement {
    /// It has come so far already.
    Known(Progress),
    /// There is no room in the draft.
    NoRoom,
    /// The disk is almost full.
    DiskLow,
}

/// A piece on its way in.
pub struct Piece {
    key: MessageKey,
    upload: BodySealer,
}

impl Piece {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// The store cannot take them.
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
    /// Announces a file, or finds how far it has come already: whoever has lost the thread asks again.
    ///
    /// # Errors
    /// The store cannot keep it.
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
        match self.store.room(size) {
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

    /// A piece of a file, `octets` long, on its way in.
    ///
    /// # Errors
    /// There is no room for it.
    pub fn new_piece(&self, octets: u64) -> Result<Piece, StoreError> {
        let key = MessageKey::generate(self.random);
        Ok(Piece { upload: BodySealer::new(self.store, &key, octets, self.random)?, key })
    }

    /// Keeps a piece that has come whole. `false`: it is not the next one any more.
    ///
    /// # Errors
    /// The store cannot keep it.
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

    /// Makes one file of all pieces, sealed anew as they are opened one after the other: as much to read and to write as
    /// the file has. `false`: somebody else has done it, or not all are there.
    ///
    /// # Errors
    /// A piece is not what was kept, or not in its place.
    pub async fn assemble(&self, draft: &Draft, id: &str) -> Result<bool, MailboxError> {
        let Some((row, pieces)) = self.store.upload(self.mailbox_id, &draft.id, id).await? else {
            return Ok(false);
        };
        let facts = FileFacts::open(&draft.key, id, &row.facts_sealed)?;
        let mut whole = self.new_file(draft, row.size)?;
        for piece in &pieces {
            // A gap, or a piece that is not where it belongs, does not open or does not fit.
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

    /// Takes away a file that has not come whole. Gone already is gone, too.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn give_up(&self, draft: &Draft, id: &str) -> Result<ThrownAway, StoreError> {
        if !is_id(id) {
            return Ok(ThrownAway::NotThere);
        }
        self.store.remove_upload(self.mailbox_id, &draft.id, id).await
    }
}

impl Draft {
    /// How far a file has come. `None`: it is not one of this draft's.
    #[must_use]
    pub fn progress(&self, id: &str) -> Option<Progress> {
        if let Some(file) = self.files.iter().find(|file| file.id == id) {
            return Some(Progress { id: id.to_owned(), offset: file.size, stage: Stage::Whole });
        }
        self.pending.iter().find(|one| one.id == id).map(Pending::progress)
    }
}
