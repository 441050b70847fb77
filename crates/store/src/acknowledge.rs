//! Fingerprints whose client knows of our `250` are forgotten, in batches and without waiting.

use crate::statement::sql;
use crate::store::Store;

impl Store {
    /// The client has seen our `250`: the same bytes sent again are a new letter from now on. Returns at
    /// once; the row goes with the next commit (and before anything in it), or within a second. If a crash
    /// comes first, the fingerprint stays for [`Store::sweep`].
    pub fn acknowledge(&self, fingerprint: [u8; 32]) {
        self.write_unhurried(sql!("DELETE FROM fingerprints WHERE fingerprint = ?1", &fingerprint));
    }
}
