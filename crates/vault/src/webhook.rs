//! The secrets of webhooks, which prove to a receiver that a message is ours. Made by the operator, not part
//! of the key hierarchy.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// Minimum length in bytes; a shorter one could be guessed (Standard Webhooks: 24 to 64 bytes).
const MIN_SECRET: usize = 24;

/// One secret.
#[derive(Clone)]
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

impl WebhookSecret {
    /// From its text: base64, with or without the prefix `whsec_`. `None`: it is invalid, or shorter than 24
    /// bytes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = Zeroizing::new(STANDARD.decode(text.strip_prefix("whsec_").unwrap_or(text)).ok()?);
        (bytes.len() >= MIN_SECRET).then_some(Self(bytes))
    }

    /// `v1,` and the HMAC-SHA-256 over these parts, concatenated, in base64.
    #[must_use]
    pub fn signature(&self, parts: &[&[u8]]) -> String {
        let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &self.0));
        parts.iter().for_each(|part| mac.update(part));
        format!("v1,{}", STANDARD.encode(mac.sign().as_ref()))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example in the Standard Webhooks specification.
    #[test]
    fn the_published_example_is_signed_as_published() {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let parts: [&[u8]; 5] =
            [b"msg_p5jXN8AQM9LWM0D4loKWxJek", b".", b"1614265330", b".", br#"{"test": 2432232314}"#];
        assert_eq!(secret.signature(&parts), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_short_or_odd_secret_is_none() {
        for text in ["", "whsec_", "whsec_c2hvcnQ=", "not base64 at all, but long enough to be one"] {
            assert!(WebhookSecret::parse(text).is_none(), "{text}");
        }
    }
}
