//! The folder with the DKIM keys: one file per key, whose name contains selector, domain and state. Signs nothing.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{KeyPair, PKCS_ED25519, PKCS_RSA_SHA256, PublicKeyData as _, RsaKeySize};
use sealpost_delivery::{DkimAlgorithm, DkimKey};
use sealpost_keyfile::KeyFileError;
use sealpost_mail::{Domain, Secret};
use thiserror::Error;

/// The separator of selector and domain, in the DNS (RFC 6376 §3.6.2.1) and in the file's name.
const BETWEEN: &str = "._domainkey.";

/// The state of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Created, to be published; does not sign yet.
    Waiting,
    /// In use for signing.
    Signing,
    /// Signs no more; stays published until everything it has signed is delivered.
    Retired,
}

/// Why the folder cannot be used.
#[derive(Debug, Error)]
pub enum FolderError {
    /// The folder or a file in it is not accessible.
    #[error("{path}: {source}")]
    Io {
        /// Its path.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A key file is not used.
    #[error("{path}: {source}")]
    Key {
        /// Its path.
        path: PathBuf,
        /// The cause.
        source: KeyFileError,
    },
    /// The file does not contain a key.
    #[error("{0}: this is no private key for DKIM (PKCS#8 as PEM, RSA or Ed25519)")]
    NoKey(PathBuf),
    /// Too short, or longer than what fits into the DNS.
    #[error("{0}: RSA keys for DKIM have 2048 to 4096 bits; make another one with `sealpost dkim create`")]
    Size(PathBuf),
    /// There is a key of this name already.
    #[error("there is a key {selector} for {domain} already; choose another --selector")]
    Taken {
        /// Its selector.
        selector: String,
        /// Its domain.
        domain: Domain,
    },
    /// There is no key of this name.
    #[error("there is no key {0}; `sealpost dkim list` shows them")]
    Unknown(String),
    /// More than one key has this selector.
    #[error("several domains have a key {0}; write selector._domainkey.domain")]
    Ambiguous(String),
    /// It is in use.
    #[error("{0} signs; retire it first, and remove it two weeks later")]
    Signs(String),
}

/// One key.
#[derive(Clone, Debug)]
pub struct DkimKeyFile {
    /// The signing domain.
    pub domain: Domain,
    /// Its selector, unique within the domain.
    pub selector: String,
    /// Its state.
    pub state: KeyState,
    path: PathBuf,
}

/// Its public part, as published in the DNS.
pub struct Public {
    /// Its algorithm.
    pub algorithm: DkimAlgorithm,
    /// RFC 6376 §3.6.1, RFC 8463 §4.2.
    pub record: String,
}

impl KeyState {
    /// The state as written in a file's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Signing => "signing",
            Self::Retired => "retired",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Waiting, Self::Signing, Self::Retired].into_iter().find(|one| one.as_str() == text)
    }
}

impl fmt::Display for DkimKeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl DkimKeyFile {
    /// The DNS name of its public part.
    #[must_use]
    pub fn name(&self) -> String {
        dns_name(&self.selector, &self.domain)
    }

    /// Loads the private key.
    ///
    /// # Errors
    /// Its file is not usable.
    pub fn key(&self) -> Result<DkimKey, FolderError> {
        let pair = self.pair()?;
        let pkcs8 = Secret::new(pair.serialize_der());
        DkimKey::new(self.domain.clone(), &self.selector, algorithm(&pair), &pkcs8)
            .map_err(|_secret| FolderError::NoKey(self.path.clone()))
    }

    /// Its public part.
    ///
    /// # Errors
    /// Its file is not usable.
    pub fn public(&self) -> Result<Public, FolderError> {
        let pair = self.pair()?;
        let algorithm = algorithm(&pair);
        let record = match algorithm {
            DkimAlgorithm::Rsa => {
                format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(pair.subject_public_key_info()))
            }
            DkimAlgorithm::Ed25519 => {
                format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(pair.public_key_raw()))
            }
        };
        Ok(Public { algorithm, record })
    }

    /// Changes its state.
    ///
    /// # Errors
    /// Its file cannot be renamed.
    pub fn turn(&mut self, to: KeyState) -> Result<(), FolderError> {
        let turned = Self { state: to, path: PathBuf::new(), ..self.clone() };
        let path = self.path.with_file_name(turned.file());
        sealpost_keyfile::put_in_place(&self.path, &path)
            .map_err(|source| FolderError::Io { path: path.clone(), source })?;
        (self.state, self.path) = (to, path);
        Ok(())
    }

    /// Deletes it, unless it is in use.
    ///
    /// # Errors
    /// It is in use, or its file cannot be deleted.
    pub fn remove(self) -> Result<(), FolderError> {
        match self.state {
            KeyState::Signing => return Err(FolderError::Signs(self.name())),
            KeyState::Waiting | KeyState::Retired => {}
        }
        std::fs::remove_file(&self.path).map_err(|source| FolderError::Io { path: self.path, source })
    }

    fn file(&self) -> String {
        format!("{}.{}.pem", self.name(), self.state.as_str())
    }

    fn pair(&self) -> Result<KeyPair, FolderError> {
        let path = || self.path.clone();
        let text =
            sealpost_keyfile::read(&self.path).map_err(|source| FolderError::Key { path: path(), source })?;
        let pair = KeyPair::from_pem(text.expose()).map_err(|_secret| FolderError::NoKey(path()))?;
        if pair.algorithm() == &PKCS_ED25519 {
            return Ok(pair);
        }
        if !pair.is_compatible(&PKCS_RSA_SHA256) {
            return Err(FolderError::NoKey(path()));
        }
        // RFC 8301 §3.2: at least 1024 bits; all verifiers accept 2048, and 4096 is the most that fits.
        match pair.public_key_raw().len() {
            260..=540 => Ok(pair),
            _ => Err(FolderError::Size(path())),
        }
    }
}

/// The DNS name of a domain's key with this selector.
#[must_use]
pub fn dns_name(selector: &str, domain: &Domain) -> String {
    format!("{selector}{BETWEEN}{domain}")
}

fn algorithm(pair: &KeyPair) -> DkimAlgorithm {
    if pair.algorithm() == &PKCS_ED25519 { DkimAlgorithm::Ed25519 } else { DkimAlgorithm::Rsa }
}

/// Every key in the folder, by domain and selector; empty if there is no folder. Other files are ignored.
///
/// # Errors
/// The folder cannot be read.
pub fn all(folder: &Path) -> Result<Vec<DkimKeyFile>, FolderError> {
    let wrong = |source| FolderError::Io { path: folder.to_owned(), source };
    let listed = match std::fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(wrong(error)),
    };
    let mut entries = Vec::new();
    for file in listed {
        let path = file.map_err(wrong)?.path();
        entries.extend(entry(path));
    }
    entries.sort_by_key(DkimKeyFile::name);
    Ok(entries)
}

fn entry(path: PathBuf) -> Option<DkimKeyFile> {
    let name = path.file_name()?.to_str()?.strip_suffix(".pem")?;
    let (name, state) = name.rsplit_once('.')?;
    let (selector, domain) = name.split_once(BETWEEN)?;
    let (domain, state) = (Domain::parse(domain).ok()?, KeyState::parse(state)?);
    is_selector(selector).then(|| DkimKeyFile {
        domain,
        selector: selector.to_owned(),
        state,
        path: path.clone(),
    })
}

/// RFC 6376 §3.1: DNS labels.
#[must_use]
pub fn is_selector(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    text.len() <= 60 && text.split('.').all(label)
}

/// Finds a key by its selector or its whole name.
///
/// # Errors
/// There is none, or more than one.
pub fn find(folder: &Path, given: &str) -> Result<DkimKeyFile, FolderError> {
    let all = all(folder)?;
    let mut matching = all.iter().filter(|entry| entry.selector == given || entry.name() == given);
    match (matching.next(), matching.next()) {
        (Some(entry), None) => Ok(entry.clone()),
        (None, _) => Err(FolderError::Unknown(given.to_owned())),
        (Some(_), Some(_)) => Err(FolderError::Ambiguous(given.to_owned())),
    }
}

/// Makes this the signing key; previous ones of its algorithm and domain are retired, and returned.
///
/// # Errors
/// A file is not usable. Then both may be in use, but never none.
pub fn sign_with(folder: &Path, entry: &mut DkimKeyFile) -> Result<Vec<DkimKeyFile>, FolderError> {
    let kind = entry.public()?.algorithm;
    let all = all(folder)?;
    // The new one first: there is always a signing key.
    entry.turn(KeyState::Signing)?;
    let mut retired = Vec::new();
    for mut old in all {
        let is_before = old.state == KeyState::Signing
            && old.domain == entry.domain
            && old.selector != entry.selector
            && old.public()?.algorithm == kind;
        if is_before {
            old.turn(KeyState::Retired)?;
            retired.push(old);
        }
    }
    Ok(retired)
}

/// The keys in use for signing.
///
/// # Errors
/// The folder or one of them is not usable.
pub fn signing(folder: &Path) -> Result<Vec<DkimKey>, FolderError> {
    let entries = all(folder)?;
    entries.iter().filter(|entry| entry.state == KeyState::Signing).map(DkimKeyFile::key).collect()
}

/// Creates a key that does not sign yet, readable by the folder's owner only.
///
/// # Errors
/// There is one of this name, or it cannot be written.
pub fn create(
    folder: &Path,
    domain: &Domain,
    selector: &str,
    algorithm: DkimAlgorithm,
) -> Result<DkimKeyFile, FolderError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let wrong = |source| FolderError::Io { path: folder.to_owned(), source };
    if !folder.exists() {
        std::fs::DirBuilder::new().mode(0o700).create(folder).map_err(wrong)?;
    }
    if all(folder)?.iter().any(|known| known.selector == selector && known.domain == *domain) {
        return Err(FolderError::Taken { selector: selector.to_owned(), domain: domain.clone() });
    }
    let pair = match algorithm {
        DkimAlgorithm::Rsa => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048),
        DkimAlgorithm::Ed25519 => KeyPair::generate_for(&PKCS_ED25519),
    };
    let pair = pair.map_err(|_library| FolderError::NoKey(folder.to_owned()))?;
    let mut entry = DkimKeyFile {
        domain: domain.clone(),
        selector: selector.to_owned(),
        state: KeyState::Waiting,
        path: PathBuf::new(),
    };
    entry.path = folder.join(entry.file());
    let text = Secret::new(pair.serialize_pem());
    sealpost_keyfile::write_like(&entry.path, text.expose(), folder).map_err(wrong)?;
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_waits_then_signs_then_rests_and_its_name_says_so() {
        let home = tempfile::tempdir().unwrap();
        let (folder, domain) = (home.path().join("dkim"), Domain::parse("insurer.example").unwrap());
        assert!(all(&folder).unwrap().is_empty());
        let mut key = create(&folder, &domain, "s1", DkimAlgorithm::Ed25519).unwrap();
        create(&folder, &domain, "s2", DkimAlgorithm::Rsa).unwrap();
        assert!(matches!(create(&folder, &domain, "s1", DkimAlgorithm::Rsa), Err(FolderError::Taken { .. })));
        assert!(signing(&folder).unwrap().is_empty());
        key.turn(KeyState::Signing).unwrap();
        assert_eq!(signing(&folder).unwrap().len(), 1);
        std::fs::write(folder.join("notes.txt"), "x").unwrap();
        let listed: Vec<_> = all(&folder).unwrap().iter().map(DkimKeyFile::file).collect();
        assert_eq!(
            listed,
            ["s1._domainkey.insurer.example.signing.pem", "s2._domainkey.insurer.example.waiting.pem"]
        );
        for (entry, start) in
            all(&folder).unwrap().iter().zip(["v=DKIM1; k=ed25519; p=", "v=DKIM1; k=rsa; p=MII"])
        {
            assert!(entry.public().unwrap().record.starts_with(start));
        }
    }

    #[test]
    fn a_key_that_others_can_read_is_not_used() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let domain = Domain::parse("insurer.example").unwrap();
        let key = create(home.path(), &domain, "s1", DkimAlgorithm::Ed25519).unwrap();
        std::fs::set_permissions(&key.path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(key.key().is_err_and(|error| error.to_string().contains("s1._domainkey")));
    }

    #[test]
    fn selectors_are_labels() {
        assert!(is_selector("2026a") && is_selector("a.b-c"));
        assert!(!is_selector("") && !is_selector("A") && !is_selector("a..b") && !is_selector("../a"));
    }
}
