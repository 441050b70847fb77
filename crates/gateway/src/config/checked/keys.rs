//! Where keys come from, which role gets which, and that no other user can read them. Never prints one.
//!
//! The server key is dropped right after it was read: only the keys of the roles that this process runs are passed on,
//! each a type without a field for what the role must not have.

use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use sealpost_keyfile::KeyFileError;
use sealpost_mail::Secret;
use sealpost_vault::{
    AuditKey, AuditMaster, AuditorRole, DeliveryRole, EscrowSecret, IntakeRole, JobsRole, PortalRole,
    ServerKey, SupportRole, VaultError,
};
use toml::Spanned;

use crate::config::file::{Config, Escrow, Source};
use crate::roles::Roles;

/// The keys of the roles that one process runs.
pub(crate) struct ServiceKeys {
    pub(crate) intake: Option<IntakeRole>,
    pub(crate) portal: Option<PortalRole>,
    pub(crate) delivery: Option<DeliveryRole>,
    /// Whether jobs run; they delete and count, and need no key.
    pub(crate) jobs: bool,
    /// Proves what this process writes to the audit trail; `None`: it runs no role.
    pub(crate) audit: Option<AuditKey>,
}

impl ServiceKeys {
    /// The roles they are for.
    pub(crate) fn parts(&self) -> String {
        let parts = [
            self.intake.is_some().then_some("intake"),
            self.portal.is_some().then_some("portal"),
            self.delivery.is_some().then_some("delivery"),
            self.jobs.then_some("jobs"),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(",")
    }
}

/// The name under which a process with the server key writes to the audit trail.
pub(crate) const WHOLE: &str = "gateway";

/// The keys of support's commands.
pub(crate) struct SupportKeys {
    pub(crate) role: SupportRole,
    /// Opens escrow wraps: from the server key if that is at hand, otherwise provided for one release.
    pub(crate) escrow: Option<EscrowSecret>,
}

/// The three possible sources of a server key.
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

/// The value of `role-keys` in place of a folder: systemd provides `ROLE.key`.
pub(crate) const CREDENTIALS: &str = "credentials";

impl ServiceKeys {
    pub(super) fn load(config: &Config, roles: Roles, source: &mut Source) -> Option<Self> {
        match setting(config, source)? {
            KeySetting::One(named) => {
                let keys = server_key(named, source)?.keys();
                Some(Self {
                    intake: roles.intake.then(|| keys.intake()),
                    portal: roles.portal.then(|| keys.portal()),
                    delivery: roles.delivery.then(|| keys.delivery()),
                    jobs: roles.jobs,
                    audit: Some(keys.audit.writer(WHOLE)),
                })
            }
            KeySetting::Roles(named) => {
                let wanted = |wanted: bool| wanted.then_some(named);
                let intake = wanted(roles.intake).map(|at| role_key(at, "intake", IntakeRole::parse, source));
                let portal = wanted(roles.portal).map(|at| role_key(at, "portal", PortalRole::parse, source));
                let delivery =
                    wanted(roles.delivery).map(|at| role_key(at, "delivery", DeliveryRole::parse, source));
                let jobs = wanted(roles.jobs).map(|at| role_key(at, "jobs", JobsRole::parse, source));
                // An inner `None`: a problem has been noted.
                let intake = intake.map_or(Some(None), |key| key.map(Some))?;
                let portal = portal.map_or(Some(None), |key| key.map(Some))?;
                let delivery = delivery.map_or(Some(None), |key| key.map(Some))?;
                let jobs: Option<JobsRole> = jobs.map_or(Some(None), |key| key.map(Some))?;
                let of_one = [
                    intake.as_ref().map(|role| &role.queue.audit),
                    portal.as_ref().map(|role| &role.queue.audit),
                    delivery.as_ref().map(|role| &role.queue.audit),
                    jobs.as_ref().map(|role| &role.audit),
                ];
                let audit = of_one.into_iter().flatten().next().cloned();
                Some(Self { intake, portal, delivery, jobs: roles.jobs, audit })
            }
        }
    }
}

impl SupportKeys {
    pub(super) fn load(config: &Config, source: &mut Source) -> Option<Self> {
        match setting(config, source)? {
            KeySetting::One(named) => {
                let keys = server_key(named, source)?.keys();
                let role = keys.support();
                let escrow = match config.gateway.escrow {
                    Escrow::Server => Some(keys.escrow),
                    Escrow::Offline | Escrow::None => None,
                };
                Some(Self { role, escrow })
            }
            KeySetting::Roles(named) => {
                let role = role_key(named, "support", SupportRole::parse, source)?;
                Some(Self { role, escrow: None })
            }
        }
    }
}

/// The keys that verify the audit trail: from the server key if that is at hand, otherwise from the auditor's key file.
pub(super) fn auditor(config: &Config, source: &mut Source) -> Option<Vec<AuditMaster>> {
    match setting(config, source)? {
        KeySetting::One(named) => Some(server_key(named, source)?.keys().audit.all()),
        KeySetting::Roles(named) => Some(role_key(named, "auditor", AuditorRole::parse, source)?.audit.all()),
    }
}

/// One key for everything, or one per role.
enum KeySetting<'a> {
    One(&'a Spanned<String>),
    Roles(&'a Spanned<String>),
}

fn setting<'a>(config: &'a Config, source: &mut Source) -> Option<KeySetting<'a>> {
    match (&config.gateway.server_key, &config.gateway.role_keys) {
        (Some(one), None) => Some(KeySetting::One(one)),
        (None, Some(roles)) => Some(KeySetting::Roles(roles)),
        (Some(one), Some(_)) => {
            source.at(
                one.span().start,
                "server-key and role-keys are both there",
                "with role-keys no service needs the server key: take server-key out, keep its file in a safe",
            );
            None
        }
        (None, None) => {
            source.near(
                "[gateway]",
                "no key is named: missing field `server-key`",
                "server-key = \"server.key\" (`sealpost init` makes it), or role-keys = \"keys\"",
            );
            None
        }
    }
}

fn role_key<T>(
    named: &Spanned<String>,
    role: &str,
    parse: impl FnOnce(&str) -> Result<T, VaultError>,
    source: &mut Source,
) -> Option<T> {
    let at = named.span().start;
    let file = format!("{role}.key");
    let text = match named.get_ref().as_str() {
        CREDENTIALS => credential(&file, at, source)?,
        folder => {
            let path = source.path(Path::new(folder)).join(file);
            read_private(&path, at, "the role's key", "`sealpost key split` makes one for each role", source)?
        }
    };
    match parse(text.expose()) {
        Ok(key) => Some(key),
        Err(error) => {
            source.at(at, format!("the key of {role} is not usable: {error}"), "restore it, or split anew");
            None
        }
    }
}

fn server_key(named: &Spanned<String>, source: &mut Source) -> Option<ServerKey> {
    let at = named.span().start;
    let text = match KeySource::parse(named.get_ref()) {
        KeySource::File(path) => {
            let path = source.path(&path);
            read_private(&path, at, "the server key", "run `sealpost init`, or name the right file", source)?
        }
        KeySource::Credential(name) => credential(&name, at, source)?,
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

fn credential(name: &str, at: usize, source: &mut Source) -> Option<Secret<String>> {
    let hint = || format!("add LoadCredential={name}:/path/to/key to the unit");
    let Some(folder) = std::env::var_os("CREDENTIALS_DIRECTORY") else {
        source.at(at, "systemd has handed over no credentials", hint());
        return None;
    };
    match std::fs::read_to_string(Path::new(&folder).join(name)) {
        Ok(text) => Some(Secret::new(text)),
        Err(error) => {
            source.at(at, format!("the credential {name} cannot be read: {error}"), hint());
            None
        }
    }
}

/// Where systemd puts a credential of that name, whether or not it exists.
pub(super) fn credential_file(name: &str) -> PathBuf {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY").unwrap_or_else(|| "/run/credentials".into());
    Path::new(&folder).join(name)
}

/// Reads a file that only its owner may read.
pub(super) fn read_private(
    path: &Path,
    at: usize,
    what: &str,
    missing: &str,
    source: &mut Source,
) -> Option<Secret<String>> {
    match sealpost_keyfile::read(path) {
        Ok(text) => Some(text),
        Err(KeyFileError::Unreadable(error)) => {
            source.at(at, format!("{what} {} cannot be read: {error}", path.display()), missing);
            None
        }
        Err(KeyFileError::Open) => {
            source.at(
                at,
                format!("{what} {} can be read by others", path.display()),
                format!("chmod 600 {}", path.display()),
            );
            None
        }
    }
}

/// Who may read a secret in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// One user.
    Owner,
    /// A group: processes of several roles, each under a user of its own.
    Group,
}

impl Readers {
    pub(super) fn of(config: &Config) -> Self {
        if config.gateway.role_keys.is_some() { Self::Group } else { Self::Owner }
    }
}

/// The same for a file read by processes of several roles, each under a user of its own: their group may read it too.
pub(super) fn read_for_roles(
    path: &Path,
    readers: Readers,
    at: usize,
    what: &str,
    source: &mut Source,
) -> Option<Secret<String>> {
    let is_shared = std::fs::metadata(path).is_ok_and(|facts| facts.permissions().mode() & 0o077 == 0o040);
    if !(readers == Readers::Group && is_shared) {
        return read_private(path, at, what, "name the right file", source);
    }
    match std::fs::read_to_string(path) {
        Ok(text) => Some(Secret::new(text)),
        Err(error) => {
            source.at(
                at,
                format!("{what} {} cannot be read: {error}", path.display()),
                "name the right file",
            );
            None
        }
    }
}

/// Name of the escrow key's file among those of the roles.
pub(crate) const ESCROW_FILE: &str = "escrow.key";

/// The key files of all roles, and the escrow key: names and contents.
pub(crate) fn role_files(key: &ServerKey) -> [(&'static str, Secret<String>); 7] {
    let keys = key.keys();
    [
        ("intake.key", keys.intake().to_file_text()),
        ("portal.key", keys.portal().to_file_text()),
        ("delivery.key", keys.delivery().to_file_text()),
        ("jobs.key", keys.jobs().to_file_text()),
        ("support.key", keys.support().to_file_text()),
        ("auditor.key", keys.auditor().to_file_text()),
        (ESCROW_FILE, keys.escrow.to_file_text()),
    ]
}

/// Writes the key files of all roles, and the escrow key, into a folder of their own.
pub(crate) fn split(key: &ServerKey, folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let files = role_files(key);
    // All or none: otherwise the set could come from two server keys.
    for (name, _) in &files {
        let path = folder.join(name);
        if path.exists() {
            return Err(std::io::Error::new(
                std::io::ErrorKind::AlreadyExists,
                format!("{} is there already", path.display()),
            ));
        }
    }
    let mut made = Vec::new();
    for (name, text) in &files {
        let path = folder.join(name);
        sealpost_keyfile::write_new(&path, text.expose())?;
        made.push(path);
    }
    Ok(made)
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
