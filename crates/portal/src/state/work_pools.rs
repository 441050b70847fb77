//! Runs expensive work for a mailbox in this process, with limits per caller. Knows no page.

use sealpost_mailbox::{Access, MailboxError, WorkPool};

use crate::http::client::Client;
use crate::problem::Problem;
use crate::state::hashing_queue::Who;
use crate::state::{HashingTurn, Site};

/// Hashes passwords when the caller has a turn.
#[derive(Clone, Copy)]
pub(crate) struct Hashing<'a> {
    pub(crate) site: &'a Site,
    pub(crate) who: &'a Who,
}

/// Seals letters anew, one mailbox at a time.
#[derive(Clone, Copy)]
pub(crate) struct Sealing<'a> {
    pub(crate) site: &'a Site,
    pub(crate) mailbox_id: &'a str,
}

impl From<MailboxError> for Problem {
    fn from(error: MailboxError) -> Self {
        Self::fault("a way into a mailbox", error)
    }
}

impl WorkPool for HashingTurn {
    type Refused = Problem;

    async fn run<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        HashingTurn::run(self, work).await
    }
}

impl WorkPool for Hashing<'_> {
    type Refused = Problem;

    async fn run<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        self.site.hash(self.who, work).await
    }
}

impl WorkPool for Sealing<'_> {
    type Refused = Problem;

    async fn run<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        self.site.cleaning(self.mailbox_id, work).await
    }
}

impl Site {
    /// Access to mailboxes, for a client.
    pub(crate) fn access(&self, client: Option<Client>) -> Access<'_> {
        Access {
            store: &self.store,
            tags: &self.keys.tags,
            tokens: &self.keys.tokens,
            rows: &self.keys.rows,
            pepper: &self.keys.pepper,
            pairs: &self.pairs,
            escrow: self.keys.escrow_public.as_ref(),
            random: &self.random,
            clock: self.clock.as_ref(),
            from: client.map(Client::address),
        }
    }
}
