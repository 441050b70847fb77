//! Whom to tell of a reply that was not delivered: its writer, in the mailbox. The application knows mailboxes;
//! delivery knows only that the writer must be told before the leg may end.

use async_trait::async_trait;
use sealpost_mail::{DsnAction, EnhancedCode};
use thiserror::Error;

use crate::ticket::{Purpose, Ticket};

/// What became of a reply.
#[derive(Clone, Debug)]
pub struct UndeliveredReply<'a> {
    /// Id of the leg: notifying twice of the same leg and action must put nothing into the mailbox twice.
    pub leg_id: &'a str,
    /// The ticket of the leg.
    pub ticket: &'a Ticket,
    /// Whether it failed or is delayed.
    pub action: DsnAction,
    /// The last server's status.
    pub status: EnhancedCode,
    /// That server's text, if there was one.
    pub said: Option<&'a str>,
}

/// Why the author was not notified. The text is for the log.
#[derive(Debug, Error)]
pub enum Untold {
    /// A retry may succeed.
    #[error("not now: {0}")]
    Later(String),
    /// An operator must look.
    #[error("{0}")]
    Never(String),
}

/// Puts word of an undelivered reply where its writer finds it.
#[async_trait]
pub trait Returns: Send + Sync {
    /// Durable when it returns.
    async fn tell(&self, undelivered: UndeliveredReply<'_>) -> Result<(), Untold>;

    /// A notice was refused permanently; its letter's sender gets a report as well. Those of `others`, which
    /// it also mentioned, are not notified yet.
    async fn notice_failed(&self, mailbox_id: &str, others: &[String], status: EnhancedCode);
}

/// Whether this report goes to a mailbox and not out by mail.
pub(crate) fn concerns(ticket: &Ticket, action: DsnAction) -> bool {
    matches!(ticket.purpose, Purpose::PortalReply { .. })
        && matches!(action, DsnAction::Failed | DsnAction::Delayed)
}
