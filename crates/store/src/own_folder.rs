//! Folders created by owners, and moving letters into them. For everything else a letter stays what it is (received or
//! sent, with its time); only where its owner sees it changes. Every query names the mailbox too. Does not know the
//! folders' names.

use sealpost_mail::Timestamp;

use crate::deposit::{own_folder_row, own_folders_of};
use crate::draft::{ThrownAway, unless_held};
use crate::error::StoreError;
use crate::folder_ref::OwnFolderRow;
use crate::statement::{Batch, Outcome, Refusal, Statement, sql};
use crate::store::Store;

/// Makes the flag follow the stored folder.
fn marked(mailbox_id: &str, deposit_id: &str) -> Statement {
    sql!(
        "UPDATE deposits SET flags = CASE
             WHEN EXISTS (SELECT 1 FROM filed WHERE deposit_id = ?2 AND folder_id IS NOT NULL) THEN flags | 2
             ELSE flags & -3 END
         WHERE mailbox_id = ?1 AND id = ?2",
        mailbox_id,
        deposit_id
    )
}

impl Store {
    /// An owner's folders.
    ///
    /// # Errors
    /// The rows could not be read.
    pub async fn own_folders(&self, mailbox_id: &str) -> Result<Vec<OwnFolderRow>, StoreError> {
        self.read_rows(own_folders_of(mailbox_id)).await?.into_iter().map(own_folder_row).collect()
    }

    /// Creates a folder, unless there are already `most`. Returns whether it was created.
    ///
    /// # Errors
    /// Nothing was created, or the outcome is unknown.
    pub async fn make_folder(
        &self,
        mailbox_id: &str,
        folder: OwnFolderRow,
        sealed_to: Vec<u8>,
        most: u32,
    ) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        batch.hold_mailbox(mailbox_id);
        batch.add(sql!(
            // Sealed to another key pair it could never be opened.
            "INSERT INTO own_folders (id, mailbox_id, key_sealed, name_sealed)
             SELECT ?2, id, ?3, ?4 FROM mailboxes WHERE id = ?1 AND state <> 'deleted' AND public_key = ?5
               AND (SELECT count(*) FROM own_folders WHERE mailbox_id = ?1) < ?6
             RETURNING id",
            mailbox_id,
            folder.id,
            folder.key_sealed,
            folder.name_sealed,
            sealed_to,
            most
        ));
        Ok(self.write(batch).await?.returned() == 1)
    }

    /// Renames a folder; the name is sealed under its key.
    ///
    /// # Errors
    /// Nothing was changed, or the outcome is unknown.
    pub async fn rename_folder(
        &self,
        mailbox_id: &str,
        folder_id: &str,
        name_sealed: Vec<u8>,
    ) -> Result<bool, StoreError> {
        let statement = sql!(
            "UPDATE own_folders SET name_sealed = ?3 WHERE mailbox_id = ?1 AND id = ?2",
            mailbox_id,
            folder_id,
            name_sealed
        );
        Ok(self.changed_of(mailbox_id, vec![statement]).await? == 1)
    }

    /// Removes a folder, unless the mailbox is under a hold. Its letters return to where they would be without it.
    ///
    /// # Errors
    /// Nothing was removed, or the outcome is unknown.
    pub async fn remove_folder(&self, mailbox_id: &str, folder_id: &str) -> Result<ThrownAway, StoreError> {
        let mut batch = Batch::default();
        batch.hold_mailbox(mailbox_id);
        batch.add(unless_held(mailbox_id));
        batch.add(sql!(
            "UPDATE deposits SET flags = flags & -3 WHERE mailbox_id = ?1
             AND id IN (SELECT deposit_id FROM filed WHERE folder_id = ?2)",
            mailbox_id,
            folder_id
        ));
        batch.add(sql!(
            "DELETE FROM filed WHERE folder_id = ?2
             AND EXISTS (SELECT 1 FROM own_folders WHERE id = ?2 AND mailbox_id = ?1)",
            mailbox_id,
            folder_id
        ));
        batch.add(sql!("DELETE FROM own_folders WHERE mailbox_id = ?1 AND id = ?2", mailbox_id, folder_id));
        match self.write(batch).await? {
            Outcome::Kept(_) => Ok(ThrownAway::Gone),
            Outcome::Refused(Refusal::Held) => Ok(ThrownAway::Held),
            Outcome::Refused(_) => Err(StoreError::Damaged { what: "a statement that cannot be refused" }),
        }
    }

    /// Moves received and sent letters into an owner's folder, or (`None`) back out of it. Returns how many were
    /// somewhere else; letters in the trash, and ids of other mailboxes, are skipped.
    ///
    /// # Errors
    /// Nothing was moved, or the outcome is unknown.
    pub async fn move_deposits(
        &self,
        mailbox_id: &str,
        deposit_ids: &[String],
        folder_id: Option<&str>,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let mut batch = Batch::default();
        batch.hold_mailbox(mailbox_id);
        for id in deposit_ids {
            batch.add(match folder_id {
                Some(folder) => sql!(
                    "INSERT INTO filed (deposit_id, folder_id, before_id, moved_at, came_at)
                     SELECT d.id, f.id, CAST(NULL AS TEXT), CAST(?4 AS BIGINT), d.received_at
                     FROM deposits d JOIN own_folders f ON f.mailbox_id = d.mailbox_id
                     WHERE d.mailbox_id = ?1 AND d.id = ?2 AND f.id = ?3 AND d.folder IN ('inbox', 'sent')
                     ON CONFLICT (deposit_id) DO UPDATE
                     SET before_id = filed.folder_id, folder_id = excluded.folder_id, moved_at = excluded.moved_at
                     WHERE coalesce(filed.folder_id, '') <> excluded.folder_id
                     RETURNING deposit_id",
                    mailbox_id,
                    id.as_str(),
                    folder,
                    now
                ),
                None => sql!(
                    "UPDATE filed SET before_id = folder_id, folder_id = NULL, moved_at = ?3
                     WHERE deposit_id = ?2 AND folder_id IS NOT NULL AND EXISTS (SELECT 1 FROM deposits
                         WHERE mailbox_id = ?1 AND id = ?2 AND folder IN ('inbox', 'sent'))
                     RETURNING deposit_id",
                    mailbox_id,
                    id.as_str(),
                    now
                ),
            });
            batch.add(marked(mailbox_id, id));
        }
        Ok(self.write(batch).await?.returned())
    }

    /// The number of letters in each of an owner's folders; empty folders are left out.
    ///
    /// # Errors
    /// The rows could not be read.
    pub async fn folder_counts(&self, mailbox_id: &str) -> Result<Vec<(String, u64)>, StoreError> {
        let rows = self
            .read_rows(sql!(
                "SELECT f.folder_id, count(*) FROM own_folders o JOIN filed f ON f.folder_id = o.id
                 JOIN deposits d ON d.id = f.deposit_id
                 WHERE o.mailbox_id = ?1 AND d.folder IN ('inbox', 'sent') GROUP BY f.folder_id",
                mailbox_id
            ))
            .await?;
        rows.into_iter().map(|mut row| Ok((row.text()?, row.count()?))).collect()
    }

    /// The letters of one move, to be undone.
    ///
    /// # Errors
    /// The rows could not be read.
    pub async fn moved_at(&self, mailbox_id: &str, at: Timestamp) -> Result<Vec<String>, StoreError> {
        let rows = self
            .read_rows(sql!(
                "SELECT d.id FROM deposits d JOIN filed f ON f.deposit_id = d.id
                 WHERE d.mailbox_id = ?1 AND f.moved_at = ?2 ORDER BY d.id",
                mailbox_id,
                at
            ))
            .await?;
        rows.into_iter().map(|mut row| row.text()).collect()
    }

    /// Moves letters back to where they were before their last move. Folders deleted meanwhile are ignored.
    ///
    /// # Errors
    /// Nothing was moved, or the outcome is unknown.
    pub async fn move_back(&self, mailbox_id: &str, deposit_ids: &[String]) -> Result<usize, StoreError> {
        let mut batch = Batch::default();
        batch.hold_mailbox(mailbox_id);
        for id in deposit_ids {
            batch.add(sql!(
                "UPDATE filed SET folder_id = (SELECT id FROM own_folders WHERE id = before_id AND mailbox_id = ?1),
                     before_id = folder_id, moved_at = 0
                 WHERE deposit_id = ?2 AND moved_at <> 0
                   AND EXISTS (SELECT 1 FROM deposits WHERE mailbox_id = ?1 AND id = ?2)
                 RETURNING deposit_id",
                mailbox_id,
                id.as_str()
            ));
            batch.add(marked(mailbox_id, id));
        }
        Ok(self.write(batch).await?.returned())
    }
}
