//! Name and password for a directory. Never prints either; reads no file.

use sealpost_mail::Secret;
use thiserror::Error;

/// Why it is not a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LoginError {
    /// RFC 4513 §5.1.2: a name without a password is an unauthenticated bind, which servers report as
    /// success.
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
    /// A login with this name and password.
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
