//! Warns the operator of keys that expire; the mail is committed with the record of the warning, so that no
//! other process repeats it. Knows no wording, and not when a warning is due.

use sealpost_delivery::Route;
use sealpost_mail::{Address, Timestamp, TlsFloor};
use sealpost_notice::Notice;
use sealpost_store::{ArrivalRows, KeyWarning, LegPurpose};

use crate::context::Context;
use crate::enqueue;
use crate::owner_mail;
use crate::reminder::{Mailing, Unsent, once, unsent};

/// Records the warning, and mails it if there is an address.
pub async fn tell_of_keys(
    context: &Context,
    mail: Option<(&Address, Notice)>,
    warnings: Vec<KeyWarning>,
    now: Timestamp,
) -> Result<Mailing, Unsent> {
    let mut rows = ArrivalRows::new(now);
    rows.key_warnings = warnings;
    if let Some((to, notice)) = mail {
        let announcer = &context.tenant.announcer;
        let (random, language) = (&context.shared.random, announcer.language(to).tag());
        let message_id = format!("{}@{}", random.id(), context.tenant.name);
        let mut draft = owner_mail::draft(announcer, notice, language, to.clone(), message_id, None, now)
            .map_err(Unsent::Row)?;
        draft.route = context.tenant.routes.reports.clone();
        draft.tls = match &draft.route {
            // The operator's own server, with its configured minimum TLS.
            Route::NextHop(_) => TlsFloor::None,
            Route::Mx => announcer.floor,
        };
        let leg = enqueue::leg(&enqueue::Queue::of(context), draft, None, LegPurpose::Report, &random.id());
        rows.legs.push(leg.map_err(unsent)?);
    }
    once(&context.shared, rows).await
}
