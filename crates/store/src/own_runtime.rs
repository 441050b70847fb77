//! A runtime for talking to a server, whatever runtime the callers have. Knows no server.

use std::fmt;
use std::future::Future;
use std::path::Path;

use tokio::runtime::{Handle, Runtime};
use tokio::task::JoinHandle;

use crate::error::StoreError;

/// Their work is little compared with the server's.
const THREADS: usize = 2;

/// A runtime that may be dropped anywhere. What still runs on it then is aborted.
pub(crate) struct OwnRuntime {
    runtime: Option<Runtime>,
    handle: Handle,
}

impl OwnRuntime {
    pub(crate) fn start(name: &str, folder: &Path) -> Result<Self, StoreError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name(name)
            .enable_all()
            .build()
            .map_err(|source| StoreError::Path { path: folder.to_owned(), source })?;
        let handle = runtime.handle().clone();
        Ok(Self { runtime: Some(runtime), handle })
    }

    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.handle.spawn(work)
    }

    /// Blocks, whatever runtime the caller is on.
    pub(crate) fn wait_for<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = std::sync::mpsc::channel();
        self.spawn(async move {
            let _nobody_waits = reply.send(work.await);
        });
        answer.recv().map_err(|_gone| StoreError::Closed)?
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for OwnRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnRuntime")
    }
}
