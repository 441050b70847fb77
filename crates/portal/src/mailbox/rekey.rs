//! A mailbox's new key pair, and everything that was sealed to the old one sealed to it, beside the event loop.
//! Knows no page and no way in.

use std::sync::Arc;

use sealpost_mail::Secret;
use sealpost_mailbox::{NewPair, Whose};
use sealpost_store::{NewWrap, Rekey, WrapKind};
use sealpost_vault::{Argon2Cost, MailboxSecret, VaultError};

use crate::problem::Problem;
use crate::state::Site;
use crate::state::hashing_queue::Who;

/// The rows that put `pair` in the place of `old`, for the mailbox as it is now.
pub(crate) async fn take_over(
    pair: &NewPair,
    site: &Site,
    whose: &Whose<'_>,
    old: &MailboxSecret,
) -> Result<Rekey, Problem> {
    let found = site.store.sealed_keys(whose.mailbox_id).await;
    let found = found.map_err(|error| Problem::fault("reading what is sealed to a mailbox", error))?;
    let (id, new, opened) = (whose.mailbox_id.to_owned(), pair.clone(), old.clone());
    let random = Arc::clone(&site.random);
    let keys =
        site.cleaning(whose.mailbox_id, move || new.seal_again(&id, &opened, found, random.as_ref())).await?;
    let escrow = site.keys.escrow_public.as_ref();
    pair.rows(whose, old, keys, &site.keys.rows, escrow, site.random.as_ref())
        .map_err(|error| Problem::fault("sealing a mailbox anew", error))
}

/// The pair's secret under what its owner chose, a password and an answer, in one turn at Argon2.
pub(crate) async fn own_wraps(
    pair: &NewPair,
    site: &Site,
    who: &Who,
    mailbox_id: &str,
    password: Secret<String>,
    answer: Secret<String>,
) -> Result<Vec<NewWrap>, Problem> {
    let (id, secret) = (mailbox_id.to_owned(), pair.secret.clone());
    let (pepper, random) = (site.keys.pepper.clone(), Arc::clone(&site.random));
    let wraps = site.hash(who, move || {
        let (cost, random) = (Argon2Cost::standard(), random.as_ref());
        let wrap = |kind, sealed| NewWrap { kind, sealed };
        Ok::<_, VaultError>(vec![
            wrap(WrapKind::Password, secret.wrap_password(&id, &password, &pepper, &cost, random)?),
            wrap(WrapKind::Answer, secret.wrap_answer(&id, &answer, &pepper, &cost, random)?),
        ])
    });
    wraps.await?.map_err(|error| Problem::fault("wrapping a mailbox", error))
}
