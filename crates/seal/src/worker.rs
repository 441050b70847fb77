//! The worker process `sealpost-seal` from outside: started, fed, watched, ended. What strangers made is read there and
//! never here. Knows no library.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sealpost_mail::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::{KeyError, OpenError, WorkerError};
use crate::opened::{Opened, SpeaksFor};
use crate::own::OwnKey;
use crate::partner::PartnerKey;

/// The worker's file name.
const NAME: &str = "sealpost-seal";

/// What opening one letter may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Address space of the worker in bytes.
    pub memory: u64,
    /// Processor time of the worker; whole seconds.
    pub cpu: Duration,
    /// Time from start to end.
    pub wall: Duration,
    /// Bytes of the opened letter.
    pub output: u64,
}

impl Default for Limits {
    /// Enough for a letter of 60 MB.
    fn default() -> Self {
        Self {
            memory: 1 << 30,
            cpu: Duration::from_secs(30),
            wall: Duration::from_secs(60),
            output: 160 * 1024 * 1024,
        }
    }
}

/// A trusted key, and for whom it speaks.
#[derive(Clone, Debug)]
pub struct TrustedKey {
    /// The key.
    pub key: PartnerKey,
    /// For whom.
    pub speaks_for: SpeaksFor,
}

/// With what a letter is opened.
pub struct Opening<'a> {
    /// Our keys, old ones too.
    pub own: &'a [&'a OwnKey],
    /// Keys whose signatures are believed.
    pub trusted: &'a [TrustedKey],
    /// DER of certificates that chains may end at.
    pub roots: &'a [Vec<u8>],
    /// DER of revocation lists, for chains.
    pub crls: &'a [Vec<u8>],
    /// When.
    pub now: Timestamp,
}

/// Whether a chain leads from a certificate to a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainVerdict {
    /// It does, and nothing in it is revoked by the lists given.
    Holds,
    /// It does, but no list was there to say whether it is revoked.
    NoRevocationList,
    /// It is revoked.
    Revoked,
    /// There is no chain, or something in it does not hold.
    Broken,
}

/// A worker program that can be started. One process for each letter; how many run at a time is the caller's to limit.
#[derive(Clone, Debug)]
pub struct Worker {
    path: PathBuf,
    limits: Limits,
}

impl Worker {
    /// The program at `configured`, else the one that lies beside the running program.
    ///
    /// # Errors
    /// There is none; the error names the place where it should be.
    pub fn find(configured: Option<&Path>, limits: Limits) -> Result<Self, WorkerError> {
        let path = match configured {
            Some(path) => path.to_owned(),
            None => std::env::current_exe().map_err(WorkerError::Missing)?.with_file_name(NAME),
        };
        if path.is_file() {
            return Ok(Self { path, limits });
        }
        let missing = format!("no such file: {}", path.display());
        Err(WorkerError::Missing(std::io::Error::new(std::io::ErrorKind::NotFound, missing)))
    }

    /// Opens `letter` (`length` bytes) and writes what is readable to `spool`, after it was authenticated as far as its
    /// format allows. On any error, what was written is to be thrown away.
    ///
    /// # Errors
    /// See [`OpenError`]. That a letter cannot be decrypted or does not verify is no error.
    pub async fn open(
        &self,
        letter: impl AsyncRead + Unpin + Send,
        length: u64,
        opening: &Opening<'_>,
        spool: impl AsyncWrite + Unpin + Send,
    ) -> Result<Opened, OpenError> {
        let _ = (letter, length, opening, spool, &self.path, self.limits);
        Err(OpenError::Worker(WorkerError::Failed("not yet".to_owned())))
    }

    /// Every key in a file that somebody sent.
    ///
    /// # Errors
    /// None of the formats, or too large.
    pub async fn read_keys(&self, file: &[u8]) -> Result<Vec<PartnerKey>, KeyError> {
        let _ = file;
        Err(KeyError::Unsupported("not yet"))
    }

    /// Whether a chain leads from this certificate to one of the roots.
    ///
    /// # Errors
    /// The worker's only.
    pub async fn check_chain(
        &self,
        key: &PartnerKey,
        roots: &[Vec<u8>],
        crls: &[Vec<u8>],
        now: Timestamp,
    ) -> Result<ChainVerdict, KeyError> {
        let _ = (key, roots, crls, now);
        Err(KeyError::Unsupported("not yet"))
    }
}
