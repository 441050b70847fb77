//! Batches that share a transaction, and questions that do, from their connection to their answers.

use std::sync::Arc;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::batch::Core;
use super::begin::View;
use super::judge::Done;
use super::not_flushed::Server;
use super::pool::discard;
use super::shared::{Place, Shared, Sharer, Told, Turn};
use super::transaction::{self, End};
use crate::engine::Promise;
use crate::error::StoreError;
use crate::statement::{Batch, Flush, Outcome, Row, Sharing, Statement};

impl Core {
    pub(super) async fn write(
        self: &Arc<Self>,
        batch: Batch,
        promise: Promise,
    ) -> Result<Outcome, StoreError> {
        match batch.sharing {
            Sharing::Alone => self.write_alone(batch, promise, None).await,
            Sharing::Arrivals => self.write_shared(&self.arrivals, batch, promise).await,
            Sharing::Ends => self.write_shared(&self.ends, batch, promise).await,
        }
    }

    async fn write_alone(
        &self,
        batch: Batch,
        promise: Promise,
        place: Option<Place<'_>>,
    ) -> Result<Outcome, StoreError> {
        self.try_write(batch, promise, place).await.map(|(outcome, _server)| outcome)
    }

    /// With those that wait for the same. All of a kind are promised the same.
    async fn write_shared(
        self: &Arc<Self>,
        shared: &Shared<Batch, Outcome>,
        batch: Batch,
        promise: Promise,
    ) -> Result<Outcome, StoreError> {
        let mut waiter = shared.push(batch, Instant::now() + self.patience);
        loop {
            match shared.turn(&mut waiter).await {
                Turn::Over(told) => return told,
                Turn::Goes(place, sharers) => self.write_all(place, sharers, promise).await,
            }
        }
    }

    /// In one transaction. Where that comes to nothing, each goes alone, so that none has to answer for another.
    async fn write_all(
        self: &Arc<Self>,
        place: Place<'_>,
        sharers: Vec<Sharer<Batch, Outcome>>,
        promise: Promise,
    ) {
        let mut sharers = match <[Sharer<_, _>; 1]>::try_from(sharers) {
            Ok([Sharer { work: batch, reply, .. }]) => {
                let _nobody_waits = reply.send(self.write_alone(batch, promise, Some(place)).await);
                return;
            }
            Err(sharers) => sharers,
        };
        sharers.sort_by_key(|one| one.work.order);
        let (batches, replies): (Vec<Batch>, Vec<_>) =
            sharers.into_iter().map(|one| (one.work, one.reply)).unzip();
        match self.try_together(place, batches, promise).await {
            Ok(told) => {
                for (reply, told) in replies.into_iter().zip(told) {
                    let _nobody_waits = reply.send(told);
                }
            }
            Err(batches) => {
                for (reply, batch) in replies.into_iter().zip(batches) {
                    let core = Arc::clone(self);
                    // Whoever asked for it waits, and counts as at work.
                    tokio::spawn(async move {
                        let _nobody_waits = reply.send(core.write_alone(batch, promise, None).await);
                    });
                }
            }
        }
    }

    /// What became of each. They are given back where certainly nothing was kept.
    async fn try_together(
        &self,
        place: Place<'_>,
        batches: Vec<Batch>,
        promise: Promise,
    ) -> Result<Vec<Told<Outcome>>, Vec<Batch>> {
        let Ok(connection) = self.lend_learned(&self.writers, Instant::now() + self.patience).await else {
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
        // How a commit ended that nobody answered may take long to find out.
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
                tracing::debug!(batches = batches.len(), "batches go alone: {}", StoreError::from(failure));
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

    /// With those that are asked meanwhile, each from a view of its own.
    pub(super) async fn read_shared(self: &Arc<Self>, question: Statement) -> Result<Vec<Row>, StoreError> {
        let mut waiter = self.questions.push(question, Instant::now() + self.patience);
        loop {
            match self.questions.turn(&mut waiter).await {
                Turn::Over(told) => return told,
                Turn::Goes(_place, sharers) => self.read_all(sharers).await,
            }
        }
    }

    /// In one transaction; where that comes to nothing, each alone.
    async fn read_all(self: &Arc<Self>, sharers: Vec<Sharer<Statement, Vec<Row>>>) {
        let (questions, replies): (Vec<_>, Vec<_>) =
            sharers.into_iter().map(|one| (one.work, one.reply)).unzip();
        match self.read_view(&questions, View::Each).await {
            Ok(answers) => {
                for (reply, rows) in replies.into_iter().zip(answers) {
                    let _nobody_waits = reply.send(Ok(rows));
                }
            }
            Err(error) => {
                let mut replies = replies.into_iter();
                if questions.len() == 1 {
                    let _nobody_waits = replies.next().map(|reply| reply.send(Err(error)));
                    return;
                }
                tracing::debug!(%error, questions = questions.len(), "questions are asked one by one");
                for (question, reply) in questions.into_iter().zip(replies) {
                    let core = Arc::clone(self);
                    tokio::spawn(async move {
                        let read = core.read_view(&[question], View::Each).await;
                        let _nobody_waits =
                            reply.send(read.map(|answers| answers.into_iter().flatten().collect()));
                    });
                }
            }
        }
    }
}
