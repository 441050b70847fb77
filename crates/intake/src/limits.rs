//! How much one client, one letter and all of them together may take. Knows numbers, not protocols.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::access::Right;

/// What a server must take from anybody (RFC 5321 §4.5.3.1.6), without the CRLF.
const STRANGERS_LINE: usize = 998;

/// The limits of one listener. The defaults suit a smarthost: few clients, many letters from each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Number of sessions at the same time.
    pub connections: usize,
    /// Of these, places that only clients of the listener's networks can have. Without networks it does not count.
    pub reserved: usize,
    /// Sessions at once from one client: one IPv4 address or one IPv6 /64.
    pub per_client: usize,
    /// Of these, sessions of one client that has not shown a right to send.
    pub per_stranger: usize,
    /// Octets of one letter, announced as SIZE (RFC 1870).
    pub max_size: u64,
    /// Recipients of one letter; RFC 5321 §4.5.3.1.8 asks for at least 100.
    pub max_recipients: usize,
    /// Refused commands after which a session ends.
    pub max_errors: u32,
    /// Commands that bring no letter on its way (NOOP, RSET, VRFY, HELP, another EHLO, whatever was told to come later)
    /// before each further one counts as refused. A letter that was taken forgives all of it.
    pub max_junk: u32,
    /// The longest line of a letter, without its CRLF, of a client with a right to send; RFC 5321 §4.5.3.1.6 asks for at
    /// least 998, and strangers get no more.
    pub text_line: usize,
    /// A whole command must arrive within this (RFC 5321 §4.5.3.2.7: at least five minutes), however
    /// slowly it drips; a client that does not read its replies gets no longer either.
    pub command: Duration,
    /// A TLS handshake must be done within this.
    pub handshake: Duration,
    /// The longest silence inside a letter (RFC 5321 §4.5.3.2.5).
    pub data_idle: Duration,
    /// A whole letter must arrive within this.
    pub data_total: Duration,
    /// Octets per second that a letter must reach on average once `data_grace` is over.
    pub data_rate: u64,
    /// How long a letter may be slower than `data_rate`.
    pub data_grace: Duration,
    /// A session takes no new command after this, unless the content of a letter is coming in.
    pub session_total: Duration,
    /// What one letter takes from the memory budget while it comes in, in KiB: our block of 64 KiB and
    /// what the reception keeps of it.
    pub letter_kib: u32,
    /// How long a letter waits for its share of the memory before it is told to come later.
    pub memory_wait: Duration,
    /// How long sessions may finish their letter when the intake is told to stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1000,
            reserved: 500,
            per_client: 250,
            per_stranger: 20,
            max_size: 100 * 1024 * 1024,
            max_recipients: 1000,
            max_errors: 20,
            max_junk: 100,
            text_line: 1024 * 1024,
            command: Duration::from_secs(300),
            handshake: Duration::from_secs(30),
            data_idle: Duration::from_secs(180),
            data_total: Duration::from_secs(1800),
            data_rate: 1024,
            data_grace: Duration::from_secs(60),
            session_total: Duration::from_secs(3600),
            letter_kib: 256,
            memory_wait: Duration::from_secs(120),
            drain: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// The longest line that a client with this right, or without one, may send: a smarthost's clients are scanners, too, but
    /// servers of the world keep to the RFC.
    #[must_use]
    pub fn longest_line(&self, right: Option<Right>) -> usize {
        match right {
            Some(Right::Network | Right::Login | Right::Certificate) => self.text_line,
            None => self.text_line.min(STRANGERS_LINE),
        }
    }
}

/// Memory for letters coming in, counted in KiB and shared by every listener (and whoever else asks).
#[derive(Clone, Debug)]
pub struct MemoryBudget {
    permits: Arc<Semaphore>,
    kib: u32,
}

impl MemoryBudget {
    /// A budget of `kib` KiB.
    #[must_use]
    pub fn kib(kib: u32) -> Self {
        let permits = usize::try_from(kib).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self { permits: Arc::new(Semaphore::new(permits)), kib }
    }

    /// Takes `kib` KiB, waiting at most `wait`; given back on drop. More than the whole budget counts as
    /// the whole budget, so that one letter at a time still passes.
    pub async fn take(&self, kib: u32, wait: Duration) -> Option<OwnedSemaphorePermit> {
        let asked = Arc::clone(&self.permits).acquire_many_owned(kib.min(self.kib));
        tokio::time::timeout(wait, asked).await.ok()?.ok()
    }

    /// KiB not taken at the moment.
    #[must_use]
    pub fn free_kib(&self) -> usize {
        self.permits.available_permits()
    }
}

/// One subscriber has a whole IPv6 /64, so that is one client.
#[must_use]
pub fn client_of(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_budget_is_given_back_and_asking_too_much_does_not_wait_for_ever() {
        let budget = MemoryBudget::kib(100);
        let all = budget.take(1000, Duration::from_secs(1)).await.unwrap();
        assert_eq!(budget.free_kib(), 0);
        assert!(budget.take(1, Duration::from_secs(1)).await.is_none());
        drop(all);
        assert_eq!(budget.free_kib(), 100);
    }
}
