//! The portal's audit rows: a handle of the store whose transactions write them. Knows no page.

use sealpost_mailbox::audit::{Actor, Event};
use sealpost_store::Store;

use crate::http::client::Client;
use crate::state::Site;

impl Site {
    /// The store, recording that this actor did this from that client.
    pub(crate) fn noting(&self, event: &Event<'_>, actor: &Actor, client: Option<Client>) -> Store {
        self.store.audited([event.row(self.now(), actor, client.map(Client::address))])
    }
}
