//! A mailbox's new key pair: made when its owner comes in by a link, an initial password or an answer, and everything
//! that was sealed to the old one sealed to it. Knows no page and no way in.
//!
//! The old pair lay wrapped under a link that was mailed, or a password that is forgotten: copies of either open
//! nothing that comes later (decision 0021).

use std::sync::Arc;

use sealpost_store::{NewWrap, Rekey, SealedKey, SealedKeys, WrapKind};
use sealpost_vault::{MailboxKeys, MailboxPublic, MailboxSecret};

use crate::problem::Problem;
use crate::state::Site;

/// How often letters may come in between.
pub(crate) const RACES: usize = 8;

/// The new pair of one mailbox.
pub(crate) struct NewPair {
    pub(crate) secret: MailboxSecret,
    public: MailboxPublic,
}

impl NewPair {
    pub(crate) fn generate(site: &Site) -> Self {
        let (public, secret) = MailboxKeys::generate(site.random.as_ref());
        Self { secret, public }
    }

    /// Everything of the mailbox as it is now, sealed to this pair.
    pub(crate) async fn take_over(
        &self,
        site: &Site,
        mailbox_id: &str,
        address: &str,
        old: &MailboxSecret,
    ) -> Result<Rekey, Problem> {
        let failed = |error| Problem::fault("sealing a mailbox anew", error);
        let found = site.store.sealed_keys(mailbox_id).await;
        let found = found.map_err(|error| Problem::fault("reading what is sealed to a mailbox", error))?;
        let (id, public, opened) = (mailbox_id.to_owned(), self.public.clone(), old.clone());
        let random = Arc::clone(&site.random);
        let keys = site
            .cleaning(move || {
                let again = |keys: Vec<SealedKey>| -> Vec<SealedKey> {
                    let one = |SealedKey { id: letter, key_sealed }| {
                        let sealed = opened
                            .open_key(&id, &letter, &key_sealed)
                            .and_then(|key| public.seal_key(&id, &letter, &key, random.as_ref()));
                        match sealed {
                            Ok(key_sealed) => SealedKey { id: letter, key_sealed },
                            // It could not be opened before either; its owner shall not be kept out for that.
                            Err(error) => {
                                tracing::error!(deposit.id = %letter, %error, "a key could not be sealed anew");
                                SealedKey { id: letter, key_sealed }
                            }
                        }
                    };
                    keys.into_iter().map(one).collect()
                };
                SealedKeys { letters: again(found.letters), drafts: again(found.drafts) }
            })
            .await?;
        let escrow = match &site.keys.escrow_public {
            None => None,
            Some(escrow) => {
                let sealed =
                    self.secret.wrap_escrow(mailbox_id, escrow, site.random.as_ref()).map_err(failed)?;
                Some(NewWrap { kind: WrapKind::Escrow, sealed })
            }
        };
        Ok(Rekey {
            old_public: old.public().to_bytes(),
            public_key: self.public.to_bytes(),
            address_sealed: site.keys.rows.seal(
                "address",
                &self.public.bound_to(mailbox_id),
                address.as_bytes(),
                site.random.as_ref(),
            ),
            keys,
            escrow,
        })
    }
}
