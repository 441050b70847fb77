//! What became of a commit that nobody answered.

use tokio::time::timeout;
use tokio_postgres::Client;

use super::begin::{STATEMENTS, Words};
use super::failure::Failure;
use super::pipeline::{answer, ask_unnamed, say, send};
use super::pool::Connection;
use super::value::Param;
use crate::engine::Promise;
use crate::statement::{Statement, StatementResult};

/// Whether a batch was kept: does what it would do first, sees whether that does anything, and takes it back. The server
/// makes this wait for the transaction in question, should it not have ended yet. What is seen may not be flushed, nor on
/// the standby (decision 0048), so a commit behind it is waited for before anybody is told: of the very transaction that
/// has seen it, for behind a pool the next one may go to a server that has lost it.
pub(super) async fn was_kept(
    connection: &Connection,
    words: &Words,
    statement: &Statement,
) -> Result<bool, Failure> {
    let client = &connection.client;
    let asked = async {
        say(client, words.begin(Promise::Durable)).await?;
        say(client, "SAVEPOINT looked").await?;
        let kept = unnamed(client, words, statement).await?.affected == 0;
        let end = if kept { "ROLLBACK TO SAVEPOINT looked" } else { "ROLLBACK" };
        say(client, end).await?;
        Ok::<bool, Failure>(kept)
    };
    if !timeout(STATEMENTS, asked).await.map_err(|_late| Failure::late("a question"))?? {
        return Ok(false);
    }
    flush(connection, words).await.map(|()| true)
}

/// Without names: a pool may have led us to another server process than what was committed before.
async fn unnamed(client: &Client, words: &Words, statement: &Statement) -> Result<StatementResult, Failure> {
    let params = statement.params.iter().map(Param::Value).collect();
    ask_unnamed(client, words.texts.of(statement.sql), params).await
}

/// Changes no row, and a commit behind it waits for the flush of everything before.
pub(super) const FLUSH: &str = "SELECT count(pg_catalog.pg_logical_emit_message(true, 'sealpost', ''))";

/// Which server this is, behind whatever pool: none is started at the same moment as another.
pub(super) const SERVER: &str = "SELECT pg_catalog.pg_postmaster_start_time()::text";

/// Commits something that changes no row and waits for the standby: what was committed before it is there as well.
///
/// `own`: finds a row of what was committed; a server that has taken the place of the one that has it, or that has lost it and
/// goes on, does not find it.
pub(super) async fn make_certain(
    connection: &Connection,
    words: &Words,
    own: Option<&Statement>,
) -> Result<(), Failure> {
    let client = &connection.client;
    let begun = async {
        say(client, words.begin(Promise::Durable)).await?;
        match own {
            Some(own) => unnamed(client, words, own).await.map(|found| !found.rows.is_empty()),
            // Nothing says what it was.
            None => Ok(false),
        }
    };
    match timeout(STATEMENTS, begun).await.map_err(|_late| Failure::late("a question"))?? {
        true => flush(connection, words).await,
        false => Err(Failure::late("the server that committed it")),
    }
}

/// Ends a transaction, and waits until everything before its end is where it was promised to be.
async fn flush(connection: &Connection, words: &Words) -> Result<(), Failure> {
    let client = &connection.client;
    let written = async {
        let written = send(say(client, FLUSH)).await;
        connection.listen_for_warnings();
        let committed = send(say(client, "COMMIT")).await;
        answer(written).await?;
        answer(committed).await.map(drop)
    };
    match timeout(words.commit, written).await {
        Ok(Ok(())) if connection.was_warned() => Err(Failure::late("the standby")),
        Ok(said) => said,
        Err(_late) => Err(Failure::late("a commit")),
    }
}
