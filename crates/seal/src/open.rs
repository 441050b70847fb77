//! Opens a letter from the outside in: decrypts encrypted layers, judges signatures (trusted key, chain, revocation
//! lists), and leaves an ordinary letter under its own head. Runs in the worker only; knows no pipes and no storage.
//!
//! SECURITY: nothing is decrypted that is beside parts which anyone may have added (EFAIL: a mail program would show
//! them as one text and let one part exfiltrate the other). Of an inner head, only listed fields are taken over, and
//! only if the letter declares that it protects its head (RFC 9788).

use std::cell::OnceCell;

use sealpost_cms::{Cms, CmsKind};
use sealpost_mail::{Address, DetachedSignature, Head, Inside, Sealed, Timestamp};
use sequoia_openpgp::Cert;

use crate::assemble::assemble;
use crate::distrusted::Barred;
use crate::key_facts::Method;
use crate::lend::Keys;
use crate::mime::{ContentType, Entity, with_crlf};
use crate::open_result::{
    Coverage, FromMatch, Layer, NotOpened, Note, Opened, SignatureFound, Wholeness, Written,
};
use crate::opening::{DistrustedKey, Lists, Sender, TrustedKey};
use crate::smime::algorithm::Authenticates;
use crate::smime::chain::Anchors;
use crate::{inline, pgp, remote_content, smime};

mod signatures;

/// Nesting depth of layers and parts.
const MAX_DEPTH: usize = 8;

/// The parameters for opening a letter.
pub(crate) struct OpenParameters {
    pub(crate) trusted: Vec<TrustedKey>,
    pub(crate) distrusted: Vec<DistrustedKey>,
    pub(crate) roots: Vec<Vec<u8>>,
    pub(crate) crls: Vec<Vec<u8>>,
    pub(crate) lists: Lists,
    pub(crate) sender: Sender,
    pub(crate) now: Timestamp,
    /// Size limit of the result, in bytes.
    pub(crate) most: usize,
}

impl OpenParameters {
    /// The revocation lists to be checked.
    fn counting_lists(&self) -> &[Vec<u8>] {
        match self.lists {
            Lists::Require | Lists::WhenKnown => &self.crls,
            Lists::Off => &[],
        }
    }
}

/// The result, and the remaining letter if it differs.
pub(crate) fn open(letter: &[u8], asked: &OpenParameters, keys: &mut dyn Keys) -> (Opened, Option<Vec<u8>>) {
    let Some(entity) = Entity::parse(letter) else { return (nothing_found(), None) };
    let from = entity.head.from_address().ok().flatten();
    // Including distrusted ones: the signer of a signature is to be named, and that it is distrusted.
    let known = asked.trusted.iter().map(|one| &one.key);
    let certs: Vec<Cert> = known
        .chain(asked.distrusted.iter().map(|one| &one.key))
        .filter(|key| key.method() == Method::OpenPgp)
        .filter_map(|key| key.cert().ok())
        .collect();
    let mut found = Finding {
        asked,
        keys,
        from,
        certs,
        barred: Barred::of(&asked.distrusted),
        anchors: OnceCell::new(),
        layers: Vec::new(),
        signatures: Vec::new(),
        notes: Vec::new(),
        encrypted: Vec::new(),
    };
    let left = found.peel(&entity, Within { depth: 0, encrypted: false, covers: Coverage::Whole });
    // Every signature is judged: lists of many MiB, decoded, need not stay beside the letter that is put together.
    drop(found.anchors.take());
    let left = left.and_then(|left| assemble(&entity.head, &left, &mut found.notes));
    found.hold_against_from();
    found.look_within(left.as_deref().unwrap_or(letter));
    let mut letter = left;
    if found.wholeness() == Wholeness::Malleable && letter.as_deref().is_some_and(remote_content::reaches_out)
    {
        found.closes_again();
        letter = None;
    }
    let wholeness = found.wholeness();
    let written = match &letter {
        Some(letter) => Written::Letter(u64::try_from(letter.len()).unwrap_or(u64::MAX)),
        None => Written::Nothing,
    };
    let Finding { layers, signatures, notes, .. } = found;
    (Opened { layers, signatures, wholeness, written, notes }, letter)
}

fn nothing_found() -> Opened {
    Opened {
        layers: Vec::new(),
        signatures: Vec::new(),
        wholeness: Wholeness::Plain,
        written: Written::Nothing,
        notes: Vec::new(),
    }
}

/// The position of content in the letter.
#[derive(Clone, Copy)]
struct Within {
    depth: usize,
    /// Whether something around it was decrypted.
    encrypted: bool,
    /// Whether there is anything beside it.
    covers: Coverage,
}

impl Within {
    fn deeper(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

/// An encrypted layer: whether it is authenticated, and the number of signatures outside it.
struct Encrypted {
    authenticates: Authenticates,
    outside: usize,
}

struct Finding<'a> {
    asked: &'a OpenParameters,
    keys: &'a mut dyn Keys,
    from: Option<Address>,
    certs: Vec<Cert>,
    barred: Barred,
    anchors: OnceCell<Option<Anchors<'a>>>,
    layers: Vec<Layer>,
    signatures: Vec<SignatureFound>,
    notes: Vec<Note>,
    encrypted: Vec<Encrypted>,
}

impl Finding<'_> {
    /// The entity that replaces it, if it differs.
    fn peel(&mut self, entity: &Entity<'_>, within: Within) -> Option<Vec<u8>> {
        let content_type = entity.content_type();
        if within.depth > MAX_DEPTH {
            self.layers.push(Layer::Closed { method: Method::Smime, why: NotOpened::TooMuch });
            return None;
        }
        match content_type.essence.as_str() {
            _ if content_type.is_cms() => self.cms(entity, within),
            "multipart/signed" => self.multipart_signed(entity, &content_type, within),
            "multipart/encrypted" => self.multipart_encrypted(entity, &content_type, within),
            _ if content_type.is_multipart() => self.other_multipart(entity, within),
            "" | "text/plain" => self.text(entity, &content_type, within),
            _ => None,
        }
    }

    fn cms(&mut self, entity: &Entity<'_>, within: Within) -> Option<Vec<u8>> {
        let method = Method::Smime;
        let malformed = Layer::Closed { method, why: NotOpened::Malformed };
        let cms = entity.decoded().and_then(|der| Cms::from_der(&der).ok());
        let Some(cms) = cms else {
            self.layers.push(malformed);
            return None;
        };
        match cms.kind() {
            CmsKind::Enveloped | CmsKind::AuthEnveloped => {
                if within.covers == Coverage::Part {
                    self.layers.push(Layer::Closed { method, why: NotOpened::Beside });
                    return None;
                }
                let decrypted = smime::open::decrypt(&cms, self.keys, self.asked.most);
                drop(cms);
                match decrypted {
                    Err(why) => self.layers.push(Layer::Closed { method, why }),
                    Ok(decrypted) => {
                        let content = with_crlf(decrypted.content);
                        // A wrong key yields garbage: the library hides that it is wrong, so that it cannot be used as
                        // an oracle (Bleichenbacher).
                        if !is_entity(&content) {
                            self.layers.push(Layer::Closed { method, why: NotOpened::Tampered });
                            return None;
                        }
                        self.layers.push(Layer::Decrypted {
                            method,
                            cipher: decrypted.cipher,
                            transport: decrypted.transport,
                            by: decrypted.by,
                        });
                        return Some(self.inside(content, within, decrypted.authenticates));
                    }
                }
                None
            }
            CmsKind::Signed => self.opaque(cms, within),
            CmsKind::Compressed => {
                let content = smime::open::unfold(&cms, self.asked.most);
                match content.map(with_crlf) {
                    Ok(content) if is_entity(&content) => {
                        self.layers.push(Layer::Compressed);
                        Some(self.deeper(content, within.deeper()))
                    }
                    Ok(_) => {
                        self.layers.push(malformed);
                        None
                    }
                    Err(why) => {
                        self.layers.push(Layer::Closed { method, why });
                        None
                    }
                }
            }
            CmsKind::Other => {
                self.layers.push(malformed);
                None
            }
        }
    }

    /// A signature covers the inner From. If the outer one differs, it was changed in transit, or the signer uses two:
    /// the signature counts for neither.
    fn hold_against_from(&mut self) {
        if self.notes.contains(&Note::OtherFromInside) {
            self.signatures.iter_mut().for_each(|found| found.from = FromMatch::Mismatch);
        }
    }

    /// Discards the result: what was found inside says nothing about the letter as it is passed on.
    fn closes_again(&mut self) {
        let outside = self.encrypted.iter().map(|layer| layer.outside).min().unwrap_or(0);
        self.signatures.truncate(outside);
        let opened = |layer: &Layer| match layer {
            Layer::Decrypted { method, .. } => Some(*method),
            Layer::Closed { .. } | Layer::Signed { .. } | Layer::Compressed => None,
        };
        let first = self.layers.iter().enumerate().find_map(|(at, layer)| Some((at, opened(layer)?)));
        if let Some((at, method)) = first {
            self.layers.truncate(at);
            self.layers.push(Layer::Closed { method, why: NotOpened::ReachesOut });
        }
        self.encrypted.clear();
        self.notes.clear();
    }

    /// Searches the resulting letter for encrypted content that was not opened: in files, in embedded letters, under
    /// false names, in other encodings. With the model that rules use, which assumes every reading.
    fn look_within(&mut self, shown: &[u8]) {
        let is_closed = |layer: &Layer| matches!(layer, Layer::Closed { .. });
        if self.layers.iter().any(is_closed) {
            return;
        }
        for sealed in Inside::of(shown).sealed {
            let (method, why) = match sealed {
                Sealed::Smime => (Method::Smime, NotOpened::Within),
                Sealed::OpenPgp => (Method::OpenPgp, NotOpened::Within),
                Sealed::Unknown => (Method::Smime, NotOpened::TooMuch),
                Sealed::Signed => continue,
            };
            self.layers.push(Layer::Closed { method, why });
        }
    }

    /// The content of an encrypted layer, opened further.
    fn inside(&mut self, content: Vec<u8>, within: Within, authenticates: Authenticates) -> Vec<u8> {
        self.encrypted.push(Encrypted { authenticates, outside: self.signatures.len() });
        self.deeper(content, Within { encrypted: true, ..within.deeper() })
    }

    fn deeper(&mut self, content: Vec<u8>, within: Within) -> Vec<u8> {
        let left = Entity::parse(&content).and_then(|entity| self.peel(&entity, within));
        left.unwrap_or(content)
    }

    fn opaque(&mut self, mut cms: Cms, within: Within) -> Option<Vec<u8>> {
        let method = Method::Smime;
        let verified = match smime::open::verify(&mut cms, None, self.asked.most) {
            Ok(verified) => verified,
            Err(why) => {
                self.layers.push(Layer::Closed { method, why });
                return None;
            }
        };
        drop(cms);
        // Only certificates: nothing is signed.
        if verified.signers.is_empty() {
            return None;
        }
        let content = with_crlf(verified.content);
        self.smime_signed(verified.signers, verified.strangers, within.covers);
        if !is_entity(&content) || within.covers == Coverage::Part {
            return None;
        }
        Some(self.deeper(content, within.deeper()))
    }

    fn multipart_signed(
        &mut self,
        entity: &Entity<'_>,
        content_type: &ContentType,
        within: Within,
    ) -> Option<Vec<u8>> {
        let parts = entity.parts().unwrap_or_default();
        let types: Vec<String> = parts.iter().map(|part| essence(part)).collect();
        let kind = DetachedSignature::of_multipart(content_type.parameter("protocol"), &types);
        let (Some(kind), [signed, signature]) = (kind, parts.as_slice()) else {
            // RFC 1847 §2.1: exactly two. A third would be unsigned and displayed beside signed content.
            if parts.len() != 2 {
                self.note(Note::PartsBeside);
            }
            return self.other_multipart(entity, within);
        };
        let signature = Entity::parse(signature).and_then(|signature| signature.decoded());
        let signature = signature.unwrap_or_default();
        match kind {
            DetachedSignature::Smime => {
                let verified = Cms::from_der(&signature)
                    .map_err(|_cms| NotOpened::Malformed)
                    .and_then(|mut cms| smime::open::verify(&mut cms, Some(signed), self.asked.most));
                match verified {
                    Ok(verified) if !verified.signers.is_empty() => {
                        self.smime_signed(verified.signers, verified.strangers, within.covers);
                    }
                    Ok(_) | Err(_) => self.broken(Method::Smime, within.covers),
                }
            }
            DetachedSignature::OpenPgp => {
                match pgp::open::verify_detached(&signature, signed, &self.certs, self.asked.now) {
                    Ok(signers) if !signers.is_empty() => self.pgp_signed(signers, within.covers),
                    Ok(_) | Err(_) => self.broken(Method::OpenPgp, within.covers),
                }
            }
        }
        let inner = Entity::parse(signed)?;
        match self.peel(&inner, within.deeper()) {
            Some(left) => Some(left),
            // Inside decrypted content, the signature has served its purpose; content that was never encrypted stays
            // unchanged.
            None if within.encrypted && within.covers == Coverage::Whole => Some(signed.to_vec()),
            None => None,
        }
    }

    fn multipart_encrypted(
        &mut self,
        entity: &Entity<'_>,
        content_type: &ContentType,
        within: Within,
    ) -> Option<Vec<u8>> {
        let parts = entity.parts();
        let Some([_control, data]) = parts.as_deref() else {
            self.layers.push(Layer::Closed { method: Method::OpenPgp, why: NotOpened::Malformed });
            return None;
        };
        if !content_type.parameter_is("protocol", "application/pgp-encrypted") {
            self.layers.push(Layer::Closed { method: Method::OpenPgp, why: NotOpened::Algorithm });
            return None;
        }
        self.pgp_entity(data, within)
    }

    /// A part that contains an OpenPGP message, which contains an entity.
    fn pgp_entity(&mut self, data: &[u8], within: Within) -> Option<Vec<u8>> {
        let message = Entity::parse(data).and_then(|data| data.decoded()).unwrap_or_default();
        let content = with_crlf(self.pgp_decrypted(&message, within)?);
        if !is_entity(&content) {
            self.layers.push(Layer::Closed { method: Method::OpenPgp, why: NotOpened::Malformed });
            return None;
        }
        Some(self.inside(content, within, Authenticates::Yes))
    }

    fn pgp_decrypted(&mut self, message: &[u8], within: Within) -> Option<Vec<u8>> {
        let method = Method::OpenPgp;
        if within.covers == Coverage::Part {
            self.layers.push(Layer::Closed { method, why: NotOpened::Beside });
            return None;
        }
        let OpenParameters { now, most, .. } = self.asked;
        match pgp::open::decrypt(message, self.keys, &self.certs, *now, *most) {
            Err(why) => {
                self.layers.push(Layer::Closed { method, why });
                None
            }
            Ok(message) => {
                let by = message.by.unwrap_or_else(|| crate::key_facts::Fingerprint::new(Vec::new()));
                self.layers.push(Layer::Decrypted {
                    method,
                    cipher: message.cipher,
                    transport: "OpenPGP".to_owned(),
                    by,
                });
                if !message.signers.is_empty() {
                    self.pgp_signed(message.signers, within.covers);
                }
                Some(message.content)
            }
        }
    }

    /// Parts side by side. Exchange's form of PGP/MIME: an empty text, the control part, the message.
    fn other_multipart(&mut self, entity: &Entity<'_>, within: Within) -> Option<Vec<u8>> {
        let parts = entity.parts()?;
        if let Some(data) = inline::mangled_by_exchange(&parts) {
            return self.pgp_entity(data, within);
        }
        let mut beside = false;
        for part in &parts {
            let before = (self.layers.len(), self.signatures.len());
            if let Some(part) = Entity::parse(part) {
                let left = self.peel(&part, Within { covers: Coverage::Part, ..within.deeper() });
                debug_assert!(left.is_none(), "parts beside others are never taken apart");
            }
            beside |= before != (self.layers.len(), self.signatures.len());
        }
        if beside {
            self.note(Note::PartsBeside);
        }
        None
    }

    /// OpenPGP within a text (no standard, widely used).
    fn text(&mut self, entity: &Entity<'_>, content_type: &ContentType, within: Within) -> Option<Vec<u8>> {
        let text = entity.decoded()?;
        match inline::of(&text) {
            inline::Inline::None => None,
            inline::Inline::Message(message) => {
                let plain = self.pgp_decrypted(message, within)?;
                self.encrypted
                    .push(Encrypted { authenticates: Authenticates::Yes, outside: self.signatures.len() });
                Some(inline::as_text_part(&plain, content_type))
            }
            inline::Inline::Signed { message, whole } => {
                let covers = if whole { within.covers } else { Coverage::Part };
                match pgp::open::verify_clear(message, &self.certs, self.asked.now) {
                    Ok((_text, signers)) if !signers.is_empty() => self.pgp_signed(signers, covers),
                    Ok(_) | Err(_) => self.broken(Method::OpenPgp, covers),
                }
                if !whole {
                    self.note(Note::PartsBeside);
                }
                None
            }
        }
    }
}

/// The type of a part (RFC 2045 §5.2).
fn essence(part: &[u8]) -> String {
    Entity::parse(part).map(|part| part.content_type().essence).unwrap_or_default()
}

/// Whether these bytes begin like an entity: with a field, or with the empty line of one without fields.
fn is_entity(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"\r\n") {
        return true;
    }
    let end = Head::split(bytes).unwrap_or(bytes.len());
    let head = bytes.get(..end).and_then(|head| Head::new(head.to_vec()).ok());
    head.is_some_and(|head| head.fields().next().is_some() && !head.has_lines_without_field())
}

#[cfg(test)]
#[path = "open_tests.rs"]
mod tests;
