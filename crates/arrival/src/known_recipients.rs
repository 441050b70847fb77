//! Whom strangers may write to by a listener that the world reaches, as far as the operator has said who is there. Judges
//! no letter.

use sealpost_mail::Address;

use crate::context::Tenant;
use crate::verp;

/// Whether somebody is there whom strangers may write to by this listener, as far as the operator has said who is:
/// in a list, which is read again with the rules. What comes back to us, and `postmaster` (RFC 5321 §4.5.1), is there
/// always.
pub(crate) fn takes(tenant: &Tenant, listener: &str, recipient: &Address) -> bool {
    let Some(list) = tenant.inbound.recipients.get(listener) else { return true };
    recipient.local().eq_ignore_ascii_case("postmaster")
        || tenant.announcer.is_ours(recipient)
        || verp::token(tenant.announcer.bounces.as_ref(), recipient).is_some()
        || tenant.rules().list_holds(list, recipient).unwrap_or(true)
}
