//! Reports (RFC 3464) that an arrival itself owes the sender: a recipient refused among accepted ones, a
//! deposit for which NOTIFY=SUCCESS was asked, a notice that came back. Nothing is ever reported to a
//! null reverse-path.

use sealpost_delivery::Purpose;
use sealpost_mail::{
    Address, DsnAction, DsnParts, DsnRecipient, EnhancedCode, Notify, Recipient, Reply, ReversePath,
    TlsFloor, Treatment, compose_dsn,
};
use sealpost_store::{ArrivalRows, LegPurpose};

use super::Arrival;
use crate::decide::{Decided, Way};
use crate::spool::Spooled;
use crate::{enqueue, quota};

/// A report before it has a form.
struct Report<'a> {
    to: &'a Address,
    recipient: DsnRecipient,
    envid: Option<String>,
    subject: &'static str,
    text: String,
    returned: Option<Vec<u8>>,
}

/// What a refusal's report may give back of the letter.
struct Returned {
    head: Option<Vec<u8>>,
    tls: TlsFloor,
}

impl Returned {
    /// The head, over TLS as good as any copy's; nothing of a letter that is confidential for anyone.
    fn of(decided: &[Decided], spooled: &Spooled) -> Self {
        let mut tls = TlsFloor::None;
        for Decided { way, .. } in decided {
            match way {
                Way::Judged(judgement) => match &judgement.treatment {
                    Treatment::Relay { tls: floor } => tls = tls.max(*floor),
                    Treatment::Refuse(_) => {}
                    Treatment::Portal | Treatment::Domain { .. } | Treatment::Hold { .. } => {
                        return Self { head: None, tls };
                    }
                },
                Way::Unclosable(_) => return Self { head: None, tls },
                Way::Bounce(_) => {}
            }
        }
        Self { head: Some(spooled.head.as_bytes().to_vec()), tls }
    }
}

/// The reports on recipients whom the policy refused while others were accepted.
pub(super) async fn refusals(arrival: &Arrival<'_>, decided: &[Decided]) -> Result<ArrivalRows, Reply> {
    let returned = Returned::of(decided, arrival.spooled);
    let mut rows = ArrivalRows::new(arrival.now);
    for Decided { recipient, way } in decided {
        let reply = match way {
            Way::Unclosable(reply) => reply,
            Way::Judged(judgement) => match &judgement.treatment {
                Treatment::Refuse(reply) => reply,
                Treatment::Relay { .. }
                | Treatment::Portal
                | Treatment::Domain { .. }
                | Treatment::Hold { .. } => continue,
            },
            Way::Bounce(_) => continue,
        };
        refused(arrival, recipient, reply, &returned, &mut rows).await?;
    }
    Ok(rows)
}

/// The reports on recipients whose mailbox is full.
pub(super) async fn full(
    arrival: &Arrival<'_>,
    decided: &[Decided],
    recipients: &[&Recipient],
) -> Result<ArrivalRows, Reply> {
    let returned = Returned::of(decided, arrival.spooled);
    let mut rows = ArrivalRows::new(arrival.now);
    for recipient in recipients {
        refused(arrival, recipient, &quota::full(), &returned, &mut rows).await?;
    }
    Ok(rows)
}

async fn refused(
    arrival: &Arrival<'_>,
    recipient: &Recipient,
    reply: &Reply,
    returned: &Returned,
    rows: &mut ArrivalRows,
) -> Result<(), Reply> {
    let wanted = match recipient.notify {
        Notify::Unspecified => true,
        Notify::Never => false,
        Notify::On { failure, .. } => failure,
    };
    let Some(to) = arrival.envelope.reverse_path.address().filter(|_| wanted) else { return Ok(()) };
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
        subject: "Nicht gesendet / Not sent",
        text: format!(
            "Ihre Nachricht wurde an diesen Empfänger nicht gesendet:\n\n    {path}\n\n\
             Grund: {why}\n\nAn die übrigen Empfänger ging sie hinaus.\n\n\
             -- \n\n\
             Your message was not sent to this recipient:\n\n    {path}\n\n\
             Reason: {why}\n\nIt was accepted for the other recipients.\n",
            path = recipient.address.to_path(),
            why = reply.text(),
        ),
        returned: returned.head.clone(),
    };
    add(arrival, report, returned.tls, rows).await
}

/// RFC 3461 §5.2.7: a deposit is the delivery; success is reported if it was asked for.
pub(super) async fn deposited(
    arrival: &Arrival<'_>,
    recipient: &Recipient,
    rows: &mut ArrivalRows,
) -> Result<(), Reply> {
    let wanted = match recipient.notify {
        Notify::Unspecified | Notify::Never => false,
        Notify::On { success, .. } => success,
    };
    let Some(to) = arrival.envelope.reverse_path.address().filter(|_| wanted) else { return Ok(()) };
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
        subject: "Hinterlegt / Deposited",
        text: format!(
            "Ihre Nachricht liegt verschlüsselt im Postfach von\n\n    {path}\n\n\
             Der Empfänger wurde benachrichtigt.\n\n-- \n\n\
             Your message lies encrypted in the mailbox of\n\n    {path}\n\n\
             The recipient has been notified.\n",
            path = recipient.address.to_path(),
        ),
        returned: None,
    };
    add(arrival, report, TlsFloor::None, rows).await
}

/// A notice came back: the letter's sender learns that nobody knows of the letter. Without a status it is not
/// certain, and the text says so.
pub(super) async fn unannounced(
    arrival: &Arrival<'_>,
    sender: &ReversePath,
    recipient: &Address,
    status: Option<EnhancedCode>,
    rows: &mut ArrivalRows,
) -> Result<(), Reply> {
    let Some(to) = sender.address() else { return Ok(()) };
    let path = recipient.to_path();
    let report = Report {
        to,
        recipient: DsnRecipient {
            final_recipient: recipient.clone(),
            orcpt: None,
            action: DsnAction::Failed,
            status: status.unwrap_or(EnhancedCode(5, 0, 0)),
            remote_mta: None,
            diagnostic: None,
            will_retry_until: None,
        },
        envid: None,
        subject: "Empfänger nicht erreicht / Recipient not reached",
        text: match status {
            Some(_) => format!(
                "Ihre vertrauliche Nachricht liegt im Postfach von\n\n    {path}\n\n\
                 Die Benachrichtigung darüber konnte aber nicht zugestellt werden: der Empfänger weiß nichts von \
                 der Nachricht. Bitte prüfen Sie die Adresse.\n\n-- \n\n\
                 Your confidential message lies in the mailbox of\n\n    {path}\n\n\
                 but the notice about it could not be delivered: the recipient does not know of the message. \
                 Please check the address.\n"
            ),
            None => format!(
                "Ihre vertrauliche Nachricht liegt im Postfach von\n\n    {path}\n\n\
                 Auf die Benachrichtigung darüber kam aber etwas zurück: wahrscheinlich wurde sie nicht \
                 zugestellt, und der Empfänger weiß nichts von der Nachricht. Bitte prüfen Sie die Adresse, oder \
                 fragen Sie den Empfänger.\n\n-- \n\n\
                 Your confidential message lies in the mailbox of\n\n    {path}\n\n\
                 but something came back for the notice about it: most likely it was not delivered, and the \
                 recipient does not know of the message. Please check the address, or ask the recipient.\n"
            ),
        },
        returned: None,
    };
    add(arrival, report, TlsFloor::None, rows).await
}

async fn add(
    arrival: &Arrival<'_>,
    report: Report<'_>,
    tls: TlsFloor,
    rows: &mut ArrivalRows,
) -> Result<(), Reply> {
    let context = arrival.context;
    let mail = compose_dsn(&DsnParts {
        reporting_mta: context.tenant.name.clone(),
        original_envid: report.envid,
        arrival: arrival.now,
        at: arrival.now,
        from: context.tenant.routes.report_from.clone(),
        to: report.to.clone(),
        message_id: format!("{}@{}", context.shared.random.id(), context.tenant.name),
        subject: report.subject.to_owned(),
        text: report.text,
        recipients: vec![report.recipient],
        returned: report.returned,
        returned_full: false,
    })
    .map_err(crate::admit::later)?;
    let (content, body) = enqueue::letter(&context.shared.store, &*context.shared.random, mail)
        .await
        .map_err(crate::admit::later)?;
    let draft = enqueue::Draft {
        content,
        reverse_path: ReversePath::Null,
        recipient: report.to.clone(),
        route: context.tenant.routes.reports.clone(),
        tls,
        purpose: Purpose::Report,
        at: arrival.now,
    };
    let leg = enqueue::leg(&enqueue::Queue::of(context), draft, Some(&body), LegPurpose::Report, arrival.id)
        .map_err(crate::admit::later)?;
    rows.legs.push(leg);
    rows.more_bodies.push(body);
    Ok(())
}
