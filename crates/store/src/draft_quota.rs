//! How much a mailbox's owner may attach to what they write: bytes and files of one draft, and bytes of all drafts. Checked in
//! the transaction that adds a file or announces an upload. How much that is is the operator's to say.

use crate::statement::{Batch, Refusal, sql};

/// What there may be; files on their way count like files that are there.
#[derive(Clone, Copy, Debug)]
pub struct DraftQuota {
    /// All files of one draft together may have so many bytes.
    pub bytes: u64,
    /// And there may be so many.
    pub files: u32,
    /// All files of all drafts of one mailbox together may have so many bytes.
    pub in_mailbox: u64,
}

impl DraftQuota {
    /// Refuses the batch if a file of this size has no room, or the draft is not there.
    pub(crate) fn check(&self, batch: &mut Batch, mailbox_id: &str, draft_id: &str, size: u64) {
        batch.hold_mailbox(mailbox_id);
        batch.add(
            sql!(
                "SELECT id FROM drafts WHERE id = ?1 AND mailbox_id = ?2
                 AND (SELECT coalesce(sum(size), 0) FROM draft_files WHERE draft_id = ?1)
                   + (SELECT coalesce(sum(size), 0) FROM uploads WHERE draft_id = ?1) + ?3 <= ?4
                 AND (SELECT count(*) FROM draft_files WHERE draft_id = ?1)
                   + (SELECT count(*) FROM uploads WHERE draft_id = ?1) < ?5
                 AND (SELECT coalesce(sum(f.size), 0) FROM draft_files f
                      JOIN drafts d ON d.id = f.draft_id WHERE d.mailbox_id = ?2)
                   + (SELECT coalesce(sum(u.size), 0) FROM uploads u
                      JOIN drafts d ON d.id = u.draft_id WHERE d.mailbox_id = ?2) + ?3 <= ?6",
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
