//! A key in a token, simulated by a key in this test's memory: signatures that openssl verifies, letters that the real worker
//! opens, a failing token, and that its use discloses nothing.

use std::sync::{Arc, Mutex};

use openssl::bn::BigNumContext;
use openssl::derive::Deriver;
use openssl::ec::{EcKey, EcPoint};
use openssl::ecdsa::EcdsaSig;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::{Padding, Rsa};
use openssl::sign::RsaPssSaltlen;
use sealpost_mail::Secret;
use sealpost_seal::{
    CloseError, Closing, Content, Form, KeyEncryption, Layer, Lends, NotOpened, OpenError, Opened, OwnKey,
    Profile, RecipientKey, Signature, SignatureVerdict, TokenError, TokenKey, TokenPublic, TokenSignature,
    Tokens, Transport, close, try_in_token,
};

use crate::lab::{self, now, open, run, text, trusted};

/// A token: one key, and a record of its use.
#[derive(Debug)]
struct Token {
    key: PKey<Private>,
    fails: Mutex<bool>,
    asked: Mutex<Vec<&'static str>>,
}

impl Token {
    fn rsa() -> Arc<Self> {
        Self::of(PKey::from_rsa(Rsa::generate(3072).unwrap()).unwrap())
    }

    fn curve(nid: Nid) -> Arc<Self> {
        let group = openssl::ec::EcGroup::from_curve_name(nid).unwrap();
        Self::of(PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap())
    }

    fn of(key: PKey<Private>) -> Arc<Self> {
        Arc::new(Self { key, fails: Mutex::new(false), asked: Mutex::default() })
    }

    fn own(&self) -> OwnKey {
        let place = TokenKey { token: "soft".to_owned(), id: vec![7], label: "ours".to_owned() };
        let holder = lab::holder("mail", "insurer.example");
        OwnKey::in_token(place, &self.public(), &holder, now(), 2, self).unwrap()
    }

    fn public(&self) -> TokenPublic {
        match (self.key.rsa(), self.key.ec_key()) {
            (Ok(rsa), _) => TokenPublic::Rsa { modulus: rsa.n().to_vec(), exponent: rsa.e().to_vec() },
            (_, Ok(key)) => {
                let form = openssl::ec::PointConversionForm::UNCOMPRESSED;
                let mut context = BigNumContext::new().unwrap();
                let point = key.public_key().to_bytes(key.group(), form, &mut context).unwrap();
                let curve: &[u8] = match key.group().curve_name() {
                    Some(Nid::X9_62_PRIME256V1) => &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
                    _ => &[6, 5, 0x2b, 0x81, 4, 0, 0x22],
                };
                // As in PKCS#11: in an OCTET STRING.
                let point = [&[4, u8::try_from(point.len()).unwrap()], point.as_slice()].concat();
                TokenPublic::Curve { curve: curve.to_vec(), point }
            }
            _ => unreachable!("no such key is made here"),
        }
    }

    fn asked(&self, what: &'static str) -> Result<(), TokenError> {
        self.asked.lock().unwrap().push(what);
        if *self.fails.lock().unwrap() {
            return Err(TokenError::Away { token: "soft".to_owned(), why: "it is in the drawer".to_owned() });
        }
        Ok(())
    }
}

impl Tokens for Token {
    fn sign(&self, _: &TokenKey, how: TokenSignature, digest: &[u8; 32]) -> Result<Vec<u8>, TokenError> {
        self.asked("sign")?;
        let mut context = PkeyCtx::new(&self.key).unwrap();
        context.sign_init().unwrap();
        let padding = match how {
            TokenSignature::RsaPkcs1 => Some(Padding::PKCS1),
            TokenSignature::RsaPss => Some(Padding::PKCS1_PSS),
            TokenSignature::Ecdsa => None,
        };
        if let Some(padding) = padding {
            context.set_rsa_padding(padding).unwrap();
        }
        context.set_signature_md(openssl::md::Md::sha256()).unwrap();
        if how == TokenSignature::RsaPss {
            context.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH).unwrap();
        }
        let mut signature = Vec::new();
        context.sign_to_vec(digest, &mut signature).unwrap();
        if how != TokenSignature::Ecdsa {
            return Ok(signature);
        }
        let length = i32::try_from(self.key.bits().div_ceil(8)).unwrap();
        let signature = EcdsaSig::from_der(&signature).unwrap();
        Ok([signature.r(), signature.s()].map(|number| number.to_vec_padded(length).unwrap()).concat())
    }

    fn decrypt(
        &self,
        _: &TokenKey,
        how: &KeyEncryption,
        encrypted: &[u8],
    ) -> Result<Option<Secret<Vec<u8>>>, TokenError> {
        self.asked("decrypt")?;
        match how {
            KeyEncryption::Pkcs1 => {
                let Some(block) = self.block(encrypted) else { return Ok(None) };
                // As in tokens without countermeasures to Bleichenbacher: removes the padding, with an error if it is invalid.
                let end = block.iter().skip(2).position(|byte| *byte == 0);
                Ok(match (block.starts_with(&[0, 2]), end) {
                    (true, Some(end)) if end >= 8 => Some(Secret::new(block[end + 3..].to_vec())),
                    _ => None,
                })
            }
            // As in SoftHSM, except for SHA-1.
            KeyEncryption::Oaep { .. } => {
                Err(TokenError::Unable { token: "soft".to_owned(), why: "an unknown hash".to_owned() })
            }
        }
    }

    fn raw(&self, _: &TokenKey, encrypted: &[u8]) -> Result<Option<Secret<Vec<u8>>>, TokenError> {
        self.asked("raw")?;
        Ok(self.block(encrypted).map(Secret::new))
    }

    fn agree(&self, _: &TokenKey, point: &[u8]) -> Result<Option<Secret<Vec<u8>>>, TokenError> {
        self.asked("agree")?;
        let own = self.key.ec_key().unwrap();
        let mut context = BigNumContext::new().unwrap();
        let point = EcPoint::from_bytes(own.group(), point, &mut context).unwrap();
        let peer = PKey::from_ec_key(EcKey::from_public_key(own.group(), &point).unwrap()).unwrap();
        let mut deriver = Deriver::new(&self.key).unwrap();
        deriver.set_peer(&peer).unwrap();
        Ok(Some(Secret::new(deriver.derive_to_vec().unwrap())))
    }

    fn renew(&self, _: &TokenKey) -> Result<(), TokenError> {
        self.asked("renew")
    }
}

impl Token {
    /// `None` for a number that is not below this key's modulus, as with data encrypted to another key: tokens refuse it.
    fn block(&self, encrypted: &[u8]) -> Option<Vec<u8>> {
        let rsa = self.key.rsa().unwrap();
        let mut block = vec![0; encrypted.len()];
        let length = rsa.private_decrypt(encrypted, &mut block, Padding::NONE).ok()?;
        block.truncate(length);
        Some(block)
    }
}

/// One key, and its token.
struct Lent(Arc<Token>, OwnKey);

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

/// Opens a letter with the token in the real worker.
fn opened(letter: &[u8], token: &Arc<Token>, own: &OwnKey) -> (Result<Opened, OpenError>, Vec<u8>) {
    let lent = Lent(Arc::clone(token), own.clone());
    let nobody: &[&OwnKey] = &[];
    let opening = sealpost_seal::Opening { own: &lent, ..lab::opening(&nobody, &[]) };
    let mut spool = Vec::new();
    let length = u64::try_from(letter.len()).unwrap();
    let opened = lab::runtime().block_on(lab::worker().open(letter, length, &opening, &mut spool));
    (opened, spool)
}

fn profiles() -> impl Iterator<Item = Profile> {
    [Form::Detached, Form::Opaque].into_iter().flat_map(|form| {
        [Profile::default(), Profile::bsi()].into_iter().map(move |profile| Profile { form, ..profile })
    })
}

#[test]
fn a_token_signs_in_every_form_what_openssl_and_we_verify() {
    let folder = lab::folder();
    for token in [Token::rsa(), Token::curve(Nid::X9_62_PRIME256V1), Token::curve(Nid::SECP384R1)] {
        let own = token.own();
        assert!(own.facts().self_issued, "its certificate verifies under its own key");
        let kept = own.to_bytes().unwrap();
        let own = OwnKey::from_bytes(kept.expose()).unwrap();
        assert_eq!(own.token().map(|place| place.label.as_str()), Some("ours"));
        assert!(!format!("{own:?}").contains("ours"));
        assert!(try_in_token(&own, &*token).is_empty(), "{:?}", try_in_token(&own, &*token));
        let request = own.signing_request(&lab::holder("mail", "insurer.example"), &*token).unwrap();
        run("openssl", &["req", "-verify", "-noout"], request.as_bytes()).unwrap();
        let certificate = folder.path().join("own.pem");
        std::fs::write(&certificate, own.public().to_text().unwrap()).unwrap();
        for profile in profiles() {
            for (name, letter) in lab::letters() {
                let closing = Closing {
                    sign_with: Some(&own),
                    to: &[],
                    tokens: &*token,
                    profile,
                    now: now(),
                    random: &sealpost_mail::SystemRandom,
                };
                let signed = close(&mut &letter[..], &closing, Vec::new()).unwrap().into_inner();
                let verify = ["cms", "-verify", "-purpose", "any", "-CAfile", text(&certificate)];
                let clear = run("openssl", &verify, &signed).unwrap();
                let last = letter.rsplit(|byte| *byte == b'\n').find(|line| line.len() > 3).unwrap();
                let ends = memchr::memmem::find(&clear, last.trim_ascii_end()).is_some();
                assert!(ends, "{name} {profile:?}");
                let (found, _) = open(&signed, &[], &[trusted(own.public())]);
                let [signature] = found.signatures.as_slice() else {
                    panic!("{name} {profile:?}: {found:?}")
                };
                let valid = matches!(signature.verdict, SignatureVerdict::Valid(_));
                assert!(valid, "{name} {profile:?}: {:?}", signature.verdict);
            }
        }
    }
}

#[test]
fn the_worker_opens_with_a_key_that_it_never_sees() {
    let letter = &lab::letters()[1].1;
    for token in [Token::rsa(), Token::curve(Nid::X9_62_PRIME256V1), Token::curve(Nid::SECP384R1)] {
        let own = token.own();
        for content in [Content::Aes256Cbc, Content::Aes256Gcm] {
            for transport in [Transport::Pkcs1, Transport::Oaep] {
                let profile = Profile { content, transport, ..Profile::default() };
                let closed = lab::closed(letter, None, std::slice::from_ref(own.public()), profile);
                token.asked.lock().unwrap().clear();
                let (found, clear) = opened(&closed, &token, &own);
                let found = found.unwrap();
                assert!(
                    matches!(found.layers.as_slice(), [Layer::Decrypted { .. }]),
                    "{profile:?}: {found:?}"
                );
                assert!(memchr::memmem::find(&clear, "Größe, Maß".as_bytes()).is_some(), "{profile:?}");
                let once = ["decrypt", "raw", "agree"]
                    .map(|what| token.asked.lock().unwrap().iter().filter(|asked| **asked == what).count());
                assert!(once.iter().all(|times| *times <= 1), "one errand a letter: {once:?}");
            }
        }
    }
}

#[test]
fn nobody_can_tell_a_padding_that_is_wrong_from_a_content_that_is() {
    let (token, other) = (Token::rsa(), Token::rsa());
    let own = token.own();
    let letter = &lab::letters()[0].1;
    for content in [Content::Aes256Cbc, Content::Aes256Gcm] {
        let profile = Profile { content, signature: Signature::Pkcs1, ..Profile::default() };
        let closed = lab::closed(letter, None, std::slice::from_ref(own.public()), profile);
        // A wrong content key with a valid padding, one that is too short, and no padding at all.
        let encrypt = |clear: &[u8], padding| {
            let rsa = token.key.rsa().unwrap();
            let mut to = vec![0; usize::try_from(rsa.size()).unwrap()];
            rsa.public_encrypt(clear, &mut to, padding).unwrap();
            to
        };
        let mut block = vec![1; 384];
        block[0] = 0;
        let wrong = [
            encrypt(&[9; 32], Padding::PKCS1),
            encrypt(&[9; 16], Padding::PKCS1),
            encrypt(&block, Padding::NONE),
        ];
        let found: Vec<(Vec<Layer>, Vec<&str>)> = wrong
            .iter()
            .map(|key| {
                token.asked.lock().unwrap().clear();
                let (found, clear) = opened(&with_key(&closed, key), &token, &own);
                assert!(clear.is_empty());
                (found.unwrap().layers, token.asked.lock().unwrap().clone())
            })
            .collect();
        for one in &found {
            assert!(matches!(one.0.as_slice(), [Layer::Closed { why: NotOpened::Tampered, .. }]), "{one:?}");
            assert_eq!(one, &found[0], "{content:?}");
            assert!(!one.1.contains(&"decrypt"), "a token takes longer where a padding is right: {one:?}");
        }
    }
    drop(other);
}

/// The letter with its encrypted content key replaced.
fn with_key(letter: &[u8], key: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::STANDARD;
    let head = &letter[..letter.len() - lab::body(letter).len()];
    let base64: Vec<u8> =
        lab::body(letter).iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let mut der = engine.decode(base64).unwrap();
    let at = der.windows(4).position(|tag| tag == [4, 0x82, 1, 0x80]).unwrap() + 4;
    der[at..at + key.len()].copy_from_slice(key);
    let lines = engine.encode(der);
    let lines: String = lines
        .as_bytes()
        .chunks(76)
        .map(|line| format!("{}\r\n", std::str::from_utf8(line).unwrap()))
        .collect();
    [head, lines.as_bytes()].concat()
}

#[test]
fn a_token_that_fails_is_no_verdict_on_a_letter() {
    for token in [Token::rsa(), Token::curve(Nid::X9_62_PRIME256V1)] {
        let own = token.own();
        let letter = &lab::letters()[0].1;
        let closed = lab::closed(letter, None, std::slice::from_ref(own.public()), Profile::default());
        *token.fails.lock().unwrap() = true;
        let (found, clear) = opened(&closed, &token, &own);
        assert!(matches!(found, Err(OpenError::Token(TokenError::Away { .. }))), "{found:?}");
        assert!(clear.is_empty());
        let closing = Closing {
            sign_with: Some(&own),
            to: &[],
            tokens: &*token,
            profile: Profile::default(),
            now: now(),
            random: &sealpost_mail::SystemRandom,
        };
        let error = close(&mut &letter[..], &closing, Vec::new()).unwrap_err();
        assert!(matches!(error, CloseError::Token(_)), "{error}");
        *token.fails.lock().unwrap() = false;
        assert!(opened(&closed, &token, &own).0.is_ok());
        // Another token's key in its place: nothing decrypts, because of the token.
        let another =
            if token.key.rsa().is_ok() { Token::rsa() } else { Token::curve(Nid::X9_62_PRIME256V1) };
        let (found, _) = opened(&closed, &another, &own);
        assert!(matches!(found, Err(OpenError::Token(_))), "{found:?}");
    }
}
