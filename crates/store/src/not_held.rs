//! An SQL condition: a mailbox is not under a hold. Knows no row.

/// `d` is a letter's row: its mailbox is not under a hold.
macro_rules! not_held {
    ($mailbox_id:literal) => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM mailboxes WHERE id = ",
            $mailbox_id,
            " AND held_since IS NOT NULL)"
        )
    };
}
pub(crate) use not_held;
