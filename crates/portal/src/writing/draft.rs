//! An owner's drafts for request handlers: the session identifies the owner, the disk and this process's
//! limits decide when. What a draft is and what may be done with it is in `sealpost_mailbox::Drafts`.

use sealpost_mail::Address;
use sealpost_mailbox::{
    Announcement, BodySealer, Content, Draft, Drafts, FileFacts, MailboxError, Piece, Progress, Sent, Stage,
    WrittenLetter,
};
use sealpost_store::{SavedDraft, ThrownAway};
use sealpost_vault::MailboxSecret;

use crate::access::session::SignedIn;
use crate::problem::Problem;
use crate::state::Site;

/// The drafts of a mailbox whose secret key is available.
fn drafts<'a>(site: &'a Site, mailbox_id: &'a str, secret: &'a MailboxSecret) -> Drafts<'a> {
    Drafts {
        store: &site.store,
        auth: &site.keys.sessions,
        mailbox_id,
        secret,
        quota: site.config.write.quota(),
        random: site.random.as_ref(),
        clock: site.clock.as_ref(),
    }
}

fn lost(error: impl Into<MailboxError>) -> Problem {
    match error.into() {
        error @ MailboxError::Damaged { .. } => Problem::Damaged(error.to_string()),
        error @ (MailboxError::Store(_)
        | MailboxError::Vault(_)
        | MailboxError::Incomplete(_)
        | MailboxError::Record(_)) => Problem::fault("keeping a draft", error),
    }
}

/// One draft of a mailbox whose secret key is available.
pub(crate) async fn find(
    site: &Site,
    mailbox_id: &str,
    secret: &MailboxSecret,
    id: &str,
) -> Result<Draft, Problem> {
    drafts(site, mailbox_id, secret).find(id).await.map_err(lost)?.ok_or(Problem::NotFound)
}

/// Saves the text.
pub(crate) async fn save(
    site: &Site,
    mailbox_id: &str,
    secret: &MailboxSecret,
    draft: &Draft,
) -> Result<SavedDraft, Problem> {
    drafts(site, mailbox_id, secret).save(draft).await.map_err(lost)
}

/// Adds bytes to an upload.
pub(crate) async fn push(upload: &mut BodySealer, bytes: &[u8]) -> Result<(), Problem> {
    upload.push(bytes).await.map_err(lost)
}

impl SignedIn {
    fn drafts_of<'a>(&'a self, site: &'a Site) -> Drafts<'a> {
        drafts(site, self.mailbox_id(), self.secret())
    }

    /// Begins a draft. `None`: there are too many already.
    pub(crate) async fn begin_draft(&self, site: &Site, content: Content) -> Result<Option<Draft>, Problem> {
        self.drafts_of(site).begin(content).await.map_err(lost)
    }

    /// One draft of this mailbox. Another mailbox's draft, and one that is gone, look the same.
    pub(crate) async fn draft(&self, site: &Site, id: &str) -> Result<Draft, Problem> {
        find(site, self.mailbox_id(), self.secret(), id).await
    }

    /// All drafts, without their files.
    pub(crate) async fn drafts(&self, site: &Site) -> Result<Vec<Draft>, Problem> {
        self.drafts_of(site).all().await.map_err(lost)
    }

    /// Saves the text.
    pub(crate) async fn save_draft(&self, site: &Site, draft: &Draft) -> Result<SavedDraft, Problem> {
        self.drafts_of(site).save(draft).await.map_err(lost)
    }

    /// A file for a draft, `octets` long as far as known.
    pub(crate) fn new_file(&self, site: &Site, draft: &Draft, octets: u64) -> Result<BodySealer, Problem> {
        self.drafts_of(site).new_file(draft, octets).map_err(lost)
    }

    /// Adds a complete file. `false`: no room, or the draft is gone.
    pub(crate) async fn add_file(
        &self,
        site: &Site,
        draft: &Draft,
        upload: BodySealer,
        name: String,
        content_type: String,
    ) -> Result<bool, Problem> {
        site.room_on_disk(0)?;
        self.drafts_of(site).add_file(draft, upload, name, content_type).await.map_err(lost)
    }

    /// Removes a file.
    pub(crate) async fn remove_file(
        &self,
        site: &Site,
        draft: &Draft,
        id: &str,
    ) -> Result<ThrownAway, Problem> {
        self.drafts_of(site).remove_file(draft, id).await.map_err(lost)
    }

    /// Discards the draft.
    pub(crate) async fn discard(&self, site: &Site, draft: &Draft) -> Result<ThrownAway, Problem> {
        self.drafts_of(site).discard(draft).await.map_err(lost)
    }

    /// Submits the letter. One that has been sent meanwhile is not sent again.
    pub(crate) async fn send(
        &self,
        site: &Site,
        draft: Draft,
        to: Vec<Address>,
        cc: Vec<Address>,
    ) -> Result<Sent, Problem> {
        if !draft.files.is_empty() {
            // The letter is composed anew from its files.
            site.room_on_disk(draft.files.iter().map(|file| file.size).fold(0, u64::saturating_add))?;
        }
        let from =
            Address::parse(self.address()).map_err(|error| Problem::fault("an owner's address", error))?;
        let name = self.profile().name.clone();
        let letter = self.drafts_of(site).letter(draft, from, name, to, cc).await.map_err(lost)?;
        let letter = WrittenLetter { client: Some(self.client().address()), ..letter };
        site.outbox.send(letter).await.map_err(|error| Problem::fault("sending a letter", error))
    }

    /// Announces a file, or finds how much of it has been uploaded. `None`: there is no room.
    pub(crate) async fn announce(
        &self,
        site: &Site,
        draft: &Draft,
        facts: &FileFacts,
        size: u64,
    ) -> Result<Option<Progress>, Problem> {
        match self.drafts_of(site).announce(draft, facts, size).await.map_err(lost)? {
            Announcement::Known(progress) => self.assembled(site, draft, progress).await.map(Some),
            Announcement::NoRoom => Ok(None),
            Announcement::DiskLow => Err(Problem::Busy("the disk is almost full")),
        }
    }

    /// How much of a file has been uploaded.
    pub(crate) async fn progress(&self, site: &Site, draft: &Draft, id: &str) -> Result<Progress, Problem> {
        let progress = draft.progress(id).ok_or(Problem::NotFound)?;
        self.assembled(site, draft, progress).await
    }

    /// Assembles a file when all pieces are there.
    async fn assembled(&self, site: &Site, draft: &Draft, progress: Progress) -> Result<Progress, Problem> {
        match progress.stage {
            Stage::Coming | Stage::Whole => return Ok(progress),
            Stage::Here => {}
        }
        // Read only when it has its turn: a caller that asked for the same a moment later then finds it done.
        let _turn = site.assembling().await?;
        let whole = self.drafts_of(site).assemble(draft, &progress.id).await.map_err(lost)?;
        Ok(if whole { Progress { stage: Stage::Whole, ..progress } } else { progress })
    }

    /// A piece of an upload.
    pub(crate) fn new_piece(&self, site: &Site, octets: u64) -> Result<Piece, Problem> {
        self.drafts_of(site).new_piece(octets).map_err(lost)
    }

    /// Stores a complete piece. `false`: it is no longer the next one.
    pub(crate) async fn keep_piece(
        &self,
        site: &Site,
        draft: &Draft,
        upload_id: &str,
        place: u64,
        piece: Piece,
    ) -> Result<bool, Problem> {
        self.drafts_of(site).keep_piece(draft, upload_id, place, piece).await.map_err(lost)
    }

    /// Removes an unfinished upload.
    pub(crate) async fn give_up(&self, site: &Site, draft: &Draft, id: &str) -> Result<ThrownAway, Problem> {
        self.drafts_of(site).give_up(draft, id).await.map_err(lost)
    }
}
