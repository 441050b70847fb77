//! Delivery reports (RFC 3461–3464): who is notified of what, and the leg that carries it. Never returns anything of
//! the letter except its head, for letters that were relayed unchanged and only over a route that is as safe as theirs.

use sealpost_mail::{
    Address, BodyType, DsnAction, DsnParts, DsnRecipient, EnhancedCode, Head, Notify, Random, Recipient, Ret,
    ReversePath, Timestamp, TlsFloor, compose_dsn,
};
use sealpost_notice::{Report as Words, Why};
use sealpost_store::{FollowUp, LeasedLeg, LegPurpose, LegStart, Store, StoreError};
use sealpost_vault::{MessageKey, SpoolKey, seal_all};
use thiserror::Error;

use crate::config::DeliveryConfig;
use crate::report_limit::ReportsTo;
use crate::ticket::{Content, Hand, Purpose, Queued, Ticket, TicketError};

/// Why a report cannot be queued.
#[derive(Debug, Error)]
pub(crate) enum ReportError {
    /// The ticket has no addressee for reports: a bug of the caller.
    #[error("there is no addressee for a report")]
    Nobody,
    /// The report could not be written.
    #[error("the report could not be written: {0}")]
    Compose(String),
    /// Its ticket could not be sealed.
    #[error(transparent)]
    Ticket(#[from] TicketError),
    /// Its body could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The dependencies for reports.
pub(crate) struct Reporting<'a> {
    pub(crate) store: &'a Store,
    pub(crate) key: &'a SpoolKey,
    pub(crate) random: &'a dyn Random,
    pub(crate) config: &'a DeliveryConfig,
}

/// What a report says about one recipient.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) action: DsnAction,
    pub(crate) status: EnhancedCode,
    /// RFC 3464 §2.3.5 Remote-MTA.
    pub(crate) remote: Option<String>,
    pub(crate) diagnostic: Option<Diagnostic>,
    pub(crate) retry_until: Option<Timestamp>,
}

/// RFC 3464 §2.3.6 Diagnostic-Code without its type, and its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Diagnostic {
    /// A server's, also shown to people.
    Server(String),
    /// Ours, in English and for machines: people read the reason in the report's own languages.
    Ours(String),
}

impl Diagnostic {
    /// The text for the machine-readable part.
    fn text(&self) -> &str {
        match self {
            Self::Server(text) | Self::Ours(text) => text,
        }
    }

    /// The server's own words, for the human-readable part.
    pub(crate) fn servers(&self) -> Option<&str> {
        match self {
            Self::Server(text) => Some(text),
            Self::Ours(_) => None,
        }
    }
}

/// How much of the letter a report may return over its route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GivesBack {
    /// Its head, or all of it.
    Letter,
    /// Only the fields that identify it: the letter itself was not allowed on that route.
    Nothing,
}

/// Message-ID and Date of a head.
fn found_by(head: &[u8]) -> Option<Vec<u8>> {
    let head = Head::new(head.to_vec()).ok()?;
    let mut left = Vec::new();
    for (name, value) in head.fields() {
        if ["Message-ID", "Date"].iter().any(|kept| kept.eq_ignore_ascii_case(name)) {
            left.extend([name.as_bytes(), b":", value, b"\r\n"].concat());
        }
    }
    left.extend(b"\r\n");
    Some(left)
}

/// Who is notified of this leg's failure; `None` for a null reverse-path (RFC 5321 §4.5.5, RFC 3461 §6.1).
pub(crate) fn addressee(ticket: &Ticket) -> Option<&Address> {
    match &ticket.purpose {
        // A failed reply from the portal is reported in the mailbox, if possible (arrival/src/undelivered.rs).
        Purpose::Relay | Purpose::Opened | Purpose::PortalReply { .. } => ticket.reverse_path.address(),
        // The notice itself has its own reverse-path; the letter's sender is to be notified.
        Purpose::Notice { sender, .. } => sender.address(),
        Purpose::Report | Purpose::TlsReport => None,
    }
}

/// Whether this action is to be reported (RFC 3461 §4.1, §5.2.2).
pub(crate) fn wanted(ticket: &Ticket, action: DsnAction) -> bool {
    if crate::undelivered_reply::concerns(ticket, action) {
        // The author is notified in the mailbox, whatever the reverse-path.
        return true;
    }
    if addressee(ticket).is_none() {
        return false;
    }
    let is_notice = matches!(ticket.purpose, Purpose::Notice { .. });
    match (action, ticket.recipient.notify) {
        // The sender must learn that a recipient cannot be notified, whatever the notice's own NOTIFY says.
        (DsnAction::Failed, _) if is_notice => true,
        (DsnAction::Delayed | DsnAction::Relayed | DsnAction::Delivered | DsnAction::Expanded, _)
            if is_notice =>
        {
            false
        }
        (_, Notify::Never) => false,
        (DsnAction::Failed | DsnAction::Delayed, Notify::Unspecified) => true,
        (DsnAction::Relayed | DsnAction::Delivered | DsnAction::Expanded, Notify::Unspecified) => false,
        (DsnAction::Failed, Notify::On { failure, .. }) => failure,
        (DsnAction::Delayed, Notify::On { delay, .. }) => delay,
        (DsnAction::Relayed | DsnAction::Delivered | DsnAction::Expanded, Notify::On { success, .. }) => {
            success
        }
    }
}

/// RFC 3461 §4.3: the whole letter only if requested, only on failure, and only if it was relayed.
pub(crate) fn returns_full(ticket: &Ticket, action: DsnAction) -> bool {
    ticket.ret == Some(Ret::Full) && action == DsnAction::Failed && ticket.purpose == Purpose::Relay
}

impl Report {
    /// As much of it as the sender may learn. What an internal server says about a letter that was decrypted here may
    /// derive from its content: a filter's verdict, a size, a malformed part. About such a letter only the failure is
    /// reported, and whether it concerned the address, the mailbox or the route (RFC 3463 §3.2, §3.3, §3.5), which the
    /// letter cannot influence.
    fn for_sender_of(&self, purpose: &Purpose) -> Self {
        match purpose {
            Purpose::Relay
            | Purpose::Notice { .. }
            | Purpose::Report
            | Purpose::TlsReport
            | Purpose::PortalReply { .. } => self.clone(),
            Purpose::Opened => {
                let EnhancedCode(class, subject, _detail) = self.status;
                let status = match (subject, self.status.2) {
                    // "Message length exceeds administrative limit" concerns the letter.
                    (2, 3) => EnhancedCode(class, 0, 0),
                    (1 | 2 | 4, _) => self.status,
                    (_, _) => EnhancedCode(class, 0, 0),
                };
                Self { status, remote: None, diagnostic: None, ..self.clone() }
            }
        }
    }
}

/// Writes and seals the report and its leg.
pub(crate) async fn queue(
    reporting: &Reporting<'_>,
    leg: &LeasedLeg,
    ticket: &Ticket,
    report: &Report,
    returned: (Option<Vec<u8>>, GivesBack),
    tls: TlsFloor,
    now: Timestamp,
) -> Result<FollowUp, ReportError> {
    let to = addressee(ticket).ok_or(ReportError::Nobody)?;
    let random = reporting.random;
    let bytes = compose(reporting, ticket, &report.for_sender_of(&ticket.purpose), returned, to, now)?;
    let split = Head::split(&bytes).ok_or_else(|| ReportError::Compose("it has no head".to_owned()))?;
    let (head, rest) = bytes.split_at_checked(split).unwrap_or((&bytes, &[]));

    let key = MessageKey::generate(random);
    let sealed = seal_all(&key, rest, random);
    let mut writer = reporting.store.body_writer(random.id());
    writer.push(&sealed).await?;
    let body = writer.finish().await?;

    let report_ticket = Ticket {
        // RFC 3464 §2: the null reverse-path, so that reports are never answered with reports.
        reverse_path: ReversePath::Null,
        recipient: Recipient { address: to.clone(), orcpt: None, notify: Notify::Never },
        envid: None,
        ret: None,
        body_type: if bytes.is_ascii() { BodyType::SevenBit } else { BodyType::EightBitMime },
        smtputf8: to.needs_smtputf8(),
        content: Content::Letter { head: head.to_vec(), body_key: key.to_bytes() },
        route: reporting.config.report_route.clone(),
        tls,
        purpose: Purpose::Report,
        hand: Hand::Ours,
        reports_to: ReportsTo::Ours,
        arrived: now,
    };
    let queued = Queued {
        arrival_id: &leg.arrival_id,
        body_id: Some(body.id()),
        purpose: LegPurpose::Report,
        state: LegStart::Queued,
        give_up: reporting.config.retry.give_up,
    };
    Ok(FollowUp { leg: report_ticket.leg(reporting.key, queued, random)?, body: Some(body) })
}

/// The words of the report.
fn words(purpose: &Purpose, report: &Report, now: Timestamp) -> Words<'static> {
    let why = Why::of(report.status.1, report.status.2);
    match (purpose, report.action) {
        (Purpose::Notice { .. }, _) => Words::NotNotified(why),
        (_, DsnAction::Failed) => Words::Failed(why),
        (_, DsnAction::Delayed) => {
            let left = report.retry_until.map(|until| until.since(now).as_secs() / 3600);
            Words::Delayed { why, hours_left: left.unwrap_or_default() }
        }
        (_, DsnAction::Relayed | DsnAction::Delivered | DsnAction::Expanded) => Words::PassedOn,
    }
}

/// The letter that it reports on, by its Message-ID. A letter that was decrypted here came encrypted: its inner
/// Message-ID stays inside.
fn about(ticket: &Ticket) -> Option<String> {
    match &ticket.purpose {
        Purpose::Notice { letter_id, .. } => letter_id.clone(),
        Purpose::Relay => Head::new(ticket.content.head()?.to_vec()).ok()?.message_id(),
        Purpose::Opened | Purpose::Report | Purpose::TlsReport | Purpose::PortalReply { .. } => None,
    }
}

fn compose(
    reporting: &Reporting<'_>,
    ticket: &Ticket,
    report: &Report,
    (full, gives_back): (Option<Vec<u8>>, GivesBack),
    to: &Address,
    now: Timestamp,
) -> Result<Vec<u8>, ReportError> {
    let wording = words(&ticket.purpose, report, now)
        .words(
            &ticket.recipient.address.to_path(),
            report.diagnostic.as_ref().and_then(Diagnostic::servers),
            &reporting.config.report_languages,
        )
        .map_err(|error| ReportError::Compose(error.to_string()))?;
    let returned_full = full.is_some();
    let returned = match &ticket.purpose {
        Purpose::Relay => match gives_back {
            GivesBack::Letter => full.or_else(|| ticket.content.head().map(<[u8]>::to_vec)),
            GivesBack::Nothing => ticket.content.head().and_then(found_by),
        },
        // Nothing of a confidential letter leaves in a report.
        Purpose::Opened
        | Purpose::Notice { .. }
        | Purpose::Report
        | Purpose::TlsReport
        | Purpose::PortalReply { .. } => None,
    };
    let config = reporting.config;
    let parts = DsnParts {
        reporting_mta: config.our_name.clone(),
        original_envid: ticket.envid.clone(),
        arrival: ticket.arrived,
        at: now,
        from: config.report_from.clone(),
        to: to.clone(),
        message_id: format!("{}@{}", reporting.random.id(), config.our_name),
        about: about(ticket),
        subject: wording.subject,
        text: wording.text,
        recipients: vec![DsnRecipient {
            final_recipient: ticket.recipient.address.clone(),
            orcpt: ticket.recipient.orcpt.clone(),
            action: report.action,
            status: report.status,
            remote_mta: report.remote.clone(),
            diagnostic: report.diagnostic.as_ref().map(|diagnostic| diagnostic.text().to_owned()),
            will_retry_until: report.retry_until,
        }],
        returned,
        returned_full,
    };
    compose_dsn(&parts).map_err(|error| ReportError::Compose(error.to_string()))
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
