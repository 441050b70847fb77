//! X-Wing (draft-connolly-cfrg-xwing-kem) in the form that HPKE needs, by AWS-LC: sealing, which every letter needs and
//! which is three times as fast as in Rust, and opening, which a whole mailbox needs at its activation. Knows no
//! format.
//!
//! ML-KEM's half of the randomness is AWS-LC's own, which cannot be supplied from outside. To predict a key, both
//! halves would have to be predicted.

use std::sync::Arc;

use aws_lc_rs::agreement::{self, UnparsedPublicKey, X25519};
use aws_lc_rs::digest::{Context, SHA3_256};
use aws_lc_rs::kem::{Ciphertext, DecapsulationKey, EncapsulationKey, ML_KEM_768};
use hpke::kem::{Kem, SharedSecret, XWing as Opening};
use hpke::rand_core::CryptoRng;
use hpke::{Deserializable, HpkeError, Serializable};
use ml_kem::{KeyExport, MlKem768};
use shake::{ExtendableOutput, Shake256, Update, XofReader};
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, Zeroizing};

/// ML-KEM-768's part of a public key; X25519's is the rest.
const ML_KEM: usize = 1184;
/// ML-KEM-768's part of an encapsulated key; X25519's is the rest.
const ML_KEM_SEALED: usize = 1088;
/// ML-KEM's part of an expanded seed; X25519's is the rest.
const ML_KEM_SEED: usize = 64;
/// The last thing hashed (draft §5.3).
const LABEL: &[u8] = br"\.//^\";

/// The same KEM as hpke's, with compatible keys and outputs.
pub(crate) struct XWing;

/// A secret key with both halves in AWS-LC's form: expanded once, not for every letter.
#[derive(Clone)]
pub(crate) struct PrivateKey(Arc<Halves>);

struct Halves {
    seed: Zeroizing<[u8; 32]>,
    ml_kem: DecapsulationKey,
    x25519: agreement::PrivateKey,
    public: <Opening as Kem>::PublicKey,
    public_x: Vec<u8>,
}

impl Halves {
    /// Draft §5.2.
    fn expand(seed: [u8; 32]) -> Result<Self, HpkeError> {
        let seed = Zeroizing::new(seed);
        let mut expanded = Zeroizing::new([0; ML_KEM_SEED + 32]);
        let mut shake = Shake256::default();
        shake.update(seed.as_ref());
        shake.finalize_xof().read(expanded.as_mut());
        let (seed_m, seed_x) = expanded.split_at(ML_KEM_SEED);

        let seed_m = seed_m.try_into().map_err(|_length| HpkeError::ValidationError)?;
        let key_m = ml_kem::DecapsulationKey::<MlKem768>::from_seed(seed_m);
        let ml_kem = for_aws_lc(&key_m)?;
        let x25519 = agreement::PrivateKey::from_private_key(&X25519, seed_x)
            .map_err(|_rejected| HpkeError::ValidationError)?;
        let public_x = x25519.compute_public_key().map_err(|_unspecified| HpkeError::ValidationError)?;
        let public_x = public_x.as_ref().to_vec();
        let public = [key_m.encapsulation_key().to_bytes().as_slice(), &public_x].concat();
        let public = <Opening as Kem>::PublicKey::from_bytes(&public)?;
        Ok(Self { seed, ml_kem, x25519, public, public_x })
    }
}

#[expect(deprecated, reason = "AWS-LC takes the expanded form of FIPS 203, and no seed")]
fn for_aws_lc(key: &ml_kem::DecapsulationKey<MlKem768>) -> Result<DecapsulationKey, HpkeError> {
    use ml_kem::ExpandedKeyEncoding as _;
    let mut expanded = key.to_expanded_bytes();
    let taken = DecapsulationKey::new(&ML_KEM_768, &expanded);
    expanded.as_mut_slice().zeroize();
    taken.map_err(|_rejected| HpkeError::ValidationError)
}

impl Serializable for PrivateKey {
    type OutputSize = <<Opening as Kem>::PrivateKey as Serializable>::OutputSize;

    fn write_exact(&self, buf: &mut [u8]) {
        buf.copy_from_slice(self.0.seed.as_ref());
    }
}

impl Deserializable for PrivateKey {
    fn from_bytes(seed: &[u8]) -> Result<Self, HpkeError> {
        let seed = seed.try_into().map_err(|_length| HpkeError::ValidationError)?;
        Halves::expand(seed).map(Arc::new).map(Self)
    }
}

impl ConstantTimeEq for PrivateKey {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.seed.as_ref().ct_eq(other.0.seed.as_ref())
    }
}

impl Kem for XWing {
    type PublicKey = <Opening as Kem>::PublicKey;
    type PrivateKey = PrivateKey;
    type EncappedKey = <Opening as Kem>::EncappedKey;
    type NSecret = <Opening as Kem>::NSecret;
    const KEM_ID: u16 = Opening::KEM_ID;

    fn sk_to_pk(sk: &Self::PrivateKey) -> Self::PublicKey {
        sk.0.public.clone()
    }

    #[expect(clippy::expect_used, reason = "what hpke derives is 32 bytes, and every 32 bytes are a key")]
    fn derive_keypair(ikm: &[u8]) -> (Self::PrivateKey, Self::PublicKey) {
        let (secret, public) = Opening::derive_keypair(ikm);
        let mut seed = secret.to_bytes();
        let secret = PrivateKey::from_bytes(&seed).expect("32 bytes");
        seed.as_mut_slice().zeroize();
        (secret, public)
    }

    /// Draft §5.5: both halves, then the combiner. What was sealed to another key yields another secret, not an error.
    fn decap(
        sk: &Self::PrivateKey,
        sender: Option<&Self::PublicKey>,
        key: &Self::EncappedKey,
    ) -> Result<SharedSecret<Self>, HpkeError> {
        if sender.is_some() {
            return Err(HpkeError::DecapError);
        }
        let bytes = key.to_bytes();
        let (ct_m, ct_x) = bytes.split_at_checked(ML_KEM_SEALED).ok_or(HpkeError::DecapError)?;
        let ss_m =
            sk.0.ml_kem.decapsulate(Ciphertext::from(ct_m)).map_err(|_unspecified| HpkeError::DecapError)?;
        let ss_x = agreed(&sk.0.x25519, ct_x, HpkeError::DecapError)?;
        Ok(combined(ss_m.as_ref(), &ss_x, ct_x, &sk.0.public_x))
    }

    /// Draft §5.4: both halves, then the combiner over both secrets and X25519's two public keys.
    fn encap_with_rng(
        pk: &Self::PublicKey,
        sender: Option<(&Self::PrivateKey, &Self::PublicKey)>,
        random: &mut impl CryptoRng,
    ) -> Result<(SharedSecret<Self>, Self::EncappedKey), HpkeError> {
        // X-Wing does not authenticate a sender.
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
        let ephemeral = agreement::PrivateKey::from_private_key(&X25519, seed.as_ref())
            .map_err(|_rejected| HpkeError::EncapError)?;
        let ct_x = ephemeral.compute_public_key().map_err(|_unspecified| HpkeError::EncapError)?;
        let ss_x = agreed(&ephemeral, pk_x, HpkeError::EncapError)?;
        let secret = combined(ss_m.as_ref(), &ss_x, ct_x.as_ref(), pk_x);
        let key = Self::EncappedKey::from_bytes(&[ct_m.as_ref(), ct_x.as_ref()].concat())?;
        Ok((secret, key))
    }
}

/// A public key of small order yields zeros, which AWS-LC does not return: no mailbox has such a key.
fn agreed(
    private: &agreement::PrivateKey,
    public: &[u8],
    error: HpkeError,
) -> Result<Zeroizing<[u8; 32]>, HpkeError> {
    let mut secret = Zeroizing::new([0; 32]);
    agreement::agree(private, UnparsedPublicKey::new(&X25519, public), error, |agreed| {
        agreed.try_into().map(|agreed: &[u8; 32]| *secret = *agreed).map_err(|_length| error)
    })?;
    Ok(secret)
}

/// Both secrets and X25519's two public keys (draft §5.3).
fn combined(ss_m: &[u8], ss_x: &[u8; 32], ct_x: &[u8], pk_x: &[u8]) -> SharedSecret<XWing> {
    let mut combiner = Context::new(&SHA3_256);
    for part in [ss_m, ss_x, ct_x, pk_x, LABEL] {
        combiner.update(part);
    }
    let mut secret = SharedSecret::default();
    secret.0.copy_from_slice(combiner.finish().as_ref());
    secret
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
            let (ours, same) = XWing::derive_keypair(&[n; 32]);
            assert!(
                public == same && XWing::sk_to_pk(&ours) == public && ours.to_bytes() == secret.to_bytes()
            );
            let (here, key) = XWing::encap_with_rng(&public, None, &mut Sevens).unwrap();
            let there = Opening::decap(&secret, None, &key).unwrap();
            assert_eq!(here.0, there.0);
            assert_eq!(XWing::decap(&ours, None, &key).unwrap().0, there.0);
            let (again, _) = XWing::encap_with_rng(&public, None, &mut Sevens).unwrap();
            assert_ne!(here.0, again.0, "ML-KEM's half is new each time");
        }
    }

    #[test]
    fn a_sender_is_not_proved() {
        let (secret, public) = XWing::derive_keypair(&[1; 32]);
        assert!(XWing::encap_with_rng(&public, Some((&secret, &public)), &mut Sevens).is_err());
        let (_, key) = XWing::encap_with_rng(&public, None, &mut Sevens).unwrap();
        assert!(XWing::decap(&secret, Some(&public), &key).is_err());
    }

    /// Implicit rejection (FIPS 203 §7.3): both compute the same, useless value.
    #[test]
    fn what_was_sealed_to_another_key_opens_to_the_same_nonsense() {
        let (secret, _) = Opening::derive_keypair(&[1; 32]);
        let (ours, _) = XWing::derive_keypair(&[1; 32]);
        let (_, other) = XWing::derive_keypair(&[2; 32]);
        let (sealed, key) = XWing::encap_with_rng(&other, None, &mut Sevens).unwrap();
        let found = XWing::decap(&ours, None, &key).unwrap();
        assert_eq!(found.0, Opening::decap(&secret, None, &key).unwrap().0);
        assert_ne!(found.0, sealed.0);
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
