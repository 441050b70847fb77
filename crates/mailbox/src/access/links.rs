//! Looks up links from mails: the token, its mailbox, and whether it is still valid. Looking one up changes
//! nothing.

use sealpost_store::{MailboxRow, MailboxState, Proof, TokenPurpose, TokenRow, WrapKind};
use sealpost_vault::{MailboxSecret, Token, TokenPurpose as VaultPurpose, Unwrapped};

use super::Access;
use crate::MailboxError;

/// A link of ours, valid or not.
pub struct KnownLink {
    /// The token in the link.
    pub token: Token,
    /// The hash by which its row is found.
    pub hash: [u8; 32],
    /// The row of the token.
    pub row: TokenRow,
}

/// What an activation link leads to.
pub enum ActivationLink {
    /// A pending mailbox.
    Good(Box<OpenedPending>),
    /// The link was used, or its mailbox is active.
    Used,
    /// A newer link has replaced it, and the mailbox is still pending.
    Superseded,
    /// The link has expired.
    Expired,
    /// Not a link of ours, or altered.
    Unknown,
}

/// A pending mailbox, opened by a client that may activate it.
pub struct OpenedPending {
    /// The id of the mailbox.
    pub mailbox_id: String,
    /// The tag by which its address is found.
    pub tag: [u8; 32],
    /// Authorises the activation.
    pub proof: Proof,
    /// Its secret key until activation.
    pub secret: MailboxSecret,
    /// Its address, opened.
    pub address: String,
    /// The language tag.
    pub language: String,
    /// The letter that the link was mailed for.
    pub deposit_id: Option<String>,
}

/// What a deletion link leads to, mailed to an owner who requested that a mailbox be deleted.
pub enum DeletionLink {
    /// A mailbox that may be deleted, with the hash of the link, which must still be valid then.
    Good(Box<MailboxRow>, [u8; 32]),
    /// A mailbox under a hold.
    Held,
    /// Expired, or invalidated by what its owner has done since.
    Expired,
    /// Not a link of ours, altered, or its mailbox is gone.
    Unknown,
}

impl Access<'_> {
    /// Finds a link's row; `None`: it is not one of ours, or is for another purpose.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn known_link(
        &self,
        purpose: TokenPurpose,
        text: &str,
    ) -> Result<Option<KnownLink>, MailboxError> {
        let hashed_for = match purpose {
            TokenPurpose::Activation => VaultPurpose::Activation,
            TokenPurpose::Reset => VaultPurpose::Reset,
            TokenPurpose::Deletion => VaultPurpose::Deletion,
        };
        let Some(token) = Token::parse(text) else { return Ok(None) };
        let hash = self.tokens.hash_of(hashed_for, &token);
        let row = self.store.token(&hash).await?;
        Ok(row.filter(|row| row.purpose == purpose).map(|row| KnownLink { token, hash, row }))
    }

    /// What an activation link's token leads to.
    ///
    /// # Errors
    /// The store did not answer, or the row is damaged.
    pub async fn activation_link(&self, text: &str) -> Result<ActivationLink, MailboxError> {
        let known = self.known_link(TokenPurpose::Activation, text).await?;
        let Some(KnownLink { token, hash, row }) = known else { return Ok(ActivationLink::Unknown) };
        let Some(mailbox) = self.store.mailbox(&row.mailbox_id).await? else {
            return Ok(ActivationLink::Unknown);
        };
        match mailbox.state {
            // There is no password yet, or no longer: what spent the link is a newer one.
            MailboxState::Pending if row.spent_at.is_some() => return Ok(ActivationLink::Superseded),
            MailboxState::Pending => {}
            MailboxState::Active | MailboxState::Locked => return Ok(ActivationLink::Used),
            MailboxState::Deleted => return Ok(ActivationLink::Expired),
        }
        if row.expires_at <= self.now_for(mailbox.held_since) {
            return Ok(ActivationLink::Expired);
        }
        let Some(wrap) = self.store.wrap(&mailbox.id, WrapKind::Activation).await? else {
            return Ok(ActivationLink::Expired);
        };
        let secret = match MailboxSecret::unwrap_activation(&wrap, &mailbox.id, &token, self.pepper)? {
            Unwrapped::Opened(secret) => secret,
            // The token is known, but a newer one has replaced the wrap.
            Unwrapped::Wrong => return Ok(ActivationLink::Superseded),
        };
        let Some(resident) = self.resident(&mailbox, &secret, "activation") else {
            return Ok(ActivationLink::Unknown);
        };
        Ok(ActivationLink::Good(Box::new(OpenedPending {
            proof: Proof::Token(hash),
            tag: mailbox.tag,
            secret,
            address: resident.address_text().to_owned(),
            language: mailbox.language,
            deposit_id: row.deposit_id,
            mailbox_id: mailbox.id,
        })))
    }

    /// What the token of a deletion link leads to.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn deletion_link(&self, text: &str) -> Result<DeletionLink, MailboxError> {
        let known = self.known_link(TokenPurpose::Deletion, text).await?;
        let Some(KnownLink { row, hash, .. }) = known else { return Ok(DeletionLink::Unknown) };
        let Some(mailbox) = self.store.mailbox(&row.mailbox_id).await? else {
            return Ok(DeletionLink::Unknown);
        };
        Ok(match mailbox.state {
            MailboxState::Deleted => DeletionLink::Unknown,
            // Support has locked it because another person may read its mail.
            MailboxState::Locked => DeletionLink::Expired,
            MailboxState::Pending | MailboxState::Active => {
                match (row.spent_at.is_some() || row.expires_at <= self.now(), mailbox.held_since) {
                    (true, _) => DeletionLink::Expired,
                    (false, Some(_)) => DeletionLink::Held,
                    (false, None) => DeletionLink::Good(Box::new(mailbox), hash),
                }
            }
        })
    }
}
