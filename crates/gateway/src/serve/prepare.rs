//! The parts put together and run until told to stop. Decides nothing that a part could decide.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sealpost_arrival::revocation_state;
use sealpost_arrival::{
    ArrivalReception, ConfiguredLogins, Context, Making, NoticeSigner, NoticeWriter, NoticesNoted, Pace,
    Partners, PortalOutbox, Shared, Tenant, ToMailbox,
};
use sealpost_delivery::{ClientCertificate, DkimKeys, Runner};
use sealpost_intake::{Intake, MemoryBudget, TlsSource};
use sealpost_jobs::{self as jobs, NotifyTimes, PartnerWork, Workshop};
use sealpost_mail::{Clock, Random, SystemClock, SystemRandom, Term};
use sealpost_mailbox::Retention;
use sealpost_mailbox::audit::{Actor, Chain, Event};
use sealpost_portal::{Portal, PortalKeys, Reloader};
use sealpost_seal::{Limits, Worker};
use sealpost_store::{Alone, AuditProver, NewNode, Rows, SchemaWish, Store, StoreOptions};
use sealpost_vault::{IntakeRole, KeyringKey, PortalRole, WayInKeys};
use thiserror::Error;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::config::checked::{self, EscrowPlan, Hook, Plan, ServiceKeys};
use crate::reload::Reload;
use crate::{readiness, webhooks};

/// Time for sessions to end once this process is fenced off from the store.
const HALTED_DRAIN: Duration = Duration::from_secs(5);

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
    #[error("other nodes have taken over from this one, which was silent for too long: it has to begin anew")]
    Replaced,
    #[error(
        "this store stands under another key than the one of this process ({0:#04x}): after `sealpost key rotate` each \
         service needs its new key file; `sealpost key status` says more"
    )]
    OtherKey(u8),
    #[error("a part ended by itself: {0}")]
    Part(#[from] tokio::task::JoinError),
}

/// Everything bound and ready; nothing runs yet.
pub(crate) struct Ready {
    store: Store,
    intake: Option<Intake>,
    delivery: Option<(Runner, Alone)>,
    portal: Option<Portal>,
    /// What runs here, in words.
    parts: String,
    /// What happens by the clock in this process.
    jobs: Vec<jobs::Job>,
    retention: Retention,
    telling: NotifyTimes,
    clock_jump: std::time::Duration,
    random: Arc<dyn Random>,
    /// How long rows of the audit trail are kept.
    audit_kept: Term,
    /// None where only jobs run.
    context: Option<Arc<Context>>,
    /// None where no letters are taken in.
    partners: Option<PartnerWork>,
    reloadable: Vec<TlsSource>,
    shown: Vec<ClientCertificate>,
    portal_reloader: Option<Reloader>,
    /// Where the keys lie that sign what is delivered here.
    dkim: Option<(PathBuf, DkimKeys)>,
    config_file: Option<PathBuf>,
    clock: Arc<dyn Clock>,
    webhooks: Vec<Hook>,
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
    let prover = keys.audit.clone().map(|key| Arc::new(Chain::new(key)) as Arc<dyn AuditProver>);
    let mut options = StoreOptions {
        minimum_free: plan.minimum_free,
        lock_wait: plan.lock_wait,
        schema: SchemaWish::IfAlone,
        prover,
        ..plan.store()
    };
    let parts = keys.parts();
    if let Rows::Postgres(postgres) = &mut options.rows {
        postgres.node = Some(NewNode { roles: parts.clone(), ..plan.node.clone() });
    }
    let store = Store::open(options)?;
    // Before anything is bound: a second one must not even begin.
    let delivers = keys.delivery.is_some().then(|| store.alone("delivery")).transpose()?;
    // What writes mail runs where mail is delivered, with the keys that are there already; the others need none.
    let (deletes, writes) = (keys.jobs, keys.delivery.is_some());
    let reads_partners = keys.intake.is_some();
    let here = |job: &jobs::Job| match job.needs() {
        jobs::Needs::Store => deletes,
        jobs::Needs::Delivery => writes,
        jobs::Needs::Intake => reads_partners,
    };
    let jobs: Vec<_> = jobs::Job::ALL.into_iter().filter(here).collect();
    let shown = plan.delivery.hops.values().filter_map(|hop| hop.identity.clone()).collect();
    let dkim = plan.dkim.filter(|_| writes).map(|folder| (folder, plan.delivery.dkim.clone()));
    let ServiceKeys { intake: intake_keys, portal: portal_keys, delivery: delivery_keys, jobs: _, audit: _ } =
        keys;
    let (retention, telling, clock_jump) =
        (plan.portal.retention.clone(), plan.telling.clone(), plan.clock_jump);
    let audit_kept = plan.audit_kept;
    // Those of intake and portal remember keys of before, delivery's do not.
    let queue = match (&intake_keys, &portal_keys, &delivery_keys) {
        (Some(role), _, _) => &role.queue,
        (None, Some(role), _) => &role.queue,
        (None, None, Some(role)) => &role.queue,
        (None, None, None) => {
            return Ok(Ready {
                store,
                intake: None,
                delivery: None,
                portal: None,
                parts,
                jobs,
                retention,
                telling,
                clock_jump,
                random,
                audit_kept,
                context: None,
                partners: None,
                reloadable: Vec::new(),
                shown: Vec::new(),
                portal_reloader: None,
                dkim,
                config_file,
                clock,
                webhooks: Vec::new(),
            });
        }
    };
    let (clock_here, random_here) = (Arc::clone(&clock), Arc::clone(&random));
    let runner = Runner::new(store.clone(), queue.spool.clone(), clock_here, random_here, plan.delivery)?;
    let kib = |share: u64| MemoryBudget::kib(u32::try_from(share / 1024).unwrap_or(u32::MAX));
    let (coming_in, looked_into) = (kib(plan.memory.coming_in), kib(plan.memory.looked_into));
    let (clock_here, random_here) = (Arc::clone(&clock), Arc::clone(&random));
    let signer = plan.notice_key.map(|key| NoticeSigner { key, clock: clock_here, random: random_here });
    let writer = NoticeWriter { announcer: plan.announcer.clone(), signer };
    let context = Arc::new(Context {
        shared: Shared::new(
            store.clone(),
            queue.clone(),
            Arc::clone(&clock),
            Arc::clone(&random),
            runner.inlet(),
            looked_into,
        ),
        tenant: Tenant::new(
            plan.name,
            plan.rules,
            plan.announcer,
            plan.writing,
            plan.routes,
            plan.quotas,
            plan.inbound,
        ),
    });
    runner.compose_with(Arc::new(writer));
    runner.witnessed_by(Arc::new(NoticesNoted));
    runner.return_to(Arc::new(ToMailbox(Arc::clone(&context))));
    let partner_work = intake_keys.as_ref().map(|role| {
        // A list that is broken keeps nothing from starting, and somebody must hear of it.
        for warning in revocation_state::warnings(&context.tenant.inbound, &plan.crl_places, clock.now()) {
            tracing::warn!("{warning}");
        }
        PartnerWork {
            keyring: role.keyring.clone(),
            crl_places: plan.crl_places,
            // That it is missing is said where letters are opened.
            worker: Worker::find(plan.worker.as_deref(), plan.worker_limits).ok(),
            ocsp: plan.lookup.ocsp(),
        }
    });
    let intake = if let Some(IntakeRole { queue, way_in, keyring }) = intake_keys {
        let logins = Arc::new(ConfiguredLogins::new(plan.logins, store.clone(), queue.tags));
        let making = making(&plan.escrow, way_in);
        let partners = partners(plan.worker.as_deref(), plan.worker_limits, plan.pace, keyring);
        let reception = Arc::new(ArrivalReception { context: Arc::clone(&context), making, partners });
        let (clock, random) = (Arc::clone(&clock), Arc::clone(&random));
        Some(Intake::bind(plan.listeners, reception, logins, clock, random, coming_in)?)
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
        let outbox = Arc::new(PortalOutbox { context: Arc::clone(&context), letters });
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
        parts,
        jobs,
        retention,
        telling,
        clock_jump,
        random,
        audit_kept,
        context: Some(context),
        partners: partner_work,
        reloadable: plan.reloadable,
        shown,
        portal_reloader,
        dkim,
        config_file,
        clock,
        webhooks: plan.webhooks,
    })
}

/// What mailboxes are made with.
pub(crate) fn making(escrow: &EscrowPlan, way_in: WayInKeys) -> Arc<Making> {
    let escrow = escrow.public(&way_in);
    Arc::new(Making { tokens: way_in.tokens, pepper: way_in.pepper, escrow })
}

/// What letters are opened and closed with.
pub(crate) fn partners(
    worker: Option<&Path>,
    limits: Limits,
    pace: Pace,
    keyring: KeyringKey,
) -> Arc<Partners> {
    let worker = Worker::find(worker, limits).inspect_err(|error| {
        tracing::warn!(%error, "nothing that partners send encrypted is opened");
    });
    Arc::new(Partners::new(keyring, worker.ok(), pace))
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

    /// Whoever came with a key that is not this store's would take the queue for damaged and freeze it.
    pub(crate) async fn has_its_key(&self) -> Result<(), RunError> {
        let Some(context) = &self.context else { return Ok(()) };
        let id = context.shared.keys.rows.id();
        if self.store.is_of_another_key(id).await? { Err(RunError::OtherKey(id)) } else { Ok(()) }
    }

    /// What happens is written down for webhooks from now on, where mail is delivered.
    pub(crate) async fn knows_its_webhooks(&self) -> Result<(), RunError> {
        match &self.delivery {
            Some((_, alone)) => Ok(webhooks::announce(&self.store, alone, &self.webhooks).await?),
            None => Ok(()),
        }
    }

    /// Runs until `stop`, then drains: intake first, so that nothing new comes while the rest finishes.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), RunError> {
        let Self {
            store,
            intake,
            delivery,
            portal,
            parts,
            jobs,
            retention,
            telling,
            clock_jump,
            random,
            audit_kept,
            context,
            partners,
            reloadable,
            shown,
            portal_reloader,
            dkim,
            config_file,
            clock,
            webhooks,
        } = self;
        let rest = CancellationToken::new();
        if let Some(file) = &config_file {
            let hash = checked::hash(file)?;
            let loaded = Event::ConfigurationLoaded { hash: &hash, parts: &parts };
            store.append_audit(vec![loaded.row(clock.now(), &Actor::System, None)]).await?;
            jobs::say_end(&store).await;
        }
        let reload = Reload {
            context: context.clone(),
            listeners: reloadable,
            shown,
            dkim,
            portal: portal_reloader,
            config_file,
            store: store.clone(),
            clock: Arc::clone(&clock),
        };
        let reload = tokio::spawn(reload.on_hangup(rest.clone()));
        let carried = match (&delivery, &context) {
            (Some(_), Some(context)) => {
                let (store, clock, context) = (store.clone(), Arc::clone(&clock), Arc::clone(context));
                Some(tokio::spawn(webhooks::carry(store, clock, context, webhooks, rest.clone())))
            }
            (Some(_) | None, Some(_) | None) => None,
        };
        let delivery = delivery.map(|(runner, alone)| tokio::spawn(runner.run(alone, rest.clone())));
        let portal = portal.map(|portal| tokio::spawn(portal.run(rest.clone())));
        let jobs = if jobs.is_empty() {
            None
        } else {
            let workshop = Workshop {
                store: store.clone(),
                clock: Arc::clone(&clock),
                random,
                retention,
                telling,
                clock_jump,
                audit_kept,
                actor: Actor::System,
                context,
                partners,
            };
            Some(jobs::start(jobs::Runner::new(workshop, jobs)).await?)
        };
        let intake_stop = stop.clone();
        let intake = intake.map(|intake| tokio::spawn(async move { intake.run(intake_stop).await }));
        let watch = tokio::spawn(readiness::watch(store.clone(), Arc::clone(&clock), rest.clone()));
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
                // Nothing it wrote would be kept. What it has in hand is in other hands.
                () = store.replaced() => {
                    stop.cancel();
                    rest.cancel();
                    let _drained = timeout(HALTED_DRAIN, &mut ended).await;
                    Err(RunError::Replaced)
                }
            }
        };
        rest.cancel();
        stop.cancel();
        if let Some(jobs) = jobs {
            jobs.stop().await;
        }
        if let Some(carried) = carried {
            carried.await?;
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
