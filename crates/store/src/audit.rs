//! The audit trail: who did what to what, when. Append-only, each row proven over the one before it by a key the store never sees.
//! No content, no address; the meaning of actions and codes is left to the writers.

use sealpost_mail::Timestamp;

use crate::audit_proof::{Anchor, AnchorKind, anchor, read_anchor};
use crate::audit_row::AuditRow;
use crate::error::StoreError;
use crate::hook::NewEvent;
use crate::leg::NewLeg;
use crate::statement::{Batch, Outcome, Refusal, Riding, Row, Statement, sql};
use crate::store::Store;

/// Rows read per page.
const PAGE: u32 = 5_000;

/// A minute in milliseconds.
const MINUTE: i64 = 60_000;

/// At most this many pairs of mailbox and network are counted separately in one minute; beyond it, networks are counted together
/// ...
const PLACES: u32 = 64;

/// ... and beyond this many, mailboxes too, so that a client who tries very many addresses cannot fill the disk.
const MAILBOXES: u32 = 1_024;

/// The name under which networks are counted together.
pub const ELSEWHERE: &str = "other networks";

/// The count of one action in one minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedRow {
    /// Beginning of the minute.
    pub minute: Timestamp,
    /// The action.
    pub action: String,
    /// What it is counted by: a mailbox's id or another key; empty if there is none.
    pub whose: String,
    /// The client's network, shortened.
    pub network: String,
    /// Number of times.
    pub times: i64,
}

impl AuditRow {
    /// Adds the count to a batch.
    pub(crate) fn add_to(self, batch: &mut Batch) {
        batch.audit.push(self);
    }
}

/// A row as stored in the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainedRow {
    /// Sequence number; one more than that of the previous row.
    pub seq: i64,
    /// The recorded row.
    pub row: AuditRow,
    /// The process that wrote it; empty in rows older than the chain.
    pub writer: String,
    /// The id of the server key that its proof key is derived from.
    pub key_id: i64,
    /// Its proof over itself and the previous proof; empty in rows older than the chain.
    pub proof: Vec<u8>,
}

/// The two ends of the chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anchors {
    /// The last row.
    pub head: Option<Anchor>,
    /// The last row that was pruned.
    pub pruned: Option<Anchor>,
}

/// What is recorded when a leg ends.
#[derive(Clone, Debug, Default)]
pub struct LegNotes {
    /// Rows for the audit trail.
    pub audit: Vec<AuditRow>,
    /// Events for webhooks.
    pub events: Vec<NewEvent>,
}

/// Rows older than `?1`, from the first one up to the first that is not older, but never the last row.
macro_rules! old_rows {
    () => {
        "FROM audit WHERE at < ?1
         AND seq < (SELECT coalesce(min(seq), 9223372036854775807) FROM audit WHERE at >= ?1)
         AND seq < (SELECT max(seq) FROM audit)"
    };
}

impl Store {
    /// The same store, which adds `rows` to the trail in every transaction written through it that changes anything. For calls that
    /// write one transaction, or one for each of several items.
    #[must_use]
    pub fn audited(&self, rows: impl Into<Vec<AuditRow>>) -> Self {
        self.riding_with(Riding { rows: rows.into(), ..Riding::default() })
    }

    /// The same store for a support action on a mailbox: if it takes effect, `row` is recorded and `mail` is queued to the owner.
    #[must_use]
    pub fn noting_and_telling(&self, row: AuditRow, mail: Option<NewLeg>) -> Self {
        let mail = mail.map(NewLeg::statement).into_iter().collect();
        self.riding_with(Riding { rows: vec![row], mail, ..Riding::default() })
    }

    /// The same store for the end of a leg: these rows and events are written with it.
    #[must_use]
    pub fn noting(&self, noted: LegNotes) -> Self {
        let events = noted.events.iter().map(NewEvent::statement).collect();
        self.riding_with(Riding { rows: noted.audit, events, ..Riding::default() })
    }

    /// Appends rows that belong to no transaction.
    pub async fn append_audit(&self, rows: Vec<AuditRow>) -> Result<(), StoreError> {
        self.write(Batch { audit: rows, ..Batch::default() }).await.map(drop)
    }

    /// Counts events that an outsider can cause without limit, by minute, mailbox and network. Does the same work whether or not
    /// the mailbox exists.
    pub async fn count_audit(
        &self,
        action: &'static str,
        mailbox: Option<&str>,
        network: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (action, whose) = (action.to_owned(), mailbox.unwrap_or_default().to_owned());
        let counted = CountedRow { minute: now, action, whose, network: network.to_owned(), times: 1 };
        self.count_audit_of(&[counted]).await
    }

    /// Counts many at once, each in the minute of its own timestamp.
    pub async fn count_audit_of(&self, counted: &[CountedRow]) -> Result<(), StoreError> {
        self.change(counted.iter().map(counting).collect()).await.map(drop)
    }

    /// Moves the counts of past minutes into the trail, as the rows that `row` makes of them; counts that it rejects were not
    /// written by us and are removed. Several processes may do it at once. Returns the number of rows.
    pub async fn fold_audit(
        &self,
        now: Timestamp,
        row: fn(CountedRow) -> Option<AuditRow>,
    ) -> Result<usize, StoreError> {
        let question = sql!(
            "SELECT minute, action, mailbox, network, count FROM audit_counts WHERE minute < ?1
             ORDER BY minute LIMIT 1000",
            now.0.saturating_sub(MINUTE)
        );
        let mut batch = Batch::default();
        for mut counted in self.read_rows(question).await? {
            let counted = CountedRow {
                minute: counted.time()?,
                action: counted.text()?,
                whose: counted.text()?,
                network: counted.text()?,
                times: counted.int()?,
            };
            let gone = sql!(
                "DELETE FROM audit_counts
                 WHERE minute = ?1 AND action = ?2 AND mailbox = ?3 AND network = ?4 AND count = ?5",
                counted.minute,
                counted.action.as_str(),
                counted.whose.as_str(),
                counted.network.as_str(),
                counted.times
            );
            match row(counted) {
                Some(row) => batch.add(gone.noting(row)),
                None => {
                    tracing::error!("an unknown count for the audit trail was not recorded");
                    batch.add(gone);
                }
            }
        }
        let folded = batch.statements.len();
        if folded > 0 {
            let _cannot_be_refused = self.write(batch).await?;
        }
        Ok(folded)
    }

    /// The rows after number `after`, oldest first, one page at a time, and the ends of the chain at the same moment. An empty page
    /// is the end.
    pub async fn audit_page(&self, after: i64) -> Result<(Vec<ChainedRow>, Anchors), StoreError> {
        let question = sql!(
            "SELECT seq, at, actor, action, object, mailbox, network, outcome, detail, writer, key_id, proof
             FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            after,
            PAGE
        );
        let questions = vec![question, anchor(AnchorKind::Head), anchor(AnchorKind::Pruned)];
        let mut answers = self.read(questions).await?.into_iter();
        let rows = answers.next().into_iter().flatten().map(chained_row).collect::<Result<_, _>>()?;
        let mut next = || answers.next().and_then(|mut rows| rows.pop()).map(read_anchor).transpose();
        Ok((rows, Anchors { head: next()?, pruned: next()? }))
    }

    /// The rows about one letter or other object, oldest first.
    pub async fn audit_about(&self, object: &str) -> Result<Vec<AuditRow>, StoreError> {
        let question = sql!(
            "SELECT seq, at, actor, action, object, mailbox, network, outcome, detail, writer, key_id, proof
             FROM audit WHERE object = ?1 ORDER BY seq",
            object
        );
        self.read_rows(question).await?.into_iter().map(|row| Ok(chained_row(row)?.row)).collect()
    }

    /// The rows about one mailbox, oldest first.
    pub async fn audit_of(&self, mailbox_id: &str) -> Result<Vec<AuditRow>, StoreError> {
        let question = sql!(
            "SELECT seq, at, actor, action, object, mailbox, network, outcome, detail, writer, key_id, proof
             FROM audit WHERE mailbox = ?1 OR (mailbox = '' AND object = ?1) ORDER BY seq",
            mailbox_id
        );
        self.read_rows(question).await?.into_iter().map(|row| Ok(chained_row(row)?.row)).collect()
    }

    /// Mailboxes after the id `after`, deleted ones included, with their creation time, to be compared with the trail. One page at
    /// a time.
    pub async fn mailboxes_made(&self, after: &str) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let question =
            sql!("SELECT id, created_at FROM mailboxes WHERE id > ?1 ORDER BY id LIMIT ?2", after, PAGE);
        self.read_rows(question).await?.into_iter().map(|mut row| Ok((row.text()?, row.time()?))).collect()
    }

    /// The two ends of the chain.
    pub async fn audit_anchors(&self) -> Result<Anchors, StoreError> {
        let answers = self.read(vec![anchor(AnchorKind::Head), anchor(AnchorKind::Pruned)]).await?;
        let mut answers = answers.into_iter();
        let mut next = || answers.next().and_then(|mut rows| rows.pop()).map(read_anchor).transpose();
        Ok(Anchors { head: next()?, pruned: next()? })
    }

    /// The trail's last row, once it is durable: a row that can be read may not be flushed yet, nor be on the standby (decision
    /// 0048), and an anchor kept elsewhere must not name a row that a crash could remove.
    pub async fn certain_audit_head(&self) -> Result<Option<Anchor>, StoreError> {
        let mut before = None;
        loop {
            let head = self.audit_anchors().await?.head;
            let Some(end) = &head else { return Ok(None) };
            // An anchor whose row is missing is for the verifier of the trail to report.
            if self.make_audit_certain(end.seq, &end.proof).await? || before == head {
                return Ok(head);
            }
            before = head;
        }
    }

    /// Waits until this row survives a crash. `false`: it is no longer there.
    pub async fn make_audit_certain(&self, seq: i64, proof: &[u8]) -> Result<bool, StoreError> {
        let mut batch = Batch::default();
        batch.add(
            sql!("SELECT seq FROM audit WHERE seq = ?1 AND proof = ?2", seq, proof.to_vec())
                .or_refuse(Refusal::Overtaken),
        );
        // An update is needed: a commit that changes nothing does not wait for the flush.
        batch.add(sql!("UPDATE audit_anchors SET seq = seq WHERE kind = ?1", AnchorKind::Head.as_str()));
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }

    /// How many rows [`Store::prune_audit`] would remove.
    pub async fn old_audit_rows(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.count(sql!(concat!("SELECT count(*) ", old_rows!()), before)).await
    }

    /// Removes rows older than `before`, except the last one, and proves where the trail begins from then on. Returns how many were
    /// removed.
    pub async fn prune_audit(&self, before: Timestamp) -> Result<usize, StoreError> {
        let mut gone = 0;
        loop {
            // Only an unbroken run of old rows from the start: a clock that was set back must leave no gap.
            let question =
                sql!(concat!("SELECT seq, at, proof ", old_rows!(), " ORDER BY seq LIMIT ?2"), before, PAGE);
            let rows = self.read_rows(question).await?;
            let count = rows.len();
            let Some(mut last) = rows.into_iter().next_back() else { return Ok(gone) };
            let (seq, at) = (last.int()?, last.time()?);
            let proof = last.opt_blob()?.unwrap_or_default();
            let mut batch = Batch::default();
            batch.add(sql!("DELETE FROM audit WHERE seq <= ?1", seq));
            batch.prune = Some((seq, at, proof));
            let _cannot_be_refused = self.write(batch).await?;
            gone += count;
        }
    }
}

/// The column is named for mailboxes, once the only thing to count by.
fn counting(counted: &CountedRow) -> Statement {
    sql!(
        "INSERT INTO audit_counts (minute, action, mailbox, network, count)
         SELECT m.minute, m.action,
             CASE WHEN m.known = 0 AND m.there >= ?6 THEN '' ELSE m.mailbox END,
             CASE WHEN m.known = 0 AND m.there >= ?5 THEN CAST(?7 AS TEXT) ELSE m.network END, m.times
         FROM (SELECT CAST(?1 AS BIGINT) AS minute, CAST(?2 AS TEXT) AS action, CAST(?3 AS TEXT) AS mailbox,
                 CAST(?4 AS TEXT) AS network, CAST(?8 AS BIGINT) AS times,
                 (SELECT count(*) FROM audit_counts WHERE minute = ?1) AS there,
                 (SELECT count(*) FROM audit_counts
                  WHERE minute = ?1 AND action = ?2 AND mailbox = ?3 AND network = ?4) AS known) m
         WHERE true
         ON CONFLICT (minute, action, mailbox, network) DO UPDATE SET count =
             CASE WHEN audit_counts.count BETWEEN 0 AND 1000000000 THEN audit_counts.count ELSE 0 END + excluded.count",
        counted.minute.0.div_euclid(MINUTE).saturating_mul(MINUTE),
        counted.action.as_str(),
        counted.whose.as_str(),
        counted.network.as_str(),
        PLACES,
        MAILBOXES,
        ELSEWHERE,
        counted.times
    )
}

fn chained_row(mut row: Row) -> Result<ChainedRow, StoreError> {
    Ok(ChainedRow {
        seq: row.int()?,
        row: AuditRow {
            at: row.time()?,
            actor: row.text()?,
            action: row.text()?,
            object: row.text()?,
            mailbox: row.text()?,
            network: row.text()?,
            outcome: row.text()?,
            detail: row.text()?,
        },
        writer: row.text()?,
        key_id: row.int()?,
        proof: row.opt_blob()?.unwrap_or_default(),
    })
}
