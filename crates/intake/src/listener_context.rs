//! What all sessions of a listener share, and the client of a session. Knows no command.

use std::net::IpAddr;
use std::sync::Arc;

use sealpost_mail::{Address, Clock, Random};
use sealpost_turns::Turns;
use tokio_util::sync::CancellationToken;

use crate::access::{Access, Renaming};
use crate::attempts::Attempts;
use crate::limits::{Limits, MemoryBudget};
use crate::reception::{Logins, Reception};
use crate::slots::{Refusals, Slot};

/// What all sessions of a listener share.
pub(crate) struct ListenerContext {
    pub(crate) name: String,
    pub(crate) hostname: String,
    pub(crate) postmaster: Address,
    pub(crate) starttls: bool,
    pub(crate) tls_required: bool,
    pub(crate) access: Access,
    pub(crate) limits: Limits,
    pub(crate) reception: Arc<dyn Reception>,
    pub(crate) logins: Arc<dyn Logins>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) memory: MemoryBudget,
    /// Limits password checks, which are expensive and open to strangers.
    pub(crate) turns: Turns,
    pub(crate) random: Arc<dyn Random>,
    /// Refusals, for the log.
    pub(crate) refusals: Refusals,
    /// Failed logins at all listeners.
    pub(crate) attempts: Arc<Attempts>,
    /// Cancelled when sessions without a letter must end.
    pub(crate) stop: CancellationToken,
    /// Cancelled when all sessions must end.
    pub(crate) last_call: CancellationToken,
}

/// The client of a session.
#[derive(Debug)]
pub(crate) struct Caller {
    /// The id of the session in the log.
    pub(crate) session: String,
    pub(crate) peer: IpAddr,
    /// Its slot; `None` only in tests.
    pub(crate) slot: Option<Slot>,
    pub(crate) speaker: Speaker,
}

/// Who speaks in a session. Fixed for the connection, so STARTTLS changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// The client itself.
    Client,
    /// A proxy that may announce its client (XCLIENT), and has not yet.
    Proxy,
    /// A client announced by its proxy: commands are its own, the certificate is the proxy's.
    Named,
    /// A balancer's health check (PROXY §2.2, LOCAL): it has no right, and cannot obtain one.
    HealthCheck,
}

impl Caller {
    pub(crate) fn at(session: String, peer: IpAddr, slot: Option<Slot>, access: &Access) -> Self {
        let speaker = if access.names_others(peer) { Speaker::Proxy } else { Speaker::Client };
        Self { session, peer, slot, speaker }
    }

    /// Whether XCLIENT is offered and accepted. SECURITY: a proxy like nginx passes its client's commands on
    /// unchanged after it has announced it, so the next XCLIENT may be the client's own.
    pub(crate) fn may_name(&self, access: &Access) -> bool {
        match self.speaker {
            Speaker::Proxy => true,
            Speaker::Named => access.renaming == Renaming::Taken,
            Speaker::Client | Speaker::HealthCheck => false,
        }
    }
}
