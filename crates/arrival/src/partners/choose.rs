//! Which partner's key a letter is encrypted to, and with which of ours it is signed, or why neither. Asks the store and
//! nothing else.

use sealpost_mail::{Address, Domain, Timestamp};
use sealpost_partner::{Book, Choice, Own, Partner, PartnerError, PartnerKey, Why};
use sealpost_seal::Method;

/// Both keys, or the reason that tells most.
#[derive(Debug)]
pub enum Chosen {
    /// With these.
    Keys {
        /// The partner.
        partner: Partner,
        /// Its key.
        key: Box<PartnerKey>,
        /// The id of ours.
        own: String,
    },
    /// With none.
    Nothing(Why),
}

/// For one recipient. `named`: the partner that the rule names; `from`: the domain whose letter it is.
///
/// # Errors
/// The store does not answer, or a row is not ours.
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
    // The newer of two that could sign.
    let signer = |method: Method| own.iter().rev().find(|own| own.public.signs(from, method, now));
    let can_sign = |method| signer(method).is_some();
    Ok(match sealpost_partner::choose(&found, recipient, &can_sign, now) {
        Choice::Nothing(why) => Chosen::Nothing(why),
        Choice::Use(partner, key) => match signer(key.key.method()) {
            None => Chosen::Nothing(Why::NoOwnKey(key.key.method())),
            Some(own) => Chosen::Keys {
                partner: partner.clone(),
                key: Box::new(key.clone()),
                own: own.public.id.clone(),
            },
        },
    })
}
