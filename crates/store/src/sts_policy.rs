//! Fetched MTA-STS policies (RFC 8461), until they expire. Cannot open them, and does not know whose they are.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::stale_rows::{StaleRows, stale_rows};
use crate::statement::{Batch, sql};
use crate::store::Store;

/// Beyond this many, the oldest are removed.
const MAX_KEPT: i64 = 10_000;

/// A policy that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StsPolicyRow {
    /// Keyed tag of the domain.
    pub tag: [u8; 32],
    /// The policy, sealed with these two times.
    pub policy_sealed: Vec<u8>,
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// When it expires.
    pub good_until: Timestamp,
}

impl Store {
    /// The policy with this tag. Whether it still applies follows from its times, which can be trusted only after
    /// opening it.
    pub async fn sts_policy(&self, tag: &[u8; 32]) -> Result<Option<StsPolicyRow>, StoreError> {
        let wanted =
            sql!("SELECT policy_sealed, fetched_at, good_until FROM mta_sts_policies WHERE tag = ?1", tag);
        let Some(mut row) = self.read_rows(wanted).await?.into_iter().next() else { return Ok(None) };
        Ok(Some(StsPolicyRow {
            tag: *tag,
            policy_sealed: row.blob()?,
            fetched_at: row.time()?,
            good_until: row.time()?,
        }))
    }

    /// Stores a policy, replacing the last one; beyond the maximum the oldest are removed.
    pub async fn keep_sts_policy(&self, policy: StsPolicyRow) -> Result<(), StoreError> {
        self.keep_sts_policies(policy, MAX_KEPT).await
    }

    async fn keep_sts_policies(&self, policy: StsPolicyRow, most: i64) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        batch.add(sql!(
            "INSERT INTO mta_sts_policies (tag, policy_sealed, fetched_at, good_until) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (tag) DO UPDATE
                 SET policy_sealed = excluded.policy_sealed, fetched_at = excluded.fetched_at,
                     good_until = excluded.good_until",
            &policy.tag,
            policy.policy_sealed,
            policy.fetched_at,
            policy.good_until
        ));
        batch.add(sql!(
            "DELETE FROM mta_sts_policies WHERE fetched_at <
                 (SELECT fetched_at FROM mta_sts_policies ORDER BY fetched_at DESC LIMIT 1 OFFSET ?1)",
            most - 1
        ));
        self.write(batch).await.map(drop)
    }
}

/// Expired policies.
pub(crate) fn old_policies(now: Timestamp) -> StaleRows {
    stale_rows!(Policies, "FROM mta_sts_policies WHERE good_until <= ?1", now)
}
