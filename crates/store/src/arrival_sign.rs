//! Statements that show whether an arrival was stored when its commit was never answered. Knows no engine.

use sealpost_mail::Timestamp;

use crate::statement::{Statement, sql};

/// At most this many bodies of one letter are checked.
const MAX_BODIES: usize = 8;

/// A statement that changes nothing if the arrival was committed. Its fingerprint shows that, unless another node has
/// acknowledged the letter to a client that came again and forgotten it; the rows of its bodies show it until it is delivered.
pub(crate) fn arrival_sign<'a>(
    fingerprint: &[u8; 32],
    now: Timestamp,
    expired_before: Timestamp,
    bodies: impl Iterator<Item = &'a str>,
) -> Statement {
    let mut ids = [""; MAX_BODIES];
    ids.iter_mut().zip(bodies).for_each(|(place, id)| *place = id);
    let [one, two, three, four, five, six, seven, eight] = ids;
    // The engine waits for the fingerprint, so this cannot run before the transaction in question has ended.
    sql!(
        "INSERT INTO fingerprints (fingerprint, committed_at)
         SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM bodies WHERE id IN (?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11))
         ON CONFLICT (fingerprint) DO UPDATE SET committed_at = excluded.committed_at
         WHERE fingerprints.committed_at < ?3",
        fingerprint,
        now,
        expired_before,
        one,
        two,
        three,
        four,
        five,
        six,
        seven,
        eight
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, StoreOptions};

    #[tokio::test]
    async fn a_letter_whose_fingerprint_was_forgotten_was_kept_while_its_body_is_there() {
        let scratch = tempfile::tempdir().unwrap();
        let store = Store::open(StoreOptions::new(scratch.path().join("store"))).unwrap();
        let (fingerprint, now) = ([7; 32], Timestamp(1_000_000_000_000));
        let would_do = async |bodies: &[&str]| {
            let sign = arrival_sign(&fingerprint, now, Timestamp(0), bodies.iter().copied());
            let forget = sql!("DELETE FROM fingerprints WHERE fingerprint = ?1", &fingerprint);
            store.change(vec![sign, forget]).await.unwrap()
        };
        assert_eq!(would_do(&["b"]).await, [1, 1], "it was not kept");
        let body = |id: &str| sql!("INSERT INTO bodies (id, size, place) VALUES (?1, 1, 'file')", id);
        store.change(vec![body("other"), body("b")]).await.unwrap();
        assert_eq!(would_do(&["a", "b"]).await, [0, 0], "somebody has forgotten its fingerprint");
        assert_eq!(would_do(&["a"]).await, [1, 1], "another letter's body says nothing");
        assert_eq!(would_do(&[]).await, [1, 1]);
        let kept =
            sql!("INSERT INTO fingerprints (fingerprint, committed_at) VALUES (?1, ?2)", &fingerprint, now);
        store.change(vec![kept]).await.unwrap();
        assert_eq!(would_do(&["a"]).await, [0, 1], "it is delivered, and the fingerprint there");
    }
}
