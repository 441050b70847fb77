//! Free loopback ports, outside the range the kernel hands to clients so that none is taken in between.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Linux gives clients ports from 32768 on (ip_local_port_range).
const FIRST: u16 = 11_000;
const COUNT: u16 = 20_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A loopback address nobody listens on. Every call in every process gives another one.
#[must_use]
pub fn free() -> SocketAddr {
    // Test binaries run one after the other, but two developers may test at once: start apart.
    let start = u16::try_from(std::process::id() % u32::from(COUNT)).unwrap();
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::SeqCst);
        let port = FIRST + (start.wrapping_mul(37).wrapping_add(step)) % COUNT;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no free loopback port");
}
