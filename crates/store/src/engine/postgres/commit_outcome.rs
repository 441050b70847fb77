//! What became of a commit that nobody answered.

use tokio::time::timeout;

use super::begin::{Mark, STATEMENTS, Words};
use super::failure::{Failure, NamesLost};
use super::named::SERVER;
use super::pipeline::{Asked, answer, ask, ask_for, ask_unnamed, begin, say, send};
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

/// Which server a transaction runs on: known of a connection that may keep names, which leads nowhere else.
pub(super) enum OnServer<'a> {
    Known(&'a str),
    Asked(Asked<'a>),
}

/// To be sent behind [`begin`], and answered behind its answer.
pub(super) async fn on_server(connection: &Connection) -> OnServer<'_> {
    match &connection.names {
        Some(names) => OnServer::Known(names.server()),
        None => OnServer::Asked(send(ask(connection, SERVER, Vec::new())).await),
    }
}

impl OnServer<'_> {
    pub(super) async fn name(self) -> Result<Option<String>, Failure> {
        match self {
            Self::Known(name) => Ok(Some(name.to_owned())),
            Self::Asked(asked) => {
                let row = answer(asked).await?.rows.pop();
                row.map(|mut row| row.text()).transpose().map_err(Failure::Store)
            }
        }
    }
}

/// Commits something that changes no row and waits for the standby: what was committed before it is there as well.
///
/// `on`: the server that has it; another one, in its place since, may not have it.
pub(super) async fn make_certain(
    connection: &Connection,
    words: &Words,
    on: Option<&str>,
) -> Result<(), Failure> {
    let written = async {
        if let Some(names) = &connection.names {
            connection.listen_for_warnings();
            match say(&connection.client, &names.execute(Mark::Flush)).await {
                Ok(_) => return Ok(Some(names.server().to_owned())),
                Err(failure) => {
                    connection.noticed(&failure);
                    match failure.names_lost() {
                        // Since that commit: nothing was done.
                        Some(NamesLost::ProcessChanged) => {}
                        Some(NamesLost::SchemaChanged) | None => return Err(failure),
                    }
                }
            }
        }
        flush_somewhere(connection, words).await
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

/// On whatever server a pool between us and it leads to: its name.
async fn flush_somewhere(connection: &Connection, words: &Words) -> Result<Option<String>, Failure> {
    let client = &connection.client;
    let begun = send(say(client, words.begin(Promise::Durable).whole)).await;
    let server = send(ask_unnamed(client, SERVER, Vec::new())).await;
    let written = send(ask_unnamed(client, FLUSH, Vec::new())).await;
    connection.listen_for_warnings();
    let committed = send(say(client, "COMMIT")).await;
    answer(begun).await?;
    let server = OnServer::Asked(server).name().await?;
    answer(written).await?;
    answer(committed).await?;
    Ok(server)
}
