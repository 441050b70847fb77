//! What a logged-in owner changes: password, security question, profile. All bytes are opaque here.

use sealpost_mail::Timestamp;

use crate::column_values::Ended;
use crate::ended_sessions::end_sessions;
use crate::error::StoreError;
use crate::statement::{Batch, Outcome, Refusal, sql};
use crate::store::Store;
use crate::wrap_row::NewWrap;

/// A session that continues, bound to the new epochs.
#[derive(Clone, Debug)]
pub struct KeptSession {
    /// Hash of the cookie's secret.
    pub hash: [u8; 32],
    /// The mailbox's secret key, sealed under the cookie's secret, with a new proof.
    pub secret_sealed: Vec<u8>,
}

/// New credentials replacing old ones.
#[derive(Clone, Debug)]
pub struct ChangeSecrets {
    /// The mailbox.
    pub mailbox_id: String,
    /// Time of the change.
    pub now: Timestamp,
    /// New wraps; other kinds are kept.
    pub wraps: Vec<NewWrap>,
    /// The new question, sealed; `None`: unchanged.
    pub question_sealed: Option<Vec<u8>>,
    /// The address record as read: if it has changed by now, so has the key pair or a wrap.
    pub old_address: Vec<u8>,
    /// The address, sealed with the new epochs.
    pub address_sealed: Vec<u8>,
    /// Identifies the new password and answer.
    pub epochs: String,
    /// The session that continues; every other one ends.
    pub keep_session: Option<KeptSession>,
    /// The reason shown to the others.
    pub why: Ended,
}

impl Store {
    /// Replaces wraps of an active mailbox. `false`: it is not active, or has been changed meanwhile; nothing
    /// was changed.
    pub async fn change_secrets(&self, change: ChangeSecrets) -> Result<bool, StoreError> {
        let ChangeSecrets {
            mailbox_id,
            now,
            wraps,
            question_sealed,
            old_address,
            address_sealed,
            epochs,
            keep_session,
            why,
        } = change;
        let mut batch = Batch::default();
        batch.hold_mailbox(&mailbox_id);
        batch.add(
            sql!(
                "UPDATE mailboxes SET question_sealed = coalesce(?2, question_sealed),
                     address_sealed = ?3, epochs = ?4
                 WHERE id = ?1 AND state = 'active' AND address_sealed = ?5",
                mailbox_id.as_str(),
                question_sealed,
                address_sealed,
                epochs,
                old_address
            )
            .or_refuse(Refusal::NotActive),
        );
        for wrap in wraps {
            batch.add(sql!(
                "DELETE FROM wraps WHERE mailbox_id = ?1 AND kind = ?2",
                mailbox_id.as_str(),
                wrap.kind.as_str()
            ));
            wrap.add_to(&mailbox_id, &mut batch);
        }
        if let Some(kept) = &keep_session {
            batch.add(sql!(
                "UPDATE sessions SET secret_sealed = ?3 WHERE mailbox_id = ?1 AND hash = ?2",
                mailbox_id.as_str(),
                &kept.hash,
                kept.secret_sealed.clone()
            ));
        }
        // A link requested by another person must not undo this.
        batch.add(sql!(
            "UPDATE tokens SET spent_at = ?2 WHERE mailbox_id = ?1 AND spent_at IS NULL",
            mailbox_id.as_str(),
            now
        ));
        end_sessions(&mut batch, &mailbox_id, why, now, keep_session.as_ref().map(|kept| &kept.hash));
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }

    /// Stores the owner's profile. `false`: the mailbox does not exist or is not active.
    pub async fn set_profile(&self, mailbox_id: &str, profile_sealed: Vec<u8>) -> Result<bool, StoreError> {
        let changed = self
            .change(vec![sql!(
                "UPDATE mailboxes SET profile_sealed = ?2 WHERE id = ?1 AND state = 'active'",
                mailbox_id,
                profile_sealed
            )])
            .await?;
        Ok(changed.iter().sum::<usize>() == 1)
    }
}
