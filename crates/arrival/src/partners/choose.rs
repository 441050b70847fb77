//! Chooses the partner's key that a letter is encrypted to, and our key that signs it, or says why there is none. Reads
//! the store and nothing else.

use sealpost_mail::{Address, Domain, Timestamp};
use sealpost_partner::{
    Book, Choice, Own, Partner, PartnerError, PartnerKey, PartnerWithKeys, Standing, Why,
};
use sealpost_seal::Method;

/// Both keys, or the most informative reason.
#[derive(Debug)]
pub enum Chosen {
    /// The copy is encrypted with these keys.
    Keys {
        /// The partner of the recipient.
        partner: Partner,
        /// The partner's key.
        key: Box<PartnerKey>,
        /// Id of our key.
        own: String,
    },
    /// No key can be used.
    Nothing(Why),
}

/// For one recipient. `named`: the partner named by the rule; `from`: the sender's domain.
///
/// # Errors
/// The store did not answer, or a row is not ours.
pub async fn choose(
    book: &Book<'_>,
    own: &[Own],
    named: Option<&str>,
    recipient: &Address,
    from: &Domain,
    now: Timestamp,
) -> Result<Chosen, PartnerError> {
    let found = match named {
        Some(name) => book.named(name).await?,
        None => book.of(recipient).await?,
    };
    let Some(found) = found else { return Ok(Chosen::Nothing(Why::NoPartner)) };
    Ok(of(&found, own, recipient, from, now))
}

/// The same for a test letter: also for a partner to which nothing else is encrypted yet.
#[must_use]
pub fn choose_for_test(
    found: &PartnerWithKeys,
    own: &[Own],
    recipient: &Address,
    from: &Domain,
    now: Timestamp,
) -> Chosen {
    let standing = match found.partner.standing {
        Standing::Waiting | Standing::Active => Standing::Active,
        Standing::Suspended => Standing::Suspended,
    };
    let found = PartnerWithKeys { partner: Partner { standing, ..found.partner.clone() }, ..found.clone() };
    of(&found, own, recipient, from, now)
}

fn of(found: &PartnerWithKeys, own: &[Own], recipient: &Address, from: &Domain, now: Timestamp) -> Chosen {
    // The newer of two that could sign.
    let signer = |method: Method| own.iter().rev().find(|own| own.public.signs(from, method, now));
    let can_sign = |method| signer(method).is_some();
    match sealpost_partner::choose(found, recipient, &can_sign, now) {
        Choice::Nothing(why) => Chosen::Nothing(why),
        Choice::Use(partner, key) => match signer(key.key.method()) {
            None => Chosen::Nothing(Why::NoOwnKey(key.key.method())),
            Some(own) => Chosen::Keys {
                partner: partner.clone(),
                key: Box::new(key.clone()),
                own: own.public.id.clone(),
            },
        },
    }
}
