//! Identifies the reply to a test letter: only we can make a token, and nothing needs to be stored. Pure.

use sealpost_mail::Random;
use sealpost_vault::TagKey;

/// Octets of the tag in a token.
const TAG: usize = 16;

/// A token for a test letter to this partner.
#[must_use]
pub fn test_token(tags: &TagKey, partner_id: &str, random: &dyn Random) -> String {
    let id = random.id();
    let tag = tag(tags, partner_id, &id);
    format!("{id}.{tag}")
}

/// Whether a test letter of ours to this partner had this token.
#[must_use]
pub fn is_test_token(tags: &TagKey, partner_id: &str, token: &str) -> bool {
    token.split_once('.').is_some_and(|(id, given)| given == tag(tags, partner_id, id))
}

fn tag(tags: &TagKey, partner_id: &str, id: &str) -> String {
    use std::fmt::Write as _;
    let whole = tags.partner_tag("test", &format!("{partner_id} {id}"));
    whole.iter().take(TAG).fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealpost_mail::{Secret, SequenceRandom};
    use sealpost_vault::ServerKey;

    #[test]
    fn a_token_is_ours_and_one_partners() {
        let random = SequenceRandom::default();
        let keys = |octet| ServerKey::from_bytes(Secret::new([octet; 32])).keys().tags;
        let (ours, theirs) = (keys(1), keys(2));
        let token = test_token(&ours, "clinic", &random);
        assert!(is_test_token(&ours, "clinic", &token));
        assert!(!is_test_token(&ours, "other", &token) && !is_test_token(&theirs, "clinic", &token));
        assert!(!is_test_token(&ours, "clinic", "") && !is_test_token(&ours, "clinic", "a.b"));
    }
}
