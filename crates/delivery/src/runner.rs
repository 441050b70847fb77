//! The main loop: leases due legs, passes them to the engine, sleeps until woken. Knows neither SMTP nor the content of
//! a ticket.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sealpost_mail::{Clock, Random, Timestamp};
use sealpost_store::{Alone, LatestTimes, Lease, LeaseFrom, NodeState, Store, StoreError};
use sealpost_vault::SpoolKey;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::audit_hook::Witness;
use crate::backoff_notes::BackoffNotes;
use crate::composer::Composer;
use crate::config::DeliveryConfig;
use crate::engine::Engine;
use crate::error::DeliveryError;
use crate::fast_path::Inlet;
use crate::fetch::Fetcher;
use crate::lane::{Closed, Lanes};
use crate::lease::LEASE;
use crate::letter_memory::LetterMemory;
use crate::report_limit::ReportLimit;
use crate::resolve::{NoResolver, Resolver, SystemResolver};
use crate::route::Servers;
use crate::sts_cache::StsPolicies;
use crate::submit::{Caller, Connection};
use crate::tls::TlsConfigs;
use crate::tls_counts::TlsCounts;
use crate::undelivered_reply::Returns;
use crate::under_way::{Capacity, UnderWay};
use crate::wire::MaySpeak;

/// How long wake-ups are gathered under load.
const GATHER: Duration = Duration::from_millis(5);
/// A clock that was set back by more than this is detected.
const SET_BACK: Duration = Duration::from_secs(60);
/// Pause after a failure of the store, and while there are due legs that cannot be taken yet.
const AGAIN: Duration = Duration::from_secs(2);
/// How often legs are checked for dates beyond any retry pause.
const PULLED_IN: Duration = Duration::from_secs(3600);

/// Delivers what the store holds.
pub struct Runner {
    engine: Arc<Engine>,
}

impl Runner {
    /// Prepares delivery with the system's DNS: reads CA files, opens no connection.
    pub fn new(
        store: Store,
        key: SpoolKey,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        config: DeliveryConfig,
    ) -> Result<Self, DeliveryError> {
        let resolver: Arc<dyn Resolver> = match SystemResolver::with(&config.name_servers) {
            Ok(system) => Arc::new(system),
            Err(error) => {
                tracing::warn!(%error, "no name servers: only next hops given by address can be reached");
                Arc::new(NoResolver(error.to_string()))
            }
        };
        Self::with_resolver(store, key, clock, random, config, resolver)
    }

    /// The same with another resolver.
    pub fn with_resolver(
        store: Store,
        key: SpoolKey,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        config: DeliveryConfig,
        resolver: Arc<dyn Resolver>,
    ) -> Result<Self, DeliveryError> {
        let tls = TlsConfigs::load(config.hops.values(), &config.trust)?;
        let policies = match config.mta_sts {
            None => None,
            Some(port) => {
                let fetcher = Fetcher::over(Arc::clone(&resolver), &config.trust, config.policy_networks())?;
                Some(StsPolicies::new(store.clone(), key.clone(), Arc::clone(&random), fetcher, port))
            }
        };
        let started = clock.now();
        let owner = store.incarnation().map_or_else(
            || format!("{}/{}/{}", config.our_name, std::process::id(), started.0),
            ToOwned::to_owned,
        );
        let own = store.clone();
        let may_speak: MaySpeak = Arc::new(move || own.node_state() == NodeState::Active);
        let counts = TlsCounts::new(store.clone(), key.clone(), Arc::clone(&random));
        let engine = Engine {
            counts,
            store,
            key,
            clock,
            random,
            resolver,
            policies,
            caller: Caller { our_name: config.our_name.clone(), timeouts: config.timeouts, tls, may_speak },
            lanes: Lanes::default(),
            backoff_notes: BackoffNotes::default(),
            places: Semaphore::new(config.concurrency_total.max(1)),
            world_places: Semaphore::new(config.concurrency_to_world()),
            memory: LetterMemory::of(config.memory_budget),
            under_way: UnderWay::new(config.batch),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            asked_to_stop: OnceLock::new(),
            waker: Arc::new(Notify::new()),
            room: Notify::new(),
            earlier: Notify::new(),
            wakes_at: AtomicI64::new(i64::MAX),
            kept: Notify::new(),
            returns: OnceLock::new(),
            report_limit: OnceLock::new(),
            deliveries: OnceLock::new(),
            composer: OnceLock::new(),
            witness: OnceLock::new(),
            open: AtomicBool::new(false),
            owner,
            config,
        };
        Ok(Self { engine: Arc::new(engine) })
    }

    /// Sets who notifies authors of undelivered replies. To be called once, before running.
    pub fn return_to(&self, returns: Arc<dyn Returns>) {
        let _first_stays = self.engine.returns.set(returns);
    }

    /// Sets the limit on reports to forged reverse-paths. To be called once, before running.
    pub fn limit_reports(&self, limit: Arc<dyn ReportLimit>) {
        let _first_stays = self.engine.report_limit.set(limit);
    }

    /// Sets who writes mails from facts. To be called once, before running.
    pub fn compose_with(&self, composer: Arc<dyn Composer>) {
        let _first_stays = self.engine.composer.set(composer);
    }

    /// Sets who writes audit rows about legs. To be called once, before running.
    pub fn witnessed_by(&self, witness: Arc<dyn Witness>) {
        let _first_stays = self.engine.witness.set(witness);
    }

    /// The direct path for accepted letters.
    #[must_use]
    pub fn inlet(&self) -> Inlet {
        Inlet { waker: Arc::clone(&self.engine.waker), engine: Arc::downgrade(&self.engine) }
    }

    /// Delivers until `stop`. Letters whose final dot was sent are finished first; the others keep their lease, which
    /// is released at the next start: `alone` proves that no other process works on this queue.
    pub async fn run(self, alone: Alone, stop: CancellationToken) -> Result<(), DeliveryError> {
        let engine = self.engine;
        // A runner runs once, so it was not set before.
        let _first = engine.asked_to_stop.set(stop.clone());
        let (deliveries, ended) =
            engine.store.deliveries(&alone, |id, ticket| engine.notes(id, ticket)).await?;
        if ended > 0 {
            tracing::info!(delivery.ended = ended, "legs ended that an earlier run had delivered");
        }
        let _first = engine.deliveries.set(deliveries);
        let released = engine.store.release_leases(&alone, engine.clock.now()).await?;
        if released > 0 {
            tracing::info!(delivery.released = released, "legs of an earlier run given back to the queue");
        }
        let mut pulled_in = engine.clock.now();
        pull_in(&engine).await?;
        // A process that begins knows of no backoff. Those of other nodes are noted again with the next.
        if let Err(error) = engine.store.forget_backoffs().await {
            // What is only shown keeps no letter.
            tracing::warn!(%error, "what was noted of destinations that were left alone could not be forgotten");
        }
        engine.open.store(true, Ordering::SeqCst);
        engine.tasks.spawn(reap(Arc::clone(&engine)));
        let noting = Arc::clone(&engine);
        engine.tasks.spawn(async move {
            noting.backoff_notes.write(&noting.store, noting.clock.as_ref(), &noting.stop).await;
        });
        // There may be more than was leased so far.
        let mut more = true;
        let mut looked = (Instant::now(), engine.clock.now());
        let mut set_back = false;
        while !stop.is_cancelled() {
            let now = engine.clock.now();
            if now.plus(SET_BACK) < looked.1.plus(looked.0.elapsed()) {
                tracing::warn!("the clock was set back");
                set_back = true;
            }
            looked = (Instant::now(), now);
            // A node that may be replaced begins nothing.
            tokio::select! {
                () = stop.cancelled() => break,
                () = engine.store.until_active() => {}
            }
            if set_back || now >= pulled_in.plus(PULLED_IN) {
                match pull_in(&engine).await {
                    Ok(()) => (set_back, more, pulled_in) = (false, true, now),
                    Err(error) => {
                        tracing::error!(%error, "the dates of queued legs could not be corrected; trying again")
                    }
                }
            }
            let closed = engine.lanes.closed(
                now,
                engine.lane_full(),
                engine.config.concurrency_per_destination.max(1),
            );
            let capacity = engine.under_way.capacity();
            let hops = match capacity {
                Capacity::ToHops(_) => open_hops(&engine, &closed),
                Capacity::ToAll(_) | Capacity::Nothing => Vec::new(),
            };
            let (from, limit) = match capacity {
                Capacity::ToHops(limit) => (LeaseFrom::Only(&hops), Some(limit)),
                Capacity::ToAll(limit) => (LeaseFrom::AllBut(&closed.destinations), Some(limit)),
                Capacity::Nothing => (LeaseFrom::AllBut(&closed.destinations), None),
            };
            let mut failed = false;
            if more && let Some(limit) = limit {
                match lease(&engine, now, from, limit).await {
                    Ok(taken) if taken >= limit => continue,
                    // What goes to the world waits for its share.
                    Ok(_taken) => more = closed.some_full || matches!(capacity, Capacity::ToHops(_)),
                    Err(error) => {
                        tracing::error!(%error, "no legs could be leased");
                        failed = true;
                    }
                }
            }
            // Until the wake-up time is known, every change of a leg's next attempt must notify us.
            engine.wakes_at.store(i64::MAX, Ordering::SeqCst);
            let pause = if failed || set_back {
                Some(AGAIN)
            } else {
                next_due(&engine, now, from, closed.backoff_ends).await
            };
            let wakes_at = pause.map_or(Timestamp(i64::MAX), |pause| now.plus(pause));
            engine.wakes_at.store(wakes_at.0, Ordering::SeqCst);
            tokio::select! {
                () = stop.cancelled() => {}
                () = engine.waker.notified() => {
                    more = true;
                    // Under load a moment's wait gathers many legs into one lease; idle, there is no wait.
                    if engine.under_way.total() > engine.config.concurrency_per_destination {
                        tokio::time::sleep(GATHER).await;
                    }
                }
                // A lane or the whole has room again; `more` still says whether that matters.
                () = engine.room.notified() => {}
                () = engine.earlier.notified() => {}
                () = sleep(pause) => more = true,
            }
        }
        engine.stop.cancel();
        engine.tasks.close();
        engine.tasks.wait().await;
        // Together: each of them may be the one that does not answer.
        let leaving = TaskTracker::new();
        for connection in sweep(&engine, None).0 {
            leaving.spawn(connection.quit());
        }
        leaving.close();
        leaving.wait().await;
        Ok(())
    }
}

/// A clock that was set back leaves legs with dates far ahead, and so may anybody with write access to the database:
/// they are due at once.
async fn pull_in(engine: &Engine) -> Result<(), StoreError> {
    let plan = &engine.config.retry;
    let longest = plan.steps.iter().max().copied().unwrap_or_default();
    let jitter = longest.saturating_mul(u32::from(plan.jitter_percent)) / 100;
    let latest = longest.saturating_add(jitter).saturating_add(engine.config.backoff.1).max(LEASE);
    let now = engine.clock.now();
    let lease_now = engine.store.lease_time(now);
    let far = LatestTimes {
        due: now.plus(latest).plus(SET_BACK),
        lease: lease_now.plus(LEASE).plus(SET_BACK),
        lease_now,
    };
    let pulled = engine.store.pull_in_legs(&engine.owner, now, far).await?;
    if pulled > 0 {
        tracing::warn!(
            delivery.pulled = pulled,
            "legs were due later than any pause allows: tried again now"
        );
    }
    Ok(())
}

/// Closes expired kept connections; sleeps while there are none.
async fn reap(engine: Arc<Engine>) {
    let mut again = None;
    loop {
        tokio::select! {
            () = engine.stop.cancelled() => return,
            () = engine.kept.notified(), if again.is_none() => {}
            () = sleep_to(again) => {}
        }
        let (stale, next) = sweep(&engine, Some(Instant::now()));
        for connection in stale {
            engine.tasks.spawn(connection.quit());
        }
        again = next;
    }
}

/// The operator's own that can take more.
fn open_hops(engine: &Engine, closed: &Closed) -> Vec<String> {
    let hops = engine.config.hops.keys();
    hops.filter(|hop| !closed.destinations.contains(hop)).cloned().collect()
}

async fn lease(
    engine: &Arc<Engine>,
    now: Timestamp,
    from: LeaseFrom<'_>,
    limit: usize,
) -> Result<usize, StoreError> {
    // By the clock that all nodes have.
    let lease_now = engine.store.lease_time(now);
    let request =
        Lease { owner: engine.owner.clone(), now: lease_now, until: lease_now.plus(LEASE), limit, from };
    let legs = engine.store.lease_legs(request).await?;
    let taken = legs.len();
    legs.iter().for_each(|leg| engine.under_way.begin(Servers::of(&leg.destination, &engine.config)));
    engine.accept(legs);
    Ok(taken)
}

/// How long nothing can happen unless we are woken.
async fn next_due(
    engine: &Engine,
    own: Timestamp,
    from: LeaseFrom<'_>,
    backoff_ends: Option<Timestamp>,
) -> Option<Duration> {
    let now = engine.store.lease_time(own);
    let due = match engine.store.next_due_from(from).await {
        Ok(due) => due,
        Err(error) => {
            tracing::error!(%error, "the next due time is unknown");
            return Some(AGAIN);
        }
    };
    let due = due.map(|due| match due > now {
        true => due.since(now),
        // Queued since without waking us, or more than there is room for.
        false => AGAIN,
    });
    let backoff = backoff_ends.map(|ends| ends.since(own));
    [due, backoff, engine.config.recheck].into_iter().flatten().min()
}

fn sweep(engine: &Engine, now: Option<Instant>) -> (Vec<Connection>, Option<Instant>) {
    let (time, most) = (engine.clock.now(), engine.config.backoff.1);
    engine.lanes.sweep(now, |health| health.is_worth_remembering(time, most))
}

async fn sleep(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}

async fn sleep_to(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
