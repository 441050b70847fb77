//! A slot of a token: a session, kept as long as it works, and reopened otherwise. Used by one thread. Knows nothing of the purpose
//! of a key.

use std::collections::HashMap;
use std::sync::Arc;

use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use sealpost_mail::{Clock as _, SystemClock};
use sealpost_seal::TokenKey;

use crate::failure::Failure;
use crate::module::Module;
use crate::session::{Pin, Purpose, open};
use crate::settings::TokenSettings;

/// A slot of a token.
pub(crate) struct Connection {
    settings: Arc<TokenSettings>,
    module: Arc<Module>,
    pin: Arc<Pin>,
    open: Option<Open>,
    /// The start of the module in which the last call was made.
    called_in: u64,
}

/// A session and the key handles found in it.
pub(crate) struct Open {
    pub(crate) session: Session,
    pub(crate) handles: HashMap<TokenKey, ObjectHandle>,
    /// The start of the module that it belongs to.
    starts: u64,
}

/// How much is reopened before a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Anew {
    Nothing,
    Session,
    Module,
}

impl Connection {
    pub(crate) fn new(settings: Arc<TokenSettings>, module: Arc<Module>, pin: Arc<Pin>) -> Self {
        Self { settings, module, pin, open: None, called_in: 0 }
    }

    /// Runs `work`; if the token is lost, again in another session, and then after restarting the module.
    pub(crate) fn run<T>(&mut self, work: &dyn Fn(&mut Open) -> Result<T, Failure>) -> Result<T, Failure> {
        let mut lost = String::new();
        for anew in [Anew::Nothing, Anew::Session, Anew::Module] {
            match self.once(anew, work) {
                Err(Failure::Lost(why)) => lost = why,
                done => return done,
            }
        }
        self.forget();
        Err(Failure::Lost(lost))
    }

    /// Runs `work` in a separate session with write access.
    pub(crate) fn make<T>(&mut self, work: &dyn Fn(&Session) -> Result<T, Failure>) -> Result<T, Failure> {
        let call = self.module.call()?;
        work(&open(&call.started, &self.settings, &self.pin, Purpose::Make)?)
    }

    /// Makes the next call reopen everything. Which session has failed is unknown here: it may have been another slot's.
    pub(crate) fn renew(&mut self) -> Result<(), Failure> {
        self.forget();
        let now = SystemClock.now();
        if self.module.is_fresh(now) {
            return Ok(());
        }
        self.called_in = self.module.call()?.starts;
        self.module.restart(self.called_in, now)
    }

    fn once<T>(&mut self, anew: Anew, work: &dyn Fn(&mut Open) -> Result<T, Failure>) -> Result<T, Failure> {
        match anew {
            Anew::Nothing => {}
            Anew::Session => self.forget(),
            Anew::Module => {
                self.forget();
                // Unless another slot has restarted it since this one's last call.
                self.module.restart(self.called_in, SystemClock.now())?;
            }
        }
        let module = Arc::clone(&self.module);
        let call = module.call()?;
        self.called_in = call.starts;
        if self.open.as_ref().is_none_or(|open| open.starts != call.starts) {
            self.forget();
            let session = open(&call.started, &self.settings, &self.pin, Purpose::Use)?;
            self.open = Some(Open { session, handles: HashMap::new(), starts: call.starts });
        }
        match &mut self.open {
            Some(open) => work(open),
            None => Err(Failure::Lost("its session is gone".to_owned())),
        }
    }

    fn forget(&mut self) {
        let Some(open) = self.open.take() else { return };
        // A session from before the module's last start is not closed: its number may be another's by now.
        match self.module.call() {
            Ok(call) if call.starts == open.starts => drop(open.session),
            Ok(_) | Err(_) => std::mem::forget(open.session),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.forget();
    }
}
