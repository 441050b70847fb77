//! Forgets fingerprints whose client has seen our `250`, in batches and without waiting.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::fingerprint::FORGET;
use crate::statement::sql;
use crate::store::Store;

impl Store {
    /// The client has seen our `250` for the letter committed at `committed_at`: the same bytes sent again
    /// are a new letter from now on. Returns at once; the row goes with the next commit (and before anything
    /// in it), or within a second. If a crash comes first, the fingerprint stays for [`Store::sweep`].
    pub fn acknowledge(&self, fingerprint: [u8; 32], committed_at: Timestamp) {
        self.write_unhurried(sql!(FORGET, &fingerprint, committed_at));
    }

    /// When the letter with this fingerprint was committed, if the fingerprint is known.
    pub async fn fingerprint_of(&self, fingerprint: [u8; 32]) -> Result<Option<Timestamp>, StoreError> {
        let question = sql!("SELECT committed_at FROM fingerprints WHERE fingerprint = ?1", &fingerprint);
        self.read_one(question).await?.map(|mut row| row.time()).transpose()
    }
}
