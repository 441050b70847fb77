//! A listener, as needed for trying rules. Knows no rule.

use std::net::IpAddr;

use sealpost_mail::Direction;

/// A listener.
#[derive(Clone, Debug)]
pub struct Entrance {
    /// The listener's name.
    pub listener: String,
    /// Addresses that letters may come from.
    pub peers: Vec<IpAddr>,
    /// Those of them that stand for few clients: single machines beside whole networks, the other address
    /// family.
    pub few: Vec<IpAddr>,
    /// Logins that may be used there.
    pub logins: Vec<String>,
    /// The direction of letters that arrive there.
    pub direction: Direction,
    /// Maximum size of a letter.
    pub max_size: u64,
}
