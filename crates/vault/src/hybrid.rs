//! HPKE (RFC 9180, base mode) with X-Wing, HKDF-SHA-256 and AES-256-GCM: this file and `xwing` alone name
//! hpke. What a seal is bound to goes into `info`, which is part of the key derivation; HPKE's associated
//! data is empty, so that libraries without that parameter can open it.

use std::convert::Infallible;
use std::sync::OnceLock;

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::Kem;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, OpModeR, OpModeS, Serializable};
use sealpost_mail::Random;

use crate::error::VaultError;
use crate::primitive::{Key, TAG, bind};
use crate::sealed_header::Format;
use crate::xwing::{PrivateKey, XWing};

/// Length of a public key.
pub(crate) const PUBLIC: usize = 1216;
/// Length of an encapsulated key.
pub(crate) const ENCAPSULATED: usize = 1120;

/// Adapts our randomness to hpke's interface.
struct Feed<'a>(&'a dyn Random);

impl TryRng for Feed<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Feed<'_> {}

/// An X-Wing public key, checked.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Public(<XWing as Kem>::PublicKey);

/// An X-Wing secret key: 32 bytes, expanded when first used (draft-connolly-cfrg-xwing-kem §5.2). A session that shows a
/// list uses none.
#[derive(Clone)]
pub(crate) struct Private {
    seed: Key,
    expanded: OnceLock<PrivateKey>,
}

impl Private {
    pub(crate) fn new(seed: Key) -> Self {
        Self { seed, expanded: OnceLock::new() }
    }

    #[expect(
        clippy::expect_used,
        reason = "every 32 bytes are an X-Wing key, and the length is right by type"
    )]
    fn expanded(&self) -> &PrivateKey {
        self.expanded.get_or_init(|| PrivateKey::from_bytes(self.seed.expose()).expect("32 bytes"))
    }

    pub(crate) fn seed(&self) -> &Key {
        &self.seed
    }

    pub(crate) fn public(&self) -> Public {
        Public(XWing::sk_to_pk(self.expanded()))
    }

    /// Opens what [`Public::seal`] sealed for this format and these bounds.
    pub(crate) fn open(
        &self,
        format: Format,
        fields: &[u8],
        bound: &[&str],
        encapsulated: &[u8; ENCAPSULATED],
        sealed: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        let damaged = VaultError::Damaged(format.name());
        let key = <XWing as Kem>::EncappedKey::from_bytes(encapsulated).map_err(|_malformed| damaged)?;
        let info = info(format, fields, bound);
        hpke::single_shot_open::<AesGcm256, HkdfSha256, XWing>(
            &OpModeR::Base,
            self.expanded(),
            &key,
            &info,
            sealed,
            &[],
        )
        .map_err(|_does_not_hold| damaged)
    }
}

impl Public {
    pub(crate) fn from_bytes(bytes: &[u8; PUBLIC]) -> Option<Self> {
        <XWing as Kem>::PublicKey::from_bytes(bytes).ok().map(Self)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes().to_vec()
    }

    /// magic ‖ version ‖ `fields` ‖ encapsulated key ‖ sealed.
    pub(crate) fn seal(
        &self,
        format: Format,
        fields: &[u8],
        bound: &[&str],
        plain: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, VaultError> {
        let (key, sealed) = hpke::single_shot_seal_with_rng::<AesGcm256, HkdfSha256, XWing>(
            &OpModeS::Base,
            &self.0,
            &info(format, fields, bound),
            plain,
            &[],
            &mut Feed(random),
        )
        .map_err(|_no_key_or_no_memory| VaultError::Unsealable(format.name()))?;
        let mut out = format.begin(fields.len() + ENCAPSULATED + plain.len() + TAG);
        out.extend_from_slice(fields);
        out.extend_from_slice(&key.to_bytes());
        out.extend_from_slice(&sealed);
        Ok(out)
    }
}

/// label, header fields as in the bytes, then the bounds.
fn info(format: Format, fields: &[u8], bound: &[&str]) -> Vec<u8> {
    let mut info = format.begin(64);
    info.extend_from_slice(fields);
    bind(&mut info, &[format.label()]);
    bind(&mut info, bound);
    info
}
