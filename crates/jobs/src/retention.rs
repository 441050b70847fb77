//! Deletes what has expired, and checks the store. A step that fails does not prevent the others.

use sealpost_mail::Timestamp;
use sealpost_mailbox::LastUse;
use sealpost_mailbox::audit::{Event, LetterGone, MailboxGone};
use sealpost_store::{IdleMailbox, StaleKind, Store, StoreError};

use crate::job_context::{Counts, Failed, JobContext};
use crate::reminders;

/// Deletes what has expired. What fails is retried in the next hour.
pub(super) async fn purge(job_context: &JobContext, now: Timestamp) -> Result<Counts, Failed> {
    let JobContext { store, retention, telling, .. } = job_context;
    let gone = |why| noting(job_context, &Event::LetterGone { why }, now);
    let mut counts = Counting::default();
    // Letters first: a mailbox that was never activated is deleted when it is empty.
    let expired = gone(LetterGone::Expired).purge_letters(telling.gone_unread, now).await;
    counts.add("letters", "letters deleted whose time was over", expired);
    let long_there = retention.trash_before(now);
    let trashed = gone(LetterGone::Trash).purge_trash(long_there, telling.gone_unread, now).await;
    counts.add("trash", "trash emptied of what was there long enough", trashed);
    let asked = retention.requests_before(now);
    let begun = store.purge_unattended_drafts(now, asked).await;
    counts.add("drafts", "drafts deleted that nobody came back for", begun);
    let pending = noting(job_context, &Event::MailboxDeleted { why: MailboxGone::Abandoned }, now);
    counts.add(
        "mailboxes",
        "empty mailboxes deleted that nobody activated",
        pending.purge_pending(now, asked).await,
    );
    let originals = store.forget_originals(now).await;
    counts.add("originals", "encrypted letters forgotten that were kept as they came", originals);
    let stale = store.expire_uploads(now.minus(sealpost_mailbox::UPLOAD_LIVES)).await;
    counts.add("uploads", "uploads given up of which nothing came any more", stale);
    counts.add("fleeting", "", store.forget_fleeting(now).await.map(|()| 0));
    counts.done()
}

/// The store, recording this for each deleted item.
fn noting(job_context: &JobContext, event: &Event<'_>, now: Timestamp) -> Store {
    job_context.store.audited([event.row(now, &job_context.actor, None)])
}

/// Counts what was done, and keeps the first error.
#[derive(Default)]
struct Counting {
    counts: Counts,
    failed: Option<StoreError>,
}

impl Counting {
    fn add(&mut self, what: &'static str, said: &'static str, outcome: Result<usize, StoreError>) {
        match outcome {
            Ok(0) => {}
            Ok(count) => {
                tracing::info!(what, count, "{said}");
                self.counts.push((what, count as u64));
            }
            Err(error) => {
                tracing::error!(%error, what, "data past its retention period could not be deleted");
                self.failed = self.failed.take().or(Some(error));
            }
        }
    }

    fn done(self) -> Result<Counts, Failed> {
        match self.failed {
            None => Ok(self.counts),
            Some(error) => Err(error.into()),
        }
    }
}

/// Deletes unused mailboxes.
pub(super) async fn unused(job_context: &JobContext, now: Timestamp) -> Result<Counts, Failed> {
    let store = noting(job_context, &Event::MailboxDeleted { why: MailboxGone::Unused }, now);
    let mut gone = 0;
    for mailbox in unused_mailboxes(job_context, now).await? {
        gone += usize::from(store.delete_idle(&mailbox, job_context.telling.gone_unread, now).await?);
    }
    let mut counts = Counting::default();
    counts.add("mailboxes", "mailboxes deleted that nobody used any more", Ok(gone));
    counts.done()
}

/// Mailboxes whose term has ended. Changes nothing.
pub(crate) async fn unused_mailboxes(
    job_context: &JobContext,
    now: Timestamp,
) -> Result<Vec<IdleMailbox>, Failed> {
    let JobContext { store, retention, .. } = job_context;
    let (mut all, mut after) = (Vec::new(), String::new());
    // Whatever its length, a term that has ended began before now.
    while retention.mailbox.is_some() {
        let found = store.idle_mailboxes(now, &after).await?;
        let Some(last) = found.last() else { break };
        after.clone_from(&last.id);
        for mailbox in found {
            let is_over = retention.unused(&LastUse::from(&mailbox)).is_some_and(|end| end < now);
            if is_over && reminders::is_told(job_context, &mailbox, now).await? {
                all.push(mailbox);
            }
        }
    }
    Ok(all)
}

/// How long runs of jobs are remembered.
pub(crate) const RUNS: std::time::Duration = std::time::Duration::from_secs(400 * 24 * 60 * 60);

pub(super) async fn forget(job_context: &JobContext, now: Timestamp) -> Result<Counts, Failed> {
    let forgotten = job_context.store.forget(now).await?;
    let runs = job_context.store.forget_job_runs(now.minus(RUNS)).await?;
    tracing::debug!(?forgotten, "old rows deleted");
    Ok(vec![
        ("fingerprints", forgotten.of(StaleKind::Fingerprints)),
        ("sessions", forgotten.of(StaleKind::Sessions)),
        ("tokens", forgotten.tokens),
        ("bounce memos", forgotten.bounce_memos),
        ("threads", forgotten.threads),
        ("withdrawn", forgotten.withdrawn),
        ("dead events", forgotten.dead_events),
        ("runs", runs),
    ])
}

pub(super) async fn sweep(job_context: &JobContext, now: Timestamp) -> Result<Counts, Failed> {
    let report = job_context.store.sweep(now).await?;
    for problem in &report.problems {
        tracing::error!(?problem, "the store is inconsistent");
    }
    if report.is_clean() {
        tracing::info!(
            mailboxes = report.counts.mailboxes,
            deposits = report.counts.deposits,
            legs = report.counts.legs,
            "store swept"
        );
    }
    let problems = report.problems.len() as u64;
    Ok(vec![
        ("mailboxes", report.counts.mailboxes),
        ("letters", report.counts.deposits),
        ("problems", problems),
    ])
}

#[cfg(test)]
mod tests {
    use sealpost_mail::{Clock as _, FakeClock, Random as _, SequenceRandom, Term, Zone};
    use sealpost_store::{
        Activate, Activation, ArrivalRows, Committed, Folder, NewDeposit, NewMailbox, NewToken, NewWrap,
        Page, Proof, Rekey, StoreOptions, TokenPurpose, WrapKind,
    };

    use std::sync::Arc;

    use sealpost_mailbox::Retention;

    use super::*;
    use crate::notify_times::NotifyTimes;

    use std::time::Duration;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    const BEGIN: Timestamp = Timestamp(1_700_000_000_000);

    /// A letter in a new mailbox; its link and the letter expire after forty days. Returns the ids of both.
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
            requested_until: None,
            thread_tags: Vec::new(),
        });
        rows.body = Some(body);
        assert!(matches!(store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
        (mailbox_id, id)
    }

    async fn activate(store: &Store, mailbox_id: &str, tag: u8, now: Timestamp) {
        let request = Activate {
            mailbox_id: mailbox_id.to_owned(),
            proof: Proof::Token([tag; 32]),
            now,
            // The same pair again: it does not matter here.
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
        assert_eq!(store.activate(request).await.unwrap(), Activation::Activated);
    }

    #[tokio::test]
    async fn hour_by_hour_everything_goes_in_its_time_and_nothing_before() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(StoreOptions::new(folder.path())).unwrap();
        let (random, clock) = (Arc::new(SequenceRandom::default()), Arc::new(FakeClock::at(BEGIN)));
        let retention = Retention {
            zone: Zone::utc(),
            unactivated: Term::Days(40),
            letters: Some(Term::Days(60)),
            mailbox: Some(Term::Months(18)),
            trash: Term::Days(14),
            asked: None,
        };
        let job_context = JobContext {
            store: store.clone(),
            clock: Arc::<FakeClock>::clone(&clock),
            random: Arc::<SequenceRandom>::clone(&random),
            retention,
            telling: NotifyTimes::default(),
            clock_jump: DAY * 3,
            audit_kept: Term::Years(4),
            actor: sealpost_mailbox::audit::Actor::System,
            arrival: None,
            partners: None,
            tls_reports: None,
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
            purge(&job_context, clock.now()).await.unwrap();
            unused(&job_context, clock.now()).await.unwrap();
            forget(&job_context, clock.now()).await.unwrap();
            let report = store.sweep(clock.now()).await.unwrap();
            assert!(report.is_clean(), "day {day}: {:?}", report.problems);
            let now = (report.counts.mailboxes, report.counts.deposits, report.counts.bodies_in_files);
            if seen.last().is_none_or(|(_, before)| *before != now) {
                seen.push((day, now));
            }
        }
        let trashed = store.deposits(&tidy, Folder::Trash, Page { offset: 0, limit: 1 }).await.unwrap();
        assert!(trashed.is_empty());
        // The trash after two weeks; on the fortieth day the unclaimed letter and its mailbox; the one activated on the
        // last day but one has sixty days from then.
        assert_eq!(seen, [(1, (3, 3, 3)), (15, (3, 2, 2)), (40, (2, 1, 1)), (99, (2, 0, 0))]);
        store.close().await;
    }
}
