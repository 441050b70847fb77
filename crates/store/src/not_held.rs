//! The condition in SQL that nobody holds a mailbox. Knows no row.

/// `d` is a letter's row: nobody holds its mailbox.
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
