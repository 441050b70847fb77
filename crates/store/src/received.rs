//! An SQL condition: a letter was received, even if its owner has put it in the trash since. Knows no row.

/// Condition: the letter was received, even if its owner has put it in the trash since.
macro_rules! received {
    ($deposit:literal) => {
        concat!(
            "(",
            $deposit,
            ".folder = 'inbox' OR (",
            $deposit,
            ".folder = 'trash' AND EXISTS (SELECT 1 FROM trash WHERE deposit_id = ",
            $deposit,
            ".id AND came_from = 'inbox')))"
        )
    };
}
pub(crate) use received;
