//! Where the server key comes from, and that nobody else can read it. Never prints it.

use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use sealpost_mail::{Random, Secret};
use sealpost_vault::ServerKey;

use crate::config::{Config, Source};

/// The three places a server key may be in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// A file of mode 0600.
    File(PathBuf),
    /// A systemd credential (systemd.exec(5), LoadCredential).
    Credential(String),
    /// An environment variable.
    Environment(String),
}

impl KeySource {
    pub(crate) fn parse(text: &str) -> Self {
        match text.split_once(':') {
            Some(("credential", name)) => Self::Credential(name.to_owned()),
            Some(("env", name)) => Self::Environment(name.to_owned()),
            Some(_) | None => Self::File(PathBuf::from(text)),
        }
    }
}

pub(super) fn load(config: &Config, source: &mut Source) -> Option<ServerKey> {
    let spanned = &config.gateway.server_key;
    let at = spanned.span().start;
    let text = match KeySource::parse(spanned.get_ref()) {
        KeySource::File(path) => {
            let path = source.path(&path);
            read_private(&path, at, "the server key", "run `sealpost init`, or name the right file", source)?
        }
        KeySource::Credential(name) => {
            let Some(folder) = std::env::var_os("CREDENTIALS_DIRECTORY") else {
                source.at(
                    at,
                    "systemd has handed over no credentials",
                    format!("add LoadCredential={name}:/path/to/key to the unit"),
                );
                return None;
            };
            let path = Path::new(&folder).join(&name);
            match std::fs::read_to_string(&path) {
                Ok(text) => Secret::new(text),
                Err(error) => {
                    source.at(
                        at,
                        format!("the credential {name} cannot be read: {error}"),
                        format!("add LoadCredential={name}:/path/to/key to the unit"),
                    );
                    return None;
                }
            }
        }
        KeySource::Environment(name) => match std::env::var(&name) {
            Ok(text) => Secret::new(text),
            Err(_unset) => {
                source.at(
                    at,
                    format!("the environment variable {name} is not set"),
                    "set it to the key's line",
                );
                return None;
            }
        },
    };
    match ServerKey::parse(text.expose().trim()) {
        Ok(key) => Some(key),
        Err(error) => {
            source.at(at, format!("the server key is not usable: {error}"), "restore it from your backup");
            None
        }
    }
}

/// Reads a file that only its owner may read.
pub(super) fn read_private(
    path: &Path,
    at: usize,
    what: &str,
    missing: &str,
    source: &mut Source,
) -> Option<Secret<String>> {
    let facts = match std::fs::metadata(path) {
        Ok(facts) => facts,
        Err(error) => {
            source.at(at, format!("{what} {} cannot be read: {error}", path.display()), missing);
            return None;
        }
    };
    if facts.permissions().mode() & 0o077 != 0 {
        source.at(
            at,
            format!("{what} {} can be read by others", path.display()),
            format!("chmod 600 {}", path.display()),
        );
        return None;
    }
    match std::fs::read_to_string(path) {
        Ok(text) => Some(Secret::new(text)),
        Err(error) => {
            source.at(at, format!("{what} {} cannot be read: {error}", path.display()), missing);
            None
        }
    }
}

/// Makes a server key file; refuses to overwrite one.
pub(crate) fn write_new(path: &Path, random: &dyn Random) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(ServerKey::generate(random).to_file_text().expose().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::{KeySource, PathBuf};

    #[test]
    fn a_key_has_three_places() {
        assert_eq!(KeySource::parse("credential:sealpost"), KeySource::Credential("sealpost".into()));
        assert_eq!(KeySource::parse("env:KEY"), KeySource::Environment("KEY".into()));
        assert_eq!(KeySource::parse("/a/b.key"), KeySource::File(PathBuf::from("/a/b.key")));
    }
}
