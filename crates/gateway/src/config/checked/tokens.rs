//! Checks the tokens that hold private keys, as far as the file alone can be wrong. Opens none: a missing one
//! does not prevent a start, and `check` tries each.

use std::path::PathBuf;
use std::time::Duration;

use sealpost_token::{TokenPlace, TokenSettings};

use super::keys::{KeySource, credential_file};
use crate::config::file::{Config, Source, Token};

/// A letter waits for a token, and its worker for the letter, a minute at most.
const MAX_PATIENCE: Duration = Duration::from_secs(30);
/// Each is a thread.
const MAX_SESSIONS: usize = 64;

/// Every correctly configured token.
pub(super) fn plan(config: &Config, source: &mut Source) -> Vec<TokenSettings> {
    let mut tokens: Vec<TokenSettings> = Vec::new();
    for token in &config.tokens {
        let (name, at) = (token.name.get_ref(), token.name.span().start);
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        if name.is_empty() || name.len() > 40 || !name.chars().all(plain) {
            let hint = "write it like \"hsm\"";
            source.at(at, "a token's name is made of lower-case letters, digits, - and _", hint);
        }
        if tokens.iter().any(|known| known.name == *name) {
            source.at(at, format!("there are two tokens {name:?}"), "rename one");
        }
        let Some(place) = token_place(token) else {
            let wrong = format!("it is not said in one way which token {name:?} is");
            source.at(at, wrong, "give one of label, serial and slot; `pkcs11-tool --list-slots` shows them");
            continue;
        };
        let sessions = *token.sessions.get_ref();
        if !(1..=MAX_SESSIONS).contains(&sessions) {
            let wrong = format!("{sessions} calls at once are no use");
            source.at(token.sessions.span().start, wrong, format!("write a number from 1 to {MAX_SESSIONS}"));
        }
        let deadline = token.deadline.get_ref().0;
        if deadline < Duration::from_secs(1) || deadline > MAX_PATIENCE {
            let wrong = "a token is waited for too short or too long a time";
            source.at(token.deadline.span().start, wrong, "write 1 s to 30 s");
        }
        let Some(pin_file) = pin_file(token, source) else { continue };
        let module = source.path(token.module.get_ref());
        tokens.push(TokenSettings { name: name.clone(), module, place, pin_file, sessions, deadline });
    }
    tokens
}

fn token_place(token: &Token) -> Option<TokenPlace> {
    match (&token.label, &token.serial, token.slot) {
        (Some(label), None, None) => Some(TokenPlace::Label(label.clone())),
        (None, Some(serial), None) => Some(TokenPlace::Serial(serial.clone())),
        (None, None, Some(slot)) => Some(TokenPlace::Slot(slot)),
        (None, None, None) | (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => None,
    }
}

fn pin_file(token: &Token, source: &mut Source) -> Option<PathBuf> {
    let at = token.pin_file.span().start;
    match KeySource::parse(token.pin_file.get_ref()) {
        KeySource::File(path) => Some(source.path(&path)),
        // Without the credentials folder, only a command that opens the token needs one, and reports what is
        // missing.
        KeySource::Credential(name) => Some(credential_file(&name)),
        KeySource::Environment(_) => {
            let hint = "put it into a file that its user alone may read: pin-file = \"token.pin\"";
            source.at(at, "a PIN is not read from the environment", hint);
            None
        }
    }
}
