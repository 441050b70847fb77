//! What an owner is writing: text and files, sealed to the mailbox while they come. Knows no page.

use futures_util::StreamExt as _;
use futures_util::stream;
use sealpost_mail::{Address, Secret, Timestamp};
use sealpost_mailbox::{BodyOpener, BodySealer};
use sealpost_mailbox::{Sent, WrittenFile, WrittenLetter};
use sealpost_store::{DraftFile, DraftRow, NewDraft, NewDraftFile, SentDraft, UploadRow};
use sealpost_vault::{MailboxSecret, MessageKey, Part, SessionAuth};
use serde::{Deserialize, Serialize};

use crate::access::session::SignedIn;
use crate::mailbox::is_id;
use crate::problem::Problem;
use crate::state::Site;
use crate::writing::reply::MAX_SUBJECT;

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
    /// Where it was begun, in one of the words of [`crate::writing::return_to::Came`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) came_from: String,
}

impl Content {
    /// Takes what was typed; what was not sent stays.
    pub(crate) fn type_in(
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

/// Characters of a list of recipients.
const MAX_LIST: usize = 4000;

/// A file of a draft, opened as far as its name.
pub(crate) struct File {
    pub(crate) id: String,
    pub(crate) facts: Facts,
    pub(crate) size: u64,
    body_id: String,
}

/// A file that has not come whole.
pub(crate) struct Pending {
    pub(crate) id: String,
    pub(crate) facts: Facts,
    pub(crate) size: u64,
    pub(crate) received: u64,
}

/// What tells a file from another one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(crate) name: String,
    pub(crate) content_type: String,
    /// When it was last changed on its owner's computer, where the script says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) changed: Option<i64>,
}

impl Facts {
    pub(crate) fn seal(&self, site: &Site, draft: &Draft, id: &str) -> Result<Vec<u8>, Problem> {
        let json = Secret::new(serde_json::to_vec(self).map_err(lost)?);
        Ok(draft.key.seal_part(Part::Draft(id), json.expose(), site.random.as_ref()))
    }

    pub(crate) fn open(key: &MessageKey, id: &str, sealed: &[u8]) -> Result<Self, Problem> {
        let plain = Secret::new(key.open_part(Part::Draft(id), sealed).map_err(damaged)?);
        serde_json::from_slice(plain.expose()).map_err(damaged)
    }
}

/// A draft, opened.
pub(crate) struct Draft {
    pub(crate) id: String,
    pub(crate) changed_at: Timestamp,
    pub(crate) content: Content,
    pub(crate) files: Vec<File>,
    /// Files that have not come whole.
    pub(crate) pending: Vec<Pending>,
    files_version: i64,
    key: MessageKey,
}

impl Draft {
    /// Bytes of all files together; those on their way have their room already.
    pub(crate) fn size(&self) -> u64 {
        let there: u64 = self.files.iter().map(|file| file.size).sum();
        there + self.pending.iter().map(|one| one.size).sum::<u64>()
    }

    /// How many files there are, or will be.
    pub(crate) fn file_count(&self) -> usize {
        self.files.len() + self.pending.len()
    }

    pub(crate) fn key(&self) -> &MessageKey {
        &self.key
    }
}

/// A body of something new, `octets` long as far as is known.
pub(crate) fn new_body(site: &Site, key: &MessageKey, octets: u64) -> Result<BodySealer, Problem> {
    BodySealer::new(&site.store, key, octets, site.random.as_ref()).map_err(lost)
}

pub(crate) fn lost(error: impl std::error::Error + 'static) -> Problem {
    Problem::fault("keeping a draft", error)
}

/// What is kept of a draft does not fit together.
pub(crate) fn broken(what: &str) -> Problem {
    Problem::Fault(format!("keeping a draft: {what}"))
}

fn damaged(error: impl std::fmt::Display) -> Problem {
    Problem::Damaged(format!("draft: {error}"))
}

fn seal(
    site: &Site,
    mailbox_id: &str,
    key: &MessageKey,
    draft_id: &str,
    content: &Content,
) -> Result<Vec<u8>, Problem> {
    let json = Secret::new(serde_json::to_vec(content).map_err(lost)?);
    let sealed = key.seal_part(Part::Draft(draft_id), json.expose(), site.random.as_ref());
    Ok(site.keys.sessions.prove_draft(mailbox_id, draft_id, &sealed))
}

/// One draft of a mailbox whose secret is at hand.
pub(crate) async fn find(
    site: &Site,
    mailbox_id: &str,
    secret: &MailboxSecret,
    id: &str,
) -> Result<Draft, Problem> {
    if !is_id(id) {
        return Err(Problem::NotFound);
    }
    let found = site.store.draft(mailbox_id, id).await.map_err(lost)?;
    let (row, files) = found.ok_or(Problem::NotFound)?;
    // Asked after the draft: what changes in between has changed the draft's version, too.
    let pending = site.store.uploads(mailbox_id, id).await.map_err(lost)?;
    opened(&site.keys.sessions, mailbox_id, secret, row, files, pending)
}

/// Keeps what is typed. `false`: the draft is gone.
pub(crate) async fn save(site: &Site, mailbox_id: &str, draft: &Draft) -> Result<bool, Problem> {
    let sealed = seal(site, mailbox_id, &draft.key, &draft.id, &draft.content)?;
    site.store.save_draft(mailbox_id, &draft.id, sealed, site.now()).await.map_err(lost)
}

fn opened(
    auth: &SessionAuth,
    mailbox_id: &str,
    secret: &MailboxSecret,
    row: DraftRow,
    files: Vec<DraftFile>,
    pending: Vec<UploadRow>,
) -> Result<Draft, Problem> {
    let proven = auth.proven_draft(mailbox_id, &row.id, &row.content_sealed).inspect_err(|error| {
        tracing::error!(row.kind = "draft", mailbox.id = mailbox_id, draft.id = %row.id, %error, "a draft is not ours");
    });
    let proven = proven.map_err(damaged)?;
    let key = secret.open_key(mailbox_id, &row.id, &row.key_sealed).inspect_err(|error| {
        tracing::error!(mailbox.id = mailbox_id, draft.id = %row.id, %error, "a draft cannot be opened");
    });
    let key = key.map_err(damaged)?;
    let plain = key.open_part(Part::Draft(&row.id), proven).map_err(damaged)?;
    let plain = Secret::new(plain);
    let content = serde_json::from_slice(plain.expose()).map_err(damaged)?;
    let file = |file: DraftFile| {
        let facts = Facts::open(&key, &file.id, &file.facts_sealed)?;
        Ok(File { id: file.id, facts, size: file.size, body_id: file.body_id })
    };
    let part = |one: UploadRow| {
        let facts = Facts::open(&key, &one.id, &one.facts_sealed)?;
        Ok(Pending { id: one.id, facts, size: one.size, received: one.received })
    };
    let files = files.into_iter().map(file).collect::<Result<_, Problem>>()?;
    let pending = pending.into_iter().map(part).collect::<Result<_, Problem>>()?;
    let DraftRow { id, changed_at, files_version, .. } = row;
    Ok(Draft { id, changed_at, content, files, pending, files_version, key })
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
            key_sealed: public.seal_key(self.mailbox_id(), &id, &key, site.random.as_ref()).map_err(lost)?,
            sealed_to: public.to_bytes(),
            content_sealed: seal(site, self.mailbox_id(), &key, &id, &content)?,
        };
        let begun = site.store.add_draft(new).await.map_err(lost)?;
        let changed_at = site.now();
        let (files, pending) = (Vec::new(), Vec::new());
        Ok(begun.then_some(Draft { id, changed_at, content, files, pending, files_version: 0, key }))
    }

    /// One draft of this mailbox. Someone else's, and one that is gone, look the same.
    pub(crate) async fn draft(&self, site: &Site, id: &str) -> Result<Draft, Problem> {
        find(site, self.mailbox_id(), self.secret(), id).await
    }

    /// All drafts, without their files.
    pub(crate) async fn drafts(&self, site: &Site) -> Result<Vec<Draft>, Problem> {
        let rows = site.store.drafts(self.mailbox_id()).await.map_err(lost)?;
        let auth = &site.keys.sessions;
        let open = |row| opened(auth, self.mailbox_id(), self.secret(), row, Vec::new(), Vec::new());
        // One that is not ours shall not hide the others.
        let fine = |draft: &Result<Draft, Problem>| !matches!(draft, Err(Problem::Damaged(_)));
        rows.into_iter().map(open).filter(fine).collect()
    }

    /// Keeps what is typed. `false`: the draft is gone.
    pub(crate) async fn save_draft(&self, site: &Site, draft: &Draft) -> Result<bool, Problem> {
        save(site, self.mailbox_id(), draft).await
    }

    /// Adds a file that has come whole. `false`: no room, or the draft is gone.
    pub(crate) async fn add_file(
        &self,
        site: &Site,
        draft: &Draft,
        upload: BodySealer,
        name: String,
        content_type: String,
    ) -> Result<bool, Problem> {
        site.room_on_disk(0)?;
        let facts = Facts { name, content_type, changed: None };
        let file = self.new_file(site, draft, upload, site.random.id(), &facts).await?;
        site.store.add_draft_file(file, site.config.write.room()).await.map_err(lost)
    }

    pub(crate) async fn new_file(
        &self,
        site: &Site,
        draft: &Draft,
        upload: BodySealer,
        id: String,
        facts: &Facts,
    ) -> Result<NewDraftFile, Problem> {
        Ok(NewDraftFile {
            facts_sealed: facts.seal(site, draft, &id)?,
            id,
            mailbox_id: self.mailbox_id().to_owned(),
            draft_id: draft.id.clone(),
            size: upload.len(),
            body: upload.finish().await.map_err(lost)?,
            now: site.now(),
        })
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
        if !draft.files.is_empty() {
            // The letter is written anew from its files.
            site.room_on_disk(draft.files.iter().map(|file| file.size).sum())?;
        }
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
    let body = body.ok_or_else(|| broken("a file's body is missing"))?;
    let opener = BodyOpener::new(key, body).await.map_err(lost)?;
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
