//! MTA-STS policies as they were fetched (RFC 8461), until they run out. What one says is not known here.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::statement::{Batch, sql};
use crate::store::Store;

/// A policy that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StsPolicyRow {
    /// Whose.
    pub domain: String,
    /// What the domain's record called it.
    pub policy_id: String,
    /// As it came.
    pub text: Vec<u8>,
    /// When.
    pub fetched_at: Timestamp,
    /// How long it counts.
    pub good_until: Timestamp,
}

impl Store {
    /// The policy of a domain, if one is kept that still counts.
    pub async fn sts_policy(&self, domain: &str, now: Timestamp) -> Result<Option<StsPolicyRow>, StoreError> {
        let wanted = sql!(
            "SELECT policy_id, text, fetched_at, good_until FROM sts_policies WHERE domain = ?1 AND good_until > ?2",
            domain,
            now
        );
        let Some(mut row) = self.read_rows(wanted).await?.into_iter().next() else { return Ok(None) };
        Ok(Some(StsPolicyRow {
            domain: domain.to_owned(),
            policy_id: row.text()?,
            text: row.blob()?,
            fetched_at: row.time()?,
            good_until: row.time()?,
        }))
    }

    /// Keeps one in the place of the last; what has run out goes.
    pub async fn keep_sts_policy(&self, policy: StsPolicyRow) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        batch.add(sql!("DELETE FROM sts_policies WHERE good_until <= ?1", policy.fetched_at));
        batch.add(sql!(
            "INSERT INTO sts_policies (domain, policy_id, text, fetched_at, good_until) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (domain) DO UPDATE
                 SET policy_id = excluded.policy_id, text = excluded.text,
                     fetched_at = excluded.fetched_at, good_until = excluded.good_until",
            policy.domain,
            policy.policy_id,
            policy.text,
            policy.fetched_at,
            policy.good_until
        ));
        self.write(batch).await.map(drop)
    }
}
