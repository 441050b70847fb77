//! An owner changes the password or the security question, or logs out everywhere. Every session ends except the
//! current one. Knows no form, and not whether the current password was verified.

use std::sync::Arc;

use sealpost_mail::Secret;
use sealpost_store::{ChangeSecrets, Ended, KeptSession, MailboxRow, NewWrap, WrapKind};
use sealpost_vault::{Argon2Cost, Label, MailboxSecret};

use super::{Access, WorkPool};
use crate::audit::{Actor, Credentials, Event, SessionEnd};
use crate::directory::seal_address;
use crate::{Epochs, MailboxError};

/// A mailbox with its secret key.
#[derive(Clone, Copy)]
pub struct Owner<'a> {
    /// Its present row.
    pub mailbox: &'a MailboxRow,
    /// The secret key of the mailbox.
    pub secret: &'a MailboxSecret,
    /// Its address, opened.
    pub address: &'a str,
}

/// What an owner changes.
pub enum NewCredential {
    /// A new password.
    Password(Secret<String>),
    /// A new question with its answer.
    Question {
        /// The new security question.
        question: String,
        /// The answer to it.
        answer: Secret<String>,
    },
}

impl Access<'_> {
    /// Stores the change. `keep` binds the current session to the new epochs. `false`: the mailbox's key or epochs have
    /// changed meanwhile, and the session has ended.
    ///
    /// # Errors
    /// The store failed, or there was no turn for the work.
    pub async fn change_credential<H: WorkPool>(
        &self,
        hashing: H,
        owner: Owner<'_>,
        new: NewCredential,
        keep: impl FnOnce(&str) -> Result<KeptSession, H::Refused>,
    ) -> Result<bool, H::Refused> {
        let (kind, secret) = match &new {
            NewCredential::Password(_) => (WrapKind::Password, owner.secret.clone()),
            NewCredential::Question { .. } => (WrapKind::Answer, owner.secret.clone()),
        };
        let Epochs { row: epochs, wrap_id } = Epochs::next(owner.mailbox, kind, self.random());
        let (pepper, random) = (self.pepper.clone(), Arc::clone(self.random));
        let (question_sealed, why, wrapped) = match new {
            NewCredential::Password(password) => {
                let wrap = move || {
                    let (cost, random) = (Argon2Cost::standard(), random.as_ref());
                    secret.wrap_password(&wrap_id, &password, &pepper, &cost, random)
                };
                (None, Ended::PasswordChanged, hashing.run(wrap).await?)
            }
            NewCredential::Question { question, answer } => {
                let wrap = move || {
                    let (cost, random) = (Argon2Cost::standard(), random.as_ref());
                    secret.wrap_answer(&wrap_id, &answer, &pepper, &cost, random)
                };
                let wrapped = hashing.run(wrap).await?;
                let id = &owner.mailbox.id;
                let sealed = self.rows.seal(Label::Question, id, question.as_bytes(), self.random());
                (Some(sealed), Ended::QuestionChanged, wrapped)
            }
        };
        let wraps = vec![NewWrap { kind, sealed: wrapped.map_err(MailboxError::from)? }];
        let keep = Some(keep(&epochs)?);
        Ok(self.change(owner, epochs, wraps, question_sealed, keep, why).await?)
    }

    /// Ends every session. `false`: as above.
    ///
    /// # Errors
    /// The store failed.
    pub async fn leave_everywhere(&self, owner: Owner<'_>) -> Result<bool, MailboxError> {
        let epochs = Epochs::left_everywhere(owner.mailbox, self.random());
        self.change(owner, epochs, Vec::new(), None, None, Ended::Everywhere).await
    }

    async fn change(
        &self,
        owner: Owner<'_>,
        epochs: String,
        wraps: Vec<NewWrap>,
        question_sealed: Option<Vec<u8>>,
        keep_session: Option<KeptSession>,
        why: Ended,
    ) -> Result<bool, MailboxError> {
        let Owner { mailbox, secret, address } = owner;
        // The opened key is still the mailbox's own: a reset meanwhile would have given it another pair.
        if self.resident(mailbox, secret, "session").is_none() {
            return Ok(false);
        }
        let public = secret.public();
        let request = ChangeSecrets {
            old_address: mailbox.address_sealed.clone(),
            address_sealed: seal_address(self.rows, &public, &mailbox.id, &epochs, address, self.random()),
            epochs,
            mailbox_id: mailbox.id.clone(),
            now: self.now(),
            wraps,
            question_sealed,
            keep_session,
            why,
        };
        let mailbox = mailbox.id.as_str();
        let event = match why {
            Ended::QuestionChanged => Event::CredentialsChanged { mailbox, what: Credentials::Question },
            Ended::Everywhere => Event::SessionEnded { mailbox, why: SessionEnd::Everywhere },
            Ended::PasswordChanged | Ended::PasswordReset | Ended::Support | Ended::Deleted => {
                Event::CredentialsChanged { mailbox, what: Credentials::Password }
            }
        };
        Ok(self.noting(&event, &Actor::Owner).change_secrets(request).await?)
    }
}
