//! The dotted words of what happens to one letter, and the names of what stands beside them, for whoever reads them back. Those of
//! everything else are written only.

/// It was put into a mailbox.
pub const DEPOSITED: &str = "letter.deposited";
/// It was opened for the first time.
pub const OPENED: &str = "letter.opened";
/// It was taken away as a file.
pub const EXPORTED: &str = "letter.exported";
/// Stands beside that where it was one of its files or all of them, and not the letter.
pub const ATTACHMENT: &str = "attachment";
/// It went into the trash.
pub const TRASHED: &str = "letter.trashed";
/// It came back out of it.
pub const RESTORED: &str = "letter.restored";
/// Its owner deleted it.
pub const DELETED: &str = "letter.deleted";
/// Its time was over.
pub const EXPIRED: &str = "letter.expired";
/// Its time in the trash was over.
pub const LEFT_TRASH: &str = "letter.left-trash";
/// It was recalled.
pub const RECALLED: &str = "letter.recalled";
/// Evidence about it was made.
pub const EVIDENCE: &str = "letter.evidence-made";
/// The next hop has taken its notice.
pub const NOTICE_SENT: &str = "notice.sent";
/// Its notice was given up.
pub const NOTICE_FAILED: &str = "notice.failed";
/// Its notice came back.
pub const NOTICE_RETURNED: &str = "notice.returned";
/// Its mailbox was activated.
pub const MAILBOX_ACTIVATED: &str = "mailbox.activated";
/// Its mailbox was deleted.
pub const MAILBOX_DELETED: &str = "mailbox.deleted";
/// Support let its owner in again ...
pub const REQUEST_RELEASED: &str = "request.released";
/// ... and this says that the letters could not be kept.
pub const LETTERS_LOST: &str = "letters=lost";
/// Stands before the hash of a letter as it was handed in.
pub const SHA256: &str = "sha256=";
/// The outcome where nobody knows what a hop said.
pub const NO_ANSWER: &str = "no answer";
/// Stands before the name of the hop that answered.
pub const HOP: &str = "hop=";
/// Stands before the name under which it knows the mail.
pub const QUEUE_ID: &str = "queue-id=";
/// A mailbox was made.
pub const MAILBOX_CREATED: &str = "mailbox.created";
