//! A bounded pool of connections. Knows no statement.

use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{
    Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult, TimeoutType, Timeouts,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_postgres::error::Severity;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls};

use super::begin::Words;
use super::config::{PostgresOptions, PostgresTls};
use super::failure::{Failure, NamesLost};
use super::named::{Changing, Names};
use super::server_error::PostgresError;
use super::tls::Tls;
use crate::error::StoreError;

/// Interval between tries to reach a lost server; a promotion takes about a second.
const PAUSE: Duration = Duration::from_millis(200);

/// One connection.
pub(super) struct Connection {
    pub(super) client: Client,
    /// Set when the server has sent a warning.
    warned: Arc<AtomicBool>,
    driver: AbortHandle,
    ends: Ends,
    /// How many uses of [`Self::whole`] have begun and not ended.
    unfinished: AtomicUsize,
    /// Whether there was a webhook when last queried.
    receivers: AtomicBool,
    /// `None`: no statement is prepared.
    pub(super) names: Option<Names>,
}

pub(super) struct Connector {
    config: Config,
    tls: Option<Tls>,
    ends: Ends,
    changing: Changing,
    /// What its connections begin transactions with; `None`: nothing is prepared on them.
    words: Option<Arc<Words>>,
}

/// How many connections of a pool have ended so far, updated before any is replaced. While it is unchanged, the server
/// has not lost unwritten data: that would have ended every connection.
#[derive(Clone, Debug, Default)]
struct Ends(Arc<AtomicU64>);

impl Ends {
    fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("warned", &self.warned).finish_non_exhaustive()
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("tls", &self.tls.is_some()).finish_non_exhaustive()
    }
}

/// The pool.
pub(super) type Connections = Pool<Connector>;

impl Connector {
    pub(super) fn new(options: &PostgresOptions) -> Result<Self, StoreError> {
        let tls = match &options.tls {
            PostgresTls::Off => None,
            PostgresTls::Verified { authorities } => Some(Tls::load(authorities)?),
        };
        Ok(Self {
            config: options.to_driver(),
            tls,
            ends: Ends::default(),
            changing: Changing::default(),
            words: None,
        })
    }

    /// Prepares frequent statements on its connections, whose transactions begin with these words.
    pub(super) fn naming(self, words: Arc<Words>) -> Self {
        Self { words: Some(words), ..self }
    }

    /// How many of its connections have ended.
    pub(super) fn ends(&self) -> u64 {
        self.ends.0.load(Ordering::SeqCst)
    }

    /// A pool of at most `most` connections.
    pub(super) fn pool(self, most: usize, patience: Duration) -> Result<Connections, StoreError> {
        Pool::builder(self)
            .max_size(most.max(1))
            .wait_timeout(Some(patience))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|_no_runtime| StoreError::Damaged { what: "a pool with a runtime" })
    }
}

impl Manager for Connector {
    type Type = Connection;
    type Error = tokio_postgres::Error;

    async fn create(&self) -> Result<Connection, Self::Error> {
        let mut connection = match &self.tls {
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                Connection::driven(client, connection, self.ends.clone())
            }
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                Connection::driven(client, connection, self.ends.clone())
            }
        };
        if let Some(words) = &self.words {
            connection.names = Names::begin(&connection.client, &self.changing, words.marks()).await;
        }
        Ok(connection)
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<Self::Error> {
        if connection.client.is_closed() {
            return Err(RecycleError::message("closed"));
        }
        if *connection.unfinished.get_mut() > 0 {
            return Err(RecycleError::message("in the middle of a transaction"));
        }
        if connection.names.as_ref().is_some_and(Names::are_lost) {
            return Err(RecycleError::message("its names are lost"));
        }
        Ok(())
    }
}

impl Connection {
    fn driven<S, T>(client: Client, mut connection: tokio_postgres::Connection<S, T>, ends: Ends) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let warned = Arc::new(AtomicBool::new(false));
        let (seen, ended) = (Arc::clone(&warned), ends.clone());
        let driver = tokio::spawn(async move {
            while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
                match message {
                    Ok(AsyncMessage::Notice(notice)) => {
                        if notice.parsed_severity() == Some(Severity::Warning) {
                            tracing::warn!(
                                code = notice.code().code(),
                                "the database warns: {}",
                                notice.message()
                            );
                            seen.store(true, Ordering::SeqCst);
                        }
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::debug!(error = %PostgresError::from(error), "a connection to the database ended");
                        break;
                    }
                }
            }
            ended.add();
        });
        let unfinished = AtomicUsize::new(0);
        let receivers = AtomicBool::new(false);
        Self { client, warned, driver: driver.abort_handle(), ends, unfinished, receivers, names: None }
    }

    pub(super) fn has_receivers(&self) -> bool {
        self.receivers.load(Ordering::Relaxed)
    }

    pub(super) fn saw_receivers(&self, some: bool) {
        self.receivers.store(some, Ordering::Relaxed);
    }

    /// Runs a transaction from beginning to end. If it is cut short, because its task is aborted or panics, the
    /// connection is not lent again: the next user's COMMIT would keep statements whose results were never checked.
    pub(super) async fn whole<T>(&self, transaction: impl Future<Output = T>) -> T {
        self.unfinished.fetch_add(1, Ordering::SeqCst);
        let done = transaction.await;
        self.unfinished.fetch_sub(1, Ordering::SeqCst);
        done
    }

    /// Records what a failure says about prepared statements.
    pub(super) fn noticed(&self, failure: &Failure) {
        let Some(names) = &self.names else { return };
        match failure.names_lost() {
            Some(NamesLost::ProcessChanged) => names.lose_all(),
            Some(NamesLost::SchemaChanged) => names.lose(),
            None => {}
        }
    }

    /// From now on a warning counts.
    pub(super) fn listen_for_warnings(&self) {
        self.warned.store(false, Ordering::SeqCst);
    }

    /// A warning is sent, and read, before the answer it belongs to.
    pub(super) fn was_warned(&self) -> bool {
        self.warned.load(Ordering::SeqCst)
    }
}

impl Drop for Connection {
    /// A silent connection would wait for the server's goodbye for ever.
    fn drop(&mut self) {
        self.driver.abort();
        self.ends.add();
    }
}

/// Closes a connection in whatever state it is; the server rolls back what it had begun.
pub(super) fn discard(lent: Object<Connector>) {
    drop(Object::take(lent));
}

/// A connection to a server that accepts writes. Waits until `deadline` for a free one, and for a new primary. After
/// the deadline, a caller still gets one that is free.
pub(super) async fn lend(pool: &Connections, deadline: Instant) -> Result<Object<Connector>, StoreError> {
    loop {
        let left = Some(deadline.saturating_duration_since(Instant::now()));
        let times = Timeouts { wait: left, create: left, recycle: left };
        let why = match lent(pool.timeout_get(&times).await)? {
            Ok(connection) => return Ok(connection),
            Err(why) => why,
        };
        if why.is_hopeless() || Instant::now() + PAUSE >= deadline {
            return Err(Failure::Server(why).into());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The same in one try: waits for a free connection as long as any caller does, but not for a new primary.
pub(super) async fn lend_in_one_try(pool: &Connections) -> Result<Object<Connector>, StoreError> {
    lent(pool.get().await)?.map_err(|why| Failure::Server(why).into())
}

/// The inner error may be transient; the outer one is the caller's.
fn lent(
    got: Result<Object<Connector>, PoolError<tokio_postgres::Error>>,
) -> Result<Result<Object<Connector>, PostgresError>, StoreError> {
    match got {
        Ok(connection) => Ok(Ok(connection)),
        Err(PoolError::Backend(error)) => Ok(Err(PostgresError::from(error))),
        Err(PoolError::Timeout(TimeoutType::Wait)) => {
            Err(Failure::late("waiting for a free connection").into())
        }
        Err(PoolError::Timeout(TimeoutType::Create | TimeoutType::Recycle)) => {
            Err(Failure::late("connecting").into())
        }
        Err(PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_)) => {
            Err(StoreError::Closed)
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    /// A server that accepts any client (AuthenticationOk, ReadyForQuery) and then says nothing.
    async fn connected(ends: &Ends) -> (Connection, tokio::io::DuplexStream) {
        let (ours, mut server) = tokio::io::duplex(4096);
        server.write_all(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I").await.unwrap();
        let (client, connection) = Config::new().user("sealpost").connect_raw(ours, NoTls).await.unwrap();
        (Connection::driven(client, connection, ends.clone()), server)
    }

    /// The caller may have waited for its turn before: the rest of its time counts, not the pool's timeout.
    #[tokio::test]
    async fn whoever_waits_for_a_connection_waits_until_its_deadline_and_no_longer() {
        let server = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let mut config = Config::new();
        config.user("sealpost").host("127.0.0.1").port(server.local_addr().unwrap().port());
        tokio::spawn(async move {
            let (mut socket, _) = server.accept().await.unwrap();
            socket.write_all(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I").await.unwrap();
            std::future::pending::<()>().await;
        });
        let connector = Connector {
            config,
            tls: None,
            ends: Ends::default(),
            changing: Changing::default(),
            words: None,
        };
        let (patience, left) = (Duration::from_secs(30), Duration::from_secs(2));
        let pool = connector.pool(1, patience).unwrap();
        let only = lend(&pool, Instant::now() + patience).await.unwrap();
        tokio::time::pause();
        let asked = Instant::now();
        let error = lend(&pool, asked + left).await.unwrap_err();
        assert!(error.is_busy(), "{error:?}");
        assert!(asked.elapsed() >= left && asked.elapsed() < left * 2, "{:?}", asked.elapsed());
        // A caller that is too late still gets a free one.
        assert!(lend(&pool, asked).await.unwrap_err().is_busy());
        drop(only);
        drop(lend(&pool, asked).await.unwrap());
    }

    #[tokio::test]
    async fn a_connection_in_the_middle_of_a_transaction_is_lent_to_nobody() {
        let pool = Connector {
            config: Config::new(),
            tls: None,
            ends: Ends::default(),
            changing: Changing::default(),
            words: None,
        };
        let (mut connection, _server) = connected(&pool.ends).await;
        connection.whole(connection.whole(async {})).await;
        pool.recycle(&mut connection, &Metrics::default()).await.unwrap();
        let begun = connection.client.batch_execute("BEGIN; SELECT 1");
        assert!(connection.whole(begun).now_or_never().is_none(), "the server has not answered");
        let refused = pool.recycle(&mut connection, &Metrics::default()).await.unwrap_err();
        assert!(refused.to_string().contains("in the middle of a transaction"), "{refused}");
    }
}
