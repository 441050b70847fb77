//! Pipelined requests: sent at once, results read in order, one round trip for all of them.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use futures_util::TryStreamExt as _;
use futures_util::future::{MaybeDone, maybe_done};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, RowStream};

use super::begin::{Opening, Words};
use super::failure::Failure;
use super::pool::Connection;
use super::value::{Param, row};
use crate::error::StoreError;
use crate::statement::{Statement, StatementResult};

/// A request under way.
pub(super) type PendingAnswer<'a> =
    Pin<Box<MaybeDone<Pin<Box<dyn Future<Output = Result<StatementResult, Failure>> + Send + 'a>>>>>;

/// Sends a request at once; the result is read by awaiting it.
pub(super) async fn send<'a>(
    request: impl Future<Output = Result<StatementResult, Failure>> + Send + 'a,
) -> PendingAnswer<'a> {
    let request: Pin<Box<dyn Future<Output = Result<StatementResult, Failure>> + Send + 'a>> =
        Box::pin(request);
    let mut asked = Box::pin(maybe_done(request));
    poll_fn(|cx| {
        let _answered = asked.as_mut().poll(cx);
        Poll::Ready(())
    })
    .await;
    asked
}

pub(super) async fn answer(mut asked: PendingAnswer<'_>) -> Result<StatementResult, Failure> {
    asked.as_mut().await;
    asked.as_mut().take_output().unwrap_or(Err(Failure::Store(StoreError::Damaged { what: "one answer" })))
}

/// Text without parameters or results.
pub(super) async fn say(client: &Client, words: &str) -> Result<StatementResult, Failure> {
    client.batch_execute(words).await?;
    Ok(StatementResult::default())
}

/// Begins a transaction that may use prepared statements.
pub(super) async fn begin(connection: &Connection, opening: Opening<'_>) -> Result<StatementResult, Failure> {
    let said = match &connection.names {
        Some(names) => say(&connection.client, &names.begun_with(opening)).await,
        None => say(&connection.client, opening.whole).await,
    };
    said.inspect_err(|failure| connection.noticed(failure))
}

/// A statement of a transaction that began with [`begin`].
pub(super) async fn ask(
    connection: &Connection,
    text: &'static str,
    params: Vec<Param<'_>>,
) -> Result<StatementResult, Failure> {
    let Connection { client, names, .. } = connection;
    let Some(names) = names else { return ask_unnamed(client, text, params).await };
    let types: Vec<Type> = params.iter().map(Param::typ).collect();
    match names.find(text, &types) {
        Some(named) => {
            let asked = async { result(client.query_raw(&named, params).await?).await };
            asked.await.inspect_err(|failure| connection.noticed(failure))
        }
        None => ask_unnamed(client, text, params).await,
    }
}

/// An unprepared statement: a pooler may run the next one in another server process.
pub(super) async fn ask_unnamed(
    client: &Client,
    text: &str,
    params: Vec<Param<'_>>,
) -> Result<StatementResult, Failure> {
    let params = params.into_iter().map(|param| {
        let typ = param.typ();
        (param, typ)
    });
    result(client.query_typed_raw(text, params).await?).await
}

async fn result(stream: RowStream) -> Result<StatementResult, Failure> {
    let mut stream = pin!(stream);
    let mut rows = Vec::new();
    while let Some(found) = stream.try_next().await? {
        rows.push(row(&found)?);
    }
    let affected = stream.rows_affected().unwrap_or_default();
    Ok(StatementResult { affected: usize::try_from(affected).unwrap_or(usize::MAX), rows })
}

pub(super) fn ask_for<'a>(
    connection: &'a Connection,
    words: &'a Words,
    statement: &'a Statement,
) -> impl Future<Output = Result<StatementResult, Failure>> + Send + 'a {
    ask(connection, words.texts.of(statement.sql), statement.params.iter().map(Param::Value).collect())
}
