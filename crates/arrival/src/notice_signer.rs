//! Signs notices with S/MIME, so that their readers' mail programs show who sent them (RFC 8551 §3.5.3). The text stays readable
//! for everybody. Knows no wording.

use std::sync::Arc;

use sealpost_mail::{Clock, Random};
use sealpost_seal::{Closed, Closing, HeaderProtection, NoTokens, OwnKey, Profile, close};

/// Signs notices with one key.
#[derive(Clone)]
pub struct NoticeSigner {
    /// The key, which names the notices' sender address.
    pub key: Arc<OwnKey>,
    /// Source of the current time.
    pub clock: Arc<dyn Clock>,
    /// Source of randomness.
    pub random: Arc<dyn Random>,
}

impl NoticeSigner {
    /// The letter as multipart/signed. If it cannot be signed (the certificate has expired) it is sent unsigned, and the log says
    /// so: otherwise its reader would not be notified.
    pub(crate) fn signed(&self, letter: Vec<u8>) -> Vec<u8> {
        let closing = Closing {
            sign_with: Some(&self.key),
            to: &[],
            // It is a file of this role's.
            tokens: &NoTokens,
            // Nothing is hidden, and a second head in the text would only be seen by programs that do not know it.
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
