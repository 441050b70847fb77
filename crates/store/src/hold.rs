//! A hold: while it lasts nothing of a mailbox goes, neither by time nor by its owner's hand. When it ends, what was left
//! of each time begins to run again.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::statement::{Batch, Outcome, Refusal, sql};
use crate::store::Store;

impl Store {
    /// Begins a hold. `false`: no such mailbox, or it is deleted or held already.
    pub async fn hold_mailbox(&self, mailbox_id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        batch.hold_mailbox(mailbox_id);
        batch.add(
            sql!(
                "UPDATE mailboxes SET held_since = ?2
                 WHERE id = ?1 AND state <> 'deleted' AND held_since IS NULL",
                mailbox_id,
                now
            )
            .or_refuse(Refusal::Held),
        );
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }

    /// Ends a hold: letters, trash and links have as long from now as they had when it began, and the mailbox counts
    /// as used. `false`: it is not held.
    pub async fn end_hold(&self, mailbox_id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        batch.hold_mailbox(mailbox_id);
        // Each of these reads held_since, so it goes last. What came during the hold lost no more than since then.
        batch.add(sql!(
            "UPDATE deposits SET expires_at = expires_at + ?2 - (SELECT CASE
                 WHEN deposits.received_at > m.held_since THEN deposits.received_at ELSE m.held_since END
                 FROM mailboxes m WHERE m.id = ?1)
             WHERE mailbox_id = ?1 AND expires_at IS NOT NULL
               AND EXISTS (SELECT 1 FROM mailboxes WHERE id = ?1 AND held_since IS NOT NULL)",
            mailbox_id,
            now
        ));
        batch.add(sql!(
            "UPDATE wished SET until = until + ?2 - (SELECT CASE
                 WHEN d.received_at > m.held_since THEN d.received_at ELSE m.held_since END
                 FROM mailboxes m JOIN deposits d ON d.mailbox_id = m.id WHERE d.id = wished.deposit_id)
             WHERE deposit_id IN (SELECT id FROM deposits WHERE mailbox_id = ?1)
               AND EXISTS (SELECT 1 FROM mailboxes WHERE id = ?1 AND held_since IS NOT NULL)",
            mailbox_id,
            now
        ));
        batch.add(sql!(
            "UPDATE trash SET since = since + ?2 - (SELECT CASE
                 WHEN trash.since > m.held_since THEN trash.since ELSE m.held_since END
                 FROM mailboxes m WHERE m.id = ?1)
             WHERE deposit_id IN (SELECT id FROM deposits WHERE mailbox_id = ?1)
               AND EXISTS (SELECT 1 FROM mailboxes WHERE id = ?1 AND held_since IS NOT NULL)",
            mailbox_id,
            now
        ));
        batch.add(sql!(
            "UPDATE tokens SET expires_at = expires_at + ?2 - (SELECT CASE
                 WHEN tokens.created_at > m.held_since THEN tokens.created_at ELSE m.held_since END
                 FROM mailboxes m WHERE m.id = ?1)
             WHERE mailbox_id = ?1 AND purpose = 'activation' AND spent_at IS NULL
               AND EXISTS (SELECT 1 FROM mailboxes WHERE id = ?1 AND held_since IS NOT NULL)",
            mailbox_id,
            now
        ));
        batch.add(
            sql!(
                "UPDATE mailboxes SET held_since = NULL, reached_at = ?2
                 WHERE id = ?1 AND held_since IS NOT NULL",
                mailbox_id,
                now
            )
            .or_refuse(Refusal::Held),
        );
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }
}
