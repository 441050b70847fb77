//! A way in, as rules are tried on it. Knows no rule.

use std::net::IpAddr;

use sealpost_mail::Direction;

/// A way in.
#[derive(Clone, Debug)]
pub struct Entrance {
    /// The listener's name.
    pub listener: String,
    /// Whence letters may come to it.
    pub peers: Vec<IpAddr>,
    /// Those of them that stand for few: single machines beside whole networks, the other kind of address.
    pub few: Vec<IpAddr>,
    /// Who may log in there.
    pub logins: Vec<String>,
    /// Which way letters go from there.
    pub direction: Direction,
    /// No letter is larger.
    pub max_size: u64,
}
