//! The condition in SQL that a letter came, also where its owner has thrown it away since. Knows no row.

/// Condition: a letter that came, also where its owner has thrown it away since.
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
