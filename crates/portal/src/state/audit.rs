//! What the portal says in the audit trail: a handle of the store whose transactions carry it. Knows no page.

use sealpost_mailbox::audit::{Actor, Event};
use sealpost_store::Store;

use crate::http::client::Client;
use crate::state::Site;

impl Site {
    /// The store, noting that somebody from there did this.
    pub(crate) fn noting(&self, event: &Event<'_>, actor: &Actor, client: Option<Client>) -> Store {
        self.store.audited([event.row(self.now(), actor, client.map(Client::address))])
    }
}
