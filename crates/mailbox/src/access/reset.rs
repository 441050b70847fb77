//! Replaces a forgotten password: a link by mail, or none if the operator requires the answer alone, and the answer to
//! the security question, which opens the mailbox's secret key. Knows no page; tries are counted in `throttle`.

use std::time::Duration;

use sealpost_mail::{Secret, Timestamp};
use sealpost_store::{MailboxRow, MailboxState, NewToken, Reset, ResetPassword, TokenPurpose, WrapKind};
use sealpost_vault::{Argon2Cost, Label, MailboxSecret, ResetBound, Unwrapped};

use super::{Access, KnownLink, WorkPool};
use crate::MailboxError;
use crate::audit::{Actor, Event};
use crate::epochs::wrap_id;
use crate::rekey::{NewPair, Whose, Wrapped};

/// How long a reset link in a mail is valid.
pub const LINK_LASTS: Duration = Duration::from_secs(60 * 60);
/// Minimum time between two mails to one mailbox.
const GAP: Duration = Duration::from_secs(3 * 60);
/// More per day indicates an attack: the next mail waits until the last one's link has expired, so that the owner still
/// has a valid one.
const ENOUGH: u64 = 5;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A token for a mail.
pub struct ResetToken {
    /// The text of the token.
    pub text: Secret<String>,
    /// When the link expires.
    pub expires: Timestamp,
}

/// What a reset link leads to.
pub enum ResetLink {
    /// An active mailbox, and the link's hash.
    Good(Box<MailboxRow>, [u8; 32]),
    /// A locked mailbox, by its id.
    Locked(String),
    /// The link was used before.
    Used,
    /// The link has expired.
    Expired,
    /// Not a link of ours, or altered.
    Unknown,
}

/// What authorises a reset, besides the answer.
#[derive(Clone, Copy, Debug)]
pub enum ResetProof {
    /// Hash of a mailed token.
    Mailed([u8; 32]),
    /// A link that was not mailed: its token is stored only when it is used.
    Shown {
        /// Hash under which its use is recorded.
        hash: [u8; 32],
        /// When the link expires.
        expires: Timestamp,
    },
}

/// The new credentials.
pub struct NewPassword {
    /// The new password.
    pub password: Secret<String>,
    /// The given answer.
    pub answer: Secret<String>,
}

/// Outcome of a reset.
#[must_use]
pub enum Replaced {
    /// The password is set and every session ended; this is the mailbox's new secret key.
    Done(Box<MailboxSecret>),
    /// The mailbox is no longer active, or the link is used.
    TooLate,
    /// Letters arrive faster than the mailbox can be resealed.
    Overtaken,
}

impl Access<'_> {
    /// A token to be mailed to a mailbox's owner. `None`: there is no question that could be asked, or the last mail
    /// was sent just now.
    ///
    /// # Errors
    /// The store failed.
    pub async fn begin_reset(&self, mailbox: &MailboxRow) -> Result<Option<ResetToken>, MailboxError> {
        let now = self.now();
        if mailbox.question_sealed.is_none()
            || self.store.wrap(&mailbox.id, WrapKind::Answer).await?.is_none()
        {
            return Ok(None);
        }
        let expires = now.plus(LINK_LASTS);
        let (token, hash) = self.tokens.issue_reset(&ResetBound {
            mailbox_id: &mailbox.id,
            public_key: &mailbox.public_key,
            created_at: now.0,
            expires_at: expires.0,
        });
        let today = self.store.resets_since(&mailbox.id, now.minus(DAY)).await?;
        let gap = if today < ENOUGH { GAP } else { LINK_LASTS };
        let row = reset_token(hash, now, expires);
        let noting = self.noting(&Event::ResetAsked { mailbox: &mailbox.id }, &Actor::Visitor);
        let begun = noting.begin_reset(&mailbox.id, row, now.minus(gap)).await?;
        Ok(begun.then(|| ResetToken { text: token.text(), expires }))
    }

    /// What a mailed link's token leads to. Looking it up changes nothing.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn reset_link(&self, text: &str) -> Result<ResetLink, MailboxError> {
        let known = self.known_link(TokenPurpose::Reset, text).await?;
        let Some(KnownLink { token, hash, row }) = known else { return Ok(ResetLink::Unknown) };
        if row.spent_at.is_some() {
            return Ok(ResetLink::Used);
        }
        let Some(mailbox) = self.store.mailbox(&row.mailbox_id).await? else {
            return Ok(ResetLink::Unknown);
        };
        // A token is derived from what it is valid for: its row under another mailbox, or with a later expiry, is not
        // ours.
        let bound = ResetBound {
            mailbox_id: &row.mailbox_id,
            public_key: &mailbox.public_key,
            created_at: row.created_at.0,
            expires_at: row.expires_at.0,
        };
        if !self.tokens.is_reset(&token, &bound) {
            tracing::error!(row.kind = "reset link", mailbox.id = %mailbox.id, "a row failed verification and was refused");
            return Ok(ResetLink::Expired);
        }
        match mailbox.state {
            MailboxState::Active => {}
            MailboxState::Locked => return Ok(ResetLink::Locked(mailbox.id)),
            MailboxState::Pending | MailboxState::Deleted => return Ok(ResetLink::Expired),
        }
        if row.expires_at <= self.now() {
            return Ok(ResetLink::Expired);
        }
        Ok(ResetLink::Good(Box::new(mailbox), hash))
    }

    /// A mailbox's security question.
    ///
    /// # Errors
    /// It exists but cannot be opened.
    pub fn question(&self, mailbox: &MailboxRow) -> Result<Option<String>, MailboxError> {
        let Some(sealed) = &mailbox.question_sealed else { return Ok(None) };
        let opened = self.rows.open(Label::Question, &mailbox.id, sealed)?;
        Ok(Some(String::from_utf8_lossy(opened.expose()).into_owned()))
    }

    /// Tries an answer on a mailbox with its wrap, or on none: both take the same time.
    ///
    /// # Errors
    /// There was no turn for the work.
    pub async fn try_answer<H: WorkPool>(
        &self,
        turn: H,
        on: Option<(&MailboxRow, &[u8])>,
        given: Secret<String>,
    ) -> Result<Option<MailboxSecret>, H::Refused> {
        let pepper = self.pepper.clone();
        let wrapped = on.map(|(mailbox, wrap)| (wrap.to_vec(), wrap_id(mailbox, WrapKind::Answer)));
        let verdict = turn
            .run(move || match wrapped {
                Some((wrap, id)) => MailboxSecret::unwrap_answer(&wrap, &id, &given, &pepper),
                None => MailboxSecret::dummy_unwrap_password(&given, &pepper, &Argon2Cost::standard()),
            })
            .await?;
        match (verdict.map_err(MailboxError::from)?, on) {
            (Unwrapped::Opened(opened), Some((mailbox, _))) => {
                Ok(Some(opened).filter(|opened| self.resident(mailbox, opened, "answer").is_some()))
            }
            (Unwrapped::Opened(_), None) | (Unwrapped::Wrong, _) => Ok(None),
        }
    }

    /// Replaces the password, with a new key pair; all sessions end.
    ///
    /// # Errors
    /// The store failed, or there was no turn for the work.
    pub async fn replace_password<H, C>(
        &self,
        hashing: H,
        sealing: C,
        whose: Whose<'_>,
        opened: &MailboxSecret,
        proof: ResetProof,
        new: NewPassword,
    ) -> Result<Replaced, H::Refused>
    where
        H: WorkPool,
        C: WorkPool<Refused = H::Refused> + Copy,
    {
        let NewPassword { password, answer } = new;
        let id = whose.mailbox_id;
        let pair = NewPair::generate(self.random());
        let wraps = self.own_wraps(hashing, &pair, id, password, answer).await?;
        let token_hash = match proof {
            ResetProof::Mailed(hash) => hash,
            ResetProof::Shown { hash, expires } => {
                let row = reset_token(hash, self.now(), expires);
                // However many there were today: this one comes with the right answer.
                self.store.begin_reset(id, row, expires).await.map_err(MailboxError::from)?;
                hash
            }
        };
        let mut done = Wrapped::default();
        for _ in 0..NewPair::RACES {
            let request = ResetPassword {
                mailbox_id: id.to_owned(),
                token_hash,
                now: self.now(),
                rekey: self.take_over(sealing, &pair, &whose, opened, &mut done).await?,
                wraps: wraps.clone(),
            };
            let noting = self.noting(&Event::PasswordReset { mailbox: id }, &Actor::Owner);
            match noting.reset_password(request).await.map_err(MailboxError::from)? {
                Reset::Done => return Ok(Replaced::Done(Box::new(pair.secret))),
                Reset::NotActive | Reset::TokenSpent => return Ok(Replaced::TooLate),
                Reset::Moved => {}
            }
        }
        Ok(Replaced::Overtaken)
    }
}

fn reset_token(hash: [u8; 32], now: Timestamp, expires_at: Timestamp) -> NewToken {
    NewToken { hash, purpose: TokenPurpose::Reset, created_at: now, expires_at, deposit_id: None }
}
