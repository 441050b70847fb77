//! Stores a request to support for access to a mailbox, wherever it is made. Decides nothing: support does,
//! after checking who asks. Knows no page and no command.

use std::net::IpAddr;

use sealpost_mail::{Address, Random, Timestamp};
use sealpost_store::{RequestKind, Store, StoreError};
use sealpost_vault::{Label, RowKey, TagKey};

use crate::audit::{Actor, Event};

/// Who makes the request, for the audit trail.
pub struct Asker<'a> {
    /// The actor.
    pub actor: &'a Actor,
    /// The client's address, if it came over a network.
    pub peer: Option<IpAddr>,
}

/// Stores a request for the mailbox with this address. `None`: there is none. Returns the mailbox's id.
///
/// # Errors
/// The store failed.
pub async fn ask_support(
    store: &Store,
    (tags, rows): (&TagKey, &RowKey),
    address: &Address,
    note: &str,
    asker: &Asker<'_>,
    now: Timestamp,
    random: &dyn Random,
) -> Result<Option<String>, StoreError> {
    let tag = tags.address_tag(&address.identity());
    let Some(mailbox) = store.mailboxes_by_tag(&[tag]).await?.pop() else { return Ok(None) };
    let sealed = rows.seal(Label::Request, &mailbox.id, note.trim().as_bytes(), random);
    let made = Event::RequestMade { mailbox: &mailbox.id, kind: RequestKind::Access.as_str() };
    let noting = store.audited([made.row(now, asker.actor, asker.peer)]);
    let is_noted = noting.ask(&mailbox.id, RequestKind::Access, Some(sealed), now).await?;
    Ok(is_noted.then_some(mailbox.id))
}
