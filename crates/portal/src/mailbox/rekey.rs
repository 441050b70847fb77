//! A mailbox's new key pair, and everything that was sealed to the old one sealed to it, beside the event loop.
//! Knows no page and no way in.

use std::sync::Arc;

use sealpost_mailbox::{NewPair, Whose};
use sealpost_store::Rekey;
use sealpost_vault::MailboxSecret;

use crate::problem::Problem;
use crate::state::Site;

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
