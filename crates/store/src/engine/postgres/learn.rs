//! Gives names to statements that come often on a connection. Knows no batch.

use super::begin::Opening;
use super::pipeline::{begin, say};
use super::pool::Connection;

/// Gives names to what came often on a connection. `words`: what a transaction begins with; names outlive its end.
pub(super) async fn learn(connection: &Connection, words: Opening<'_>) {
    let Connection { client, names: Some(names), .. } = connection else { return };
    let wanted = names.take_wanted();
    if wanted.is_empty() {
        return;
    }
    if begin(connection, words).await.is_err() {
        names.lose();
    } else {
        for (text, types) in wanted {
            let named = client.prepare_typed(text, &types).await;
            names.set(text, &types, named.ok());
        }
    }
    if say(client, "ROLLBACK").await.is_err() {
        names.lose();
    }
}
