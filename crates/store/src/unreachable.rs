//! Owners' addresses whose mail bounced. How often is too often is decided elsewhere.

use sealpost_mail::Timestamp;

use crate::counted_size::counted;
use crate::error::StoreError;
use crate::fact_rows::Reading;
use crate::proven_facts::{FactKind, ProvenFact, Proves};
use crate::row_proof::came_back_words;
use crate::statement::{Batch, Outcome, Refusal, Row, sql};
use crate::store::Store;

/// Bounces of mail to an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreachable {
    /// Number of bounces since support last reset it.
    pub bounces: u32,
    /// When it last bounced.
    pub last_at: Timestamp,
    /// The mail server's last enhanced status code.
    pub status: String,
}

impl Unreachable {
    /// From the columns `came_back_words!` of an outer join. `None` if they are NULL or the proof fails.
    pub(crate) fn proven(row: Row, reading: &mut Reading<'_>) -> Option<Self> {
        match reading.proven_beside(row)? {
            ProvenFact::CameBack { bounces, last_at, status, .. } => {
                Some(Self { bounces: u32::try_from(bounces).unwrap_or(u32::MAX), last_at, status })
            }
            ProvenFact::GoneUnread { .. } | ProvenFact::Request(_) | ProvenFact::SessionEnded { .. } => None,
        }
    }

    /// Whether a notice of `letter` would not be sent: too many bounces, or a bounce and no newer mail that was
    /// delivered.
    pub(crate) fn keeps_back(&self, most: u32, letter: Timestamp) -> bool {
        self.bounces >= most || self.last_at >= letter
    }
}

/// A permanent bounce of a notice.
#[derive(Clone, Debug)]
pub struct NewBounce {
    /// The mailbox that the notice was about.
    pub mailbox_id: String,
    /// The letter that the notice was about, if a report came back: an event for webhooks. If a server refuses at once,
    /// the event is written when the leg ends.
    pub deposit_id: Option<String>,
    /// The enhanced status code.
    pub status: String,
    /// When it bounced.
    pub at: Timestamp,
}

impl NewBounce {
    pub(crate) fn add_to(self, batch: &mut Batch) {
        batch.hold_mailbox(&self.mailbox_id);
        // A row that others wrote must not become ours when we count on.
        let before = sql!(
            concat!("SELECT ", came_back_words!(), " FROM unreachable WHERE mailbox_id = ?1"),
            self.mailbox_id.as_str()
        );
        batch.add(before.proving(Proves::CountedOn));
        let counted = sql!(
            concat!(
                "INSERT INTO unreachable (mailbox_id, bounces, last_at, status)
                 SELECT id, 1, CAST(?2 AS BIGINT), ?3 FROM mailboxes WHERE id = ?1 AND state <> 'deleted'
                 ON CONFLICT (mailbox_id) DO UPDATE
                     SET bounces = ",
                counted!("unreachable.bounces"),
                " + 1, last_at = excluded.last_at, status = excluded.status
                 RETURNING ",
                came_back_words!()
            ),
            self.mailbox_id.as_str(),
            self.at,
            self.status.as_str()
        );
        // The new count is the proven one plus one: between the two statements the row may have been replaced.
        let Self { mailbox_id, deposit_id: _, status, at } = self;
        batch.add(counted.proving(Proves::CameBack { mailbox_id, at, status }));
    }
}

impl Store {
    /// Records a bounce of a mailbox's address.
    pub async fn note_bounce(&self, bounce: NewBounce) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        bounce.add_to(&mut batch);
        self.write(batch).await.map(drop)
    }

    /// The bounces of a mailbox's address, if there are any.
    pub async fn unreachable(&self, mailbox_id: &str) -> Result<Option<Unreachable>, StoreError> {
        let question = sql!(
            concat!("SELECT ", came_back_words!(), " FROM unreachable WHERE mailbox_id = ?1"),
            mailbox_id
        );
        let row = self.read_one(question).await?;
        Ok(row.and_then(|row| Unreachable::proven(row, &mut self.reading(FactKind::CameBack))))
    }

    /// Resets them, so that mail is sent there again. `false`: there were none.
    pub async fn clear_unreachable(&self, mailbox_id: &str) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        let gone = sql!("DELETE FROM unreachable WHERE mailbox_id = ?1", mailbox_id);
        batch.add(gone.or_refuse(Refusal::Held));
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }
}
