//! One arrival, from which rows are built. Builds none.

use sealpost_delivery::ReportsTo;
use sealpost_mail::{Direction, Envelope, Origin, Timestamp};
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_store::AuditRow;

use crate::context::{Context, Making};
use crate::partners::{Readability, Signature};
use crate::spool::Spooled;

/// One arrival, from which rows are built.
pub(crate) struct Arrival<'a> {
    pub(crate) context: &'a Context,
    pub(crate) making: &'a Making,
    pub(crate) id: &'a str,
    pub(crate) now: Timestamp,
    pub(crate) envelope: &'a Envelope,
    pub(crate) origin: &'a Origin,
    pub(crate) spooled: &'a Spooled,
    /// What its sender may learn about it.
    pub(crate) came: Readability,
    /// Its size in octets on arrival.
    pub(crate) size: u64,
    /// Which way it goes.
    pub(crate) direction: Direction,
    /// Whether it was signed, and by whom.
    pub(crate) signature: Signature,
}

impl Arrival<'_> {
    /// Whose the reverse-path is.
    pub(crate) fn reports_to(&self) -> ReportsTo {
        match (self.direction, self.signature) {
            (Direction::Outbound, _) => ReportsTo::Ours,
            (Direction::Inbound, Signature::Proven) if self.writer_is_sender() => ReportsTo::Proven,
            (Direction::Inbound, Signature::Proven | Signature::Unproven | Signature::None) => {
                ReportsTo::Claimed
            }
        }
    }

    /// Whether From and the reverse-path are of one domain.
    fn writer_is_sender(&self) -> bool {
        let from = self.spooled.head.from_address().ok().flatten();
        let sender = self.envelope.reverse_path.address();
        matches!((from, sender), (Some(from), Some(sender)) if from.domain() == sender.domain())
    }

    /// An audit row: the sender did this.
    pub(super) fn noted(&self, event: &Event<'_>) -> AuditRow {
        event.row(self.now, &Actor::Sender, Some(self.origin.peer))
    }
}
