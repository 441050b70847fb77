//! Drafts: text and files that an owner is writing, sealed to the mailbox as they arrive. Knows no page; who
//! may be written to is in `owner_letter`, resumable uploads are in `upload`.

use futures_util::StreamExt as _;
use futures_util::stream;
use sealpost_mail::{Address, Clock, Random, Secret, Timestamp};
use sealpost_store::{
    DraftFile, DraftQuota, DraftRow, NewDraft, NewDraftFile, SavedDraft, SentDraft, Store, StoreError,
    ThrownAway, UploadRow,
};
use sealpost_vault::{MailboxSecret, MessageKey, Part, SessionAuth};
use serde::{Deserialize, Serialize};

use crate::owner_letter::{WrittenFile, WrittenLetter};
use crate::sealed_body::{BodyOpener, BodySealer};
use crate::{MailboxError, is_id};

/// Maximum characters of a subject.
pub const MAX_SUBJECT: usize = 250;
/// Maximum characters of a list of recipients.
const MAX_LIST: usize = 4000;

/// The typed fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The recipients as typed.
    pub to: String,
    /// The recipients of copies as typed.
    pub cc: String,
    /// The subject as typed.
    pub subject: String,
    /// The text as typed.
    pub text: String,
    /// Message-ID of the letter it replies to.
    #[serde(default)]
    pub in_reply_to: Option<String>,
    /// Message-IDs of that thread.
    #[serde(default)]
    pub references: Vec<String>,
    /// The page on which it was begun, as named by the portal.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub came_from: String,
}

impl Content {
    /// Takes the submitted fields; fields that were not submitted are unchanged.
    pub fn type_in(
        &mut self,
        to: Option<String>,
        cc: Option<String>,
        subject: Option<String>,
        text: Option<String>,
    ) {
        let line = |text: String, most: usize| -> String {
            text.chars().filter(|c| !c.is_control()).take(most).collect()
        };
        if let Some(to) = to {
            self.to = line(to, MAX_LIST);
        }
        if let Some(cc) = cc {
            self.cc = line(cc, MAX_LIST);
        }
        if let Some(subject) = subject {
            self.subject = line(subject, MAX_SUBJECT);
        }
        if let Some(text) = text {
            self.text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "");
        }
    }
}

/// A file of a draft, with its name opened.
pub struct File {
    /// The id of the file.
    pub id: String,
    /// Its name, type and date.
    pub facts: FileFacts,
    /// Its size in bytes.
    pub size: u64,
    body_id: String,
}

/// An unfinished upload.
pub struct Pending {
    /// The id of the upload.
    pub id: String,
    /// Its name, type and date.
    pub facts: FileFacts,
    /// Its size once complete, in bytes.
    pub size: u64,
    /// Bytes received so far.
    pub received: u64,
}

/// What distinguishes a file from another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// A name, never a path.
    pub name: String,
    /// Its type, as reported by the author's browser.
    pub content_type: String,
    /// Modification time on its owner's computer, if the script reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<i64>,
}

impl FileFacts {
    pub(crate) fn seal(
        &self,
        key: &MessageKey,
        id: &str,
        random: &dyn Random,
    ) -> Result<Vec<u8>, MailboxError> {
        let json = Secret::new(serde_json::to_vec(self)?);
        Ok(key.seal_part(Part::Draft(id), json.expose(), random))
    }

    pub(crate) fn open(key: &MessageKey, id: &str, sealed: &[u8]) -> Result<Self, MailboxError> {
        let plain = Secret::new(key.open_part(Part::Draft(id), sealed).map_err(damaged)?);
        serde_json::from_slice(plain.expose()).map_err(damaged)
    }
}

/// A draft, opened.
pub struct Draft {
    /// The id of the draft.
    pub id: String,
    /// When any of it was last saved.
    pub changed_at: Timestamp,
    /// The typed fields.
    pub content: Content,
    /// Complete files.
    pub files: Vec<File>,
    /// Unfinished uploads.
    pub pending: Vec<Pending>,
    files_version: i64,
    pub(crate) key: MessageKey,
}

impl Draft {
    /// Size of all files in bytes; uploads count with their full size.
    #[must_use]
    pub fn size(&self) -> u64 {
        let sizes = self.files.iter().map(|file| file.size).chain(self.pending.iter().map(|one| one.size));
        sizes.fold(0, u64::saturating_add)
    }

    /// Number of files, including uploads.
    #[must_use]
    pub fn file_count(&self) -> usize {
        self.files.len() + self.pending.len()
    }
}

/// The drafts of one mailbox whose secret key is available.
#[derive(Clone, Copy)]
pub struct Drafts<'a> {
    /// The store that keeps the drafts.
    pub store: &'a Store,
    /// Distinguishes our drafts from rows that others wrote.
    pub auth: &'a SessionAuth,
    /// The id of the mailbox.
    pub mailbox_id: &'a str,
    /// The secret key of the mailbox.
    pub secret: &'a MailboxSecret,
    /// Limits for drafts.
    pub quota: DraftQuota,
    /// For keys and ids.
    pub random: &'a dyn Random,
    /// Source of the current time.
    pub clock: &'a dyn Clock,
}

/// The stored draft cannot be what we stored.
pub(crate) fn damaged(error: impl std::fmt::Display) -> MailboxError {
    MailboxError::damaged("a draft", error)
}

impl Drafts<'_> {
    /// Begins a draft. `None`: there are too many already.
    ///
    /// # Errors
    /// The store failed.
    pub async fn begin(&self, content: Content) -> Result<Option<Draft>, MailboxError> {
        let (id, key) = (self.random.id(), MessageKey::generate(self.random));
        let public = self.secret.public();
        let new = NewDraft {
            id: id.clone(),
            mailbox_id: self.mailbox_id.to_owned(),
            now: self.clock.now(),
            key_sealed: public.seal_key(self.mailbox_id, &id, &key, self.random)?,
            sealed_to: public.to_bytes(),
            content_sealed: self.seal(&key, &id, &content)?,
        };
        let begun = self.store.add_draft(new).await?;
        let changed_at = self.clock.now();
        let (files, pending) = (Vec::new(), Vec::new());
        Ok(begun.then_some(Draft { id, changed_at, content, files, pending, files_version: 0, key }))
    }

    /// One draft of this mailbox. Another mailbox's draft, and one that is gone, look the same.
    ///
    /// # Errors
    /// It exists but cannot be opened, or is not ours.
    pub async fn find(&self, id: &str) -> Result<Option<Draft>, MailboxError> {
        if !is_id(id) {
            return Ok(None);
        }
        let Some((row, files)) = self.store.draft(self.mailbox_id, id).await? else { return Ok(None) };
        // Queried after the draft: a change in between would have changed the draft's version too.
        let pending = self.store.uploads(self.mailbox_id, id).await?;
        self.opened(row, files, pending).map(Some)
    }

    /// All drafts, without their files. One that is not ours must not hide the others.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn all(&self) -> Result<Vec<Draft>, MailboxError> {
        let rows = self.store.drafts(self.mailbox_id).await?;
        let fine = |draft: &Result<Draft, MailboxError>| !matches!(draft, Err(MailboxError::Damaged { .. }));
        rows.into_iter().map(|row| self.opened(row, Vec::new(), Vec::new())).filter(fine).collect()
    }

    /// Saves the text.
    ///
    /// # Errors
    /// The store failed.
    pub async fn save(&self, draft: &Draft) -> Result<SavedDraft, MailboxError> {
        let sealed = self.seal(&draft.key, &draft.id, &draft.content)?;
        Ok(self.store.save_draft(self.mailbox_id, &draft.id, sealed, self.clock.now()).await?)
    }

    /// A file for a draft, `octets` long as far as known, to be written.
    ///
    /// # Errors
    /// There is no room for it.
    pub fn new_file(&self, draft: &Draft, octets: u64) -> Result<BodySealer, StoreError> {
        BodySealer::new(self.store, &draft.key, octets, self.random)
    }

    /// Adds a complete file. `false`: no room, or the draft is gone.
    ///
    /// # Errors
    /// The store failed.
    pub async fn add_file(
        &self,
        draft: &Draft,
        upload: BodySealer,
        name: String,
        content_type: String,
    ) -> Result<bool, MailboxError> {
        let facts = FileFacts { name, content_type, changed: None };
        let file = self.file_row(draft, upload, self.random.id(), &facts).await?;
        Ok(self.store.add_draft_file(file, self.quota).await?)
    }

    pub(crate) async fn file_row(
        &self,
        draft: &Draft,
        upload: BodySealer,
        id: String,
        facts: &FileFacts,
    ) -> Result<NewDraftFile, MailboxError> {
        Ok(NewDraftFile {
            facts_sealed: facts.seal(&draft.key, &id, self.random)?,
            id,
            mailbox_id: self.mailbox_id.to_owned(),
            draft_id: draft.id.clone(),
            size: upload.len(),
            body: upload.finish().await?,
            now: self.clock.now(),
        })
    }

    /// Removes a file.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn remove_file(&self, draft: &Draft, id: &str) -> Result<ThrownAway, StoreError> {
        self.store.remove_draft_file(self.mailbox_id, &draft.id, id).await
    }

    /// Discards the draft.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn discard(&self, draft: &Draft) -> Result<ThrownAway, StoreError> {
        self.store.delete_draft(self.mailbox_id, &draft.id).await
    }

    /// The letter that a draft becomes; its files are read one after the other.
    ///
    /// # Errors
    /// One of its files cannot be read.
    pub async fn letter(
        &self,
        draft: Draft,
        from: Address,
        name: Option<String>,
        to: Vec<Address>,
        cc: Vec<Address>,
    ) -> Result<WrittenLetter, MailboxError> {
        let mut files = Vec::new();
        let mut body_ids = Vec::new();
        for file in draft.files {
            files.push(self.read(&draft.key, &file).await?);
            body_ids.push(file.body_id);
        }
        Ok(WrittenLetter {
            mailbox_id: self.mailbox_id.to_owned(),
            from,
            name,
            to,
            cc,
            subject: draft.content.subject,
            text: draft.content.text,
            in_reply_to: draft.content.in_reply_to,
            references: draft.content.references,
            files,
            draft: SentDraft {
                mailbox_id: self.mailbox_id.to_owned(),
                draft_id: draft.id,
                files_version: draft.files_version,
                body_ids,
            },
            client: None,
        })
    }

    /// A file's bytes, opened piece by piece on demand.
    async fn read(&self, key: &MessageKey, file: &File) -> Result<WrittenFile, MailboxError> {
        let body = self.store.body(&file.body_id).await?;
        let body = body.ok_or(MailboxError::Incomplete("the body of a draft's file is missing"))?;
        let opener = BodyOpener::new(key, body).await?;
        let bytes = stream::try_unfold((opener, 0_u64), |(opener, index)| async move {
            let plain = opener.chunk(index).await.map_err(|error| error.to_string())?;
            Ok(plain.map(|plain| (plain, (opener, index + 1))))
        });
        Ok(WrittenFile {
            name: file.facts.name.clone(),
            content_type: file.facts.content_type.clone(),
            size: file.size,
            bytes: bytes.boxed(),
        })
    }

    fn seal(&self, key: &MessageKey, draft_id: &str, content: &Content) -> Result<Vec<u8>, MailboxError> {
        let json = Secret::new(serde_json::to_vec(content)?);
        let sealed = key.seal_part(Part::Draft(draft_id), json.expose(), self.random);
        Ok(self.auth.prove_draft(self.mailbox_id, draft_id, &sealed))
    }

    fn opened(
        &self,
        row: DraftRow,
        files: Vec<DraftFile>,
        pending: Vec<UploadRow>,
    ) -> Result<Draft, MailboxError> {
        let mailbox_id = self.mailbox_id;
        let proven = self.auth.proven_draft(mailbox_id, &row.id, &row.content_sealed).inspect_err(|error| {
            tracing::error!(row.kind = "draft", mailbox.id = mailbox_id, draft.id = %row.id, %error, "a draft is not ours");
        });
        let proven = proven.map_err(damaged)?;
        let key = self.secret.open_key(mailbox_id, &row.id, &row.key_sealed).inspect_err(|error| {
            tracing::error!(mailbox.id = mailbox_id, draft.id = %row.id, %error, "a draft cannot be opened");
        });
        let key = key.map_err(damaged)?;
        let plain = Secret::new(key.open_part(Part::Draft(&row.id), proven).map_err(damaged)?);
        let content = serde_json::from_slice(plain.expose()).map_err(damaged)?;
        let file = |file: DraftFile| {
            let facts = FileFacts::open(&key, &file.id, &file.facts_sealed)?;
            Ok(File { id: file.id, facts, size: file.size, body_id: file.body_id })
        };
        let part = |one: UploadRow| {
            let facts = FileFacts::open(&key, &one.id, &one.facts_sealed)?;
            Ok(Pending { id: one.id, facts, size: one.size, received: one.received })
        };
        let files = files.into_iter().map(file).collect::<Result<_, MailboxError>>()?;
        let pending = pending.into_iter().map(part).collect::<Result<_, MailboxError>>()?;
        let DraftRow { id, changed_at, files_version, .. } = row;
        Ok(Draft { id, changed_at, content, files, pending, files_version, key })
    }
}
