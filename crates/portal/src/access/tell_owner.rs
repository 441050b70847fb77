//! Tells a mailbox's owner by mail what has happened to the way in. That nobody could be told is logged and changes
//! nothing. Knows no wording.

use actix_web::HttpRequest;
use sealpost_mail::{Address, Timestamp};
use sealpost_mailbox::{About, Outgoing};
use sealpost_store::{MailboxRow, MailboxState};

use crate::access::session;
use crate::http::client::Client;
use crate::http::network;
use crate::problem::Problem;
use crate::state::Site;

/// Tells the owner of a mailbox.
pub(crate) async fn tell(site: &Site, mailbox: &MailboxRow, about: About) -> Result<(), Problem> {
    let Ok(to) = Address::parse(&session::address_of(site, mailbox)?) else { return Ok(()) };
    let outgoing = Outgoing { mailbox_id: mailbox.id.clone(), to, language: mailbox.language.clone(), about };
    if let Err(error) = site.outbox.post(outgoing).await {
        tracing::error!(mailbox.id = %mailbox.id, error = %error, "the owner of a mailbox was not told");
    }
    Ok(())
}

/// Tells the owner that strangers cannot try any more passwords until then. A mailbox that waits for its owner
/// has nobody to tell yet.
pub(crate) async fn tell_of_lock(site: &Site, mailbox: &MailboxRow, until: Timestamp) -> Result<(), Problem> {
    tracing::warn!(mailbox.id = %mailbox.id, "too many wrong passwords");
    match mailbox.state {
        MailboxState::Active => tell(site, mailbox, About::MailboxLocked { until }).await,
        MailboxState::Pending | MailboxState::Locked | MailboxState::Deleted => Ok(()),
    }
}

/// From which network a request came, for its owner's eyes.
pub(crate) fn came_from(site: &Site, request: &HttpRequest) -> String {
    network::shortened(Client::of(request, &site.config.trusted_proxies))
}
