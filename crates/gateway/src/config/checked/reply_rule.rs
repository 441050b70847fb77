//! The rules after all others, for replies to portal letters (`[policy] replies`) and to letters that arrived encrypted
//! (`[partners] replies`). Knows no other rule.

use sealpost_policy::{OtherwiseSpec, RuleSpec, TreatmentSpec, When};

use crate::config::file::{Config, PartnerReplies, Replies};

/// Their names in the log and in `explain`.
const REPLIES: &str = "replies to the portal";
const REPLIES_TO_CLOSED: &str = "replies to encrypted letters";

/// The enabled ones, in order.
pub(super) fn switched_on(config: &Config) -> Vec<RuleSpec> {
    // Without a listener for outside mail, nothing arrives encrypted.
    let has_world = config.inbound().next().is_some();
    let to_closed = match config.partners.replies {
        PartnerReplies::Closed => has_world.then(for_replies_to_closed),
        PartnerReplies::Rules => None,
    };
    let to_portal = match config.policy.replies {
        Replies::Portal => Some(for_replies()),
        Replies::Rules => None,
    };
    to_closed.into_iter().chain(to_portal).collect()
}

/// The problem if another rule relays what this one would protect.
pub(super) fn taken(rule: &RuleSpec, by: &str) -> String {
    let (what, key) = match rule.when.reply_to_closed {
        Some(_) => ("that came in encrypted", "`replies = \"closed\"` under [partners]"),
        None => ("of the portal", "`replies = \"portal\"`"),
    };
    format!("replies to letters {what} would leave in clear: the rule {by} takes them before {key} does")
}

/// And the hint.
pub(super) const HINT: &str = "use `default` instead of this rule, narrow it with not = [{ reply = true }, { reply-to-closed = true }], or write \
     replies = \"rules\"";

/// The rule for `replies = "portal"`.
fn for_replies() -> RuleSpec {
    RuleSpec {
        name: REPLIES.to_owned(),
        when: When { reply: Some(true), ..When::default() },
        then: TreatmentSpec::Portal,
        near: None,
        keep: None,
    }
}

/// Encrypted for recipients at a partner, and into the portal for everybody else: a reply quotes what arrived
/// encrypted.
fn for_replies_to_closed() -> RuleSpec {
    RuleSpec {
        name: REPLIES_TO_CLOSED.to_owned(),
        when: When { reply_to_closed: Some(true), ..When::default() },
        then: TreatmentSpec::Domain { partner: None, otherwise: OtherwiseSpec::Portal },
        near: None,
        keep: None,
    }
}
