//! Fingerprints whose client knows of our `250` are forgotten, in batches and without waiting.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::fingerprint::FORGET;
use crate::statement::sql;
use crate::store::Store;

impl Store {
    /// The client has seen our `250` for the letter of this moment: the same bytes sent again are a new letter from now on. Returns
    /// at once; the row goes with the next commit (and before anything in it), or within a second. If a crash
    /// comes first, the fingerprint stays for [`Store::sweep`].
    pub fn acknowledge(&self, fingerprint: [u8; 32], committed_at: Timestamp) {
        self.write_unhurried(sql!(FORGET, &fingerprint, committed_at));
    }

    /// Of which moment the letter is whose fingerprint is there.
    pub async fn fingerprint_of(&self, fingerprint: [u8; 32]) -> Result<Option<Timestamp>, StoreError> {
        let question = sql!("SELECT committed_at FROM fingerprints WHERE fingerprint = ?1", &fingerprint);
        self.read_one(question).await?.map(|mut row| row.time()).transpose()
    }
}
