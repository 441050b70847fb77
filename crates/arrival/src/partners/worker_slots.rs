//! Turns at work that occupies a thread or a process: a limited number at once, a limited share per network, and a time
//! limit for waiting. Knows no letter.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sealpost_mail::Reply;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// Whose letters share turns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Whose {
    /// Those of one client, or of one network of clients.
    Network(IpAddr),
    /// Those of one domain in the reverse-path: behind a filter in front of us all letters come from one client.
    Domain(String),
}

/// The available slots.
pub(super) struct Turns {
    places: Arc<Semaphore>,
    /// Maximum slots of one network or domain.
    part: usize,
    shares: Mutex<HashMap<Whose, Arc<Semaphore>>>,
    wait: Duration,
}

/// A turn; returned on drop.
pub(super) struct Turn {
    _place: OwnedSemaphorePermit,
    _part: Option<OwnedSemaphorePermit>,
}

impl Turns {
    pub(super) fn new(places: usize, wait: Duration) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places.max(1))),
            part: (places / 2).max(1),
            shares: Mutex::default(),
            wait,
        }
    }

    /// A turn for one of our own letters.
    pub(super) async fn ours(&self) -> Result<Turn, Reply> {
        self.in_time(async {
            Ok(Turn { _place: Arc::clone(&self.places).acquire_owned().await?, _part: None })
        })
        .await
    }

    /// A turn for a stranger's letter: those of one network or domain wait for each other first, so that half of the
    /// slots is left for all others.
    pub(super) async fn of(&self, whose: Whose) -> Result<Turn, Reply> {
        self.in_time(async {
            let part = self.part_of(whose).acquire_owned().await?;
            Ok(Turn { _place: Arc::clone(&self.places).acquire_owned().await?, _part: Some(part) })
        })
        .await
    }

    fn part_of(&self, whose: Whose) -> Arc<Semaphore> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        // A caller that has a turn or waits for one holds a second reference.
        shares.retain(|_, part| Arc::strong_count(part) > 1);
        Arc::clone(shares.entry(whose).or_insert_with(|| Arc::new(Semaphore::new(self.part))))
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

    const A: Whose = Whose::Network(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));
    const B: Whose = Whose::Network(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2)));

    #[tokio::test(start_paused = true)]
    async fn one_network_has_half_of_the_places_and_nobody_waits_for_ever() {
        let turns = Turns::new(4, Duration::from_secs(30));
        let first = turns.of(A).await.unwrap();
        let _second = turns.of(A).await.unwrap();
        let refused = turns.of(A).await.err().unwrap();
        assert!(refused.to_line().starts_with("451 4.3.2 "), "{}", refused.to_line());
        let _others = (turns.of(B).await.unwrap(), turns.ours().await.unwrap());
        assert!(turns.of(B).await.is_err(), "all four are taken");
        drop(first);
        let _third = turns.of(A).await.unwrap();
        assert_eq!(turns.shares.lock().unwrap().len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn networks_that_are_gone_are_forgotten() {
        let turns = Turns::new(1, Duration::from_secs(1));
        drop(turns.of(A).await.unwrap());
        drop(turns.of(B).await.unwrap());
        assert_eq!(turns.shares.lock().unwrap().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn behind_a_filter_one_domain_has_half_of_the_places() {
        let turns = Turns::new(2, Duration::from_secs(30));
        let of = |domain: &str| turns.of(Whose::Domain(domain.to_owned()));
        let _first = of("flood.example").await.unwrap();
        assert!(of("flood.example").await.is_err());
        let _other = of("clinic.example").await.unwrap();
    }
}
