//! Drafts and their files: what a mailbox's owner is writing. Every query names the mailbox too.

use sealpost_mail::Timestamp;

use crate::body::StoredBody;
use crate::draft_quota::DraftQuota;
use crate::error::StoreError;
use crate::not_held::not_held;
use crate::statement::{Batch, Outcome, Refusal, Row, Statement, sql};
use crate::store::Store;

/// Drafts per mailbox. No person has this many unfinished letters; a script might.
const MAX_DRAFTS: i64 = 200;

/// A new draft.
#[derive(Clone, Debug)]
pub struct NewDraft {
    /// Fresh id.
    pub id: String,
    /// The mailbox it belongs to.
    pub mailbox_id: String,
    /// Time of creation.
    pub now: Timestamp,
    /// The draft's key, sealed to the mailbox.
    pub key_sealed: Vec<u8>,
    /// The public key it is sealed to: if the mailbox has another one by now, nothing is stored.
    pub sealed_to: Vec<u8>,
    /// Recipients, subject and text, sealed under the draft's key.
    pub content_sealed: Vec<u8>,
}

/// A draft.
#[derive(Clone, Debug)]
pub struct DraftRow {
    /// Id.
    pub id: String,
    /// When its text was last saved.
    pub changed_at: Timestamp,
    /// Incremented with every file added or removed.
    pub files_version: i64,
    /// The draft's key, sealed to the mailbox.
    pub key_sealed: Vec<u8>,
    /// Recipients, subject and text, sealed under the draft's key.
    pub content_sealed: Vec<u8>,
}

/// A file attached to a draft.
#[derive(Clone, Debug)]
pub struct DraftFile {
    /// Id.
    pub id: String,
    /// Id of the body: the file's bytes, sealed under the draft's key.
    pub body_id: String,
    /// Size of the file in bytes, unsealed.
    pub size: u64,
    /// Name and type, sealed under the draft's key.
    pub facts_sealed: Vec<u8>,
}

/// A file to be attached to a draft.
#[derive(Clone, Debug)]
pub struct NewDraftFile {
    /// Fresh id.
    pub id: String,
    /// The mailbox it belongs to.
    pub mailbox_id: String,
    /// Id of the draft.
    pub draft_id: String,
    /// Its sealed bytes.
    pub body: StoredBody,
    /// Size of the file in bytes, unsealed.
    pub size: u64,
    /// Name and type, sealed under the draft's key.
    pub facts_sealed: Vec<u8>,
    /// Time of the upload.
    pub now: Timestamp,
}

impl NewDraftFile {
    pub(crate) fn add_to(self, batch: &mut Batch) {
        batch.hold_mailbox(&self.mailbox_id);
        batch.add(touch(&self.draft_id));
        let body_id = self.body.id().to_owned();
        batch.add_body(self.body);
        batch.add(sql!(
            "INSERT INTO draft_files (id, draft_id, body_id, size, added_at, facts_sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            self.id,
            self.draft_id,
            body_id,
            self.size,
            self.now,
            self.facts_sealed
        ));
    }
}

/// The draft that became a letter; removed in the letter's own transaction.
#[derive(Clone, Debug)]
pub struct SentDraft {
    /// The mailbox it belongs to.
    pub mailbox_id: String,
    /// Id of the draft.
    pub draft_id: String,
    /// As the sender saw it. If it has changed, nothing is stored.
    pub files_version: i64,
    /// The bodies of its files.
    pub body_ids: Vec<String>,
}

/// Outcome of saving a draft's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SavedDraft {
    /// Saved.
    Saved,
    /// The draft is gone: sent or discarded.
    Gone,
    /// The mailbox is under a hold and the draft is older: it is left as it was.
    Held,
}

/// Outcome of discarding a draft or a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThrownAway {
    /// Removed.
    Gone,
    /// It did not exist.
    NotThere,
    /// The mailbox is under a hold: it is kept.
    Held,
}

/// Refuses the batch while the mailbox is under a hold.
pub(crate) fn unless_held(mailbox_id: &str) -> Statement {
    sql!(concat!("SELECT id FROM mailboxes WHERE id = ?1 AND ", not_held!("?1")), mailbox_id)
        .or_refuse(Refusal::Held)
}

fn draft_row(mut row: Row) -> Result<DraftRow, StoreError> {
    Ok(DraftRow {
        id: row.text()?,
        changed_at: row.time()?,
        files_version: row.int()?,
        key_sealed: row.blob()?,
        content_sealed: row.blob()?,
    })
}

fn draft_file(mut row: Row) -> Result<DraftFile, StoreError> {
    Ok(DraftFile { id: row.text()?, body_id: row.text()?, size: row.count()?, facts_sealed: row.blob()? })
}

impl SentDraft {
    pub(crate) fn remove(&self, batch: &mut Batch) {
        batch.hold_mailbox(&self.mailbox_id);
        batch.add(sql!("DELETE FROM draft_files WHERE draft_id = ?1", self.draft_id.as_str()));
        for body_id in &self.body_ids {
            batch.release_body(body_id);
        }
        batch.add(
            sql!(
                "DELETE FROM drafts WHERE id = ?1 AND mailbox_id = ?2 AND files_version = ?3",
                self.draft_id.as_str(),
                self.mailbox_id.as_str(),
                self.files_version
            )
            .or_refuse(Refusal::Duplicate),
        );
    }
}

/// Records that a file, or a piece of one, was added or removed.
pub(crate) fn touch(draft_id: &str) -> Statement {
    sql!(
        "UPDATE drafts SET files_version =
             CASE WHEN files_version BETWEEN 0 AND 1000000000 THEN files_version + 1 ELSE 1 END WHERE id = ?1", draft_id)
}

/// Removes an upload with its pieces.
pub(crate) fn remove_upload(batch: &mut Batch, upload_id: &str, bodies: &[String]) {
    batch.add(sql!("DELETE FROM upload_pieces WHERE upload_id = ?1", upload_id));
    batch.add(sql!("DELETE FROM uploads WHERE id = ?1", upload_id));
    for body_id in bodies {
        batch.release_body(body_id);
    }
}

impl Store {
    /// Adds a draft. `false`: the mailbox is gone or has too many.
    pub async fn add_draft(&self, draft: NewDraft) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        batch.hold_mailbox(&draft.mailbox_id);
        batch.add(
            sql!(
                "SELECT id FROM mailboxes WHERE id = ?1 AND state <> 'deleted' AND public_key = ?3
                 AND (SELECT count(*) FROM drafts WHERE mailbox_id = ?1) < ?2",
                draft.mailbox_id.as_str(),
                MAX_DRAFTS,
                draft.sealed_to
            )
            .or_refuse(Refusal::NoRoom),
        );
        batch.add(sql!(
            "INSERT INTO drafts (id, mailbox_id, created_at, changed_at, key_sealed, content_sealed)
             VALUES (?1, ?2, ?3, ?3, ?4, ?5)",
            draft.id,
            draft.mailbox_id,
            draft.now,
            draft.key_sealed,
            draft.content_sealed
        ));
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }

    /// A mailbox's drafts, last saved first.
    pub async fn drafts(&self, mailbox_id: &str) -> Result<Vec<DraftRow>, StoreError> {
        let rows = self
            .read_rows(sql!(
                "SELECT id, changed_at, files_version, key_sealed, content_sealed FROM drafts
                 WHERE mailbox_id = ?1 ORDER BY changed_at DESC, id",
                mailbox_id
            ))
            .await?;
        rows.into_iter().map(draft_row).collect()
    }

    /// One draft of this mailbox with its files in the order they were added.
    pub async fn draft(
        &self,
        mailbox_id: &str,
        draft_id: &str,
    ) -> Result<Option<(DraftRow, Vec<DraftFile>)>, StoreError> {
        let questions = vec![
            sql!(
                "SELECT id, changed_at, files_version, key_sealed, content_sealed FROM drafts
                 WHERE mailbox_id = ?1 AND id = ?2",
                mailbox_id,
                draft_id
            ),
            sql!(
                "SELECT f.id, f.body_id, f.size, f.facts_sealed FROM draft_files f
                 JOIN drafts d ON d.id = f.draft_id
                 WHERE d.mailbox_id = ?1 AND d.id = ?2 ORDER BY f.added_at, f.id",
                mailbox_id,
                draft_id
            ),
        ];
        let mut answers = self.read(questions).await?.into_iter();
        let Some(row) = answers.next().unwrap_or_default().pop() else { return Ok(None) };
        let files =
            answers.next().unwrap_or_default().into_iter().map(draft_file).collect::<Result<_, _>>()?;
        Ok(Some((draft_row(row)?, files)))
    }

    /// Saves the text.
    pub async fn save_draft(
        &self,
        mailbox_id: &str,
        draft_id: &str,
        content_sealed: Vec<u8>,
        now: Timestamp,
    ) -> Result<SavedDraft, StoreError> {
        let mut batch = Batch::default();
        // Serialised with holds: a hold comes either before or after it.
        batch.hold_mailbox(mailbox_id);
        // Drafts newer than the hold may still be edited.
        batch.add(
            sql!(
                "SELECT id FROM mailboxes WHERE id = ?1 AND (held_since IS NULL OR NOT EXISTS (
                     SELECT 1 FROM drafts d WHERE d.id = ?2 AND d.changed_at <= held_since))",
                mailbox_id,
                draft_id
            )
            .or_refuse(Refusal::Held),
        );
        batch.add(
            sql!(
                "UPDATE drafts SET content_sealed = ?3, changed_at = ?4 WHERE mailbox_id = ?1 AND id = ?2",
                mailbox_id,
                draft_id,
                content_sealed,
                now
            )
            .or_refuse(Refusal::Overtaken),
        );
        match self.write(batch).await? {
            Outcome::Kept(_) => Ok(SavedDraft::Saved),
            Outcome::Refused(Refusal::Held) => Ok(SavedDraft::Held),
            Outcome::Refused(_) => Ok(SavedDraft::Gone),
        }
    }

    /// Adds a file. `false`: there is no room, or the draft is gone; the file's bytes are removed too.
    pub async fn add_draft_file(&self, file: NewDraftFile, quota: DraftQuota) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        quota.check(&mut batch, &file.mailbox_id, &file.draft_id, file.size);
        file.add_to(&mut batch);
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }

    /// Removes a file.
    pub async fn remove_draft_file(
        &self,
        mailbox_id: &str,
        draft_id: &str,
        file_id: &str,
    ) -> Result<ThrownAway, StoreError> {
        loop {
            let found = self.draft(mailbox_id, draft_id).await?;
            let file = found.and_then(|(_, files)| files.into_iter().find(|file| file.id == file_id));
            let Some(file) = file else { return Ok(ThrownAway::NotThere) };
            let mut batch = Batch::default();
            batch.hold_mailbox(mailbox_id);
            batch.add(unless_held(mailbox_id));
            batch.add(touch(draft_id));
            batch.add(sql!("DELETE FROM draft_files WHERE id = ?1", file.id));
            batch.release_body(&file.body_id);
            match self.write(batch).await? {
                Outcome::Kept(_) => return Ok(ThrownAway::Gone),
                Outcome::Refused(Refusal::Held) => return Ok(ThrownAway::Held),
                // Another process was quicker: look again.
                Outcome::Refused(_) => {}
            }
        }
    }

    /// Discards a draft with its files, on its owner's request.
    pub async fn delete_draft(&self, mailbox_id: &str, draft_id: &str) -> Result<ThrownAway, StoreError> {
        loop {
            let mut batch = Batch::default();
            batch.add(unless_held(mailbox_id));
            if !self.add_removal(&mut batch, mailbox_id, draft_id).await? {
                return Ok(ThrownAway::NotThere);
            }
            match self.write(batch).await? {
                Outcome::Kept(_) => return Ok(ThrownAway::Gone),
                Outcome::Refused(Refusal::Held) => return Ok(ThrownAway::Held),
                // A file was added meanwhile, or another process was quicker: look again.
                Outcome::Refused(_) => {}
            }
        }
    }

    /// Statements that discard a draft in its present state. `false`: it does not exist.
    pub(crate) async fn add_removal(
        &self,
        batch: &mut Batch,
        mailbox_id: &str,
        draft_id: &str,
    ) -> Result<bool, StoreError> {
        let Some((row, files)) = self.draft(mailbox_id, draft_id).await? else { return Ok(false) };
        let pieces = self
            .read_rows(sql!(
                "SELECT u.id, p.body_id FROM uploads u LEFT JOIN upload_pieces p ON p.upload_id = u.id
                 WHERE u.draft_id = ?1",
                draft_id
            ))
            .await?;
        for mut piece in pieces {
            let (upload_id, body_id) = (piece.text()?, piece.opt_text()?);
            remove_upload(batch, &upload_id, body_id.as_slice());
        }
        let gone = SentDraft {
            mailbox_id: mailbox_id.to_owned(),
            draft_id: draft_id.to_owned(),
            files_version: row.files_version,
            body_ids: files.into_iter().map(|file| file.body_id).collect(),
        };
        gone.remove(batch);
        Ok(true)
    }

    /// Statements that discard all drafts of a mailbox in their present state.
    pub(crate) async fn add_removal_of_drafts(
        &self,
        batch: &mut Batch,
        mailbox_id: &str,
    ) -> Result<(), StoreError> {
        for draft in self.drafts(mailbox_id).await? {
            self.add_removal(batch, mailbox_id, &draft.id).await?;
        }
        Ok(())
    }
}
