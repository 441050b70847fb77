//! Activates a mailbox: a new key pair, its secret key wrapped under the chosen password and answer, active in one
//! transaction. Knows neither link nor form.

use sealpost_mail::Secret;
use sealpost_store::{Activate, Activation, MailboxRow, Proof, WrapKind};
use sealpost_vault::{Label, MailboxSecret, SessionHash, Unwrapped};

use super::{Access, OpenedPending, WorkPool};
use crate::audit::{Actor, Event};
use crate::rekey::{NewPair, Whose, Wrapped};
use crate::retention::Retention;
use crate::{MailboxError, Resident};

/// The owner's choices.
pub struct Chosen {
    /// The chosen password.
    pub password: Secret<String>,
    /// The chosen security question.
    pub question: String,
    /// The answer to the security question.
    pub answer: Secret<String>,
    /// The language tag.
    pub language: String,
}

/// Outcome of an activation.
#[must_use]
pub enum Activated {
    /// The mailbox is active; this is its new secret key.
    Done(Box<MailboxSecret>),
    /// Another request was quicker, or the link has expired meanwhile.
    TooLate,
    /// Letters arrive faster than the mailbox can be resealed.
    Overtaken,
}

impl Access<'_> {
    /// A pending mailbox, for a client that has proved the initial password.
    ///
    /// # Errors
    /// Its row is not ours.
    pub fn first_log_in(
        &self,
        mailbox: MailboxRow,
        secret: MailboxSecret,
        hash: SessionHash,
    ) -> Result<OpenedPending, MailboxError> {
        let resident = Resident::of(&mailbox, self.rows, self.tags)?;
        Ok(OpenedPending {
            proof: Proof::Newcomer(hash),
            secret,
            address: resident.address_text().to_owned(),
            language: mailbox.language,
            deposit_id: None,
            tag: mailbox.tag,
            mailbox_id: mailbox.id,
        })
    }

    /// Gives the mailbox a new key pair, wraps its secret key under what its owner chose, and activates it in one
    /// transaction.
    ///
    /// # Errors
    /// The store failed, or there was no turn for the work.
    pub async fn activate<H, C>(
        &self,
        hashing: H,
        sealing: C,
        waiting: &OpenedPending,
        chosen: Chosen,
        retention: &Retention,
    ) -> Result<Activated, H::Refused>
    where
        H: WorkPool,
        C: WorkPool<Refused = H::Refused> + Copy,
    {
        let Chosen { password, question, answer, language } = chosen;
        let id = &waiting.mailbox_id;
        let pair = NewPair::generate(self.random());
        let wraps = self.own_wraps(hashing, &pair, id, password, answer).await?;
        let question_sealed = self.rows.seal(Label::Question, id, question.as_bytes(), self.random());
        let whose = Whose { mailbox_id: id, address: &waiting.address };
        let mut done = Wrapped::default();
        for _ in 0..NewPair::RACES {
            let now = self.now();
            let request = Activate {
                mailbox_id: id.clone(),
                proof: waiting.proof,
                now,
                rekey: self.take_over(sealing, &pair, &whose, &waiting.secret, &mut done).await?,
                wraps: wraps.clone(),
                question_sealed: Some(question_sealed.clone()),
                language: language.clone(),
                letters_until: retention.activated(now),
            };
            let noting = self.noting(&Event::MailboxActivated { mailbox: id }, &Actor::Owner);
            match noting.activate(request).await.map_err(MailboxError::from)? {
                Activation::Activated => return Ok(Activated::Done(Box::new(pair.secret))),
                Activation::NotPending | Activation::TokenSpent => return Ok(Activated::TooLate),
                Activation::Moved => {}
            }
        }
        Ok(Activated::Overtaken)
    }

    /// Whether this is the initial password: another person has told it, and it may be on paper.
    ///
    /// # Errors
    /// The store did not answer, or there was no turn for the work.
    pub async fn is_initial<H: WorkPool>(
        &self,
        hashing: H,
        waiting: &OpenedPending,
        password: &Secret<String>,
    ) -> Result<bool, H::Refused> {
        let wrap = self.store.wrap(&waiting.mailbox_id, WrapKind::Initial).await;
        let Some(wrap) = wrap.map_err(MailboxError::from)? else { return Ok(false) };
        let (id, pepper, password) = (waiting.mailbox_id.clone(), self.pepper.clone(), password.clone());
        let verdict =
            hashing.run(move || MailboxSecret::unwrap_initial(&wrap, &id, &password, &pepper)).await?;
        match verdict.map_err(MailboxError::from)? {
            Unwrapped::Opened(_) => Ok(true),
            Unwrapped::Wrong => Ok(false),
        }
    }
}
