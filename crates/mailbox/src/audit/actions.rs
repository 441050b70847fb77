//! The action names of events about one letter, and the keys beside them, which are read back. All other
//! names are only written.

/// It was put into a mailbox.
pub const DEPOSITED: &str = "letter.deposited";
/// It was opened for the first time.
pub const OPENED: &str = "letter.opened";
/// It was downloaded as a file.
pub const EXPORTED: &str = "letter.exported";
/// Added if one or all of its attachments were downloaded, not the letter.
pub const ATTACHMENT: &str = "attachment";
/// It was moved to the trash.
pub const TRASHED: &str = "letter.trashed";
/// It was restored from the trash.
pub const RESTORED: &str = "letter.restored";
/// Its owner deleted it.
pub const DELETED: &str = "letter.deleted";
/// It expired.
pub const EXPIRED: &str = "letter.expired";
/// It expired in the trash.
pub const LEFT_TRASH: &str = "letter.left-trash";
/// It was recalled.
pub const RECALLED: &str = "letter.recalled";
/// Evidence about it was issued.
pub const EVIDENCE: &str = "letter.evidence-made";
/// The next hop has accepted its notice.
pub const NOTICE_SENT: &str = "notice.sent";
/// Its notice was given up.
pub const NOTICE_FAILED: &str = "notice.failed";
/// Its notice bounced.
pub const NOTICE_RETURNED: &str = "notice.returned";
/// Its mailbox was activated.
pub const MAILBOX_ACTIVATED: &str = "mailbox.activated";
/// Its mailbox was deleted.
pub const MAILBOX_DELETED: &str = "mailbox.deleted";
/// Support released its mailbox ...
pub const REQUEST_RELEASED: &str = "request.released";
/// ... and the letters could not be kept.
pub const LETTERS_LOST: &str = "letters=lost";
/// Prefix of the hash of a letter as it was received.
pub const SHA256: &str = "sha256=";
/// The outcome if the hop's reply is unknown.
pub const NO_ANSWER: &str = "no answer";
/// Prefix of the name of the hop that replied.
pub const HOP: &str = "hop=";
/// Prefix of the hop's queue id of the mail.
pub const QUEUE_ID: &str = "queue-id=";
/// A mailbox was created.
pub const MAILBOX_CREATED: &str = "mailbox.created";
