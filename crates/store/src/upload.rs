//! Uploads: files being added to a draft, piece by piece. Every query names the mailbox too; all bytes are opaque here.

use sealpost_mail::Timestamp;

use crate::body::StoredBody;
use crate::draft::{NewDraftFile, ThrownAway, remove_upload, touch, unless_held};
use crate::draft_quota::DraftQuota;
use crate::error::StoreError;
use crate::not_held::not_held;
use crate::statement::{Batch, Outcome, Refusal, Row, sql};
use crate::store::Store;

/// Uploads abandoned at a time.
const EXPIRE_AT_ONCE: u32 = 100;

/// An announced file: its room is reserved from now on.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// Fresh id, which the finished file will have too.
    pub id: String,
    /// The mailbox it belongs to.
    pub mailbox_id: String,
    /// The draft it belongs to.
    pub draft_id: String,
    /// Size of the file in bytes, unsealed.
    pub size: u64,
    /// Name, type and what distinguishes it from another file of that name, sealed under the draft's key.
    pub facts_sealed: Vec<u8>,
    /// Time of the announcement.
    pub now: Timestamp,
    /// The limits.
    pub quota: DraftQuota,
}

/// A partially uploaded file.
#[derive(Clone, Debug)]
pub struct UploadRow {
    /// Id.
    pub id: String,
    /// Size of the file in bytes, unsealed.
    pub size: u64,
    /// Bytes received so far.
    pub received: u64,
    /// Name, type and the like, sealed under the draft's key.
    pub facts_sealed: Vec<u8>,
}

/// A received piece.
#[derive(Clone, Debug)]
pub struct PieceRow {
    /// Offset of its first octet in the file.
    pub place: u64,
    /// Id of its sealed body.
    pub body_id: String,
    /// Its key, sealed under the draft's key.
    pub key_sealed: Vec<u8>,
}

/// A complete piece.
#[derive(Clone, Debug)]
pub struct NewPiece {
    /// The mailbox it belongs to.
    pub mailbox_id: String,
    /// The draft it belongs to.
    pub draft_id: String,
    /// The upload it belongs to.
    pub upload_id: String,
    /// Offset of its first octet in the file; it must be the next one expected.
    pub place: u64,
    /// Its unsealed length in bytes.
    pub len: u64,
    /// Its sealed bytes.
    pub body: StoredBody,
    /// Its key, sealed under the draft's key.
    pub key_sealed: Vec<u8>,
    /// When it was received.
    pub now: Timestamp,
}

/// Uploads stalled since before `$before`, in mailboxes that are not under a hold; `d` is the draft.
macro_rules! stale_uploads {
    ($before:literal) => {
        concat!(
            "FROM uploads u JOIN drafts d ON d.id = u.draft_id WHERE u.touched_at < ",
            $before,
            " AND ",
            not_held!("d.mailbox_id")
        )
    };
}
pub(crate) use stale_uploads;

pub(crate) fn upload_row(mut row: Row) -> Result<UploadRow, StoreError> {
    Ok(UploadRow { id: row.text()?, size: row.count()?, received: row.count()?, facts_sealed: row.blob()? })
}

impl Store {
    /// Announces a file. `false`: there is no room, or the draft is gone.
    pub async fn begin_upload(&self, upload: NewUpload) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        upload.quota.check(&mut batch, &upload.mailbox_id, &upload.draft_id, upload.size);
        batch.add(touch(&upload.draft_id));
        batch.add(sql!(
            "INSERT INTO uploads (id, draft_id, size, begun_at, touched_at, facts_sealed)
             VALUES (?1, ?2, ?3, ?4, ?4, ?5)",
            upload.id,
            upload.draft_id,
            upload.size,
            upload.now,
            upload.facts_sealed
        ));
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }

    /// The unfinished uploads of a draft, in the order they were announced.
    pub async fn uploads(&self, mailbox_id: &str, draft_id: &str) -> Result<Vec<UploadRow>, StoreError> {
        let rows = self
            .read_rows(sql!(
                "SELECT u.id, u.size, u.received, u.facts_sealed FROM uploads u
                 JOIN drafts d ON d.id = u.draft_id
                 WHERE d.mailbox_id = ?1 AND d.id = ?2 ORDER BY u.begun_at, u.id",
                mailbox_id,
                draft_id
            ))
            .await?;
        rows.into_iter().map(upload_row).collect()
    }

    /// One upload with its pieces in order.
    pub async fn upload(
        &self,
        mailbox_id: &str,
        draft_id: &str,
        upload_id: &str,
    ) -> Result<Option<(UploadRow, Vec<PieceRow>)>, StoreError> {
        let questions = vec![
            sql!(
                "SELECT u.id, u.size, u.received, u.facts_sealed FROM uploads u
                 JOIN drafts d ON d.id = u.draft_id
                 WHERE d.mailbox_id = ?1 AND d.id = ?2 AND u.id = ?3",
                mailbox_id,
                draft_id,
                upload_id
            ),
            sql!(
                "SELECT p.place, p.body_id, p.key_sealed FROM upload_pieces p
                 JOIN uploads u ON u.id = p.upload_id JOIN drafts d ON d.id = u.draft_id
                 WHERE d.mailbox_id = ?1 AND d.id = ?2 AND u.id = ?3 ORDER BY p.place",
                mailbox_id,
                draft_id,
                upload_id
            ),
        ];
        let mut answers = self.read(questions).await?.into_iter();
        let Some(row) = answers.next().unwrap_or_default().pop() else { return Ok(None) };
        let piece = |mut row: Row| {
            Ok(PieceRow { place: row.count()?, body_id: row.text()?, key_sealed: row.blob()? })
        };
        let pieces =
            answers.next().unwrap_or_default().into_iter().map(piece).collect::<Result<_, StoreError>>()?;
        Ok(Some((upload_row(row)?, pieces)))
    }

    /// Stores a piece. `false`: it is not the next one, or the upload is gone; its bytes are removed.
    pub async fn add_piece(&self, piece: NewPiece) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        batch.hold_mailbox(&piece.mailbox_id);
        batch.add(
            sql!(
                "UPDATE uploads SET received = received + ?5, touched_at = ?6
                 WHERE id = ?3 AND draft_id = ?2 AND received = ?4 AND received + ?5 <= size
                 AND EXISTS (SELECT 1 FROM drafts WHERE id = ?2 AND mailbox_id = ?1)",
                piece.mailbox_id,
                piece.draft_id.as_str(),
                piece.upload_id.as_str(),
                piece.place,
                piece.len,
                piece.now
            )
            .or_refuse(Refusal::Duplicate),
        );
        batch.add(touch(&piece.draft_id));
        let body_id = piece.body.id().to_owned();
        batch.add_body(piece.body);
        batch.add(sql!(
            "INSERT INTO upload_pieces (upload_id, place, body_id, key_sealed) VALUES (?1, ?2, ?3, ?4)",
            piece.upload_id,
            piece.place,
            body_id,
            piece.key_sealed
        ));
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }

    /// Replaces a complete upload by the file made of its pieces. `false`: it is incomplete, or another request was
    /// quicker; the file's bytes are removed.
    pub async fn finish_upload(&self, file: NewDraftFile, pieces: &[PieceRow]) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        batch.add(
            sql!(
                "SELECT u.id FROM uploads u JOIN drafts d ON d.id = u.draft_id
                 WHERE d.mailbox_id = ?1 AND d.id = ?2 AND u.id = ?3 AND u.received = u.size
                 AND u.size = ?4",
                file.mailbox_id.as_str(),
                file.draft_id.as_str(),
                file.id.as_str(),
                file.size
            )
            .or_refuse(Refusal::Duplicate),
        );
        let bodies: Vec<String> = pieces.iter().map(|piece| piece.body_id.clone()).collect();
        remove_upload(&mut batch, &file.id, &bodies);
        file.add_to(&mut batch);
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }

    /// Abandons an upload on its owner's request.
    pub async fn remove_upload(
        &self,
        mailbox_id: &str,
        draft_id: &str,
        upload_id: &str,
    ) -> Result<ThrownAway, StoreError> {
        loop {
            let Some((row, pieces)) = self.upload(mailbox_id, draft_id, upload_id).await? else {
                return Ok(ThrownAway::NotThere);
            };
            match self.give_up(mailbox_id, draft_id, &row, pieces, Timestamp(i64::MAX)).await? {
                Outcome::Kept(_) => return Ok(ThrownAway::Gone),
                Outcome::Refused(Refusal::Held) => return Ok(ThrownAway::Held),
                // A piece was added meanwhile: look again.
                Outcome::Refused(_) => {}
            }
        }
    }

    /// Refused if the mailbox is under a hold, a piece was added meanwhile, or the last one came after
    /// `untouched_since`.
    async fn give_up(
        &self,
        mailbox_id: &str,
        draft_id: &str,
        row: &UploadRow,
        pieces: Vec<PieceRow>,
        untouched_since: Timestamp,
    ) -> Result<Outcome, StoreError> {
        let bodies: Vec<String> = pieces.into_iter().map(|piece| piece.body_id).collect();
        let mut batch = Batch::default();
        batch.hold_mailbox(mailbox_id);
        batch.add(unless_held(mailbox_id));
        batch.add(
            sql!(
                "SELECT id FROM uploads WHERE id = ?1 AND received = ?2 AND touched_at < ?3",
                row.id.as_str(),
                row.received,
                untouched_since
            )
            .or_refuse(Refusal::Duplicate),
        );
        remove_upload(&mut batch, &row.id, &bodies);
        batch.add(touch(draft_id));
        self.write(batch).await
    }

    /// Abandons every upload that received nothing since `before`, except in mailboxes under a hold. Returns how many.
    pub async fn expire_uploads(&self, before: Timestamp) -> Result<usize, StoreError> {
        let mut gone = 0;
        loop {
            let rows = self
                .read_rows(sql!(
                    concat!(
                        "SELECT u.id, u.draft_id, d.mailbox_id ",
                        stale_uploads!("?1"),
                        " ORDER BY u.touched_at LIMIT ?2"
                    ),
                    before,
                    EXPIRE_AT_ONCE
                ))
                .await?;
            if rows.is_empty() {
                return Ok(gone);
            }
            for mut row in rows {
                let (id, draft_id, mailbox_id) = (row.text()?, row.text()?, row.text()?);
                // An upload continued at this moment is kept.
                let Some((upload, pieces)) = self.upload(&mailbox_id, &draft_id, &id).await? else {
                    continue;
                };
                let outcome = self.give_up(&mailbox_id, &draft_id, &upload, pieces, before).await?;
                gone += usize::from(matches!(outcome, Outcome::Kept(_)));
            }
        }
    }
}
