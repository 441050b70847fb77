//! The rule that stands behind `replies = "portal"`. Knows no other rule.

use sealpost_policy::{RuleSpec, TreatmentSpec, When};

/// The name of the rule that stands behind `replies = "portal"`.
const REPLIES: &str = "replies to the portal";

/// The rule that stands behind `replies = "portal"`.
pub(super) fn for_replies() -> RuleSpec {
    RuleSpec {
        name: REPLIES.to_owned(),
        when: When { reply: Some(true), ..When::default() },
        then: TreatmentSpec::Portal,
        near: None,
        keep: None,
    }
}
