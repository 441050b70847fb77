//! Signs and encrypts a letter as S/MIME 4.0 (RFC 8551), as a stream. Knows no storage.

use std::io::Write;

use openssl::x509::X509;
use sealpost_cms::{Cipher, CmsError, Encryptor, KeyTransport};

use super::make::SmimeKey;
use super::signer::{Signer, signer};
use crate::algorithm_profile::{Content, Form, Transport};
use crate::base64_lines::Base64Lines;
use crate::closing::Closing;
use crate::error::CloseError;
use crate::outgoing::{Outgoing, boundary};

impl From<CmsError> for CloseError {
    fn from(error: CmsError) -> Self {
        Self::Library(error.to_string())
    }
}

/// Signs, encrypts, or both.
pub(crate) fn close(
    outgoing: Outgoing<'_>,
    closing: &Closing<'_>,
    own: Option<&SmimeKey>,
    out: &mut dyn Write,
) -> Result<(), CloseError> {
    out.write_all(&outgoing.outside)?;
    if closing.to.is_empty() {
        return signed(outgoing, closing, own, &mut |bytes| Ok(out.write_all(bytes)?));
    }
    let certificates: Vec<X509> = closing
        .to
        .iter()
        .map(|key| key.certificate())
        .collect::<Result<_, _>>()
        .map_err(|error| CloseError::Library(error.to_string()))?;
    let (cipher, kind) = match closing.profile.content {
        Content::Aes256Cbc => (Cipher::Aes256Cbc, "enveloped-data"),
        Content::Aes256Gcm => (Cipher::Aes256Gcm, "authEnveloped-data"),
    };
    let transport = match closing.profile.transport {
        Transport::Pkcs1 => KeyTransport::Pkcs1,
        Transport::Oaep => KeyTransport::OaepSha256,
    };
    out.write_all(cms_fields(kind).as_bytes())?;
    let mut encryptor = Encryptor::new(&certificates, cipher, transport)?;
    let mut lines = Base64Lines::new(out);
    let mut ready = Vec::new();
    let mut encrypt = |bytes: &[u8]| -> Result<(), CloseError> {
        // One octet string of the stream for each call, not for every line.
        encryptor.write(bytes, &mut ready)?;
        lines.push(&ready)?;
        ready.clear();
        Ok(())
    };
    match own {
        None => outgoing.entity(&mut encrypt)?,
        Some(_) => signed(outgoing, closing, own, &mut encrypt)?,
    }
    ready.clear();
    encryptor.finish(&mut ready)?;
    lines.push(&ready)?;
    lines.finish()?;
    Ok(())
}

/// The fields of an application/pkcs7-mime, and the empty line.
fn cms_fields(kind: &str) -> String {
    format!(
        "Content-Type: application/pkcs7-mime; smime-type={kind};\r\n\tname=\"smime.p7m\"\r\n\
         Content-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n"
    )
}

type Take<'a> = &'a mut dyn FnMut(&[u8]) -> Result<(), CloseError>;

/// The entity with its signature, as an entity.
fn signed(
    outgoing: Outgoing<'_>,
    closing: &Closing<'_>,
    own: Option<&SmimeKey>,
    take: Take<'_>,
) -> Result<(), CloseError> {
    let own = own.ok_or(CloseError::NoKey)?;
    let Closing { profile, tokens, now, random, .. } = *closing;
    let signer = signer(own, profile.form, profile.signature, tokens, now)?;
    match profile.form {
        Form::Detached => detached(outgoing, &boundary(random), signer, take),
        Form::Opaque => opaque(outgoing, signer, take),
    }
}

/// RFC 8551 §3.5.3.
fn detached(
    outgoing: Outgoing<'_>,
    boundary: &str,
    mut signer: Box<dyn Signer + '_>,
    take: Take<'_>,
) -> Result<(), CloseError> {
    let head = format!(
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n\
         \tmicalg=\"sha-256\"; boundary=\"{boundary}\"\r\n\r\n\
         This is a signed message in S/MIME format.\r\n\r\n--{boundary}\r\n"
    );
    take(head.as_bytes())?;
    let mut signature = Vec::new();
    outgoing.entity(|bytes| {
        signer.write(bytes, &mut signature)?;
        take(bytes)
    })?;
    signer.finish(&mut signature)?;
    let head = format!(
        "\r\n--{boundary}\r\n\
         Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n\
         Content-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n"
    );
    take(head.as_bytes())?;
    let mut lines = Base64Lines::new(Vec::new());
    lines.push(&signature)?;
    take(&lines.finish()?)?;
    take(format!("\r\n--{boundary}--\r\n").as_bytes())
}

/// RFC 8551 §3.5.2.
fn opaque(
    outgoing: Outgoing<'_>,
    mut signer: Box<dyn Signer + '_>,
    take: Take<'_>,
) -> Result<(), CloseError> {
    take(cms_fields("signed-data").as_bytes())?;
    let mut lines = Base64Lines::new(Vec::new());
    let mut ready = Vec::new();
    let mut pass = |lines: &mut Base64Lines<Vec<u8>>, ready: &mut Vec<u8>| -> Result<(), CloseError> {
        lines.push(ready)?;
        ready.clear();
        take(&lines.taken())
    };
    outgoing.entity(|bytes| {
        signer.write(bytes, &mut ready)?;
        pass(&mut lines, &mut ready)
    })?;
    signer.finish(&mut ready)?;
    pass(&mut lines, &mut ready)?;
    take(&lines.finish()?)
}
