//! The link of a mailbox that waits, once more or anew: the one that was kept for further notices opens the mailbox's
//! secret, so that a new one can be made without its owner. Mails nothing.

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

/// Between two mails to one mailbox.
const GAP: Duration = Duration::from_secs(3 * 60);

/// A link that is good.
pub struct Renewed {
    /// The token of the new link.
    pub token: Token,
    /// The secret of the mailbox that waits.
    pub secret: MailboxSecret,
    /// When the link expires.
    pub expires: Timestamp,
}

impl Access<'_> {
    /// The mailbox of a link, if it still waits for its owner. Any link it ever had will do, run out or not.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn waiting_mailbox(&self, text: &str) -> Result<Option<MailboxRow>, MailboxError> {
        let Some(hash) = self.tokens.hash(VaultPurpose::Activation, text) else { return Ok(None) };
        let Some(row) = self.store.token(&hash).await? else { return Ok(None) };
        let mailbox = self.store.mailbox(&row.mailbox_id).await?;
        Ok(mailbox.filter(|mailbox| mailbox.state == MailboxState::Pending))
    }

    /// The link that was kept, and by way of it the mailbox's secret.
    ///
    /// # Errors
    /// The store does not answer, or what was kept does not open.
    pub async fn kept_link(
        &self,
        mailbox: &MailboxRow,
    ) -> Result<Option<(Token, MailboxSecret)>, MailboxError> {
        let Some((link, wrap)) = self.store.kept_link(&mailbox.id).await? else { return Ok(None) };
        Ok(Some(MailboxSecret::unwrap_kept(&link, &wrap, &mailbox.id, self.rows, self.pepper)?))
    }

    /// A new token with its wrap in place of the old ones. `None`: no link is kept, the mailbox waits no more, or the last
    /// one was made just now.
    ///
    /// # Errors
    /// The store cannot do it.
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
        // Who has had a mailbox before comes back by a link as short-lived as any other way back.
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
