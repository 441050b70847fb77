//! An S/MIME signature under notices, so that their readers' mail programs say whose they are (RFC 8551 §3.5.3). The text stays
//! readable for everybody. Knows no wording.

use std::sync::Arc;

use sealpost_mail::{Clock, Random};
use sealpost_seal::{Closed, Closing, HeaderProtection, NoTokens, OwnKey, Profile, close};

/// Signs notices with one key.
#[derive(Clone)]
pub struct NoticeSigner {
    /// The key, which names the address that notices are from.
    pub key: Arc<OwnKey>,
    /// Source of the present time.
    pub clock: Arc<dyn Clock>,
    /// Source of randomness.
    pub random: Arc<dyn Random>,
}

impl NoticeSigner {
    /// The letter as multipart/signed. One that cannot be signed (the certificate has ended) goes as it is, and the log says so:
    /// without it its reader would learn of nothing.
    pub(crate) fn signed(&self, letter: Vec<u8>) -> Vec<u8> {
        let closing = Closing {
            sign_with: Some(&self.key),
            to: &[],
            // It is a file of this role's.
            tokens: &NoTokens,
            // Nothing is hidden, and a second head in the text would only be seen by programs that do not know what it is.
            profile: Profile { headers: HeaderProtection::Off, ..Profile::default() },
            now: self.clock.now(),
            random: &*self.random,
        };
        match close(&mut letter.as_slice(), &closing, Vec::new()).map(Closed::into_inner) {
            Ok(signed) => signed,
            Err(error) => {
                tracing::error!(%error, "a notice goes without a signature");
                letter
            }
        }
    }
}
