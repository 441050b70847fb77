//! Whom strangers may write to through a listener for outside mail, if the operator has listed the existing recipients.
//! Judges no letter.

use sealpost_mail::Address;

use crate::context::Tenant;
use crate::verp;

/// Whether this recipient exists for strangers who write through this listener: by the operator's list, which is
/// reloaded with the rules. Our bounce addresses and `postmaster` (RFC 5321 §4.5.1) always exist.
pub(crate) fn takes(tenant: &Tenant, listener: &str, recipient: &Address) -> bool {
    let Some(list) = tenant.inbound.recipients.get(listener) else { return true };
    recipient.local().eq_ignore_ascii_case("postmaster")
        || tenant.announcer.is_ours(recipient)
        || verp::token(tenant.announcer.bounces.as_ref(), recipient).is_some()
        || tenant.rules().list_holds(list, recipient).unwrap_or(true)
}
