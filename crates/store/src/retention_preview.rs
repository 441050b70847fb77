//! What retention would delete now: the same questions as deletion asks, without its end. Ten thousand of each at most.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::retention::{abandoned, unattended};
use crate::statement::{Row, sql};
use crate::store::Store;
use crate::unheld::unheld;

fn two(mut row: Row) -> Result<(String, String), StoreError> {
    Ok((row.text()?, row.text()?))
}

impl Store {
    /// Letters whose time is over: id and mailbox.
    pub async fn foresee_letters(&self, now: Timestamp) -> Result<Vec<(String, String)>, StoreError> {
        let question = sql!(
            concat!(
                "SELECT id, mailbox_id FROM deposits WHERE expires_at <= ?1 AND ",
                unheld!("deposits.mailbox_id"),
                " ORDER BY expires_at LIMIT 10000"
            ),
            now
        );
        self.read_rows(question).await?.into_iter().map(two).collect()
    }

    /// Letters that have been in the trash since before: id and mailbox.
    pub async fn foresee_trash(&self, before: Timestamp) -> Result<Vec<(String, String)>, StoreError> {
        let question = sql!(
            concat!(
                "SELECT d.id, d.mailbox_id FROM trash t JOIN deposits d ON d.id = t.deposit_id
                 WHERE t.since < ?1 AND d.folder = 'trash' AND ",
                unheld!("d.mailbox_id"),
                " ORDER BY t.since LIMIT 10000"
            ),
            before
        );
        self.read_rows(question).await?.into_iter().map(two).collect()
    }

    /// Mailboxes nobody activated and that hold nothing.
    pub async fn foresee_pending(&self, now: Timestamp) -> Result<Vec<String>, StoreError> {
        let question = sql!(
            concat!(
                "SELECT id FROM mailboxes m WHERE ",
                abandoned!("?1"),
                " ORDER BY created_at LIMIT 10000"
            ),
            now
        );
        self.read_rows(question).await?.into_iter().map(|mut row| row.text()).collect()
    }
}
