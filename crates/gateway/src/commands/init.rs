//! `sealpost init`: creates an initial configuration and the server key, which must be kept safe.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use sealpost_mail::SystemRandom;
use sealpost_vault::ServerKey;

use super::{complain, say};

/// The annotated configuration, which is also its documentation.
const EXAMPLE: &str = include_str!("../../../../gateway.toml");

/// Which key files a new installation gets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyFiles {
    /// The server key alone.
    One,
    /// One per role, besides the server key.
    PerRole,
}

pub(super) fn run(folder: &Path, keys: KeyFiles) -> ExitCode {
    match make(folder, keys) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(format_args!("error: {}: {error}", folder.display()));
            complain("    hint: give a folder that can be written to with --folder");
            ExitCode::FAILURE
        }
    }
}

fn make(folder: &Path, keys: KeyFiles) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let key = folder.join("server.key");
    if key.exists() {
        say(format_args!("{} is there already and stays as it is", key.display()));
    } else {
        sealpost_keyfile::write_new(&key, ServerKey::generate(&SystemRandom).to_file_text().expose())?;
        say(format_args!(
            "{} made. Without it nothing in the data folder can ever be read again: keep a copy in a safe.",
            key.display()
        ));
    }
    let mut example = EXAMPLE.to_owned();
    if keys == KeyFiles::PerRole {
        super::key::split(&key, &folder.join("keys"))?;
        example = example.replacen("server-key = \"server.key\" ", "role-keys = \"keys\"        ", 1);
    }
    let config = folder.join("gateway.toml");
    match std::fs::OpenOptions::new().write(true).create_new(true).open(&config) {
        Ok(mut file) => {
            file.write_all(example.as_bytes())?;
            say(format_args!("{} made: go through it, then `sealpost check`", config.display()));
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            say(format_args!("{} is there already and stays as it is", config.display()));
        }
        Err(error) => return Err(error),
    }
    Ok(())
}
