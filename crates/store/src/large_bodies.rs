//! Where large bodies are: the choice, and nothing that follows of it. Reaches nothing.

use std::path::PathBuf;

use crate::bucket::BucketOptions;

/// Where large bodies are.
#[derive(Clone, Debug, Default)]
pub enum LargeBodies {
    /// In the store's folder, which then is the only one.
    #[default]
    Folder,
    /// In a folder that several nodes share: on every one the same.
    Shared(PathBuf),
    /// In a bucket of an S3-compatible store. What was written before stays where it is until it is moved.
    Bucket(Box<BucketOptions>),
}
