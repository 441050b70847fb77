//! A letter's head as it leaves. Knows no rule.

use sealpost_mail::{Edit, Head, PORTAL_FIELD};

/// A head as rules have changed it.
pub(crate) fn edited(head: &Head, edits: &[Edit]) -> Head {
    let head = if edits.is_empty() { head.clone() } else { head.apply(edits) };
    // Only we say that a portal user had signed in.
    if head.count(PORTAL_FIELD) == 0 { head } else { head.without(PORTAL_FIELD) }
}
