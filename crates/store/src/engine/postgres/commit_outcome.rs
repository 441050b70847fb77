//! What became of a commit that nobody answered.

use tokio::time::timeout;

use super::begin::Words;
use super::failure::Failure;
use super::pipeline::{ask_for, say};
use super::pool::Connection;
use super::transaction::STATEMENTS;
use crate::engine::Promise;
use crate::statement::Statement;

/// Whether a batch was not kept: does what it would do first, sees whether that does anything, and takes it back. The
/// server makes this wait for the transaction in question, should it not have ended yet.
pub(super) async fn would_change(
    connection: &Connection,
    words: &Words,
    statement: &Statement,
) -> Result<bool, Failure> {
    let client = &connection.client;
    let asked = async {
        say(client, words.begin(Promise::Durable)).await?;
        let changed = ask_for(client, words, statement).await?.affected > 0;
        say(client, "ROLLBACK").await?;
        Ok(changed)
    };
    timeout(STATEMENTS, asked).await.map_err(|_late| Failure::late("a question"))?
}

/// Changes no row, and a commit behind it waits for the flush of everything before.
pub(super) const FLUSH: &str = "SELECT count(pg_catalog.pg_logical_emit_message(true, 'sealpost', ''))";

/// Commits something that changes no row and waits for the standby: what was committed before it is there as well.
pub(super) async fn make_certain(connection: &Connection, words: &Words) -> Result<(), Failure> {
    let client = &connection.client;
    let written = async {
        say(client, words.begin(Promise::Durable)).await?;
        say(client, FLUSH).await?;
        connection.listen_for_warnings();
        say(client, "COMMIT").await
    };
    match timeout(words.commit, written).await {
        Ok(Ok(_)) if connection.was_warned() => Err(Failure::late("the standby")),
        Ok(said) => said.map(drop),
        Err(_late) => Err(Failure::late("a commit")),
    }
}
