//! What was typed into the editor before its session expired: carried by the log-in form, and saved in its draft after
//! the log-in. Nothing is stored before that.

use sealpost_store::SavedDraft;
use sealpost_vault::MailboxSecret;

use crate::links;
use crate::problem::Problem;
use crate::state::Site;
use crate::writing::draft;

/// Maximum encoded size that the log-in form carries. Longer texts are shown, to be copied.
const MAX_CARRIED: usize = 48 * 1024;

/// A typed text.
#[derive(Clone, Default)]
pub(crate) struct Typed {
    pub(crate) to: String,
    pub(crate) cc: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    /// Whether the form can carry it.
    pub(crate) carried: bool,
}

impl Typed {
    /// Sets whether the form can carry it.
    pub(super) fn weighed(mut self) -> Self {
        let encoded =
            |text: &str| text.bytes().map(|b| if b.is_ascii_alphanumeric() { 1 } else { 3 }).sum::<usize>();
        let all = [&self.to, &self.cc, &self.subject, &self.text];
        self.carried = all.into_iter().map(|text| encoded(text)).sum::<usize>() <= MAX_CARRIED;
        self
    }
}

/// Saves it in the draft it was typed for. `false`: that draft does not exist, or belongs to another mailbox.
pub(crate) async fn restore(
    site: &Site,
    mailbox_id: &str,
    secret: &MailboxSecret,
    to: &str,
    typed: Typed,
) -> Result<bool, Problem> {
    let Some(id) = links::draft_of(to) else { return Ok(false) };
    let mut found = match draft::find(site, mailbox_id, secret, id).await {
        Ok(found) => found,
        Err(Problem::NotFound) => return Ok(false),
        Err(other) => return Err(other),
    };
    found.content.type_in(Some(typed.to), Some(typed.cc), Some(typed.subject), Some(typed.text));
    match draft::save(site, mailbox_id, secret, &found).await? {
        SavedDraft::Saved => Ok(true),
        SavedDraft::Gone => Ok(false),
        // The log-in form still has it.
        SavedDraft::Held => Err(Problem::NotFound),
    }
}
