//! Restores a recipient's access after support has approved it: wraps the mailbox's key for a new link where it is
//! available, creates a new empty mailbox where it is not, and queues the mail. One transaction.

use std::time::Duration;

use sealpost_arrival::{Announcer, enqueue, owner_mail};
use sealpost_mail::{ActivateBy, Address, Random, Secret, Timestamp};
use sealpost_mailbox::audit::{Actor, Event, ReleasedLetters};
use sealpost_mailbox::{LINK_LASTS, NewOwner, NewPending, WaysIn, activation_token};
use sealpost_notice::{Notice, OldMessages};
use sealpost_store::{
    Again, LegPurpose, MailboxRow, MailboxState, NewMailbox, NewToken, Release, Released, RequestKind,
    RequestRow, Store, StoreError, Unread, WrapKind,
};
use sealpost_vault::{
    EscrowPublic, EscrowSecret, InitialPassword, Label, MailboxSecret, SupportRole,
    TokenPurpose as VaultPurpose, VaultError,
};
use thiserror::Error;

/// Why access was not restored.
#[derive(Debug, Error)]
pub enum ReleaseError {
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A sealed record cannot be opened.
    #[error("what is sealed cannot be opened with these keys")]
    Sealed(#[from] VaultError),
    /// The mailbox is deleted, or the request was already decided.
    #[error(
        "request {0} is decided already, or its mailbox is gone or changes at this moment; nothing was changed"
    )]
    NotOpen(i64),
    /// The owner has regained access in the meantime.
    #[error("the mailbox has been activated meanwhile; refuse the request, the recipient can log in")]
    Active,
    /// Support has locked it, and a release would unlock it.
    #[error(
        "the mailbox is locked, and a release would open it again: unlock it first (`sealpost mailbox unlock`) if it may be \
         opened, or refuse the request; nothing was changed"
    )]
    Locked,
    /// Its letters would be lost, and it is under a hold.
    #[error(
        "the mailbox is held, and its messages would be lost with a release: end the hold first (`sealpost mailbox hold \
         --end`), or refuse the request; nothing was changed"
    )]
    Held,
    /// The letters could be kept with a key that is not available here.
    #[error("the messages can be kept, but only with the escrow key; nothing was changed")]
    NeedsEscrowKey,
    /// The row was not written by the gateway.
    #[error("the mailbox's rows do not fit together: somebody has written into the store")]
    Forged,
    /// The notice cannot be queued.
    #[error("the mail could not be written: {0}")]
    Mail(String),
}

/// The result of a release.
pub struct LetIn {
    /// What happened to the letters.
    pub messages: OldMessages,
    /// The initial password that support must tell the recipient; `None`: a link was mailed.
    pub initial: Option<InitialPassword>,
}

/// What happens to the letters if the key to them is not available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Messages {
    /// They are kept: the release fails.
    Kept,
    /// They are given up.
    GivenUp,
}

/// The dependencies of a release.
pub struct Releasing<'a> {
    /// The store.
    pub store: &'a Store,
    /// The keys of support.
    pub keys: &'a SupportRole,
    /// The escrow key for new mailboxes; `None`: the operator has chosen no escrow.
    pub escrow: Option<EscrowPublic>,
    /// The escrow private key; `None`: not available here.
    pub escrow_key: Option<&'a EscrowSecret>,
    /// Writes notices and their sender.
    pub announcer: &'a Announcer,
    /// The gateway's name in Message-IDs.
    pub name: &'a str,
    /// What happens to unread letters that cannot be kept.
    pub unread: Unread,
    /// How long the mail is retried.
    pub give_up: Duration,
    /// The present moment.
    pub now: Timestamp,
    /// Source of randomness.
    pub random: &'a dyn Random,
}

impl Releasing<'_> {
    /// Releases a request about the mailbox with this address.
    ///
    /// # Errors
    /// See [`ReleaseError`]: then nothing was changed.
    pub async fn release(
        &self,
        request: &RequestRow,
        mailbox: &MailboxRow,
        address: Address,
        note: &str,
        messages: Messages,
    ) -> Result<LetIn, ReleaseError> {
        let &Self { store, keys, announcer, now, random, .. } = self;
        match (request.kind, mailbox.state) {
            (RequestKind::Renewal, MailboxState::Active) => return Err(ReleaseError::Active),
            (RequestKind::Renewal, MailboxState::Locked) => return Err(ReleaseError::Locked),
            (RequestKind::Access, MailboxState::Locked) => return Err(ReleaseError::Locked),
            (_, MailboxState::Deleted) => return Err(ReleaseError::NotOpen(request.number)),
            (RequestKind::Renewal, MailboxState::Pending)
            | (RequestKind::Access, MailboxState::Pending | MailboxState::Active) => {}
        }
        let (token, hash) = keys.way_in.tokens.issue(VaultPurpose::Activation, random);
        let activate_by = announcer.activate_by;
        let initial = match activate_by {
            ActivateBy::Link => None,
            ActivateBy::InitialPassword => Some(InitialPassword::generate(random)),
        };
        // The link is as valid as any other. An initial password is told by telephone or letter, which takes days.
        let retention = &announcer.retention;
        let expires = if initial.is_some() { retention.link(now) } else { now.plus(LINK_LASTS) };
        let new_token = activation_token(hash, now, expires);
        // With an initial password a link is created, too, and stored without being mailed (decision 0013).
        let ways = WaysIn { rows: &keys.queue.rows, pepper: &keys.way_in.pepper, token: &token };
        let secret = self.secret_of(mailbox, messages).await?;
        let old = if secret.is_some() { OldMessages::Kept } else { OldMessages::Lost };
        if old == OldMessages::Lost && mailbox.held_since.is_some() {
            return Err(ReleaseError::Held);
        }
        let again = match secret {
            Some(secret) => Again::Kept {
                wraps: ways.wraps_with(initial.as_ref(), &mailbox.id, &secret, random)?,
                token: new_token,
            },
            None => Again::Lost {
                new: Box::new(self.empty(mailbox, &address, (&ways, initial.as_ref()), new_token)?),
                unread: self.unread,
            },
        };
        let link = match &initial {
            Some(_) => announcer.public_url.clone(),
            None => announcer.activation_link(&token).expose().clone(),
        };
        let notice = Notice::Reactivation {
            link: Secret::new(link),
            expires,
            days: retention.days(now, expires),
            messages: old,
            by: activate_by,
        };
        let message_id = format!("{}@{}", random.id(), self.name);
        let draft = owner_mail::draft(announcer, notice, &mailbox.language, address, message_id, None, now)
            .map_err(ReleaseError::Mail)?;
        let queue = enqueue::Queue { spool: &keys.queue.spool, random, give_up: self.give_up };
        let leg = enqueue::leg(&queue, draft, None, LegPurpose::Notice, &random.id())
            .map_err(|error| ReleaseError::Mail(error.to_string()))?;
        let actor = Actor::of_command();
        // A new mailbox replaces the old one: the audit trail records the creation of each.
        let made = match &again {
            Again::Kept { .. } => None,
            Again::Lost { new, unread: _ } => {
                Some(Event::MailboxCreated { mailbox: &new.id }.row(now, &actor, None))
            }
        };
        let release = Release {
            number: request.number,
            mailbox_id: mailbox.id.clone(),
            now,
            decision_sealed: seal_note(keys, &mailbox.id, note, random),
            again,
            letters_until: announcer.retention.link(now),
            leg,
        };
        let released = Event::RequestReleased {
            mailbox: &mailbox.id,
            number: request.number,
            letters: match (old, mailbox.state) {
                (OldMessages::Lost, _) => ReleasedLetters::Lost,
                (OldMessages::Kept, MailboxState::Pending) => ReleasedLetters::KeptByLink,
                (OldMessages::Kept, MailboxState::Active | MailboxState::Locked | MailboxState::Deleted) => {
                    ReleasedLetters::KeptByEscrow
                }
            },
        };
        let rows: Vec<_> = made.into_iter().chain([released.row(now, &actor, None)]).collect();
        let noting = store.audited(rows);
        match noting.release_request(release).await? {
            Released::Done => Ok(LetIn { messages: old, initial }),
            Released::NotOpen => Err(ReleaseError::NotOpen(request.number)),
        }
    }

    /// Whether a release would keep the letters, as far as this can be determined without the escrow private key.
    ///
    /// # Errors
    /// The store failed.
    pub async fn could_keep(
        store: &Store,
        escrow: Option<&EscrowPublic>,
        mailbox: &MailboxRow,
    ) -> Result<bool, StoreError> {
        let by_escrow = match escrow {
            Some(_) => store.wrap(&mailbox.id, WrapKind::Escrow).await?.is_some(),
            None => false,
        };
        Ok(by_escrow || store.kept_link(&mailbox.id).await?.is_some())
    }

    /// The mailbox's secret: by escrow if the operator has chosen it and the key is available; by the stored link while
    /// there is no password.
    async fn secret_of(
        &self,
        mailbox: &MailboxRow,
        messages: Messages,
    ) -> Result<Option<MailboxSecret>, ReleaseError> {
        let (store, keys) = (self.store, self.keys);
        let by_escrow = match self.escrow {
            Some(_) => store.wrap(&mailbox.id, WrapKind::Escrow).await?,
            None => None,
        };
        if let (Some(wrap), Some(escrow)) = (&by_escrow, self.escrow_key) {
            let opened = MailboxSecret::unwrap_escrow(wrap, &mailbox.id, escrow)?;
            return its_own(mailbox, opened).map(Some);
        }
        // Only a missing link means that the letters are lost; one that cannot be opened is an error.
        let Some((link, wrap)) = store.kept_link(&mailbox.id).await? else {
            return match (by_escrow, messages) {
                // They could be kept, and are only given up explicitly.
                (Some(_), Messages::Kept) => Err(ReleaseError::NeedsEscrowKey),
                (Some(_), Messages::GivenUp) | (None, _) => Ok(None),
            };
        };
        let (rows, pepper) = (&keys.queue.rows, &keys.way_in.pepper);
        let (_link, secret) = MailboxSecret::unwrap_kept(&link, &wrap, &mailbox.id, rows, pepper)?;
        its_own(mailbox, secret).map(Some)
    }

    /// A new mailbox for the same address, with a key of its own.
    fn empty(
        &self,
        old: &MailboxRow,
        address: &Address,
        (ways, initial): (&WaysIn<'_>, Option<&InitialPassword>),
        new_token: NewToken,
    ) -> Result<NewMailbox, VaultError> {
        let (keys, random) = (self.keys, self.random);
        let new = NewPending::with(ways, initial, self.escrow.as_ref(), random)?;
        let owner = NewOwner { tag: old.tag, address: &address.to_path(), language: old.language.clone() };
        Ok(new.row(&keys.queue.rows, owner, new_token, self.now, random))
    }
}

/// Seals support's note, for the request's row.
#[must_use]
pub fn seal_note(keys: &SupportRole, mailbox_id: &str, note: &str, random: &dyn Random) -> Vec<u8> {
    keys.queue.rows.seal(Label::RequestDecision, mailbox_id, note.trim().as_bytes(), random)
}

/// Anybody can seal to the escrow key: checks that the secret is this mailbox's own.
fn its_own(mailbox: &MailboxRow, opened: MailboxSecret) -> Result<MailboxSecret, ReleaseError> {
    if opened.public().to_bytes() == mailbox.public_key {
        return Ok(opened);
    }
    tracing::error!(row.kind = "wrap", mailbox.id = %mailbox.id, "a row opens another key and was refused");
    Err(ReleaseError::Forged)
}
