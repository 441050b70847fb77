//! OpenPGP where no standard allows it: within text, and in Exchange's form of PGP/MIME. Knows no
//! cryptography.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::mime::{ContentType, Entity};

const MESSAGE: (&[u8], &[u8]) = (b"-----BEGIN PGP MESSAGE-----", b"-----END PGP MESSAGE-----");
const SIGNED: (&[u8], &[u8]) = (b"-----BEGIN PGP SIGNED MESSAGE-----", b"-----END PGP SIGNATURE-----");

/// OpenPGP within a text.
pub(crate) enum Inline<'a> {
    None,
    /// Exactly one encrypted message: text beside it could be anybody's.
    Message(&'a [u8]),
    /// A signed text; whether there is nothing else.
    Signed {
        message: &'a [u8],
        whole: bool,
    },
}

pub(crate) fn of(text: &[u8]) -> Inline<'_> {
    let trimmed = text.trim_ascii();
    let once = |mark: &[u8]| memchr::memmem::find_iter(trimmed, mark).count() == 1;
    if trimmed.starts_with(MESSAGE.0) && trimmed.ends_with(MESSAGE.1) && once(MESSAGE.0) && once(MESSAGE.1) {
        return Inline::Message(trimmed);
    }
    let begin = memchr::memmem::find(trimmed, SIGNED.0);
    let end = memchr::memmem::rfind(trimmed, SIGNED.1);
    match (begin, end) {
        (Some(begin), Some(end)) if begin < end => {
            let end = end + SIGNED.1.len();
            let whole = begin == 0 && end == trimmed.len() && once(SIGNED.0) && once(SIGNED.1);
            let message = trimmed.get(begin..end).unwrap_or_default();
            Inline::Signed { message, whole }
        }
        _ => Inline::None,
    }
}

/// A decrypted text as a part, in base64: its lines may have any length.
pub(crate) fn as_text_part(plain: &[u8], content_type: &ContentType) -> Vec<u8> {
    let said = content_type.parameter("charset").filter(|charset| {
        charset.len() <= 40 && charset.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
    });
    let charset = match std::str::from_utf8(plain) {
        Ok(_) => "utf-8",
        Err(_) => said.filter(|said| !said.eq_ignore_ascii_case("utf-8")).unwrap_or("iso-8859-1"),
    };
    let mut part =
        format!("Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    for line in plain.chunks(57) {
        STANDARD.encode_string(line, &mut part);
        part.push_str("\r\n");
    }
    part.into_bytes()
}

/// The message in a multipart/mixed of an empty text, `application/pgp-encrypted` and an octet stream.
pub(crate) fn mangled_by_exchange<'a>(parts: &[&'a [u8]]) -> Option<&'a [u8]> {
    let (control, data, before) = match parts {
        [control, data] => (control, data, None),
        [text, control, data] => (control, data, Some(text)),
        _ => return None,
    };
    let is = |part: &[u8], essence: &str| {
        Entity::parse(part).is_some_and(|part| part.content_type().essence == essence)
    };
    let empty = |part: &[u8]| Entity::parse(part).is_some_and(|part| part.body.trim_ascii().is_empty());
    let fits = is(control, "application/pgp-encrypted")
        && is(data, "application/octet-stream")
        && before.is_none_or(|text| empty(text));
    fits.then_some(*data)
}
