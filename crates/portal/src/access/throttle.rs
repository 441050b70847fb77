//! Counts failed passwords and answers for pages: with the current time, the operator's rules and the audit rows. What
//! a count means is decided by `sealpost_mailbox::Throttle`.

use sealpost_mailbox::Throttle;
use sealpost_mailbox::audit::{Actor, Event, Failure, network};
use sealpost_store::{Store, StoreError};

use crate::http::client::Client;
use crate::problem::Problem;
use crate::state::Site;

/// The throttle at the current time.
pub(crate) fn throttle(site: &Site) -> Throttle<'_> {
    Throttle { store: &site.store, tags: &site.keys.tags, locks: site.config.locks, now: site.now() }
}

pub(crate) fn uncounted(error: StoreError) -> Problem {
    Problem::fault("counting a try", error)
}

/// Counts a failed password or answer in the audit trail, for the mailbox that it was meant for. Does the same work
/// whether or not there is one.
pub(crate) async fn note_failure(
    site: &Site,
    how: Failure,
    mailbox: Option<&str>,
    client: Client,
) -> Result<(), Problem> {
    let network = network(client.address());
    site.store.count_audit(how.word(), mailbox, &network, site.now()).await.map_err(uncounted)
}

/// The store, recording that access to this mailbox is blocked. Nothing is recorded for an address without one: anybody
/// could make up any number of them.
pub(crate) fn closing(site: &Site, mailbox: Option<&str>, client: Client) -> Store {
    match mailbox {
        Some(mailbox) => site.noting(&Event::LogInClosed { mailbox }, &Actor::Visitor, Some(client)),
        None => site.store.clone(),
    }
}
