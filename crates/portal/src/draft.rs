//! What an owner is writing: text and files, sealed to the mailbox while they come. Knows no page.

use actix_web::web::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use sealpost_mail::{Address, Timestamp};
use sealpost_store::{BodyWriter, DraftFile, DraftRow, NewDraft, NewDraftFile, SentDraft};
use sealpost_vault::{MessageKey, StreamSealer};
use serde::{Deserialize, Serialize};

use crate::mailbox::{chunk, is_id, opener};
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::site::Site;
use crate::writing::{MOST_FILES, Sent, WrittenFile, WrittenLetter};

/// What is typed, as it is typed.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) to: String,
    pub(crate) cc: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    /// The thread it stands in.
    #[serde(default)]
    pub(crate) in_reply_to: Option<String>,
    #[serde(default)]
    pub(crate) references: Vec<String>,
}

/// A file of a draft, opened as far as its name.
pub(crate) struct File {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) size: u64,
    body_id: String,
}

#[derive(Serialize, Deserialize)]
struct Facts {
    name: String,
    content_type: String,
}

/// A draft, opened.
pub(crate) struct Draft {
    pub(crate) id: String,
    pub(crate) changed_at: Timestamp,
    pub(crate) content: Content,
    pub(crate) files: Vec<File>,
    files_version: i64,
    key: MessageKey,
}

impl Draft {
    /// Bytes of all files together.
    pub(crate) fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }
}

fn lost(error: impl std::fmt::Display) -> Problem {
    Problem::fault("keeping a draft", error)
}

fn label(draft_id: &str) -> String {
    format!("draft:{draft_id}")
}

fn seal(site: &Site, key: &MessageKey, draft_id: &str, content: &Content) -> Result<Vec<u8>, Problem> {
    let json = sealpost_mail::Secret::new(serde_json::to_vec(content).map_err(lost)?);
    Ok(key.seal_part(&label(draft_id), json.expose(), site.random.as_ref()))
}

impl SignedIn {
    /// Begins a draft. Nothing: there are too many already.
    pub(crate) async fn begin_draft(&self, site: &Site, content: Content) -> Result<Option<Draft>, Problem> {
        let (id, key) = (site.random.id(), MessageKey::generate(site.random.as_ref()));
        let public = self.secret().public();
        let new = NewDraft {
            id: id.clone(),
            mailbox_id: self.mailbox_id().to_owned(),
            now: site.now(),
            key_sealed: public.seal_key(self.mailbox_id(), &id, &key, site.random.as_ref()),
            content_sealed: seal(site, &key, &id, &content)?,
        };
        let begun = site.store.add_draft(new).await.map_err(lost)?;
        let changed_at = site.now();
        Ok(begun.then_some(Draft { id, changed_at, content, files: Vec::new(), files_version: 0, key }))
    }

    /// One draft of this mailbox. Someone else's, and one that is gone, look the same.
    pub(crate) async fn draft(&self, site: &Site, id: &str) -> Result<Draft, Problem> {
        if !is_id(id) {
            return Err(Problem::NotFound);
        }
        let found = site.store.draft(self.mailbox_id(), id).await.map_err(lost)?;
        let (row, files) = found.ok_or(Problem::NotFound)?;
        self.opened(row, files)
    }

    /// All drafts, without their files.
    pub(crate) async fn drafts(&self, site: &Site) -> Result<Vec<Draft>, Problem> {
        let rows = site.store.drafts(self.mailbox_id()).await.map_err(lost)?;
        rows.into_iter().map(|row| self.opened(row, Vec::new())).collect()
    }

    fn opened(&self, row: DraftRow, files: Vec<DraftFile>) -> Result<Draft, Problem> {
        let key = self.secret().open_key(self.mailbox_id(), &row.id, &row.key_sealed).map_err(lost)?;
        let plain = key.open_part(&label(&row.id), &row.content_sealed).map_err(lost)?;
        let content = serde_json::from_slice(&plain).map_err(lost)?;
        let file = |file: DraftFile| {
            let plain = key.open_part(&label(&file.id), &file.facts_sealed).map_err(lost)?;
            let Facts { name, content_type } = serde_json::from_slice(&plain).map_err(lost)?;
            Ok(File { id: file.id, name, content_type, size: file.size, body_id: file.body_id })
        };
        let files = files.into_iter().map(file).collect::<Result<_, Problem>>()?;
        let DraftRow { id, changed_at, files_version, .. } = row;
        Ok(Draft { id, changed_at, content, files, files_version, key })
    }

    /// Keeps what is typed. `false`: the draft is gone.
    pub(crate) async fn save_draft(&self, site: &Site, draft: &Draft) -> Result<bool, Problem> {
        let sealed = seal(site, &draft.key, &draft.id, &draft.content)?;
        site.store.save_draft(self.mailbox_id(), &draft.id, sealed, site.now()).await.map_err(lost)
    }

    /// Adds a file that has come whole. `false`: no room, or the draft is gone.
    pub(crate) async fn add_file(
        &self,
        site: &Site,
        draft: &Draft,
        upload: Upload,
        name: String,
        content_type: String,
    ) -> Result<bool, Problem> {
        let Upload { sealer, mut writer, mut out, size } = upload;
        sealer.finish(&mut out);
        writer.push(&out).await.map_err(lost)?;
        let id = site.random.id();
        let json = serde_json::to_vec(&Facts { name, content_type }).map_err(lost)?;
        let file = NewDraftFile {
            facts_sealed: draft.key.seal_part(&label(&id), &json, site.random.as_ref()),
            id,
            mailbox_id: self.mailbox_id().to_owned(),
            draft_id: draft.id.clone(),
            body: writer.finish().await.map_err(lost)?,
            size,
            now: site.now(),
            most_bytes: site.config.write.max_size,
            most_files: MOST_FILES,
        };
        site.store.add_draft_file(file).await.map_err(lost)
    }

    /// Takes a file away.
    pub(crate) async fn remove_file(&self, site: &Site, draft: &Draft, id: &str) -> Result<(), Problem> {
        site.store.remove_draft_file(self.mailbox_id(), &draft.id, id).await.map(drop).map_err(lost)
    }

    /// Throws the draft away.
    pub(crate) async fn discard(&self, site: &Site, draft: &Draft) -> Result<(), Problem> {
        site.store.delete_draft(self.mailbox_id(), &draft.id).await.map(drop).map_err(lost)
    }

    /// Hands the letter on. One that has been sent meanwhile is not sent again.
    pub(crate) async fn send(
        &self,
        site: &Site,
        draft: Draft,
        to: Vec<Address>,
        cc: Vec<Address>,
    ) -> Result<Sent, Problem> {
        let mut files = Vec::new();
        let mut body_ids = Vec::new();
        for file in draft.files {
            files.push(read(site, &draft.key, &file).await?);
            body_ids.push(file.body_id);
        }
        let letter = WrittenLetter {
            mailbox_id: self.mailbox_id().to_owned(),
            from: Address::parse(self.address()).map_err(lost)?,
            name: self.profile().name.clone(),
            to,
            cc,
            subject: draft.content.subject,
            text: draft.content.text,
            in_reply_to: draft.content.in_reply_to,
            references: draft.content.references,
            files,
            draft: SentDraft {
                mailbox_id: self.mailbox_id().to_owned(),
                draft_id: draft.id,
                files_version: draft.files_version,
                body_ids,
            },
        };
        site.outbox.send(letter).await.map_err(|error| Problem::fault("sending a letter", error))
    }
}

/// A file's bytes, opened piece by piece while somebody asks for them.
async fn read(site: &Site, key: &MessageKey, file: &File) -> Result<WrittenFile, Problem> {
    let body = site.store.body(&file.body_id).await.map_err(lost)?;
    let body = body.ok_or_else(|| lost("a file's body is missing"))?;
    let opener = opener(key, &body).await?;
    let bytes = stream::try_unfold((opener, body, 0_u64), |(opener, body, index)| async move {
        let Some((sealed, last)) = chunk(&body, index).await.map_err(|error| error.to_string())? else {
            return Ok(None);
        };
        let mut plain = Vec::with_capacity(sealed.len());
        opener.open_chunk(index, last, &sealed, &mut plain).map_err(|error| error.to_string())?;
        Ok(Some((Bytes::from(plain), (opener, body, index + 1))))
    });
    Ok(WrittenFile {
        name: file.name.clone(),
        content_type: file.content_type.clone(),
        size: file.size,
        bytes: bytes.boxed(),
    })
}

/// A file on its way in: sealed as it comes, never on disk in clear, one chunk in memory.
pub(crate) struct Upload {
    sealer: StreamSealer,
    writer: BodyWriter,
    out: Vec<u8>,
    pub(crate) size: u64,
}

impl Upload {
    pub(crate) fn new(site: &Site, draft: &Draft) -> Self {
        Self {
            sealer: StreamSealer::new(&draft.key, site.random.as_ref()),
            writer: site.store.body_writer(site.random.id()),
            out: Vec::new(),
            size: 0,
        }
    }

    pub(crate) async fn push(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.size = self.size.saturating_add(bytes.len() as u64);
        self.sealer.push(bytes, &mut self.out);
        if !self.out.is_empty() {
            self.writer.push(&self.out).await.map_err(lost)?;
            self.out.clear();
        }
        Ok(())
    }
}
