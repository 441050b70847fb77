//! Wraps of the mailbox's secret key under what its owner knows (password, answer, or the initial password),
//! through Argon2id and the pepper. Counts no tries and knows no rows.

use sealpost_mail::{Random, Secret};

use crate::cost::Argon2Cost;
use crate::error::VaultError;
use crate::initial_password::{self, InitialPassword};
use crate::mailbox::MailboxSecret;
use crate::normalize;
use crate::pepper::Pepper;
use crate::primitive::Key;
use crate::salted::{self, SALT, Sealed};
use crate::sealed_header::Format;
use crate::wrap::{Unwrapped, WRAPPED};

impl MailboxSecret {
    /// Wraps the secret key under a password.
    pub fn wrap_password(
        &self,
        mailbox_id: &str,
        password: &Secret<String>,
        pepper: &Pepper,
        cost: &Argon2Cost,
        random: &dyn Random,
    ) -> Result<Vec<u8>, VaultError> {
        let input = normalize::password(password.expose());
        wrap(self, Format::Password, mailbox_id, input.as_bytes(), pepper, cost, random)
    }

    /// Tries a password on a wrap made by [`MailboxSecret::wrap_password`].
    pub fn unwrap_password(
        wrap: &[u8],
        mailbox_id: &str,
        password: &Secret<String>,
        pepper: &Pepper,
    ) -> Result<Unwrapped, VaultError> {
        let input = normalize::password(password.expose());
        unwrap(Format::Password, wrap, mailbox_id, input.as_bytes(), pepper)
    }

    /// Wraps the secret key under the initial password, while the mailbox is pending.
    pub fn wrap_initial(
        &self,
        mailbox_id: &str,
        password: &InitialPassword,
        pepper: &Pepper,
        cost: &Argon2Cost,
        random: &dyn Random,
    ) -> Result<Vec<u8>, VaultError> {
        let input = initial_password::plain(password.text().expose());
        wrap(self, Format::Initial, mailbox_id, input.as_bytes(), pepper, cost, random)
    }

    /// Tries a typed initial password on a wrap made by [`MailboxSecret::wrap_initial`].
    pub fn unwrap_initial(
        wrap: &[u8],
        mailbox_id: &str,
        typed: &Secret<String>,
        pepper: &Pepper,
    ) -> Result<Unwrapped, VaultError> {
        let input = initial_password::plain(typed.expose());
        unwrap(Format::Initial, wrap, mailbox_id, input.as_bytes(), pepper)
    }

    /// The same work as [`MailboxSecret::unwrap_password`] on a wrap of this cost, always
    /// [`Unwrapped::Wrong`]: for an address without a mailbox, so that the timing reveals nothing.
    pub fn dummy_unwrap_password(
        password: &Secret<String>,
        pepper: &Pepper,
        cost: &Argon2Cost,
    ) -> Result<Unwrapped, VaultError> {
        let format = Format::Password;
        let wrap = salted::seal(
            format,
            &fields(pepper, cost),
            &[0; SALT],
            // A key that nothing derives; what it seals is never opened.
            &Key::new([0; 32]),
            &[""],
            &[0; WRAPPED],
        );
        let input = normalize::password(password.expose());
        unwrap(format, &wrap, "", input.as_bytes(), pepper).map(|_always_wrong| Unwrapped::Wrong)
    }

    /// Wraps the secret key under the normalised answer to a question.
    pub fn wrap_answer(
        &self,
        mailbox_id: &str,
        answer: &Secret<String>,
        pepper: &Pepper,
        cost: &Argon2Cost,
        random: &dyn Random,
    ) -> Result<Vec<u8>, VaultError> {
        let input = normalize::answer(answer.expose());
        if input.is_empty() {
            return Err(VaultError::EmptyAnswer);
        }
        wrap(self, Format::Answer, mailbox_id, input.as_bytes(), pepper, cost, random)
    }

    /// Tries an answer on a wrap made by [`MailboxSecret::wrap_answer`].
    pub fn unwrap_answer(
        wrap: &[u8],
        mailbox_id: &str,
        answer: &Secret<String>,
        pepper: &Pepper,
    ) -> Result<Unwrapped, VaultError> {
        let input = normalize::answer(answer.expose());
        unwrap(Format::Answer, wrap, mailbox_id, input.as_bytes(), pepper)
    }
}

/// key id ‖ memory ‖ passes ‖ lanes, as in the wrap.
fn fields(pepper: &Pepper, cost: &Argon2Cost) -> Vec<u8> {
    std::iter::once(pepper.id()).chain(cost.numbers().into_iter().flat_map(u32::to_be_bytes)).collect()
}

fn wrap(
    secret: &MailboxSecret,
    format: Format,
    mailbox_id: &str,
    input: &[u8],
    pepper: &Pepper,
    cost: &Argon2Cost,
    random: &dyn Random,
) -> Result<Vec<u8>, VaultError> {
    let salt = salted::salt(random);
    let key = key(format, input, &salt, pepper, cost)?;
    let plain = secret.seed().expose();
    Ok(salted::seal(format, &fields(pepper, cost), &salt, &key, &[mailbox_id], plain))
}

fn unwrap(
    format: Format,
    wrap: &[u8],
    mailbox_id: &str,
    input: &[u8],
    pepper: &Pepper,
) -> Result<Unwrapped, VaultError> {
    let ((pepper, cost), sealed) = Sealed::read(format, wrap, |reader| {
        let pepper = pepper.named(reader.byte()?, format.name())?;
        let (memory, passes, lanes) = (reader.number()?, reader.number()?, reader.number()?);
        Ok((pepper, Argon2Cost::new(memory, passes, lanes)?))
    })?;
    sealed.must_hold(WRAPPED)?;
    let key = key(format, input, sealed.salt, &pepper, &cost)?;
    Unwrapped::from_plain(sealed.open(&key, &[mailbox_id]), format)
}

/// Argon2id first, then the pepper: the slow step is plain Argon2id that any library can do without a server
/// secret, and the pepper is never in the megabytes that Argon2 fills.
fn key(
    format: Format,
    input: &[u8],
    salt: &[u8; SALT],
    pepper: &Pepper,
    cost: &Argon2Cost,
) -> Result<Key, VaultError> {
    Ok(pepper.mix(format.label(), &cost.derive(input, salt)?))
}
