//! A letter's head with the rules' edits. Knows no rule.

use sealpost_mail::{Edit, Head, PORTAL_FIELD};

/// A head with the rules' edits.
pub(crate) fn edited(head: &Head, edits: &[Edit]) -> Head {
    let head = if edits.is_empty() { head.clone() } else { head.apply(edits) };
    // Only we may state that a portal user was logged in.
    if head.count(PORTAL_FIELD) == 0 { head } else { head.without(PORTAL_FIELD) }
}
