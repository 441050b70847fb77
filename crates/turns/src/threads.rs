//! The threads on which Argon2 runs: as many as have a turn, and behind whatever else the machine has to do, so that nobody's page
//! waits for somebody's log-in. They end when nobody has logged in for ten seconds. Knows nothing of whose turn it is.

use tokio::runtime::{Builder, Runtime};

use crate::{AT_ONCE, NotDone};

/// More than the process has. Under load a core is divided between its other threads and these as ten to one.
const NICENESS: i32 = 10;

pub(crate) struct Threads(Option<Runtime>);

impl Default for Threads {
    fn default() -> Self {
        // Of this runtime only the threads for blocking work are used; there is nothing else that could fail to be built.
        let mut builder = Builder::new_current_thread();
        builder.max_blocking_threads(AT_ONCE).thread_name("argon2").on_thread_start(|| {
            // On Linux that is the calling thread alone. Where it is forbidden log-ins run beside the pages, as everything does.
            let _forbidden = rustix::process::nice(NICENESS);
        });
        Self(builder.build().ok())
    }
}

impl Threads {
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let Some(runtime) = &self.0 else { return Err(NotDone) };
        runtime.spawn_blocking(work).await.map_err(|_panicked| NotDone)
    }
}

impl Drop for Threads {
    /// Within another runtime nobody may wait for threads.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
