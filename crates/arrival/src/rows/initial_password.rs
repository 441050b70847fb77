//! Initial passwords: created with the mailbox, told to the letter's sender by mail, and passed on by the
//! sender to the recipient, never by mail. Knows no wording.

use std::sync::Arc;

use sealpost_delivery::{ReportsTo, Route};
use sealpost_mail::{Address, Reply, TlsFloor};
use sealpost_mailbox::initial_wrap;
use sealpost_notice::Notice;
use sealpost_store::{ArrivalRows, LegPurpose, NewWrap};
use sealpost_vault::{InitialPassword, MailboxSecret, Pepper};

use super::Arrival;
use super::announced_letter::Announcement;
use crate::context::Shared;
use crate::enqueue;
use crate::owner_mail;

/// Who will pass on the password: the sender in the reverse-path. A letter without a sender (a report, an
/// automatic reply), or sent by the recipient, cannot create a mailbox: the password would go nowhere, or
/// into the very mail it must not be in.
pub(super) fn teller<'a>(arrival: &Arrival<'a>, recipient: &Address) -> Result<&'a Address, Reply> {
    // SECURITY: an outsider who causes a mailbox to be created for somebody else must not learn how it opens.
    let sender = match arrival.reports_to() {
        ReportsTo::Ours => arrival.envelope.reverse_path.address(),
        ReportsTo::Proven | ReportsTo::Claimed => None,
    };
    sender.filter(|sender| sender.identity() != recipient.identity()).ok_or_else(|| {
        Reply::refuse(
            550,
            7,
            1,
            "A first confidential message needs a sender who can tell its recipient the initial password; \
             this one has no return address of a sender",
        )
    })
}

/// A new initial password and the mailbox's secret key wrapped under it; Argon2 runs off the event loop, a
/// few at once.
pub(super) async fn wrap(
    shared: &Shared,
    pepper: &Pepper,
    mailbox_id: &str,
    secret: &MailboxSecret,
) -> Result<(InitialPassword, NewWrap), Reply> {
    let permit = shared.hashing_turn().await.map_err(crate::failure::later)?;
    let (random, pepper) = (Arc::clone(&shared.random), pepper.clone());
    let (id, secret) = (mailbox_id.to_owned(), secret.clone());
    let wrapped = tokio::task::spawn_blocking(move || {
        let initial = InitialPassword::generate(&*random);
        let wrap = initial_wrap(&id, &secret, &initial, &pepper, &*random);
        drop(permit);
        wrap.map(|wrap| (initial, wrap))
    });
    wrapped.await.map_err(crate::failure::later)?.map_err(crate::failure::later)
}

/// The mail to the sender: on the route of reports, and to nobody else.
pub(super) fn rows(
    arrival: &Arrival<'_>,
    about: &Announcement<'_>,
    initial: &InitialPassword,
) -> Result<ArrivalRows, Reply> {
    let context = arrival.context;
    let announcer = &context.tenant.announcer;
    let to = teller(arrival, about.recipient)?.clone();
    let (expires, days) = announcer.deadline(about.going, arrival.now);
    let notice = Notice::PasswordForSender {
        recipient: about.recipient.to_path(),
        password: initial.text(),
        subject: about.listing.subject.clone().filter(|_| announcer.show_subject),
        date: arrival.now,
        expires,
        days,
    };
    let language = announcer.language(&to).tag();
    let message_id = format!("{}@{}", context.shared.random.id(), context.tenant.name);
    let mut draft = owner_mail::draft(
        announcer,
        notice,
        language,
        to,
        message_id,
        about.listing.message_id.clone(),
        arrival.now,
    )
    .map_err(crate::failure::later)?;
    draft.route = context.tenant.routes.reports.clone();
    draft.tls = match &draft.route {
        // A server for reports, with its configured minimum TLS. If letters use it too, notices are not
        // protected any better.
        Route::NextHop(_) if context.tenant.routes.reports != context.tenant.routes.relay => TlsFloor::None,
        Route::NextHop(_) | Route::Mx => announcer.floor,
    };
    let leg = enqueue::leg(&enqueue::Queue::of(context), draft, None, LegPurpose::Report, arrival.id)
        .map_err(crate::failure::later)?;
    Ok(ArrivalRows { legs: vec![leg], ..ArrivalRows::new(arrival.now) })
}
