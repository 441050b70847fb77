//! An MTA-STS policy as stored: sealed with the queue's key, bound to its domain's tag and its times, so that write
//! access to the database neither reveals whom we write to, nor allows making a policy or extending one. Makes no
//! queries.

use sealpost_mail::{Random, Timestamp, hex};
use sealpost_store::StsPolicyRow;
use sealpost_vault::{Label, SpoolKey};
use serde::{Deserialize, Serialize};

/// The sealed part of a stored policy.
#[derive(Serialize, Deserialize)]
pub(crate) struct SealedPolicy {
    domain: String,
    /// Its id in the domain's record.
    pub(crate) id: String,
    /// The text of the policy, unchanged.
    pub(crate) text: String,
}

/// The row of a policy; `None`: it is not text.
pub(crate) fn seal(
    key: &SpoolKey,
    (domain, id, text): (&str, &str, Vec<u8>),
    (fetched_at, good_until): (Timestamp, Timestamp),
    random: &dyn Random,
) -> Option<StsPolicyRow> {
    let kept =
        SealedPolicy { domain: domain.to_owned(), id: id.to_owned(), text: String::from_utf8(text).ok()? };
    let tag = key.policy_tag(domain);
    let plain = serde_json::to_vec(&kept).ok()?;
    let bound = bound(&tag, fetched_at, good_until);
    let policy_sealed = key.seal(Label::StsPolicy, &bound, &plain, random);
    Some(StsPolicyRow { tag, policy_sealed, fetched_at, good_until })
}

/// The policy that we sealed for this domain; `None`: the row is not ours.
pub(crate) fn open(key: &SpoolKey, domain: &str, row: &StsPolicyRow) -> Option<SealedPolicy> {
    let bound = bound(&key.policy_tag(domain), row.fetched_at, row.good_until);
    let plain = key.open(Label::StsPolicy, &bound, &row.policy_sealed).ok()?;
    let kept: SealedPolicy = serde_json::from_slice(plain.expose()).ok()?;
    (kept.domain == domain).then_some(kept)
}

fn bound(tag: &[u8; 32], fetched_at: Timestamp, good_until: Timestamp) -> String {
    format!("{} {} {}", hex(tag), fetched_at.0, good_until.0)
}

#[cfg(test)]
mod tests {
    use sealpost_mail::SequenceRandom;
    use sealpost_vault::ServerKey;

    use super::*;

    #[test]
    fn only_what_we_sealed_for_that_domain_and_these_times_opens() {
        let random = SequenceRandom::default();
        let (key, other) =
            (ServerKey::generate(&random).keys().spool, ServerKey::generate(&random).keys().spool);
        let (then, until) = (Timestamp(1_000), Timestamp(9_000));
        let policy = ("d.example", "1", b"version: STSv1".to_vec());
        let row = seal(&key, policy, (then, until), &random).unwrap();
        let kept = open(&key, "d.example", &row).unwrap();
        assert_eq!((kept.id.as_str(), kept.text.as_str()), ("1", "version: STSv1"));
        assert!(!row.policy_sealed.windows(9).any(|bytes| bytes == b"d.example"));

        assert!(open(&key, "e.example", &row).is_none(), "another domain's");
        assert!(open(&other, "d.example", &row).is_none(), "another key's");
        for changed in [
            StsPolicyRow { fetched_at: Timestamp(999), ..row.clone() },
            StsPolicyRow { good_until: Timestamp(9_001), ..row.clone() },
            StsPolicyRow { policy_sealed: b"version: STSv1".to_vec(), ..row.clone() },
            StsPolicyRow { policy_sealed: Vec::new(), ..row },
        ] {
            assert!(open(&key, "d.example", &changed).is_none(), "{changed:?}");
        }
    }
}
