//! Reseals partners, their keys and our own for another server key. Knows no file and no other row.

use sealpost_mail::Random;
use sealpost_store::{PartnerKeyRow, Store};
use sealpost_vault::{KeyringKey, RowKey, TagKey};

use crate::error::PartnerError;
use crate::original::Originals;
use crate::own_keys::OwnKeys;
use crate::partner_rows::Book;

/// The keys derived from one server key that these rows depend on.
#[derive(Clone, Copy)]
pub struct PartnerSeals<'a> {
    /// Seals partners, their keys and private keys of our own.
    pub keyring: &'a KeyringKey,
    /// Seals the public parts of our own.
    pub rows: &'a RowKey,
    /// Finds partners.
    pub tags: &'a TagKey,
}

/// Result of a change of keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Rows resealed.
    pub anew: usize,
    /// Rows resealed by an earlier run.
    pub before: usize,
    /// Rows that neither key opens, left as they were.
    pub strange: usize,
}

impl<'a> PartnerSeals<'a> {
    pub(crate) fn book(self, store: &'a Store) -> Book<'a> {
        Book { store, keyring: self.keyring, tags: self.tags }
    }

    pub(crate) fn originals(self, store: &'a Store) -> Originals<'a> {
        Originals { store, keyring: self.keyring }
    }

    pub(crate) fn own(self, store: &'a Store) -> OwnKeys<'a> {
        OwnKeys { store, rows: self.rows, keyring: self.keyring }
    }

    /// Reseals everything to `to`, in one transaction.
    pub async fn reseal(
        self,
        to: Self,
        store: &'a Store,
        random: &dyn Random,
    ) -> Result<Resealed, PartnerError> {
        let mut done = Resealed::default();
        let (mut partners, mut keys, mut owns) = (Vec::new(), Vec::new(), Vec::new());
        let (old, new) = (self.book(store), to.book(store));
        for row in store.partners().await? {
            for key in store.partner_keys(&row.id).await? {
                if let Some(key) = resealed_key(&old, &new, &key, random, &mut done)? {
                    keys.push(key);
                }
            }
            match (new.open(&row), old.open(&row)) {
                (Ok(_done), _) => done.before += 1,
                (Err(_), Ok(partner)) => {
                    let places = partner.places.iter().map(|place| place.tag(to.tags)).collect();
                    partners.push((new.row(&partner, row.changed_at, random)?, places));
                }
                (Err(_), Err(error)) => done.is_strange(&error),
            }
        }
        let (old, new) = (self.own(store), to.own(store));
        for row in store.own_keys().await? {
            match (new.open(&row), old.open(&row)) {
                (Ok(_done), _) => done.before += 1,
                (Err(_), Ok(own)) => owns.push(new.row(&own, row.changed_at, random)?),
                (Err(_), Err(error)) => done.is_strange(&error),
            }
        }
        done.anew = partners.len() + keys.len() + owns.len();
        store.replace_partners(partners, keys, owns).await?;
        self.reseal_originals(to, store, random, &mut done).await?;
        Ok(done)
    }

    async fn reseal_originals(
        self,
        to: Self,
        store: &'a Store,
        random: &dyn Random,
        done: &mut Resealed,
    ) -> Result<(), PartnerError> {
        let (old, new) = (self.originals(store), to.originals(store));
        let mut originals = Vec::new();
        for row in store.originals().await? {
            match (new.opened(&row), old.opened(&row)) {
                (Ok(_done), _) => done.before += 1,
                (Err(_), Ok(plain)) => {
                    let sealed = new.resealed(&row, &plain, random);
                    originals.push((row.id, sealed));
                }
                (Err(_), Err(error)) => done.is_strange(&error),
            }
        }
        done.anew += originals.len();
        Ok(store.replace_originals(originals).await?)
    }
}

fn resealed_key(
    old: &Book<'_>,
    new: &Book<'_>,
    row: &PartnerKeyRow,
    random: &dyn Random,
    done: &mut Resealed,
) -> Result<Option<PartnerKeyRow>, PartnerError> {
    match (new.open_key(row), old.open_key(row)) {
        (Ok(_done), _) => {
            done.before += 1;
            Ok(None)
        }
        (Err(_), Ok(key)) => new.key_row(&row.partner_id, &key, row.changed_at, random).map(Some),
        (Err(_), Err(error)) => {
            done.is_strange(&error);
            Ok(None)
        }
    }
}

impl Resealed {
    fn is_strange(&mut self, error: &PartnerError) {
        tracing::error!(row.kind = "partner", %error, "left as it is");
        self.strange += 1;
    }
}
