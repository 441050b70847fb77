//! `sealpost key`: key files derived from the server key, one per role, and the escrow key for the safe; dispatches to
//! the commands that change keys. Shows no key.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgAction, Subcommand};
use sealpost_mail::SystemRandom;
use sealpost_vault::{EscrowSecret, ServerKey};

use super::{OutputFormat, complain, key_status, rotate, rotate_escrow, say};
use crate::config::checked;

/// What to make.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Derives one key file for each role from the server key, which no service needs any more then.
    Split {
        /// The server key.
        #[arg(long, default_value = "server.key")]
        server_key: PathBuf,
        /// Folder for the key files.
        #[arg(long, default_value = "keys")]
        to: PathBuf,
    },
    /// Makes a key for escrow = "offline": escrow.key for the safe, escrow.public for the configuration.
    Escrow {
        /// Folder for both.
        #[arg(long, default_value = ".")]
        folder: PathBuf,
    },
    /// Replaces the server key by a new one, in the store and in the key files. Stop every service first. If
    /// interrupted, run it again to continue.
    Rotate {
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG")]
        config: PathBuf,
        /// The file with the server key, if it is not the one that the configuration names.
        #[arg(long)]
        server_key: Option<PathBuf>,
        /// The folder with the roles' key files, if it is not the one that the configuration names.
        #[arg(long)]
        keys: Option<PathBuf>,
    },
    /// Reseals what a former escrow key opens to the one that the configuration names. Services may run.
    RotateEscrow {
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG")]
        config: PathBuf,
        /// The former escrow key, brought from its safe.
        #[arg(long)]
        escrow_key: PathBuf,
    },
    /// Shows which keys the store uses, and how many rows still wait for their owners.
    Status {
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG")]
        config: PathBuf,
        /// Prints one JSON object.
        #[arg(long = "json", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
        format: OutputFormat,
    },
}

pub(super) fn run(what: &KeyCommand) -> ExitCode {
    match what {
        KeyCommand::Split { server_key, to } => report(checked::apart(|| split(server_key, to))),
        KeyCommand::Escrow { folder } => report(checked::apart(|| escrow(folder))),
        KeyCommand::Rotate { config, server_key, keys } => {
            rotate::run(config, server_key.as_deref(), keys.as_deref())
        }
        KeyCommand::RotateEscrow { config, escrow_key } => rotate_escrow::run(config, escrow_key),
        KeyCommand::Status { config, format } => key_status::run(config, *format),
    }
}

fn report(made: io::Result<()>) -> ExitCode {
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(format_args!("error: {error}"));
            complain(
                "    fix: key files are never overwritten; name an empty folder, and a readable server key",
            );
            ExitCode::FAILURE
        }
    }
}

/// Makes the roles' key files.
pub(super) fn split(server_key: &Path, to: &Path) -> io::Result<()> {
    let named = |error: String| io::Error::other(format!("{}: {error}", server_key.display()));
    let text = sealpost_keyfile::read(server_key).map_err(|error| named(error.to_string()))?;
    let key = ServerKey::parse(text.expose()).map_err(|error| named(error.to_string()))?;
    for path in checked::split(&key, to)? {
        say(format_args!("{} made", path.display()));
    }
    say(format_args!(
        "Give each file to its service alone, support.key to nobody but support, auditor.key to whoever verifies the audit \
         trail, and keep escrow.key and {} in a safe: no service needs them. In gateway.toml: role-keys in place of server-key.",
        server_key.display()
    ));
    Ok(())
}

fn escrow(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let (secret, public) = (folder.join("escrow.key"), folder.join("escrow.public"));
    if public.exists() {
        let said = format!("{} is there already", public.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, said));
    }
    let key = EscrowSecret::generate(&SystemRandom);
    sealpost_keyfile::write_new(&secret, key.to_file_text().expose())?;
    std::fs::write(&public, key.public().to_file_text())?;
    say(format_args!(
        "{} made: take it to a safe, two copies, and delete it here. Whoever has it and the data opens every mailbox \
         made from now on; without it a support reset loses the messages.",
        secret.display()
    ));
    say(format_args!(
        "{} made: in gateway.toml escrow = \"offline\" and escrow-public = \"escrow.public\"",
        public.display()
    ));
    Ok(())
}
