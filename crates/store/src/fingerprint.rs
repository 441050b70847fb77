//! The statement that forgets a fingerprint: on acknowledgement, and before identical bytes are accepted again. Knows no store.

/// Forgets one letter's fingerprint. Later ones of identical bytes have another time, so doing it late or twice does no harm.
pub(crate) const FORGET: &str = "DELETE FROM fingerprints WHERE fingerprint = ?1 AND committed_at = ?2";

/// The same for all entries of two lists, on PostgreSQL. The first list alone selects: the key's index finds the rows, even if the
/// table is full of dead ones.
pub(crate) const FORGET_ALL: &str = "DELETE FROM fingerprints WHERE fingerprint = ANY($1)
     AND (fingerprint, committed_at) IN (SELECT * FROM unnest($1, $2))";
