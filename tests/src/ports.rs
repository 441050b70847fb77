//! Free loopback ports, outside the range that the kernel assigns to clients, so that none is taken in
//! between.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

/// Linux gives clients ports from 32768 on (ip_local_port_range).
const FIRST: u16 = 11_000;
const BLOCK: u16 = 400;
const BLOCKS: u16 = 50;

/// A block of ports that is this process's own as long as it listens on the first of them.
static OURS: LazyLock<(TcpListener, u16)> = LazyLock::new(|| {
    (0..BLOCKS)
        .map(|block| FIRST + block * BLOCK)
        .find_map(|first| Some((TcpListener::bind((Ipv4Addr::LOCALHOST, first)).ok()?, first)))
        .unwrap_or_else(|| panic!("all blocks of ports are taken"))
});

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A loopback address without a listener, which is not given to other callers.
#[must_use]
pub fn free() -> SocketAddr {
    for _ in 1..BLOCK {
        let step = NEXT.fetch_add(1, Ordering::SeqCst) % (BLOCK - 1);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, OURS.1 + 1 + step));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no free loopback port");
}
