//! Rows of what is in the bucket: announced before it goes there, kept with the row that needs it, gone with that. Whoever
//! commits and whoever cleans up change the same row, so that only one of them can.

use sealpost_mail::Timestamp;

use crate::statement::{Batch, Refusal, Statement, sql};

/// Whose row it is where an object was found that nobody had announced.
pub(crate) const FOUND: &str = "found";

/// A body that will go to the bucket; `life` as in `nodes`.
pub(crate) fn announce(body_id: &str, life: &str) -> Statement {
    sql!("INSERT INTO objects (body, state, life) VALUES (?1, 'coming', ?2)", body_id, life)
}

/// It stays: from here on its body's row decides. Somebody may have cleaned it up meanwhile.
pub(crate) fn keep(body_id: &str) -> Statement {
    sql!("UPDATE objects SET state = 'kept', life = '' WHERE body = ?1 AND state = 'coming'", body_id)
        .or_refuse(Refusal::Overtaken)
}

impl Batch {
    /// To stand behind what may have removed its body's row.
    pub(crate) fn release_object(&mut self, body_id: &str) {
        self.add(sql!(
            "UPDATE objects SET state = 'gone' WHERE body = ?1 AND state = 'kept'
             AND NOT EXISTS (SELECT 1 FROM bodies WHERE id = ?1)",
            body_id
        ));
    }
}

/// Nobody will commit it any more.
pub(crate) fn abandon(body_id: &str) -> Statement {
    sql!("UPDATE objects SET state = 'gone' WHERE body = ?1 AND state = 'coming'", body_id)
}

/// What was announced by lives that are over. With SQLite there are none in the table, and nobody is told from another.
macro_rules! dead_announced {
    ($what:literal) => {
        concat!(
            $what,
            " WHERE state <> 'kept' AND state = 'coming' AND life NOT IN ('', 'found')
              AND NOT EXISTS (SELECT 1 FROM nodes WHERE nodes.incarnation = objects.life)"
        )
    };
}

/// Whether there is any.
pub(crate) fn dead_announced() -> Statement {
    sql!(concat!(dead_announced!("SELECT body FROM objects"), " LIMIT 1"))
}

/// It goes.
pub(crate) fn abandon_dead_announced() -> Statement {
    sql!(dead_announced!("UPDATE objects SET state = 'gone'"))
}

/// To be removed from the bucket.
pub(crate) fn gone() -> Statement {
    sql!("SELECT body FROM objects WHERE state <> 'kept' AND state = 'gone' ORDER BY body LIMIT 200")
}

/// The body is somewhere else now, under the same id: the object goes.
pub(crate) fn let_go(body_id: &str) -> Statement {
    sql!("UPDATE objects SET state = 'gone' WHERE body = ?1 AND state = 'kept'", body_id)
}

/// Anything that is on its way in or out.
pub(crate) fn moving() -> Statement {
    sql!("SELECT body FROM objects WHERE state <> 'kept' AND (state = 'gone' OR life = '') LIMIT 1")
}

/// It is out of the bucket.
pub(crate) fn forget(body_id: &str) -> Statement {
    sql!("DELETE FROM objects WHERE body = ?1 AND state = 'gone'", body_id)
}

/// What nobody can be asked about has a day: known since now, and gone if it was known for so long.
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
