//! Drafts and their files: what a mailbox's owner is writing. Every question names the mailbox too.

use sealpost_mail::Timestamp;

use crate::body::StoredBody;
use crate::draft_quota::DraftQuota;
use crate::error::StoreError;
use crate::not_held::not_held;
use crate::statement::{Batch, Outcome, Refusal, Row, Statement, sql};
use crate::store::Store;

/// Drafts a mailbox can hold. Nobody has so many unfinished letters; a script might.
const MAX_DRAFTS: i64 = 200;

/// A letter begun.
#[derive(Clone, Debug)]
pub struct NewDraft {
    /// Fresh id.
    pub id: String,
    /// Whose.
    pub mailbox_id: String,
    /// When.
    pub now: Timestamp,
    /// The draft's key, sealed to the mailbox.
    pub key_sealed: Vec<u8>,
    /// The public key it is sealed to: where the mailbox has another one by now, nothing is stored.
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
    /// Counts up with every file added or removed.
    pub files_version: i64,
    /// The draft's key, sealed to the mailbox.
    pub key_sealed: Vec<u8>,
    /// Recipients, subject and text, sealed under the draft's key.
    pub content_sealed: Vec<u8>,
}

/// A file of a draft.
#[derive(Clone, Debug)]
pub struct DraftFile {
    /// Id.
    pub id: String,
    /// Its bytes, sealed under the draft's key.
    pub body_id: String,
    /// Bytes of the file itself.
    pub size: u64,
    /// Name and type, sealed under the draft's key.
    pub facts_sealed: Vec<u8>,
}

/// A file for a draft.
#[derive(Clone, Debug)]
pub struct NewDraftFile {
    /// Fresh id.
    pub id: String,
    /// Whose.
    pub mailbox_id: String,
    /// Which draft.
    pub draft_id: String,
    /// Its sealed bytes.
    pub body: StoredBody,
    /// Bytes of the file itself.
    pub size: u64,
    /// Name and type, sealed under the draft's key.
    pub facts_sealed: Vec<u8>,
    /// When.
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

/// The draft that became a letter; it goes in the letter's own transaction.
#[derive(Clone, Debug)]
pub struct SentDraft {
    /// Whose.
    pub mailbox_id: String,
    /// Which.
    pub draft_id: String,
    /// As the sender saw it. With another one, nothing is stored.
    pub files_version: i64,
    /// The bodies of its files.
    pub body_ids: Vec<String>,
}

/// What became of the text of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SavedDraft {
    /// It is kept.
    Saved,
    /// The draft is gone; it was sent or thrown away.
    Gone,
    /// Somebody holds the mailbox, and the draft is from before: it stays as it was.
    Held,
}

/// What became of something of a draft that its owner throws away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThrownAway {
    /// It is gone.
    Gone,
    /// It was not there.
    NotThere,
    /// Somebody holds the mailbox: it stays.
    Held,
}

/// Refuses the batch while somebody holds the mailbox.
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

/// One more file or piece of one, or one less.
pub(crate) fn touch(draft_id: &str) -> Statement {
    sql!("UPDATE drafts SET files_version = files_version + 1 WHERE id = ?1", draft_id)
}

/// An upload goes, and its pieces with it.
pub(crate) fn remove_upload(batch: &mut Batch, upload_id: &str, bodies: &[String]) {
    batch.add(sql!("DELETE FROM upload_pieces WHERE upload_id = ?1", upload_id));
    batch.add(sql!("DELETE FROM uploads WHERE id = ?1", upload_id));
    for body_id in bodies {
        batch.release_body(body_id);
    }
}

impl Store {
    /// Begins a draft. `false`: the mailbox is gone or holds too many.
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

    /// A mailbox's drafts, the one saved last first.
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

    /// One draft of this mailbox with its files in the order they came.
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
        // A hold that comes meanwhile comes before or after it.
        batch.hold_mailbox(mailbox_id);
        // What was written since may go on being written.
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

    /// Adds a file. `false`: there is no room for it, or the draft is gone; the file's bytes go, too.
    pub async fn add_draft_file(&self, file: NewDraftFile, quota: DraftQuota) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        quota.check(&mut batch, &file.mailbox_id, &file.draft_id, file.size);
        file.add_to(&mut batch);
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }

    /// Takes a file away.
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
                // Somebody was quicker. Look again.
                Outcome::Refused(_) => {}
            }
        }
    }

    /// Throws a draft away with its files, by its owner's hand.
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
                // A file came in between, or somebody was quicker. Look again.
                Outcome::Refused(_) => {}
            }
        }
    }

    /// What throws a draft away as it is now. `false`: it is not there.
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

    /// What throws all drafts of a mailbox away, as they are now.
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
