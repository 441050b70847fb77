//! Our keys as needed for decrypting a letter: identifiers of all at once, private parts one by one, when a
//! letter names one. Opened ones are cached while letters arrive. Knows no letter.

use std::sync::{Arc, OnceLock};

use sealpost_mail::Domain;
use sealpost_seal::{Lends, OwnKey, RecipientKey, Tokens};
use sealpost_store::OwnKeyRow;

use crate::error::PartnerError;
use crate::opened_keys::WhileUsed;
use crate::own_keys::{OwnKeys, Published};

/// All of our keys as last read, including retired ones.
#[derive(Debug, Default)]
pub struct LendableKeys(WhileUsed<Vec<Lendable>>);

/// One of our keys.
#[derive(Debug)]
struct Lendable {
    public: Published,
    recipient: RecipientKey,
    row: OwnKeyRow,
    /// Its private part, once a letter has named it.
    private: OnceLock<Arc<OwnKey>>,
}

/// Our keys for one letter.
pub struct Lending<'a> {
    own: OwnKeys<'a>,
    keys: Arc<Vec<Lendable>>,
    /// Indexes into `keys`.
    order: Vec<usize>,
    tokens: Arc<dyn Tokens>,
}

impl LendableKeys {
    /// For a letter to these domains: their keys come first, then the newest.
    pub async fn now<'a>(
        &self,
        own: OwnKeys<'a>,
        domains: &[Domain],
        tokens: Arc<dyn Tokens>,
    ) -> Result<Lending<'a>, PartnerError> {
        let rows = own.store.own_keys().await?;
        let keys = self.0.of(&own, rows, read).await?;
        let mut order: Vec<(usize, &Lendable)> = keys.iter().enumerate().collect();
        order.sort_by_key(|(_, key)| {
            let meant = key.public.domains.iter().any(|domain| domains.contains(domain));
            (!meant, std::cmp::Reverse(key.public.since))
        });
        let order = order.into_iter().map(|(at, _)| at).collect();
        Ok(Lending { own, keys, order, tokens })
    }
}

/// A key whose row is not ours is left out.
fn read(own: &OwnKeys<'_>, rows: &[OwnKeyRow]) -> Vec<Lendable> {
    let mut keys = Vec::new();
    for row in rows {
        match own.open_public(row) {
            Ok(public) => {
                if public.key.decrypts_and_more() {
                    tracing::warn!(
                        key.id = %row.id,
                        "a decryption key also signs or certifies: the process that opens letters is lent it with all its capabilities"
                    );
                }
                let recipient = RecipientKey::of(&public.key);
                keys.push(Lendable { public, recipient, row: row.clone(), private: OnceLock::new() });
            }
            Err(error) => tracing::error!(key.id = %row.id, %error, "a key of our own is not used"),
        }
    }
    keys
}

impl Lending<'_> {
    fn key(&self, at: usize) -> Option<&Lendable> {
        self.order.get(at).and_then(|place| self.keys.get(*place))
    }
}

impl Lends for Lending<'_> {
    fn tokens(&self) -> Arc<dyn Tokens> {
        Arc::clone(&self.tokens)
    }

    fn recipients(&self) -> Vec<RecipientKey> {
        (0..self.order.len()).filter_map(|at| self.key(at)).map(|key| key.recipient.clone()).collect()
    }

    fn private(&self, at: usize) -> Option<Arc<OwnKey>> {
        let key = self.key(at)?;
        if let Some(opened) = key.private.get() {
            return Some(Arc::clone(opened));
        }
        match self.own.open(&key.row) {
            Ok(own) => Some(Arc::clone(key.private.get_or_init(|| Arc::new(own.key)))),
            Err(error) => {
                tracing::error!(key.id = %key.row.id, %error, "a key of our own is not used");
                None
            }
        }
    }
}
