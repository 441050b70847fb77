//! The one transaction of an arrival: all of its rows or none. Knows no rules and no SMTP.

use std::time::Duration;

use sealpost_mail::Timestamp;
use tokio::sync::oneshot;

use crate::arrival_sign::arrival_sign;
use crate::audit_row::AuditRow;
use crate::body::StoredBody;
use crate::bounce_memo::NewBounceMemo;
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

/// How long the same bytes again are the same transmission. A client whose connection broke before our `250`
/// tries again soon: Postfix after 5 to 67 minutes, Exchange after 1 to 15. Same bytes much later are more
/// likely meant as another letter (a machine's daily "all is well"), and taking one for a retry loses it.
pub(crate) const RETRY_WINDOW: Duration = Duration::from_secs(6 * 60 * 60);

/// Everything one accepted letter leaves in the store.
#[derive(Clone, Debug)]
pub struct ArrivalRows {
    /// Keyed hash over envelope and letter: recognises the same transmission sent again because our `250`
    /// was lost (RFC 1047). `None` for letters that no SMTP client waits for.
    pub fingerprint: Option<[u8; 32]>,
    /// When.
    pub now: Timestamp,
    /// The sealed rest of the letter.
    pub body: Option<StoredBody>,
    /// Mailboxes made for it. Their deposits may stand in the same rows.
    pub mailboxes: Vec<NewMailbox>,
    /// Pending mailboxes whose activation link must be good until then at least.
    pub prolonged: Vec<(String, Timestamp)>,
    /// Copies in mailboxes.
    pub deposits: Vec<NewDeposit>,
    /// Its tags, if answers to it are to be known: those of its copies in mailboxes stand with these.
    pub threads: Vec<[u8; 32]>,
    /// Copies on their way out, notices too.
    pub legs: Vec<NewLeg>,
    /// Bodies of the bounce_memos.
    pub more_bodies: Vec<StoredBody>,
    /// What a bounce of a notice leads back to.
    pub bounce_memos: Vec<NewBounceMemo>,
    /// The draft that became this letter. Gone or changed: [`Committed::Duplicate`].
    pub sent: Option<SentDraft>,
    /// Notices that have been told of and lead nowhere from now on.
    pub spent_memos: Vec<String>,
    /// What it takes of somebody's quota. More than is left: [`Committed::TooMany`].
    pub uses: Vec<NewUse>,
    /// Owners who are reminded with it. Somebody else has done it: [`Committed::Duplicate`].
    pub reminders: Vec<NewReminder>,
    /// Senders who are told with it what became of a letter. Somebody else has: [`Committed::Duplicate`].
    pub told: Vec<SenderNote>,
    /// Keys of whose end the operator is told with it. Somebody else has: [`Committed::Duplicate`].
    pub key_warnings: Vec<KeyWarning>,
    /// Domains that are told with it how their servers spoke TLS. Somebody else has told them: [`Committed::Duplicate`].
    pub tls_reports: Vec<NewTlsReport>,
    /// Notices of new letters that leave with it. Another has left meanwhile: [`Committed::MailboxTaken`].
    pub announced: Vec<Announced>,
    /// Letters whose owners are told of them later.
    pub unannounced: Vec<Unannounced>,
    /// Notices that came back for good.
    pub bounced: Vec<NewBounce>,
    /// Links that delete a mailbox, for owners who requested it by mail. The mailbox is gone:
    /// [`Committed::MailboxTaken`].
    pub deletions: Vec<(String, NewToken)>,
    /// A letter that its owner opens for the first time: its sender is told with it. Opened before, or gone:
    /// [`Committed::Duplicate`].
    pub opened: Option<NewOpening>,
    /// What the operator's own systems are told, beside what follows from the other rows.
    pub events: Vec<NewEvent>,
    /// A letter that came closed, as it came.
    pub originals: Vec<OriginalRow>,
    /// It has been opened again: what is in it stands in these rows.
    pub reopened: Option<OriginalRow>,
    /// What the audit trail shall say.
    pub audit: Vec<AuditRow>,
}

impl ArrivalRows {
    /// No rows yet.
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
    /// Takes over the rows of another part of the same letter. What there can be only one of stays as it was where it
    /// is there already.
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

    /// A body that nothing refers to would never be removed.
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
        // With a notice of its own: what the gateway itself puts into a mailbox is nobody's letter.
        let has_notice =
            |id: &str| self.bounce_memos.iter().any(|memo| memo.number == 0 && memo.deposit_id == id);
        let deposited =
            self.deposits.iter().filter(|deposit| deposit.folder == Folder::Inbox && has_notice(&deposit.id));
        let told = deposited.map(|deposit| hook::tell(LetterEvent::Deposited, &deposit.id, self.now, ""));
        batch.told.extend(told);
        self.deposits.iter().for_each(|deposit| deposit.reach(&mut batch));
        // From here on rows are only added, side by side: an engine may add them at once.
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
        for token in self.spent_memos {
            // Another report told of it meanwhile: built again, this one finds nothing to tell.
            let spend = sql!("DELETE FROM bounce_memos WHERE token = ?1", token);
            batch.add(spend.or_refuse(Refusal::MailboxTaken));
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

/// Proof that rows and bodies are on disk. Only the store makes it; a `250` needs it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Durable {
    /// The legs that somebody has in hand from the start.
    pub in_hand: Vec<LeasedLeg>,
}

/// How the transaction of an arrival ended. Nothing but `New` has stored anything.
#[derive(Debug)]
#[must_use]
pub enum Committed {
    /// Stored and synced.
    New(Durable),
    /// The same transmission is stored and synced already, and its client has not been seen to know:
    /// answer `250` again, store nothing.
    Duplicate,
    /// A mailbox has meanwhile been made for the same address, or one deposited into is gone: load the
    /// mailboxes again, build the rows again. The same where a notice has been told of meanwhile.
    MailboxTaken,
    /// Somebody has sent as much as they may.
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
            // Its object was taken for abandoned: it has to come again.
            Outcome::Refused(Refusal::Overtaken) => Err(StoreError::BrokenBody),
        }
    }

    /// Writes a batch whose legs are in its caller's hand from the start. Where that gets none of them, because it stopped
    /// waiting or nobody knows how the commit ended, they are everybody's: their lease is hours.
    async fn write_in_hand(&self, batch: Batch, given_back: Vec<Statement>) -> Result<Outcome, StoreError> {
        if given_back.is_empty() {
            return self.write(batch).await;
        }
        let (reply, answer) = oneshot::channel();
        let (store, nobodys) = (self.clone(), Nobodys { store: self.clone(), given_back });
        tokio::spawn(async move {
            let written = store.write(batch).await;
            // Also where it arrives and is never looked at.
            let _nobody_waits = reply.send((written, nobodys));
        });
        let (written, nobodys) = answer.await.map_err(|_gone| StoreError::Closed)?;
        let outcome = written?;
        nobodys.taken();
        Ok(outcome)
    }
}

/// Legs that are given back unless somebody takes them.
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
