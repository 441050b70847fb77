//! Reports and automatic replies to addresses that an outside sender wrote into a reverse-path, which may be a victim's: few for
//! each address, more for each domain, and a number a day. What is not sent is counted. Knows no wording.

use std::sync::Arc;

use async_trait::async_trait;
use sealpost_delivery::{ReportLimit, ReportSlot, ReportsTo};
use sealpost_mail::{Address, Timestamp};
use sealpost_store::{NewUse, Spent, StoreError, UseLimits};

use crate::context::Context;

/// The limit on reports, as delivery asks for it.
pub struct LimitedReports(pub Arc<Context>);

#[async_trait]
impl ReportLimit for LimitedReports {
    async fn take_slot(
        &self,
        reports_to: ReportsTo,
        to: &Address,
        about: &str,
        now: Timestamp,
    ) -> Result<ReportSlot, StoreError> {
        take_slot(&self.0, reports_to, to, about, now).await
    }
}

/// Reserves a report to the sender of the letter `about`.
pub(crate) async fn take_slot(
    context: &Context,
    reports_to: ReportsTo,
    to: &Address,
    about: &str,
    now: Timestamp,
) -> Result<ReportSlot, StoreError> {
    // Forged reverse-paths must not keep partners from hearing of what they really sent: separate counters.
    let lane = match reports_to {
        ReportsTo::Ours => return Ok(ReportSlot::Taken),
        ReportsTo::Proven => "proven ",
        ReportsTo::Claimed => "",
    };
    let (store, most) = (&context.shared.store, context.tenant.quotas.reports);
    let (identity, domain) = (to.identity(), to.domain().as_str().to_ascii_lowercase());
    let one = |kind: &str, whose: &str, most: i64| NewUse {
        whose: context.shared.keys.tags.count_tag(kind, whose.as_bytes()),
        at: now,
        recipients: 1,
        most: UseLimits { letters_day: most, ..UseLimits::UNLIMITED },
    };
    // As many reports about one letter as letters per address, and one of the address's quota: a letter to many who
    // refuse it must not keep the address from hearing of others.
    let letter = one(&format!("reports of {lane}letter"), &format!("{about} {identity}"), most.address);
    let is_first = store.used_lately(&letter.whose, now).await?.is_empty();
    let to = |what: &str| format!("reports to {lane}{what}");
    let mut places = vec![letter, one(&to("domain"), &domain, most.domain), one(&to("all"), "", most.all)];
    if is_first {
        places.push(one(&to("address"), &identity, most.address));
    }
    match store.spend(&places).await? {
        Spent::Taken => Ok(ReportSlot::Taken),
        Spent::TooMany => {
            let unsent = one("reports not sent", "", i64::MAX);
            let _counted = store.spend(&[unsent]).await?;
            let today: i64 =
                store.used_lately(&unsent.whose, now).await?.iter().map(|used| used.letters).sum();
            tracing::warn!(
                arrival.id = about,
                reports.unsent_in_a_day = today,
                "a report was not sent: there were too many to a reverse-path from outside, which may be forged"
            );
            Ok(ReportSlot::None)
        }
    }
}
