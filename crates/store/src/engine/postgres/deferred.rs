//! Statements that nobody waits for: they go with the next batch, before anything in it, or soon alone. Knows no
//! connection.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::statement::Statement;

#[derive(Debug, Default)]
pub(super) struct Unhurried {
    waiting: Mutex<Vec<Statement>>,
    /// There are some.
    pub(super) some: Notify,
}

impl Unhurried {
    fn lock(&self) -> MutexGuard<'_, Vec<Statement>> {
        // No code that can panic runs under this lock.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, statement: Statement) {
        self.lock().push(statement);
        self.some.notify_one();
    }

    pub(super) fn take(&self) -> Vec<Statement> {
        std::mem::take(&mut *self.lock())
    }

    /// They were not kept after all, and come before what has come since.
    pub(super) fn put_back(&self, statements: Vec<Statement>) {
        if !statements.is_empty() {
            self.keep(statements);
            self.some.notify_one();
        }
    }

    /// The same, until a batch comes or more of them: the server is not to be had now.
    pub(super) fn keep(&self, mut statements: Vec<Statement>) {
        let mut waiting = self.lock();
        statements.append(&mut waiting);
        *waiting = statements;
    }
}
