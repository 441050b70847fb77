//! So many connections, lent one at a time. Knows no statement.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult};
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

/// Between two tries to reach a server that is gone; a promotion takes about a second.
const PAUSE: Duration = Duration::from_millis(200);

/// One connection.
pub(super) struct Connection {
    pub(super) client: Client,
    /// The server has warned of something since this was last set to false.
    warned: Arc<AtomicBool>,
    driver: AbortHandle,
    ends: Ends,
    /// `None`: every statement goes without a name.
    pub(super) names: Option<Names>,
}

pub(super) struct Connector {
    config: Config,
    tls: Option<Tls>,
    ends: Ends,
    changing: Changing,
    /// What its connections begin transactions with; `None`: nothing has a name on them.
    words: Option<Arc<Words>>,
}

/// How many connections of a pool have ended so far, known before another one takes the place of any. While it stays the
/// same, the server has not lost what it had not written: that costs it every connection.
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

/// Lends connections.
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

    /// Statements that come often get names on its connections, whose transactions begin with these words.
    pub(super) fn naming(self, words: Arc<Words>) -> Self {
        Self { words: Some(words), ..self }
    }

    /// How many of its connections have ended.
    pub(super) fn ends(&self) -> u64 {
        self.ends.0.load(Ordering::SeqCst)
    }

    /// At most `most` at once.
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
        Self { client, warned, driver: driver.abort_handle(), ends, names: None }
    }

    /// What a failure says of names.
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

    /// A warning comes before the answer it belongs to, and is read before it.
    pub(super) fn was_warned(&self) -> bool {
        self.warned.load(Ordering::SeqCst)
    }
}

impl Drop for Connection {
    /// One on which nothing comes any more would wait for the server's goodbye for ever.
    fn drop(&mut self) {
        self.driver.abort();
        self.ends.add();
    }
}

/// Ends a connection in whatever state it is; what it had begun is rolled back by the server.
pub(super) fn discard(lent: Object<Connector>) {
    drop(Object::take(lent));
}

/// A connection to a server that takes writes. Waits for one until `deadline`: of ours for the next free one, of
/// theirs for the next primary.
pub(super) async fn lend(pool: &Connections, deadline: Instant) -> Result<Object<Connector>, StoreError> {
    loop {
        let why = match pool.get().await {
            Ok(connection) => return Ok(connection),
            Err(PoolError::Backend(error)) => PostgresError::from(error),
            Err(PoolError::Timeout(_)) => return Err(Failure::late("waiting for a free connection").into()),
            Err(PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_)) => {
                return Err(StoreError::Closed);
            }
        };
        if why.is_hopeless() || Instant::now() + PAUSE >= deadline {
            return Err(Failure::Server(why).into());
        }
        tokio::time::sleep(PAUSE).await;
    }
}
