//! One place at a token: a session, kept as long as it works, and opened anew when it does not. Used by one thread. Knows no
//! key's meaning.

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

/// A place at a token.
pub(crate) struct Connection {
    settings: Arc<TokenSettings>,
    module: Arc<Module>,
    pin: Arc<Pin>,
    open: Option<Open>,
    /// The module's start that the last call was made in.
    called_in: u64,
}

/// A session and what was found by it.
pub(crate) struct Open {
    pub(crate) session: Session,
    pub(crate) handles: HashMap<TokenKey, ObjectHandle>,
    /// The module's start that it belongs to.
    starts: u64,
}

/// How much is done anew before a call is made.
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

    /// Does this; where the token is lost, with another session, and then with the module started anew.
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

    /// Does this with a session of its own, which may write.
    pub(crate) fn make<T>(&mut self, work: &dyn Fn(&Session) -> Result<T, Failure>) -> Result<T, Failure> {
        let call = self.module.call()?;
        work(&open(&call.started, &self.settings, &self.pin, Purpose::Make)?)
    }

    /// Whatever is open is opened anew by the next call. Which session it was that does not work, nobody knows here: it may have
    /// been another place's.
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
                // Unless another place has had it done since this one's last call.
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
        // A session of before the module's last start is not closed: its number may be another's by now.
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
