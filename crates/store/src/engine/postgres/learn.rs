//! Prepares statements that are frequent on a connection. Knows no batch.

use tokio::time::timeout;

use super::begin::{Opening, STATEMENTS};
use super::failure::Failure;
use super::pipeline::{begin, say};
use super::pool::Connection;

/// Prepares what was frequent on a connection. `words`: what a transaction begins with; prepared statements
/// outlive it.
///
/// # Errors
/// The connection is unusable and must be discarded.
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
                    // The error has ended the transaction: the others have not been tried yet.
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
