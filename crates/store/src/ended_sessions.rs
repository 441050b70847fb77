//! Sessions that were ended from elsewhere, remembered for a while so that their browsers can say why. Keeps
//! a hash and a reason, not whose session it was.

use std::time::Duration;

use sealpost_mail::Timestamp;

use crate::column_values::{ColumnWord as _, Ended};
use crate::error::StoreError;
use crate::proven_facts::{FactKind, ProvenFact, Proves};
use crate::row_proof::ended_words;
use crate::stale_rows::{StaleRows, stale_rows};
use crate::statement::{Batch, sql};
use crate::store::Store;

/// After this time a browser is only told that its session has ended.
const REMEMBERED: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// Ends the sessions of a mailbox, except one that may continue.
pub(crate) fn end_sessions(
    batch: &mut Batch,
    mailbox_id: &str,
    why: Ended,
    now: Timestamp,
    keep: Option<&[u8; 32]>,
) {
    let keep = keep.map_or_else(Vec::new, |hash| hash.to_vec());
    // A row that already exists was not written by us: a session ends once.
    let ended = sql!(
        concat!(
            "INSERT INTO ended_sessions (hash, why, at) SELECT hash, ?2, ?3 FROM sessions
             WHERE mailbox_id = ?1 AND hash <> ?4
             ON CONFLICT (hash) DO UPDATE SET why = excluded.why, at = excluded.at, proof = NULL
             RETURNING ",
            ended_words!()
        ),
        mailbox_id,
        why.as_str(),
        now,
        keep.clone()
    );
    batch.add(ended.proving(Proves::SessionsEnded { why, at: now }));
    batch.add(sql!("DELETE FROM sessions WHERE mailbox_id = ?1 AND hash <> ?2", mailbox_id, keep));
}

/// Rows that no browser will ask for any more.
pub(crate) fn old_ended_sessions(now: Timestamp) -> StaleRows {
    stale_rows!(EndedSessions, "FROM ended_sessions WHERE at < ?1", now.minus(REMEMBERED))
}

impl Store {
    /// Why a session was ended, if it was, and if the row is proven to be ours.
    pub async fn ended_session(&self, hash: &[u8; 32]) -> Result<Option<Ended>, StoreError> {
        let question = concat!("SELECT ", ended_words!(), " FROM ended_sessions WHERE hash = ?1");
        let Some(row) = self.read_one(sql!(question, hash)).await? else { return Ok(None) };
        match self.reading(FactKind::SessionEnded).proven(row) {
            Some(ProvenFact::SessionEnded { why, .. }) => Ended::parse(&why).map(Some),
            Some(ProvenFact::GoneUnread { .. } | ProvenFact::CameBack { .. } | ProvenFact::Request(_))
            | None => Ok(None),
        }
    }
}
