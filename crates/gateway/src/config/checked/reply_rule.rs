//! The rules that stand behind all others for answers: to letters of the portal (`[policy] replies`) and to letters that
//! came in encrypted (`[partners] replies`). Knows no other rule.

use sealpost_policy::{OtherwiseSpec, RuleSpec, TreatmentSpec, When};

use crate::config::file::{Config, PartnerReplies, Replies};

/// Their names, as log and `explain` say them.
const REPLIES: &str = "replies to the portal";
const REPLIES_TO_CLOSED: &str = "replies to encrypted letters";

/// What the configuration switches on, in the order in which they are asked.
pub(super) fn switched_on(config: &Config) -> Vec<RuleSpec> {
    // Nothing comes in encrypted where nothing comes from the world.
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

/// What is wrong where other rules let go what this one would keep.
pub(super) fn taken(rule: &RuleSpec, by: &str) -> String {
    let (what, key) = match rule.when.reply_to_closed {
        Some(_) => ("that came in encrypted", "`replies = \"closed\"` under [partners]"),
        None => ("of the portal", "`replies = \"portal\"`"),
    };
    format!("replies to letters {what} would leave in clear: the rule {by} takes them before {key} does")
}

/// And what to do about it.
pub(super) const HINT: &str = "use `default` instead of this rule, narrow it with not = [{ reply = true }, { reply-to-closed = true }], or write \
     replies = \"rules\"";

/// The rule that stands behind `replies = "portal"`.
fn for_replies() -> RuleSpec {
    RuleSpec {
        name: REPLIES.to_owned(),
        when: When { reply: Some(true), ..When::default() },
        then: TreatmentSpec::Portal,
        near: None,
        keep: None,
    }
}

/// Encrypted for whichever partner a recipient belongs to, and into the portal for everybody else: what was closed on its
/// way in is quoted in its answer.
fn for_replies_to_closed() -> RuleSpec {
    RuleSpec {
        name: REPLIES_TO_CLOSED.to_owned(),
        when: When { reply_to_closed: Some(true), ..When::default() },
        then: TreatmentSpec::Domain { partner: None, otherwise: OtherwiseSpec::Portal },
        near: None,
        keep: None,
    }
}
