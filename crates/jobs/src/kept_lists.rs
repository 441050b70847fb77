//! Room taken by the revocation lists that this gateway has fetched. Rows written by others are ignored and
//! removed. Fetches nothing.

use std::collections::BTreeMap;

use sealpost_arrival::{MAX_FETCHED, is_ours};

use crate::job_context::{Failed, JobContext, PartnerWork};

/// Size of each list in bytes, by address and authority.
#[derive(Default)]
pub(super) struct KeptLists(BTreeMap<(String, String), u64>);

impl KeptLists {
    /// Those with a valid proof; others are removed. One list after the other: others' rows may be of any
    /// size.
    pub(super) async fn only_ours(job_context: &JobContext, work: &PartnerWork) -> Result<Self, Failed> {
        let (store, mut kept) = (&job_context.store, Self::default());
        for row in store.revocation_lists().await? {
            match store.revocation_list(&row.address, &row.authority).await? {
                Some(list) if is_ours(&work.tags, &list) => {
                    kept.takes(&row.address, &row.authority, &list.der)
                }
                // The row says that there is a list, and there is none that can be read.
                None if row.kept.is_none() => {}
                Some(_) | None => {
                    tracing::error!(
                        row.kind = "revocation-list",
                        address = row.address,
                        "a list that this gateway has not fetched is removed; its authority is asked again"
                    );
                    store.forget_revocation_list(&row.address, &row.authority).await?;
                }
            }
        }
        Ok(kept)
    }

    /// Whether there is room for this list in place of the stored one.
    pub(super) fn has_room_for(&self, address: &str, authority: &str, list: &[u8]) -> bool {
        let place = (address.to_owned(), authority.to_owned());
        let others = self.0.iter().filter(|(at, _)| **at != place).map(|(_, size)| size).sum::<u64>();
        others.saturating_add(size(list)) <= MAX_FETCHED
    }

    /// Records that it is stored.
    pub(super) fn takes(&mut self, address: &str, authority: &str, list: &[u8]) {
        self.0.insert((address.to_owned(), authority.to_owned()), size(list));
    }

    /// Records that it was removed.
    pub(super) fn forget(&mut self, address: &str, authority: &str) {
        self.0.remove(&(address.to_owned(), authority.to_owned()));
    }
}

fn size(list: &[u8]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}
