//! Rows about objects in the bucket: announced before upload, kept with the row that needs the object, removed with it.
//! Committing and cleaning up change the same row, so that only one of them can succeed.

use sealpost_mail::Timestamp;

use crate::statement::{Batch, Refusal, Statement, sql};

/// The incarnation recorded for an object that was found unannounced.
pub(crate) const FOUND: &str = "found";

/// Announces a body that will be uploaded; `life` as in `nodes`.
pub(crate) fn announce(body_id: &str, life: &str) -> Statement {
    sql!("INSERT INTO objects (body, state, life) VALUES (?1, 'coming', ?2)", body_id, life)
}

/// Keeps it: from here on its body's row decides. It may have been cleaned up meanwhile.
pub(crate) fn keep(body_id: &str) -> Statement {
    sql!("UPDATE objects SET state = 'kept', life = '' WHERE body = ?1 AND state = 'coming'", body_id)
        .or_refuse(Refusal::Overtaken)
}

impl Batch {
    /// Must follow the statement that may have removed its body's row.
    pub(crate) fn release_object(&mut self, body_id: &str) {
        self.add(sql!(
            "UPDATE objects SET state = 'gone' WHERE body = ?1 AND state = 'kept'
             AND NOT EXISTS (SELECT 1 FROM bodies WHERE id = ?1)",
            body_id
        ));
    }
}

/// Marks it as never to be committed.
pub(crate) fn abandon(body_id: &str) -> Statement {
    sql!("UPDATE objects SET state = 'gone' WHERE body = ?1 AND state = 'coming'", body_id)
}

/// Objects announced by dead incarnations. With SQLite there are none in the table, and incarnations are not told
/// apart.
macro_rules! dead_announced {
    ($what:literal) => {
        concat!(
            $what,
            " WHERE state <> 'kept' AND state = 'coming' AND life NOT IN ('', 'found')
              AND NOT EXISTS (SELECT 1 FROM nodes WHERE nodes.incarnation = objects.life)"
        )
    };
}

/// Whether there are any.
pub(crate) fn dead_announced() -> Statement {
    sql!(concat!(dead_announced!("SELECT body FROM objects"), " LIMIT 1"))
}

/// Marks them for removal.
pub(crate) fn abandon_dead_announced() -> Statement {
    sql!(dead_announced!("UPDATE objects SET state = 'gone'"))
}

/// Objects to be removed from the bucket.
pub(crate) fn gone() -> Statement {
    sql!("SELECT body FROM objects WHERE state <> 'kept' AND state = 'gone' ORDER BY body LIMIT 200")
}

/// The body is stored elsewhere now, under the same id: its object is to be removed.
pub(crate) fn let_go(body_id: &str) -> Statement {
    sql!("UPDATE objects SET state = 'gone' WHERE body = ?1 AND state = 'kept'", body_id)
}

/// Objects being uploaded or removed.
pub(crate) fn moving() -> Statement {
    sql!("SELECT body FROM objects WHERE state <> 'kept' AND (state = 'gone' OR life = '') LIMIT 1")
}

/// It has been removed from the bucket.
pub(crate) fn forget(body_id: &str) -> Statement {
    sql!("DELETE FROM objects WHERE body = ?1 AND state = 'gone'", body_id)
}

/// Objects of unknown origin are kept for a day: dated now, and marked for removal if dated that long ago.
pub(crate) fn age(now: Timestamp, before: Timestamp) -> [Statement; 2] {
    [
        sql!(
            "UPDATE objects SET state = 'gone' WHERE state <> 'kept' AND state = 'coming' AND seen_at <= ?1
             AND life IN ('', 'found')",
            before
        ),
        sql!(
            "UPDATE objects SET seen_at = ?1 WHERE state <> 'kept' AND state = 'coming' AND seen_at IS NULL",
            now
        ),
    ]
}

/// An object without a row.
pub(crate) fn found(body_id: &str, now: Timestamp) -> Statement {
    sql!(
        "INSERT INTO objects (body, state, life, seen_at) VALUES (?1, 'coming', ?2, ?3) ON CONFLICT DO NOTHING",
        body_id,
        FOUND,
        now
    )
}
