//! A forgotten password is replaced: a link by mail, or none where the operator wants the answer alone, and the answer to
//! the security question, which opens the mailbox's secret. Knows no page; tries are counted in `throttle`.

use std::time::Duration;

use sealpost_mail::{Secret, Timestamp};
use sealpost_store::{MailboxRow, MailboxState, NewToken, Reset, ResetPassword, TokenPurpose, WrapKind};
use sealpost_vault::{Argon2Cost, Label, MailboxSecret, ResetBound, Unwrapped};

use super::{Access, KnownLink, WorkPool};
use crate::MailboxError;
use crate::audit::{Actor, Event};
use crate::epochs::wrap_id;
use crate::rekey::{NewPair, Whose, Wrapped};

/// How long a link in a mail is good that leads back into a mailbox.
pub const LINK_LASTS: Duration = Duration::from_secs(60 * 60);
/// Between two mails to one mailbox.
const GAP: Duration = Duration::from_secs(3 * 60);
/// After so many in a day, strangers are at work: the next one comes when the last one's link has run out, so that
/// the owner has a good one all the same.
const ENOUGH: u64 = 5;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A token for a mail.
pub struct ResetToken {
    /// The text of the question.
    pub text: Secret<String>,
    /// When the link expires.
    pub expires: Timestamp,
}

/// Where a reset link leads.
pub enum ResetLink {
    /// To an active mailbox.
    Good(Box<MailboxRow>, [u8; 32]),
    /// To one that is locked, by its id.
    Locked(String),
    /// The link was used before.
    Used,
    /// The link has expired.
    Expired,
    /// Not one of ours, or changed on the way.
    Unknown,
}

/// With what a password is replaced, beside the answer.
#[derive(Clone, Copy, Debug)]
pub enum ResetProof {
    /// A token that was mailed.
    Mailed([u8; 32]),
    /// A link that came by no mail: its token is stored with its use.
    Shown {
        /// Under which its use is noted.
        hash: [u8; 32],
        /// When the link expires.
        expires: Timestamp,
    },
}

/// What takes the place of the forgotten password.
pub struct NewPassword {
    /// The new password.
    pub password: Secret<String>,
    /// The answer that was given.
    pub answer: Secret<String>,
}

/// What came of it.
#[must_use]
pub enum Replaced {
    /// The password is set and every session ended; this is the mailbox's new secret.
    Done(Box<MailboxSecret>),
    /// The mailbox is active no more, or the link is used.
    TooLate,
    /// Letters come faster than a password is replaced.
    Overtaken,
}

impl Access<'_> {
    /// A token to be mailed to a mailbox's owner. `None`: there is no question that could be asked, or the last mail was
    /// sent just now.
    ///
    /// # Errors
    /// The store cannot do it.
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

    /// What a mailed link's token stands for. Looking changes nothing.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn reset_link(&self, text: &str) -> Result<ResetLink, MailboxError> {
        let known = self.known_link(TokenPurpose::Reset, text).await?;
        let Some(KnownLink { token, hash, row }) = known else { return Ok(ResetLink::Unknown) };
        if row.spent_at.is_some() {
            return Ok(ResetLink::Used);
        }
        let Some(mailbox) = self.store.mailbox(&row.mailbox_id).await? else {
            return Ok(ResetLink::Unknown);
        };
        // A link follows from what it is good for: its row in another mailbox's name, or with more time, is none of ours.
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
    /// It is there and does not open.
    pub fn question(&self, mailbox: &MailboxRow) -> Result<Option<String>, MailboxError> {
        let Some(sealed) = &mailbox.question_sealed else { return Ok(None) };
        let opened = self.rows.open(Label::Question, &mailbox.id, sealed)?;
        Ok(Some(String::from_utf8_lossy(opened.expose()).into_owned()))
    }

    /// Tries an answer on a mailbox with its wrap, or on none: it takes as long.
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

    /// The new password in place of the old one, with a new key pair; all sessions end.
    ///
    /// # Errors
    /// The store cannot do it, or there was no turn for the work.
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
                // However many there were today: this one is asked for with the right answer.
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
