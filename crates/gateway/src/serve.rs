//! The parts put together and run until told to stop. Decides nothing that a part could decide.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use sealpost_delivery::{ClientCertificate, Runner};
use sealpost_intake::{Intake, LoginCheck, Logins, MemoryBudget, TlsSource};
use sealpost_mail::{Clock, Random, Secret, SystemClock, SystemRandom};
use sealpost_portal::{Portal, PortalKeys, Reloader};
use sealpost_store::{Alone, Store, StoreOptions};
use sealpost_vault::{IntakeRole, PortalRole, password_phc};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use sealpost_arrival::{Door, Front, Making};
use crate::jobs;
use sealpost_arrival::NoticeWriter;
use sealpost_arrival::PortalOutbox;
use crate::config::checked::{self, Plan, ServiceKeys};
use crate::readiness;
use sealpost_arrival::ToMailbox;

/// RFC 5321 §6.3 asks for a limit of at least 100 Received fields.
const MAX_RECEIVED: usize = 100;

/// How long sessions may end when the store promises nothing any more.
const HALTED_DRAIN: Duration = Duration::from_secs(5);

/// Initial passwords made at once, each for 19 MiB and a good part of a tenth of a second.
const HASHING: usize = 2;

/// Why the product does not start or go on.
#[derive(Debug, Error)]
pub(crate) enum RunError {
    #[error("{0}")]
    Store(#[from] sealpost_store::StoreError),
    #[error("{0}")]
    Intake(#[from] sealpost_intake::IntakeError),
    #[error("{0}")]
    Delivery(#[from] sealpost_delivery::DeliveryError),
    #[error("{0}")]
    Portal(#[from] sealpost_portal::PortalError),
    #[error("{0}")]
    Jobs(#[from] jobs::JobError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error(
        "a write could not be made certain: nothing more is promised before a restart has looked at the disk"
    )]
    Halted,
    #[error("a part ended by itself: {0}")]
    Part(#[from] tokio::task::JoinError),
}

/// Everything bound and ready; nothing runs yet.
pub(crate) struct Ready {
    store: Store,
    intake: Option<Intake>,
    delivery: Option<(Runner, Alone)>,
    portal: Option<Portal>,
    jobs: Option<Alone>,
    /// How long deleted letters can be had back.
    trash: Duration,
    /// None where only jobs run.
    front: Option<Arc<Front>>,
    reloadable: Vec<TlsSource>,
    shown: Vec<ClientCertificate>,
    portal_reloader: Option<Reloader>,
    config_file: Option<PathBuf>,
    clock: Arc<dyn Clock>,
}

/// Opens the store and binds the sockets of the roles that there are keys for: each part is made of its own role's
/// keys and cannot be made of another's.
pub(crate) fn prepare(
    plan: Plan,
    keys: ServiceKeys,
    config_file: Option<PathBuf>,
) -> Result<Ready, RunError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let options = StoreOptions { minimum_free: plan.minimum_free, ..StoreOptions::new(&plan.data) };
    let store = Store::open(options)?;
    // Before anything is bound: a second one must not even begin.
    let delivers = keys.delivery.is_some().then(|| store.alone("delivery")).transpose()?;
    let jobs = keys.jobs.then(|| store.alone("jobs")).transpose()?;
    let shown = plan.delivery.hops.values().filter_map(|hop| hop.identity.clone()).collect();
    let ServiceKeys { intake: intake_keys, portal: portal_keys, delivery: delivery_keys, jobs: _ } = keys;
    let trash = plan.portal.trash;
    let queue = match (&delivery_keys, &intake_keys, &portal_keys) {
        (Some(role), _, _) => &role.queue,
        (None, Some(role), _) => &role.queue,
        (None, None, Some(role)) => &role.queue,
        (None, None, None) => {
            return Ok(Ready {
                store,
                intake: None,
                delivery: None,
                portal: None,
                jobs,
                trash,
                front: None,
                reloadable: Vec::new(),
                shown: Vec::new(),
                portal_reloader: None,
                config_file,
                clock,
            });
        }
    };
    let (clock_here, random_here) = (Arc::clone(&clock), Arc::clone(&random));
    let runner = Runner::new(store.clone(), queue.spool.clone(), clock_here, random_here, plan.delivery)?;
    let kib = |share: u64| MemoryBudget::kib(u32::try_from(share / 1024).unwrap_or(u32::MAX));
    let (coming_in, looked_into) = (kib(plan.memory.coming_in), kib(plan.memory.looked_into));
    let front = Arc::new(Front {
        name: plan.name,
        store: store.clone(),
        keys: queue.clone(),
        clock: Arc::clone(&clock),
        random: Arc::clone(&random),
        inlet: runner.inlet(),
        rules: RwLock::new(Arc::new(plan.rules)),
        report_route: plan.report_route,
        announcer: plan.announcer,
        writing: plan.writing,
        route: plan.route,
        report_from: plan.report_from,
        give_up: plan.give_up,
        quotas: plan.quotas,
        memory: looked_into,
        hashing: Arc::new(Semaphore::new(HASHING)),
        max_received: MAX_RECEIVED,
        live: Arc::new(Mutex::new(HashSet::new())),
    });
    runner.compose_with(Arc::new(NoticeWriter(Arc::clone(&front))));
    runner.return_to(Arc::new(ToMailbox(Arc::clone(&front))));
    let intake = if let Some(IntakeRole { queue: _, way_in }) = intake_keys {
        let logins = Arc::new(ConfiguredLogins::new(plan.logins));
        let escrow = plan.escrow.public(&way_in);
        let making = Arc::new(Making { tokens: way_in.tokens, pepper: way_in.pepper, escrow });
        let door = Arc::new(Door { front: Arc::clone(&front), making });
        Some(Intake::bind(plan.listeners, door, logins, Arc::clone(&clock), coming_in)?)
    } else {
        None
    };
    let portal = if let Some(PortalRole { queue, way_in, sessions, letters }) = portal_keys {
        let escrow_public = plan.escrow.public(&way_in);
        let portal_keys = PortalKeys {
            tags: queue.tags,
            tokens: way_in.tokens,
            rows: queue.rows,
            pepper: way_in.pepper,
            deposits: queue.deposits,
            sessions,
            escrow_public,
        };
        let outbox = Arc::new(PortalOutbox { front: Arc::clone(&front), letters });
        Some(Portal::bind(
            plan.portal,
            store.clone(),
            portal_keys,
            Arc::clone(&clock),
            Arc::clone(&random),
            outbox,
        )?)
    } else {
        None
    };
    let portal_reloader = portal.as_ref().map(Portal::reloader);
    Ok(Ready {
        store,
        intake,
        delivery: delivers.map(|alone| (runner, alone)),
        portal,
        jobs,
        trash,
        front: Some(front),
        reloadable: plan.reloadable,
        shown,
        portal_reloader,
        config_file,
        clock,
    })
}

impl Ready {
    /// Where SMTP is spoken: listener names and addresses.
    pub(crate) fn smtp(&self) -> Vec<(String, SocketAddr)> {
        self.intake.as_ref().map(Intake::addresses).unwrap_or_default()
    }

    /// Where the portal answers.
    pub(crate) fn web(&self) -> Vec<SocketAddr> {
        self.portal.as_ref().map(|portal| portal.addresses().to_vec()).unwrap_or_default()
    }

    /// Runs until `stop`, then drains: intake first, so that nothing new comes while the rest finishes.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), RunError> {
        let Self {
            store,
            intake,
            delivery,
            portal,
            jobs,
            trash,
            front,
            reloadable,
            shown,
            portal_reloader,
            config_file,
            clock,
        } = self;
        let rest = CancellationToken::new();
        let reload = tokio::spawn(reload_on_hangup(
            front,
            reloadable,
            shown,
            portal_reloader,
            config_file,
            rest.clone(),
        ));
        let delivery = delivery.map(|(runner, alone)| tokio::spawn(runner.run(alone, rest.clone())));
        let portal = portal.map(|portal| tokio::spawn(portal.run(rest.clone())));
        let jobs = match jobs {
            Some(alone) => Some((jobs::start(store.clone(), clock, trash).await?, alone)),
            None => None,
        };
        let front_stop = stop.clone();
        let intake = intake.map(|intake| tokio::spawn(async move { intake.run(front_stop).await }));
        let watch = tokio::spawn(readiness::watch(store.clone(), rest.clone()));
        let ended = {
            let ended = first_to_end(&stop, delivery, portal, &rest, intake);
            tokio::pin!(ended);
            tokio::select! {
                ended = &mut ended => ended,
                // Whoever goes on would greet with 220 and refuse everything: end, so that we are started again.
                () = store.halted() => {
                    stop.cancel();
                    rest.cancel();
                    let _drained = timeout(HALTED_DRAIN, &mut ended).await;
                    Err(RunError::Halted)
                }
            }
        };
        rest.cancel();
        stop.cancel();
        if let Some((jobs, _alone)) = jobs {
            jobs.stop().await;
        }
        reload.await?;
        watch.await?;
        store.close().await;
        ended
    }
}

type DeliveryTask = tokio::task::JoinHandle<Result<(), sealpost_delivery::DeliveryError>>;
type PortalTask = tokio::task::JoinHandle<Result<(), sealpost_portal::PortalError>>;

/// Waits for the stop, or for a part that ends by itself: then everything stops, because a gateway that
/// takes letters and delivers none is worse than one that is restarted.
async fn first_to_end(
    stop: &CancellationToken,
    delivery: Option<DeliveryTask>,
    portal: Option<PortalTask>,
    rest: &CancellationToken,
    intake: Option<tokio::task::JoinHandle<()>>,
) -> Result<(), RunError> {
    let delivery = async {
        match delivery {
            Some(task) => task.await?.map_err(RunError::from),
            None => {
                rest.cancelled().await;
                Ok(())
            }
        }
    };
    let portal = async {
        match portal {
            Some(task) => task.await?.map_err(RunError::from),
            None => {
                rest.cancelled().await;
                Ok(())
            }
        }
    };
    let intake = async {
        match intake {
            Some(task) => task.await.map_err(RunError::from),
            None => {
                stop.cancelled().await;
                Ok(())
            }
        }
    };
    tokio::pin!(delivery, portal, intake);
    tokio::select! {
        ended = &mut intake => {
            rest.cancel();
            let (delivered, served) = tokio::join!(delivery, portal);
            ended.and(delivered).and(served)
        }
        ended = &mut delivery => {
            stop.cancel();
            rest.cancel();
            let (taken, served) = tokio::join!(intake, portal);
            ended.and(taken).and(served)
        }
        ended = &mut portal => {
            stop.cancel();
            rest.cancel();
            let (taken, delivered) = tokio::join!(intake, delivery);
            ended.and(taken).and(delivered)
        }
    }
}

/// SIGHUP: certificates and rules are read again; what is wrong stays as it was and is said in the log.
async fn reload_on_hangup(
    front: Option<Arc<Front>>,
    tls: Vec<TlsSource>,
    shown: Vec<ClientCertificate>,
    portal: Option<Reloader>,
    config_file: Option<PathBuf>,
    stop: CancellationToken,
) {
    let Ok(mut hangup) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) else {
        return;
    };
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _signal = hangup.recv() => {}
        }
        for source in &tls {
            match source.reload() {
                Ok(()) => {
                    tracing::info!(file = %source.files().certificate.display(), "certificate read again")
                }
                Err(error) => tracing::error!(%error, "certificate not read again; the old one stays"),
            }
        }
        for certificate in &shown {
            match certificate.reload() {
                Ok(()) => {
                    tracing::info!(file = %certificate.file().display(), "certificate for a hop read again")
                }
                Err(error) => {
                    tracing::error!(%error, "certificate for a hop not read again; the old one stays");
                }
            }
        }
        if let Some(portal) = &portal
            && let Err(error) = portal.reload()
        {
            tracing::error!(%error, "portal certificate not read again; the old one stays");
        }
        if let (Some(front), Some(file)) = (&front, &config_file) {
            match checked::reload_rules(file) {
                Ok(rules) => {
                    front.set_rules(rules);
                    tracing::info!("rules and lists read again");
                }
                Err(problems) => {
                    for problem in problems {
                        tracing::error!(%problem, "rules not read again; the old ones stay");
                    }
                }
            }
        }
    }
}

/// How long a password waits until others have been checked.
const LOGIN_WAIT: Duration = Duration::from_secs(10);

/// Logins of the configuration. Unknown names cost the same time as known ones.
struct ConfiguredLogins {
    logins: Vec<(String, Secret<String>)>,
    /// Argon2id takes 19 MiB each: a handful at a time.
    places: Arc<Semaphore>,
    wait: Duration,
}

impl ConfiguredLogins {
    fn new(logins: Vec<(String, Secret<String>)>) -> Self {
        Self { logins, places: Arc::new(Semaphore::new(2)), wait: LOGIN_WAIT }
    }
}

/// A hash of nothing anyone knows, to spend the same time on unknown names.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c2VhbHBvc3Qtbm9ib2R5$Zm9yIG5vYm9keSBoYXMgdGhpcyBwYXNzd29yZCE";

#[async_trait]
impl Logins for ConfiguredLogins {
    async fn check(&self, login: &str, password: Secret<String>) -> LoginCheck {
        let Ok(Ok(place)) = timeout(self.wait, Arc::clone(&self.places).acquire_owned()).await else {
            return LoginCheck::Busy;
        };
        let known = self.logins.iter().find(|(name, _)| name == login).cloned();
        let hash = known.as_ref().map_or_else(|| Secret::new(NOBODY.to_owned()), |(_, hash)| hash.clone());
        let checked = tokio::task::spawn_blocking(move || {
            // Held until the work is done, also when the client does not wait for it.
            let _place = place;
            password_phc::verify(hash.expose(), &password)
        });
        match (checked.await, known) {
            (Ok(true), Some((name, _))) => LoginCheck::Right(name),
            (Ok(true | false), _) => LoginCheck::Wrong,
            (Err(_panicked), _) => LoginCheck::Busy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_that_cannot_be_checked_in_time_is_not_called_wrong() {
        let password = || Secret::new("wheel".to_owned());
        let hash = Secret::new(password_phc::hash(&password(), &SystemRandom).unwrap());
        let mut logins = ConfiguredLogins::new(vec![("mill".to_owned(), hash)]);
        assert_eq!(logins.check("mill", password()).await, LoginCheck::Right("mill".to_owned()));
        assert_eq!(logins.check("mall", password()).await, LoginCheck::Wrong);
        logins.wait = Duration::from_millis(1);
        let all = Arc::clone(&logins.places).acquire_many_owned(2).await.unwrap();
        assert_eq!(logins.check("mill", password()).await, LoginCheck::Busy);
        drop(all);
        assert_eq!(logins.check("mall", password()).await, LoginCheck::Wrong);
    }
}
