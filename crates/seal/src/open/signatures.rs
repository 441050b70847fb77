//! Judges the signatures found in a letter, and whether encrypted content is authentic: trusted key, chain, revocation
//! lists, and the letter's From. Parses nothing.

use openssl::x509::X509;
use sealpost_mail::Address;

use super::{Finding, OpenParameters};
use crate::error::KeyError;
use crate::judge::{Objection, Purpose, judge};
use crate::key_facts::{Fingerprint, Method};
use crate::open_result::{
    Coverage, Distrust, FromMatch, Layer, Note, SignatureFound, SignatureVerdict, SpeaksFor, Trust, Wholeness,
};
use crate::opening::{Lists, Sender, TrustedKey};
use crate::partner_key::PartnerKey;
use crate::pgp::open::Signer as PgpSigner;
use crate::smime::algorithm::{Authenticates, Strength};
use crate::smime::certificate::fingerprint;
use crate::smime::chain::{self, Anchors};
use crate::smime::chain_verdict::ChainVerdict;
use crate::smime::decoded_lists::DecodedLists;
use crate::smime::open::Signer;

/// Maximum number of signatures judged.
const MAX_SIGNATURES: usize = 32;

impl Finding<'_> {
    pub(super) fn broken(&mut self, method: Method, covers: Coverage) {
        self.layers.push(Layer::Signed { method, covers });
        self.push(SignatureFound {
            method,
            verdict: SignatureVerdict::Invalid,
            signer: None,
            signer_id: None,
            from: FromMatch::Unknown,
            covers,
            algorithm: "an unknown algorithm".to_owned(),
        });
    }

    pub(super) fn smime_signed(&mut self, signers: Vec<Signer>, strangers: usize, covers: Coverage) {
        self.layers.push(Layer::Signed { method: Method::Smime, covers });
        if strangers > 0 {
            self.note(Note::StrangersCertificates(strangers));
        }
        // Signatures that are not kept are not judged either: chains and lists cost more than anything else here.
        let left = MAX_SIGNATURES.saturating_sub(self.signatures.len());
        for signer in signers.into_iter().take(left) {
            let key = signer
                .certificate
                .as_ref()
                .and_then(|certificate| self.signer_key(certificate, &signer.between).ok())
                .map(|key| key.with_capabilities(&signer.capabilities));
            let verdict = self.smime_verdict(&signer, key.as_ref());
            let from = self.whose(key.as_ref(), verdict);
            let algorithm = signer.algorithm;
            let method = Method::Smime;
            self.push(SignatureFound {
                method,
                verdict,
                signer: key,
                signer_id: None,
                from,
                covers,
                algorithm,
            });
        }
    }

    /// A certificate that came along. What the operator knows says the same of itself again, and costs as much as its signature.
    fn signer_key(&self, certificate: &X509, between: &[X509]) -> Result<PartnerKey, KeyError> {
        let fingerprint = fingerprint(certificate)?;
        match self.known(&fingerprint) {
            Some(known) if known.method() == Method::Smime => known.with_chain(between),
            Some(_) | None => PartnerKey::of_certificate(certificate, between),
        }
    }

    fn smime_verdict(&self, signer: &Signer, key: Option<&PartnerKey>) -> SignatureVerdict {
        let (Some(certificate), Some(key)) = (&signer.certificate, key) else {
            return SignatureVerdict::UnknownSigner;
        };
        if signer.strength == Strength::Broken {
            return SignatureVerdict::WeakAlgorithm;
        }
        if !signer.holds {
            return SignatureVerdict::Invalid;
        }
        let barred = self.barred.certificate(key.facts(), certificate);
        if let Some(why) = self.stays_barred(barred, Some(key)) {
            return SignatureVerdict::Untrusted(why);
        }
        if let Some(distrust) = distrust(&judge(key.facts(), Purpose::Sign, None, self.asked.now)) {
            return SignatureVerdict::Untrusted(distrust);
        }
        let trusted_key = self.trusted(key);
        let trusted = trusted_key.is_some();
        let lists = self.asked.lists;
        if trusted && self.asked.counting_lists().is_empty() {
            return SignatureVerdict::Valid(Trust::Key);
        }
        // Without them revocation cannot be checked.
        let Some(anchors) = self.anchors() else { return SignatureVerdict::Untrusted(Distrust::NoChain) };
        // A list applies without a chain: a thief would omit the certificates that lead to it.
        if trusted && anchors.lists().have(certificate) {
            return SignatureVerdict::Untrusted(Distrust::Revoked);
        }
        let mut between = signer.between.clone();
        let kept = trusted_key.map(|trusted| trusted.key.chain()).unwrap_or_default();
        between.extend(kept.iter().filter_map(|der| openssl::x509::X509::from_der(der).ok()));
        let chain = chain::check(certificate, &between, anchors);
        let chain = chain.unwrap_or(ChainVerdict::Broken);
        match (chain, trusted, lists) {
            // A key that the operator trusted long ago may have been revoked by its authority since.
            (ChainVerdict::Revoked, _, _) => SignatureVerdict::Untrusted(Distrust::Revoked),
            (_, true, _) => SignatureVerdict::Valid(Trust::Key),
            (ChainVerdict::Broken, false, _) => SignatureVerdict::Untrusted(Distrust::NoChain),
            (ChainVerdict::Holds, false, _)
            | (ChainVerdict::NoRevocationList, false, Lists::WhenKnown | Lists::Off)
            | (ChainVerdict::StaleList, false, Lists::Off) => SignatureVerdict::Valid(self.by_chain(key)),
            (ChainVerdict::NoRevocationList, false, Lists::Require)
            | (ChainVerdict::StaleList, false, Lists::Require | Lists::WhenKnown) => {
                SignatureVerdict::Valid(Trust::ChainWithoutList)
            }
        }
    }

    /// Roots and lists, loaded for the first signature: most letters have none. `None`: the library's error.
    fn anchors(&self) -> Option<&Anchors<'_>> {
        let asked = self.asked;
        let read = || {
            let lists = DecodedLists::of(asked.counting_lists());
            Anchors::new(&asked.roots, lists, asked.now).ok()
        };
        self.anchors.get_or_init(read).as_ref()
    }

    /// How a signer with an accepted chain is trusted: an authority has verified an address, and knows no partners.
    fn by_chain(&self, key: &PartnerKey) -> Trust {
        let names = |from: &Address| key.facts().names(from) || key.facts().domains.contains(from.domain());
        match self.asked.sender {
            Sender::Partner if self.from.as_ref().is_some_and(names) => Trust::Partner,
            Sender::Partner | Sender::Stranger => Trust::Chain,
        }
    }

    pub(super) fn pgp_signed(&mut self, signers: Vec<PgpSigner>, covers: Coverage) {
        self.layers.push(Layer::Signed { method: Method::OpenPgp, covers });
        for signer in signers {
            // As it is known: to read it anew would be to check every signature of its own once more.
            let key = signer.of.and_then(|of| self.known(&Fingerprint::new(of.as_bytes()))).cloned();
            let barred = self.barred.openpgp(key.as_ref(), signer.made_by.as_ref());
            let verdict = match (signer.verdict, self.stays_barred(barred, key.as_ref())) {
                (SignatureVerdict::Valid(_) | SignatureVerdict::Untrusted(_), Some(why)) => {
                    SignatureVerdict::Untrusted(why)
                }
                (verdict, _) => verdict,
            };
            let from = self.whose(key.as_ref(), verdict);
            self.push(SignatureFound {
                method: Method::OpenPgp,
                verdict,
                signer: key,
                signer_id: signer.id,
                from,
                covers,
                algorithm: signer.algorithm,
            });
        }
    }

    fn push(&mut self, found: SignatureFound) {
        if self.signatures.len() < MAX_SIGNATURES {
            self.signatures.push(found);
        }
    }

    pub(super) fn note(&mut self, note: Note) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// A key distrusted for one partner may be in use with another; a revoked or expired one is so for all.
    fn stays_barred(&self, barred: Option<Distrust>, key: Option<&PartnerKey>) -> Option<Distrust> {
        match barred? {
            Distrust::Suspended if key.is_some_and(|key| self.trusted(key).is_some()) => None,
            why @ (Distrust::Suspended
            | Distrust::Revoked
            | Distrust::Expired
            | Distrust::NoChain
            | Distrust::Usage) => Some(why),
        }
    }

    /// A key that the operator knows, whatever he thinks of it.
    fn known(&self, fingerprint: &Fingerprint) -> Option<&PartnerKey> {
        let OpenParameters { trusted, distrusted, .. } = self.asked;
        let mut known = trusted.iter().map(|one| &one.key).chain(distrusted.iter().map(|one| &one.key));
        known.find(|key| key.facts().fingerprint == *fingerprint)
    }

    fn trusted(&self, key: &PartnerKey) -> Option<&TrustedKey> {
        let fingerprint = &key.facts().fingerprint;
        self.asked.trusted.iter().find(|trusted| trusted.key.facts().fingerprint == *fingerprint)
    }

    /// CVE-2026-27445, CVE-2026-2746: a signature only speaks for the key's owner.
    fn whose(&self, key: Option<&PartnerKey>, verdict: SignatureVerdict) -> FromMatch {
        let (Some(key), Some(from)) = (key, &self.from) else { return FromMatch::Unknown };
        if key.facts().names(from) {
            return FromMatch::Address;
        }
        if verdict == SignatureVerdict::Valid(Trust::Partner) {
            return FromMatch::Domain;
        }
        match self.trusted(key).map(|trusted| &trusted.speaks_for) {
            Some(SpeaksFor::Domain(domain)) if domain == from.domain() => FromMatch::Domain,
            Some(SpeaksFor::Address(address)) if address == from => FromMatch::Address,
            Some(SpeaksFor::Domain(_) | SpeaksFor::Address(_) | SpeaksFor::ItsAddresses) | None => {
                FromMatch::Mismatch
            }
        }
    }

    pub(super) fn wholeness(&self) -> Wholeness {
        if self.encrypted.is_empty() {
            return Wholeness::Plain;
        }
        let whole = |at: usize, found: &SignatureFound, outside: usize| {
            let holds = match found.verdict {
                SignatureVerdict::Valid(_) | SignatureVerdict::Untrusted(_) => true,
                SignatureVerdict::Invalid
                | SignatureVerdict::WeakAlgorithm
                | SignatureVerdict::UnknownSigner => false,
            };
            // Inside, the signer had the text before it was encrypted. Outside, anyone can sign what he has changed:
            // also a partner, another organisation's letter.
            holds && at >= outside && found.covers == Coverage::Whole
        };
        let every = self.encrypted.iter().all(|layer| {
            layer.authenticates == Authenticates::Yes
                || self.signatures.iter().enumerate().any(|(at, found)| whole(at, found, layer.outside))
        });
        if every { Wholeness::Authenticated } else { Wholeness::Malleable }
    }
}

/// Why a signer with these objections is not trusted.
fn distrust(objections: &[Objection]) -> Option<Distrust> {
    objections.first().map(|objection| match objection {
        Objection::Expired | Objection::NotYetValid => Distrust::Expired,
        Objection::Revoked => Distrust::Revoked,
        Objection::WeakKey
        | Objection::WeakHash
        | Objection::WrongUsage
        | Objection::Authority
        | Objection::AddressMismatch
        | Objection::DomainMismatch
        | Objection::UnreadableName => Distrust::Usage,
    })
}
