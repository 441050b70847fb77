//! Informs a mailbox's owner by mail of changes to its access. A failure is logged and changes nothing. Knows
//! no wording.

use actix_web::HttpRequest;
use sealpost_mail::{Address, Timestamp};
use sealpost_mailbox::{About, Outgoing};
use sealpost_store::{MailboxRow, MailboxState};

use crate::access::session;
use crate::http::client::Client;
use crate::http::network;
use crate::problem::Problem;
use crate::state::Site;

/// Sends a mail to the owner of a mailbox.
pub(crate) async fn tell(site: &Site, mailbox: &MailboxRow, about: About) -> Result<(), Problem> {
    let Ok(to) = Address::parse(&session::address_of(site, mailbox)?) else { return Ok(()) };
    let outgoing = Outgoing { mailbox_id: mailbox.id.clone(), to, language: mailbox.language.clone(), about };
    if let Err(error) = site.outbox.post(outgoing).await {
        tracing::error!(mailbox.id = %mailbox.id, error = %error, "the owner of a mailbox was not told");
    }
    Ok(())
}

/// Tells the owner that strangers' passwords are refused until then. A pending mailbox has no owner to tell
/// yet.
pub(crate) async fn tell_of_lock(site: &Site, mailbox: &MailboxRow, until: Timestamp) -> Result<(), Problem> {
    tracing::warn!(mailbox.id = %mailbox.id, "too many wrong passwords");
    match mailbox.state {
        MailboxState::Active => tell(site, mailbox, About::MailboxLocked { until }).await,
        MailboxState::Pending | MailboxState::Locked | MailboxState::Deleted => Ok(()),
    }
}

/// The network of a request, as shown to its owner.
pub(crate) fn came_from(site: &Site, request: &HttpRequest) -> String {
    network::shortened(Client::of(request, &site.config.trusted_proxies))
}
