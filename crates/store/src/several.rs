//! Statements that letters sharing a transaction have in common, each with the one that does the same for all of them on
//! PostgreSQL. Knows no engine.

use crate::counted_size::sum_of_sizes;
use crate::row_proof::came_back_words;

macro_rules! reached {
    ($tag:literal, $sized:literal) => {
        concat!(
            "SELECT id, tag, address_sealed, public_key, state,
             (SELECT sealed FROM wraps WHERE mailbox_id = mailboxes.id AND kind = 'link'),
             (SELECT count(*) FROM wraps WHERE mailbox_id = mailboxes.id AND kind = 'initial'),
             CASE WHEN ",
            $sized,
            " = 1 THEN (SELECT ",
            sum_of_sizes!("size"),
            " FROM deposits
                 WHERE mailbox_id = mailboxes.id) END, epochs,
             (SELECT wish FROM pace WHERE mailbox_id = mailboxes.id),
             (SELECT announced_at FROM pace WHERE mailbox_id = mailboxes.id),
             (SELECT count(*) FROM unannounced WHERE mailbox_id = mailboxes.id), held_since, ",
            came_back_words!(u),
            " FROM mailboxes LEFT JOIN unreachable u ON u.mailbox_id = mailboxes.id
             WHERE ",
            $tag,
            " AND state <> 'deleted'"
        )
    };
}

/// A mailbox as an arrival needs it, by its tag, which is the second column of the result. `?2` is 1 if its size is needed.
pub(crate) const REACHED: &str = reached!("tag = ?1", "?2");

/// The same for all tags in the list.
pub(crate) const ALL_REACHED: &str = reached!("tag = ANY($1)", "$2");

/// Stores the fingerprint of a letter: it is new, or replaces an expired one. The sweep runs only now and then; until it does, an
/// expired row must not be in the way. `?3`: time after which they expire.
pub(crate) const REMEMBER: &str = "INSERT INTO fingerprints (fingerprint, committed_at) VALUES (?1, ?2)
     ON CONFLICT (fingerprint) DO UPDATE SET committed_at = excluded.committed_at
     WHERE fingerprints.committed_at < excluded.committed_at - ?3";

/// Changes as many rows as the lists have, unless one of them exists already. A duplicate in the lists is an error.
pub(crate) const REMEMBER_ALL: &str =
    "INSERT INTO fingerprints (fingerprint, committed_at) SELECT * FROM unnest($1, $2)
     ON CONFLICT (fingerprint) DO UPDATE SET committed_at = excluded.committed_at
     WHERE fingerprints.committed_at < excluded.committed_at - $3";

/// A letter is addressed to a mailbox that exists and has this key pair.
pub(crate) const REACH: &str =
    "UPDATE mailboxes SET reached_at = ?3 WHERE id = ?1 AND state <> 'deleted' AND public_key = ?2";

/// Changes as many rows as the lists have, which name no mailbox twice, unless one of them has changed.
pub(crate) const REACH_ALL: &str = "UPDATE mailboxes SET reached_at = one.at
     FROM unnest($1, $2, $3) AS one (id, public_key, at)
     WHERE mailboxes.id = one.id AND state <> 'deleted' AND mailboxes.public_key = one.public_key";

/// A leg is delivered, whatever process has leased it.
pub(crate) const DONE: &str = "DELETE FROM legs WHERE id = ?1";

/// Removes as many rows as the list has, unless one of them is gone already.
pub(crate) const ALL_DONE: &str = "DELETE FROM legs WHERE id = ANY($1)";
