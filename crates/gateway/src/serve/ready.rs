//! Everything bound and ready, and its run until it is told to stop. It ends with an error, so that it is
//! restarted, once the store has halted after a commit of uncertain outcome, or others have taken over from
//! this node.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sealpost_arrival::{KeyTrail, LoginTrail};
use sealpost_delivery::{ClientCertificate, DkimKeys, Runner};
use sealpost_intake::{Intake, TlsSource};
use sealpost_jobs::{self as jobs, Job, JobContext};
use sealpost_mailbox::audit::Event;
use sealpost_portal::{Portal, Reloader};
use sealpost_store::{Alone, Store};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::error::RunError;
use super::first_to_end::first_to_end;
use crate::config::checked::{self, Hook};
use crate::reload::Reload;
use crate::{readiness, webhooks};

/// Time for sessions to end once this process is fenced off from the store.
const HALTED_DRAIN: Duration = Duration::from_secs(5);

/// What accepts letters, and its pending audit rows.
pub(super) struct TakesIn {
    pub(super) intake: Intake,
    pub(super) logins: Arc<LoginTrail>,
    pub(super) keys: Arc<KeyTrail>,
}

/// Everything bound and ready; nothing runs yet.
pub(crate) struct Ready {
    pub(super) intake: Option<TakesIn>,
    pub(super) delivery: Option<(Runner, Alone)>,
    pub(super) portal: Option<Portal>,
    /// The roles that run here, in words.
    pub(super) parts: String,
    /// The jobs scheduled in this process.
    pub(super) jobs: Vec<Job>,
    /// What they work with, including what all parts share.
    pub(super) job_context: JobContext,
    pub(super) reloadable: Vec<TlsSource>,
    pub(super) shown: Vec<ClientCertificate>,
    /// Folder of the keys that sign what is delivered here.
    pub(super) dkim: Option<(PathBuf, DkimKeys)>,
    pub(super) config_file: Option<PathBuf>,
    pub(super) webhooks: Vec<Hook>,
}

impl Ready {
    /// Where SMTP is spoken: listener names and addresses.
    pub(crate) fn smtp(&self) -> Vec<(String, SocketAddr)> {
        self.intake.as_ref().map(|takes_in| takes_in.intake.addresses()).unwrap_or_default()
    }

    /// Where the portal answers.
    pub(crate) fn web(&self) -> Vec<SocketAddr> {
        self.portal.as_ref().map(|portal| portal.addresses().to_vec()).unwrap_or_default()
    }

    /// A process with a key that is not this store's would take the queue for damaged and freeze it.
    pub(crate) async fn has_its_key(&self) -> Result<(), RunError> {
        let Some(context) = &self.job_context.arrival else { return Ok(()) };
        let id = context.shared.keys.rows.id();
        if self.job_context.store.is_of_another_key(id).await? { Err(RunError::OtherKey(id)) } else { Ok(()) }
    }

    /// From now on events are written for webhooks, if mail is delivered here.
    pub(crate) async fn knows_its_webhooks(&self) -> Result<(), RunError> {
        match &self.delivery {
            Some((_, alone)) => Ok(webhooks::announce(&self.job_context.store, alone, &self.webhooks).await?),
            None => Ok(()),
        }
    }

    /// Runs until `stop`, then drains: intake first, so that nothing new comes while the rest finishes.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), RunError> {
        let rest = CancellationToken::new();
        self.note_configuration().await?;
        let portal_reloader: Option<Reloader> = self.portal.as_ref().map(Portal::reloader);
        let Self {
            intake,
            delivery,
            portal,
            jobs,
            job_context,
            reloadable,
            shown,
            dkim,
            config_file,
            webhooks,
            ..
        } = self;
        let (store, clock, context) =
            (job_context.store.clone(), Arc::clone(&job_context.clock), job_context.arrival.clone());
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
        let carried = match (&delivery, context) {
            (Some(_), Some(context)) => {
                let (store, clock) = (store.clone(), Arc::clone(&clock));
                Some(tokio::spawn(webhooks::carry(store, clock, context, webhooks, rest.clone())))
            }
            (Some(_) | None, Some(_) | None) => None,
        };
        let delivery = delivery.map(|(runner, alone)| tokio::spawn(runner.run(alone, rest.clone())));
        let portal = portal.map(|portal| tokio::spawn(portal.run(rest.clone())));
        let jobs = match jobs.is_empty() {
            true => None,
            false => Some(jobs::start(jobs::Runner::new(job_context, jobs)).await?),
        };
        let intake = intake.map(|takes_in| tokio::spawn(take_in(takes_in, store.clone(), stop.clone())));
        let watch = tokio::spawn(readiness::watch(store.clone(), clock, rest.clone()));
        let parts = first_to_end(&stop, delivery, portal, &rest, intake);
        let ended = until_fenced_off(&store, &stop, &rest, parts).await;
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

    /// Records in the audit trail with which configuration this process began.
    async fn note_configuration(&self) -> Result<(), RunError> {
        let Some(file) = &self.config_file else { return Ok(()) };
        let JobContext { store, clock, actor, .. } = &self.job_context;
        let hash = checked::hash(file)?;
        let loaded = Event::ConfigurationLoaded { hash: &hash, parts: &self.parts };
        store.append_audit(vec![loaded.row(clock.now(), actor, None)]).await?;
        jobs::say_end(store).await;
        Ok(())
    }
}

/// Accepts letters until `stop`; results of log-ins and uses of keys are written until the end.
async fn take_in(takes_in: TakesIn, store: Store, stop: CancellationToken) {
    let TakesIn { intake, logins, keys } = takes_in;
    let over = CancellationToken::new();
    let taking_in = async {
        intake.run(stop).await;
        over.cancel();
    };
    tokio::join!(taking_in, logins.keep(&store, over.clone()), keys.keep(&store, over.clone()));
}

/// Waits until the parts have ended; they are told to if nothing that this process writes would be kept.
async fn until_fenced_off(
    store: &Store,
    stop: &CancellationToken,
    rest: &CancellationToken,
    parts: impl Future<Output = Result<(), RunError>>,
) -> Result<(), RunError> {
    tokio::pin!(parts);
    let why = tokio::select! {
        ended = &mut parts => return ended,
        // Continuing would mean to greet with 220 and refuse everything: end, so that we are restarted.
        () = store.halted() => RunError::Halted,
        // Nothing it writes would be kept, and others have its leases.
        () = store.replaced() => RunError::Replaced,
    };
    stop.cancel();
    rest.cancel();
    let _drained = timeout(HALTED_DRAIN, parts).await;
    Err(why)
}
