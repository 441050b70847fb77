//! Finds out what became of a commit that was not answered.

use tokio::time::timeout;
use tokio_postgres::Client;

use super::begin::{FLUSH, Mark, STATEMENTS, Words};
use super::failure::{Failure, NamesLost};
use super::named::SERVER;
use super::pipeline::{PendingAnswer, answer, ask, ask_unnamed, say, send};
use super::pool::Connection;
use super::value::Param;
use crate::engine::Promise;
use crate::statement::{Statement, StatementResult};

/// Whether a batch was kept: runs its first statement, sees whether it changes anything, and rolls back. The server makes this wait
/// for the transaction in question if it has not ended yet. What is seen may not be flushed, nor be on the standby (decision 0048),
/// so a commit after it is awaited before the caller is told: in the very transaction that has seen it, because behind a pooler the
/// next one may run on a server that has lost it.
pub(super) async fn was_kept(
    connection: &Connection,
    words: &Words,
    statement: &Statement,
) -> Result<bool, Failure> {
    connection.whole(look_and_flush(connection, words, statement)).await
}

async fn look_and_flush(
    connection: &Connection,
    words: &Words,
    statement: &Statement,
) -> Result<bool, Failure> {
    let client = &connection.client;
    let asked = async {
        say(client, words.begin(Promise::Durable).whole).await?;
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

/// Unprepared: a pooler may have led us to another server process than the one that committed.
async fn unnamed(client: &Client, words: &Words, statement: &Statement) -> Result<StatementResult, Failure> {
    let params = statement.params.iter().map(Param::Value).collect();
    ask_unnamed(client, words.texts.of(statement.sql), params).await
}

/// The server that a transaction runs on: known if the connection may keep prepared statements, because it then leads to one server
/// only.
pub(super) enum OnServer<'a> {
    Known(&'a str),
    Asked(PendingAnswer<'a>),
}

/// To be sent after [`begin`](super::pipeline::begin); its answer follows that one's.
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

/// Commits something that changes no row and waits for the standby: what was committed before it is then there as well.
///
/// `behind`: what [`ask_behind`] has sent after that commit. `own`: finds a row of what was committed; a server that replaced the
/// one with the row, or that lost the row and continued, does not find it.
pub(super) async fn make_certain(
    connection: &Connection,
    words: &Words,
    behind: Option<PendingAnswer<'_>>,
    own: Option<&Statement>,
) -> Result<(), Failure> {
    match flush_marked(connection, words, behind).await? {
        Marked::Flushed => return Ok(()),
        Marked::Gone => {}
    }
    let client = &connection.client;
    let begun = async {
        say(client, words.begin(Promise::Durable).whole).await?;
        match own {
            Some(own) => unnamed(client, words, own).await.map(|found| !found.rows.is_empty()),
            // There is no statement to tell.
            None => Ok(false),
        }
    };
    match timeout(STATEMENTS, begun).await.map_err(|_late| Failure::late("a question"))?? {
        true => flush(connection, words).await,
        false => Err(Failure::late("the server that committed it")),
    }
}

/// Outcome of a flush by the server process that a connection has marked.
enum Marked {
    /// It is the process that committed; it is alive, so its server has lost nothing.
    Flushed,
    /// The process is gone and nothing was done.
    Gone,
}

/// Sends, immediately after a commit, a statement that waits for the flush of everything before, if that transaction runs on a
/// marked process. A mark is known to that process alone, and a server that loses unwritten data loses every process. If the commit
/// fails, it does no harm.
pub(super) async fn ask_behind(connection: &Connection) -> Option<PendingAnswer<'_>> {
    let names = connection.names.as_ref().filter(|names| !names.are_lost())?;
    let flush = names.execute(Mark::Flush);
    Some(send(async move { say(&connection.client, &flush).await }).await)
}

async fn flush_marked(
    connection: &Connection,
    words: &Words,
    behind: Option<PendingAnswer<'_>>,
) -> Result<Marked, Failure> {
    let Some(behind) = behind else { return Ok(Marked::Gone) };
    match timeout(words.commit, answer(behind)).await {
        Ok(Ok(_)) if connection.was_warned() => Err(Failure::late("the standby")),
        Ok(Ok(_)) => Ok(Marked::Flushed),
        Ok(Err(failure)) => {
            connection.noticed(&failure);
            match failure.names_lost() {
                Some(NamesLost::ProcessChanged) => Ok(Marked::Gone),
                Some(NamesLost::SchemaChanged) | None => Err(failure),
            }
        }
        Err(_late) => Err(Failure::late("a commit")),
    }
}

/// Ends a transaction and waits until everything before its end is durable as promised.
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
