//! Addresses that mail for their owners came back from. How often is too often is not known here.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::fact_rows::Reading;
use crate::proven_facts::{FactKind, ProvenFact, Proves};
use crate::row_proof::came_back_words;
use crate::statement::{Batch, Outcome, Refusal, Row, sql};
use crate::store::Store;

/// What is known of an address that mail came back from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreachable {
    /// How often, since support cleared it.
    pub bounces: u32,
    /// When last.
    pub last_at: Timestamp,
    /// What the mail server said last: an enhanced status code.
    pub status: String,
}

impl Unreachable {
    /// From what is left of a row: the columns `came_back_words!`, empty where there is nothing. Nothing, too, if it does not
    /// prove.
    pub(crate) fn proven(row: Row, reading: &mut Reading<'_>) -> Option<Self> {
        match reading.proven_beside(row)? {
            ProvenFact::CameBack { bounces, last_at, status, .. } => {
                Some(Self { bounces: u32::try_from(bounces).unwrap_or(u32::MAX), last_at, status })
            }
            ProvenFact::GoneUnread { .. } | ProvenFact::Request(_) | ProvenFact::SessionEnded { .. } => None,
        }
    }

    /// Whether a notice of `letter` would not be sent: mail came back so often, or it did and nothing newer has stayed.
    pub(crate) fn keeps_back(&self, most: u32, letter: Timestamp) -> bool {
        self.bounces >= most || self.last_at >= letter
    }
}

/// A notice came back for good.
#[derive(Clone, Debug)]
pub struct NewBounce {
    /// Whose mailbox it spoke of.
    pub mailbox_id: String,
    /// The letter it spoke of, where a report came back: the operator's systems hear of it. What a server refuses at once
    /// they hear of when its leg ends.
    pub deposit_id: Option<String>,
    /// The status.
    pub status: String,
    /// When.
    pub at: Timestamp,
}

impl NewBounce {
    pub(crate) fn add_to(self, batch: &mut Batch) {
        batch.hold_mailbox(&self.mailbox_id);
        // What somebody else wrote there must not become ours by being counted on.
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
                     SET bounces = unreachable.bounces + 1, last_at = excluded.last_at, status = excluded.status
                 RETURNING ",
                came_back_words!()
            ),
            self.mailbox_id.as_str(),
            self.at,
            self.status.as_str()
        );
        // The count is the one that held, and one more: between the two statements somebody may have put another row there.
        let Self { mailbox_id, deposit_id: _, status, at } = self;
        batch.add(counted.proving(Proves::CameBack { mailbox_id, at, status }));
    }
}

impl Store {
    /// Marks a mailbox's address.
    pub async fn note_bounce(&self, bounce: NewBounce) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        bounce.add_to(&mut batch);
        self.write(batch).await.map(drop)
    }

    /// What is known of a mailbox's address, if mail came back from it.
    pub async fn unreachable(&self, mailbox_id: &str) -> Result<Option<Unreachable>, StoreError> {
        let question = sql!(
            concat!("SELECT ", came_back_words!(), " FROM unreachable WHERE mailbox_id = ?1"),
            mailbox_id
        );
        let row = self.read_one(question).await?;
        Ok(row.and_then(|row| Unreachable::proven(row, &mut self.reading(FactKind::CameBack))))
    }

    /// Forgets it: mail is sent there again. `false`: there was nothing to forget.
    pub async fn clear_unreachable(&self, mailbox_id: &str) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        let gone = sql!("DELETE FROM unreachable WHERE mailbox_id = ?1", mailbox_id);
        batch.add(gone.or_refuse(Refusal::Held));
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }
}
