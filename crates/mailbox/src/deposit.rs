//! Turns a letter into the row of one mailbox, and reads back what the list shows of it. The listing is sealed under
//! the message's own key: a second key exchange for it would cost as much as the rest of the deposit together.

use sealpost_mail::{Random, Secret, Summary, Timestamp};
use sealpost_store::{DepositRow, Folder, NewDeposit, Rewrapped};
use sealpost_vault::{DepositAuth, KeySeal, MailboxPublic, MailboxSecret, MessageKey, Part, VaultError};

use crate::{Going, MailboxError};

/// A letter for one mailbox; its body is already sealed.
#[derive(Clone, Copy, Debug)]
pub struct NewLetter<'a> {
    /// The id of the mailbox.
    pub mailbox_id: &'a str,
    /// The mailbox's proven public key.
    pub public: &'a MailboxPublic,
    /// Fresh id of the deposit.
    pub deposit_id: &'a str,
    /// Id of the sealed body, shared with other deposits and legs.
    pub body_id: &'a str,
    /// The key of body, head and listing.
    pub key: &'a MessageKey,
    /// The folder it is deposited in.
    pub folder: Folder,
    /// The head of this copy.
    pub head: &'a [u8],
    /// What the list shows.
    pub listing: &'a Summary,
    /// Size of the whole letter in bytes.
    pub size: u64,
    /// When it arrived.
    pub received_at: Timestamp,
    /// When it expires.
    pub going: Going,
}

impl NewLetter<'_> {
    /// The row. Replies to it are recognised by `thread_tags`.
    ///
    /// # Errors
    /// The public key cannot be sealed to.
    pub fn row(
        &self,
        deposits: &DepositAuth,
        thread_tags: Vec<[u8; 32]>,
        random: &dyn Random,
    ) -> Result<NewDeposit, MailboxError> {
        let id = self.deposit_id;
        let json = Secret::new(serde_json::to_vec(self.listing)?);
        let listing = self.key.seal_part(Part::Listing(id), json.expose(), random);
        Ok(NewDeposit {
            id: id.to_owned(),
            mailbox_id: self.mailbox_id.to_owned(),
            body_id: self.body_id.to_owned(),
            folder: self.folder,
            key_sealed: self.public.seal_key(self.mailbox_id, id, self.key, random)?,
            sealed_to: self.public.to_bytes(),
            head_sealed: self.key.seal_part(Part::Head(id), self.head, random),
            listing_sealed: deposits.prove(self.mailbox_id, id, &listing),
            size: i64::try_from(self.size).unwrap_or(i64::MAX),
            received_at: self.received_at,
            expires_at: self.going.at,
            requested_until: self.going.requested,
            thread_tags,
        })
    }
}

/// The head of the letter in this mailbox's row. Copies for several recipients share a key, and each has its own head.
///
/// # Errors
/// The head belongs to another copy, or is damaged.
pub fn open_head(key: &MessageKey, deposit_id: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
    // Heads from former versions have no id in their label; the key of a current letter opens none of them.
    key.open_part(Part::Head(deposit_id), sealed)
        .or_else(|error| key.open_part(Part::FormerHead, sealed).map_err(|_former| error))
}

/// What the list shows of a letter that we deposited.
///
/// # Errors
/// The row is not ours, or belongs to another mailbox or letter.
pub fn proven_listing(auth: &DepositAuth, key: &MessageKey, row: &DepositRow) -> Result<Vec<u8>, VaultError> {
    let listing = auth.proven(&row.mailbox_id, &row.id, &row.listing_sealed)?;
    key.open_part(Part::Listing(&row.id), listing)
}

/// The same with the mailbox's secret key. `None`, and a line in the log, if it cannot be opened.
#[must_use]
pub fn listing(
    auth: &DepositAuth,
    mailbox_id: &str,
    secret: &MailboxSecret,
    row: &DepositRow,
) -> Option<Summary> {
    opened(auth, mailbox_id, secret, row)?.summary
}

/// An opened row of a list.
#[derive(Debug)]
pub struct OpenedLine {
    /// What the list shows; `None` if it cannot be read.
    pub summary: Option<Summary>,
    /// The letter's key.
    pub key: MessageKey,
}

/// [`listing`] with the letter's key.
#[must_use]
pub fn opened(
    auth: &DepositAuth,
    mailbox_id: &str,
    secret: &MailboxSecret,
    row: &DepositRow,
) -> Option<OpenedLine> {
    let key = secret.open_key(mailbox_id, &row.id, &row.key_sealed);
    let listed = key.and_then(|key| Ok((proven_listing(auth, &key, row)?, key)));
    let listed = listed.inspect_err(|error| {
        tracing::error!(
            row.kind = "deposit", mailbox.id = %row.mailbox_id, deposit.id = %row.id, %error,
            "a letter in this mailbox is not one that was deposited here"
        );
    });
    let (listed, key) = listed.ok()?;
    Some(OpenedLine { summary: serde_json::from_slice(&listed).ok(), key })
}

/// The letter's key wrapped for its owner, unless it already is. For a row that was opened: what is not ours is left
/// alone.
#[must_use]
pub fn rewrapped(
    secret: &MailboxSecret,
    row: &DepositRow,
    key: &MessageKey,
    random: &dyn Random,
) -> Option<Rewrapped> {
    match KeySeal::of(&row.key_sealed) {
        KeySeal::Wrapped => None,
        KeySeal::Exchanged => Some(Rewrapped {
            id: row.id.clone(),
            old: row.key_sealed.clone(),
            new: secret.wrap_key(&row.mailbox_id, &row.id, key, random),
        }),
    }
}
