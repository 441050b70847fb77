//! What became of a commit that nobody answered.

use tokio::time::timeout;

use super::begin::{STATEMENTS, Words};
use super::failure::Failure;
use super::pipeline::{answer, ask, ask_for, begin, say, send};
use super::pool::Connection;
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
        begin(connection, words.begin(Promise::Durable)).await?;
        let changed = ask_for(connection, words, statement).await?.affected > 0;
        say(client, "ROLLBACK").await?;
        Ok(changed)
    };
    timeout(STATEMENTS, asked).await.map_err(|_late| Failure::late("a question"))?
}

/// Changes no row, and a commit behind it waits for the flush of everything before.
pub(super) const FLUSH: &str = "SELECT count(pg_catalog.pg_logical_emit_message(true, 'sealpost', ''))";

/// Which server this is, behind whatever pool: none is started at the same moment as another.
pub(super) const SERVER: &str = "SELECT pg_catalog.pg_postmaster_start_time()::text";

/// Commits something that changes no row and waits for the standby: what was committed before it is there as well.
///
/// `on`: the server that has it; another one, in its place since, may not have it.
pub(super) async fn make_certain(
    connection: &Connection,
    words: &Words,
    on: Option<&str>,
) -> Result<(), Failure> {
    let client = &connection.client;
    let written = async {
        let begun = send(begin(connection, words.begin(Promise::Durable))).await;
        let server = send(ask(connection, SERVER, Vec::new())).await;
        let written = send(say(client, FLUSH)).await;
        connection.listen_for_warnings();
        let committed = send(say(client, "COMMIT")).await;
        answer(begun).await?;
        let server = answer(server).await?.rows.pop().map(|mut row| row.text()).transpose();
        answer(written).await?;
        answer(committed).await?;
        server.map_err(Failure::Store)
    };
    match timeout(words.commit, written).await {
        Ok(Ok(_)) if connection.was_warned() => Err(Failure::late("the standby")),
        Ok(Ok(server)) if on.is_some() && server.as_deref() != on => {
            Err(Failure::late("the server that committed it"))
        }
        Ok(said) => said.map(drop),
        Err(_late) => Err(Failure::late("a commit")),
    }
}
