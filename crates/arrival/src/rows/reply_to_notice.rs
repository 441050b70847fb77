//! Somebody replied to one of our mails by ordinary mail: they are told, at most once a day, how to reply safely. What they wrote
//! ends here and is not stored. Machines and lists get no reply (RFC 3834 §2). Knows no wording.

use sealpost_delivery::{ReportSlot, ReportsTo};
use sealpost_mail::{Address, Head, Reply, ReversePath, Secret};
use sealpost_notice::{Notice, Wrote};
use sealpost_store::{ArrivalRows, LegPurpose, NewUse, UseLimits};

use super::Arrival;
use crate::bounce_status;
use crate::decided::{Decided, Way};
use crate::partners::Readability;
use crate::{enqueue, owner_mail, report_limit};

/// Adds the reply to the author of a mail to our own address.
pub(super) async fn rows(arrival: &Arrival<'_>, decided: &[Decided]) -> Result<ArrivalRows, Reply> {
    let is_ours = |decided: &Decided| matches!(decided.way, Way::ToUs);
    match decided.iter().any(is_ours) {
        true => to_writer(arrival).await,
        false => Ok(ArrivalRows::new(arrival.now)),
    }
}

/// One reply a day per author (RFC 3834 §2 asks for a limit; people need it once).
pub(super) async fn to_writer(arrival: &Arrival<'_>) -> Result<ArrivalRows, Reply> {
    let mut rows = ArrivalRows::new(arrival.now);
    match arrival.came {
        Readability::Readable => {}
        // The reply would depend on the content, and tell a stranger who sends a captured letter whether it was decrypted.
        Readability::Closed => {
            tracing::info!(arrival.id = %arrival.id, "encrypted mail to our own address was dropped");
            return Ok(rows);
        }
    }
    let (shared, tenant) = (&arrival.context.shared, &arrival.context.tenant);
    let head = &arrival.spooled.head;
    let Some(to) = writer(&arrival.envelope.reverse_path, head) else {
        tracing::info!(arrival.id = %arrival.id, "an automatic mail to our own address was dropped");
        return Ok(rows);
    };
    let Some(counted) = once_a_day(arrival, "answered", &to).await? else {
        tracing::info!(arrival.id = %arrival.id, "mail to our own address; its writer was told today");
        return Ok(rows);
    };
    match report_slot(arrival, &to).await? {
        ReportSlot::Taken => {}
        ReportSlot::None => return Ok(rows),
    }
    let announcer = &tenant.announcer;
    let notice = Notice::ReplySafely { link: Secret::new(announcer.public_url.clone()), wrote: wrote(head) };
    let language = announcer.language(&to).tag();
    let message_id = format!("{}@{}", shared.random.id(), tenant.name);
    let draft =
        // RFC 3834 §3.1.5: mail programs show it beside what it replies to.
        owner_mail::draft(announcer, notice, language, to, message_id, head.message_id(), arrival.now)
            .map_err(crate::failure::later)?;
    let queue = enqueue::Queue::of(arrival.context);
    let leg =
        enqueue::leg(&queue, draft, None, LegPurpose::Notice, arrival.id).map_err(crate::failure::later)?;
    rows.legs.push(leg);
    rows.uses.push(counted);
    tracing::info!(arrival.id = %arrival.id, "mail to our own address: its writer is told how to answer safely");
    Ok(rows)
}

/// Quota for one more reply to this address. Reverse-paths are not proven: the operator's server passes on strangers' mail too.
pub(super) async fn report_slot(arrival: &Arrival<'_>, to: &Address) -> Result<ReportSlot, Reply> {
    let slot =
        report_limit::take_slot(arrival.context, ReportsTo::Claimed, to, arrival.id, arrival.now).await;
    slot.map_err(|error| crate::failure::unavailable(&error))
}

/// Whether somebody replied to one of our mails, or wrote to its address on their own.
fn wrote(head: &Head) -> Wrote {
    let answers = ["In-Reply-To", "References"].iter().any(|name| head.count(name) > 0);
    if answers { Wrote::Reply } else { Wrote::Afresh }
}

/// The count of a reply of this kind to this address; `None`: there was one today.
pub(super) async fn once_a_day(
    arrival: &Arrival<'_>,
    kind: &'static str,
    to: &Address,
) -> Result<Option<NewUse>, Reply> {
    let shared = &arrival.context.shared;
    let whose = shared.keys.tags.count_tag(kind, to.identity().as_bytes());
    let used = shared.store.used_lately(&whose, arrival.now).await;
    if !used.map_err(|error| crate::failure::unavailable(&error))?.is_empty() {
        return Ok(None);
    }
    // Two at once: the second is refused at the commit, and rebuilt without a reply.
    let most = UseLimits { letters_day: 1, ..UseLimits::UNLIMITED };
    Ok(Some(NewUse { whose, at: arrival.now, recipients: 1, most }))
}

/// Who would be helped by a reply. `None`: a machine, a list, or a null reverse-path.
pub(super) fn writer(reverse_path: &ReversePath, head: &Head) -> Option<Address> {
    let to = reverse_path.address()?;
    let local = to.local().to_ascii_lowercase();
    // RFC 3834 §2.
    let is_role = ["mailer-daemon", "postmaster", "noreply", "no-reply"].contains(&local.as_str())
        || local.starts_with("owner-")
        || local.ends_with("-request");
    let is_list =
        ["List-Id", "List-Unsubscribe", "List-Post", "List-Help"].iter().any(|name| head.count(name) > 0);
    let precedence = head.first("Precedence").unwrap_or_default().trim().to_lowercase();
    let is_bulk = ["bulk", "list", "junk"].contains(&precedence.as_str());
    let is_silent = is_role || is_list || is_bulk || bounce_status::is_automatic(head);
    (!is_silent).then(|| to.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_told(from: &str, fields: &str) -> bool {
        let head = Head::new(format!("From: a@web.example\r\n{fields}\r\n").into_bytes()).unwrap();
        writer(&ReversePath::Address(Address::parse(from).unwrap()), &head).is_some()
    }

    #[test]
    fn people_are_told_and_machines_are_not() {
        assert!(is_told("max@web.example", "Subject: Re: Ihre Nachricht\r\n"));
        assert!(is_told("max@web.example", "Auto-Submitted: no\r\n"));
        for fields in [
            "Auto-Submitted: auto-replied\r\n",
            "List-Id: <l.web.example>\r\n",
            "Precedence: bulk\r\n",
            "Subject: Abwesenheitsnotiz\r\n",
        ] {
            assert!(!is_told("max@web.example", fields), "{fields}");
        }
        for from in ["mailer-daemon@web.example", "owner-l@web.example", "l-request@web.example"] {
            assert!(!is_told(from, "Subject: x\r\n"), "{from}");
        }
        let head = Head::new(b"Subject: x\r\n\r\n".to_vec()).unwrap();
        assert!(writer(&ReversePath::Null, &head).is_none());
    }
}
