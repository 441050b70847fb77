//! One transaction: everything is sent at once and the results are read in order; the first that is not as expected
//! decides. Knows nothing of tries and pools.

use tokio::time::timeout;
use tokio_postgres::Client;

use super::begin::{STATEMENTS, Words};
use super::commit_outcome::{SERVER, make_certain};
use super::failure::Failure;
use super::locks;
use super::pipeline::{Asked, answer, ask, ask_for, begin, say, send};
use super::pool::Connection;
use crate::audit_proof::AuditProver;
use crate::engine::{Promise, audit_trail};
use crate::error::StoreError;
use crate::statement::{Batch, Expect, Flush, Refusal, Row, Statement, StatementResult};

/// How a batch ended.
#[derive(Debug)]
pub(super) enum End {
    /// Kept; files of bodies that went with it.
    Kept { results: Vec<StatementResult>, freed: Vec<String>, server: Option<String> },
    /// Certainly nothing of it was kept; by which of its statements.
    Refused { refusal: Refusal, by: usize, server: Option<String> },
    /// Certainly nothing of it was kept.
    Failed(Failure),
    /// It was asked to be kept, and nobody said what became of that.
    Unknown { reason: String, results: Vec<StatementResult>, freed: Vec<String> },
}

/// Writes a batch, after what nobody waits for but has to come first.
pub(super) async fn write(
    connection: &Connection,
    words: &Words,
    first: &[Statement],
    batch: &Batch,
    promise: Promise,
    prover: Option<&dyn AuditProver>,
    before_commit: impl Fn(&[String]),
) -> End {
    let client = &connection.client;
    let statements = batch.statements.as_slice();
    let at_once = may_end_at_once(batch);
    let locks = locks::of(batch);
    let work = async {
        let begun = send(begin(connection, words.begin(promise))).await;
        let server = match batch.flush {
            Flush::DoneAgain | Flush::Asks => Some(send(ask(connection, SERVER, Vec::new())).await),
            Flush::AsPromised => None,
        };
        let mut locked = Vec::with_capacity(locks.len());
        for lock in &locks {
            locked.push(send(lock.ask(connection)).await);
        }
        let mut before = Vec::with_capacity(first.len());
        for statement in first {
            before.push(send(ask_for(connection, words, statement)).await);
        }
        let mut asked = Vec::with_capacity(statements.len());
        for statement in statements {
            asked.push(send(ask_for(connection, words, statement)).await);
        }
        if at_once {
            connection.listen_for_warnings();
        }
        let committed = match at_once {
            true => Some(send(say(client, "COMMIT")).await),
            false => None,
        };
        (begun, server, locked, before, asked, committed)
    };
    let (begun, server, locked, before, asked, committed) = work.await;
    let mut server_name = None;
    let judged = timeout(STATEMENTS, async {
        answer(begun).await?;
        if let Some(server) = server {
            let row = answer(server).await?.rows.pop();
            server_name = row.map(|mut row| row.text()).transpose().map_err(Failure::Store)?;
        }
        for one in locked.into_iter().chain(before) {
            answer(one).await?;
        }
        judge(statements, asked).await
    });
    let (mut results, freed) = match judged.await {
        Ok(Ok(Ok(done))) => done,
        Ok(Ok(Err((refusal, by)))) => {
            return match roll_back(client).await {
                Ok(()) => End::Refused { refusal, by, server: server_name },
                Err(failure) => End::Failed(failure),
            };
        }
        Ok(Err(failure)) => {
            // The end was sent already, and nobody says how far the server came.
            if at_once && failure.ends_connection() {
                return unknown(failure, Vec::new(), Vec::new());
            }
            return given_up(client, failure).await;
        }
        Err(_late) if at_once => return unknown(Failure::late("a transaction"), Vec::new(), Vec::new()),
        Err(_late) => return End::Failed(Failure::late("a transaction")),
    };
    let mut noted = Noted::default();
    if batch.may_note() {
        let asked = timeout(STATEMENTS, note(connection, words, prover, batch, &mut results)).await;
        noted = match asked.unwrap_or_else(|_late| Err(Failure::late("the audit trail"))) {
            Ok(noted) => noted,
            Err(failure) => {
                return given_up(client, failure).await;
            }
        };
    }
    before_commit(&freed);
    let committing = async {
        match committed {
            Some(committed) => answer(committed).await.map(|_said| Flushed::WithCommit),
            None => {
                let wait = match (promise, noted.trail) {
                    // Whoever holds the trail lets it go before the disk and the standby have answered: others go on behind
                    // it, and all of them share one flush.
                    (Promise::Durable, Trail::Held) => Wait::Afterwards,
                    // A file that goes must not come back with its row.
                    (Promise::Ordered, Trail::Held | Trail::Free) if !freed.is_empty() => Wait::WithCommit,
                    (Promise::Ordered | Promise::Durable, Trail::Held | Trail::Free) => Wait::AsBegun,
                };
                commit(connection, words, &noted.statements, wait).await
            }
        }
    };
    // It waits for the synchronous standby, and is never cancelled: whoever cancels it is told "done" of what may be lost.
    match timeout(words.commit, committing).await {
        Ok(Ok(_)) if connection.was_warned() => End::Unknown {
            reason: "the server warned while it committed: perhaps no standby has it".to_owned(),
            results,
            freed,
        },
        Ok(Ok(Flushed::WithCommit)) => End::Kept { results, freed, server: server_name },
        Ok(Ok(Flushed::Not)) => match make_certain(connection, words, noted.last.as_ref()).await {
            Ok(()) => End::Kept { results, freed, server: server_name },
            Err(failure) => unknown(failure, results, freed),
        },
        // An ordinary error, and not the end of the connection: the server rolled back.
        Ok(Err(failure)) if !failure.ends_connection() => End::Failed(failure),
        Ok(Err(failure)) => unknown(failure, results, freed),
        Err(_late) => unknown(Failure::late("a commit"), results, freed),
    }
}

/// Who appends to the audit trail holds this until its commit: the next row is proven over this one. Each schema has its
/// own trail.
const TRAIL: &str = "SELECT count(pg_catalog.pg_advisory_xact_lock(1587126481,
    pg_catalog.hashtext(pg_catalog.current_schema()::text)))";

/// Whether a transaction holds the end of the audit trail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Trail {
    /// Until its commit nobody else appends to it.
    Held,
    #[default]
    Free,
}

/// What a batch that has run adds to the audit trail: to be sent with the commit.
#[derive(Debug, Default)]
struct Noted {
    statements: Vec<Statement>,
    trail: Trail,
    /// Finds the last row of the trail among them.
    last: Option<Statement>,
}

async fn note(
    connection: &Connection,
    words: &Words,
    prover: Option<&dyn AuditProver>,
    batch: &Batch,
    results: &mut [StatementResult],
) -> Result<Noted, Failure> {
    let mut statements = audit_trail::besides(prover, batch, results).map_err(Failure::Store)?;
    let rows = audit_trail::rows(batch, results);
    if rows.is_empty() {
        return Ok(Noted { statements, ..Noted::default() });
    }
    let [head, last] = audit_trail::end();
    // Sent at once: while the lock is held nobody waits for us to ask. Each statement sees what was committed before it
    // began.
    let locked = send(ask(connection, TRAIL, Vec::new())).await;
    let head = send(ask_for(connection, words, &head)).await;
    let last = send(ask_for(connection, words, &last)).await;
    answer(locked).await?;
    let (head, last) = (answer(head).await?.rows.pop(), answer(last).await?.rows.pop());
    let appended = audit_trail::append(prover, head, last, &rows).map_err(Failure::Store)?;
    statements.extend(appended.statements);
    Ok(Noted { statements, trail: Trail::Held, last: appended.last })
}

/// For what a commit waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// As its transaction began.
    AsBegun,
    /// The flush.
    WithCommit,
    /// Nothing; the flush comes behind it.
    Afterwards,
}

/// Whether a commit that came about is flushed as well.
#[derive(Debug)]
enum Flushed {
    WithCommit,
    Not,
}

/// Sends the last statements and the commit at once: an error of theirs turns it into a rollback.
async fn commit(
    connection: &Connection,
    words: &Words,
    statements: &[Statement],
    wait: Wait,
) -> Result<Flushed, Failure> {
    let client = &connection.client;
    let mut asked = Vec::with_capacity(statements.len() + 1);
    let setting = match wait {
        Wait::AsBegun => None,
        Wait::WithCommit => Some("SET LOCAL synchronous_commit TO DEFAULT"),
        Wait::Afterwards => Some("SET LOCAL synchronous_commit = off"),
    };
    if let Some(setting) = setting {
        asked.push(send(say(client, setting)).await);
    }
    for statement in statements {
        asked.push(send(ask_for(connection, words, statement)).await);
    }
    connection.listen_for_warnings();
    let committed = send(say(client, "COMMIT")).await;
    for one in asked {
        answer(one).await?;
    }
    answer(committed).await?;
    Ok(match wait {
        Wait::AsBegun | Wait::WithCommit => Flushed::WithCommit,
        Wait::Afterwards => Flushed::Not,
    })
}

fn unknown(failure: Failure, results: Vec<StatementResult>, freed: Vec<String>) -> End {
    End::Unknown { reason: StoreError::from(failure).to_string(), results, freed }
}

/// Before anybody asked for it to be kept.
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

/// Where nothing can refuse, COMMIT is pipelined with the statements: a failed one turns it into a rollback. Not where a killed
/// process must not commit any more: the server still executes what it has received, perhaps after the next process has
/// removed files without rows, or taken back leases. Nor where the audit trail may have to say what was changed:
/// its rows come last.
fn may_end_at_once(batch: &Batch) -> bool {
    let told =
        |statement: &Statement| statement.expect == Expect::Anything && !statement.sql.contains("RETURNING");
    !batch.may_note() && batch.settles.is_empty() && batch.statements.iter().all(told)
}

/// Results and files of bodies; or a refusal, and by which statement.
type Judged = Result<(Vec<StatementResult>, Vec<String>), (Refusal, usize)>;

/// Every answer is read, also behind the one that decides: whoever commits must have heard of every error.
async fn judge(statements: &[Statement], asked: Vec<Asked<'_>>) -> Result<Judged, Failure> {
    let mut verdict: Option<Result<(Refusal, usize), Failure>> = None;
    let (mut results, mut freed) = (Vec::with_capacity(statements.len()), Vec::new());
    for (at, (statement, asked)) in statements.iter().zip(asked).enumerate() {
        let mut result = match answer(asked).await {
            Ok(result) => result,
            Err(failure) => {
                let gone = failure.ends_connection();
                verdict.get_or_insert(Err(failure));
                if gone {
                    break;
                }
                continue;
            }
        };
        match statement.expect {
            Expect::Anything => {}
            Expect::One(refusal) => {
                if result.affected != 1 {
                    verdict.get_or_insert(Ok((refusal, at)));
                }
            }
            Expect::FreedBodies => {
                for row in std::mem::take(&mut result.rows) {
                    match freed_file(row) {
                        Ok(file) => freed.extend(file),
                        Err(error) => {
                            verdict.get_or_insert(Err(Failure::Store(error)));
                        }
                    }
                }
            }
        }
        results.push(result);
    }
    match verdict {
        None => Ok(Ok((results, freed))),
        Some(Ok(refusal)) => Ok(Err(refusal)),
        Some(Err(failure)) => Err(failure),
    }
}

fn freed_file(mut row: Row) -> Result<Option<String>, StoreError> {
    let id = row.text()?;
    Ok((row.text()? == "file").then_some(id))
}

/// Answers questions from one view.
pub(super) async fn read(
    connection: &Connection,
    words: &Words,
    statements: &[Statement],
) -> Result<Vec<Vec<Row>>, Failure> {
    let client = &connection.client;
    let begun = send(begin(connection, words.look(statements.len()))).await;
    let mut asked = Vec::with_capacity(statements.len());
    for statement in statements {
        asked.push(send(ask_for(connection, words, statement)).await);
    }
    let ended = send(say(client, "COMMIT")).await;
    answer(begun).await?;
    let mut results = Vec::with_capacity(statements.len());
    let mut failed = None;
    for one in asked {
        match answer(one).await {
            Ok(result) => results.push(result.rows),
            Err(failure) => {
                failed.get_or_insert(failure);
            }
        }
    }
    let ended = answer(ended).await;
    match failed {
        Some(failure) => Err(failure),
        None => ended.map(|_| results),
    }
}
