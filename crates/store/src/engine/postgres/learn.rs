//! Gives names to statements that come often on a connection. Knows no batch.

use tokio::time::timeout;

use super::begin::{Opening, STATEMENTS};
use super::failure::Failure;
use super::pipeline::{begin, say};
use super::pool::Connection;

/// Gives names to what came often on a connection. `words`: what a transaction begins with; names outlive its end.
///
/// # Errors
/// Nothing comes on the connection any more: it is to be discarded.
pub(super) async fn learn(connection: &Connection, words: Opening<'_>) -> Result<(), Failure> {
    let Connection { client, names: Some(names), .. } = connection else { return Ok(()) };
    let wanted = names.take_wanted();
    if wanted.is_empty() {
        return Ok(());
    }
    let learned = async {
        if begin(connection, words).await.is_err() {
            names.lose();
        } else {
            let mut wanted = wanted.into_iter();
            while let Some((text, types)) = wanted.next() {
                let named = client.prepare_typed(text, &types).await.ok();
                let failed = named.is_none();
                names.set(text, &types, named);
                if failed {
                    // It has ended the transaction: nothing is known of the others yet.
                    names.want(wanted.by_ref().collect());
                }
            }
        }
        if say(client, "ROLLBACK").await.is_err() {
            names.lose();
        }
    };
    timeout(STATEMENTS, connection.whole(learned))
        .await
        .map_err(|_late| Failure::late("names for statements"))
}
