//! Schedules runs of Argon2. Known clients come first, networks take turns, and networks from which wrong passwords came are last;
//! the queues are bounded, and the client with the most entries makes room. So a flood of guesses only delays itself. Knows no
//! password, no page and no session.

mod threads;

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sealpost_mail::{Random, Timestamp};
use thiserror::Error;
use tokio::sync::oneshot;

pub use crate::threads::NotDone;
use crate::threads::{AT_ONCE, Threads};

/// Strangers leave a slot to known clients,
const STRANGERS: usize = 2;
/// and those that have failed before leave another.
const FAILED: usize = 1;
/// Limit on a whole queue, and on one name or network in it: an office whose people log in at the same moment waits half a second.
const WAITING: usize = 256;
const WAITING_EACH: usize = 16;
/// How long a wrong password puts its network behind the others.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);
/// Networks remembered; with more, an attack has put everybody in one queue anyway.
const MAX: usize = 100_000;
const PATIENCE: Duration = Duration::from_secs(20);

/// Who requests a turn.
#[derive(Clone, Debug)]
pub enum Who {
    /// A known client, by something that is the same for everybody who shares it.
    Known(Vec<u8>),
    /// A client of which only the address is known.
    Stranger(IpAddr),
    /// A stranger who requests something at which many have failed.
    Doubtful(IpAddr),
}

/// No turn came in time, or the queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("too many passwords wait to be checked")]
pub struct Busy;

/// The three queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Known,
    Strangers,
    Failed,
}

/// Which queue comes first, turn after turn: every one in turn, that of known clients most often.
const ORDER: [[Line; 3]; 4] = [
    [Line::Known, Line::Strangers, Line::Failed],
    [Line::Strangers, Line::Known, Line::Failed],
    [Line::Known, Line::Strangers, Line::Failed],
    [Line::Failed, Line::Strangers, Line::Known],
];

/// One queue: every name in it gets a turn before any gets a second.
#[derive(Default)]
struct FairQueue {
    order: VecDeque<Vec<u8>>,
    by_whom: HashMap<Vec<u8>, VecDeque<oneshot::Sender<Turn>>>,
}

#[derive(Default)]
struct State {
    known: FairQueue,
    strangers: FairQueue,
    failed: FairQueue,
    running_known: usize,
    running_strangers: usize,
    running_failed: usize,
    turn: usize,
    wrong: HashMap<Vec<u8>, Timestamp>,
}

/// All turns of one service.
#[derive(Clone, Default)]
pub struct Turns {
    state: Arc<Mutex<State>>,
    threads: Arc<Threads>,
}

/// The right to run Argon2 once; returned on drop, also if the client that it was sent to is gone.
pub struct Turn {
    /// Where it is returned to. `None`: it was never granted.
    turns: Option<Turns>,
    line: Line,
}

impl Turns {
    /// Waits for a turn for a limited time.
    ///
    /// # Errors
    /// None came within 20 seconds, or the queue is full.
    pub async fn next(&self, who: &Who, now: Timestamp, random: &dyn Random) -> Result<Turn, Busy> {
        let told = {
            let mut state = self.state();
            let (line, name) = state.line_of(who, now);
            let (tell, told) = oneshot::channel();
            state.waiting(line).join(name, tell, random)?;
            state.grant(self);
            told
        };
        match tokio::time::timeout(PATIENCE, told).await {
            Ok(Ok(turn)) => Ok(turn),
            // It was evicted, or it took too long.
            Ok(Err(_)) | Err(_) => Err(Busy),
        }
    }

    /// Records a wrong password from this client.
    pub fn wrong(&self, client: IpAddr, now: Timestamp) {
        let mut state = self.state();
        if state.wrong.len() >= MAX {
            state.wrong.retain(|_, until| *until > now);
        }
        if state.wrong.len() < MAX {
            state.wrong.insert(network(client), now.plus(REMEMBERED));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The range of addresses that one customer of a provider can choose from: an IPv4 address, an IPv6 /48.
fn network(client: IpAddr) -> Vec<u8> {
    match client.to_canonical() {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => {
            Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 80)).octets().iter().take(6).copied().collect()
        }
    }
}

impl State {
    fn line_of(&self, who: &Who, now: Timestamp) -> (Line, Vec<u8>) {
        match who {
            Who::Known(name) => (Line::Known, name.clone()),
            Who::Doubtful(client) => (Line::Failed, network(*client)),
            Who::Stranger(client) => {
                let name = network(*client);
                let failed = self.wrong.get(&name).is_some_and(|until| *until > now);
                (if failed { Line::Failed } else { Line::Strangers }, name)
            }
        }
    }

    fn waiting(&mut self, line: Line) -> &mut FairQueue {
        match line {
            Line::Known => &mut self.known,
            Line::Strangers => &mut self.strangers,
            Line::Failed => &mut self.failed,
        }
    }

    fn running(&mut self, line: Line) -> &mut usize {
        match line {
            Line::Known => &mut self.running_known,
            Line::Strangers => &mut self.running_strangers,
            Line::Failed => &mut self.running_failed,
        }
    }

    /// Grants turns to those who may run now. The turn itself is sent: a client that leaves before it is woken drops it.
    fn grant(&mut self, turns: &Turns) {
        while let Some(line) = self.next_line() {
            self.turn = self.turn.wrapping_add(1);
            let Some(tell) = self.waiting(line).next() else { continue };
            match tell.send(Turn { turns: Some(turns.clone()), line }) {
                Ok(()) => *self.running(line) += 1,
                // A client that has left is skipped. Nothing was granted, and the state is locked here.
                Err(mut unwanted) => unwanted.turns = None,
            }
        }
    }

    fn next_line(&mut self) -> Option<Line> {
        let strangers = self.running_strangers + self.running_failed;
        if self.running_known + strangers >= AT_ONCE {
            return None;
        }
        let failed = self.running_failed;
        let order = ORDER.get(self.turn % ORDER.len())?;
        order.iter().copied().find(|line| {
            let may = match line {
                Line::Known => true,
                Line::Strangers => strangers < STRANGERS,
                Line::Failed => strangers < STRANGERS && failed < FAILED,
            };
            may && !self.waiting(*line).order.is_empty()
        })
    }
}

impl FairQueue {
    fn join(&mut self, name: Vec<u8>, tell: oneshot::Sender<Turn>, random: &dyn Random) -> Result<(), Busy> {
        // Clients that have left do not fill the queue.
        if let Some(tells) = self.by_whom.get_mut(&name) {
            tells.retain(|tell| !tell.is_closed());
        }
        let mine = self.by_whom.get(&name).map_or(0, VecDeque::len);
        if mine >= WAITING_EACH {
            return Err(Busy);
        }
        if self.many() >= WAITING {
            self.by_whom.values_mut().for_each(|tells| tells.retain(|tell| !tell.is_closed()));
            if self.many() >= WAITING {
                self.make_room(random);
            }
            self.by_whom.retain(|_, tells| !tells.is_empty());
            self.order.retain(|name| self.by_whom.contains_key(name));
        }
        if !self.by_whom.contains_key(&name) {
            self.order.push_back(name.clone());
        }
        self.by_whom.entry(name).or_default().push_back(tell);
        Ok(())
    }

    fn many(&self) -> usize {
        self.by_whom.values().map(VecDeque::len).sum()
    }

    /// Evicts the name with the most entries; a random one of several: an attack from very many places gains nothing by having been
    /// first.
    fn make_room(&mut self, random: &dyn Random) {
        let most = self.by_whom.values().map(VecDeque::len).max().unwrap_or_default();
        let heaviest: Vec<Vec<u8>> = self
            .by_whom
            .iter()
            .filter(|(_, tells)| tells.len() == most && most > 0)
            .map(|(name, _)| name.clone())
            .collect();
        let mut number = [0; 4];
        random.fill(&mut number);
        let drawn = usize::try_from(u32::from_ne_bytes(number)).unwrap_or_default() % heaviest.len().max(1);
        if let Some(tells) = heaviest.get(drawn).and_then(|name| self.by_whom.get_mut(name)) {
            drop(tells.pop_back());
        }
    }

    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let name = self.order.pop_front()?;
        let tells = self.by_whom.get_mut(&name)?;
        let next = tells.pop_front();
        if tells.is_empty() {
            self.by_whom.remove(&name);
        } else {
            self.order.push_back(name);
        }
        next
    }
}

impl Turn {
    /// Runs the work on a thread of lower priority; the turn ends with it, also if its result is no longer awaited.
    ///
    /// # Errors
    /// It panicked, or there was no thread for it.
    pub async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let threads = self.turns.as_ref().map(|turns| Arc::clone(&turns.threads)).ok_or(NotDone)?;
        // Returned at once by the waiting task; a thread of lower priority would hold the lock of all queues for longer.
        threads.run(move || (work(), self)).await.map(|(out, _turn)| out)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(turns) = self.turns.take() else { return };
        let mut state = turns.state();
        let running = state.running(self.line);
        *running = running.saturating_sub(1);
        state.grant(&turns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use sealpost_mail::SequenceRandom;

    fn at(text: &str) -> Who {
        Who::Stranger(text.parse().unwrap())
    }

    const NOW: Timestamp = Timestamp(1_000_000);

    /// Many strangers, all of whom have failed before, each from a network of its own.
    async fn flooded(turns: &Turns, many: usize) -> Vec<tokio::task::JoinHandle<Result<Turn, Busy>>> {
        let mut all = Vec::new();
        for n in 0..many {
            let client = std::net::Ipv4Addr::from_bits(n as u32 + 1).into();
            turns.wrong(client, NOW);
            let turns = turns.clone();
            all.push(tokio::spawn(async move {
                turns.next(&Who::Stranger(client), NOW, &SequenceRandom::default()).await
            }));
        }
        tokio::task::yield_now().await;
        all
    }

    #[tokio::test]
    async fn a_flood_waits_for_itself() {
        let (turns, random) = (Turns::default(), SequenceRandom::default());
        let all = flooded(&turns, WAITING * 2).await;
        // No turn ends, and yet there are slots for those who have not failed.
        let stranger = turns.next(&at("192.0.2.1"), NOW, &random).await.unwrap();
        let known = turns.next(&Who::Known(vec![1]), NOW, &random).await.unwrap();
        drop((stranger, known));
        let waiting = turns.state().failed.by_whom.len();
        assert!(waiting <= WAITING, "{waiting}");
        all.iter().for_each(tokio::task::JoinHandle::abort);
    }

    #[tokio::test]
    async fn one_network_has_few_turns_waiting_and_a_48_is_one() {
        let (turns, random) = (Turns::default(), SequenceRandom::default());
        let mut all = Vec::new();
        for n in 0..5 * WAITING_EACH {
            let (turns, who) = (turns.clone(), at(&format!("2001:db8:1:{n:x}::1")));
            all.push(tokio::spawn(async move { turns.next(&who, NOW, &SequenceRandom::default()).await }));
        }
        tokio::task::yield_now().await;
        assert_eq!(turns.state().strangers.by_whom.len(), 1);
        assert!(turns.next(&at("2001:db8:1:99::1"), NOW, &random).await.is_err(), "its line is full");
        let turns_of_others = turns.clone();
        let other = tokio::spawn(async move {
            turns_of_others.next(&at("192.0.2.1"), NOW, &SequenceRandom::default()).await
        });
        tokio::task::yield_now().await;
        // Two ran at once, a few waited. The other network comes second from now on.
        let mut ran = 0;
        for one in all {
            if one.is_finished() && one.await.unwrap().is_ok() {
                ran += 1;
            }
        }
        assert!(ran <= STRANGERS + WAITING_EACH, "{ran}");
        assert!(other.await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn who_leaves_takes_no_turn_and_every_turn_comes_back() {
        let (turns, random) = (Turns::default(), SequenceRandom::default());
        let held = turns.next(&at("192.0.2.1"), NOW, &random).await.unwrap();
        let more = turns.next(&at("192.0.2.2"), NOW, &random).await.unwrap();
        let gone = {
            let turns = turns.clone();
            tokio::spawn(async move { turns.next(&at("192.0.2.3"), NOW, &SequenceRandom::default()).await })
        };
        tokio::task::yield_now().await;
        gone.abort();
        let _aborted = gone.await;
        drop((held, more));
        for n in 0..10 {
            assert!(turns.next(&at(&format!("192.0.2.{n}")), NOW, &random).await.is_ok());
        }
        let state = turns.state();
        assert_eq!(state.running_known + state.running_strangers + state.running_failed, 0);
    }

    #[tokio::test]
    async fn a_turn_that_was_given_to_somebody_who_left_before_being_woken_comes_back() {
        let (turns, random) = (Turns::default(), SequenceRandom::default());
        for _ in 0..10 {
            let (first, second) = (at("192.0.2.1"), at("192.0.2.2"));
            let held = turns.next(&first, NOW, &random).await.unwrap();
            let more = turns.next(&second, NOW, &random).await.unwrap();
            let (third, fourth) = (at("192.0.2.3"), at("192.0.2.4"));
            let mut gone = Box::pin(turns.next(&third, NOW, &random));
            let mut late = Box::pin(turns.next(&fourth, NOW, &random));
            assert!((&mut gone).now_or_never().is_none() && (&mut late).now_or_never().is_none());
            // Its turn is granted, and its connection ends before it is woken.
            drop((held, more, gone));
            assert!(late.await.is_ok());
        }
        let state = turns.state();
        assert_eq!(state.running_known + state.running_strangers + state.running_failed, 0);
    }

    #[tokio::test]
    async fn work_runs_behind_everything_else_and_gives_its_turn_back() {
        let (turns, random) = (Turns::default(), SequenceRandom::default());
        let known = Who::Known(vec![1]);
        let niceness = || rustix::process::getpriority_process(None).unwrap();
        let own = niceness();
        for _ in 0..AT_ONCE * 2 {
            let turn = turns.next(&known, NOW, &random).await.unwrap();
            assert_eq!(turn.run(niceness).await.unwrap(), (own + 10).min(19));
        }
        let turn = turns.next(&known, NOW, &random).await.unwrap();
        assert!(turn.run(|| panic!("a password")).await.is_err() && turns.state().running_known == 0);
        assert_eq!(niceness(), own, "others are as they were");
    }

    #[tokio::test]
    async fn who_has_left_fills_no_line() {
        let (turns, random) = (Turns::default(), SequenceRandom::default());
        let known = Who::Known(vec![1]);
        let mut held = Vec::new();
        for _ in 0..AT_ONCE {
            held.push(turns.next(&known, NOW, &random).await.unwrap());
        }
        for _ in 0..WAITING_EACH * 2 {
            let mut gone = Box::pin(turns.next(&known, NOW, &random));
            assert!((&mut gone).now_or_never().is_none(), "it waits");
        }
        let mut waiting: Vec<_> =
            (0..WAITING_EACH).map(|_| Box::pin(turns.next(&known, NOW, &random))).collect();
        assert!(waiting.iter_mut().all(|one| one.now_or_never().is_none()));
        assert!(matches!(turns.next(&known, NOW, &random).now_or_never(), Some(Err(_))), "now it is full");
        drop(held);
        for one in waiting {
            assert!(one.await.is_ok());
        }
    }
}
