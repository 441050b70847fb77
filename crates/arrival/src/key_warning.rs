//! Word to the operator of keys that end, committed with the note of what they were told: nobody is told twice, whoever
//! else runs. Knows no wording and not when it is time.

use sealpost_delivery::Route;
use sealpost_mail::{Address, Timestamp, TlsFloor};
use sealpost_notice::Notice;
use sealpost_store::{ArrivalRows, KeyWarning, LegPurpose};

use crate::context::Context;
use crate::enqueue;
use crate::owner_mail;
use crate::reminder::{Mailing, Unsent, once, unsent};

/// Notes what the operator is told, and sends it where there is an address.
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
            // The operator's own server, with the floor the operator gave it.
            Route::NextHop(_) => TlsFloor::None,
            Route::Mx => announcer.floor,
        };
        let leg = enqueue::leg(&enqueue::Queue::of(context), draft, None, LegPurpose::Report, &random.id());
        rows.legs.push(leg.map_err(unsent)?);
    }
    once(&context.shared, rows).await
}
