//! Read receipts to senders who requested them (RFC 8098): the mail is committed with the record that the
//! letter was opened, so that it is sent once. Knows no page.

use sealpost_delivery::{Purpose, ReportsTo, Route};
use sealpost_mail::{MdnParts, ReversePath, TlsFloor, compose_mdn};
use sealpost_mailbox::OutboxError;
use sealpost_notice::Report as Words;
use sealpost_store::{ArrivalRows, AuditRow, Committed, LegPurpose, NewOpening};

use crate::commit::commit;
use crate::context::Context;
use crate::enqueue;
use crate::memo::NoticeMemo;
use crate::reply::failed;
use crate::settings::Receipts;

/// A letter is opened. `false`: no receipt was requested, or it was opened before, and nothing was done.
pub(crate) async fn opened(
    context: &Context,
    opening: NewOpening,
    noted: AuditRow,
) -> Result<bool, OutboxError> {
    match context.tenant.announcer.receipts {
        Receipts::Off => return Ok(false),
        Receipts::OnOpen => {}
    }
    let (shared, routes) = (&context.shared, &context.tenant.routes);
    let deposit_id = opening.deposit_id.clone();
    let first = NoticeMemo::first(&shared.keys.rows, &shared.store, &deposit_id).await.map_err(failed)?;
    // A reply's row has another seal: no receipt was requested for it.
    let Some(Ok((memo, row))) = first else { return Ok(false) };
    let Some(to) = memo.receipt_to.filter(|_| row.mailbox_id == opening.mailbox_id) else { return Ok(false) };
    let now = shared.clock.now();
    let words =
        Words::Opened.words(&memo.recipient.to_path(), None, &routes.report_languages).map_err(failed)?;
    let mail = compose_mdn(&MdnParts {
        reporting_host: context.tenant.name.clone(),
        at: now,
        from: routes.report_from.clone(),
        to: to.clone(),
        recipient: memo.recipient,
        original_message_id: memo.message_id,
        message_id: format!("{}@{}", shared.random.id(), context.tenant.name),
        subject: words.subject,
        text: words.text,
    })
    .map_err(failed)?;
    let (content, body) = enqueue::letter(&shared.store, &*shared.random, mail).await.map_err(failed)?;
    let draft = enqueue::Draft {
        content,
        // RFC 8098 §3: nothing comes back.
        reverse_path: ReversePath::Null,
        recipient: to,
        route: routes.reports.clone(),
        tls: match &routes.reports {
            // The operator's own server, with its configured minimum TLS.
            Route::NextHop(_) => TlsFloor::None,
            Route::Mx => context.tenant.announcer.floor,
        },
        purpose: Purpose::Report,
        reports_to: ReportsTo::Ours,
        at: now,
    };
    let id = shared.random.id();
    let queue = enqueue::Queue::of(context);
    let leg = enqueue::leg(&queue, draft, Some(&body), LegPurpose::Report, &id).map_err(failed)?;
    let mut rows = ArrivalRows::new(now);
    rows.legs.push(leg);
    rows.more_bodies.push(body);
    rows.audit.push(noted);
    rows.opened = Some(opening);
    match commit(shared, rows).await.map_err(failed)? {
        Committed::New(_durable) => {
            tracing::info!(deposit.id = %deposit_id, "a letter was opened, and its sender is told");
            Ok(true)
        }
        // Another page was first.
        Committed::Duplicate | Committed::MailboxTaken | Committed::TooMany => Ok(false),
    }
}
