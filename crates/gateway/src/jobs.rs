//! What happens by the clock: deleting what is kept no longer, and looking whether all is well. Ticks are UTC
//! (decision record on tokio-cron-scheduler); what is due is computed by the job.

use std::sync::Arc;

use sealpost_mail::{Clock, Timestamp};
use sealpost_mailbox::{LastUse, Retention};
use sealpost_store::{IdleMailbox, Store, StoreError};
use thiserror::Error;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// Why jobs cannot be started.
#[derive(Debug, Error)]
#[error("the jobs could not be started: {0}")]
pub(crate) struct JobError(#[from] JobSchedulerError);

/// The running jobs.
pub(crate) struct Jobs(JobScheduler);

/// Once an hour, at an odd minute: not when everything else on the machine starts, too.
const HOURLY: &str = "0 23 * * * *";
/// Looking through the whole store takes its time; at night nobody waits for it.
const NIGHTLY: &str = "0 41 1 * * *";

/// Starts all jobs.
pub(crate) async fn start(
    store: Store,
    clock: Arc<dyn Clock>,
    retention: Retention,
) -> Result<Jobs, JobError> {
    let scheduler = JobScheduler::new().await?;
    let (purged, timed, kept) = (store.clone(), Arc::clone(&clock), retention.clone());
    scheduler
        .add(Job::new_async(HOURLY, move |_id, _scheduler| {
            let (store, clock, kept) = (purged.clone(), Arc::clone(&timed), kept.clone());
            Box::pin(async move { purge(&store, &*clock, &kept).await })
        })?)
        .await?;
    scheduler
        .add(Job::new_async(NIGHTLY, move |_id, _scheduler| {
            let (store, clock, kept) = (store.clone(), Arc::clone(&clock), retention.clone());
            Box::pin(async move {
                unused(&store, &*clock, &kept).await;
                forget(&store, &*clock).await;
                sweep(&store, &*clock).await;
            })
        })?)
        .await?;
    scheduler.start().await?;
    Ok(Jobs(scheduler))
}

/// Deletes what is kept no longer. A step that fails keeps no other from being done, and is done next hour.
async fn purge(store: &Store, clock: &dyn Clock, retention: &Retention) {
    let now = clock.now();
    // Letters first: a mailbox nobody came for goes when it is empty.
    let expired = store.purge_letters(now).await.map(|letters| letters as u64);
    done("letters", "letters deleted whose time was over", expired);
    let trashed = store.purge_trash(retention.trash_before(now)).await.map(|letters| letters as u64);
    done("letters", "trash emptied of what was there long enough", trashed);
    let begun = store.purge_unattended_drafts(now).await.map(|drafts| drafts as u64);
    done("drafts", "drafts deleted that nobody came back for", begun);
    let abandoned = store.purge_pending(now).await.map(|mailboxes| mailboxes as u64);
    done("mailboxes", "empty mailboxes deleted that nobody activated", abandoned);
    let stale = store.expire_uploads(now.minus(sealpost_portal::UPLOAD_LIVES)).await;
    done("uploads", "uploads given up of which nothing came any more", stale.map(|uploads| uploads as u64));
    if let Err(error) = store.forget_fleeting(now).await {
        tracing::error!(%error, "old rows could not be forgotten");
    }
}

/// Deletes mailboxes that nobody uses any more.
async fn unused(store: &Store, clock: &dyn Clock, retention: &Retention) {
    let outcome = delete_unused(store, clock.now(), retention).await;
    done("mailboxes", "mailboxes deleted that nobody used any more", outcome);
}

async fn delete_unused(store: &Store, now: Timestamp, retention: &Retention) -> Result<u64, StoreError> {
    let (mut gone, mut after) = (0, String::new());
    // Whatever the length of a term, one that is over began before now.
    while retention.mailbox.is_some() {
        let found = store.idle_mailboxes(now, &after).await?;
        let Some(last) = found.last() else { break };
        after.clone_from(&last.id);
        for mailbox in found.iter().filter(|mailbox| is_over(mailbox, now, retention)) {
            gone += u64::from(store.delete_idle(mailbox, now).await?);
        }
    }
    Ok(gone)
}

fn is_over(mailbox: &IdleMailbox, now: Timestamp, retention: &Retention) -> bool {
    retention.unused(&LastUse::from(mailbox)).is_some_and(|end| end < now)
}

async fn forget(store: &Store, clock: &dyn Clock) {
    match store.forget(clock.now()).await {
        Ok(forgotten) => tracing::debug!(?forgotten, "old rows forgotten"),
        Err(error) => tracing::error!(%error, "old rows could not be forgotten"),
    }
}

fn done(what: &'static str, said: &'static str, outcome: Result<u64, sealpost_store::StoreError>) {
    match outcome {
        Ok(0) => {}
        Ok(count) => tracing::info!(what, count, "{said}"),
        Err(error) => tracing::error!(%error, what, "what is kept no longer could not be deleted"),
    }
}

async fn sweep(store: &Store, clock: &dyn Clock) {
    match store.sweep(clock.now()).await {
        Ok(report) if report.is_clean() => tracing::info!(
            mailboxes = report.counts.mailboxes,
            deposits = report.counts.deposits,
            legs = report.counts.legs,
            "store swept"
        ),
        Ok(report) => {
            for problem in &report.problems {
                tracing::error!(?problem, "the store is not as it must be");
            }
        }
        Err(error) => tracing::error!(%error, "the store could not be swept"),
    }
}

impl Jobs {
    /// Ends the jobs.
    pub(crate) async fn stop(mut self) {
        if let Err(error) = self.0.shutdown().await {
            tracing::warn!(%error, "the jobs did not end cleanly");
        }
    }
}

#[cfg(test)]
mod tests {
    use sealpost_mail::{FakeClock, Random as _, SequenceRandom, Timestamp};
    use sealpost_store::{
        Activate, Activation, ArrivalRows, Committed, Folder, NewDeposit, NewMailbox, NewToken, NewWrap,
        Page, Proof, Rekey, StoreOptions, TokenPurpose, WrapKind,
    };

    use super::*;

    use std::time::Duration;

    use sealpost_mail::{Term, Zone};

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    const BEGIN: Timestamp = Timestamp(1_700_000_000_000);

    /// A letter in a new mailbox whose link and letter wait forty days; returns the ids of both.
    async fn letter(store: &Store, random: &SequenceRandom, tag: u8) -> (String, String) {
        let mut writer = store.body_writer(random.id());
        writer.push(&[0; 200_000]).await.unwrap();
        let body = writer.finish().await.unwrap();
        let (mailbox_id, id, until) = (random.id(), random.id(), BEGIN.plus(DAY * 40));
        let mut rows = ArrivalRows::new(BEGIN);
        rows.mailboxes.push(NewMailbox {
            id: mailbox_id.clone(),
            tag: [tag; 32],
            address_sealed: b"address".to_vec(),
            public_key: b"key".to_vec(),
            language: "de".to_owned(),
            created_at: BEGIN,
            wraps: vec![NewWrap { kind: WrapKind::Activation, sealed: Vec::new() }],
            token: Some(NewToken {
                hash: [tag; 32],
                purpose: TokenPurpose::Activation,
                created_at: BEGIN,
                expires_at: until,
                deposit_id: None,
            }),
        });
        rows.deposits.push(NewDeposit {
            id: id.clone(),
            mailbox_id: mailbox_id.clone(),
            body_id: body.id().to_owned(),
            folder: Folder::Inbox,
            sealed_to: b"key".to_vec(),
            key_sealed: Vec::new(),
            head_sealed: Vec::new(),
            listing_sealed: Vec::new(),
            size: 200_000,
            received_at: BEGIN,
            expires_at: Some(until),
            wished_until: None,
            thread_tags: Vec::new(),
        });
        rows.body = Some(body);
        assert!(matches!(store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
        (mailbox_id, id)
    }

    async fn activate(store: &Store, mailbox_id: &str, tag: u8, now: Timestamp) {
        let wish = Activate {
            mailbox_id: mailbox_id.to_owned(),
            proof: Proof::Token([tag; 32]),
            now,
            // The same pair again: it is not what is looked at here.
            rekey: Rekey {
                old_public: b"key".to_vec(),
                public_key: b"key".to_vec(),
                address_sealed: Vec::new(),
                keys: store.sealed_keys(mailbox_id).await.unwrap(),
                escrow: None,
            },
            wraps: vec![NewWrap { kind: WrapKind::Password, sealed: Vec::new() }],
            question_sealed: None,
            language: "de".to_owned(),
            letters_until: Some(now.plus(DAY * 60)),
        };
        assert_eq!(store.activate(wish).await.unwrap(), Activation::Activated);
    }

    #[tokio::test]
    async fn hour_by_hour_everything_goes_in_its_time_and_nothing_before() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(StoreOptions::new(folder.path())).unwrap();
        let (random, clock) = (SequenceRandom::default(), FakeClock::at(BEGIN));
        let retention = Retention {
            zone: Zone::utc(),
            unactivated: Term::Days(40),
            letters: Some(Term::Days(60)),
            mailbox: Some(Term::Months(18)),
            trash: Term::Days(14),
            asked: None,
        };
        letter(&store, &random, 1).await;
        let (late, _) = letter(&store, &random, 2).await;
        let (tidy, thrown_away) = letter(&store, &random, 3).await;
        activate(&store, &tidy, 3, BEGIN).await;
        assert_eq!(store.trash_deposits(&tidy, &[thrown_away], BEGIN).await.unwrap(), 1);

        let mut seen = Vec::new();
        for day in 1..=110 {
            clock.advance(DAY);
            if day == 39 {
                activate(&store, &late, 2, clock.now()).await;
            }
            purge(&store, &clock, &retention).await;
            forget(&store, &clock).await;
            let report = store.sweep(clock.now()).await.unwrap();
            assert!(report.is_clean(), "day {day}: {:?}", report.problems);
            let now = (report.counts.mailboxes, report.counts.deposits, report.counts.bodies_in_files);
            if seen.last().is_none_or(|(_, before)| *before != now) {
                seen.push((day, now));
            }
        }
        let trashed = store.deposits(&tidy, Folder::Trash, Page { offset: 0, limit: 1 }).await.unwrap();
        assert!(trashed.is_empty());
        // The trash after its fortnight; on the fortieth day the letter nobody came for and its mailbox; the one
        // that was activated on the last day but one has sixty days from then.
        assert_eq!(seen, [(1, (3, 3, 3)), (15, (3, 2, 2)), (40, (2, 1, 1)), (99, (2, 0, 0))]);
        store.close().await;
    }
}
