//! `sealpost hash-password`: the hash of a password for a [[login]]. The password is never an argument:
//! arguments are visible in process lists.

use std::io::Read as _;
use std::process::ExitCode;

use sealpost_mail::{Secret, SystemRandom};
use sealpost_vault::password_phc;

use super::{complain, fail, say};

pub(super) fn run() -> ExitCode {
    let mut text = String::new();
    if let Err(error) = std::io::stdin().take(1024).read_to_string(&mut text) {
        return fail(&error);
    }
    let password = Secret::new(text.trim_end_matches(['\r', '\n']).to_owned());
    if password.expose().is_empty() {
        complain("error: no password on standard input; type one and end with Ctrl-D, or pipe it in");
        return ExitCode::FAILURE;
    }
    match password_phc::hash(&password, &SystemRandom) {
        Ok(hash) => {
            say(hash);
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}
