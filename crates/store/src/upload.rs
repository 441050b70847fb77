//! Files on their way into a draft, piece by piece. Every question names the mailbox too; opaque bytes all of it.

use sealpost_mail::Timestamp;

use crate::body::StoredBody;
use crate::draft::{NewDraftFile, ThrownAway, remove_upload, touch, unless_held};
use crate::draft_quota::DraftQuota;
use crate::error::StoreError;
use crate::not_held::not_held;
use crate::statement::{Batch, Outcome, Refusal, Row, sql};
use crate::store::Store;

/// Uploads given up in one go.
const EXPIRE_AT_ONCE: u32 = 100;

/// A file that is announced: its room is taken from now on.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// Fresh id; the file will have it, too.
    pub id: String,
    /// Whose.
    pub mailbox_id: String,
    /// For which draft.
    pub draft_id: String,
    /// Bytes of the file itself.
    pub size: u64,
    /// Name, type and what tells it from another file of that name, sealed under the draft's key.
    pub facts_sealed: Vec<u8>,
    /// When.
    pub now: Timestamp,
    /// What there may be.
    pub quota: DraftQuota,
}

/// A file of which some has come.
#[derive(Clone, Debug)]
pub struct UploadRow {
    /// Id.
    pub id: String,
    /// Bytes of the file itself.
    pub size: u64,
    /// Bytes that have come.
    pub received: u64,
    /// Name, type and the like, sealed under the draft's key.
    pub facts_sealed: Vec<u8>,
}

/// A piece that is there.
#[derive(Clone, Debug)]
pub struct PieceRow {
    /// The offset of its first octet in the file.
    pub place: u64,
    /// Its sealed bytes.
    pub body_id: String,
    /// The key they are sealed under, sealed under the draft's.
    pub key_sealed: Vec<u8>,
}

/// A piece that has come whole.
#[derive(Clone, Debug)]
pub struct NewPiece {
    /// Whose.
    pub mailbox_id: String,
    /// For which draft.
    pub draft_id: String,
    /// Of which file.
    pub upload_id: String,
    /// The offset of its first octet; it must be the next one expected.
    pub place: u64,
    /// Its own length in clear.
    pub len: u64,
    /// Its sealed bytes.
    pub body: StoredBody,
    /// The key they are sealed under, sealed under the draft's.
    pub key_sealed: Vec<u8>,
    /// When.
    pub now: Timestamp,
}

/// Uploads that stand still since before `$before`, in mailboxes that nobody holds; `d` is the draft.
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
    /// Announces a file. `false`: there is no room for it, or the draft is gone.
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

    /// The files of a draft that have not come whole, in the order they were announced.
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

    /// One of them with its pieces, the first one first.
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

    /// Keeps a piece. `false`: it is not the next one, or the upload is gone; its bytes go, too.
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

    /// The pieces have become one file: it takes the place of its upload. `false`: not all of it has come, or
    /// somebody was quicker; the file's bytes go.
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

    /// Gives an upload up, by its owner's hand.
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
                // A piece came in between. Look again.
                Outcome::Refused(_) => {}
            }
        }
    }

    /// Refused: somebody holds the mailbox, a piece came in between, or the last one since `untouched_since`.
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

    /// Gives up every upload of which nothing has come since before `before`, but in mailboxes that are held. Returns how
    /// many.
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
                // Whoever goes on with it in this very moment keeps it.
                let Some((upload, pieces)) = self.upload(&mailbox_id, &draft_id, &id).await? else {
                    continue;
                };
                let outcome = self.give_up(&mailbox_id, &draft_id, &upload, pieces, before).await?;
                gone += usize::from(matches!(outcome, Outcome::Kept(_)));
            }
        }
    }
}
