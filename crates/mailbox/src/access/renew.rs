//! Renews the link of a pending mailbox: the stored link opens the mailbox's secret key, so that a new one can be made
//! without its owner. Mails nothing.

use std::time::Duration;

use sealpost_mail::Timestamp;
use sealpost_store::{MailboxRow, MailboxState, Reissued};
use sealpost_vault::{MailboxSecret, Token, TokenPurpose as VaultPurpose};

use super::Access;
use super::reset::LINK_LASTS;
use crate::MailboxError;
use crate::audit::{Actor, Event};
use crate::create::{WaysIn, activation_token};
use crate::retention::Retention;

/// Minimum time between two mails to one mailbox.
const GAP: Duration = Duration::from_secs(3 * 60);

/// A valid link.
pub struct Renewed {
    /// The token of the new link.
    pub token: Token,
    /// The secret key of the pending mailbox.
    pub secret: MailboxSecret,
    /// When the link expires.
    pub expires: Timestamp,
}

impl Access<'_> {
    /// The mailbox of a link, if it is still pending. Any link it ever had will do, expired or not.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn waiting_mailbox(&self, text: &str) -> Result<Option<MailboxRow>, MailboxError> {
        let Some(hash) = self.tokens.hash(VaultPurpose::Activation, text) else { return Ok(None) };
        let Some(row) = self.store.token(&hash).await? else { return Ok(None) };
        let mailbox = self.store.mailbox(&row.mailbox_id).await?;
        Ok(mailbox.filter(|mailbox| mailbox.state == MailboxState::Pending))
    }

    /// The stored link, and through it the mailbox's secret key.
    ///
    /// # Errors
    /// The store did not answer, or what was stored cannot be opened.
    pub async fn kept_link(
        &self,
        mailbox: &MailboxRow,
    ) -> Result<Option<(Token, MailboxSecret)>, MailboxError> {
        let Some((link, wrap)) = self.store.kept_link(&mailbox.id).await? else { return Ok(None) };
        Ok(Some(MailboxSecret::unwrap_kept(&link, &wrap, &mailbox.id, self.rows, self.pepper)?))
    }

    /// Replaces the old links by a new token with its wrap. `None`: no link is stored, the mailbox is no longer
    /// pending, or the last one was made just now.
    ///
    /// # Errors
    /// The store failed.
    pub async fn renew_link(
        &self,
        mailbox: &MailboxRow,
        retention: &Retention,
    ) -> Result<Option<Renewed>, MailboxError> {
        let Some((_, secret)) = self.kept_link(mailbox).await? else {
            tracing::warn!(mailbox.id = %mailbox.id, "no link is kept for this mailbox; a new letter makes one");
            return Ok(None);
        };
        let (now, random) = (self.now(), self.random());
        let (token, hash) = self.tokens.issue(VaultPurpose::Activation, random);
        // An owner who had access before returns by a link as short-lived as a reset link.
        let expires = if mailbox.activated_at.is_some() { now.plus(LINK_LASTS) } else { retention.link(now) };
        let ways = WaysIn { rows: self.rows, pepper: self.pepper, token: &token };
        let wraps = ways.wraps(&mailbox.id, &secret, random);
        let new = activation_token(hash, now, expires);
        let noting = self.noting(&Event::LinkRenewed { mailbox: &mailbox.id }, &Actor::Visitor);
        Ok(match noting.renew_activation(&mailbox.id, new, wraps, Some(now.minus(GAP))).await? {
            Reissued::Done => Some(Renewed { token, secret, expires }),
            Reissued::NotPending => None,
        })
    }
}
