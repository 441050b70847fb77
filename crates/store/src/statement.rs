//! Statements as data: the one seam between what the store wants and the engine that does it (decision 0005).
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

/// What a column or parameter holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Bytes),
}

/// What must be true of a statement's outcome for its batch to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// Whatever comes.
    Anything,
    /// Exactly one row changed or returned; otherwise nothing of the batch is kept.
    One(Refusal),
    /// Returned rows (id, place) are bodies without a row; files among them go after the commit.
    FreedBodies,
}

/// Why a batch was not kept, although no error occurred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The fingerprint is there.
    Duplicate,
    /// The tag is taken, or the mailbox is gone.
    MailboxTaken,
    /// The mailbox is not pending.
    NotPending,
    /// The token is not good.
    TokenSpent,
    /// The leg is in other hands.
    LeaseLost,
    /// The mailbox is not active.
    NotActive,
    /// The mailbox has got another letter meanwhile.
    NotEmpty,
    /// Nothing more may be added.
    NoRoom,
    /// The mailbox's key pair, or what is sealed to it, is not what it was when it was read.
    Rekeyed,
    /// More has been sent than is allowed.
    TooMany,
    /// Somebody holds the mailbox, or has used it meanwhile.
    Held,
    /// A row is not what it was when it was read, or its place is taken.
    Overtaken,
}

impl Refusal {
    /// It says that another batch was kept, perhaps an earlier try of the same, of which nobody may know whether it lasts.
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
    /// Which thing it changes: its batch's riding audit rows without an object are written of it.
    pub(crate) concerns: Option<Box<Concerned>>,
    /// Written to the trail if it changed or returned a row.
    pub(crate) notes: Option<Box<AuditRow>>,
    /// What it returns is proven with it, and for nobody else to count.
    pub(crate) proves: Option<Box<Proves>>,
}

/// A thing and its mailbox, for the trail.
#[derive(Clone, Debug)]
pub(crate) struct Concerned {
    pub(crate) object: String,
    pub(crate) mailbox: String,
}

impl Statement {
    /// It changes this thing, or returns a row if it does.
    pub(crate) fn concerning(mut self, object: &str, mailbox: &str) -> Self {
        self.concerns = Some(Box::new(Concerned { object: object.to_owned(), mailbox: mailbox.to_owned() }));
        self
    }

    /// If it changes anything, the trail says this.
    pub(crate) fn noting(mut self, row: AuditRow) -> Self {
        self.notes = Some(Box::new(row));
        self
    }

    /// What it returns is to be proven in the same transaction.
    pub(crate) fn proving(mut self, what: Proves) -> Self {
        self.proves = Some(Box::new(what));
        self
    }

    /// Exactly one row, or the batch is refused.
    pub(crate) fn or_refuse(mut self, refusal: Refusal) -> Self {
        self.expect = Expect::One(refusal);
        self
    }

    /// What it returns are bodies that are no longer needed.
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

/// What a batch decides by: until it has ended, no other batch that holds the same changes it. An engine that writes
/// one batch after the other has all of it anyway. In the order in which they are taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lock {
    /// Counts of what somebody has sent.
    Use([u8; 32]),
    /// A mailbox with everything that is its own: letters, drafts and uploads, wraps, tokens, sessions, requests.
    Mailbox(String),
    /// A body, and who refers to it.
    Body(String),
}

/// Something outside the rows whose fate hangs on a batch.
pub(crate) trait Settle: Send + Sync + fmt::Debug {
    /// The batch was kept, or may have been: from here on only its rows decide.
    fn settle(&self);
}

/// What goes with everything that is written through a handle of the store.
#[derive(Debug, Default)]
pub(crate) struct Riding {
    /// Rows of the trail.
    pub(crate) rows: Vec<AuditRow>,
    /// What webhooks are told, where a leg ends.
    pub(crate) events: Vec<Statement>,
    /// Mail that goes out because of it.
    pub(crate) mail: Vec<Statement>,
}

/// Legs that a batch leases for whoever asked. Nobody has them if nobody knows how it ended.
#[derive(Clone, Debug)]
pub(crate) struct Taking {
    pub(crate) owner: String,
    pub(crate) until: Timestamp,
    pub(crate) now: Timestamp,
}

/// What becomes of a batch if its server is lost before it was flushed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Flush {
    /// Whoever asked has waited for it, or does not mind.
    #[default]
    AsPromised,
    /// It is done again. Done twice it changes nothing.
    DoneAgain,
    /// It is there to see whether others were flushed.
    Asks,
}

/// With what others a batch may share a transaction of an engine that has one for each: all of them are kept, or none, and
/// then each goes alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// With none.
    #[default]
    Alone,
    /// With other letters that come.
    Arrivals,
    /// With other legs that end, of which nobody waits for the disk.
    Ends,
}

/// Statements that are kept together or not at all, and what becomes committed with them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    pub(crate) statements: Vec<Statement>,
    /// What webhooks are told, after all statements and only where there is a webhook.
    pub(crate) told: Vec<Statement>,
    /// Bodies, say.
    pub(crate) settles: Vec<Arc<dyn Settle>>,
    pub(crate) locks: BTreeSet<Lock>,
    /// Changes a row if and only if this batch was not kept: how its fate is asked for, if nobody said it.
    pub(crate) sign: Option<Statement>,
    /// What becomes of it if its server is lost.
    pub(crate) flush: Flush,
    /// With whom it may share a transaction.
    pub(crate) sharing: Sharing,
    /// Where in such a transaction: who adds the same new things does so in the same order, or two would wait for each other.
    pub(crate) order: Option<[u8; 32]>,
    /// It leases the legs that it returns.
    pub(crate) takes: Option<Taking>,
    /// Rows of the audit trail.
    pub(crate) audit: Vec<AuditRow>,
    /// Those of the handle it is written through: only where it changes anything.
    pub(crate) riding: Arc<Riding>,
    /// Up to this row, of this time and with this proof, the trail goes.
    pub(crate) prune: Option<(i64, Timestamp, Vec<u8>)>,
    /// Nobody waits for it: it must not cost others much.
    pub(crate) aside: bool,
}

impl Batch {
    /// Whether the audit trail may have to say something of it.
    pub(crate) fn may_note(&self) -> bool {
        let Riding { rows, events: _, mail: _ } = &*self.riding;
        !self.audit.is_empty()
            || !self.told.is_empty()
            || self.prune.is_some()
            || !rows.is_empty()
            || self.statements.iter().any(|statement| statement.notes.is_some() || statement.proves.is_some())
    }

    /// Whether it certainly has to, if it is kept.
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

    /// Nobody else decides by this or changes it at the same time.
    pub(crate) fn hold(&mut self, lock: Lock) {
        self.locks.insert(lock);
    }

    /// The same for a mailbox and all that is its own.
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

/// What one statement did.
#[derive(Debug, Default)]
pub(crate) struct StatementResult {
    /// Rows changed, or returned.
    pub(crate) affected: usize,
    pub(crate) rows: Vec<Row>,
}

/// How a batch ended. Known to the caller only after the commit.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Kept; one result per statement.
    Kept(Vec<StatementResult>),
    /// Nothing of it kept.
    Refused(Refusal),
}

impl Outcome {
    /// How many rows its statements returned; bodies that went are not among them.
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

    /// The number in the next column, which stays.
    pub(crate) fn first_int(&self) -> Option<i64> {
        match self.0.as_slice().first() {
            Some(Value::Int(number)) => Some(*number),
            Some(Value::Null | Value::Text(_) | Value::Blob(_)) | None => None,
        }
    }

    /// What is in the next column, which stays.
    pub(crate) fn first(&self) -> Value {
        self.0.as_slice().first().cloned().unwrap_or(Value::Null)
    }

    /// What is in the column behind that.
    pub(crate) fn second(&self) -> Option<&Value> {
        self.0.as_slice().get(1)
    }

    /// The same once more.
    pub(crate) fn again(&self) -> Self {
        Self(self.0.clone())
    }

    /// What is left of it, as it is.
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

    /// A number that cannot be negative.
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
    /// For the log and for people: what a row is called by.
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

/// Returns a row if there is any receiver: without one nothing is told.
pub(crate) const RECEIVERS: &str = "SELECT 1 FROM hooks LIMIT 1";
