//! Resource limits per client, per letter and in total. Knows numbers, not protocols.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::access::Right;

/// The line length that every server must accept (RFC 5321 §4.5.3.1.6), without the CRLF.
const STRANGERS_LINE: usize = 998;

/// The limits of one listener. The defaults suit a smarthost: few clients, many letters from each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Number of sessions at the same time.
    pub connections: usize,
    /// Of these, slots reserved for clients in the listener's networks. Ignored without networks.
    pub reserved: usize,
    /// Simultaneous sessions of one client: one IPv4 address or one IPv6 /64.
    pub per_client: usize,
    /// Of these, sessions of a client that has not shown a right to send.
    pub per_stranger: usize,
    /// Octets of one letter, announced as SIZE (RFC 1870).
    pub max_size: u64,
    /// Recipients of one letter; RFC 5321 §4.5.3.1.8 requires at least 100.
    pub max_recipients: usize,
    /// Refused commands after which a session ends.
    pub max_errors: u32,
    /// Commands that do not advance a letter (NOOP, RSET, VRFY, HELP, another EHLO, anything deferred) before each
    /// further one counts as refused. Accepting a letter resets the count.
    pub max_junk: u32,
    /// The longest line of a letter, without its CRLF, from a client with a right to send; RFC 5321 §4.5.3.1.6 requires
    /// at least 998, and other clients get no more.
    pub text_line: usize,
    /// A whole command must arrive within this time (RFC 5321 §4.5.3.2.7: at least five minutes), however slowly it
    /// drips; also the limit for a client that does not read its replies.
    pub command: Duration,
    /// A TLS handshake must be complete within this time.
    pub handshake: Duration,
    /// The longest silence inside a letter (RFC 5321 §4.5.3.2.5).
    pub data_idle: Duration,
    /// A whole letter must arrive within this time.
    pub data_total: Duration,
    /// Average octets per second that a letter must reach after `data_grace`.
    pub data_rate: u64,
    /// How long a letter may be slower than `data_rate`.
    pub data_grace: Duration,
    /// A session accepts no new command after this time, unless the content of a letter is being received.
    pub session_total: Duration,
    /// Share of the memory budget for one letter while it is received, in KiB: our block of 64 KiB and what the
    /// reception keeps of it.
    pub letter_kib: u32,
    /// How long a letter waits for memory before it is deferred.
    pub memory_wait: Duration,
    /// How long sessions may finish their letter when the intake is stopped.
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
    /// The longest line that a client with this right, or without one, may send: a smarthost's clients include
    /// scanners, but public servers follow the RFC.
    #[must_use]
    pub fn longest_line(&self, right: Option<Right>) -> usize {
        match right {
            Some(Right::Network | Right::Login | Right::Certificate) => self.text_line,
            None => self.text_line.min(STRANGERS_LINE),
        }
    }
}

/// Memory for incoming letters, counted in KiB and shared by all listeners (and other users).
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

    /// Takes `kib` KiB, waiting at most `wait`; returned on drop. More than the whole budget counts as the whole
    /// budget, so that one letter at a time still passes.
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
