//! Notifies a recipient of a waiting letter: which notice, in which language, as a leg of its own in the same
//! transaction as the deposit. Knows no wording.

use sealpost_delivery::Purpose;
use sealpost_mail::{Address, Direction, Reply, ReversePath, Secret, Timestamp};
use sealpost_mailbox::{MemoOf, portal_links};
use sealpost_notice::{Access, LetterClock, Notice};
use sealpost_store::{Announced, ArrivalRows, LegPurpose, Unannounced};
use sealpost_vault::Label;

use super::Arrival;
use super::announced_letter::{Announcement, MailboxStage};
use super::initial_password;
use super::notice_timing::Pacing;
use super::reply_to_notice;
use crate::enqueue;
use crate::memo::NoticeMemo;
use crate::notice_ticket::NoticeFacts;
use crate::settings::Receipts;
use crate::verp;

/// The notice's leg and its memo.
pub(super) fn rows(arrival: &Arrival<'_>, about: &Announcement<'_>) -> Result<ArrivalRows, Reply> {
    let context = arrival.context;
    let random = &*context.shared.random;
    let announcer = &context.tenant.announcer;
    let language = announcer.language(about.recipient);
    let notice = notice(arrival, about);
    let mut rows = match about.stage {
        MailboxStage::NewByPassword { initial } => initial_password::rows(arrival, about, initial)?,
        MailboxStage::New { .. }
        | MailboxStage::Pending { .. }
        | MailboxStage::PendingByPassword
        | MailboxStage::Active
        | MailboxStage::Locked => ArrivalRows::new(arrival.now),
    };
    rows.prolonged.extend(prolonged(arrival, about));
    let message_id = format!("{}@{}", random.id(), context.tenant.name);
    let facts =
        NoticeFacts { notice, language: language.tag().to_owned(), message_id, about: None, at: arrival.now };
    let of =
        MemoOf { mailbox_id: about.mailbox_id, deposit_id: about.deposit_id, number: 0, at: arrival.now };
    let copy = verp::Copy::new(of, random);
    let memo = NoticeMemo {
        sender: about.sender.clone(),
        reports_to: arrival.reports_to(),
        recipient: about.recipient.clone(),
        at: arrival.now,
        message_id: about.listing.message_id.clone(),
        receipt_to: receipt_to(arrival),
        others: Vec::new(),
    };
    // Also without a bounce address: jobs use it to tell the sender that a letter is not being fetched.
    rows.bounce_memos
        .push(copy.row(&context.shared, Label::NoticeMemo, &memo).map_err(crate::failure::later)?);
    if about.is_unreachable {
        tracing::info!(mailbox.id = %about.mailbox_id, "no notice: mail to its owner came back too often");
        return Ok(rows);
    }
    let (deposit_id, mailbox_id) = (about.deposit_id.to_owned(), about.mailbox_id.to_owned());
    match about.pacing {
        Pacing::Now => {}
        Pacing::Noted { before } => {
            let letters = Vec::new();
            rows.announced.push(Announced { mailbox_id, before, at: arrival.now, letters });
        }
        Pacing::Later => {
            rows.unannounced.push(Unannounced { deposit_id, mailbox_id });
            return Ok(rows);
        }
    }
    let path = copy.reverse_path(context.tenant.announcer.bounces.as_ref()).map_err(crate::failure::later)?;
    let reverse_path = path.unwrap_or_else(|| ReversePath::Address(announcer.from.clone()));
    let draft = enqueue::Draft {
        content: facts.content().map_err(crate::failure::later)?,
        reverse_path,
        recipient: about.recipient.clone(),
        route: announcer.route.clone(),
        tls: announcer.floor,
        purpose: Purpose::Notice {
            mailbox_id: about.mailbox_id.to_owned(),
            deposit_id: about.deposit_id.to_owned(),
            sender: about.sender.clone(),
            letter_id: about.listing.message_id.clone(),
            is_first: true,
            others: Vec::new(),
        },
        reports_to: arrival.reports_to(),
        at: arrival.now,
    };
    let leg = enqueue::leg(&enqueue::Queue::of(context), draft, None, LegPurpose::Notice, arrival.id)
        .map_err(crate::failure::later)?;
    rows.legs.push(leg);
    Ok(rows)
}

/// Who requested a read receipt. RFC 8098 §2.1: no automatic receipt to an address that differs from the
/// letter's reverse-path. Outsiders never learn what our recipients do, nor do lists and programs.
fn receipt_to(arrival: &Arrival<'_>) -> Option<Address> {
    match arrival.context.tenant.announcer.receipts {
        Receipts::Off => return None,
        Receipts::OnOpen => {}
    }
    let head = &arrival.spooled.head;
    let to = match arrival.direction {
        Direction::Inbound => return None,
        Direction::Outbound => head.receipt_to()?,
    };
    let writer = reply_to_notice::writer(&arrival.envelope.reverse_path, head)?;
    (writer.identity() == to.identity()).then_some(to)
}

/// The mailbox whose link must stay valid for longer, and until when: the notice carries that link again.
fn prolonged(arrival: &Arrival<'_>, about: &Announcement<'_>) -> Option<(String, Timestamp)> {
    let until = || arrival.context.tenant.announcer.retention.link(arrival.now);
    match about.stage {
        MailboxStage::PendingByPassword | MailboxStage::Pending { link: Some(_) } => {
            Some((about.mailbox_id.to_owned(), until()))
        }
        MailboxStage::New { .. }
        | MailboxStage::NewByPassword { .. }
        | MailboxStage::Pending { link: None }
        | MailboxStage::Active
        | MailboxStage::Locked => None,
    }
}

fn notice(arrival: &Arrival<'_>, about: &Announcement<'_>) -> Notice {
    let announcer = &arrival.context.tenant.announcer;
    let (expires, days) = announcer.deadline(about.going, arrival.now);
    let sender = about.listing.from.first();
    let from_name = sender.and_then(|from| from.name.clone());
    let from_address = sender.and_then(|from| from.address.clone()).unwrap_or_else(|| about.sender.to_path());
    let subject = about.listing.subject.clone().filter(|_| announcer.show_subject);
    let activation = |link: Secret<String>| Notice::Activation {
        from_name: from_name.clone(),
        from_address: from_address.clone(),
        subject: subject.clone(),
        date: arrival.now,
        link,
        expires,
        days,
        clock: about.clock,
    };
    let by_password = || Notice::InitialPassword {
        from_name: from_name.clone(),
        from_address: from_address.clone(),
        subject: subject.clone(),
        date: arrival.now,
        link: Secret::new(announcer.public_url.clone()),
        expires,
        days,
        clock: about.clock,
    };
    match about.stage {
        MailboxStage::New { link } | MailboxStage::Pending { link: Some(link) } => activation(link.clone()),
        MailboxStage::NewByPassword { .. } | MailboxStage::PendingByPassword => by_password(),
        MailboxStage::Pending { link: None } | MailboxStage::Active | MailboxStage::Locked => {
            Notice::NewMessage {
                access: match about.stage {
                    MailboxStage::Locked => Access::Locked,
                    MailboxStage::New { .. }
                    | MailboxStage::NewByPassword { .. }
                    | MailboxStage::Pending { .. }
                    | MailboxStage::PendingByPassword
                    | MailboxStage::Active => Access::Open,
                },
                from_name: from_name.clone(),
                from_address: from_address.clone(),
                subject: subject.clone(),
                date: arrival.now,
                link: announcer.link(&portal_links::letter(about.deposit_id)),
                deletion: match about.clock {
                    LetterClock::Runs => {
                        about.going.at.map(|at| (at, announcer.retention.days(arrival.now, at)))
                    }
                    LetterClock::Stopped => None,
                },
            }
        }
    }
}
