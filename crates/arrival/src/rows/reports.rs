//! Reports (RFC 3464) that an arrival itself sends: about a recipient refused among accepted ones, a deposit with
//! NOTIFY=SUCCESS, a bounced notice. Nothing is ever reported to a null reverse-path.

use sealpost_delivery::{Purpose, ReportSlot, ReportsTo};
use sealpost_mail::{
    Address, DsnAction, DsnParts, DsnRecipient, EnhancedCode, Grounds, Notify, Recipient, Refusal, Reply,
    ReversePath, Timestamp, TlsFloor, Treatment, compose_dsn,
};
use sealpost_notice::{CameBack, Hears, RefusalReason, Report as Words};
use sealpost_store::{ArrivalRows, LegPurpose};

use super::Arrival;
use crate::context::Context;
use crate::decided::{Decided, Way};
use crate::memo::NoticeMemo;
use crate::partners::Readability;
use crate::settings::Routes;
use crate::{enqueue, quota, report_limit};

/// Where and when a report is made.
pub(crate) struct At<'a> {
    pub(crate) context: &'a Context,
    /// Id of the arrival, or of what else it belongs to.
    pub(crate) id: &'a str,
    pub(crate) now: Timestamp,
}

impl<'a> At<'a> {
    pub(super) fn of(arrival: &Arrival<'a>) -> Self {
        Self { context: arrival.context, id: arrival.id, now: arrival.now }
    }
}

/// A report before it is formatted.
struct Report<'a> {
    to: &'a Address,
    recipient: DsnRecipient,
    envid: Option<String>,
    words: Words<'a>,
    returned: Option<Vec<u8>>,
    /// The letter's Message-ID.
    about: Option<String>,
    /// When the letter arrived.
    arrived: Timestamp,
    /// Whose address it is sent to.
    reports_to: ReportsTo,
}

/// What the report of a refusal may return of the letter.
struct ReturnedContent {
    head: Option<Vec<u8>>,
    tls: TlsFloor,
}

impl ReturnedContent {
    /// The head, over TLS at least as good as any copy's; nothing of a letter that is confidential for any recipient,
    /// or arrived encrypted.
    fn of(arrival: &Arrival<'_>, decided: &[Decided]) -> Self {
        let mut tls = TlsFloor::None;
        match arrival.came {
            Readability::Readable => {}
            Readability::Closed => return Self { head: None, tls },
        }
        for Decided { way, .. } in decided {
            match way {
                Way::Judged(judgement) => match &judgement.treatment {
                    Treatment::Relay { tls: floor, sign: _ } => tls = tls.max(*floor),
                    Treatment::Refuse(_) => {}
                    Treatment::Portal | Treatment::Domain { .. } | Treatment::Hold { .. } => {
                        return Self { head: None, tls };
                    }
                },
                Way::Unclosable(_) | Way::Closed(_) => return Self { head: None, tls },
                Way::Signed(_, floor) => tls = tls.max(*floor),
                Way::Bounce(_) | Way::ToUs => {}
            }
        }
        Self { head: Some(arrival.spooled.head.as_bytes().to_vec()), tls }
    }
}

/// Reports on recipients refused by the policy while others were accepted.
pub(super) async fn refusals(arrival: &Arrival<'_>, decided: &[Decided]) -> Result<ArrivalRows, Reply> {
    let returned = ReturnedContent::of(arrival, decided);
    let mut rows = ArrivalRows::new(arrival.now);
    for Decided { recipient, way } in decided {
        let (reply, why) = match way {
            Way::Unclosable(unclosable) => (unclosable.reply(), unclosable.in_report()),
            Way::Judged(judgement) => match &judgement.treatment {
                Treatment::Refuse(Refusal { reply, grounds }) => (reply.clone(), in_report(*grounds, reply)),
                Treatment::Relay { .. }
                | Treatment::Portal
                | Treatment::Domain { .. }
                | Treatment::Hold { .. } => continue,
            },
            Way::Bounce(_) | Way::ToUs | Way::Closed(_) | Way::Signed(..) => continue,
        };
        rows.join(refused(arrival, recipient, (&reply, why), &returned).await?);
    }
    Ok(rows)
}

/// A refusal by the policy in the form that a report needs.
fn in_report(grounds: Grounds, reply: &Reply) -> RefusalReason<'_> {
    match grounds {
        Grounds::Written => RefusalReason::Written(reply.text()),
        Grounds::Unworded => RefusalReason::ByRule,
        Grounds::Undecided => RefusalReason::Undecided,
    }
}

/// Reports on recipients whose mailbox is full.
pub(super) async fn full(
    arrival: &Arrival<'_>,
    decided: &[Decided],
    recipients: &[&Recipient],
) -> Result<ArrivalRows, Reply> {
    let returned = ReturnedContent::of(arrival, decided);
    let mut rows = ArrivalRows::new(arrival.now);
    for recipient in recipients {
        let why = (&quota::full(), RefusalReason::MailboxFull);
        rows.join(refused(arrival, recipient, why, &returned).await?);
    }
    Ok(rows)
}

async fn refused(
    arrival: &Arrival<'_>,
    recipient: &Recipient,
    (reply, why): (&Reply, RefusalReason<'_>),
    returned: &ReturnedContent,
) -> Result<ArrivalRows, Reply> {
    let wanted = match recipient.notify {
        Notify::Unspecified => true,
        Notify::Never => false,
        Notify::On { failure, .. } => failure,
    };
    let Some(to) = arrival.envelope.reverse_path.address().filter(|_| wanted) else {
        return Ok(ArrivalRows::new(arrival.now));
    };
    let report = Report {
        to,
        recipient: DsnRecipient {
            final_recipient: recipient.address.clone(),
            orcpt: recipient.orcpt.clone(),
            action: DsnAction::Failed,
            status: reply.enhanced().unwrap_or(EnhancedCode(5, 7, 1)),
            remote_mta: None,
            diagnostic: Some(reply.to_line().trim_end().to_owned()),
            will_retry_until: None,
        },
        envid: arrival.envelope.envid.clone(),
        words: Words::Refused(why),
        returned: returned.head.clone(),
        about: match arrival.came {
            Readability::Readable => arrival.spooled.head.message_id(),
            Readability::Closed => None,
        },
        arrived: arrival.now,
        reports_to: arrival.reports_to(),
    };
    rows(&At::of(arrival), report, returned.tls).await
}

/// RFC 3461 §5.2.3: a deposit is local delivery, and "delivered" is reported if success was requested: not "relayed"
/// (which only promises that the next server accepted it), nor "expanded" (RFC 3464 §2.3.3: more recipients than one).
/// It does not say whether the letter was opened. Nothing is returned, whatever RET asks for: §4.3 is about failures.
pub(super) async fn deposited(
    arrival: &Arrival<'_>,
    recipient: &Recipient,
    hears: Hears,
) -> Result<ArrivalRows, Reply> {
    let wanted = match recipient.notify {
        Notify::Unspecified | Notify::Never => false,
        Notify::On { success, .. } => success,
    };
    let Some(to) = arrival.envelope.reverse_path.address().filter(|_| wanted) else {
        return Ok(ArrivalRows::new(arrival.now));
    };
    let report = Report {
        to,
        recipient: DsnRecipient {
            final_recipient: recipient.address.clone(),
            orcpt: recipient.orcpt.clone(),
            action: DsnAction::Delivered,
            status: EnhancedCode(2, 1, 5),
            remote_mta: None,
            diagnostic: None,
            will_retry_until: None,
        },
        envid: arrival.envelope.envid.clone(),
        words: Words::Deposited(hears),
        returned: None,
        about: arrival.spooled.head.message_id(),
        arrived: arrival.now,
        reports_to: arrival.reports_to(),
    };
    rows(&At::of(arrival), report, TlsFloor::None).await
}

/// A notice bounced: the letter's sender is told that the recipient was not notified. Without a status that is
/// uncertain, and the text says so.
pub(crate) async fn unannounced(
    at: &At<'_>,
    letter: &NoticeMemo,
    status: Option<EnhancedCode>,
) -> Result<ArrivalRows, Reply> {
    let Some(to) = letter.sender.address() else { return Ok(ArrivalRows::new(at.now)) };
    let report = Report {
        to,
        recipient: DsnRecipient {
            final_recipient: letter.recipient.clone(),
            orcpt: None,
            action: DsnAction::Failed,
            status: status.unwrap_or(EnhancedCode(5, 0, 0)),
            remote_mta: None,
            diagnostic: None,
            will_retry_until: None,
        },
        envid: None,
        words: Words::NotReached(if status.is_some() { CameBack::Failed } else { CameBack::Unclear }),
        returned: None,
        about: letter.message_id.clone(),
        arrived: letter.at,
        reports_to: letter.reports_to,
    };
    rows(at, report, TlsFloor::None).await
}

/// The report's leg and its body.
async fn rows(at: &At<'_>, report: Report<'_>, tls: TlsFloor) -> Result<ArrivalRows, Reply> {
    let context = at.context;
    let slot = report_limit::take_slot(context, report.reports_to, report.to, at.id, at.now).await;
    match slot.map_err(|error| crate::failure::unavailable(&error))? {
        ReportSlot::Taken => {}
        ReportSlot::None => return Ok(ArrivalRows::new(at.now)),
    }
    let Routes { report_languages, .. } = &context.tenant.routes;
    let recipient = report.recipient.final_recipient.to_path();
    let words = report.words.words(&recipient, None, report_languages).map_err(crate::failure::later)?;
    let mail = compose_dsn(&DsnParts {
        reporting_mta: context.tenant.name.clone(),
        original_envid: report.envid,
        arrival: report.arrived,
        at: at.now,
        from: context.tenant.routes.report_from.clone(),
        to: report.to.clone(),
        message_id: format!("{}@{}", context.shared.random.id(), context.tenant.name),
        about: report.about,
        subject: words.subject,
        text: words.text,
        recipients: vec![report.recipient],
        returned: report.returned,
        returned_full: false,
    })
    .map_err(crate::failure::later)?;
    let (content, body) = enqueue::letter(&context.shared.store, &*context.shared.random, mail)
        .await
        .map_err(crate::failure::later)?;
    let draft = enqueue::Draft {
        content,
        reverse_path: ReversePath::Null,
        recipient: report.to.clone(),
        route: context.tenant.routes.reports.clone(),
        tls,
        purpose: Purpose::Report,
        reports_to: ReportsTo::Ours,
        at: at.now,
    };
    let leg = enqueue::leg(&enqueue::Queue::of(context), draft, Some(&body), LegPurpose::Report, at.id)
        .map_err(crate::failure::later)?;
    Ok(ArrivalRows { legs: vec![leg], more_bodies: vec![body], ..ArrivalRows::new(at.now) })
}
