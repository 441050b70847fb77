//! How much an owner may attach to drafts: bytes and files of one draft, and bytes of all drafts. Checked in
//! the transaction that adds a file or announces an upload. The operator sets the limits.

use crate::counted_size::sum_of_sizes;
use crate::statement::{Batch, Refusal, sql};

/// The limits; uploads under way count like files.
#[derive(Clone, Copy, Debug)]
pub struct DraftQuota {
    /// Bytes of all files of one draft.
    pub bytes: u64,
    /// Files of one draft.
    pub files: u32,
    /// Bytes of all files of all drafts of one mailbox.
    pub in_mailbox: u64,
}

impl DraftQuota {
    /// Refuses the batch if there is no room for a file of this size, or the draft does not exist.
    pub(crate) fn check(&self, batch: &mut Batch, mailbox_id: &str, draft_id: &str, size: u64) {
        batch.hold_mailbox(mailbox_id);
        batch.add(
            sql!(
                concat!(
                    "SELECT id FROM drafts WHERE id = ?1 AND mailbox_id = ?2
                 AND (SELECT ",
                    sum_of_sizes!("size"),
                    " FROM draft_files WHERE draft_id = ?1) + (SELECT ",
                    sum_of_sizes!("size"),
                    " FROM uploads WHERE draft_id = ?1) + ?3 <= ?4
                 AND (SELECT count(*) FROM draft_files WHERE draft_id = ?1)
                   + (SELECT count(*) FROM uploads WHERE draft_id = ?1) < ?5
                 AND (SELECT ",
                    sum_of_sizes!("f.size"),
                    " FROM draft_files f JOIN drafts d ON d.id = f.draft_id WHERE d.mailbox_id = ?2)
                   + (SELECT ",
                    sum_of_sizes!("u.size"),
                    " FROM uploads u JOIN drafts d ON d.id = u.draft_id WHERE d.mailbox_id = ?2) + ?3 <= ?6"
                ),
                draft_id,
                mailbox_id,
                size,
                self.bytes,
                self.files,
                self.in_mailbox
            )
            .or_refuse(Refusal::NoRoom),
        );
    }
}
