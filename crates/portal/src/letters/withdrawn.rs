//! Letters that were taken back: their recipients see when they came, when and by whom they were withdrawn. There is
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
    /// What is said of it.
    pub(crate) fn sentence(&self, page: &Page) -> String {
        page.withdrawn(&self.received, &self.at, &self.by)
    }
}

/// Those of a mailbox, newest first.
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
            // Nobody of ours wrote it: it says nothing.
            Err(error) => {
                tracing::error!(
                    row.kind = "withdrawn",
                    mailbox.id = %standing.mailbox_id,
                    %error,
                    "a row does not prove"
                );
                None
            }
        }
    });
    Ok(opened.collect())
}
