//! Whether a password opens a mailbox. The same work for every address and every password: nobody learns from
//! the time who has a mailbox.

use std::sync::Arc;

use sealpost_mail::{Address, Secret, Timestamp};
use sealpost_mailbox::wrap_id;
use sealpost_mailbox::{About, Outgoing};
use sealpost_store::{MailboxRow, MailboxState, WrapKind};
use sealpost_vault::{Argon2Cost, MailboxSecret, Unwrapped, VaultError};

use crate::access::session;
use crate::problem::Problem;
use crate::state::{HashingTurn, Site};

/// Who has come.
pub(crate) enum Came {
    /// The owner, with the own password.
    Owner(MailboxSecret),
    /// Somebody with the initial password of a mailbox that waits.
    Newcomer(MailboxSecret),
    /// Nobody we know.
    Stranger,
}

/// What may open a mailbox as it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Credential {
    Password,
    Initial,
    None,
}

/// A wrap of the time before the server key was changed, and the same under the present one.
struct Anew {
    before: Vec<u8>,
    now: Vec<u8>,
}

/// Tries a password on a mailbox, or on none.
pub(crate) async fn try_password(
    site: &Site,
    turn: HashingTurn,
    mailbox: Option<&MailboxRow>,
    password: Secret<String>,
) -> Result<Came, Problem> {
    let lost = |error| Problem::fault("log-in", error);
    let credential = mailbox.map_or(Credential::None, |mailbox| match mailbox.state {
        MailboxState::Active => Credential::Password,
        MailboxState::Pending => Credential::Initial,
        MailboxState::Locked | MailboxState::Deleted => Credential::None,
    });
    let id = mailbox.map(|mailbox| mailbox.id.clone()).unwrap_or_default();
    // Asked for nobody, too: an answer that costs a question less is an answer.
    let ends = site.store.activation_end(&id).await.map_err(lost)?;
    let kind = match credential {
        Credential::Password | Credential::None => WrapKind::Password,
        Credential::Initial => WrapKind::Initial,
    };
    let wrap = site.store.wrap(&id, kind).await.map_err(lost)?;
    let in_time = credential != Credential::Initial || ends.is_some_and(|ends| ends > site.now());
    let wrap = wrap.filter(|_| credential != Credential::None && in_time);
    let pepper = site.keys.pepper.clone();
    let bound = mailbox.map(|mailbox| wrap_id(mailbox, kind)).unwrap_or_default();
    let random = Arc::clone(&site.random);
    let verdict: Result<(Unwrapped, Option<Anew>), VaultError> = turn
        .run(move || match (wrap, credential) {
            (Some(wrap), Credential::Password) => {
                let verdict = MailboxSecret::unwrap_password(&wrap, &bound, &password, &pepper)?;
                let anew = match &verdict {
                    Unwrapped::Opened(secret) if pepper.is_earlier(&wrap) => {
                        let cost = Argon2Cost::standard();
                        let now = secret.wrap_password(&bound, &password, &pepper, &cost, random.as_ref())?;
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
    let (verdict, anew) = verdict.map_err(|error| Problem::fault("opening a password wrap", error))?;
    let own = match (&verdict, mailbox) {
        (Unwrapped::Opened(secret), Some(mailbox)) => session::is_of(site, mailbox, secret, kind.as_str()),
        (Unwrapped::Opened(_), None) | (Unwrapped::Wrong, _) => false,
    };
    if let (true, Some(Anew { before, now })) = (own, anew) {
        // Not done now: at the next log-in.
        if let Err(error) = site.store.replace_wrap(&id, kind, before, now).await {
            tracing::warn!(mailbox.id = %id, %error, "a password was not wrapped anew under the present key");
        }
    }
    match (verdict, credential) {
        (Unwrapped::Opened(_), _) if !own => Ok(Came::Stranger),
        (Unwrapped::Opened(secret), Credential::Password) => Ok(Came::Owner(secret)),
        (Unwrapped::Opened(secret), Credential::Initial) => Ok(Came::Newcomer(secret)),
        (Unwrapped::Opened(_), Credential::None) | (Unwrapped::Wrong, _) => Ok(Came::Stranger),
    }
}

/// Tells the owner that strangers cannot try any more passwords until then. A mailbox that waits for its owner
/// has nobody to tell yet.
pub(crate) async fn tell_of_lock(site: &Site, mailbox: &MailboxRow, until: Timestamp) -> Result<(), Problem> {
    tracing::warn!(mailbox.id = %mailbox.id, "too many wrong passwords");
    match mailbox.state {
        MailboxState::Active => {}
        MailboxState::Pending | MailboxState::Locked | MailboxState::Deleted => return Ok(()),
    }
    let Ok(to) = Address::parse(&session::address_of(site, mailbox)?) else { return Ok(()) };
    let outgoing = Outgoing {
        mailbox_id: mailbox.id.clone(),
        to,
        language: mailbox.language.clone(),
        about: About::MailboxLocked { until },
    };
    if let Err(error) = site.outbox.post(outgoing).await {
        tracing::error!(mailbox.id = %mailbox.id, error = %error, "the owner of a locked mailbox was not told");
    }
    Ok(())
}
