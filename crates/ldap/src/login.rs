//! By which name a directory is asked, and its password. Never prints one; reads no file.

use sealpost_mail::Secret;
use thiserror::Error;

/// Why it is no login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LoginError {
    /// RFC 4513 §5.1.2: a name without a password is nobody's, and servers take it for a success.
    #[error("the password is empty")]
    Empty,
}

/// A simple bind (RFC 4513 §5.1.3).
#[derive(Clone, Debug)]
pub struct Login {
    dn: String,
    password: Secret<String>,
}

impl Login {
    /// This name with this password.
    ///
    /// # Errors
    /// The password is empty.
    pub fn new(dn: &str, password: Secret<String>) -> Result<Self, LoginError> {
        match password.expose().is_empty() {
            true => Err(LoginError::Empty),
            false => Ok(Self { dn: dn.to_owned(), password }),
        }
    }

    pub(crate) fn dn(&self) -> &str {
        &self.dn
    }

    pub(crate) fn password(&self) -> &Secret<String> {
        &self.password
    }
}
