//! The folder with the keys of DKIM: one file a key, whose name says selector, domain and how it stands. Signs nothing.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{KeyPair, PKCS_ED25519, PKCS_RSA_SHA256, PublicKeyData as _, RsaKeySize};
use sealpost_delivery::{DkimAlgorithm, DkimKey};
use sealpost_mail::{Domain, Secret};
use thiserror::Error;

use crate::config::checked::{KeyFile, put_in_place, read_key, write_like};

/// What stands between selector and domain, in the DNS (RFC 6376 §3.6.2.1) as in the file's name.
const BETWEEN: &str = "._domainkey.";

/// How a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Made, to be published; signs nothing yet.
    Waiting,
    /// Signs.
    Signing,
    /// Signs no more; stays published until what it has signed is delivered.
    Retired,
}

/// Why the folder cannot be used.
#[derive(Debug, Error)]
pub(crate) enum FolderError {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{path}: {source}")]
    Key { path: PathBuf, source: KeyFile },
    #[error("{0}: this is no private key for DKIM (PKCS#8 as PEM, RSA or Ed25519)")]
    NoKey(PathBuf),
    #[error("{0}: RSA keys for DKIM have 2048 to 4096 bits; make another one with `sealpost dkim create`")]
    Size(PathBuf),
    #[error("there is a key {selector} for {domain} already; choose another --selector")]
    Taken { selector: String, domain: Domain },
}

/// One key.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) domain: Domain,
    pub(crate) selector: String,
    pub(crate) standing: Standing,
    path: PathBuf,
}

/// What is made of it for the DNS.
pub(crate) struct Public {
    pub(crate) algorithm: DkimAlgorithm,
    /// RFC 6376 §3.6.1, RFC 8463 §4.2.
    pub(crate) record: String,
}

impl Standing {
    pub(crate) fn as_str(self) -> &'static str {
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

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl Entry {
    /// Where its public part is published.
    pub(crate) fn name(&self) -> String {
        format!("{}{BETWEEN}{}", self.selector, self.domain)
    }

    /// Ready to sign.
    pub(crate) fn key(&self) -> Result<DkimKey, FolderError> {
        let pair = self.pair()?;
        let pkcs8 = Secret::new(pair.serialize_der());
        DkimKey::new(self.domain.clone(), &self.selector, algorithm(&pair), &pkcs8)
            .map_err(|_secret| FolderError::NoKey(self.path.clone()))
    }

    pub(crate) fn public(&self) -> Result<Public, FolderError> {
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

    /// From now on it stands so.
    pub(crate) fn turn(&mut self, to: Standing) -> Result<(), FolderError> {
        let turned = Self { standing: to, path: PathBuf::new(), ..self.clone() };
        let path = self.path.with_file_name(turned.file());
        put_in_place(&self.path, &path).map_err(|source| FolderError::Io { path: path.clone(), source })?;
        (self.standing, self.path) = (to, path);
        Ok(())
    }

    /// It goes.
    pub(crate) fn remove(self) -> Result<(), FolderError> {
        std::fs::remove_file(&self.path).map_err(|source| FolderError::Io { path: self.path, source })
    }

    fn file(&self) -> String {
        format!("{}.{}.pem", self.name(), self.standing.as_str())
    }

    fn pair(&self) -> Result<KeyPair, FolderError> {
        let path = || self.path.clone();
        let text = read_key(&self.path).map_err(|source| FolderError::Key { path: path(), source })?;
        let pair = KeyPair::from_pem(text.expose()).map_err(|_secret| FolderError::NoKey(path()))?;
        if pair.algorithm() == &PKCS_ED25519 {
            return Ok(pair);
        }
        if !pair.is_compatible(&PKCS_RSA_SHA256) {
            return Err(FolderError::NoKey(path()));
        }
        // RFC 8301 §3.2: from 1024 bits; everybody reads 2048, and 4096 is the most that fits.
        match pair.public_key_raw().len() {
            260..=540 => Ok(pair),
            _ => Err(FolderError::Size(path())),
        }
    }
}

fn algorithm(pair: &KeyPair) -> DkimAlgorithm {
    if pair.algorithm() == &PKCS_ED25519 { DkimAlgorithm::Ed25519 } else { DkimAlgorithm::Rsa }
}

/// Every key in the folder, by domain and selector; none if there is no folder. Other files are left alone.
pub(crate) fn all(folder: &Path) -> Result<Vec<Entry>, FolderError> {
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
    entries.sort_by_key(Entry::name);
    Ok(entries)
}

fn entry(path: PathBuf) -> Option<Entry> {
    let name = path.file_name()?.to_str()?.strip_suffix(".pem")?;
    let (name, standing) = name.rsplit_once('.')?;
    let (selector, domain) = name.split_once(BETWEEN)?;
    let (domain, standing) = (Domain::parse(domain).ok()?, Standing::parse(standing)?);
    is_selector(selector).then(|| Entry {
        domain,
        selector: selector.to_owned(),
        standing,
        path: path.clone(),
    })
}

/// RFC 6376 §3.1: labels of a name in the DNS.
pub(crate) fn is_selector(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    text.len() <= 60 && text.split('.').all(label)
}

/// The keys that sign.
pub(crate) fn signing(folder: &Path) -> Result<Vec<DkimKey>, FolderError> {
    let entries = all(folder)?;
    entries.iter().filter(|entry| entry.standing == Standing::Signing).map(Entry::key).collect()
}

/// Makes a key that waits, readable by the folder's owner alone.
pub(crate) fn create(
    folder: &Path,
    domain: &Domain,
    selector: &str,
    algorithm: DkimAlgorithm,
) -> Result<Entry, FolderError> {
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
    let mut entry = Entry {
        domain: domain.clone(),
        selector: selector.to_owned(),
        standing: Standing::Waiting,
        path: PathBuf::new(),
    };
    entry.path = folder.join(entry.file());
    let text = Secret::new(pair.serialize_pem());
    write_like(&entry.path, text.expose(), folder).map_err(wrong)?;
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
        key.turn(Standing::Signing).unwrap();
        assert_eq!(signing(&folder).unwrap().len(), 1);
        std::fs::write(folder.join("notes.txt"), "x").unwrap();
        let listed: Vec<_> = all(&folder).unwrap().iter().map(Entry::file).collect();
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
