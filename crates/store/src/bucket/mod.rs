//! Large sealed bodies as objects in a bucket of an S3-compatible store. Knows no rows, so not who refers to an object.
//! All requests run on a runtime of its own, whatever runtime the callers use.

mod connector;
mod options;
mod probe;
mod response;
mod spool;

use std::future::Future;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Key;
use object_store::{BackoffConfig, MultipartUpload, ObjectStore as _, ObjectStoreExt as _, RetryConfig};
use tokio::sync::{OnceCell, Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use self::connector::{Connector, Endpoint};
pub use self::options::BucketOptions;
pub use self::probe::BucketFacts;
pub(crate) use self::spool::{Spool, clear as clear_spool, prepare as prepare_spool};
use crate::error::StoreError;
use crate::files::is_id;
use crate::own_runtime::OwnRuntime;

/// S3's minimum size of every part of an object but the last.
const PART: usize = 5 * 1024 * 1024;

/// Parts in memory at the same time.
const PARTS_AT_ONCE: usize = 4;

/// The memory they take at most, in addition to that of incoming letters.
pub const BUCKET_PARTS: u64 = (PART * PARTS_AT_ONCE) as u64;

/// How long one request is retried.
const PATIENCE: Duration = Duration::from_secs(20);

/// Timeout for reading a range, retries included.
const READING: Duration = Duration::from_secs(60);

/// Timeout for listing a shelf, retries included: a server may name a next page for ever.
const LISTING: Duration = Duration::from_secs(300);

/// Maximum number of objects on a shelf, of which there are 256.
const MAX_ON_SHELF: usize = 500_000;

/// The object that names the store the bucket belongs to.
const MARK: &str = "sealpost-store";

/// Object keys: `prefix` `shelf` `/` `id`.
pub(crate) struct Bucket {
    runtime: OwnRuntime,
    backend: AmazonS3,
    prefix: String,
    data: PathBuf,
    uploads: Arc<Semaphore>,
    /// The id of the store that the bucket belongs to.
    store_id: String,
    /// Set once the mark has been checked.
    is_ours: OnceCell<()>,
    /// Receives the ids of bodies that will not be committed.
    abandoned: mpsc::UnboundedSender<String>,
}

/// An object as listed by the bucket.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) size: u64,
}

impl Bucket {
    /// Connects to nothing yet. `abandoned` receives the ids of bodies that will not be committed.
    pub(crate) fn new(
        options: &BucketOptions,
        data: &Path,
        store_id: String,
        abandoned: mpsc::UnboundedSender<String>,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            runtime: OwnRuntime::start("store-bucket", data)?,
            backend: backend(options)?,
            prefix: options.prefix.clone(),
            data: data.to_owned(),
            uploads: Arc::new(Semaphore::new(PARTS_AT_ONCE)),
            store_id,
            is_ours: OnceCell::new(),
            abandoned,
        })
    }

    /// Begins a body. It is invisible until it is complete.
    pub(crate) async fn begin(&self, id: &str) -> Result<Spool, StoreError> {
        Spool::begin(&self.data, id).await
    }

    /// Finishes a body: afterwards it is in the bucket. A caller that stops waiting does not stop the upload.
    pub(crate) async fn put(self: &Arc<Self>, id: &str, spool: Spool) -> Result<(), StoreError> {
        let (bucket, id) = (Arc::clone(self), id.to_owned());
        self.aside(async move {
            bucket.see_that_it_is_ours().await?;
            bucket.upload(&bucket.key(&id), spool).await
        })
        .await
    }

    async fn upload(&self, key: &Key, mut spool: Spool) -> Result<(), StoreError> {
        spool.rewind().await?;
        let place = || self.uploads.acquire();
        if usize::try_from(spool.len()).is_ok_and(|len| len <= PART) {
            let _place = place().await.map_err(|_closed| StoreError::Closed)?;
            let whole = spool.next(PART).await?;
            self.backend.put(key, whole.into()).await?;
            return Ok(());
        }
        let mut upload = self.backend.put_multipart(key).await?;
        let sent = async {
            loop {
                let _place = place().await.map_err(|_closed| StoreError::Closed)?;
                let part = spool.next(PART).await?;
                if part.is_empty() {
                    break;
                }
                upload.put_part(part.into()).await?;
            }
            upload.complete().await?;
            Ok(())
        };
        let sent: Result<(), StoreError> = sent.await;
        if sent.is_err()
            && let Err(error) = upload.abort().await
        {
            tracing::debug!(%error, "parts of an object stay until the bucket's lifecycle takes them");
        }
        sent
    }

    /// Reads a range of a body.
    pub(crate) async fn read(self: &Arc<Self>, id: &str, range: Range<u64>) -> Result<Bytes, StoreError> {
        let (bucket, key) = (Arc::clone(self), self.key(id));
        self.aside(async move {
            let read = timeout(READING, bucket.backend.get_range(&key, range)).await;
            match read.map_err(|_late| StoreError::BucketSilent)? {
                Ok(bytes) => Ok(bytes),
                Err(object_store::Error::NotFound { .. }) => Err(StoreError::Damaged { what: "an object" }),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Size of a body in bytes, `None` if there is none.
    pub(crate) async fn size(self: &Arc<Self>, id: &str) -> Result<Option<u64>, StoreError> {
        let (bucket, key) = (Arc::clone(self), self.key(id));
        self.aside(async move {
            match bucket.backend.head(&key).await {
                Ok(meta) => Ok(Some(meta.size)),
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Removes a body. A missing one counts as removed.
    pub(crate) async fn remove(self: &Arc<Self>, id: &str) -> Result<(), StoreError> {
        let (bucket, key) = (Arc::clone(self), self.key(id));
        self.aside(async move {
            bucket.see_that_it_is_ours().await?;
            match bucket.backend.delete(&key).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Lists the objects on a shelf; those whose names are no ids are not ours.
    pub(crate) async fn on_shelf(self: &Arc<Self>, shelf: &str) -> Result<Vec<Listed>, StoreError> {
        let (bucket, folder) = (Arc::clone(self), Key::from(format!("{}{shelf}", self.prefix)));
        self.aside(async move {
            bucket.see_that_it_is_ours().await?;
            let mut all = bucket.backend.list(Some(&folder));
            let listing = async {
                let mut listed = Vec::new();
                while let Some(one) = all.try_next().await? {
                    if listed.len() >= MAX_ON_SHELF {
                        return Err(StoreError::BucketEndless);
                    }
                    if let Some(id) = one.location.filename().filter(|id| is_id(id)) {
                        listed.push(Listed { id: id.to_owned(), size: one.size });
                    }
                }
                Ok(listed)
            };
            timeout(LISTING, listing).await.map_err(|_late| StoreError::BucketSilent)?
        })
        .await
    }

    /// Reports that this body will not be committed: it may be removed if the rows agree.
    pub(crate) fn abandon(&self, id: String) {
        // If the channel is closed, the next process to open the store finds it in the rows.
        let _closed = self.abandoned.send(id);
    }

    /// Checks that the bucket bears this store's mark. An unmarked bucket is marked, if no letter of ours can be in
    /// another one.
    pub(crate) async fn claim(self: &Arc<Self>, holds_letters: bool) -> Result<(), StoreError> {
        let bucket = Arc::clone(self);
        self.aside(async move {
            match bucket.mark().await? {
                Some(whose) if whose == bucket.store_id => {}
                None if !holds_letters => {
                    let mark = bucket.store_id.clone().into_bytes();
                    bucket.backend.put(&bucket.mark_key(), mark.into()).await?;
                }
                Some(_) | None => return Err(StoreError::OtherBucket),
            }
            let _already = bucket.is_ours.set(());
            Ok(())
        })
        .await
    }

    /// Checked before anything is written or removed: the bucket may have been unreachable at start-up.
    async fn see_that_it_is_ours(&self) -> Result<(), StoreError> {
        let seen = self.is_ours.get_or_try_init(|| async {
            match self.mark().await? {
                Some(whose) if whose == self.store_id => Ok(()),
                Some(_) | None => Err(StoreError::OtherBucket),
            }
        });
        seen.await.copied()
    }

    async fn mark(&self) -> Result<Option<String>, StoreError> {
        match self.backend.get(&self.mark_key()).await {
            Ok(found) => Ok(Some(String::from_utf8_lossy(&found.bytes().await?).trim().to_owned())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn mark_key(&self) -> Key {
        Key::from(format!("{}{MARK}", self.prefix))
    }

    fn key(&self, id: &str) -> Key {
        Key::from(format!("{}{}/{id}", self.prefix, shelf(id)))
    }

    /// Runs work on the bucket's own runtime; it continues if its caller stops waiting.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.runtime.spawn(work).await.map_err(|_gone| StoreError::Closed)?
    }

    /// The same for callers that block.
    pub(crate) fn wait_for<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.runtime.wait_for(work)
    }

    /// Spawns a task that ends with the bucket.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        self.runtime.spawn(work)
    }
}

impl std::fmt::Debug for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bucket").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// Ids of one process count up, so their prefixes are alike; their suffixes are evenly spread.
pub(crate) fn shelf(id: &str) -> &str {
    id.get(id.len().saturating_sub(2)..).unwrap_or(id)
}

/// All shelves: ids end in hex digits.
pub(crate) fn shelves() -> impl Iterator<Item = String> {
    (0..=u8::MAX).map(|byte| format!("{byte:02x}"))
}

fn backend(options: &BucketOptions) -> Result<AmazonS3, StoreError> {
    let endpoint = Endpoint::new(&options.endpoint, options.authorities.as_deref())?;
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(3),
            base: 2.0,
        },
        max_retries: 12,
        retry_timeout: PATIENCE,
    };
    let backend = AmazonS3Builder::new()
        .with_endpoint(options.endpoint.trim_end_matches('/'))
        .with_bucket_name(&options.bucket)
        .with_region(&options.region)
        .with_access_key_id(options.access_key.expose())
        .with_secret_access_key(options.secret_key.expose())
        // The configuration allows plain HTTP to this machine only.
        .with_allow_http(true)
        .with_virtual_hosted_style_request(false)
        .with_retry(retry)
        .with_http_connector(Connector(endpoint))
        .build()?;
    Ok(backend)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealpost_mail::{Random as _, SystemRandom};

    #[test]
    fn ids_that_follow_each_other_lie_on_many_shelves() {
        let ids: Vec<String> = (0..200).map(|_| SystemRandom.id()).collect();
        let known: Vec<String> = shelves().collect();
        let mut used: Vec<&str> = ids.iter().map(|id| shelf(id)).collect();
        assert!(used.iter().all(|shelf| known.iter().any(|known| known == shelf)));
        used.sort_unstable();
        used.dedup();
        assert!(used.len() > 80, "{} shelves for {} bodies", used.len(), ids.len());
    }
}
