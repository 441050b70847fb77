//! What `sealpost check` finds out about a bucket: whether we have the permissions we need, and whether deleted objects
//! are really gone. Leaves nothing behind.

use std::path::Path;

use bytes::Bytes;
use object_store::path::Path as Key;
use object_store::{MultipartUpload as _, ObjectStoreExt as _};

use super::{BucketOptions, MARK, PART, backend};
use crate::error::StoreError;
use crate::own_runtime::OwnRuntime;

/// The range requested in the test.
const RANGE: std::ops::Range<u64> = 7..11;
const PROBE: &[u8] = b"may be removed";

/// The findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketFacts {
    /// The id of the store whose mark it bears.
    pub belongs_to: Option<String>,
    /// Deleted or overwritten objects are kept as former versions.
    pub keeps_versions: bool,
    /// It serves ranges of objects.
    pub gives_ranges: bool,
    /// It accepts multipart uploads.
    pub takes_parts: bool,
}

impl BucketOptions {
    /// Writes one object in one piece and one in parts under unused names (`name`), reads a range and removes both.
    /// Blocks.
    pub fn facts(&self, data: &Path, name: &str) -> Result<BucketFacts, StoreError> {
        let (options, name) = (self.clone(), name.to_owned());
        OwnRuntime::start("store-bucket", data)?.wait_for(async move {
            let backend = backend(&options)?;
            let key = |what: &str| Key::from(format!("{}check/{name}{what}", options.prefix));
            let belongs_to = match backend.get(&Key::from(format!("{}{MARK}", options.prefix))).await {
                Ok(mark) => Some(String::from_utf8_lossy(&mark.bytes().await?).trim().to_owned()),
                Err(object_store::Error::NotFound { .. }) => None,
                Err(error) => return Err(error.into()),
            };
            let put = backend.put(&key(""), PROBE.into()).await?;
            let range = backend.get_range(&key(""), RANGE).await?;
            let expected = PROBE.get(7..11).unwrap_or_default();
            backend.delete(&key("")).await?;
            let mut parts = backend.put_multipart(&key("-parts")).await?;
            let in_parts = async {
                parts.put_part(Bytes::from(vec![0; PART]).into()).await?;
                parts.put_part(PROBE.into()).await?;
                parts.complete().await
            };
            let takes_parts = match in_parts.await {
                Ok(_put) => {
                    backend.delete(&key("-parts")).await?;
                    true
                }
                Err(error) => {
                    tracing::debug!(%error, "parts are not taken");
                    let _gone_by_itself = parts.abort().await;
                    false
                }
            };
            Ok(BucketFacts {
                belongs_to,
                // Without versioning there is no version id, or "null" if it was enabled once.
                keeps_versions: put.version.is_some_and(|version| version != "null"),
                gives_ranges: range == expected,
                takes_parts,
            })
        })
    }
}
