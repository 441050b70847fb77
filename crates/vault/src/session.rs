//! Sessions: the cookie's secret opens the mailbox's secret key; the row alone opens nothing. Knows no HTTP
//! and no clock.

use sealpost_mail::{Random, Secret};

use crate::error::VaultError;
use crate::mailbox::MailboxSecret;
use crate::primitive::Key;
use crate::proof::{Held, SessionAuth};
use crate::salted::{self, Sealed};
use crate::sealed_header::Format;
use crate::token;

/// The hash under which a session is stored.
pub type SessionHash = [u8; 32];

const HASH: &str = "sealpost/1/session-hash";
const CSRF: &str = "sealpost/1/session-csrf";
const SEAL: &str = "sealpost/1/session-seal";

/// The content of the browser's cookie. Hash, CSRF token and sealing key are derived from it under different
/// labels, so that none of them reveals another.
#[derive(Clone, Debug)]
pub struct SessionSecret(Key);

impl SessionSecret {
    /// A new session: the cookie's text, and the hash under which the session is stored.
    #[must_use]
    pub fn issue(random: &dyn Random) -> (Secret<String>, SessionHash) {
        let session = Self(Key::random(random));
        (session.cookie(), session.hash())
    }

    /// From a cookie's text; `None` if it cannot be one of ours.
    #[must_use]
    pub fn parse(cookie: &str) -> Option<Self> {
        token::decode(cookie).map(Self)
    }

    /// The cookie's text: 43 characters of URL-safe base64.
    #[must_use]
    pub fn cookie(&self) -> Secret<String> {
        token::encode(&self.0)
    }

    /// The hash under which the session is stored.
    #[must_use]
    pub fn hash(&self) -> SessionHash {
        self.0.mac(HASH, b"")
    }

    /// The token in every form of this session.
    #[must_use]
    pub fn csrf(&self) -> String {
        token::encode(&Key::new(self.0.mac(CSRF, b""))).expose().clone()
    }

    /// Seals the mailbox's secret key for this session, and proves that we did: anybody can make a cookie.
    #[must_use]
    pub fn seal_mailbox_secret(
        &self,
        secret: &MailboxSecret,
        held: &Held<'_>,
        auth: &SessionAuth,
        random: &dyn Random,
    ) -> Vec<u8> {
        let plain = secret.seed().expose();
        let bound = [held.mailbox_id];
        let sealed =
            salted::seal(Format::Session, &[], &salted::salt(random), &self.sealing(), &bound, plain);
        auth.prove_session(held, &sealed)
    }

    /// Opens what [`SessionSecret::seal_mailbox_secret`] sealed in this session for this mailbox.
    pub fn open_mailbox_secret(
        &self,
        sealed: &[u8],
        held: &Held<'_>,
        auth: &SessionAuth,
    ) -> Result<MailboxSecret, VaultError> {
        let sealed = auth.proven_session(held, sealed)?;
        let ((), sealed) = Sealed::read(Format::Session, sealed, |_reader| Ok(()))?;
        sealed
            .open(&self.sealing(), &[held.mailbox_id])
            .map(Secret::new)
            .and_then(|seed| Key::from_slice(seed.expose()))
            .map(MailboxSecret::from_seed)
            .ok_or(VaultError::Damaged(Format::Session.name()))
    }

    fn sealing(&self) -> Key {
        Key::new(self.0.mac(SEAL, b""))
    }
}

#[cfg(test)]
mod tests {
    use sealpost_mail::SequenceRandom;

    use super::*;
    use crate::{Bearer, MailboxKeys};

    #[test]
    fn only_the_cookie_opens_and_only_its_mailbox() {
        let random = SequenceRandom::default();
        let (public, secret) = MailboxKeys::generate(&random);
        let (cookie, hash) = SessionSecret::issue(&random);
        let session = SessionSecret::parse(cookie.expose()).unwrap();
        assert_eq!(session.hash(), hash);
        let auth = SessionAuth::new(Key::new([1; 32]));
        let held = Held { bearer: Bearer::Owner, mailbox_id: "m1", since: 7, epochs: "p." };
        let sealed = session.seal_mailbox_secret(&secret, &held, &auth, &random);
        let open = |session: &SessionSecret, held| session.open_mailbox_secret(&sealed, &held, &auth);
        assert!(open(&session, held).unwrap().public() == public);
        assert!(open(&session, Held { mailbox_id: "m2", ..held }).is_err());
        assert!(open(&session, Held { since: 8, ..held }).is_err());
        assert!(open(&session, Held { bearer: Bearer::Newcomer, ..held }).is_err());
        assert!(open(&session, Held { epochs: "q.", ..held }).is_err());
        let on = auth.go_on(&held, "q.", &sealed).unwrap();
        assert!(session.open_mailbox_secret(&on, &Held { epochs: "q.", ..held }, &auth).is_ok());
        assert!(session.open_mailbox_secret(&on, &held, &auth).is_err());
        assert!(auth.go_on(&Held { epochs: "x.", ..held }, "q.", &sealed).is_err());
        let other = SessionSecret::parse(SessionSecret::issue(&random).0.expose()).unwrap();
        assert!(open(&other, held).is_err());
        assert!(open(&SessionSecret(Key::new(hash)), held).is_err());
        // An attacker who makes a cookie and a row of their own lacks the server's key.
        let foreign = SessionAuth::new(Key::new([2; 32]));
        let forged = session.seal_mailbox_secret(&secret, &held, &foreign, &random);
        assert!(session.open_mailbox_secret(&forged, &held, &auth).is_err());
    }

    #[test]
    fn the_csrf_token_belongs_to_the_session() {
        let random = SequenceRandom::default();
        let session = SessionSecret(Key::random(&random));
        let other = SessionSecret(Key::random(&random));
        assert_eq!(session.csrf(), session.csrf());
        assert_ne!(session.csrf(), other.csrf());
        assert_ne!(session.csrf(), *session.cookie().expose());
    }
}
