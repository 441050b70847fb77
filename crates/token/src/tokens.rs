//! The tokens of the configuration, by name. Blocking, with deadlines.

use std::path::Path;
use std::sync::Arc;

use sealpost_mail::{Random, Secret};
use sealpost_seal::{KeyEncryption, TokenError, TokenKey, TokenSignature, Tokens};

use crate::connection::Connection;
use crate::failure::Failure;
use crate::keys::{self, FoundKey, NewKey};
use crate::module::Module;
use crate::pool::Pool;
use crate::session::Pin;
use crate::settings::TokenSettings;

/// The tokens of the configuration. Each is opened when it is first needed.
#[derive(Debug, Default)]
pub struct Pkcs11Tokens(Vec<Token>);

#[derive(Debug)]
struct Token {
    settings: Arc<TokenSettings>,
    pool: Pool,
}

impl Pkcs11Tokens {
    /// Opens nothing.
    #[must_use]
    pub fn new(settings: &[TokenSettings]) -> Self {
        let mut modules: Vec<Arc<Module>> = Vec::new();
        let mut module = |path: &Path| match modules.iter().find(|known| known.path() == path) {
            Some(known) => Arc::clone(known),
            None => {
                let new = Arc::new(Module::new(path));
                modules.push(Arc::clone(&new));
                new
            }
        };
        let token = |settings: &TokenSettings| {
            let (settings, module) = (Arc::new(settings.clone()), module(&settings.module));
            let (pin, ours) = (Arc::new(Pin::default()), Arc::clone(&settings));
            let pool = Pool::new(settings.sessions, settings.deadline, move || {
                Connection::new(Arc::clone(&ours), Arc::clone(&module), Arc::clone(&pin))
            });
            Token { settings, pool }
        };
        Self(settings.iter().map(token).collect())
    }

    /// Logs in.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn open(&self, token: &str) -> Result<(), TokenError> {
        self.run(token, "", |connection| connection.run(&|_open| Ok(())))
    }

    /// The key pair with this label.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn find(&self, token: &str, label: &str) -> Result<FoundKey, TokenError> {
        let (name, wanted) = (token.to_owned(), label.to_owned());
        self.run(token, label, move |connection| {
            connection.run(&|open| keys::find(&open.session, &name, &wanted))
        })
    }

    /// Generates a key pair with this label whose private half never leaves the token.
    ///
    /// # Errors
    /// See [`TokenError`]; an existing label is an error.
    pub fn generate(
        &self,
        token: &str,
        label: &str,
        what: NewKey,
        random: &dyn Random,
    ) -> Result<FoundKey, TokenError> {
        match self.find(token, label) {
            Err(TokenError::NoKey { .. }) => {}
            Ok(_) | Err(TokenError::Unable { .. }) => {
                return Err(TokenError::Unable {
                    token: token.to_owned(),
                    why: format!("a key called {label:?} is there already; take another --label"),
                });
            }
            Err(error) => return Err(error),
        }
        let mut id = vec![0; 16];
        random.fill(&mut id);
        let key = TokenKey { token: token.to_owned(), id, label: label.to_owned() };
        let name = token.to_owned();
        self.run(token, label, move |connection| {
            connection.make(&|session| keys::generate(session, &name, what, &key))
        })
    }

    /// Removes a generated key pair that was not used for anything.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn remove(&self, key: &TokenKey) -> Result<(), TokenError> {
        let unmade = key.clone();
        self.run(&key.token, &key.label, move |connection| {
            connection.make(&|session| Ok(keys::remove(session, &unmade)?))
        })
    }

    fn run<T: Send + 'static>(
        &self,
        token: &str,
        key: &str,
        work: impl FnOnce(&mut Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, TokenError> {
        let found = self.0.iter().find(|known| known.settings.name == token);
        let name = || token.to_owned();
        let Some(found) = found else { return Err(TokenError::Unknown { token: name() }) };
        found.pool.run(work).map_err(|failure| match failure {
            Failure::Lost(why) => TokenError::Away { token: name(), why },
            Failure::Pin(why) => TokenError::Pin { token: name(), why },
            Failure::NoKey => TokenError::NoKey { token: name(), key: format!("{key:?}") },
            Failure::Unable(why) => TokenError::Unable { token: name(), why },
        })
    }
}

impl Tokens for Pkcs11Tokens {
    fn sign(&self, key: &TokenKey, how: TokenSignature, digest: &[u8; 32]) -> Result<Vec<u8>, TokenError> {
        let (own, digest) = (key.clone(), *digest);
        self.run(&key.token, &key.label, move |connection| {
            connection.run(&|open| keys::sign(open, &own, how, &digest))
        })
    }

    fn decrypt(
        &self,
        key: &TokenKey,
        how: &KeyEncryption,
        encrypted: &[u8],
    ) -> Result<Option<Secret<Vec<u8>>>, TokenError> {
        let (own, how, encrypted) = (key.clone(), how.clone(), encrypted.to_vec());
        self.run(&key.token, &key.label, move |connection| {
            connection.run(&|open| keys::decrypt(open, &own, &how, &encrypted))
        })
    }

    fn raw(&self, key: &TokenKey, encrypted: &[u8]) -> Result<Option<Secret<Vec<u8>>>, TokenError> {
        let (own, encrypted) = (key.clone(), encrypted.to_vec());
        self.run(&key.token, &key.label, move |connection| {
            connection.run(&|open| keys::raw(open, &own, &encrypted))
        })
    }

    fn agree(&self, key: &TokenKey, point: &[u8]) -> Result<Option<Secret<Vec<u8>>>, TokenError> {
        let (own, point) = (key.clone(), point.to_vec());
        self.run(&key.token, &key.label, move |connection| {
            connection.run(&|open| keys::agree(open, &own, &point))
        })
    }

    fn renew(&self, key: &TokenKey) -> Result<(), TokenError> {
        self.run(&key.token, &key.label, Connection::renew)
    }
}
