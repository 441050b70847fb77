//! A PKCS#11 module, loaded once for all of its tokens, and restarted when one is lost: many modules only then detect a
//! token that was plugged in again. Knows no token.

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use sealpost_mail::Timestamp;

use crate::failure::Failure;

/// How long a restart waits for calls in progress.
const CALLS_END: Duration = Duration::from_secs(5);

/// How long a module is not restarted again: every slot that lost its token requests it.
const PAUSE: Duration = Duration::from_secs(2);

/// A module.
#[derive(Debug)]
pub(crate) struct Module {
    path: PathBuf,
    state: Mutex<State>,
    fewer: Condvar,
}

#[derive(Debug)]
struct State {
    started: Option<Pkcs11>,
    /// How often it was started: sessions of earlier starts are invalid.
    starts: u64,
    /// When it was last restarted; `None`: never.
    restarted: Option<Timestamp>,
    /// Calls in progress. While there are any, it must not be finalised (PKCS#11, C_Finalize).
    calls: usize,
}

/// A call in progress: the module is not restarted meanwhile.
pub(crate) struct Call<'a> {
    module: &'a Module,
    pub(crate) started: Pkcs11,
    pub(crate) starts: u64,
}

impl Module {
    pub(crate) fn new(path: &Path) -> Self {
        let state = State { started: None, starts: 0, restarted: None, calls: 0 };
        Self { path: path.to_owned(), state: Mutex::new(state), fewer: Condvar::new() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The module for a call; loads it if necessary.
    pub(crate) fn call(&self) -> Result<Call<'_>, Failure> {
        let mut state = self.state();
        let started = match &state.started {
            Some(started) => started.clone(),
            None => {
                let started = self.start()?;
                state.starts += 1;
                state.started.insert(started).clone()
            }
        };
        state.calls += 1;
        Ok(Call { module: self, started, starts: state.starts })
    }

    /// Whether it was restarted a moment ago.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        !rest(self.state().restarted, now).is_zero()
    }

    /// Restarts it, unless it was restarted since the start `since`; if the last restart was a moment ago, after a
    /// pause. The caller must not hold a [`Call`].
    pub(crate) fn restart(&self, since: u64, now: Timestamp) -> Result<(), Failure> {
        let state = self.state();
        let left = rest(state.restarted, now);
        let rested = self.fewer.wait_timeout_while(state, left, |state| state.starts == since);
        let (state, _over) = rested.unwrap_or_else(PoisonError::into_inner);
        let waited =
            self.fewer.wait_timeout_while(state, CALLS_END, |state| state.calls > 0 && state.starts == since);
        let (mut state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.starts != since {
            return Ok(());
        }
        if waited.timed_out() && state.calls > 0 {
            return Err(Failure::Lost("its module does not come back from a call".to_owned()));
        }
        state.restarted = Some(now.plus(left));
        if let Some(old) = state.started.take() {
            // If it cannot even be finalised, starting it reports the error.
            let _stopped = old.finalize();
        }
        tracing::info!(module = %self.path.display(), "a PKCS#11 module is started anew");
        state.started = Some(self.start()?);
        state.starts += 1;
        self.fewer.notify_all();
        Ok(())
    }

    fn start(&self) -> Result<Pkcs11, Failure> {
        let module = Pkcs11::new(&self.path)?;
        // It is called by several threads.
        match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // Something else in this process uses it, too.
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(module),
            Err(error) => Err(error.into()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long to wait before the next restart. Zero if the clock was set back.
fn rest(restarted: Option<Timestamp>, now: Timestamp) -> Duration {
    let last = restarted.filter(|last| *last <= now.plus(PAUSE));
    last.map(|last| last.plus(PAUSE).since(now).min(PAUSE)).unwrap_or_default()
}

impl Drop for Module {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(started) = state.started.take() {
            let _stopped = started.finalize();
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.module.state().calls -= 1;
        self.module.fewer.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_started_anew_once_in_a_while_however_many_ask_for_it() {
        let at = Timestamp(1_000_000);
        assert_eq!(rest(None, at), Duration::ZERO);
        assert_eq!(rest(Some(at), at), PAUSE);
        assert_eq!(rest(Some(at), at.plus(PAUSE / 2)), PAUSE / 2);
        assert_eq!(rest(Some(at), at.plus(PAUSE)), Duration::ZERO);
        // The clock was set back.
        assert_eq!(rest(Some(at), at.minus(PAUSE * 9)), Duration::ZERO);

        let module = Module::new("/nonexistent/module.so".as_ref());
        // Another slot has restarted it since.
        assert_eq!(module.restart(7, at), Ok(()));
        assert!(!module.is_fresh(at));
        // It cannot be loaded, which shows that it was tried.
        assert!(matches!(module.restart(0, at), Err(Failure::Lost(_))));
        assert!(module.is_fresh(at) && !module.is_fresh(at.plus(PAUSE)));
    }
}
