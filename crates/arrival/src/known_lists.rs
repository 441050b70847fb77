//! The revocation lists that count now: those in the operator's files and, where lists are fetched, those in the store. Read again when
//! one of them is another one. Fetches nothing, and knows nothing of what is on them.

use std::sync::Arc;

use sealpost_store::{RevocationListRow, Store, StoreError, StoredList};
use sealpost_vault::TagKey;
use tokio::sync::Mutex;

use crate::crl_files;
use crate::settings::{CrlSource, Inbound};

/// Bytes of lists in files and in the store together; with a letter they travel as base64, within what the worker takes as one job.
const MAX_TOGETHER: u64 = crl_files::MAX + MAX_FETCHED;
/// Of those that were fetched.
pub const MAX_FETCHED: u64 = 16 * 1024 * 1024;

/// What was read last, and of which files and rows.
#[derive(Debug, Default)]
pub(crate) struct KnownLists(Mutex<Option<LastRead>>);

#[derive(Debug)]
struct LastRead {
    files: Arc<Vec<Vec<u8>>>,
    marks: Vec<Mark>,
    all: Arc<Vec<Vec<u8>>>,
}

/// Which list of which authority, and when it came.
type Mark = (String, String, i64);

impl KnownLists {
    /// DER of all of them. Costs a look at files' times and, where lists are fetched, at the rows without the lists.
    pub(crate) async fn now(
        &self,
        inbound: &Inbound,
        store: &Store,
        tags: &TagKey,
    ) -> Result<Arc<Vec<Vec<u8>>>, StoreError> {
        let files = inbound.crls.now();
        match inbound.crl_source {
            CrlSource::Files => return Ok(files),
            CrlSource::Fetch => {}
        }
        // Before the lists: what changes in between is seen with the next letter. Before the lock, too: no letter waits for another one's
        // question.
        let marks = store.revocation_lists().await?.into_iter().filter_map(mark).collect();
        // Held while reading: many letters that come after a change read the lists once.
        let mut last = self.0.lock().await;
        if let Some(read) =
            last.as_ref().filter(|read| Arc::ptr_eq(&read.files, &files) && read.marks == marks)
        {
            return Ok(Arc::clone(&read.all));
        }
        let fetched = with_room(&files, proven(store, tags).await?);
        let all = Arc::new([files.as_slice(), &fetched].concat());
        *last = Some(LastRead { files, marks, all: Arc::clone(&all) });
        Ok(all)
    }
}

fn mark(row: RevocationListRow) -> Option<Mark> {
    Some((row.address, row.authority, row.kept?.fetched_at.0))
}

/// The same for somebody who asks once.
///
/// # Errors
/// The store does not answer.
pub async fn all_lists(
    inbound: &Inbound,
    store: &Store,
    tags: &TagKey,
) -> Result<Arc<Vec<Vec<u8>>>, StoreError> {
    KnownLists::default().now(inbound, store, tags).await
}

/// What stands beside a list in the store: that this gateway has put it there, for this address and authority. What a list names counts
/// by its authority's name alone, so nobody else's may be believed.
#[must_use]
pub fn list_proof(tags: &TagKey, address: &str, authority: &str, der: &[u8]) -> [u8; 32] {
    tags.row_proof("revocation-list", &[address.as_bytes(), authority.as_bytes()], der)
}

/// Whether this gateway has put it there.
#[must_use]
pub fn is_ours(tags: &TagKey, list: &StoredList) -> bool {
    list_proof(tags, &list.address, &list.authority, &list.der) == list.proof
}

/// DER of those that this gateway has put there. One after the other: nobody says how many somebody else has put beside them.
pub(crate) async fn proven(store: &Store, tags: &TagKey) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut proven = Vec::new();
    for row in store.revocation_lists().await? {
        match store.revocation_list(&row.address, &row.authority).await? {
            Some(list) if is_ours(tags, &list) => proven.push(list.der),
            None if row.kept.is_none() => {}
            Some(_) | None => tracing::error!(
                row.kind = "revocation-list",
                address = row.address,
                "a row failed verification and was refused"
            ),
        }
    }
    Ok(proven)
}

/// As many as the worker can be given with a letter, beside the operator's own.
fn with_room(files: &[Vec<u8>], fetched: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let size = |list: &Vec<u8>| u64::try_from(list.len()).unwrap_or(u64::MAX);
    let mut left = MAX_TOGETHER.saturating_sub(files.iter().map(size).sum());
    fetched
        .into_iter()
        .filter(|list| match left.checked_sub(size(list)) {
            Some(rest) => {
                left = rest;
                true
            }
            None => {
                tracing::error!("revocation lists are too large together: one that was fetched is passed by");
                false
            }
        })
        .collect()
}
