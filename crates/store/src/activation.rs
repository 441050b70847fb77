//! Turns a pending mailbox into its owner's, once, in one guarded transaction (CVE-2026-29139 class).

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::first_login::forget_newcomers_of;
use crate::hook::tell_activated;
use crate::rekey::Rekey;
use crate::statement::{Batch, Outcome, Refusal, sql};
use crate::store::Store;
use crate::token::{spend_activation_tokens, spend_deletion_tokens};
use crate::wrap_row::NewWrap;

/// What the owner chose.
#[derive(Clone, Debug)]
pub struct Activate {
    /// The mailbox to activate.
    pub mailbox_id: String,
    /// Proof that the request comes from the owner.
    pub proof: Proof,
    /// Time of the activation.
    pub now: Timestamp,
    /// The mailbox's new key pair, so that the old link, or a copy of it, opens nothing.
    pub rekey: Rekey,
    /// The new secret key, wrapped under the chosen password and answer.
    pub wraps: Vec<NewWrap>,
    /// The question, sealed.
    pub question_sealed: Option<Vec<u8>>,
    /// The chosen language.
    pub language: String,
    /// When the letters that were waiting are deleted; `None`: only by their owner.
    pub letters_until: Option<Timestamp>,
}

/// What authorises an activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Hash of the token in the link.
    Token([u8; 32]),
    /// Hash of the cookie of a session that has proved the initial password.
    Newcomer([u8; 32]),
}

/// Outcome of an activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Activation {
    /// Active now; the activation wrap is gone and every activation token spent.
    Activated,
    /// The mailbox is not pending. Nothing was changed.
    NotPending,
    /// The token or cookie is spent, expired or belongs to another mailbox. Nothing was changed.
    TokenSpent,
    /// A letter has arrived meanwhile, sealed to the old key. Nothing was changed: read again and retry.
    Moved,
}

impl Store {
    /// Activates a mailbox, if and only if it is pending and the token is valid now.
    pub async fn activate(&self, activate: Activate) -> Result<Activation, StoreError> {
        let Activate { mailbox_id, proof, now, rekey, wraps, question_sealed, language, letters_until } =
            activate;
        let mut batch = Batch::default();
        batch.hold_mailbox(&mailbox_id);
        batch.add(
            sql!(
                "UPDATE mailboxes SET state = 'active', activated_at = ?2, language = ?3,
                     question_sealed = ?4
                 WHERE id = ?1 AND state = 'pending'",
                mailbox_id.as_str(),
                now,
                language,
                question_sealed
            )
            .or_refuse(Refusal::NotPending),
        );
        let proven = match proof {
            Proof::Token(hash) => sql!(
                "UPDATE tokens SET spent_at = ?3
                 WHERE hash = ?1 AND mailbox_id = ?2 AND purpose = 'activation'
                   AND spent_at IS NULL AND (expires_at > ?3
                       OR EXISTS (SELECT 1 FROM mailboxes WHERE id = ?2 AND held_since < tokens.expires_at))",
                &hash,
                mailbox_id.as_str(),
                now
            ),
            Proof::Newcomer(hash) => sql!(
                "DELETE FROM newcomers WHERE hash = ?1 AND mailbox_id = ?2 AND expires_at > ?3
                   AND EXISTS (SELECT 1 FROM tokens WHERE mailbox_id = ?2 AND purpose = 'activation'
                                 AND spent_at IS NULL AND (expires_at > ?3
                       OR EXISTS (SELECT 1 FROM mailboxes WHERE id = ?2 AND held_since < tokens.expires_at)))",
                &hash,
                mailbox_id.as_str(),
                now
            ),
        };
        batch.add(proven.or_refuse(Refusal::TokenSpent));
        batch.add(forget_newcomers_of(&mailbox_id));
        batch.add(spend_activation_tokens(&mailbox_id, now));
        // An earlier request to delete the mailbox is withdrawn; it may also have come from another person.
        batch.add(spend_deletion_tokens(&mailbox_id, now));
        batch.add(sql!(
            "DELETE FROM wraps WHERE mailbox_id = ?1 AND kind IN ('activation', 'link', 'initial')",
            mailbox_id.as_str()
        ));
        // Their expiry was that of an unclaimed mailbox; now the regular retention begins.
        batch.add(sql!(
            "UPDATE deposits SET expires_at = coalesce((SELECT until FROM wished WHERE deposit_id = deposits.id), ?2)
             WHERE mailbox_id = ?1 AND folder <> 'trash'",
            mailbox_id.as_str(),
            letters_until
        ));
        batch.add(tell_activated(&mailbox_id, now));
        rekey.add_to(&mailbox_id, &mut batch);
        // Plain inserts: if a wrap already exists, the whole transaction fails.
        wraps.into_iter().for_each(|wrap| wrap.add_to(&mailbox_id, &mut batch));
        match self.write(batch).await? {
            Outcome::Kept(_) => Ok(Activation::Activated),
            Outcome::Refused(Refusal::TokenSpent) => Ok(Activation::TokenSpent),
            Outcome::Refused(Refusal::Rekeyed) => Ok(Activation::Moved),
            Outcome::Refused(_) => Ok(Activation::NotPending),
        }
    }
}
