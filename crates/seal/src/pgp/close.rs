//! Signs and encrypts a letter as PGP/MIME (RFC 3156), as a stream. Knows no storage.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use sequoia_openpgp::armor;
use sequoia_openpgp::cert::Cert;
use sequoia_openpgp::crypto::KeyPair;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::stream::{Armorer, Encryptor, LiteralWriter, Message, Signer};
use sequoia_openpgp::types::{HashAlgorithm, SymmetricAlgorithm};

use super::system_time;
use crate::closing::Closing;
use crate::error::CloseError;
use crate::outgoing::{Outgoing, boundary};

fn library(error: &anyhow::Error) -> CloseError {
    CloseError::Library(super::key::library(error).to_string())
}

/// Signs, encrypts, or both.
pub(crate) fn close(
    outgoing: Outgoing<'_>,
    closing: &Closing<'_>,
    own: Option<&Cert>,
    out: &mut dyn Write,
) -> Result<(), CloseError> {
    out.write_all(&outgoing.outside)?;
    let boundary = boundary(closing.random);
    if closing.to.is_empty() {
        signed(outgoing, closing, own.ok_or(CloseError::NoKey)?, &boundary, out)
    } else {
        encrypted(outgoing, closing, own, &boundary, out)
    }
}

/// RFC 3156 §4 and §6.2: signed inside, in one message.
fn encrypted(
    outgoing: Outgoing<'_>,
    closing: &Closing<'_>,
    own: Option<&Cert>,
    boundary: &str,
    out: &mut dyn Write,
) -> Result<(), CloseError> {
    let head = format!(
        "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n\tboundary=\"{boundary}\"\r\n\
         \r\nThis is an encrypted message in OpenPGP format.\r\n\r\n--{boundary}\r\n\
         Content-Type: application/pgp-encrypted\r\nContent-Description: PGP/MIME version identification\r\n\r\n\
         Version: 1\r\n\r\n--{boundary}\r\n\
         Content-Type: application/octet-stream; name=\"encrypted.asc\"\r\n\
         Content-Description: OpenPGP encrypted message\r\n\
         Content-Disposition: inline; filename=\"encrypted.asc\"\r\n\r\n"
    );
    out.write_all(head.as_bytes())?;
    let certs: Vec<Cert> = closing
        .to
        .iter()
        .map(|key| key.cert())
        .collect::<Result<_, _>>()
        .map_err(|error| CloseError::Library(error.to_string()))?;
    let policy = StandardPolicy::new();
    let mut recipients = Vec::new();
    for cert in &certs {
        let keys =
            cert.keys().with_policy(&policy, system_time(closing.now)).supported().alive().revoked(false);
        let before = recipients.len();
        recipients.extend(keys.for_transport_encryption());
        if recipients.len() == before {
            let why = "it has no key for encryption that is valid today; ask for the new one".to_owned();
            return Err(CloseError::Key { fingerprint: cert.fingerprint().to_string(), why });
        }
    }
    let ready = Ready::default();
    let begin = || {
        let message = Message::new(ready.clone());
        let message = Armorer::new(message).kind(armor::Kind::Message).build()?;
        let message = Encryptor::for_recipients(message, recipients)
            .symmetric_algo(SymmetricAlgorithm::AES256)
            .build()?;
        match own {
            None => LiteralWriter::new(message).build(),
            Some(own) => {
                let signer = Signer::new(message, signing_pair(own, closing)?)?
                    .hash_algo(HashAlgorithm::SHA256)?
                    .creation_time(system_time(closing.now))
                    .build()?;
                LiteralWriter::new(signer).build()
            }
        }
    };
    let mut message = begin().map_err(|error| library(&error))?;
    outgoing.entity(|bytes| {
        message.write_all(bytes)?;
        ready.drain(out)
    })?;
    message.finalize().map_err(|error| library(&error))?;
    ready.drain(out)?;
    out.write_all(format!("\r\n--{boundary}--\r\n").as_bytes())?;
    Ok(())
}

/// RFC 3156 §5.
fn signed(
    outgoing: Outgoing<'_>,
    closing: &Closing<'_>,
    own: &Cert,
    boundary: &str,
    out: &mut dyn Write,
) -> Result<(), CloseError> {
    let head = format!(
        "Content-Type: multipart/signed; protocol=\"application/pgp-signature\";\r\n\
         \tmicalg=\"pgp-sha256\"; boundary=\"{boundary}\"\r\n\r\n\
         This is a signed message in OpenPGP format.\r\n\r\n--{boundary}\r\n"
    );
    out.write_all(head.as_bytes())?;
    let ready = Ready::default();
    let begin = || {
        let message = Message::new(ready.clone());
        let message = Armorer::new(message).kind(armor::Kind::Signature).build()?;
        Signer::new(message, signing_pair(own, closing)?)?
            .hash_algo(HashAlgorithm::SHA256)?
            .creation_time(system_time(closing.now))
            .detached()
            .build()
    };
    let mut message = begin().map_err(|error| library(&error))?;
    outgoing.entity(|bytes| {
        message.write_all(bytes)?;
        Ok(out.write_all(bytes)?)
    })?;
    message.finalize().map_err(|error| library(&error))?;
    let head = format!(
        "\r\n--{boundary}\r\nContent-Type: application/pgp-signature; name=\"signature.asc\"\r\n\
         Content-Description: OpenPGP digital signature\r\n\
         Content-Disposition: attachment; filename=\"signature.asc\"\r\n\r\n"
    );
    out.write_all(head.as_bytes())?;
    ready.drain(out)?;
    out.write_all(format!("\r\n--{boundary}--\r\n").as_bytes())?;
    Ok(())
}

fn signing_pair(own: &Cert, closing: &Closing<'_>) -> Result<KeyPair, anyhow::Error> {
    let policy = StandardPolicy::new();
    let keys = own.keys().with_policy(&policy, system_time(closing.now)).supported().alive().revoked(false);
    let key = keys.secret().for_signing().max_by_key(|key| key.key().creation_time());
    let key = key.ok_or_else(|| anyhow::anyhow!("our key has no part for signing that is valid today"))?;
    key.key().clone().into_keypair()
}

/// The library's output, with CRLF line ends, until it is passed on.
#[derive(Clone, Default)]
struct Ready(Arc<Mutex<Vec<u8>>>);

impl Write for Ready {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Ready {
    fn drain(&self, out: &mut dyn Write) -> Result<(), CloseError> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        // Armour ends its lines with LF only.
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(text) => {
                    out.write_all(text)?;
                    out.write_all(b"\r\n")?;
                }
                None => out.write_all(line)?,
            }
        }
        Ok(())
    }
}
