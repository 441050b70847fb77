//! Where the bucket is and who we are there. Reaches nothing.

use std::path::PathBuf;

use sealpost_mail::Secret;

/// A bucket of an S3-compatible store.
#[derive(Clone, Debug)]
pub struct BucketOptions {
    /// `https://host[:port]`; `http://` to this machine only.
    pub endpoint: String,
    /// Its name there. Asked for by path, never as a host's name.
    pub bucket: String,
    /// What requests are signed for; servers of one's own take any.
    pub region: String,
    /// What stands before every key: empty, or ending in `/`.
    pub prefix: String,
    /// Who we are.
    pub access_key: Secret<String>,
    /// What proves it.
    pub secret_key: Secret<String>,
    /// PEM file of the authorities that vouch for the endpoint; `None`: the world's.
    pub authorities: Option<PathBuf>,
}
