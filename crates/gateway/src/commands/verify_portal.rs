//! `sealpost portal-key` and `sealpost verify-portal`: whether a letter was written by a logged-in user of
//! the portal, to be verified with the public key alone.

use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealpost_mail::{Carried, Domain, Head, PORTAL_FIELD, SELECTOR, SignedBody};
use sealpost_vault::{BodyHash, LetterVerifier};

use super::{complain, complain_all, say};
use crate::config::checked::Plan;
use crate::roles::Roles;

/// Larger than any letter that a mail server accepts.
const MAX: u64 = 1024 * 1024 * 1024;

/// Prints the public key as a DNS record, also for `verify-portal`.
pub(super) fn key(config: &Path) -> ExitCode {
    match Plan::load(config, Roles::PORTAL) {
        Ok((plan, keys)) => {
            let Some(portal) = keys.portal else { return ExitCode::FAILURE };
            let public = STANDARD.encode(portal.letters.public().to_bytes());
            say(format_args!(
                "{SELECTOR}._domainkey.{}. IN TXT \"v=DKIM1; k=ed25519; p={public}\"",
                plan.name
            ));
            ExitCode::SUCCESS
        }
        Err(problems) => complain_all(&problems),
    }
}

/// Says whether the letter is genuine: exit code 0 if it is.
pub(super) fn run(mail: &Path, key: &Path) -> ExitCode {
    let told = read(key)
        .and_then(|bytes| published(&String::from_utf8_lossy(&bytes)))
        .and_then(|(domain, key)| verified(&crlf(&read(mail)?), &domain, key));
    match told {
        Ok(about) => {
            say(about);
            ExitCode::SUCCESS
        }
        Err(why) => {
            complain(format_args!("not genuine: {why}"));
            ExitCode::FAILURE
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(MAX).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MAX).read_to_end(&mut bytes))
    };
    read.map(|_| bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// The gateway's name and key from the line that `portal-key` prints.
fn published(text: &str) -> Result<(Domain, LetterVerifier), String> {
    let wrong = || "the key file is no line of `sealpost portal-key`".to_owned();
    let (name, record) = text.trim().split_once(' ').ok_or_else(wrong)?;
    let name =
        name.strip_prefix(SELECTOR).and_then(|rest| rest.strip_prefix("._domainkey.")).ok_or_else(wrong)?;
    let domain = Domain::parse(name).map_err(|_not| wrong())?;
    let key =
        record.split([';', '"']).map(str::trim).find_map(|part| part.strip_prefix("p=")).ok_or_else(wrong)?;
    let key = STANDARD.decode(key.trim()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    Ok((domain, LetterVerifier::from_bytes(key.ok_or_else(wrong)?)))
}

fn verified(mail: &[u8], domain: &Domain, key: LetterVerifier) -> Result<String, String> {
    let split = Head::split(mail).unwrap_or(mail.len());
    let (head, rest) = mail.split_at_checked(split).unwrap_or((mail, &[]));
    let head = Head::new(head.to_vec()).map_err(|error| error.to_string())?;
    let carried = Carried::of(&head, domain.as_str()).map_err(|error| error.to_string())?;
    if !key.verifies(&carried.input, &carried.signature) {
        return Err(
            "the signature does not fit the letter's fields: they were changed, or it was made with \
                    another key"
                .to_owned(),
        );
    }
    let (mut body, mut hash) = (SignedBody::default(), BodyHash::default());
    body.push(rest, |bytes| hash.update(bytes));
    body.finish(|bytes| hash.update(bytes));
    if hash.finish().as_slice() != carried.body {
        return Err("the letter's text or files were changed on the way".to_owned());
    }
    if head.first(PORTAL_FIELD).as_deref() != Some("authenticated") {
        return Err(format!("the field {PORTAL_FIELD} does not say so"));
    }
    let field = |name| head.first(name).unwrap_or_default();
    Ok(format!(
        "genuine: written in the portal of {domain}\nFrom: {}\nDate: {}\nMessage-ID: {}",
        field("From"),
        field("Date"),
        field("Message-ID")
    ))
}

/// A mail saved to disk has the platform's line ends.
fn crlf(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut previous = 0;
    for byte in bytes {
        if *byte == b'\n' && previous != b'\r' {
            out.push(b'\r');
        }
        out.push(*byte);
        previous = *byte;
    }
    out
}
