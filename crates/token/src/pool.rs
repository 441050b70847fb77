//! The slots of a token, each with a thread. Requests wait for one for a limited time only, as a call into a
//! module cannot be interrupted. Knows no work.

use std::fmt;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use crate::connection::Connection;
use crate::failure::Failure;

/// Maximum number of waiting requests.
const WAITING: usize = 256;

type Work = Box<dyn FnOnce(&mut Connection) + Send>;

/// The slots of one token. Threads start with the first call: a process that never needs the token never
/// opens it.
pub(crate) struct Pool {
    places: usize,
    deadline: Duration,
    connect: Box<dyn Fn() -> Connection + Send + Sync>,
    begun: OnceLock<Begun>,
}

/// The running threads.
struct Begun {
    queue: SyncSender<Work>,
    /// Disconnected when the last of them has ended.
    ended: Mutex<Receiver<()>>,
}

/// How long dropping the pool waits for calls in progress.
const CALLS_END: Duration = Duration::from_secs(2);

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pool({})", self.places)
    }
}

impl Pool {
    pub(crate) fn new(
        places: usize,
        deadline: Duration,
        connect: impl Fn() -> Connection + Send + Sync + 'static,
    ) -> Self {
        Self { places, deadline, connect: Box::new(connect), begun: OnceLock::new() }
    }

    /// Runs this in the next free slot. Blocks until the deadline.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (answer, answered) = sync_channel(1);
        // Work that is no longer awaited is not begun.
        let waits = Arc::new(());
        let waiting = Arc::downgrade(&waits);
        let work: Work = Box::new(move |connection| {
            if waiting.strong_count() > 0 {
                let _nobody_waits = answer.send(work(connection));
            }
        });
        match self.begun.get_or_init(|| self.begin()).queue.try_send(work) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(Failure::Lost("too many calls wait for it".to_owned())),
            Err(TrySendError::Disconnected(_)) => {
                return Err(Failure::Lost("its threads are gone".to_owned()));
            }
        }
        match answered.recv_timeout(self.deadline) {
            Ok(done) => done,
            Err(RecvTimeoutError::Timeout) => {
                Err(Failure::Lost(format!("no answer within {} seconds", self.deadline.as_secs())))
            }
            Err(RecvTimeoutError::Disconnected) => Err(Failure::Lost("a call broke off".to_owned())),
        }
    }

    fn begin(&self) -> Begun {
        let (queue, works) = sync_channel::<Work>(WAITING);
        let (lives, ended) = sync_channel::<()>(0);
        let works = Arc::new(Mutex::new(works));
        for _ in 0..self.places.max(1) {
            let works = Arc::clone(&works);
            let mut connection = (self.connect)();
            let lives = lives.clone();
            let serve = move || {
                serve(&works, &mut connection);
                drop(connection);
                drop(lives);
            };
            // If the system provides no thread, it is missing; without any, waiting work is not done.
            if let Err(error) = thread::Builder::new().name("token".to_owned()).spawn(serve) {
                tracing::error!(%error, "a thread for a token cannot be started");
            }
        }
        Begun { queue, ended: Mutex::new(ended) }
    }
}

/// Sessions are closed before the module: some modules crash at exit otherwise.
impl Drop for Pool {
    fn drop(&mut self) {
        let Some(Begun { queue, ended }) = self.begun.take() else { return };
        drop(queue);
        let ended = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
        // Nothing is ever sent; the channel ends with the last of them.
        let _ended = ended.recv_timeout(CALLS_END);
    }
}

fn serve(works: &Mutex<Receiver<Work>>, connection: &mut Connection) {
    loop {
        // Held while waiting, not while working.
        let work = works.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match work {
            Ok(work) => work(connection),
            Err(_over) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;

    use super::*;
    use crate::module::Module;
    use crate::settings::{TokenPlace, TokenSettings};

    fn pool(deadline: Duration) -> Pool {
        let settings = TokenSettings {
            name: "hsm".to_owned(),
            module: "/nonexistent/module.so".into(),
            place: TokenPlace::Slot(0),
            pin_file: "/nonexistent/pin".into(),
            sessions: 1,
            deadline,
        };
        let (settings, module) =
            (Arc::new(settings), Arc::new(Module::new("/nonexistent/module.so".as_ref())));
        Pool::new(1, deadline, move || {
            Connection::new(Arc::clone(&settings), Arc::clone(&module), Arc::default())
        })
    }

    #[test]
    fn a_call_that_does_not_come_back_is_waited_for_no_longer_than_the_deadline() {
        let mut pool = pool(Duration::from_millis(100));
        let (go_on, stuck) = channel::<()>();
        let began = Arc::new(AtomicUsize::new(0));
        let hangs = pool.run(move |_| Ok(stuck.recv().is_ok()));
        assert!(matches!(hangs, Err(Failure::Lost(why)) if why.contains("no answer")));
        // Further requests wait as long, and work that is no longer awaited is not begun.
        let counts = Arc::clone(&began);
        let waits = pool.run(move |_| Ok(counts.fetch_add(1, Ordering::SeqCst)));
        assert!(matches!(waits, Err(Failure::Lost(_))));
        go_on.send(()).unwrap();
        pool.deadline = Duration::from_secs(60);
        assert_eq!(pool.run(|_| Ok(7)), Ok(7));
        assert_eq!(began.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn a_module_that_is_not_there_is_a_token_that_is_away() {
        let lost = pool(Duration::from_secs(60)).run(|connection| connection.run(&|_open| Ok(())));
        assert!(matches!(lost, Err(Failure::Lost(why)) if why.contains("cannot be loaded")));
    }
}
