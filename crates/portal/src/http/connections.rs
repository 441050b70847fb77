//! Who holds connections, and who loses one when all are taken: the network that holds the most, and of its connections
//! the one idle longest. Owners with a live session come last. Knows no request.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::task::AtomicWaker;

use sealpost_mail::Network;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use crate::http::client::Client;

/// Maximum number of connections.
const MAX: usize = 4_000;
/// A browser opens six; an office behind one address has many browsers. For IPv6 one /64, then the /56 and the /48
/// around it: providers assign these to one customer.
const EACH: [(usize, usize); 3] = [(8, 200), (7, 400), (6, 800)];
const EACH_IPV4: usize = 200;
/// Health checks at once, and how long one may last.
const HEALTH_CHECKS: usize = 16;
const HEALTH_CHECK: Duration = Duration::from_secs(30);
/// Connections of one owner that are evicted last.
const KNOWN_EACH: usize = 16;

/// The open connections.
#[derive(Clone)]
pub(crate) struct Connections(Arc<Inner>);

struct Inner {
    held: Mutex<Held>,
    /// Proxies, which connect on behalf of everybody.
    trusted: Vec<Network>,
    most: usize,
    /// Slots for balancers' health checks: a client that holds all other slots must not make this node appear dead.
    health_checks: Arc<Semaphore>,
    /// A logical clock, to order events.
    ticks: AtomicU64,
}

#[derive(Default)]
struct Held {
    next: u64,
    all: HashMap<u64, (Vec<u8>, Arc<Marks>)>,
    by_network: HashMap<Vec<u8>, usize>,
    known: HashMap<String, usize>,
}

/// State of one connection.
#[derive(Default)]
struct Marks {
    /// Tick of the last activity.
    last: AtomicU64,
    /// How many requests the connection has had, this one included.
    requests: AtomicU64,
    /// Those of them that are being processed.
    working: AtomicUsize,
    /// Those of them that wait for further data from the client.
    waiting: AtomicUsize,
    known: AtomicBool,
    evicted: AtomicBool,
    waker: AtomicWaker,
}

/// A counted connection; returned when it ends.
pub(crate) struct Slot {
    id: Option<u64>,
    marks: Arc<Marks>,
    whose: Mutex<Option<String>>,
    inner: Arc<Inner>,
    /// Returned when a health check ends.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Marks {
    /// Ends the connection.
    fn evict(&self) {
        self.evicted.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Whether something is being processed that does not depend on the client.
    fn is_at_work(&self) -> bool {
        self.working.load(Ordering::Relaxed) > self.waiting.load(Ordering::Relaxed)
    }
}

/// The client holds as many as it may, and all are busy.
#[derive(Debug)]
pub(crate) struct TooMany;

impl Connections {
    pub(crate) fn new(trusted: Vec<Network>) -> Self {
        Self::with(trusted, MAX)
    }

    /// Maximum number: what the listener itself must be ready for.
    pub(crate) fn most() -> usize {
        MAX
    }

    fn with(trusted: Vec<Network>, most: usize) -> Self {
        let (held, ticks) = (Mutex::default(), AtomicU64::new(0));
        let health_checks = Arc::new(Semaphore::new(HEALTH_CHECKS));
        Self(Arc::new(Inner { held, trusted, most, health_checks, ticks }))
    }

    /// Admits a balancer's health check: it takes no client's slot, and may not stay.
    pub(crate) fn look_in(&self) -> Result<Slot, TooMany> {
        let permit = Arc::clone(&self.0.health_checks).try_acquire_owned().map_err(|_none_left| TooMany)?;
        let marks = Arc::new(Marks::default());
        let stays = Arc::downgrade(&marks);
        tokio::spawn(async move {
            sleep(HEALTH_CHECK).await;
            if let Some(marks) = stays.upgrade() {
                marks.evict();
            }
        });
        Ok(Slot {
            id: None,
            marks,
            whose: Mutex::default(),
            inner: Arc::clone(&self.0),
            _permit: Some(permit),
        })
    }

    /// Counts a new connection; evicts another one for it if that is fair.
    pub(crate) fn admit(&self, peer: IpAddr) -> Result<Slot, TooMany> {
        let peer = peer.to_canonical();
        let marks = Arc::new(Marks::default());
        let whose = Mutex::default();
        let inner = Arc::clone(&self.0);
        if inner.trusted.iter().any(|network| network.contains(peer)) {
            return Ok(Slot { id: None, marks, whose, inner, _permit: None });
        }
        let octets = Client::at(peer).octets();
        let mut held = inner.held();
        for (length, most) in limits(&octets) {
            let network = octets.get(..length).unwrap_or_default();
            if held.by_network.get(network).is_some_and(|count| *count >= most) {
                held.evict(Some(network))?;
            }
        }
        if held.all.len() >= inner.most {
            held.evict(None)?;
        }
        marks.last.store(inner.ticks.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        let id = held.next;
        held.next += 1;
        for (length, _) in limits(&octets) {
            *held.by_network.entry(octets.get(..length).unwrap_or_default().to_vec()).or_default() += 1;
        }
        held.all.insert(id, (octets, Arc::clone(&marks)));
        drop(held);
        Ok(Slot { id: Some(id), marks, whose, inner, _permit: None })
    }
}

/// Prefixes under which a client's connections are counted, and the limit of each.
fn limits(octets: &[u8]) -> Vec<(usize, usize)> {
    if octets.len() == 16 { EACH.to_vec() } else { vec![(octets.len(), EACH_IPV4)] }
}

impl Inner {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Evicts an idle connection, of that network or of any.
    fn evict(&mut self, within: Option<&[u8]>) -> Result<(), TooMany> {
        let weight = |octets: &[u8]| {
            let widest = limits(octets).last().map_or(0, |(length, _)| *length);
            self.by_network.get(octets.get(..widest).unwrap_or_default()).copied().unwrap_or_default()
        };
        let candidates = self.all.iter().filter(|(_, (octets, marks))| {
            within.is_none_or(|network| octets.starts_with(network)) && !marks.is_at_work()
        });
        let victim = candidates.min_by_key(|(_, (octets, marks))| {
            let known = marks.known.load(Ordering::Relaxed);
            (known, std::cmp::Reverse(weight(octets)), marks.last.load(Ordering::Relaxed))
        });
        let Some(id) = victim.map(|(id, _)| *id) else { return Err(TooMany) };
        if let Some((octets, marks)) = self.remove(id) {
            tracing::debug!(client.octets = octets.len(), "a connection made room");
            marks.evict();
        }
        Ok(())
    }

    fn remove(&mut self, id: u64) -> Option<(Vec<u8>, Arc<Marks>)> {
        let (octets, marks) = self.all.remove(&id)?;
        for (length, _) in limits(&octets) {
            let network = octets.get(..length).unwrap_or_default();
            if let Some(count) = self.by_network.get_mut(network) {
                *count -= 1;
                if *count == 0 {
                    self.by_network.remove(network);
                }
            }
        }
        Some((octets, marks))
    }
}

impl Slot {
    /// Records activity.
    pub(crate) fn heard(&self) {
        self.marks.last.store(self.inner.ticks.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Whether the slot is needed for another; the caller is woken when that happens.
    pub(crate) fn is_evicted(&self, context: &std::task::Context<'_>) -> bool {
        self.marks.waker.register(context.waker());
        self.marks.evicted.load(Ordering::Acquire)
    }

    /// Waits until the slot is needed for another.
    pub(crate) async fn evicted(&self) {
        std::future::poll_fn(|context| match self.is_evicted(context) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        })
        .await;
    }

    /// Records that the connection carries a live session of that owner.
    pub(crate) fn is_known(&self, owner: &str) {
        let mut whose = self.whose.lock().unwrap_or_else(PoisonError::into_inner);
        if whose.is_some() {
            return;
        }
        let mut held = self.inner.held();
        let count = held.known.entry(owner.to_owned()).or_default();
        if *count < KNOWN_EACH {
            *count += 1;
            *whose = Some(owner.to_owned());
            self.marks.known.store(true, Ordering::Relaxed);
        }
    }

    /// Marks a request as being processed until the value is dropped.
    pub(crate) fn work(&self) -> Work {
        self.marks.requests.fetch_add(1, Ordering::Relaxed);
        self.marks.working.fetch_add(1, Ordering::Relaxed);
        Work(Arc::clone(&self.marks))
    }

    /// Ends the connection in this time, unless another request comes on it.
    pub(crate) fn ends_within(&self, time: Duration) {
        let requests = self.marks.requests.load(Ordering::Relaxed);
        let stays = Arc::downgrade(&self.marks);
        // Without a runtime the server is ending, with all its connections.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            sleep(time).await;
            if let Some(marks) = stays.upgrade().filter(|m| m.requests.load(Ordering::Relaxed) == requests) {
                marks.evict();
            }
        });
    }

    /// Marks the request as waiting for its body until the value is dropped: a client that sends slowly keeps no slot
    /// by it.
    pub(crate) fn wait(&self) -> Wait {
        self.marks.waiting.fetch_add(1, Ordering::Relaxed);
        Wait(Arc::clone(&self.marks))
    }
}

/// A request is being processed.
pub(crate) struct Work(Arc<Marks>);

/// A request waits for its client.
pub(crate) struct Wait(Arc<Marks>);

impl Drop for Wait {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let whose = self.whose.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut held = self.inner.held();
        if let Some(id) = self.id {
            let _gone = held.remove(id);
        }
        if let Some(owner) = whose
            && let Some(count) = held.known.get_mut(&owner)
        {
            *count -= 1;
            if *count == 0 {
                held.known.remove(&owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(connections: &Connections, text: &str) -> Result<Slot, TooMany> {
        connections.admit(text.parse().unwrap())
    }

    fn evicted(places: &[Slot]) -> usize {
        places.iter().filter(|place| place.marks.evicted.load(Ordering::Relaxed)).count()
    }

    #[test]
    fn one_client_holds_so_many_and_pays_for_more_itself() {
        let connections = Connections::new(vec![Network::parse("10.0.0.1").unwrap()]);
        let other = admit(&connections, "192.0.2.1").unwrap();
        let held: Vec<Slot> =
            (0..300).map(|n| admit(&connections, &format!("2001:db8::{n:x}")).unwrap()).collect();
        assert_eq!(evicted(&held), 100, "one /64 is one client");
        assert!(evicted(&[other]) == 0);
        let busy: Vec<Work> = held.iter().map(Slot::work).collect();
        assert!(admit(&connections, "2001:db8::ffff").is_err(), "all of its are at work");
        let slow = held.last().unwrap();
        let waits = slow.wait();
        let next = admit(&connections, "2001:db8::ffff").unwrap();
        assert!(slow.marks.evicted.load(Ordering::Relaxed), "all that is done for it is up to its client");
        drop((busy, waits, held, next));
        assert!(connections.0.held().all.is_empty() && connections.0.held().by_network.is_empty());
        for _ in 0..EACH_IPV4 * 2 {
            assert!(admit(&connections, "::ffff:10.0.0.1").unwrap().id.is_none(), "a proxy connects for all");
        }
    }

    #[test]
    fn the_wider_networks_of_one_provider_are_counted_too() {
        let connections = Connections::new(Vec::new());
        let at = |n: usize| admit(&connections, &format!("2001:db8:1:{:x}::{n:x}", n % 1000)).unwrap();
        let held: Vec<Slot> = (0..2000).map(at).collect();
        assert_eq!(evicted(&held), 1200);
    }

    #[test]
    fn a_full_portal_asks_the_heaviest_network_for_its_stillest_one() {
        let connections = Connections::with(Vec::new(), 100);
        let quiet = admit(&connections, "192.0.2.1").unwrap();
        let mut held: Vec<Slot> = (0..99).map(|_| admit(&connections, "192.0.2.2").unwrap()).collect();
        held[0].heard();
        held.push(admit(&connections, "192.0.2.3").unwrap());
        assert!(held[1].marks.evicted.load(Ordering::Relaxed), "not the one heard of last");
        assert!(evicted(&[quiet]) == 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_portal_is_looked_at_all_the_same_but_nobody_stays_by_that() {
        let connections = Connections::with(Vec::new(), 1);
        let held = admit(&connections, "192.0.2.1").unwrap();
        let _busy = held.work();
        assert!(admit(&connections, "192.0.2.2").is_err());
        let checks: Vec<Slot> = (0..HEALTH_CHECKS).map(|_| connections.look_in().unwrap()).collect();
        assert!(connections.look_in().is_err());
        assert_eq!(evicted(&checks), 0);
        sleep(HEALTH_CHECK * 2).await;
        assert_eq!(evicted(&checks), HEALTH_CHECKS);
        drop(checks);
        assert!(connections.look_in().is_ok());
    }

    #[test]
    fn owners_are_asked_last_but_one_owner_does_not_hold_everything() {
        let connections = Connections::with(Vec::new(), 40);
        let held: Vec<Slot> = (0..40).map(|_| admit(&connections, "192.0.2.2").unwrap()).collect();
        held.iter().for_each(|place| place.is_known("owner"));
        let others: Vec<Slot> =
            (0..24).map(|n| admit(&connections, &format!("192.0.3.{n}")).unwrap()).collect();
        assert_eq!((evicted(&held), evicted(&others)), (24, 0));
        drop((held, others));
        assert!(connections.0.held().known.is_empty());
    }
}
