//! Statements as data: the one interface between the store and its engines (decision 0005).
//!
//! SQL texts are portable; parameters are `?1`, `?2`. Knows no engine and no table.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use sealpost_mail::Timestamp;

use crate::audit_row::AuditRow;
use crate::error::StoreError;
use crate::proven_facts::Proves;

/// The value of a column or parameter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Bytes),
}

/// The result a statement must have for its batch to continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// Any result.
    Anything,
    /// Exactly one row changed or returned; otherwise the batch is rolled back.
    One(Refusal),
    /// The returned rows (id, place) are bodies whose rows were removed; files among them are removed after the commit.
    FreedBodies,
}

/// Why a batch was rolled back although no error occurred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The fingerprint exists already.
    Duplicate,
    /// The tag is taken, or the mailbox is gone.
    MailboxTaken,
    /// The mailbox is not pending.
    NotPending,
    /// The token is not valid.
    TokenSpent,
    /// The leg is leased to another process.
    LeaseLost,
    /// The mailbox is not active.
    NotActive,
    /// The mailbox has received another letter meanwhile.
    NotEmpty,
    /// A limit is reached.
    NoRoom,
    /// The mailbox's key pair, or something sealed to it, has changed since it was read.
    Rekeyed,
    /// The quota is exceeded.
    TooMany,
    /// The mailbox is under a hold, or was used meanwhile.
    Held,
    /// A row has changed since it was read, or its place is taken.
    Overtaken,
}

impl Refusal {
    /// The refusal says that another batch was kept, perhaps an earlier try of the same one, whose durability may be
    /// unknown.
    pub(crate) fn speaks_of_another(self) -> bool {
        match self {
            Self::Duplicate | Self::LeaseLost => true,
            Self::MailboxTaken
            | Self::NotPending
            | Self::TokenSpent
            | Self::NotActive
            | Self::NotEmpty
            | Self::NoRoom
            | Self::Rekeyed
            | Self::TooMany
            | Self::Held
            | Self::Overtaken => false,
        }
    }
}

/// One statement.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) sql: &'static str,
    pub(crate) params: Vec<Value>,
    pub(crate) expect: Expect,
    /// The object it changes: audit rows of its handle that have no object are written for it.
    pub(crate) concerns: Option<Box<Concerned>>,
    /// Written to the trail if the statement changed or returned a row.
    pub(crate) notes: Option<Box<AuditRow>>,
    /// What to prove of the rows it returns; those rows are not counted in the result.
    pub(crate) proves: Option<Box<Proves>>,
}

/// An object and its mailbox, for the trail.
#[derive(Clone, Debug)]
pub(crate) struct Concerned {
    pub(crate) object: String,
    pub(crate) mailbox: String,
}

impl Statement {
    /// It changes this object, and returns a row only if it does.
    pub(crate) fn concerning(mut self, object: &str, mailbox: &str) -> Self {
        self.concerns = Some(Box::new(Concerned { object: object.to_owned(), mailbox: mailbox.to_owned() }));
        self
    }

    /// If it changes anything, this row is written to the trail.
    pub(crate) fn noting(mut self, row: AuditRow) -> Self {
        self.notes = Some(Box::new(row));
        self
    }

    /// The rows it returns are to be proven in the same transaction.
    pub(crate) fn proving(mut self, what: Proves) -> Self {
        self.proves = Some(Box::new(what));
        self
    }

    /// Exactly one row, or the batch is refused.
    pub(crate) fn or_refuse(mut self, refusal: Refusal) -> Self {
        self.expect = Expect::One(refusal);
        self
    }

    /// The rows it returns are bodies that are no longer needed.
    pub(crate) fn frees_bodies(mut self) -> Self {
        self.expect = Expect::FreedBodies;
        self
    }
}

/// `sql!("… ?1 … ?2", a, b)`: a statement with its parameters.
macro_rules! sql {
    ($text:expr $(, $param:expr)* $(,)?) => {
        $crate::statement::Statement {
            sql: $text,
            params: vec![$($crate::statement::Value::from($param)),*],
            expect: $crate::statement::Expect::Anything,
            concerns: None,
            notes: None,
            proves: None,
        }
    };
}
pub(crate) use sql;

/// What a batch depends on: until it has ended, no other batch that takes the same lock changes it. An engine that
/// writes one batch at a time holds everything anyway. In the order in which they are taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lock {
    /// A quota counter.
    Use([u8; 32]),
    /// A mailbox with everything in it: letters, drafts and uploads, wraps, tokens, sessions, requests.
    Mailbox(String),
    /// A body and the references to it.
    Body(String),
}

/// Something outside the rows that depends on a batch.
pub(crate) trait Settle: Send + Sync + fmt::Debug {
    /// The batch was kept, or may have been: from here on only its rows decide.
    fn settle(&self);
}

/// What is added to everything written through a handle of the store.
#[derive(Debug, Default)]
pub(crate) struct Riding {
    /// Rows for the trail.
    pub(crate) rows: Vec<AuditRow>,
    /// Webhook events for the end of a leg.
    pub(crate) events: Vec<Statement>,
    /// Mail sent because of it.
    pub(crate) mail: Vec<Statement>,
}

/// Legs that a batch leases for its caller. If its outcome is unknown, the caller gets none.
#[derive(Clone, Debug)]
pub(crate) struct Taking {
    pub(crate) owner: String,
    pub(crate) until: Timestamp,
    pub(crate) now: Timestamp,
}

/// What to do with a batch if its server is lost before it was flushed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Flush {
    /// Nothing: the caller has waited for the flush, or does not need it.
    #[default]
    AsPromised,
    /// It is repeated. Repeating it changes nothing.
    DoneAgain,
    /// Its purpose is to check that others were flushed.
    Asks,
}

/// With which others a batch may share a transaction: all of them are kept, or none, and then each is retried alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// None.
    #[default]
    Alone,
    /// Other arrivals.
    Arrivals,
    /// Other legs that end, if no caller waits for the flush.
    Ends,
}

/// Statements kept together or not at all, and what becomes committed with them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    pub(crate) statements: Vec<Statement>,
    /// Webhook events, written after all statements and only if there are receivers.
    pub(crate) told: Vec<Statement>,
    /// Bodies, for example.
    pub(crate) settles: Vec<Arc<dyn Settle>>,
    pub(crate) locks: BTreeSet<Lock>,
    /// Changes a row if and only if this batch was not kept: used to find out its outcome when that is unknown.
    pub(crate) sign: Option<Statement>,
    /// What to do if its server is lost.
    pub(crate) flush: Flush,
    /// With which others it may share a transaction.
    pub(crate) sharing: Sharing,
    /// Its position in such a transaction: batches that add the same rows do so in the same order, or they would
    /// deadlock.
    pub(crate) order: Option<[u8; 32]>,
    /// It leases the legs that it returns.
    pub(crate) takes: Option<Taking>,
    /// Rows for the audit trail.
    pub(crate) audit: Vec<AuditRow>,
    /// What its handle adds: only if the batch changes anything.
    pub(crate) riding: Arc<Riding>,
    /// The trail is pruned up to this row, with its time and proof.
    pub(crate) prune: Option<(i64, Timestamp, Vec<u8>)>,
    /// It has no waiting caller and must not delay others much.
    pub(crate) aside: bool,
}

impl Batch {
    /// Whether it may have to write to the audit trail.
    pub(crate) fn may_note(&self) -> bool {
        let Riding { rows, events: _, mail: _ } = &*self.riding;
        !self.audit.is_empty()
            || !self.told.is_empty()
            || self.prune.is_some()
            || !rows.is_empty()
            || self.statements.iter().any(|statement| statement.notes.is_some() || statement.proves.is_some())
    }

    /// Whether it certainly writes to it if it is kept.
    pub(crate) fn will_note(&self) -> bool {
        let changes = |statement: &Statement| {
            matches!(statement.expect, Expect::One(_)) && !statement.sql.trim_start().starts_with("SELECT")
        };
        !self.audit.is_empty()
            || self.riding.rows.iter().any(|row| !row.object.is_empty())
                && self.statements.iter().any(changes)
    }

    pub(crate) fn add(&mut self, statement: Statement) {
        self.statements.push(statement);
    }

    /// No other batch depends on this or changes it at the same time.
    pub(crate) fn hold(&mut self, lock: Lock) {
        self.locks.insert(lock);
    }

    /// The same for a mailbox and everything in it.
    pub(crate) fn hold_mailbox(&mut self, mailbox_id: &str) {
        self.hold(Lock::Mailbox(mailbox_id.to_owned()));
    }
}

impl Extend<Statement> for Batch {
    fn extend<T: IntoIterator<Item = Statement>>(&mut self, statements: T) {
        self.statements.extend(statements);
    }
}

impl From<Vec<Statement>> for Batch {
    fn from(statements: Vec<Statement>) -> Self {
        Self { statements, ..Self::default() }
    }
}

/// Result of one statement.
#[derive(Debug, Default)]
pub(crate) struct StatementResult {
    /// Rows changed, or returned.
    pub(crate) affected: usize,
    pub(crate) rows: Vec<Row>,
}

/// Outcome of a batch. Known to the caller only after the commit.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Kept; one result per statement.
    Kept(Vec<StatementResult>),
    /// Rolled back.
    Refused(Refusal),
}

impl Outcome {
    /// How many rows its statements returned, removed bodies not included.
    pub(crate) fn returned(&self) -> usize {
        match self {
            Self::Kept(results) => results.iter().map(|result| result.rows.len()).sum(),
            Self::Refused(_) => 0,
        }
    }
}

/// One row; its columns are taken from left to right.
#[derive(Debug)]
pub(crate) struct Row(std::vec::IntoIter<Value>);

impl Row {
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    /// Whether the next column is empty.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.0.as_slice().first(), Some(Value::Null) | None)
    }

    /// The number in the next column, which is not consumed.
    pub(crate) fn first_int(&self) -> Option<i64> {
        match self.0.as_slice().first() {
            Some(Value::Int(number)) => Some(*number),
            Some(Value::Null | Value::Text(_) | Value::Blob(_)) | None => None,
        }
    }

    /// The value of the next column, which is not consumed.
    pub(crate) fn first(&self) -> Value {
        self.0.as_slice().first().cloned().unwrap_or(Value::Null)
    }

    /// The value of the column after it.
    pub(crate) fn second(&self) -> Option<&Value> {
        self.0.as_slice().get(1)
    }

    /// A copy, from the present position.
    pub(crate) fn again(&self) -> Self {
        Self(self.0.clone())
    }

    /// The remaining values.
    pub(crate) fn into_values(self) -> Vec<Value> {
        self.0.collect()
    }

    pub(crate) fn int(&mut self) -> Result<i64, StoreError> {
        self.opt_int()?.ok_or(StoreError::Damaged { what: "a number" })
    }

    pub(crate) fn opt_int(&mut self) -> Result<Option<i64>, StoreError> {
        match self.0.next() {
            Some(Value::Int(number)) => Ok(Some(number)),
            Some(Value::Null) => Ok(None),
            Some(Value::Text(_) | Value::Blob(_)) | None => Err(StoreError::Damaged { what: "a number" }),
        }
    }

    /// A non-negative number.
    pub(crate) fn count(&mut self) -> Result<u64, StoreError> {
        Ok(u64::try_from(self.opt_int()?.unwrap_or(0)).unwrap_or(0))
    }

    pub(crate) fn text(&mut self) -> Result<String, StoreError> {
        self.opt_text()?.ok_or(StoreError::Damaged { what: "a text" })
    }

    pub(crate) fn opt_text(&mut self) -> Result<Option<String>, StoreError> {
        match self.0.next() {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            Some(Value::Int(_) | Value::Blob(_)) | None => Err(StoreError::Damaged { what: "a text" }),
        }
    }

    pub(crate) fn bytes(&mut self) -> Result<Bytes, StoreError> {
        self.opt_bytes()?.ok_or(StoreError::Damaged { what: "bytes" })
    }

    pub(crate) fn opt_bytes(&mut self) -> Result<Option<Bytes>, StoreError> {
        match self.0.next() {
            Some(Value::Blob(bytes)) => Ok(Some(bytes)),
            Some(Value::Null) => Ok(None),
            Some(Value::Int(_) | Value::Text(_)) | None => Err(StoreError::Damaged { what: "bytes" }),
        }
    }

    pub(crate) fn blob(&mut self) -> Result<Vec<u8>, StoreError> {
        self.bytes().map(Vec::from)
    }

    pub(crate) fn opt_blob(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        self.opt_bytes().map(|bytes| bytes.map(Vec::from))
    }

    /// 32 bytes: tags, hashes, fingerprints.
    pub(crate) fn hash(&mut self) -> Result<[u8; 32], StoreError> {
        let bytes = self.bytes()?;
        bytes.as_ref().try_into().map_err(|_size| StoreError::Damaged { what: "32 bytes" })
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, StoreError> {
        self.int().map(Timestamp)
    }

    pub(crate) fn opt_time(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.opt_int().map(|at| at.map(Timestamp))
    }
}

impl Value {
    /// The value as shown in the log and to people who look for the row.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Int(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::Blob(bytes) => sealpost_mail::hex(bytes),
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(i64::from(number))
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Int(i64::from(yes))
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Int(at.0)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Blob(bytes.into())
    }
}

impl From<&[u8; 32]> for Value {
    fn from(bytes: &[u8; 32]) -> Self {
        Self::Blob(Bytes::copy_from_slice(bytes))
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Returns a row if there is any receiver: without one no events are written.
pub(crate) const RECEIVERS: &str = "SELECT 1 FROM hooks LIMIT 1";
