//! CMS (RFC 5652) as far as it can be read without a key: the content of an opaque signature or a compressed
//! body. Verifies nothing. Reads BER as it is sent: indefinite lengths, constructed strings.

use std::io::Read;

use flate2::read::ZlibDecoder;

use crate::transfer;

/// Nesting depth of constructed strings.
const MAX_PIECES: usize = 16;
/// A body that is compressed by more than this factor was not made by a mail program.
const MAX_GROWTH: usize = 20;
const MIN_ROOM: usize = 1024 * 1024;

/// What it is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cms {
    /// Signed, digested, or compressed, with its content and whether that is MIME (id-data).
    Open {
        /// The content, decoded.
        content: Vec<u8>,
    },
    /// A detached signature, or certificates only.
    Detached,
    /// Encrypted: nothing in it can be read without a key.
    Encrypted,
}

const PKCS_7: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07];
const SMIME_CT: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01];

/// `None`: damaged, of an unknown kind, or larger than `most` bytes when decoded.
pub(crate) fn read(bytes: &[u8], most: usize) -> Option<Cms> {
    match armoured(bytes) {
        Some(inner) => read_der(&inner, most),
        None => read_der(bytes, most),
    }
}

/// Whether it looks like CMS, whatever it is called.
pub(crate) fn is_cms(bytes: &[u8]) -> bool {
    let armour: [&[u8]; 3] =
        [b"-----BEGIN CMS-----", b"-----BEGIN PKCS7-----", b"-----BEGIN PKCS #7 SIGNED DATA-----"];
    if armour.iter().any(|line| bytes.trim_ascii_start().starts_with(line)) {
        return true;
    }
    content_type(bytes).is_some_and(|oid| oid.starts_with(PKCS_7) || oid.starts_with(SMIME_CT))
}

/// What damaged CMS would be if it could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// Signed, digested or compressed: readable without a key.
    Open,
    /// Encrypted: readable only with a key.
    Encrypted,
    /// Its first octets do not say so.
    Unknown,
}

/// Classifies truncated or damaged CMS by its first octets.
pub(crate) fn beginning(bytes: &[u8]) -> Beginning {
    let text = bytes.trim_ascii_start();
    let encoded = if text.starts_with(b"-----BEGIN ") {
        memchr::memchr(b'\n', text).and_then(|end| text.get(end..)).unwrap_or_default()
    } else if text.starts_with(b"M") {
        text
    } else {
        b""
    };
    let decoded = transfer::base64_lenient(encoded.get(..2 * START).unwrap_or(encoded));
    let kind = [bytes, &decoded].into_iter().find_map(|bytes| outer(content_type(bytes)?));
    match kind {
        Some(Outer::Data | Outer::Wrapping(_)) => Beginning::Open,
        Some(Outer::Encrypted) => Beginning::Encrypted,
        None => Beginning::Unknown,
    }
}

/// The type is within this many octets.
const START: usize = 64;

/// The type of a ContentInfo (RFC 5652 §3); its beginning is enough.
fn content_type(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.get(..START).unwrap_or(bytes).strip_prefix(&[0x30])?;
    length(&mut rest)?;
    element(&mut rest).filter(|kind| kind.tag == 6).map(|kind| kind.body)
}

enum Outer {
    Data,
    Wrapping(Kind),
    Encrypted,
}

fn outer(oid: &[u8]) -> Option<Outer> {
    match (oid.strip_prefix(PKCS_7), oid.strip_prefix(SMIME_CT)) {
        (Some([1]), _) => Some(Outer::Data),
        (Some([2]), _) => Some(Outer::Wrapping(Kind::Signed)),
        (Some([5]), _) => Some(Outer::Wrapping(Kind::Digested)),
        (Some([3 | 4 | 6]), _) | (_, Some([23])) => Some(Outer::Encrypted),
        (_, Some([9])) => Some(Outer::Wrapping(Kind::Compressed)),
        (_, Some([2])) => Some(Outer::Wrapping(Kind::Authenticated)),
        _ => None,
    }
}

fn read_der(bytes: &[u8], most: usize) -> Option<Cms> {
    // A trailing octet that looks like white space may be the last octet of a signature.
    let info = first(bytes).or_else(|| first(bytes.trim_ascii_end()))?;
    let mut fields = info.body;
    let kind = element(&mut fields).filter(|kind| info.tag == 0x30 && kind.tag == 6)?;
    let kind = match outer(kind.body)? {
        Outer::Data => {
            // RFC 5652 §4: the content itself.
            let explicit = element(&mut fields).filter(|content| content.tag == 0xa0)?;
            return octets(first(explicit.body)?).map(|content| Cms::Open { content });
        }
        Outer::Wrapping(kind) => kind,
        Outer::Encrypted => return Some(Cms::Encrypted),
    };
    let explicit = element(&mut fields).filter(|content| content.tag == 0xa0)?;
    let data = first(explicit.body).filter(|data| data.tag == 0x30)?;
    let Some(content) = wrapped(data.body)? else { return Some(Cms::Detached) };
    match kind {
        Kind::Signed | Kind::Digested | Kind::Authenticated => Some(Cms::Open { content }),
        Kind::Compressed => inflated(&content, most).map(|content| Cms::Open { content }),
    }
}

enum Kind {
    Signed,
    Digested,
    Compressed,
    Authenticated,
}

/// The EncapsulatedContentInfo among the fields: the first sequence of only a type and its content.
/// `Some(None)`: present, but without content.
fn wrapped(fields: &[u8]) -> Option<Option<Vec<u8>>> {
    let mut rest = fields;
    let mut bare = None;
    while let Some(field) = element(&mut rest) {
        let mut inner = field.body;
        let is_type = field.tag == 0x30 && element(&mut inner).is_some_and(|kind| kind.tag == 6);
        if !is_type {
            continue;
        }
        match element(&mut inner) {
            Some(content) if content.tag == 0xa0 => {
                return octets(first(content.body)?).map(Some);
            }
            Some(_) => {}
            None if inner.is_empty() => bare = Some(None),
            None => return None,
        }
    }
    bare
}

fn inflated(bytes: &[u8], most: usize) -> Option<Vec<u8>> {
    let most = bytes.len().saturating_mul(MAX_GROWTH).max(MIN_ROOM).min(most);
    let mut out = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    ZlibDecoder::new(bytes).take(limit).read_to_end(&mut out).ok()?;
    (out.len() <= most).then_some(out)
}

#[derive(Clone, Copy)]
struct Element<'a> {
    tag: u8,
    body: &'a [u8],
}

/// The bytes of an OCTET STRING, primitive or constructed (X.690 §8.7).
fn octets(string: Element<'_>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut open = vec![match string.tag {
        0x04 => return Some(string.body.to_vec()),
        0x24 => string.body,
        // PKCS #7 allowed any type: its encoding is the content.
        _ => return Some(string.body.to_vec()),
    }];
    while let Some(rest) = open.last_mut() {
        if rest.is_empty() {
            open.pop();
            continue;
        }
        let piece = element(rest)?;
        match piece.tag {
            0x04 => out.extend_from_slice(piece.body),
            0x24 if open.len() < MAX_PIECES => open.push(piece.body),
            _ => return None,
        }
    }
    Some(out)
}

/// The first element.
fn first(bytes: &[u8]) -> Option<Element<'_>> {
    let mut rest = bytes;
    element(&mut rest)
}

/// The next element; what remains stays in `rest`.
fn element<'a>(rest: &mut &'a [u8]) -> Option<Element<'a>> {
    let (tag, mut after) = rest.split_first().map(|(tag, after)| (*tag, after))?;
    if tag == 0 || tag & 0x1f == 0x1f {
        return None;
    }
    match length(&mut after)? {
        Some(length) => {
            let (body, next) = after.split_at_checked(length)?;
            *rest = next;
            Some(Element { tag, body })
        }
        None => {
            let length = up_to_its_end(after)?;
            let body = after.get(..length)?;
            *rest = after.get(length + 2..)?;
            Some(Element { tag, body })
        }
    }
}

/// X.690 §8.1.3; `Some(None)` is the indefinite form.
fn length(rest: &mut &[u8]) -> Option<Option<usize>> {
    let (first, after) = rest.split_first()?;
    match first {
        0..=0x7f => {
            *rest = after;
            Some(Some(usize::from(*first)))
        }
        0x80 => {
            *rest = after;
            Some(None)
        }
        _ => {
            let (digits, after) = after.split_at_checked(usize::from(first & 0x7f))?;
            *rest = after;
            let long = digits.iter().try_fold(0_usize, |sum, digit| {
                sum.checked_mul(256).and_then(|sum| sum.checked_add(usize::from(*digit)))
            });
            long.map(Some)
        }
    }
}

/// The length of the content of an indefinite-length element: up to its own end mark.
fn up_to_its_end(content: &[u8]) -> Option<usize> {
    let mut rest = content;
    let mut depth = 0_usize;
    loop {
        let before = content.len() - rest.len();
        match rest {
            [0, 0, after @ ..] => {
                if depth == 0 {
                    return Some(before);
                }
                depth -= 1;
                rest = after;
            }
            [tag, after @ ..] => {
                rest = after;
                if tag & 0x1f == 0x1f {
                    let more = rest.iter().take_while(|b| **b & 0x80 != 0).count();
                    rest = rest.get(more + 1..)?;
                }
                match length(&mut rest)? {
                    Some(length) => rest = rest.get(length..)?,
                    None => depth += 1,
                }
            }
            [] => return None,
        }
    }
}

/// `-----BEGIN PKCS7-----`, or base64 where binary is expected.
fn armoured(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = bytes.trim_ascii_start();
    let body = if text.starts_with(b"-----BEGIN ") {
        let start = memchr::memchr(b'\n', text)?;
        let end = memchr::memmem::find(text, b"-----END")?;
        text.get(start..end)?
    } else if text.starts_with(b"M")
        && text.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=\r\n".contains(b))
    {
        text
    } else {
        return None;
    };
    Some(transfer::base64_lenient(body))
}

#[cfg(test)]
#[path = "cms_tests.rs"]
mod tests;
