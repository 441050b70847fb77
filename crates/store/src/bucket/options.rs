//! Address of the bucket and our credentials. Connects to nothing.

use std::path::PathBuf;

use sealpost_mail::Secret;

/// A bucket of an S3-compatible store.
#[derive(Clone, Debug)]
pub struct BucketOptions {
    /// `https://host[:port]`; `http://` to this machine only.
    pub endpoint: String,
    /// The bucket's name. Addressed by path, never as a host name.
    pub bucket: String,
    /// The region that requests are signed for; self-hosted servers accept any.
    pub region: String,
    /// Prefix of every key: empty, or ending in `/`.
    pub prefix: String,
    /// Access key id.
    pub access_key: Secret<String>,
    /// Secret access key.
    pub secret_key: Secret<String>,
    /// PEM file of the authorities that issue the endpoint's certificate; `None`: the public ones.
    pub authorities: Option<PathBuf>,
}
