//! The field with the result of examining a letter from outside, and the tag in its subject: set by us alone. Imitations from
//! outside are removed. Knows no key.

use std::io;

use memchr::memmem;
use sealpost_mail::{Address, Head, Inside, Reply, Sealed};
use sealpost_seal::{
    Coverage, Distrust, FromMatch, Layer, NotOpened, Opened, SignatureFound, SignatureVerdict, Trust,
    Wholeness,
};

use super::blocking_io::Reading;
use super::protection::{Encryption, Protection, Signature};
use crate::context::Shared;
use crate::failure;
use crate::spool::Spooled;

/// The field's name.
const FIELD: &str = "X-Sealpost-Result";

/// Prefix of our fields' names, as letters and digits only, and as written: a reader that accepts `X_Sealpost-Result` must not find
/// it either.
const OURS: &str = "xsealpost";

/// What a letter must contain somewhere to need a worker process: the types of RFC 8551 and RFC 3156, and armour.
const CLOSED: [&[u8]; 5] =
    [b"pkcs7-", b"multipart/signed", b"multipart/encrypted", b"-----begin pgp", b"pgp-encrypted"];

/// Result of examining a letter.
pub(super) enum Outcome {
    /// The worker has examined it.
    Looked(Opened),
    /// It was not examined, for this reason.
    NotLooked(&'static str),
}

/// A head with the result.
pub(super) struct Marked {
    pub(super) head: Head,
    /// The same text without the address, for the log.
    pub(super) logged: String,
    pub(super) protection: Protection,
}

/// Without our fields, imitations of them, and our tag.
pub(super) fn without_ours(head: &Head, tag: Option<&str>) -> Head {
    let head = head.without_names_like(OURS);
    match tag {
        // Removed like a rule's tag: however it is typed. Characters that change the writing direction could produce one.
        Some(tag) => head.without_subject_like(tag),
        None => head,
    }
}

/// Whether it needs a worker.
pub(super) enum Look {
    /// Nothing in it is encrypted or signed.
    Open,
    /// Something is, or may be.
    Closed,
    /// It contains more than can be examined.
    Unknown,
}

/// What is plainly visible is found while reading. Otherwise the whole letter is examined, as for rules about its content:
/// encodings decoded, files, nested letters.
pub(super) async fn look(shared: &Shared, spooled: &Spooled) -> Result<Look, Reply> {
    if is_plainly_closed(spooled).await.map_err(failure::later)? {
        return Ok(Look::Closed);
    }
    let sealed = spooled.whole(shared).await?.look(|bytes| Inside::of(bytes).sealed).await?;
    Ok(if sealed.contains(&Sealed::Unknown) {
        Look::Unknown
    } else if sealed.is_empty() {
        Look::Open
    } else {
        Look::Closed
    })
}

/// Whether anything in it looks encrypted or signed. Reads all of it, chunk by chunk.
async fn is_plainly_closed(spooled: &Spooled) -> io::Result<bool> {
    let longest = CLOSED.iter().map(|sign| sign.len()).max().unwrap_or(1);
    let mut window = spooled.head.as_bytes().to_ascii_lowercase();
    let mut reading = Reading::of(spooled, b"").await?;
    loop {
        if CLOSED.iter().any(|sign| memmem::find(&window, sign).is_some()) {
            return Ok(true);
        }
        let Some(chunk) = reading.chunk().await? else { return Ok(false) };
        // What straddles two chunks.
        window.drain(..window.len().saturating_sub(longest));
        window.extend(chunk.iter().map(u8::to_ascii_lowercase));
    }
}

/// Adds the field at the top, and the tag if a partner's letter arrived encrypted and intact.
pub(super) fn mark(head: &Head, outcome: &Outcome, from: Option<&Address>, tag: Option<&str>) -> Marked {
    let opened = match outcome {
        Outcome::Looked(opened) => opened,
        Outcome::NotLooked(why) => {
            let logged = format!("encrypted=unknown; why={why}");
            let head = head.with_field(FIELD, &logged);
            let protection = Protection { encryption: Encryption::Unopened, signature: Signature::None };
            return Marked { head, logged, protection };
        }
    };
    let decrypted = opened.was_decrypted();
    let still_closed = opened.still_closed();
    let protection = protection(opened);
    let mut words: Vec<String> = Vec::new();
    match (decrypted, still_closed) {
        (true, None) => words.push("encrypted=yes".to_owned()),
        (true, Some(why)) => words.push(format!("encrypted=part; why={}", reason(why))),
        (false, Some(why)) => words.push(format!("encrypted=not-opened; why={}", reason(why))),
        (false, None) => words.push("encrypted=no".to_owned()),
    }
    words.extend(opened.layers.iter().find_map(cipher));
    match opened.wholeness {
        Wholeness::Plain => {}
        Wholeness::Authenticated => words.push("whole=yes".to_owned()),
        // EFAIL: it may have been modified in transit.
        Wholeness::Malleable => words.push("whole=unproven".to_owned()),
    }
    words.push(format!("signed={}", signature(opened)));
    let logged = words.join("; ");
    if let Some(signature) = opened.proven_sender() {
        // An address accepted by the strict parser, of a signer who was proven; for a company's key whose signature does not cover
        // From, only the company: in transit another of its people could have been put there.
        words.extend(from.map(|from| match opened.names_the_writer(signature) {
            true => format!("by={}", from.to_path()),
            false => format!("by={}", from.domain()),
        }));
        words
            .extend(signature.signer.as_ref().map(|key| format!("key={}", key.facts().fingerprint.to_hex())));
    }
    let found = words.join("; ");
    if protection == Protection::NONE {
        return Marked { head: head.clone(), logged, protection };
    }
    let head = head.with_field(FIELD, &found);
    let tagged = decrypted && still_closed.is_none() && protection.signature == Signature::Proven;
    let head = match tag.filter(|_| tagged) {
        Some(tag) => head.with_subject_tag(tag),
        None => head,
    };
    Marked { head, logged, protection }
}

fn protection(opened: &Opened) -> Protection {
    let encryption = match (opened.still_closed(), opened.wholeness) {
        (Some(_), _) => Encryption::Unopened,
        (None, Wholeness::Malleable) => Encryption::Malleable,
        (None, Wholeness::Plain | Wholeness::Authenticated) if opened.was_decrypted() => Encryption::Opened,
        (None, Wholeness::Plain | Wholeness::Authenticated) => Encryption::None,
    };
    let signature = match opened.proven_sender() {
        Some(_) => Signature::Proven,
        None if opened.signatures.is_empty() => Signature::None,
        None => Signature::Unproven,
    };
    Protection { encryption, signature }
}

fn cipher(layer: &Layer) -> Option<String> {
    match layer {
        Layer::Decrypted { method, cipher, .. } => Some(format!("method={method}; cipher={cipher}")),
        Layer::Closed { method, .. } => Some(format!("method={method}")),
        Layer::Signed { .. } | Layer::Compressed => None,
    }
}

fn reason(why: NotOpened) -> &'static str {
    match why {
        NotOpened::NoKey => "no-key",
        NotOpened::Tampered => "tampered",
        NotOpened::Algorithm => "algorithm",
        NotOpened::Malformed => "malformed",
        NotOpened::TooMuch => "too-much",
        NotOpened::Beside => "beside",
        NotOpened::ReachesOut => "reaches-out",
        NotOpened::Within => "within",
    }
}

/// One word for all signatures: the proven one, or what is wrong with the best of the others.
fn signature(opened: &Opened) -> &'static str {
    if opened.proven_sender().is_some() {
        return "valid";
    }
    let worth = |found: &SignatureFound| match (found.verdict, found.from, found.covers) {
        (SignatureVerdict::Valid(_), _, Coverage::Part) => "part",
        (SignatureVerdict::Valid(_), FromMatch::Mismatch | FromMatch::Unknown, Coverage::Whole) => {
            "other-sender"
        }
        (SignatureVerdict::Valid(trust), FromMatch::Address | FromMatch::Domain, Coverage::Whole) => {
            match trust {
                // `proven_sender` would have found it.
                Trust::Key | Trust::Partner => "valid",
                Trust::Chain => "chain",
                Trust::ChainWithoutList => "chain-without-list",
            }
        }
        (SignatureVerdict::Untrusted(Distrust::Revoked), _, _) => "revoked",
        (SignatureVerdict::Untrusted(Distrust::Suspended), _, _) => "suspended",
        (SignatureVerdict::Untrusted(Distrust::Expired), _, _) => "expired",
        (SignatureVerdict::Untrusted(Distrust::NoChain | Distrust::Usage), _, _) => "untrusted",
        (SignatureVerdict::UnknownSigner, _, _) => "unknown-signer",
        (SignatureVerdict::WeakAlgorithm, _, _) => "weak",
        (SignatureVerdict::Invalid, _, _) => "invalid",
    };
    let order = [
        "valid",
        "chain",
        "chain-without-list",
        "other-sender",
        "part",
        "untrusted",
        "suspended",
        "expired",
        "revoked",
        "unknown-signer",
        "weak",
        "invalid",
    ];
    let found: Vec<&str> = opened.signatures.iter().map(worth).collect();
    order.into_iter().find(|word| found.contains(word)).unwrap_or("no")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Head {
        Head::new(text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn nothing_that_looks_like_our_field_or_tag_stays() {
        let written = head(
            "X-Sealpost-Result: encrypted=yes; signed=valid\r\nx_sealpost_result: signed=valid\r\n\
             X-SealPost-Result : signed=valid\r\nX--Sealpost-Portal: authenticated\r\nX-Sealposts: x\r\n\
             Subject: Re: [ Sicher ] Hallo\r\nX-Other: y\r\n\r\n",
        );
        let clean = without_ours(&written, Some("[sicher]"));
        let names: Vec<&str> = clean.fields().map(|(name, _)| name).collect();
        assert_eq!(names, ["Subject", "X-Other"]);
        assert_eq!(clean.subject().as_deref(), Some("Re: Hallo"));
    }

    #[test]
    fn a_field_whose_name_only_looks_like_ours_goes_too() {
        for name in [
            "X-Se\u{430}lpost-Result",
            "\u{ff38}-Sealpost-Result",
            "X-Seal\u{200b}post-Result",
            "X Sealpost-Result",
            "X-Sea1post-Result",
        ] {
            let written =
                head(&format!("From: a@b.example\r\n{name}: signed=valid\r\n x\r\nTo: c@d.example\r\n\r\n"));
            let clean = without_ours(&written, None);
            assert_eq!(clean.as_bytes(), b"From: a@b.example\r\nTo: c@d.example\r\n\r\n", "{name}");
        }
        for filler in [" ".repeat(300), "\u{200b}".repeat(100)] {
            let written =
                head(&format!("X-Sealpost-Result{filler}: signed=valid\r\nTo: c@d.example\r\n\r\n"));
            assert_eq!(without_ours(&written, None).as_bytes(), b"To: c@d.example\r\n\r\n");
        }
        let other = head("X-Seal: x\r\nX-Sealpist: y\r\nX-Siegelpost: z\r\n\r\n");
        assert_eq!(without_ours(&other, None).as_bytes().len(), other.as_bytes().len());
    }

    #[test]
    fn nothing_that_is_shown_as_our_tag_stays() {
        for (subject, left) in [
            ("\u{202e}]eruces[\u{202c} Befund", "]eruces[ Befund"),
            ("\u{2067}\u{202e}]eruces[\u{202c}\u{2069} Befund", "]eruces[ Befund"),
            ("[\u{202e}eruces\u{202c}] Befund", "[eruces] Befund"),
            ("\u{202e}[secure]\u{202c} Befund", "Befund"),
            ("\u{2772}secure\u{2773} Befund", "Befund"),
            ("\u{3014}secure\u{3015} Befund", "Befund"),
            ("\u{3010}secure\u{3011} Befund", "Befund"),
            ("\u{27e6}secure\u{27e7} Befund", "Befund"),
            ("\u{5e9}\u{5dc}\u{5d5}\u{5dd} (7)\u{200f}", "\u{5e9}\u{5dc}\u{5d5}\u{5dd} (7)\u{200f}"),
        ] {
            let clean = without_ours(&head(&format!("Subject: {subject}\r\n\r\n")), Some("[secure]"));
            assert_eq!(clean.subject().as_deref(), Some(left), "{subject:?}");
        }
    }
}
