//! One transaction of one batch, or of several that share it: everything is sent at once and the results are read in order; the
//! first unexpected one decides. Knows nothing of retries and pools.

use tokio::time::timeout;
use tokio_postgres::Client;

use super::begin::{STATEMENTS, View, Words};
use super::commit_outcome::{ask_behind, make_certain, on_server};
use super::failure::Failure;
use super::joined::{Part, ask_all, ask_first};
use super::judge::{Done, judge};
use super::locks;
use super::note::{Noted, ToAdd, Trail, ask_trail, note, tell};
use super::pipeline::{PendingAnswer, answer, ask, begin, say, send};
use super::pool::Connection;
use super::questions::{Question, questions};
use crate::audit_proof::AuditProver;
use crate::engine::Promise;
use crate::error::StoreError;
use crate::statement::{Batch, Expect, Flush, RECEIVERS, Refusal, Row, Statement};

/// How a transaction ended.
#[derive(Debug)]
pub(super) enum End {
    /// Committed; with the result of each batch.
    Kept { done: Vec<Done>, server: Option<String> },
    /// Certainly rolled back: a batch was refused, by this statement.
    Refused { refusal: Refusal, by: usize, server: Option<String> },
    /// Certainly rolled back.
    Failed(Failure),
    /// The commit was sent, and its outcome is unknown.
    Unknown { reason: String, done: Vec<Done> },
}

/// Writes batches, after the queued statements that must come first. All are kept, or none.
pub(super) async fn write(
    connection: &Connection,
    words: &Words,
    first: &[Statement],
    batches: &[Batch],
    promise: Promise,
    prover: Option<&dyn AuditProver>,
    before_commit: impl Fn(&[String]),
) -> End {
    connection.whole(write_judged(connection, words, first, batches, promise, prover, before_commit)).await
}

async fn write_judged(
    connection: &Connection,
    words: &Words,
    first: &[Statement],
    batches: &[Batch],
    promise: Promise,
    prover: Option<&dyn AuditProver>,
    before_commit: impl Fn(&[String]),
) -> End {
    let client = &connection.client;
    let at_once = batches.iter().all(may_end_at_once);
    let locks = locks::of(batches);
    let asks_server = batches.iter().any(|batch| match batch.flush {
        Flush::DoneAgain | Flush::Asks => true,
        Flush::AsPromised => false,
    });
    let tells = batches.iter().any(|batch| !batch.told.is_empty());
    let work = async {
        let begun = send(begin(connection, words.begin(promise))).await;
        let server = match asks_server {
            true => Some(on_server(connection).await),
            false => None,
        };
        let mut locked = Vec::with_capacity(locks.len());
        for lock in &locks {
            locked.push(send(lock.ask(connection)).await);
        }
        let before = ask_first(connection, words, first).await;
        let statements: Vec<&[Statement]> = batches.iter().map(|batch| batch.statements.as_slice()).collect();
        let asked = ask_all(connection, words, &statements).await;
        let receivers = match tells {
            true => Some(send(ask(connection, RECEIVERS, Vec::new())).await),
            false => None,
        };
        // A batch that certainly appends to the trail locks it and queries its end at once. If webhook events must be created
        // first, others would wait for that.
        let trail = match batches.iter().any(Batch::will_note) && !(tells && connection.has_receivers()) {
            true => Some(ask_trail(connection, words, promise).await),
            false => None,
        };
        if at_once {
            connection.listen_for_warnings();
        }
        let committed = match at_once {
            true => Some(send(say(client, "COMMIT")).await),
            false => None,
        };
        (begun, server, locked, before, asked, receivers, trail, committed)
    };
    let (begun, server, locked, before, asked, receivers, trail, committed) = work.await;
    let mut server_name = None;
    let mut has_receivers = false;
    let judged = timeout(STATEMENTS, async {
        answer(begun).await?;
        if let Some(server) = server {
            server_name = server.name().await?;
        }
        for one in locked.into_iter().chain(before) {
            answer(one).await?;
        }
        let judged = judge(batches, asked).await?;
        if let (Ok(_), Some(receivers)) = (&judged, receivers) {
            has_receivers = !answer(receivers).await?.rows.is_empty();
            connection.saw_receivers(has_receivers);
        }
        Ok::<_, Failure>(judged)
    });
    let mut done = match judged.await {
        Ok(Ok(Ok(done))) => done,
        Ok(Ok(Err((refusal, by)))) => {
            return match roll_back(client).await {
                Ok(()) => End::Refused { refusal, by, server: server_name },
                Err(failure) => End::Failed(failure),
            };
        }
        Ok(Err(failure)) => {
            // The commit was already sent, and it is unknown how far the server came.
            if at_once && failure.ends_connection() {
                return unknown(failure, Vec::new());
            }
            return given_up(client, failure).await;
        }
        Err(_late) if at_once => return unknown(Failure::late("a transaction"), Vec::new()),
        Err(_late) => return End::Failed(Failure::late("a transaction")),
    };
    let mut noted = Noted::default();
    if batches.iter().any(Batch::may_note) {
        let noting = async {
            let told = match has_receivers {
                true => tell(connection, words, batches).await?,
                false => Vec::new(),
            };
            let add = ToAdd::of(prover, batches, &mut done, told).map_err(Failure::Store)?;
            note(connection, words, prover, promise, add, trail).await
        };
        let asked = timeout(STATEMENTS, noting).await;
        noted = match asked.unwrap_or_else(|_late| Err(Failure::late("the audit trail"))) {
            Ok(noted) => noted,
            Err(failure) => {
                return given_up(client, failure).await;
            }
        };
    }
    let mut frees = false;
    for one in &done {
        frees |= !one.freed.is_empty();
        before_commit(&one.freed);
    }
    let committing = async {
        match committed {
            Some(committed) => answer(committed).await.map(|_said| Flushed::WithCommit),
            None => {
                let wait = match (promise, noted.trail) {
                    // A transaction that holds the trail releases it before disk and standby have answered: others continue behind
                    // it, and all share one flush.
                    (Promise::Durable, Trail::Held) => Wait::Afterwards,
                    // A removed file must not be needed again because its row reappeared.
                    (Promise::Ordered, Trail::Held | Trail::Free) if frees => Wait::WithCommit,
                    (Promise::Ordered | Promise::Durable, Trail::Held | Trail::Free) => Wait::AsBegun,
                };
                commit(connection, words, &noted.statements, wait).await
            }
        }
    };
    // It waits for the synchronous standby and is never cancelled: a cancelled wait reports success for what may be lost.
    match timeout(words.commit, committing).await {
        Ok(Ok(_)) if connection.was_warned() => End::Unknown {
            reason: "the server warned while it committed: perhaps no standby has it".to_owned(),
            done,
        },
        Ok(Ok(Flushed::WithCommit)) => End::Kept { done, server: server_name },
        Ok(Ok(Flushed::Behind(behind))) => {
            match make_certain(connection, words, behind, noted.last.as_ref()).await {
                Ok(()) => End::Kept { done, server: server_name },
                Err(failure) => unknown(failure, done),
            }
        }
        // An ordinary error, not the end of the connection: the server rolled back.
        Ok(Err(failure)) if !failure.ends_connection() => End::Failed(failure),
        Ok(Err(failure)) => unknown(failure, done),
        Err(_late) => unknown(Failure::late("a commit"), done),
    }
}

/// What a commit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// As set when the transaction began.
    AsBegun,
    /// The flush.
    WithCommit,
    /// Nothing; the flush follows.
    Afterwards,
}

/// Whether a successful commit is flushed as well.
enum Flushed<'a> {
    WithCommit,
    /// By what was sent after it, if that was possible.
    Behind(Option<PendingAnswer<'a>>),
}

/// Sends the last statements, the commit and its flush at once: an error in a statement turns the commit into a rollback.
async fn commit<'a>(
    connection: &'a Connection,
    words: &Words,
    statements: &[Statement],
    wait: Wait,
) -> Result<Flushed<'a>, Failure> {
    let client = &connection.client;
    let setting = match wait {
        // Locking the trail has already set it.
        Wait::AsBegun | Wait::Afterwards => None,
        Wait::WithCommit => Some(send(say(client, "SET LOCAL synchronous_commit TO DEFAULT")).await),
    };
    let asked = ask_all(connection, words, &[statements]).await;
    connection.listen_for_warnings();
    let committed = send(say(client, "COMMIT")).await;
    let behind = match wait {
        Wait::Afterwards => ask_behind(connection).await,
        Wait::AsBegun | Wait::WithCommit => None,
    };
    for one in setting.into_iter().chain(asked.into_iter().map(Part::into_asked)) {
        answer(one).await?;
    }
    answer(committed).await?;
    Ok(match wait {
        Wait::AsBegun | Wait::WithCommit => Flushed::WithCommit,
        Wait::Afterwards => Flushed::Behind(behind),
    })
}

fn unknown(failure: Failure, done: Vec<Done>) -> End {
    End::Unknown { reason: StoreError::from(failure).to_string(), done }
}

/// Fails before the commit was requested.
async fn given_up(client: &Client, failure: Failure) -> End {
    if failure.ends_connection() {
        return End::Failed(failure);
    }
    match roll_back(client).await {
        Ok(()) => End::Failed(failure),
        Err(worse) => End::Failed(worse),
    }
}

async fn roll_back(client: &Client) -> Result<(), Failure> {
    match timeout(STATEMENTS, say(client, "ROLLBACK")).await {
        Ok(said) => said.map(drop),
        Err(_late) => Err(Failure::late("a rollback")),
    }
}

/// If nothing can refuse, COMMIT is pipelined with the statements: a failed one turns it into a rollback. Not if a killed process
/// must not commit any more: the server still executes what it has received, perhaps after the next process has removed files
/// without rows, or released leases. Nor if the audit trail may need rows: those come last.
fn may_end_at_once(batch: &Batch) -> bool {
    let told =
        |statement: &Statement| statement.expect == Expect::Anything && !statement.sql.contains("RETURNING");
    !batch.may_note() && batch.settles.is_empty() && batch.statements.iter().all(told)
}

/// Runs queries.
pub(super) async fn read(
    connection: &Connection,
    words: &Words,
    statements: &[Statement],
    view: View,
) -> Result<Vec<Vec<Row>>, Failure> {
    let client = &connection.client;
    let begun = send(begin(connection, words.look(view))).await;
    let mut asked = Vec::with_capacity(statements.len());
    for Question { text, params, asks } in questions(&words.texts, statements) {
        asked.push((send(ask(connection, text, params)).await, asks));
    }
    let ended = send(say(client, "COMMIT")).await;
    answer(begun).await?;
    let mut answers = Vec::new();
    answers.resize_with(statements.len(), Vec::new);
    let mut failed = None;
    for (one, asks) in asked {
        match answer(one).await {
            Ok(result) => asks.answered(result.rows, &mut answers),
            Err(failure) => {
                failed.get_or_insert(failure);
            }
        }
    }
    let ended = answer(ended).await;
    match failed {
        Some(failure) => Err(failure),
        None => ended.map(|_| answers),
    }
}
