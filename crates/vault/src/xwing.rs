//! X-Wing (draft-connolly-cfrg-xwing-kem) as HPKE wants it: opening is hpke's own, sealing, which every letter
//! pays for, is done by AWS-LC, three times as fast. Knows no format and keeps no key.
//!
//! ML-KEM's half of the randomness is AWS-LC's own, which lets nobody else give it. Both halves would have to
//! be foreseen to foresee a key.

use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey, X25519};
use aws_lc_rs::digest::{Context, SHA3_256};
use aws_lc_rs::kem::{EncapsulationKey, ML_KEM_768};
use hpke::kem::{Kem, SharedSecret, XWing as Opening};
use hpke::rand_core::CryptoRng;
use hpke::{Deserializable, HpkeError, Serializable};
use zeroize::Zeroizing;

/// ML-KEM-768's part of a public key; X25519's is the rest.
const ML_KEM: usize = 1184;
/// The last thing hashed (draft §5.3).
const LABEL: &[u8] = br"\.//^\";

/// The same KEM as hpke's, which its keys and what it makes can be given to.
pub(crate) struct XWing;

impl Kem for XWing {
    type PublicKey = <Opening as Kem>::PublicKey;
    type PrivateKey = <Opening as Kem>::PrivateKey;
    type EncappedKey = <Opening as Kem>::EncappedKey;
    type NSecret = <Opening as Kem>::NSecret;
    const KEM_ID: u16 = Opening::KEM_ID;

    fn sk_to_pk(sk: &Self::PrivateKey) -> Self::PublicKey {
        Opening::sk_to_pk(sk)
    }

    fn derive_keypair(ikm: &[u8]) -> (Self::PrivateKey, Self::PublicKey) {
        Opening::derive_keypair(ikm)
    }

    fn decap(
        sk: &Self::PrivateKey,
        sender: Option<&Self::PublicKey>,
        key: &Self::EncappedKey,
    ) -> Result<SharedSecret<Self>, HpkeError> {
        if sender.is_some() {
            return Err(HpkeError::DecapError);
        }
        let opened = Opening::decap(sk, None, key)?;
        let mut secret = SharedSecret::default();
        secret.0.copy_from_slice(&opened.0);
        Ok(secret)
    }

    /// Draft §5.4: both halves, then the combiner over both secrets and X25519's two public keys.
    fn encap_with_rng(
        pk: &Self::PublicKey,
        sender: Option<(&Self::PrivateKey, &Self::PublicKey)>,
        random: &mut impl CryptoRng,
    ) -> Result<(SharedSecret<Self>, Self::EncappedKey), HpkeError> {
        // X-Wing proves no sender.
        if sender.is_some() {
            return Err(HpkeError::EncapError);
        }
        let bytes = pk.to_bytes();
        let (pk_m, pk_x) = bytes.split_at_checked(ML_KEM).ok_or(HpkeError::EncapError)?;
        let (ct_m, ss_m) = EncapsulationKey::new(&ML_KEM_768, pk_m)
            .map_err(|_rejected| HpkeError::EncapError)?
            .encapsulate()
            .map_err(|_unspecified| HpkeError::EncapError)?;

        let mut seed = Zeroizing::new([0; 32]);
        random.fill_bytes(seed.as_mut());
        let ephemeral = PrivateKey::from_private_key(&X25519, seed.as_ref())
            .map_err(|_rejected| HpkeError::EncapError)?;
        let ct_x = ephemeral.compute_public_key().map_err(|_unspecified| HpkeError::EncapError)?;
        // A public key of small order gives zeros, which AWS-LC does not hand out: nobody has a key like that.
        let mut ss_x = Zeroizing::new([0; 32]);
        agreement::agree(
            &ephemeral,
            UnparsedPublicKey::new(&X25519, pk_x),
            HpkeError::EncapError,
            |secret| {
                secret
                    .try_into()
                    .map(|secret: &[u8; 32]| *ss_x = *secret)
                    .map_err(|_length| HpkeError::EncapError)
            },
        )?;

        let mut combiner = Context::new(&SHA3_256);
        for part in [ss_m.as_ref(), ss_x.as_ref(), ct_x.as_ref(), pk_x, LABEL] {
            combiner.update(part);
        }
        let mut secret = SharedSecret::default();
        secret.0.copy_from_slice(combiner.finish().as_ref());
        let key = Self::EncappedKey::from_bytes(&[ct_m.as_ref(), ct_x.as_ref()].concat())?;
        Ok((secret, key))
    }
}

#[cfg(test)]
mod tests {
    use hpke::rand_core::{TryCryptoRng, TryRng};
    use std::convert::Infallible;

    use super::*;

    struct Sevens;

    impl TryRng for Sevens {
        type Error = Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            Ok(7)
        }
        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            Ok(7)
        }
        fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
            out.fill(7);
            Ok(())
        }
    }

    impl TryCryptoRng for Sevens {}

    #[test]
    fn the_other_implementation_finds_the_same_secret() {
        for n in 0..20 {
            let (secret, public) = Opening::derive_keypair(&[n; 32]);
            let (here, key) = XWing::encap_with_rng(&public, None, &mut Sevens).unwrap();
            let there = Opening::decap(&secret, None, &key).unwrap();
            assert_eq!(here.0, there.0);
            let (again, _) = XWing::encap_with_rng(&public, None, &mut Sevens).unwrap();
            assert_ne!(here.0, again.0, "ML-KEM's half is new each time");
        }
    }

    #[test]
    fn a_sender_is_not_proved() {
        let (secret, public) = Opening::derive_keypair(&[1; 32]);
        assert!(XWing::encap_with_rng(&public, Some((&secret, &public)), &mut Sevens).is_err());
        let (_, key) = XWing::encap_with_rng(&public, None, &mut Sevens).unwrap();
        assert!(XWing::decap(&secret, Some(&public), &key).is_err());
    }

    #[test]
    fn an_x25519_key_of_small_order_is_refused() {
        let (_, public) = Opening::derive_keypair(&[1; 32]);
        let mut bytes = public.to_bytes();
        bytes[ML_KEM..].fill(0);
        let public = <XWing as Kem>::PublicKey::from_bytes(&bytes).unwrap();
        assert!(XWing::encap_with_rng(&public, None, &mut Sevens).is_err());
    }
}
