//! Where large bodies are stored: the choice alone. Connects to nothing.

use std::path::PathBuf;

use crate::bucket::BucketOptions;

/// Where large bodies are stored.
#[derive(Clone, Debug, Default)]
pub enum LargeBodies {
    /// In the store's folder, which is then the only one.
    #[default]
    Folder,
    /// In a folder shared by several nodes: the same on all of them.
    Shared(PathBuf),
    /// In a bucket of an S3-compatible store. Earlier bodies stay where they are until they are moved.
    Bucket(Box<BucketOptions>),
}
