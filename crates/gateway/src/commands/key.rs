//! `sealpost key`: key files made of the server key, one a role, and the escrow key that lies in a safe. Writes new
//! files only and shows no key.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use sealpost_mail::SystemRandom;
use sealpost_vault::{EscrowSecret, ServerKey};

use super::{complain, say};
use crate::config::checked;

/// What to make.
#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// One key file for each role, of the server key, which no service needs any more then.
    Split {
        /// The server key.
        #[arg(long, default_value = "server.key")]
        server_key: PathBuf,
        /// Folder for the key files.
        #[arg(long, default_value = "keys")]
        to: PathBuf,
    },
    /// A key for escrow = "offline": escrow.key for the safe, escrow.public for the configuration.
    Escrow {
        /// Folder for both.
        #[arg(long, default_value = ".")]
        folder: PathBuf,
    },
}

pub(super) fn run(what: &What) -> ExitCode {
    let made = checked::apart(|| match what {
        What::Split { server_key, to } => split(server_key, to),
        What::Escrow { folder } => escrow(folder),
    });
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(format_args!("error: {error}"));
            complain(
                "    mend: key files are never overwritten; name an empty folder, and a readable server key",
            );
            ExitCode::FAILURE
        }
    }
}

/// Makes the roles' key files.
pub(super) fn split(server_key: &Path, to: &Path) -> io::Result<()> {
    let named = |error: String| io::Error::other(format!("{}: {error}", server_key.display()));
    let text = checked::read_key(server_key).map_err(|error| named(error.to_string()))?;
    let key = ServerKey::parse(text.expose()).map_err(|error| named(error.to_string()))?;
    for path in checked::split(&key, to)? {
        say(format_args!("{} made", path.display()));
    }
    say(format_args!(
        "Give each file to its service alone, support.key to nobody but support, and keep escrow.key and {} in a safe: \
         no service needs them. In gateway.toml: role-keys in place of server-key.",
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
    checked::write_new(&secret, key.to_file_text().expose())?;
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
