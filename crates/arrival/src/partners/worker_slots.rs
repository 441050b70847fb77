//! Turns at what takes a thread or a process to itself for a while: so many at once, no network more than its part, and
//! nobody waits for ever. Knows no letter.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sealpost_mail::Reply;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// The places there are.
pub(super) struct Turns {
    places: Arc<Semaphore>,
    /// So many of them for one network.
    part: usize,
    networks: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
    wait: Duration,
}

/// A turn; given back on drop.
pub(super) struct Turn {
    _place: OwnedSemaphorePermit,
    _part: Option<OwnedSemaphorePermit>,
}

impl Turns {
    pub(super) fn new(places: usize, wait: Duration) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places.max(1))),
            part: (places / 2).max(1),
            networks: Mutex::default(),
            wait,
        }
    }

    /// A turn for somebody of this house.
    pub(super) async fn ours(&self) -> Result<Turn, Reply> {
        self.in_time(async {
            Ok(Turn { _place: Arc::clone(&self.places).acquire_owned().await?, _part: None })
        })
        .await
    }

    /// A turn for a stranger's letter: those of one network wait for each other first, so that however many they are,
    /// half of the places is for all others.
    pub(super) async fn of_network(&self, network: IpAddr) -> Result<Turn, Reply> {
        self.in_time(async {
            let part = self.part_of(network).acquire_owned().await?;
            Ok(Turn { _place: Arc::clone(&self.places).acquire_owned().await?, _part: Some(part) })
        })
        .await
    }

    fn part_of(&self, network: IpAddr) -> Arc<Semaphore> {
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever has a turn or waits for one holds a second reference.
        networks.retain(|_, part| Arc::strong_count(part) > 1);
        Arc::clone(networks.entry(network).or_insert_with(|| Arc::new(Semaphore::new(self.part))))
    }

    async fn in_time(&self, turn: impl Future<Output = Result<Turn, AcquireError>>) -> Result<Turn, Reply> {
        match tokio::time::timeout(self.wait, turn).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(error)) => Err(crate::failure::later(error)),
            // RFC 3463 §3.4: "system not accepting network messages", for the moment.
            Err(_elapsed) => {
                Err(Reply::later(451, 3, 2, "Too much to do at the moment, please try again later")
                    .because("no turn at encrypted letters in time"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const B: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[tokio::test(start_paused = true)]
    async fn one_network_has_half_of_the_places_and_nobody_waits_for_ever() {
        let turns = Turns::new(4, Duration::from_secs(30));
        let first = turns.of_network(A).await.unwrap();
        let _second = turns.of_network(A).await.unwrap();
        let refused = turns.of_network(A).await.err().unwrap();
        assert!(refused.to_line().starts_with("451 4.3.2 "), "{}", refused.to_line());
        let _others = (turns.of_network(B).await.unwrap(), turns.ours().await.unwrap());
        assert!(turns.of_network(B).await.is_err(), "all four are taken");
        drop(first);
        let _third = turns.of_network(A).await.unwrap();
        assert_eq!(turns.networks.lock().unwrap().len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn networks_that_are_gone_are_forgotten() {
        let turns = Turns::new(1, Duration::from_secs(1));
        drop(turns.of_network(A).await.unwrap());
        drop(turns.of_network(B).await.unwrap());
        assert_eq!(turns.networks.lock().unwrap().len(), 1);
    }
}
