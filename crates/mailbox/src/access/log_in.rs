//! Whether a password opens a mailbox. The same work for every address and every password: the timing does
//! not reveal who has a mailbox.

use std::sync::Arc;

use sealpost_mail::Secret;
use sealpost_store::{MailboxRow, MailboxState, WrapKind};
use sealpost_vault::{Argon2Cost, MailboxSecret, Unwrapped, VaultError};

use super::{Access, WorkPool};
use crate::MailboxError;
use crate::epochs::wrap_id;

/// Result of a log-in.
pub enum LogInOutcome {
    /// The owner, with the own password.
    Owner(MailboxSecret),
    /// A newcomer, with the initial password of a pending mailbox.
    Newcomer(MailboxSecret),
    /// No mailbox has this address and password.
    Stranger,
}

/// What may open a mailbox in its state.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Credential {
    Password,
    Initial,
    None,
}

/// A wrap from before the server key was changed, and its replacement under the present key.
struct Anew {
    before: Vec<u8>,
    now: Vec<u8>,
}

impl Access<'_> {
    /// Tries a password on a mailbox, or on none.
    ///
    /// # Errors
    /// The store did not answer, or there was no turn for the work.
    pub async fn try_password<H: WorkPool>(
        &self,
        turn: H,
        mailbox: Option<&MailboxRow>,
        password: Secret<String>,
    ) -> Result<LogInOutcome, H::Refused> {
        let credential = mailbox.map_or(Credential::None, |mailbox| match mailbox.state {
            MailboxState::Active => Credential::Password,
            MailboxState::Pending => Credential::Initial,
            MailboxState::Locked | MailboxState::Deleted => Credential::None,
        });
        let id = mailbox.map(|mailbox| mailbox.id.clone()).unwrap_or_default();
        // Queried for unknown addresses too, so that the timing does not distinguish them.
        let ends = self.store.activation_end(&id).await.map_err(MailboxError::from)?;
        let kind = match credential {
            Credential::Password | Credential::None => WrapKind::Password,
            Credential::Initial => WrapKind::Initial,
        };
        let wrap = self.store.wrap(&id, kind).await.map_err(MailboxError::from)?;
        let now = self.now_for(mailbox.and_then(|mailbox| mailbox.held_since));
        let in_time = credential != Credential::Initial || ends.is_some_and(|ends| ends > now);
        let wrap = wrap.filter(|_| credential != Credential::None && in_time);
        let bound = mailbox.map(|mailbox| wrap_id(mailbox, kind)).unwrap_or_default();
        let (pepper, random) = (self.pepper.clone(), Arc::clone(self.random));
        let verdict: Result<(Unwrapped, Option<Anew>), VaultError> = turn
            .run(move || match (wrap, credential) {
                (Some(wrap), Credential::Password) => {
                    let verdict = MailboxSecret::unwrap_password(&wrap, &bound, &password, &pepper)?;
                    let anew = match &verdict {
                        Unwrapped::Opened(secret) if pepper.is_earlier(&wrap) => {
                            let (cost, random) = (Argon2Cost::standard(), random.as_ref());
                            let now = secret.wrap_password(&bound, &password, &pepper, &cost, random)?;
                            Some(Anew { before: wrap, now })
                        }
                        Unwrapped::Opened(_) | Unwrapped::Wrong => None,
                    };
                    Ok((verdict, anew))
                }
                (Some(wrap), Credential::Initial) => {
                    Ok((MailboxSecret::unwrap_initial(&wrap, &bound, &password, &pepper)?, None))
                }
                (Some(_), Credential::None) | (None, _) => {
                    let cost = Argon2Cost::standard();
                    Ok((MailboxSecret::dummy_unwrap_password(&password, &pepper, &cost)?, None))
                }
            })
            .await?;
        let (verdict, anew) = verdict.map_err(MailboxError::from)?;
        let own = match (&verdict, mailbox) {
            (Unwrapped::Opened(secret), Some(mailbox)) => {
                self.resident(mailbox, secret, kind.as_str()).is_some()
            }
            (Unwrapped::Opened(_), None) | (Unwrapped::Wrong, _) => false,
        };
        if let (true, Some(Anew { before, now })) = (own, anew) {
            // Done at the next log-in instead.
            if let Err(error) = self.store.replace_wrap(&id, kind, before, now).await {
                tracing::warn!(mailbox.id = %id, %error, "a password could not be wrapped under the current key");
            }
        }
        match (verdict, credential) {
            (Unwrapped::Opened(_), _) if !own => Ok(LogInOutcome::Stranger),
            (Unwrapped::Opened(secret), Credential::Password) => Ok(LogInOutcome::Owner(secret)),
            (Unwrapped::Opened(secret), Credential::Initial) => Ok(LogInOutcome::Newcomer(secret)),
            (Unwrapped::Opened(_), Credential::None) | (Unwrapped::Wrong, _) => Ok(LogInOutcome::Stranger),
        }
    }
}
