//! Our own keys whose private half is in a token: generated there, or adopted with their certificate. Stores
//! none; knows no store.

use std::path::Path;

use sealpost_mail::{Domain, Random as _, SystemRandom, Timestamp};
use sealpost_partner::Own;
use sealpost_seal::{Holder, Kind, OwnKey};
use sealpost_store::OwnKeyState;
use sealpost_token::{FoundKey, NewKey, Pkcs11Tokens};

use super::partner::context::CommandError;

/// Where the private half is, if not in the store.
#[derive(Debug, clap::Args)]
pub(crate) struct InToken {
    /// A configured token ([[token]]): the private half is generated there and never leaves it.
    #[arg(long)]
    pub(super) token: Option<String>,
    /// The label of the key pair in the token.
    #[arg(long, requires = "token")]
    pub(super) label: Option<String>,
}

/// Subject and validity of a self-signed certificate.
pub(super) struct SelfSigned<'a> {
    pub(super) holder: &'a Holder,
    pub(super) now: Timestamp,
    pub(super) years: u32,
}

impl SelfSigned<'_> {
    fn key(&self, found: &FoundKey, tokens: &Pkcs11Tokens) -> Result<OwnKey, CommandError> {
        let Self { holder, now, years } = *self;
        Ok(OwnKey::in_token(found.key.clone(), &found.public, holder, now, years, tokens)?)
    }
}

/// Generates a key pair in the token, with a self-signed certificate.
pub(super) fn make(
    tokens: &Pkcs11Tokens,
    token: &str,
    label: Option<&str>,
    kind: Kind,
    domain: &Domain,
    certificate: &SelfSigned<'_>,
) -> Result<OwnKey, CommandError> {
    let unlike = SystemRandom.id();
    let some = format!("sealpost {domain} {}", unlike.get(..8).unwrap_or_default());
    let made = tokens.generate(token, label.unwrap_or(&some), new_key(kind)?, &SystemRandom)?;
    let key = certificate.key(&made, tokens);
    if key.is_err() {
        // Otherwise it would be left there without a known purpose.
        tokens.remove(&made.key)?;
    }
    key
}

/// Adopts a key pair in the token, with a self-signed certificate.
pub(super) fn take_over(
    tokens: &Pkcs11Tokens,
    token: &str,
    label: &str,
    known: &[Own],
    certificate: &SelfSigned<'_>,
) -> Result<OwnKey, CommandError> {
    let found = tokens.find(token, label)?;
    // One key pair in two rows would be retired in one of them and stay in use in the other.
    let is_it = |own: &&Own| own.key.token() == Some(&found.key) && own.public.state == OwnKeyState::Current;
    match known.iter().find(is_it) {
        None => certificate.key(&found, tokens),
        Some(own) => Err(CommandError::Wrong(format!(
            "this key pair is in use already, as {}",
            own.key.facts().fingerprint
        ))),
    }
}

/// Adopts a key pair in the token, with the certificate in this file.
pub(super) fn bring(
    tokens: &Pkcs11Tokens,
    token: &str,
    label: Option<&str>,
    file: &Path,
) -> Result<OwnKey, CommandError> {
    let label = label.ok_or_else(|| {
        CommandError::Wrong(
            "which key pair? give --label; `pkcs11-tool --list-objects` shows them".to_owned(),
        )
    })?;
    let issued =
        std::fs::read(file).map_err(|source| CommandError::File { file: file.to_owned(), source })?;
    let found = tokens.find(token, label)?;
    OwnKey::certified_in_token(found.key, &found.public, &issued)
        .map_err(|source| CommandError::Key { file: file.to_owned(), source })
}

/// Removes a key pair that was generated and not kept.
pub(super) fn undo(tokens: &Pkcs11Tokens, key: &OwnKey) -> Result<(), CommandError> {
    match key.token() {
        Some(place) => Ok(tokens.remove(place)?),
        None => Ok(()),
    }
}

fn new_key(kind: Kind) -> Result<NewKey, CommandError> {
    match kind {
        Kind::SmimeRsa3072 => Ok(NewKey::Rsa(3072)),
        Kind::SmimeRsa4096 => Ok(NewKey::Rsa(4096)),
        Kind::SmimeP256 => Ok(NewKey::P256),
        Kind::SmimeP384 => Ok(NewKey::P384),
        Kind::OpenPgpCurve25519 | Kind::OpenPgpRsa3072 | Kind::OpenPgpRsa4096 => Err(CommandError::Wrong(
            "private OpenPGP keys stay in the store, sealed under the server key, and are not used from a token (decision \
             0054): where the key must lie in hardware, exchange S/MIME with the partner (--kind smime-rsa-3072); else leave \
             out --token"
                .to_owned(),
        )),
    }
}
