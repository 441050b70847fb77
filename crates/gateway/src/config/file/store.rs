//! `[store]` in gateway.toml: the engine for the rows, its address, and where large letters are stored.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::units::Span;

/// `[store]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Rows {
    pub(crate) engine: Engine,
    /// Settings for `engine = "postgres"` only.
    pub(crate) hosts: Option<Spanned<Vec<String>>>,
    pub(crate) database: Option<Spanned<String>>,
    pub(crate) user: Option<Spanned<String>>,
    pub(crate) password_file: Option<Spanned<PathBuf>>,
    pub(crate) schema: Option<Spanned<String>>,
    pub(crate) tls_authorities: Option<Spanned<PathBuf>>,
    pub(crate) durability: Option<Spanned<Durability>>,
    pub(crate) connections: Option<Spanned<usize>>,
    /// Settings for several nodes.
    pub(crate) node: Option<Spanned<String>>,
    pub(crate) silence: Option<Spanned<Span>>,
    /// `"s3"`, or a folder shared by several nodes.
    pub(crate) bodies: Option<Spanned<PathBuf>>,
    /// Settings for `bodies = "s3"` only.
    pub(crate) s3: Option<Spanned<S3>>,
}

/// `[store.s3]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct S3 {
    pub(crate) endpoint: Spanned<String>,
    pub(crate) bucket: Spanned<String>,
    #[serde(default = "S3::region")]
    pub(crate) region: String,
    pub(crate) prefix: Option<Spanned<String>>,
    pub(crate) access_key_file: Spanned<PathBuf>,
    pub(crate) secret_key_file: Spanned<PathBuf>,
    pub(crate) authorities: Option<Spanned<PathBuf>>,
}

impl S3 {
    /// The usual value of self-hosted servers.
    fn region() -> String {
        "us-east-1".to_owned()
    }
}

/// The engine for the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Engine {
    /// A file in the data folder.
    #[default]
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

/// What a `250` survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Durability {
    /// A crash of the primary.
    Local,
    /// The loss of the primary.
    Replicated,
}
