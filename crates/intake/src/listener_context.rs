//! What all sessions of a listener share, and who calls. Knows no command.

use std::net::IpAddr;
use std::sync::Arc;

use sealpost_mail::{Address, Clock, Random};
use sealpost_turns::Turns;
use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::attempts::Attempts;
use crate::limits::{Limits, MemoryBudget};
use crate::reception::{Logins, Reception};
use crate::slots::{Refusals, Slot};

/// What all sessions of a listener share.
pub(crate) struct ListenerContext {
    pub(crate) listener: String,
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
    /// Password checks: each costs real work, and strangers may ask for it.
    pub(crate) turns: Turns,
    pub(crate) random: Arc<dyn Random>,
    /// What was refused, for the log.
    pub(crate) refusals: Refusals,
    /// Wrong logins at all listeners.
    pub(crate) attempts: Arc<Attempts>,
    /// Sessions without a letter leave.
    pub(crate) stop: CancellationToken,
    /// All leave.
    pub(crate) last_call: CancellationToken,
}

/// Who is calling.
#[derive(Debug)]
pub(crate) struct Caller {
    /// For the log.
    pub(crate) session: String,
    pub(crate) peer: IpAddr,
    /// Its slot; tests call without one.
    pub(crate) slot: Option<Slot>,
    /// It may say for whom it speaks (XCLIENT).
    pub(crate) may_name: bool,
    /// It has: the certificate that it showed is not that client's.
    pub(crate) spoken_for: bool,
}

impl Caller {
    pub(crate) fn at(session: String, peer: IpAddr, slot: Option<Slot>, access: &Access) -> Self {
        let may_name = access.xclient.iter().any(|proxy| proxy.contains(peer));
        Self { session, peer, slot, may_name, spoken_for: false }
    }
}
