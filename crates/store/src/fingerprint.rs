//! The statement that forgets a fingerprint: on acknowledgement, and before the same bytes are taken again. Knows no store.

/// Forgets one letter's fingerprint. Those of the same bytes that come later have another moment, so that it does no harm to do it
/// late or once more.
pub(crate) const FORGET: &str = "DELETE FROM fingerprints WHERE fingerprint = ?1 AND committed_at = ?2";

/// The same for as many as there are in both lists, on PostgreSQL. The first list alone says which: the key's index finds them, where
/// the table is full of rows that are gone.
pub(crate) const FORGET_ALL: &str = "DELETE FROM fingerprints WHERE fingerprint = ANY($1)
     AND (fingerprint, committed_at) IN (SELECT * FROM unnest($1, $2))";
