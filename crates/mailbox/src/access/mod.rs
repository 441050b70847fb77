//! Access to a mailbox, and what its owner changes of it: links from mails, first password, log-in, forgotten password, new
//! password or question. Each act is one transaction with its audit row.
//!
//! Must never know: HTTP, cookies, wording, and time limits for waiting.

mod activate;
mod credentials;
mod links;
mod log_in;
mod renew;
mod reset;

use std::net::IpAddr;
use std::sync::Arc;

use sealpost_mail::{Clock, Random, Secret, Timestamp};
use sealpost_store::{MailboxRow, NewWrap, Rekey, Store, WrapKind};
use sealpost_vault::{
    Argon2Cost, EscrowPublic, KnownPairs, MailboxSecret, Pepper, RowKey, TagKey, TokenKey, VaultError,
};

use crate::MailboxError;
use crate::audit::{Actor, Event};
use crate::directory::Resident;
use crate::rekey::{NewPair, Whose, Wrapped};

pub use activate::{Activated, Chosen};
pub use credentials::{NewCredential, Owner};
pub use links::{ActivationLink, DeletionLink, KnownLink, OpenedPending};
pub use log_in::LogInOutcome;
pub use renew::Renewed;
pub use reset::{LINK_LASTS, NewPassword, Replaced, ResetLink, ResetProof, ResetToken};

/// What a log-in needs.
#[derive(Clone, Copy)]
pub struct Access<'a> {
    /// The store.
    pub store: &'a Store,
    /// Finds a mailbox by its address.
    pub tags: &'a TagKey,
    /// Hashes the tokens of links.
    pub tokens: &'a TokenKey,
    /// Opens addresses and questions.
    pub rows: &'a RowKey,
    /// Used in every wrap.
    pub pepper: &'a Pepper,
    /// Key pairs that this process has derived.
    pub pairs: &'a KnownPairs,
    /// The escrow key, if the operator chose escrow.
    pub escrow: Option<&'a EscrowPublic>,
    /// For keys, ids and salts.
    pub random: &'a Arc<dyn Random>,
    /// Source of the current time.
    pub clock: &'a dyn Clock,
    /// The client's address, if the audit trail is to record it.
    pub from: Option<IpAddr>,
}

/// Runs expensive work, with limits per caller. Passwords are hashed by one implementation, letters resealed by another.
pub trait WorkPool {
    /// Why it was refused.
    type Refused: From<MailboxError>;

    /// Runs it in the background of whatever waits for the result.
    fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Result<T, Self::Refused>>;
}

impl Access<'_> {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The time by which expiry in a mailbox is judged. A hold stops every clock; when it ends, remaining time continues. What had
    /// expired before stays expired.
    fn now_for(&self, held_since: Option<Timestamp>) -> Timestamp {
        let now = self.now();
        held_since.map_or(now, |since| since.min(now))
    }

    fn random(&self) -> &dyn Random {
        self.random.as_ref()
    }

    /// The store, recording in the audit trail that this actor did this.
    fn noting(&self, event: &Event<'_>, actor: &Actor) -> Store {
        self.store.audited([event.row(self.now(), actor, self.from)])
    }

    /// The mailbox, if what was opened is its own key and its row is ours. Another key was put there by an attacker who writes to the
    /// database, or the row is older than the mailbox's present key, password or answer. `kind`: of the row, for the log.
    #[must_use]
    pub fn resident(
        &self,
        mailbox: &MailboxRow,
        opened: &MailboxSecret,
        kind: &'static str,
    ) -> Option<Resident> {
        if !self.pairs.belong(opened, &mailbox.public_key) {
            tracing::error!(row.kind = kind, mailbox.id = %mailbox.id, "a row opens another key and was refused");
            return None;
        }
        Resident::of(mailbox, self.rows, self.tags)
            .inspect_err(|error| {
                tracing::error!(row.kind = kind, mailbox.id = %mailbox.id, %error, "a mailbox's row failed verification");
            })
            .ok()
    }

    /// The rows that replace `old` by `pair`, for the mailbox in its present state.
    async fn take_over<C: WorkPool>(
        &self,
        sealing: C,
        pair: &NewPair,
        whose: &Whose<'_>,
        old: &MailboxSecret,
        done: &mut Wrapped,
    ) -> Result<Rekey, C::Refused> {
        let found = self.store.sealed_keys(whose.mailbox_id).await.map_err(MailboxError::from)?;
        let (id, new, opened) = (whose.mailbox_id.to_owned(), pair.clone(), old.clone());
        let random = Arc::clone(self.random);
        let mut known = std::mem::take(done);
        let sealed = sealing.run(move || {
            let keys = new.seal_again(&id, &opened, found, &mut known, random.as_ref());
            (keys, known)
        });
        let (keys, known) = sealed.await?;
        *done = known;
        let rows = pair.rows(whose, old, keys, self.rows, self.escrow, self.random());
        Ok(rows.map_err(MailboxError::from)?)
    }

    /// The pair's secret key wrapped under the owner's password and answer, in one turn.
    async fn own_wraps<H: WorkPool>(
        &self,
        hashing: H,
        pair: &NewPair,
        mailbox_id: &str,
        password: Secret<String>,
        answer: Secret<String>,
    ) -> Result<Vec<NewWrap>, H::Refused> {
        let (id, secret) = (mailbox_id.to_owned(), pair.secret.clone());
        let (pepper, random) = (self.pepper.clone(), Arc::clone(self.random));
        let wraps = hashing.run(move || {
            let (cost, random) = (Argon2Cost::standard(), random.as_ref());
            let wrap = |kind, sealed| NewWrap { kind, sealed };
            Ok::<_, VaultError>(vec![
                wrap(WrapKind::Password, secret.wrap_password(&id, &password, &pepper, &cost, random)?),
                wrap(WrapKind::Answer, secret.wrap_answer(&id, &answer, &pepper, &cost, random)?),
            ])
        });
        Ok(wraps.await?.map_err(MailboxError::from)?)
    }
}
