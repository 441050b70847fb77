//! Opens the store, creates the parts of the roles whose keys are present, and binds their sockets. Runs nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealpost_arrival::revocation_state::{self, Fetched};
use sealpost_arrival::{
    ArrivalReception, ConfiguredLogins, Context, LimitedReports, LoginTrail, Making, NoticeSigner,
    NoticeWriter, NoticesNoted, Pace, Partners, PortalOutbox, Shared, Tenant, ToMailbox,
};
use sealpost_delivery::{Runner, TlsReporter};
use sealpost_intake::{Intake, MemoryBudget};
use sealpost_jobs::{Job, JobContext, Needs, PartnerWork};
use sealpost_mail::{Clock, Random, SystemClock, SystemRandom};
use sealpost_mailbox::audit::{Actor, Chain, Event};
use sealpost_portal::{Portal, PortalKeys};
use sealpost_seal::{Limits, Worker};
use sealpost_store::{AuditProver, NewNode, Rows, SchemaRequest, Store, StoreOptions, newest_schema};
use sealpost_token::{Pkcs11Tokens, TokenSettings};
use sealpost_vault::{IntakeRole, KeyringKey, PortalRole, QueueKeys, WayInKeys};

use super::error::RunError;
use super::ready::{Ready, TakesIn};
use crate::config::checked::{EscrowPlan, Plan, ServiceKeys};

/// Opens the store and binds the sockets of the roles whose keys are present: each part is made of its own role's keys
/// and cannot be made of another's.
pub(crate) fn prepare(
    plan: Plan,
    keys: ServiceKeys,
    config_file: Option<PathBuf>,
) -> Result<Ready, RunError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let store = open(&plan, &keys)?;
    // Before anything is bound: a second process must not even begin.
    let delivers = keys.delivery.is_some().then(|| store.alone("delivery")).transpose()?;
    let job_context = JobContext {
        store: store.clone(),
        clock: Arc::clone(&clock),
        random: Arc::clone(&random),
        retention: plan.portal.retention.clone(),
        telling: plan.telling.clone(),
        clock_jump: plan.clock_jump,
        audit_kept: plan.audit_kept,
        actor: Actor::System,
        arrival: None,
        partners: None,
        tls_reports: None,
    };
    let mut ready = Ready {
        intake: None,
        delivery: None,
        portal: None,
        parts: keys.parts(),
        jobs: jobs_here(&keys),
        job_context,
        reloadable: Vec::new(),
        shown: Vec::new(),
        dkim: None,
        config_file,
        webhooks: Vec::new(),
    };
    let Some(queue) = queue(&keys).cloned() else { return Ok(ready) };
    ready.shown = plan.delivery.hops.values().filter_map(|hop| hop.identity.clone()).collect();
    ready.dkim = plan.dkim.filter(|_| delivers.is_some()).map(|folder| (folder, plan.delivery.dkim.clone()));
    if delivers.is_some() {
        ready.job_context.tls_reports = TlsReporter::new(&plan.delivery, queue.spool.clone())?;
    }
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
            queue,
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
    runner.limit_reports(Arc::new(LimitedReports(Arc::clone(&context))));
    if let Some(IntakeRole { queue, way_in, keyring }) = keys.intake {
        // A broken list does not prevent a start, but must be reported.
        let inbound = &context.tenant.inbound;
        let fetched = Fetched::not_read(inbound);
        let said = revocation_state::warnings(inbound, &plan.crl_places, &fetched, clock.now());
        for warning in revocation_state::too_large(&plan.crl_places).into_iter().chain(said) {
            tracing::warn!("{warning}");
        }
        ready.job_context.partners = Some(PartnerWork {
            keyring: keyring.clone(),
            rows: queue.rows.clone(),
            tags: queue.tags.clone(),
            roots: context.tenant.inbound.roots.clone(),
            crl_places: plan.crl_places,
            // A missing worker is reported where letters are decrypted.
            worker: Worker::find(plan.worker.as_deref(), plan.worker_limits).ok(),
            authorities: plan.lookup.authorities(context.tenant.inbound.crl_source),
        });
        let trail = Arc::<LoginTrail>::default();
        let logins = ConfiguredLogins::new(plan.logins, store.clone(), queue.tags, Arc::clone(&trail));
        let making = making(&plan.escrow, way_in);
        let partners = partners(plan.worker.as_deref(), plan.worker_limits, &plan.tokens, plan.pace, keyring);
        let uses = partners.uses();
        let reception = Arc::new(ArrivalReception { context: Arc::clone(&context), making, partners });
        let (clock, random) = (Arc::clone(&clock), Arc::clone(&random));
        let intake = Intake::bind(plan.listeners, reception, Arc::new(logins), clock, random, coming_in)?;
        ready.intake = Some(TakesIn { intake, logins: trail, keys: uses });
    }
    if let Some(role) = keys.portal {
        let outbox = PortalOutbox { context: Arc::clone(&context), letters: role.letters.clone() };
        let keys = portal_keys(&plan.escrow, role);
        ready.portal = Some(Portal::bind(plan.portal, store, keys, clock, random, Arc::new(outbox))?);
    }
    ready.delivery = delivers.map(|alone| (runner, alone));
    ready.job_context.arrival = Some(context);
    ready.reloadable = plan.reloadable;
    ready.webhooks = plan.webhooks;
    Ok(ready)
}

fn open(plan: &Plan, keys: &ServiceKeys) -> Result<Store, RunError> {
    let prover = keys.audit.clone().map(|key| Arc::new(Chain::new(key)) as Arc<dyn AuditProver>);
    let mut options = StoreOptions {
        minimum_free: plan.minimum_free,
        lock_wait: plan.lock_wait,
        schema: SchemaRequest::IfAlone,
        migrated: Some(Event::Migrated { to: newest_schema() }.row(SystemClock.now(), &Actor::System, None)),
        prover,
        ..plan.store()
    };
    if let Rows::Postgres(postgres) = &mut options.rows {
        postgres.node = Some(NewNode { roles: keys.parts(), ..plan.node.clone() });
    }
    Ok(Store::open(options)?)
}

/// The portal's keys, without the one that signs letters.
fn portal_keys(
    escrow: &EscrowPlan,
    PortalRole { queue, way_in, sessions, letters: _ }: PortalRole,
) -> PortalKeys {
    PortalKeys {
        escrow_public: escrow.public(&way_in),
        tags: queue.tags,
        tokens: way_in.tokens,
        rows: queue.rows,
        pepper: way_in.pepper,
        deposits: queue.deposits,
        sessions,
    }
}

/// Jobs that write mail run in the process that delivers, with its keys; the others need none.
fn jobs_here(keys: &ServiceKeys) -> Vec<Job> {
    let here = |job: &Job| match job.needs() {
        Needs::Store => keys.jobs,
        Needs::Delivery => keys.delivery.is_some(),
        Needs::Intake => keys.intake.is_some(),
    };
    Job::ALL.into_iter().filter(here).collect()
}

/// Those of intake and portal include earlier keys, delivery's do not.
fn queue(keys: &ServiceKeys) -> Option<&QueueKeys> {
    let intake = keys.intake.as_ref().map(|role| &role.queue);
    let portal = keys.portal.as_ref().map(|role| &role.queue);
    intake.or(portal).or(keys.delivery.as_ref().map(|role| &role.queue))
}

/// What mailboxes are created with.
pub(crate) fn making(escrow: &EscrowPlan, way_in: WayInKeys) -> Arc<Making> {
    let escrow = escrow.public(&way_in);
    Arc::new(Making { tokens: way_in.tokens, pepper: way_in.pepper, escrow })
}

/// What letters are decrypted and encrypted with.
pub(crate) fn partners(
    worker: Option<&Path>,
    limits: Limits,
    tokens: &[TokenSettings],
    pace: Pace,
    keyring: KeyringKey,
) -> Arc<Partners> {
    let worker = Worker::find(worker, limits).inspect_err(|error| {
        tracing::warn!(%error, "encrypted letters from partners are not opened");
    });
    Arc::new(Partners::new(keyring, worker.ok(), Arc::new(Pkcs11Tokens::new(tokens)), pace))
}
