//! The current revocation lists: those in the operator's files and, if lists are fetched, those in the store. Read again when one
//! has changed. Fetches nothing, and does not know what is on them.

use std::sync::Arc;

use sealpost_store::{RevocationListRow, Store, StoreError, StoredList};
use sealpost_vault::TagKey;
use tokio::sync::Mutex;

use crate::crl_files;
use crate::settings::{CrlSource, Inbound};

/// Maximum bytes of lists in files and store together; with a letter they are passed as base64, within the worker's job size.
const MAX_TOGETHER: u64 = crl_files::MAX + MAX_FETCHED;
/// Maximum bytes of fetched lists.
pub const MAX_FETCHED: u64 = 16 * 1024 * 1024;

/// What was last read, and from which files and rows.
#[derive(Debug, Default)]
pub(crate) struct KnownLists(Mutex<Option<LastRead>>);

#[derive(Debug)]
struct LastRead {
    files: Arc<Vec<Vec<u8>>>,
    marks: Vec<Mark>,
    all: Arc<Vec<Vec<u8>>>,
}

/// Address and authority of a list, and when it was fetched.
type Mark = (String, String, i64);

impl KnownLists {
    /// All lists, DER. Costs a look at the files' times and, if lists are fetched, at the rows without the lists.
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
        // Before the lists: a change in between is seen with the next letter. Before the lock, too: no letter waits for another
        // one's query.
        let marks = store.revocation_lists().await?.into_iter().filter_map(mark).collect();
        // Held while reading: of many letters that arrive after a change, only one reads the lists.
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

/// The same for a one-time caller.
///
/// # Errors
/// The store did not answer.
pub async fn all_lists(
    inbound: &Inbound,
    store: &Store,
    tags: &TagKey,
) -> Result<Arc<Vec<Vec<u8>>>, StoreError> {
    KnownLists::default().now(inbound, store, tags).await
}

/// The proof stored with a list: this gateway has stored it for this address and authority. What a list names is revoked under its
/// authority's name, so no other party's may be trusted.
#[must_use]
pub fn list_proof(tags: &TagKey, address: &str, authority: &str, der: &[u8]) -> [u8; 32] {
    tags.row_proof("revocation-list", &[address.as_bytes(), authority.as_bytes()], der)
}

/// Whether this gateway has stored it.
#[must_use]
pub fn is_ours(tags: &TagKey, list: &StoredList) -> bool {
    list_proof(tags, &list.address, &list.authority, &list.der) == list.proof
}

/// DER of those that this gateway has put there. One after the other: an attacker may have added any number.
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

/// As many as fit into the worker's job, besides the operator's own.
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
                tracing::error!("revocation lists are too large in total: a fetched one is ignored");
                false
            }
        })
        .collect()
}
