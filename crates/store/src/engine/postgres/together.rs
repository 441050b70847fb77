//! Batches that share a transaction, and queries that do, from their connection to their results.

use std::sync::Arc;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::batch::Core;
use super::begin::View;
use super::judge::Done;
use super::not_flushed::Server;
use super::pool::discard;
use super::shared::{Shared, Sharer, TransactionSlot, Turn, WorkResult};
use super::transaction::{self, End};
use crate::engine::Promise;
use crate::error::StoreError;
use crate::statement::{Batch, Flush, Outcome, Row, Sharing, Statement};

impl Core {
    pub(super) async fn write(
        self: &Arc<Self>,
        batch: Batch,
        promise: Promise,
        deadline: Instant,
    ) -> Result<Outcome, StoreError> {
        match batch.sharing {
            Sharing::Alone => self.write_alone(batch, promise, None, deadline).await,
            Sharing::Arrivals => self.write_shared(&self.arrivals, batch, promise, deadline).await,
            Sharing::Ends => self.write_shared(&self.ends, batch, promise, deadline).await,
        }
    }

    async fn write_alone(
        &self,
        batch: Batch,
        promise: Promise,
        place: Option<TransactionSlot<'_>>,
        deadline: Instant,
    ) -> Result<Outcome, StoreError> {
        self.try_write(batch, promise, place, deadline).await.map(|(outcome, _server)| outcome)
    }

    /// Writes a batch together with others that wait. All of a kind have the same promise.
    async fn write_shared(
        self: &Arc<Self>,
        shared: &Shared<Batch, Outcome>,
        batch: Batch,
        promise: Promise,
        deadline: Instant,
    ) -> Result<Outcome, StoreError> {
        let mut waiter = shared.push(batch, deadline);
        loop {
            match shared.turn(&mut waiter).await {
                Turn::Over(told) => return told,
                Turn::Goes(place, sharers) => self.write_all(place, sharers, promise).await,
            }
        }
    }

    /// Writes them in one transaction. If that fails, each is retried alone, so that none is affected by
    /// another.
    async fn write_all(
        self: &Arc<Self>,
        place: TransactionSlot<'_>,
        sharers: Vec<Sharer<Batch, Outcome>>,
        promise: Promise,
    ) {
        let mut sharers = match <[Sharer<_, _>; 1]>::try_from(sharers) {
            Ok([Sharer { work: batch, reply, deadline, .. }]) => {
                let _nobody_waits = reply.send(self.write_alone(batch, promise, Some(place), deadline).await);
                return;
            }
            Err(sharers) => sharers,
        };
        sharers.sort_by_key(|one| one.work.order);
        // The longest waiter waits for a connection no longer than it would alone.
        let first = sharers.iter().map(|one| one.deadline).min().unwrap_or_else(Instant::now);
        let (batches, waiters): (Vec<Batch>, Vec<_>) =
            sharers.into_iter().map(|one| (one.work, (one.reply, one.deadline))).unzip();
        match self.try_together(place, batches, promise, first).await {
            Ok(told) => {
                for ((reply, _), told) in waiters.into_iter().zip(told) {
                    let _nobody_waits = reply.send(told);
                }
            }
            Err(batches) => {
                for ((reply, deadline), batch) in waiters.into_iter().zip(batches) {
                    let core = Arc::clone(self);
                    // The caller waits and counts as an operation under way.
                    tokio::spawn(async move {
                        let _nobody_waits =
                            reply.send(core.write_alone(batch, promise, None, deadline).await);
                    });
                }
            }
        }
    }

    /// The result of each. The batches are returned if certainly nothing was kept.
    async fn try_together(
        &self,
        place: TransactionSlot<'_>,
        batches: Vec<Batch>,
        promise: Promise,
        deadline: Instant,
    ) -> Result<Vec<WorkResult<Outcome>>, Vec<Batch>> {
        let Ok(connection) = self.lend_learned(&self.writers, deadline).await else {
            return Err(batches);
        };
        let ends = self.writers.manager().ends();
        let first = self.unhurried.take(batches.iter().filter_map(|batch| batch.sign.as_ref()));
        let moving = |freed: &[String]| freed.iter().for_each(|id| self.files.set_moving(id));
        let prover = self.prover.as_deref();
        let end = transaction::write(
            &connection,
            &self.words,
            &first.statements,
            &batches,
            promise,
            prover,
            moving,
        );
        let end = end.await;
        // Finding out how an unanswered commit ended may take long.
        drop(place);
        match end {
            End::Kept { done, server } => {
                self.unhurried.done(&first);
                let mut told = Vec::with_capacity(batches.len());
                for (batch, Done { results, freed }) in batches.into_iter().zip(done) {
                    told.push(Ok(self.kept(&batch.settles, results, freed)));
                    if let Some(started) = &server
                        && batch.flush == Flush::DoneAgain
                    {
                        self.not_flushed.remember(Server { started: started.clone(), ends }, batch);
                    }
                }
                Ok(told)
            }
            End::Refused { .. } => {
                self.unhurried.put_back(first);
                Err(batches)
            }
            End::Failed(failure) => {
                self.unhurried.put_back(first);
                if failure.ends_connection() {
                    discard(connection);
                }
                tracing::debug!(
                    batches = batches.len(),
                    "batches are committed separately: {}",
                    StoreError::from(failure)
                );
                Err(batches)
            }
            End::Unknown { reason, mut done } => {
                discard(connection);
                // Deleting twice does no harm.
                self.unhurried.put_back(first);
                done.resize_with(batches.len(), Done::default);
                let decided = batches.into_iter().zip(done).map(|(batch, Done { results, freed })| {
                    self.decide(batch, reason.clone(), results, freed)
                });
                Ok(join_all(decided).await)
            }
        }
    }

    /// Reads together with queries that arrive meanwhile, each from a view of its own.
    pub(super) async fn read_shared(
        self: &Arc<Self>,
        question: Statement,
        deadline: Instant,
    ) -> Result<Vec<Row>, StoreError> {
        let mut waiter = self.questions.push(question, deadline);
        loop {
            match self.questions.turn(&mut waiter).await {
                Turn::Over(told) => return told,
                Turn::Goes(_place, sharers) => self.read_all(sharers).await,
            }
        }
    }

    /// Reads them in one transaction; if that fails, each alone.
    async fn read_all(self: &Arc<Self>, sharers: Vec<Sharer<Statement, Vec<Row>>>) {
        let first = sharers.iter().map(|one| one.deadline).min().unwrap_or_else(Instant::now);
        let (questions, waiters): (Vec<_>, Vec<_>) =
            sharers.into_iter().map(|one| (one.work, (one.reply, one.deadline))).unzip();
        match self.read_view(&questions, View::Each, first).await {
            Ok(answers) => {
                for ((reply, _), rows) in waiters.into_iter().zip(answers) {
                    let _nobody_waits = reply.send(Ok(rows));
                }
            }
            Err(error) => {
                let mut waiters = waiters.into_iter();
                if questions.len() == 1 {
                    let _nobody_waits = waiters.next().map(|(reply, _)| reply.send(Err(error)));
                    return;
                }
                tracing::debug!(%error, questions = questions.len(), "queries are sent one by one");
                for (question, (reply, deadline)) in questions.into_iter().zip(waiters) {
                    let core = Arc::clone(self);
                    tokio::spawn(async move {
                        let read = core.read_view(&[question], View::Each, deadline).await;
                        let _nobody_waits =
                            reply.send(read.map(|answers| answers.into_iter().flatten().collect()));
                    });
                }
            }
        }
    }
}
