//! Content keys for the worker, which has no S/MIME key of ours: unwrapped in the parent, by keys in memory and in tokens, with
//! answers that do not disclose whether a padding was valid. Knows no letter.
//!
//! SECURITY: a padding oracle decrypts recorded letters with a million questions (Bleichenbacher; RFC 3218). So a key is always
//! returned: without one of the right length, a pseudo-random one, the same for the same question. A failing token must not look
//! like an invalid padding, nor the other way round: a failure to unwrap is only accepted after the token was tested with known
//! data.

use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{Id, PKey};
use openssl::sign::Signer;
use sealpost_mail::Secret;
use tokio::task::spawn_blocking;

use crate::error::OpenError;
use crate::key_facts::Method;
use crate::key_operations::{ContentKeyTask, MAX_LABEL, label};
use crate::lend::Lends;
use crate::open_result::{Layer, Opened};
use crate::own_key::OwnKey;
use crate::smime::certificate::library;
use crate::token::{KeyEncryption, TokenError, TokenKey};
use crate::token_decrypt::{agree, decrypt};
use crate::token_trial::{Trial, works};
use crate::worker_protocol::Errand;

/// Maximum length of a content key, in octets.
const MAX_CONTENT_KEY: usize = 32;

/// Derives substitute keys.
#[derive(Debug)]
pub(crate) struct Rejection(Secret<Vec<u8>>);

impl Rejection {
    pub(crate) fn new() -> Result<Self, ErrorStack> {
        let mut secret = vec![0; MAX_CONTENT_KEY];
        openssl::rand::rand_bytes(&mut secret)?;
        Ok(Self(Secret::new(secret)))
    }

    fn instead_of(&self, encrypted: &[u8], length: usize) -> Result<Secret<Vec<u8>>, ErrorStack> {
        let key = PKey::hmac(self.0.expose())?;
        let mut instead = Signer::new(MessageDigest::sha256(), &key)?.sign_oneshot_to_vec(encrypted)?;
        instead.truncate(length);
        Ok(Secret::new(instead))
    }
}

/// The requests of one letter.
pub(crate) struct Errands<'a> {
    own: &'a dyn Lends,
    rejection: &'a Rejection,
    /// Token keys that were used, and how. SECURITY: only requests that match the key, or the author of a letter could make the
    /// token's module restart.
    done: Vec<(Arc<OwnKey>, Trial)>,
}

impl<'a> Errands<'a> {
    pub(crate) fn new(own: &'a dyn Lends, rejection: &'a Rejection) -> Self {
        Self { own, rejection, done: Vec::new() }
    }

    /// The content key, or a substitute. `None`: the request is malformed, or its own check fails, which discloses no more than the
    /// letter's own check would.
    pub(crate) async fn run(&mut self, errand: Errand) -> Result<Option<Secret<Vec<u8>>>, OpenError> {
        let Some(own) = self.own.private(errand.at) else { return Ok(None) };
        match (own.token().cloned(), errand.task) {
            (_, ContentKeyTask::Decrypt { length, .. }) if length > MAX_CONTENT_KEY => Ok(None),
            (None, task) => self.in_memory(own, task).await,
            (Some(place), ContentKeyTask::Decrypt { how, encrypted, length }) => {
                Ok(Some(self.decrypt(own, place, how, encrypted, length).await?))
            }
            (Some(place), ContentKeyTask::Agree(agreement)) => {
                let public = own.public().certificate().and_then(|one| one.public_key().map_err(library));
                let Ok(public) = public else { return Ok(None) };
                // The letter names a key of another kind: anybody can see that it cannot be opened.
                if public.id() != Id::EC {
                    return Ok(None);
                }
                self.done.push((own, Trial::Agree));
                let (tokens, token) = (self.own.tokens(), place.token.clone());
                let agreed = spawn_blocking(move || agree(&*tokens, &place, &public, &agreement)).await;
                Ok(agreed.map_err(|_panicked| broke_off(token))??)
            }
        }
    }

    /// By a key in memory. It never fails itself: no test is needed afterwards.
    async fn in_memory(
        &self,
        own: Arc<OwnKey>,
        task: ContentKeyTask,
    ) -> Result<Option<Secret<Vec<u8>>>, OpenError> {
        let instead = match &task {
            ContentKeyTask::Decrypt { encrypted, length, .. } => {
                let instead = self.rejection.instead_of(encrypted, *length);
                Some((instead.map_err(|error| std::io::Error::other(error.to_string()))?, *length))
            }
            ContentKeyTask::Agree(_) => None,
        };
        let given = spawn_blocking(move || own.content_key(&task)).await;
        let given = given.map_err(|_panicked| std::io::Error::other("unwrapping a content key broke off"))?;
        Ok(match instead {
            Some((instead, length)) => given.filter(|given| given.expose().len() == length).or(Some(instead)),
            None => given,
        })
    }

    async fn decrypt(
        &mut self,
        own: Arc<OwnKey>,
        place: TokenKey,
        how: KeyEncryption,
        encrypted: Vec<u8>,
        length: usize,
    ) -> Result<Secret<Vec<u8>>, TokenError> {
        let (tokens, token) = (self.own.tokens(), place.token.clone());
        let instead = self.rejection.instead_of(&encrypted, length);
        let instead =
            instead.map_err(|error| TokenError::Unable { token: token.clone(), why: error.to_string() })?;
        let modulus = own.public().certificate().and_then(|one| one.public_key().map_err(library));
        let fits = modulus.is_ok_and(|key| key.id() == Id::RSA && key.size() == encrypted.len())
            && label(&how) <= MAX_LABEL;
        // Anybody can see that it does not match; the module is C code and only gets valid input.
        if !fits {
            return Ok(instead);
        }
        self.done.push((own, Trial::Decrypt(how.clone())));
        let given = spawn_blocking(move || decrypt(&*tokens, &place, &how, &encrypted, instead)).await;
        given.map_err(|_panicked| broke_off(token))?
    }

    /// Whether the result can be trusted: if something was not decrypted, every key that was used must still work.
    pub(crate) async fn believed(self, opened: &Opened) -> Result<(), OpenError> {
        let closed = |layer: &Layer| matches!(layer, Layer::Closed { method: Method::Smime, .. });
        if !opened.layers.iter().any(closed) {
            return Ok(());
        }
        for (own, trial) in self.done {
            let tokens = self.own.tokens();
            let tried = spawn_blocking(move || works(&own, &trial, &*tokens)).await;
            tried.map_err(|_panicked| std::io::Error::other("a token's module broke off"))??;
        }
        Ok(())
    }
}

fn broke_off(token: String) -> TokenError {
    TokenError::Away { token, why: "a call broke off".to_owned() }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use openssl::ec::{EcGroup, EcKey, PointConversionForm};
    use openssl::ecdsa::EcdsaSig;
    use openssl::nid::Nid;
    use openssl::pkey::Private;
    use openssl::pkey_ctx::PkeyCtx;
    use openssl::rsa::{Padding, Rsa};
    use sealpost_mail::{Address, Domain, Timestamp};

    use super::*;
    use crate::Holder;
    use crate::recipient_key::RecipientKey;
    use crate::smime::agreement::Agreement;
    use crate::token::{Sha, TokenPublic, TokenSignature, Tokens};

    /// A token that signs, and returns this for everything else.
    #[derive(Debug)]
    struct Fake {
        key: PKey<Private>,
        says: Result<(), TokenError>,
        asked: Mutex<Vec<&'static str>>,
    }

    type Given = Result<Option<Secret<Vec<u8>>>, TokenError>;

    impl Fake {
        fn of(key: PKey<Private>, says: Result<(), TokenError>) -> Arc<Self> {
            Arc::new(Self { key, says, asked: Mutex::default() })
        }

        fn rsa(says: Result<(), TokenError>) -> Arc<Self> {
            Self::of(PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap(), says)
        }

        fn curve() -> Arc<Self> {
            let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
            Self::of(PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap(), Ok(()))
        }

        fn own(&self) -> OwnKey {
            let domain = Domain::parse("insurer.example").unwrap();
            let address = Address::from_parts("mail", domain.clone()).unwrap();
            let (name, country) = ("Insurer".to_owned(), Some("DE".to_owned()));
            let holder = Holder { name, address, domain: Some(domain), country };
            let place = TokenKey { token: "soft".to_owned(), id: vec![7], label: "ours".to_owned() };
            let public = match self.key.rsa() {
                Ok(rsa) => TokenPublic::Rsa { modulus: rsa.n().to_vec(), exponent: rsa.e().to_vec() },
                Err(_) => {
                    let key = self.key.ec_key().unwrap();
                    let mut context = openssl::bn::BigNumContext::new().unwrap();
                    let form = PointConversionForm::UNCOMPRESSED;
                    let point = key.public_key().to_bytes(key.group(), form, &mut context).unwrap();
                    let point = [&[4, u8::try_from(point.len()).unwrap()], point.as_slice()].concat();
                    let curve = vec![6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
                    TokenPublic::Curve { curve, point }
                }
            };
            OwnKey::in_token(place, &public, &holder, Timestamp(1_790_000_000_000), 2, self).unwrap()
        }

        fn given(&self, what: &'static str) -> Given {
            self.asked.lock().unwrap().push(what);
            self.says.clone().map(|()| None)
        }
    }

    impl Tokens for Fake {
        fn sign(&self, _: &TokenKey, how: TokenSignature, digest: &[u8; 32]) -> Result<Vec<u8>, TokenError> {
            let mut context = PkeyCtx::new(&self.key).unwrap();
            context.sign_init().unwrap();
            if how != TokenSignature::Ecdsa {
                context.set_rsa_padding(Padding::PKCS1).unwrap();
            }
            context.set_signature_md(openssl::md::Md::sha256()).unwrap();
            let mut signature = Vec::new();
            context.sign_to_vec(digest, &mut signature).unwrap();
            if how != TokenSignature::Ecdsa {
                return Ok(signature);
            }
            let both = EcdsaSig::from_der(&signature).unwrap();
            Ok([both.r(), both.s()].map(|number| number.to_vec_padded(32).unwrap()).concat())
        }

        fn decrypt(&self, _: &TokenKey, _: &KeyEncryption, _: &[u8]) -> Given {
            self.given("decrypt")
        }

        fn raw(&self, _: &TokenKey, _: &[u8]) -> Given {
            self.given("raw")
        }

        fn agree(&self, _: &TokenKey, _: &[u8]) -> Given {
            self.given("agree")
        }

        fn renew(&self, _: &TokenKey) -> Result<(), TokenError> {
            self.asked.lock().unwrap().push("renew");
            Ok(())
        }
    }

    struct Lent(Arc<Fake>, OwnKey);

    impl Lends for Lent {
        fn recipients(&self) -> Vec<RecipientKey> {
            vec![RecipientKey::of(self.1.public())]
        }

        fn private(&self, _at: usize) -> Option<Arc<OwnKey>> {
            Some(Arc::new(self.1.clone()))
        }

        fn tokens(&self) -> Arc<dyn Tokens> {
            Arc::clone(&self.0) as Arc<dyn Tokens>
        }
    }

    #[test]
    fn a_task_that_does_not_fit_the_key_never_gets_to_the_token() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let rejection = Rejection::new().unwrap();
        let agree = || {
            let (point, wrapped) = (vec![4; 65], vec![1; 40]);
            ContentKeyTask::Agree(Agreement {
                point,
                hash: Sha::Sha256,
                wrap: 32,
                shared_info: vec![1],
                wrapped,
            })
        };
        let decrypt = |octets| {
            let encrypted = vec![1; octets];
            ContentKeyTask::Decrypt { how: KeyEncryption::Pkcs1, encrypted, length: 32 }
        };
        let (rsa, curve) = (Fake::rsa(Ok(())), Fake::curve());
        let of_curve = curve.key.size();
        for (token, task, is_given) in [
            (&rsa, agree(), false),
            (&rsa, decrypt(255), true),
            (&curve, decrypt(of_curve), true),
            (&curve, decrypt(256), true),
        ] {
            let lent = Lent(Arc::clone(token), token.own());
            let mut errands = Errands::new(&lent, &rejection);
            let given = runtime.block_on(errands.run(Errand { at: 0, task })).unwrap();
            assert_eq!(given.map(|key| key.expose().len()), is_given.then_some(32));
            assert!(errands.done.is_empty() && token.asked.lock().unwrap().is_empty());
        }
        let lent = Lent(Arc::clone(&rsa), rsa.own());
        let mut errands = Errands::new(&lent, &rejection);
        let given = runtime.block_on(errands.run(Errand { at: 0, task: decrypt(256) })).unwrap();
        assert_eq!(given.map(|key| key.expose().len()), Some(32));
        assert_eq!((errands.done.len(), rsa.asked.lock().unwrap().as_slice()), (1, &["raw", "decrypt"][..]));
    }

    #[test]
    fn a_wrong_padding_and_a_key_of_another_length_look_like_any_key() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let rejection = Rejection::new().unwrap();
        let domain = Domain::parse("insurer.example").unwrap();
        let address = Address::from_parts("mail", domain).unwrap();
        let holder = Holder { name: "Insurer".to_owned(), address, domain: None, country: None };
        let of = |kind| OwnKey::generate(kind, &holder, Timestamp(1_790_000_000_000), 2).unwrap();
        let (rsa, curve) = (of(crate::Kind::SmimeRsa3072), of(crate::Kind::SmimeP256));
        let public = rsa.public().certificate().unwrap().public_key().unwrap().rsa().unwrap();
        let mut right = vec![0; 384];
        public.public_encrypt(&[7; 32], &mut right, Padding::PKCS1).unwrap();
        let mut changed = right.clone();
        changed[383] ^= 1;
        let oaep = KeyEncryption::Oaep { digest: Sha::Sha256, mask: Sha::Sha256, label: Vec::new() };
        let own = [&rsa, &curve];
        let lent = own.as_slice();
        let mut errands = Errands::new(&lent, &rejection);
        let mut ask = |at, how: &KeyEncryption, encrypted: &[u8], length| {
            let task = ContentKeyTask::Decrypt { how: how.clone(), encrypted: encrypted.to_vec(), length };
            let key = runtime.block_on(errands.run(Errand { at, task })).unwrap();
            key.map(|key| key.expose().clone())
        };
        assert_eq!(ask(0, &KeyEncryption::Pkcs1, &right, 32), Some(vec![7; 32]));
        for (at, how, encrypted, length) in [
            (0, &KeyEncryption::Pkcs1, changed.as_slice(), 32),
            (0, &KeyEncryption::Pkcs1, right.as_slice(), 24),
            (0, &oaep, right.as_slice(), 32),
            (0, &KeyEncryption::Pkcs1, [1; 400].as_slice(), 16),
            (1, &KeyEncryption::Pkcs1, right.as_slice(), 32),
        ] {
            let given = ask(at, how, encrypted, length).unwrap();
            assert_eq!(given.len(), length);
            assert_ne!(given, vec![7; length]);
            assert_eq!(ask(at, how, encrypted, length).unwrap(), given, "the same for the same question");
        }
        assert_eq!(ask(0, &KeyEncryption::Pkcs1, &right, 33), None);
        assert_eq!(ask(2, &KeyEncryption::Pkcs1, &right, 32), None, "there is no third key");
    }

    #[test]
    fn only_a_token_that_is_away_or_does_something_else_is_renewed() {
        let (token, why) = ("soft".to_owned(), "x".to_owned());
        for (says, renews) in [
            (Ok(()), 1),
            (Err(TokenError::Away { token: token.clone(), why: why.clone() }), 1),
            (Err(TokenError::Unable { token: token.clone(), why: why.clone() }), 0),
            (Err(TokenError::Pin { token: token.clone(), why }), 0),
            (Err(TokenError::NoKey { token: token.clone(), key: "x".to_owned() }), 0),
            (Err(TokenError::Unknown { token }), 0),
        ] {
            let fake = Fake::rsa(says.clone());
            assert!(works(&fake.own(), &Trial::Decrypt(KeyEncryption::Pkcs1), &*fake).is_err());
            let asked = fake.asked.lock().unwrap();
            assert_eq!(asked.iter().filter(|what| **what == "renew").count(), renews, "{says:?}");
        }
    }
}
