//! Letters that were taken back: their recipients see when they came, when and by whom they were withdrawn. There is
//! nothing else to see.

use sealpost_mail::Timestamp;

use crate::access::session::SignedIn;
use crate::page::Page;
use crate::problem::Problem;
use crate::state::Site;

/// One of them.
pub(crate) struct Withdrawn {
    pub(crate) id: String,
    pub(crate) received: Timestamp,
    pub(crate) at: Timestamp,
    pub(crate) by: String,
}

impl Withdrawn {
    /// What is said of it.
    pub(crate) fn sentence(&self, page: &Page) -> String {
        page.withdrawn(&self.received, &self.at, &self.by)
    }
}

/// Those of a mailbox, newest first.
pub(crate) async fn of(site: &Site, owner: &SignedIn) -> Result<Vec<Withdrawn>, Problem> {
    let rows = site.store.withdrawn(owner.mailbox_id(), site.now()).await;
    let rows = rows.map_err(|error| Problem::fault("looking for withdrawn letters", error))?;
    let opened = rows.into_iter().map(|row| {
        let by = site.keys.rows.open("withdrawn", &row.deposit_id, &row.by_sealed);
        // A row that nobody of ours wrote names nobody.
        let by = by.map_or_else(
            |_damaged| site.config.brand.name.clone(),
            |plain| String::from_utf8_lossy(plain.expose()).into_owned(),
        );
        Withdrawn { id: row.deposit_id, received: row.received_at, at: row.withdrawn_at, by }
    });
    Ok(opened.collect())
}
