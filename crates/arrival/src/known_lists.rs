//! The revocation lists that count now: those in the operator's files and, where lists are fetched, those in the store. Read again when
//! one of them is another one. Fetches nothing, and knows nothing of what is on them.

use std::sync::Arc;

use sealpost_store::{RevocationListRow, Store, StoreError};
use tokio::sync::Mutex;

use crate::settings::{CrlSource, Inbound};

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
    ) -> Result<Arc<Vec<Vec<u8>>>, StoreError> {
        let files = inbound.crls.now();
        match inbound.crl_source {
            CrlSource::Files => return Ok(files),
            CrlSource::Fetch => {}
        }
        // Held while reading: many letters that come after a change read the lists once.
        let mut last = self.0.lock().await;
        // Before the lists: what changes in between is seen with the next letter.
        let marks = store.revocation_lists().await?.into_iter().filter_map(mark).collect();
        if let Some(read) =
            last.as_ref().filter(|read| Arc::ptr_eq(&read.files, &files) && read.marks == marks)
        {
            return Ok(Arc::clone(&read.all));
        }
        let all = Arc::new([files.as_slice(), &store.revocation_list_bytes().await?].concat());
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
pub async fn all_lists(inbound: &Inbound, store: &Store) -> Result<Arc<Vec<Vec<u8>>>, StoreError> {
    KnownLists::default().now(inbound, store).await
}
