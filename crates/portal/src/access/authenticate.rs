//! Whether a password opens a mailbox. The same work for every address and every password: nobody learns from
//! the time who has a mailbox.

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
    let verdict: Result<Unwrapped, VaultError> = turn
        .run(move || match (wrap, credential) {
            (Some(wrap), Credential::Password) => {
                MailboxSecret::unwrap_password(&wrap, &bound, &password, &pepper)
            }
            (Some(wrap), Credential::Initial) => {
                MailboxSecret::unwrap_initial(&wrap, &bound, &password, &pepper)
            }
            (Some(_), Credential::None) | (None, _) => {
                MailboxSecret::dummy_unwrap_password(&password, &pepper, &Argon2Cost::standard())
            }
        })
        .await?;
    let verdict = verdict.map_err(|error| Problem::fault("opening a password wrap", error))?;
    let own = match (&verdict, mailbox) {
        (Unwrapped::Opened(secret), Some(mailbox)) => session::is_of(site, mailbox, secret, kind.as_str()),
        (Unwrapped::Opened(_), None) | (Unwrapped::Wrong, _) => false,
    };
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
