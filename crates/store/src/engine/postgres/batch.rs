//! A batch from its connection to its answer: retried if others were in the way, settled by a query if the outcome of its commit is
//! unknown.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::Object;
use tokio::time::{Instant, timeout};

use super::begin::{FLUSH, STATEMENTS, View, Words};
use super::commit_outcome;
use super::deferred::Unhurried;
use super::failure::{Cure, Failure};
use super::heartbeat::{self, Heartbeat};
use super::judge::Done;
use super::learn;
use super::not_flushed::{NotFlushed, Server};
use super::pool::{Connection, Connections, Connector, discard, lend, lend_in_one_try};
use super::released_leases::{ReleasedLeases, TRANSACTIONS, Transactions, Tried};
use super::shared::{Shared, TransactionSlot};
use super::transaction::{self, End};
use crate::audit_proof::AuditProver;
use crate::engine::Promise;
use crate::error::StoreError;
use crate::expense::Expense;
use crate::files::Files;
use crate::node_row::NodeState;
use crate::statement::{Batch, Flush, Outcome, Row, Settle, Statement, StatementResult, sql};

/// How often a batch is tried if others are in the way. With the locks it takes first this is rare.
const TRIES: u32 = 8;

/// What every task uses.
pub(super) struct Core {
    pub(super) writers: Connections,
    pub(super) readers: Connections,
    pub(super) words: Arc<Words>,
    pub(super) unhurried: Unhurried,
    pub(super) not_flushed: NotFlushed,
    pub(super) given_back: ReleasedLeases,
    /// Arrivals.
    pub(super) arrivals: Shared<Batch, Outcome>,
    /// Queries, each answered from a view of its own.
    pub(super) questions: Shared<Statement, Vec<Row>>,
    /// Legs that end.
    pub(super) ends: Shared<Batch, Outcome>,
    pub(super) files: Arc<Files>,
    /// How long a caller waits for its turn, a slot and a connection together.
    pub(super) patience: Duration,
    /// Proves rows of the audit trail.
    pub(super) prover: Option<Arc<dyn AuditProver>>,
    /// Told what batches that have no waiting caller cost.
    pub(super) expense: Arc<Expense>,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").finish_non_exhaustive()
    }
}

impl Core {
    /// Waits for a flush if something has been written that no caller waited for; and what another server had committed but not
    /// replicated when this one replaced it is done again.
    pub(super) async fn see_flushed(&self) {
        if self.not_flushed.is_empty() {
            return;
        }
        let mark = self.not_flushed.mark();
        let mut flush = Batch::from(vec![sql!(FLUSH)]);
        flush.flush = Flush::Asks;
        match self.try_write(flush, Promise::Durable, None, self.deadline()).await {
            Ok((_, Some(server))) => {
                if server.ends == self.writers.manager().ends() {
                    self.not_flushed.flushed(mark, &server);
                }
                self.do_again(mark).await;
            }
            Ok((_, None)) => {}
            Err(error) => tracing::debug!(%error, "what was not flushed waits for the next try"),
        }
    }

    /// The same until nothing is left, but not for long. Returns whether nothing is left.
    pub(super) async fn see_all_flushed(&self) -> bool {
        let seen = async {
            while !self.not_flushed.is_empty() {
                self.see_flushed().await;
                if !self.not_flushed.is_empty() {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        };
        let _late = timeout(self.patience, seen).await;
        self.not_flushed.is_empty()
    }

    /// What fails again stays remembered.
    async fn do_again(&self, mark: u64) {
        let mut batches = 0;
        while let Some((number, batch)) = self.not_flushed.lost(mark) {
            if let Err(error) = self.try_write(batch, Promise::Ordered, None, self.deadline()).await {
                tracing::debug!(%error, "what was not flushed waits for the next try");
                break;
            }
            // It is remembered anew, for the server that has it now.
            self.not_flushed.forget(number);
            batches += 1;
        }
        if batches > 0 {
            tracing::info!(batches, "written again: the server that had it may not have passed it on");
        }
    }

    /// Tries to release leases that no caller was given.
    pub(super) async fn give_back(&self) {
        let waiting = self.given_back.next();
        let mut batch = Batch::from(vec![sql!(TRANSACTIONS)]);
        batch.extend(waiting.iter().map(|(_, statement)| statement.clone()));
        batch.flush = Flush::Asks;
        let (results, server) = match self.try_write(batch, Promise::Ordered, None, self.deadline()).await {
            Ok((Outcome::Kept(results), server)) => (results, server),
            Ok((Outcome::Refused(_), _)) => return,
            Err(error) => {
                tracing::debug!(%error, "leases to be given back wait for the next try");
                return;
            }
        };
        let mut results = results.into_iter();
        let seen = results
            .next()
            .and_then(|mut result| result.rows.pop())
            .and_then(|mut row| Some(Transactions { oldest: row.int().ok()?, next: row.int().ok()? }));
        let Some(seen) = seen else { return };
        let mut tried = Vec::with_capacity(waiting.len());
        for ((number, statement), result) in waiting.into_iter().zip(results) {
            if result.affected == 0 {
                tried.push((number, Tried::NotFound));
                continue;
            }
            tried.push((number, Tried::Freed));
            let mut again = Batch::from(vec![statement]);
            again.flush = Flush::DoneAgain;
            if let Some(server) = &server {
                self.not_flushed.remember(server.clone(), again);
            }
        }
        self.given_back.tried(&tried, seen, Instant::now());
    }

    /// A connection on which frequent statements are prepared.
    pub(super) async fn lend_learned(
        &self,
        from: &Connections,
        deadline: Instant,
    ) -> Result<Object<Connector>, StoreError> {
        let connection = lend(from, deadline).await?;
        match learn::learn(&connection, self.words.look(View::Each)).await {
            Ok(()) => Ok(connection),
            Err(failure) => {
                discard(connection);
                Err(failure.into())
            }
        }
    }

    /// The deadline of a request that begins now.
    fn deadline(&self) -> Instant {
        Instant::now() + self.patience
    }

    /// Returns the server it was committed on, too, if that was asked. `place`: a slot that others wait for, held for the first try
    /// only. `deadline`: until when the caller waits for a connection; earlier waiting counts.
    pub(super) async fn try_write(
        &self,
        batch: Batch,
        promise: Promise,
        mut place: Option<TransactionSlot<'_>>,
        deadline: Instant,
    ) -> Result<(Outcome, Option<Server>), StoreError> {
        let mut tries = 0;
        let prover = self.prover.as_deref();
        loop {
            let connection = self.lend_learned(&self.writers, deadline).await?;
            let ends = self.writers.manager().ends();
            let on = |started: Option<String>| started.map(|started| Server { started, ends });
            // Statements queued before this batch run before it (decision 0007: an acknowledged fingerprint is forgotten).
            let first = self.unhurried.take(batch.sign.as_ref());
            let moving = |freed: &[String]| freed.iter().for_each(|id| self.files.set_moving(id));
            let end = transaction::write(
                &connection,
                &self.words,
                &first.statements,
                std::slice::from_ref(&batch),
                promise,
                prover,
                moving,
            )
            .await;
            drop(place.take());
            match end {
                End::Kept { mut done, server } => {
                    let Done { results, freed } = done.pop().unwrap_or_default();
                    self.unhurried.done(&first);
                    let server = on(server);
                    if let Some(server) = &server
                        && batch.flush == Flush::DoneAgain
                    {
                        self.not_flushed.remember(server.clone(), batch.clone());
                    }
                    return Ok((self.kept(&batch.settles, results, freed), server));
                }
                End::Refused { refusal, by, server } => {
                    self.unhurried.put_back(first);
                    let server = on(server);
                    match &server {
                        // The refusal may be due to an earlier try that the server has kept.
                        Some(server) if batch.flush == Flush::DoneAgain => {
                            self.not_flushed.remember(server.clone(), batch.clone());
                        }
                        // "It is here already" is a promise too: perhaps about a row whose own wait for flush and standby was cut
                        // short. So is "it is gone already".
                        Some(_) | None if refusal.speaks_of_another() => {
                            if let Err(failure) = self.is_certain(&connection, batch.statements.get(by)).await
                            {
                                discard(connection);
                                let reason = StoreError::from(failure).to_string();
                                return Err(StoreError::Uncertain { reason });
                            }
                        }
                        Some(_) | None => {}
                    }
                    return Ok((Outcome::Refused(refusal), server));
                }
                End::Failed(failure) => {
                    self.unhurried.put_back(first);
                    tries += 1;
                    let cure = match tries < TRIES && Instant::now() < deadline {
                        true => failure.cure(),
                        false => Cure::None,
                    };
                    if failure.ends_connection() {
                        discard(connection);
                    } else {
                        drop(connection);
                    }
                    match cure {
                        Cure::None => return Err(failure.into()),
                        Cure::Again | Cure::Elsewhere => {
                            tracing::debug!(%tries, "a batch is tried again: {}", StoreError::from(failure));
                            tokio::time::sleep(Duration::from_millis(u64::from(1_u32 << tries))).await;
                        }
                    }
                }
                End::Unknown { reason, mut done } => {
                    let Done { results, freed } = done.pop().unwrap_or_default();
                    discard(connection);
                    // Deleting twice does no harm.
                    self.unhurried.put_back(first);
                    return self.decide(batch, reason, results, freed).await.map(|outcome| (outcome, None));
                }
            }
        }
    }

    pub(super) fn kept(
        &self,
        settles: &[Arc<dyn Settle>],
        results: Vec<StatementResult>,
        freed: Vec<String>,
    ) -> Outcome {
        settles.iter().for_each(|one| one.settle());
        freed.into_iter().for_each(|id| self.files.remove_later(id));
        Outcome::Kept(results)
    }

    /// The outcome of the commit is unknown. It is settled by a row, if the batch has one that only it can have made or removed;
    /// otherwise the caller is told that the outcome is unknown.
    pub(super) async fn decide(
        &self,
        batch: Batch,
        reason: String,
        results: Vec<StatementResult>,
        freed: Vec<String>,
    ) -> Result<Outcome, StoreError> {
        tracing::warn!(reason, "the outcome of a commit is unknown");
        let fate = match &batch.sign {
            Some(sign) => self.ask_fate(sign).await,
            None => Err(StoreError::Uncertain { reason }),
        };
        match fate {
            Ok(true) => Ok(self.kept(&batch.settles, results, freed)),
            Ok(false) => {
                freed.iter().for_each(|id| self.files.set_settled(id));
                Err(StoreError::NotKept { reason: "the commit was not made".to_owned() })
            }
            Err(error) => {
                freed.iter().for_each(|id| self.files.set_settled(id));
                let taken = batch.takes.map(|taking| taking.give_back(results));
                self.given_back.add(taken.unwrap_or_default(), Instant::now());
                // If the rows are there after all, their files must be too; if not, the next open removes them.
                batch.settles.iter().for_each(|one| one.settle());
                Err(error)
            }
        }
    }

    /// Whether what refused a batch is durable as promised: its statement still changes nothing, in the very transaction that waits
    /// for the flush.
    async fn is_certain(&self, connection: &Connection, refused: Option<&Statement>) -> Result<(), Failure> {
        let still = match refused {
            Some(refused) => commit_outcome::was_kept(connection, &self.words, refused).await?,
            None => false,
        };
        if still { Ok(()) } else { Err(Failure::late("the server that has it")) }
    }

    /// Whether the batch with this sign was kept.
    async fn ask_fate(&self, sign: &Statement) -> Result<bool, StoreError> {
        // A promotion takes time.
        let deadline = Instant::now() + self.patience * 2;
        loop {
            let connection = lend(&self.writers, deadline).await?;
            match commit_outcome::was_kept(&connection, &self.words, sign).await {
                Ok(kept) => return Ok(kept),
                Err(failure) => {
                    discard(connection);
                    if failure.cure() == Cure::None || Instant::now() >= deadline {
                        return Err(StoreError::Uncertain { reason: StoreError::from(failure).to_string() });
                    }
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }

    /// Several queries are answered from one view.
    pub(super) async fn read(
        self: &Arc<Self>,
        mut statements: Vec<Statement>,
        deadline: Instant,
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        match statements.pop() {
            Some(only) if statements.is_empty() => Ok(vec![self.read_shared(only, deadline).await?]),
            Some(last) => {
                statements.push(last);
                self.read_view(&statements, View::One, deadline).await
            }
            None => Ok(Vec::new()),
        }
    }

    pub(super) async fn read_view(
        &self,
        statements: &[Statement],
        view: View,
        deadline: Instant,
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        // A connection that has gone silent looks like one whose server is busy.
        let bound = STATEMENTS * u32::try_from(statements.len()).unwrap_or(u32::MAX).max(1);
        loop {
            let connection = self.lend_learned(&self.readers, deadline).await?;
            let read = timeout(bound, transaction::read(&connection, &self.words, statements, view)).await;
            match read.unwrap_or_else(|_late| Err(Failure::late("a question"))) {
                Ok(results) => return Ok(results),
                Err(failure) => {
                    if failure.ends_connection() {
                        discard(connection);
                    }
                    if failure.cure() == Cure::None || Instant::now() >= deadline {
                        return Err(failure.into());
                    }
                }
            }
        }
    }

    /// Announces that this incarnation ends: work it has not begun is free for others at once.
    pub(super) async fn give_up(&self, heartbeat: &Heartbeat) {
        if heartbeat.node_state() != NodeState::Active {
            return;
        }
        let given = async {
            let connection = lend_in_one_try(&self.writers).await?;
            let own = heartbeat.incarnation();
            let given =
                timeout(self.patience, heartbeat::take_over(&connection, &self.words, own, None)).await;
            let given = given.unwrap_or_else(|_late| Err(Failure::late("the end of this node")));
            // Whatever state the connection is in: it is not used again.
            discard(connection);
            given.map_err(StoreError::from)
        };
        match given.await {
            Ok(legs) => tracing::info!(node.legs = legs, "this node has ended"),
            Err(error) => {
                tracing::warn!(%error, "the other nodes will detect by its silence that this node has ended")
            }
        }
    }

    /// Runs the statements that no caller waits for.
    pub(super) async fn flush(&self) {
        let first = self.unhurried.take([]);
        if first.statements.is_empty() {
            return;
        }
        let done = match lend_in_one_try(&self.writers).await {
            Ok(connection) => {
                let (words, promise) = (&self.words, Promise::Ordered);
                let first = &first.statements;
                let written = transaction::write(&connection, words, first, &[], promise, None, |_| {});
                match written.await {
                    End::Kept { .. } => Ok(()),
                    End::Refused { .. } => Ok(()),
                    End::Failed(failure) => {
                        if failure.ends_connection() {
                            discard(connection);
                        }
                        Err(failure.into())
                    }
                    End::Unknown { reason, .. } => {
                        discard(connection);
                        Err(StoreError::Uncertain { reason })
                    }
                }
            }
            Err(error) => Err(error),
        };
        match done {
            Ok(()) => self.unhurried.done(&first),
            Err(error) => {
                tracing::warn!(%error, "unhurried statements wait for the next batch");
                self.unhurried.keep(first);
            }
        }
    }
}
