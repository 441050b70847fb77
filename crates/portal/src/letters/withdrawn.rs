//! Recalled letters: their recipients see when they arrived, when they were withdrawn and by whom. There is
//! nothing else to see.

use sealpost_mail::Timestamp;
use sealpost_store::WithdrawnRow;
use sealpost_vault::Label;

use crate::access::session::SignedIn;
use crate::page::Page;
use crate::problem::Problem;
use crate::state::Site;

/// A letter that was recalled.
pub(crate) struct Withdrawn {
    pub(crate) id: String,
    pub(crate) received: Timestamp,
    pub(crate) at: Timestamp,
    pub(crate) by: String,
}

impl Withdrawn {
    /// The sentence shown for it.
    pub(crate) fn sentence(&self, page: &Page) -> String {
        page.withdrawn(&self.received, &self.at, &self.by)
    }
}

/// The recalled letters of a mailbox, newest first.
pub(crate) async fn of(site: &Site, owner: &SignedIn) -> Result<Vec<Withdrawn>, Problem> {
    let rows = site.store.withdrawn(owner.mailbox_id(), site.now()).await;
    let rows = rows.map_err(|error| Problem::fault("looking for withdrawn letters", error))?;
    let opened = rows.into_iter().filter_map(|WithdrawnRow { standing, by_sealed }| {
        match site.keys.rows.open(Label::Withdrawn, &standing.bound(), &by_sealed) {
            Ok(plain) => {
                let by = String::from_utf8_lossy(plain.expose()).into_owned();
                let (received, at) = (standing.received_at, standing.withdrawn_at);
                Some(Withdrawn { id: standing.deposit_id, received, at, by })
            }
            // Not written by us: ignored.
            Err(error) => {
                tracing::error!(
                    row.kind = "withdrawn",
                    mailbox.id = %standing.mailbox_id,
                    %error,
                    "a row failed verification"
                );
                None
            }
        }
    });
    Ok(opened.collect())
}
