//! Counting tries at passwords and answers, for pages: at this moment, by the operator's rules, with what the audit trail
//! says of it. What a count means is in `sealpost_mailbox::Throttle`.

use sealpost_mailbox::Throttle;
use sealpost_mailbox::audit::{Actor, Event, Failure, network};
use sealpost_store::{Store, StoreError};

use crate::http::client::Client;
use crate::problem::Problem;
use crate::state::Site;

/// The counts as they are now.
pub(crate) fn throttle(site: &Site) -> Throttle<'_> {
    Throttle { store: &site.store, tags: &site.keys.tags, locks: site.config.locks, now: site.now() }
}

pub(crate) fn uncounted(error: StoreError) -> Problem {
    Problem::fault("counting a try", error)
}

/// Counts in the audit trail that a password or an answer failed, for the mailbox that it was meant for. Does the same work
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

/// The store, noting that the way into this mailbox is closed. Nothing is noted of an address without one: anybody may
/// make up as many as they like.
pub(crate) fn closing(site: &Site, mailbox: Option<&str>, client: Client) -> Store {
    match mailbox {
        Some(mailbox) => site.noting(&Event::LogInClosed { mailbox }, &Actor::Visitor, Some(client)),
        None => site.store.clone(),
    }
}
