//! Gives a mailbox a new key pair and replaces everything sealed to the old one, in one transaction: backups, the
//! write-ahead log and free pages from before open nothing that comes later.

use crate::error::StoreError;
use crate::statement::{Batch, Refusal, Row, sql};
use crate::store::Store;
use crate::wrap_row::NewWrap;

/// A key sealed to a mailbox, and whose key it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedKey {
    /// The letter's or draft's id.
    pub id: String,
    /// The key, sealed to the mailbox.
    pub key_sealed: Vec<u8>,
}

/// Everything that is sealed to a mailbox's key pair.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealedKeys {
    /// The public key of that pair, as read with the rest.
    pub public_key: Vec<u8>,
    /// Keys of letters, in any folder.
    pub letters: Vec<SealedKey>,
    /// Keys of drafts.
    pub drafts: Vec<SealedKey>,
    /// Keys of the owner's folders.
    pub folders: Vec<SealedKey>,
}

/// The new key pair and what is sealed to it.
#[derive(Clone, Debug)]
pub struct Rekey {
    /// The public key that is replaced.
    pub old_public: Vec<u8>,
    /// The new public key.
    pub public_key: Vec<u8>,
    /// The mailbox's address, sealed and bound to the new key.
    pub address_sealed: Vec<u8>,
    /// All of [`Store::sealed_keys`], sealed anew.
    pub keys: SealedKeys,
    /// The new secret key for escrow, if the operator uses it. The old wrap is removed in any case.
    pub escrow: Option<NewWrap>,
}

impl Rekey {
    /// Refuses the batch ([`Refusal::Rekeyed`]) if anything was added, removed or sealed anew since it was read.
    pub(crate) fn add_to(self, mailbox_id: &str, batch: &mut Batch) {
        let Self { old_public, public_key, address_sealed, keys, escrow } = self;
        let SealedKeys { public_key: _, letters, drafts, folders } = keys;
        batch.add(
            sql!(
                "UPDATE mailboxes SET public_key = ?3, address_sealed = ?4, epochs = ''
                 WHERE id = ?1 AND public_key = ?2
                   AND (SELECT count(*) FROM deposits WHERE mailbox_id = ?1) = ?5
                   AND (SELECT count(*) FROM drafts WHERE mailbox_id = ?1) = ?6
                   AND (SELECT count(*) FROM own_folders WHERE mailbox_id = ?1) = ?7",
                mailbox_id,
                old_public,
                public_key,
                address_sealed,
                letters.len(),
                drafts.len(),
                folders.len()
            )
            .or_refuse(Refusal::Rekeyed),
        );
        for SealedKey { id, key_sealed } in letters {
            let statement = sql!(
                "UPDATE deposits SET key_sealed = ?3 WHERE mailbox_id = ?1 AND id = ?2",
                mailbox_id,
                id,
                key_sealed
            );
            batch.add(statement.or_refuse(Refusal::Rekeyed));
        }
        for SealedKey { id, key_sealed } in drafts {
            let statement = sql!(
                "UPDATE drafts SET key_sealed = ?3 WHERE mailbox_id = ?1 AND id = ?2",
                mailbox_id,
                id,
                key_sealed
            );
            batch.add(statement.or_refuse(Refusal::Rekeyed));
        }
        for SealedKey { id, key_sealed } in folders {
            let statement = sql!(
                "UPDATE own_folders SET key_sealed = ?3 WHERE mailbox_id = ?1 AND id = ?2",
                mailbox_id,
                id,
                key_sealed
            );
            batch.add(statement.or_refuse(Refusal::Rekeyed));
        }
        batch.add(sql!("DELETE FROM wraps WHERE mailbox_id = ?1 AND kind = 'escrow'", mailbox_id));
        if let Some(wrap) = escrow {
            wrap.add_to(mailbox_id, batch);
        }
    }
}

impl Store {
    /// Everything that is sealed to a mailbox's key pair, from one consistent view.
    pub async fn sealed_keys(&self, mailbox_id: &str) -> Result<SealedKeys, StoreError> {
        let questions = vec![
            sql!("SELECT public_key FROM mailboxes WHERE id = ?1", mailbox_id),
            sql!("SELECT id, key_sealed FROM deposits WHERE mailbox_id = ?1", mailbox_id),
            sql!("SELECT id, key_sealed FROM drafts WHERE mailbox_id = ?1", mailbox_id),
            sql!("SELECT id, key_sealed FROM own_folders WHERE mailbox_id = ?1", mailbox_id),
        ];
        let mut answers = self.read(questions).await?.into_iter();
        let mailbox = answers.next().unwrap_or_default().into_iter().next();
        let public_key = mailbox.map_or(Ok(Vec::new()), |mut row| row.blob())?;
        let mut keys = || -> Result<Vec<SealedKey>, StoreError> {
            answers.next().unwrap_or_default().into_iter().map(sealed_key).collect()
        };
        Ok(SealedKeys { public_key, letters: keys()?, drafts: keys()?, folders: keys()? })
    }
}

fn sealed_key(mut row: Row) -> Result<SealedKey, StoreError> {
    Ok(SealedKey { id: row.text()?, key_sealed: row.blob()? })
}
