//! Reseals or re-proves data from one server key to another, without exposing it. Knows no row.

use sealpost_mail::{Random, Secret};

use crate::error::VaultError;
use crate::label::Label;
use crate::proof::{DepositAuth, SessionAuth};
use crate::record::{RecordKey, RowKey, SpoolKey};

/// Result for one value.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Rotated {
    /// The same value under the new key.
    Anew(Vec<u8>),
    /// It is already under the new key.
    Before,
}

/// If `open` succeeds under the new key, nothing is to be done. Otherwise under the old one, or an error that
/// says why not.
fn either<T, E>(new: Result<T, E>, old: Result<T, E>, anew: impl FnOnce(T) -> Vec<u8>) -> Result<Rotated, E> {
    match (new, old) {
        (Ok(_done), _) => Ok(Rotated::Before),
        (Err(_), Ok(plain)) => Ok(Rotated::Anew(anew(plain))),
        (Err(_), Err(error)) => Err(error),
    }
}

impl RecordKey {
    fn resealed(
        &self,
        new: &Self,
        label: Label,
        id: &str,
        sealed: &[u8],
        random: &dyn Random,
    ) -> Result<Rotated, VaultError> {
        let seal = |plain: Secret<Vec<u8>>| new.seal(label, id, plain.expose(), random);
        either(new.open(label, id, sealed), self.open(label, id, sealed), seal)
    }
}

impl SpoolKey {
    /// The record `id` of the kind `label` under another key.
    pub fn resealed(
        &self,
        new: &Self,
        label: Label,
        id: &str,
        sealed: &[u8],
        random: &dyn Random,
    ) -> Result<Rotated, VaultError> {
        self.record().resealed(new.record(), label, id, sealed, random)
    }
}

impl RowKey {
    /// The record `id` of the kind `label` under another key.
    pub fn resealed(
        &self,
        new: &Self,
        label: Label,
        id: &str,
        sealed: &[u8],
        random: &dyn Random,
    ) -> Result<Rotated, VaultError> {
        self.record().resealed(new.record(), label, id, sealed, random)
    }
}

impl DepositAuth {
    /// A proven listing under another key. One that was not proven stays unproven.
    pub fn reproven(
        &self,
        new: &Self,
        mailbox: &str,
        deposit: &str,
        bytes: &[u8],
    ) -> Result<Rotated, VaultError> {
        let prove = |listing: &[u8]| new.prove(mailbox, deposit, listing);
        either(new.proven(mailbox, deposit, bytes), self.proven(mailbox, deposit, bytes), prove)
    }
}

impl SessionAuth {
    /// A proven draft under another key. One that was not proven stays unproven.
    pub fn reproven_draft(
        &self,
        new: &Self,
        mailbox: &str,
        draft: &str,
        bytes: &[u8],
    ) -> Result<Rotated, VaultError> {
        let prove = |content: &[u8]| new.prove_draft(mailbox, draft, content);
        either(new.proven_draft(mailbox, draft, bytes), self.proven_draft(mailbox, draft, bytes), prove)
    }
}

#[cfg(test)]
mod tests {
    use sealpost_mail::{SequenceRandom, SystemRandom};

    use super::*;
    use crate::mailbox::MailboxKeys;
    use crate::server::ServerKey;
    use crate::wrap::Unwrapped;
    use crate::{Argon2Cost, IntakeRole, MailboxSecret, PortalRole};

    #[test]
    fn what_was_sealed_and_proven_is_under_the_new_key_and_no_longer_under_the_old() {
        let random = SequenceRandom::default();
        let old = ServerKey::from_bytes(Secret::new([0x41; 32]));
        let (new, old) = (old.next(&SystemRandom).keys(), old.keys());
        let sealed = old.rows.seal(Label::Profile, "m", b"plain", &random);
        let Ok(Rotated::Anew(anew)) = old.rows.resealed(&new.rows, Label::Profile, "m", &sealed, &random)
        else {
            panic!("not made anew");
        };
        assert!(old.rows.open(Label::Profile, "m", &anew).is_err());
        assert_eq!(new.rows.open(Label::Profile, "m", &anew).unwrap().expose(), b"plain");
        assert_eq!(old.rows.resealed(&new.rows, Label::Profile, "m", &anew, &random), Ok(Rotated::Before));
        assert!(old.rows.resealed(&new.rows, Label::Profile, "n", &sealed, &random).is_err());
        let proven = old.deposits.prove("m", "d", b"listing");
        let Ok(Rotated::Anew(anew)) = old.deposits.reproven(&new.deposits, "m", "d", &proven) else {
            panic!("not made anew");
        };
        assert!(
            old.deposits.proven("m", "d", &anew).is_err() && new.deposits.proven("m", "d", &anew).is_ok()
        );
        assert!(old.deposits.reproven(&new.deposits, "m", "d", b"SPPT unproven").is_err(), "never adopted");
    }

    #[test]
    fn a_password_opens_under_a_key_that_remembers_and_after_that_needs_no_memory() {
        let random = SystemRandom;
        let first = ServerKey::from_bytes(Secret::new([0x41; 32]));
        let (_, secret) = MailboxKeys::generate(&random);
        let (password, cost) = (Secret::new("wheel".to_owned()), Argon2Cost::new(8, 1, 1).unwrap());
        let wrap = secret.wrap_password("m", &password, &first.keys().pepper, &cost, &random).unwrap();
        // Two changes later, through the files of key and role.
        let third = first.next(&random).next(&random);
        let third = ServerKey::parse(third.to_file_text().expose()).unwrap();
        let portal = PortalRole::parse(third.keys().portal().to_file_text().expose()).unwrap();
        let pepper = &portal.way_in.pepper;
        let opens = |wrap: &[u8], pepper| {
            matches!(MailboxSecret::unwrap_password(wrap, "m", &password, pepper), Ok(Unwrapped::Opened(_)))
        };
        assert!(pepper.is_earlier(&wrap) && opens(&wrap, pepper));
        let anew = secret.wrap_password("m", &password, pepper, &cost, &random).unwrap();
        assert!(!pepper.is_earlier(&anew) && opens(&anew, pepper));
        assert!(!opens(&anew, &first.keys().pepper), "the key before opens nothing new");
        let stranger = ServerKey::generate(&random).keys().pepper;
        assert!(MailboxSecret::unwrap_password(&wrap, "m", &password, &stranger).is_err());
        let intake = IntakeRole::parse(third.keys().intake().to_file_text().expose()).unwrap();
        let known: Vec<_> = intake.queue.tags.earlier_thread_tags("a@b").collect();
        assert_eq!(known.first(), Some(&first.keys().tags.thread_tag("a@b")));
        assert_eq!(known.len(), 2);
    }
}
