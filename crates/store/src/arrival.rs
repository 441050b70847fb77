//! The single transaction of an arrival: all of its rows or none. Knows no rules and no SMTP.

use std::time::Duration;

use sealpost_mail::Timestamp;
use tokio::sync::oneshot;

use crate::arrival_sign::arrival_sign;
use crate::audit_row::AuditRow;
use crate::body::StoredBody;
use crate::bounce_memo::{MemoKey, NewBounceMemo, spend_memo};
use crate::column_values::{Folder, LetterEvent};
use crate::deposit::{NewDeposit, remember_thread};
use crate::draft::SentDraft;
use crate::error::StoreError;
use crate::hook::{self, NewEvent};
use crate::key_warning::KeyWarning;
use crate::leg::{LeasedLeg, NewLeg, give_back};
use crate::mailbox::NewMailbox;
use crate::notice_frequency::{Announced, Unannounced};
use crate::opening::NewOpening;
use crate::original::OriginalRow;
use crate::rate_counts::NewUse;
use crate::reminder::NewReminder;
use crate::sender_status::SenderNote;
use crate::several::REMEMBER;
use crate::statement::{Batch, Outcome, Refusal, Sharing, Statement, sql};
use crate::store::Store;
use crate::tls_report::NewTlsReport;
use crate::token::{NewToken, prolong_activation_token};
use crate::unreachable::NewBounce;

/// How long identical bytes count as a retransmission. A client whose connection broke before our `250` tries again
/// soon: Postfix after 5 to 67 minutes, Exchange after 1 to 15. Identical bytes much later are more likely a new letter
/// (a machine's daily "all is well"); treating it as a retry would lose it.
pub(crate) const RETRY_WINDOW: Duration = Duration::from_secs(6 * 60 * 60);

/// All rows that one accepted letter adds to the store.
#[derive(Clone, Debug)]
pub struct ArrivalRows {
    /// Keyed hash over envelope and letter: recognises the same transmission sent again because our `250`
    /// was lost (RFC 1047). `None` for letters that no SMTP client waits for.
    pub fingerprint: Option<[u8; 32]>,
    /// Time of the commit.
    pub now: Timestamp,
    /// The letter's sealed body.
    pub body: Option<StoredBody>,
    /// Mailboxes created for it. Its deposits may refer to them.
    pub mailboxes: Vec<NewMailbox>,
    /// Pending mailboxes (id) and the time until which their activation link must at least remain valid.
    pub prolonged: Vec<(String, Timestamp)>,
    /// Copies in mailboxes.
    pub deposits: Vec<NewDeposit>,
    /// Thread tags of the letter if replies to it are to be recognised; the tags of its deposits are added to these.
    pub threads: Vec<[u8; 32]>,
    /// Copies to be delivered, including notices.
    pub legs: Vec<NewLeg>,
    /// Bodies of the notices.
    pub more_bodies: Vec<StoredBody>,
    /// What to do when a notice bounces.
    pub bounce_memos: Vec<NewBounceMemo>,
    /// The draft that became this letter. If it is gone or changed: [`Committed::Duplicate`].
    pub sent: Option<SentDraft>,
    /// Bounce memos that have been reported and are to be removed.
    pub spent_memos: Vec<MemoKey>,
    /// What it uses of a quota. If too little is left: [`Committed::TooMany`].
    pub uses: Vec<NewUse>,
    /// Owners reminded by this letter. If another process has reminded them: [`Committed::Duplicate`].
    pub reminders: Vec<NewReminder>,
    /// Senders informed by this letter of what became of an earlier one. If another process has informed them:
    /// [`Committed::Duplicate`].
    pub told: Vec<SenderNote>,
    /// Keys whose expiry this letter reports to the operator. If another process has reported it:
    /// [`Committed::Duplicate`].
    pub key_warnings: Vec<KeyWarning>,
    /// Domains that get a TLS report with this letter. If another process has sent it: [`Committed::Duplicate`].
    pub tls_reports: Vec<NewTlsReport>,
    /// Notices of new letters sent by this transaction. If another was sent meanwhile: [`Committed::MailboxTaken`].
    pub announced: Vec<Announced>,
    /// Deposits whose owners get a notice later.
    pub unannounced: Vec<Unannounced>,
    /// Notices that bounced permanently.
    pub bounced: Vec<NewBounce>,
    /// Links that delete a mailbox, for owners who requested it by mail. If the mailbox is gone:
    /// [`Committed::MailboxTaken`].
    pub deletions: Vec<(String, NewToken)>,
    /// A letter opened by its owner for the first time, reported to its sender. If it was opened before or is gone:
    /// [`Committed::Duplicate`].
    pub opened: Option<NewOpening>,
    /// Events for the operator's own systems, beside those that follow from the other rows.
    pub events: Vec<NewEvent>,
    /// The original, as received, of a letter that arrived encrypted.
    pub originals: Vec<OriginalRow>,
    /// The original that has now been opened; its content is in these rows.
    pub reopened: Option<OriginalRow>,
    /// Rows for the audit trail.
    pub audit: Vec<AuditRow>,
}

impl ArrivalRows {
    /// An empty set of rows.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            fingerprint: None,
            now,
            body: None,
            mailboxes: Vec::new(),
            prolonged: Vec::new(),
            deposits: Vec::new(),
            threads: Vec::new(),
            legs: Vec::new(),
            more_bodies: Vec::new(),
            bounce_memos: Vec::new(),
            spent_memos: Vec::new(),
            sent: None,
            uses: Vec::new(),
            reminders: Vec::new(),
            told: Vec::new(),
            key_warnings: Vec::new(),
            tls_reports: Vec::new(),
            announced: Vec::new(),
            unannounced: Vec::new(),
            bounced: Vec::new(),
            deletions: Vec::new(),
            opened: None,
            events: Vec::new(),
            originals: Vec::new(),
            reopened: None,
            audit: Vec::new(),
        }
    }
}

impl ArrivalRows {
    /// Adds the rows of another part of the same letter. Fields that can hold only one value keep the one they have.
    pub fn join(&mut self, part: Self) {
        let Self {
            fingerprint,
            now: _,
            body,
            mailboxes,
            prolonged,
            deposits,
            threads,
            legs,
            more_bodies,
            bounce_memos,
            sent,
            spent_memos,
            uses,
            reminders,
            told,
            key_warnings,
            tls_reports,
            announced,
            unannounced,
            bounced,
            deletions,
            opened,
            events,
            originals,
            reopened,
            audit,
        } = part;
        self.fingerprint = self.fingerprint.or(fingerprint);
        self.body = self.body.take().or(body);
        self.sent = self.sent.take().or(sent);
        self.mailboxes.extend(mailboxes);
        self.prolonged.extend(prolonged);
        self.deposits.extend(deposits);
        self.threads.extend(threads);
        self.legs.extend(legs);
        self.more_bodies.extend(more_bodies);
        self.bounce_memos.extend(bounce_memos);
        self.spent_memos.extend(spent_memos);
        self.uses.extend(uses);
        self.reminders.extend(reminders);
        self.told.extend(told);
        self.key_warnings.extend(key_warnings);
        self.tls_reports.extend(tls_reports);
        self.announced.extend(announced);
        self.unannounced.extend(unannounced);
        self.bounced.extend(bounced);
        self.deletions.extend(deletions);
        self.opened = self.opened.take().or(opened);
        self.events.extend(events);
        self.originals.extend(originals);
        self.reopened = self.reopened.take().or(reopened);
        self.audit.extend(audit);
    }

    /// Refuses a body that no row refers to: it would never be removed.
    fn check_references(&self) -> Result<(), StoreError> {
        let referred = |body: &StoredBody| {
            self.legs.iter().any(|leg| leg.body_id.as_deref() == Some(body.id()))
                || self.deposits.iter().any(|deposit| deposit.body_id == body.id())
                || self.originals.iter().any(|original| original.body_id == body.id())
        };
        match self.body.iter().chain(&self.more_bodies).all(referred) {
            true => Ok(()),
            false => Err(StoreError::Unreferenced),
        }
    }

    /// In the order in which the rows refer to each other.
    fn into_batch(self) -> Batch {
        let mut batch = Batch { sharing: Sharing::Arrivals, ..Batch::default() };
        let threads = self.deposits.iter().flat_map(|deposit| &deposit.thread_tags).chain(&self.threads);
        let new = self.mailboxes.iter().map(|mailbox| &mailbox.tag);
        batch.order = new.min().or_else(|| threads.min()).copied();
        if let Some(fingerprint) = &self.fingerprint {
            let expired = i64::try_from(RETRY_WINDOW.as_millis()).unwrap_or(i64::MAX);
            let insert = sql!(REMEMBER, fingerprint, self.now, expired);
            let bodies = self.body.iter().chain(&self.more_bodies).map(StoredBody::id);
            batch.sign = Some(arrival_sign(fingerprint, self.now, self.now.minus(RETRY_WINDOW), bodies));
            batch.add(insert.or_refuse(Refusal::Duplicate));
        }
        self.uses.iter().for_each(|one| one.add_to(&mut batch));
        self.reminders.into_iter().for_each(|one| one.add_to(&mut batch));
        self.told.into_iter().for_each(|one| one.add_to(&mut batch));
        self.key_warnings.into_iter().for_each(|one| one.add_to(&mut batch));
        self.tls_reports.into_iter().for_each(|one| one.add_to(&mut batch));
        for bounce in self.bounced {
            if let Some(deposit_id) = &bounce.deposit_id {
                batch.add(hook::tell(LetterEvent::NoticeBounced, deposit_id, bounce.at, &bounce.status));
            }
            bounce.add_to(&mut batch);
        }
        self.mailboxes.into_iter().for_each(|mailbox| mailbox.add_to(&mut batch));
        for (mailbox_id, until) in self.prolonged {
            batch.hold_mailbox(&mailbox_id);
            batch.add(prolong_activation_token(&mailbox_id, until));
        }
        self.announced.into_iter().for_each(|one| one.add_to(&mut batch));
        // Only letters with a notice count: what the gateway itself puts into a mailbox has no sender.
        let has_notice =
            |id: &str| self.bounce_memos.iter().any(|memo| memo.number == 0 && memo.deposit_id == id);
        let deposited =
            self.deposits.iter().filter(|deposit| deposit.folder == Folder::Inbox && has_notice(&deposit.id));
        let told = deposited.map(|deposit| hook::tell(LetterEvent::Deposited, &deposit.id, self.now, ""));
        batch.told.extend(told);
        self.deposits.iter().for_each(|deposit| deposit.reach(&mut batch));
        // From here on rows are only added and are independent: an engine may insert them in any order.
        self.body.into_iter().chain(self.more_bodies).for_each(|body| batch.add_body(body));
        self.deposits.into_iter().for_each(|deposit| deposit.add_to(&mut batch));
        self.threads.iter().for_each(|tag| remember_thread(tag, self.now, &mut batch));
        self.unannounced.into_iter().for_each(|one| one.add_to(&mut batch));
        self.legs.into_iter().for_each(|leg| leg.add_to(&mut batch));
        self.originals.into_iter().for_each(|original| original.add_to(&mut batch));
        self.bounce_memos.into_iter().for_each(|notice| notice.add_to(&mut batch));
        if let Some(original) = &self.reopened {
            original.reopened(&mut batch);
        }
        if let Some(opening) = &self.opened {
            opening.add_to(&mut batch, self.now);
        }
        self.events.into_iter().for_each(|event| batch.add(event.statement()));
        if let Some(sent) = &self.sent {
            sent.remove(&mut batch);
        }
        for key in self.spent_memos {
            // Another report has spent the memo meanwhile: when the rows are built again, there is nothing to report.
            batch.add(spend_memo(&key).or_refuse(Refusal::MailboxTaken));
        }
        for (mailbox_id, token) in self.deletions {
            batch.hold_mailbox(&mailbox_id);
            let there = sql!(
                "SELECT id FROM mailboxes WHERE id = ?1 AND state <> 'deleted' AND held_since IS NULL",
                mailbox_id.as_str()
            );
            batch.add(there.or_refuse(Refusal::MailboxTaken));
            token.add_to(&mailbox_id, &mut batch);
        }
        batch.audit = self.audit;
        batch
    }
}

/// Proof that rows and bodies are on disk. Only the store creates it, and a `250` requires it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Durable {
    /// Legs leased to the caller from the start.
    pub in_hand: Vec<LeasedLeg>,
}

/// Outcome of an arrival's transaction. Only `New` has stored anything.
#[derive(Debug)]
#[must_use]
pub enum Committed {
    /// Stored and synced.
    New(Durable),
    /// The same transmission is stored and synced already, and its client has not acknowledged our `250`: reply `250`
    /// again, store nothing.
    Duplicate,
    /// A mailbox has been created for the same address meanwhile, or a target mailbox is gone: load the mailboxes and
    /// build the rows again. Likewise if a notice was sent meanwhile.
    MailboxTaken,
    /// The sender's quota is used up.
    TooMany,
}

impl Store {
    /// Stores an arrival. Returns after the commit is on disk. A caller that stops waiting does not stop
    /// the commit; the fingerprint then makes the client's next try a [`Committed::Duplicate`].
    pub async fn commit_arrival(&self, rows: ArrivalRows) -> Result<Committed, StoreError> {
        rows.check_references()?;
        let bodies = rows.body.iter().chain(&rows.more_bodies);
        let in_hand: Vec<LeasedLeg> =
            rows.legs.iter().filter_map(|leg| leg.in_hand(bodies.clone())).collect();
        let now = rows.now;
        let given_back = in_hand.iter().map(|leg| give_back(&leg.id, &leg.owner, leg.until, now)).collect();
        match self.write_in_hand(rows.into_batch(), given_back).await? {
            Outcome::Kept(_) => Ok(Committed::New(Durable { in_hand })),
            Outcome::Refused(Refusal::Duplicate) => Ok(Committed::Duplicate),
            Outcome::Refused(Refusal::MailboxTaken) => Ok(Committed::MailboxTaken),
            Outcome::Refused(Refusal::TooMany) => Ok(Committed::TooMany),
            Outcome::Refused(
                Refusal::NotPending
                | Refusal::TokenSpent
                | Refusal::LeaseLost
                | Refusal::NotActive
                | Refusal::NotEmpty
                | Refusal::NoRoom
                | Refusal::Rekeyed
                | Refusal::Held,
            ) => Err(StoreError::Damaged { what: "a refusal of an arrival" }),
            // Its object was taken for abandoned: the letter must be sent again.
            Outcome::Refused(Refusal::Overtaken) => Err(StoreError::BrokenBody),
        }
    }

    /// Writes a batch whose legs are leased to its caller from the start. If the caller does not receive them, because
    /// it stopped waiting or the outcome of the commit is unknown, the leases are released: they would last for hours.
    async fn write_in_hand(&self, batch: Batch, given_back: Vec<Statement>) -> Result<Outcome, StoreError> {
        if given_back.is_empty() {
            return self.write(batch).await;
        }
        let (reply, answer) = oneshot::channel();
        let (store, nobodys) = (self.clone(), Nobodys { store: self.clone(), given_back });
        tokio::spawn(async move {
            let written = store.write(batch).await;
            // Also covers a reply that is delivered but never read.
            let _nobody_waits = reply.send((written, nobodys));
        });
        let (written, nobodys) = answer.await.map_err(|_gone| StoreError::Closed)?;
        let outcome = written?;
        nobodys.taken();
        Ok(outcome)
    }
}

/// Leased legs that are released on drop unless the caller takes them.
struct Nobodys {
    store: Store,
    given_back: Vec<Statement>,
}

impl Nobodys {
    fn taken(mut self) {
        self.given_back.clear();
    }
}

impl Drop for Nobodys {
    fn drop(&mut self) {
        let given_back = std::mem::take(&mut self.given_back);
        if !given_back.is_empty() {
            self.store.give_back(given_back);
        }
    }
}
