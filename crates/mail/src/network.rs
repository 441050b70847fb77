//! Client networks: `192.0.2.0/24`, `2001:db8::/32`, or a single address. The one notation for all settings.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use thiserror::Error;

/// A network: an address and its prefix length.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    prefix: u8,
}

/// Why a text is not a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NetworkError {
    /// Not an address.
    #[error("not an IP address or a network")]
    Address,
    /// Not a prefix length.
    #[error("the number after the slash must be at most 32 for IPv4, 128 for IPv6")]
    Prefix,
    /// `10.1.2.3/8` has host bits set.
    #[error("the address has bits set beyond the prefix")]
    HostBits,
}

impl Network {
    /// Parses a network.
    pub fn parse(text: &str) -> Result<Self, NetworkError> {
        text.parse()
    }

    /// Whether these together contain every address of IPv4 or of IPv6, however they are split.
    #[must_use]
    pub fn are_everybody(networks: &[Self]) -> bool {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for network in networks {
            match network.base {
                IpAddr::V4(base) => {
                    v4.push((u128::from(base.to_bits()), 32 - u32::from(network.prefix.min(32))))
                }
                IpAddr::V6(base) => v6.push((base.to_bits(), 128 - u32::from(network.prefix.min(128)))),
            }
        }
        covers_all(v4, 32) || covers_all(v6, 128)
    }

    /// Whether it is wider than any organisation's own network: wider than a /8 of IPv4 or a /16 of IPv6, except
    /// networks that are not routed publicly (RFC 4193, RFC 4291 §2.5.6).
    #[must_use]
    pub fn is_wide(&self) -> bool {
        match self.base {
            IpAddr::V4(_) => self.prefix < 8,
            IpAddr::V6(base) => {
                let inside = (base.is_unique_local() && self.prefix >= 7)
                    || (base.is_unicast_link_local() && self.prefix >= 10);
                self.prefix < 16 && !inside
            }
        }
    }

    /// The share of public addresses that these contain together, however they are split: in thousandths of IPv4 and of
    /// IPv6 (of the allocated 2000::/3), whichever is larger. Networks that are not routed publicly do not count.
    #[must_use]
    pub fn thousandths_of_the_world(networks: &[Self]) -> u32 {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for network in networks {
            let (first, last) = (network.first(), network.last());
            match (first, last) {
                (IpAddr::V4(first), IpAddr::V4(last)) => {
                    if !first.is_private() && !first.is_loopback() && !first.is_link_local() {
                        v4.push((u128::from(first.to_bits()), u128::from(last.to_bits())));
                    }
                }
                (IpAddr::V6(first), IpAddr::V6(last)) => {
                    let (first, last) = (first.to_bits().max(GLOBAL), last.to_bits().min(GLOBAL_END));
                    if first <= last {
                        v6.push((first, last));
                    }
                }
                (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {}
            }
        }
        // A thousandth of IPv6 in units of /48: fewer digits, and no site is smaller.
        let of_v4 = held(v4).saturating_mul(1000) >> 32;
        let of_v6 = (held(v6) >> 80).saturating_mul(1000) / ((GLOBAL_END - GLOBAL) >> 80);
        u32::try_from(of_v4.max(of_v6)).unwrap_or(1000)
    }

    /// Whether it is larger than one network segment: wider than a /24 of IPv4 or a /64 of IPv6.
    #[must_use]
    pub fn is_wider_than_a_segment(&self) -> bool {
        match self.base {
            IpAddr::V4(_) => self.prefix < 24,
            IpAddr::V6(_) => self.prefix < 64,
        }
    }

    /// Whether all of its addresses are also in the other.
    #[must_use]
    pub fn lies_in(&self, other: &Self) -> bool {
        other.contains(self.first()) && other.contains(self.last())
    }

    /// Whether the two have an address in common: networks are nested or disjoint.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.lies_in(other) || other.lies_in(self)
    }

    /// Its first address.
    #[must_use]
    pub fn first(&self) -> IpAddr {
        self.base
    }

    /// Its last address.
    #[must_use]
    pub fn last(&self) -> IpAddr {
        match self.base {
            IpAddr::V4(base) => std::net::Ipv4Addr::from_bits(base.to_bits() | !mask32(self.prefix)).into(),
            IpAddr::V6(base) => std::net::Ipv6Addr::from_bits(base.to_bits() | !mask128(self.prefix)).into(),
        }
    }

    /// Whether `address` is inside; IPv4-mapped IPv6 counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                (base.to_bits() ^ address.to_bits()) & mask32(self.prefix) == 0
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                (base.to_bits() ^ address.to_bits()) & mask128(self.prefix) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// 2000::/3 (RFC 4291 §2.4, IANA).
const GLOBAL: u128 = 0x2000 << 112;
const GLOBAL_END: u128 = GLOBAL | (u128::MAX >> 3);

/// The number of addresses in these ranges, each counted once.
fn held(mut ranges: Vec<(u128, u128)>) -> u128 {
    ranges.sort_unstable();
    let mut held = 0_u128;
    let mut next = 0_u128;
    for (first, last) in ranges {
        let from = first.max(next);
        if from <= last {
            held = held.saturating_add((last - from).saturating_add(1));
            next = last.saturating_add(1);
        }
    }
    held
}

/// Whether ranges (first address, number of free bits) cover all addresses of this many bits.
fn covers_all(mut ranges: Vec<(u128, u32)>, bits: u32) -> bool {
    let last = |first: u128, free: u32| first | 1_u128.checked_shl(free).map_or(u128::MAX, |size| size - 1);
    let end = last(0, bits);
    ranges.sort_unstable();
    let mut covered: Option<u128> = None;
    for (first, free) in ranges {
        let next = covered.map_or(0, |covered| covered.saturating_add(1));
        if covered != Some(end) && first > next {
            return false;
        }
        covered = covered.max(Some(last(first, free)));
    }
    covered == Some(end)
}

fn mask32(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32_u32.saturating_sub(u32::from(prefix))).unwrap_or(0)
}

fn mask128(prefix: u8) -> u128 {
    u128::MAX.checked_shl(128_u32.saturating_sub(u32::from(prefix))).unwrap_or(0)
}

impl Network {
    /// `::ffff:0:0/96` and its subnets are IPv4 networks (RFC 4291 §2.5.5.2): client addresses are compared in that
    /// form.
    fn canonical(self) -> Self {
        match self.base {
            IpAddr::V6(base) if self.prefix >= 96 => match base.to_ipv4_mapped() {
                Some(mapped) => Self { base: IpAddr::V4(mapped), prefix: self.prefix - 96 },
                None => self,
            },
            IpAddr::V4(_) | IpAddr::V6(_) => self,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let base: IpAddr = address.trim().parse().map_err(|_parse| NetworkError::Address)?;
        let longest = if base.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.trim().parse::<u8>().map_err(|_parse| NetworkError::Prefix)?,
            None => longest,
        };
        if prefix > longest {
            return Err(NetworkError::Prefix);
        }
        let beyond = match base {
            IpAddr::V4(v4) => v4.to_bits() & !mask32(prefix) != 0,
            IpAddr::V6(v6) => v6.to_bits() & !mask128(prefix) != 0,
        };
        if beyond { Err(NetworkError::HostBits) } else { Ok(Self { base, prefix }.canonical()) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Result<Network, NetworkError> {
        text.parse()
    }

    fn inside(text: &str, address: &str) -> bool {
        network(text).unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn some_networks_are_too_wide_to_be_ones_own() {
        for wide in ["0.0.0.0/0", "128.0.0.0/1", "8.0.0.0/7", "::/0", "2000::/3", "2000::/15"] {
            assert!(network(wide).unwrap().is_wide(), "{wide}");
        }
        for own in ["10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "2001::/16", "fc00::/7", "fe80::/10"] {
            assert!(!network(own).unwrap().is_wide(), "{own}");
        }
    }

    #[test]
    fn networks_lie_in_each_other_or_apart() {
        let (wide, narrow, apart) = (network("10.0.0.0/16"), network("10.0.1.0/24"), network("10.1.0.0/24"));
        let (wide, narrow, apart) = (wide.unwrap(), narrow.unwrap(), apart.unwrap());
        assert!(narrow.lies_in(&wide) && wide.lies_in(&wide) && !wide.lies_in(&narrow));
        assert!(wide.overlaps(&narrow) && narrow.overlaps(&wide) && !apart.overlaps(&wide));
        assert!(wide.is_wider_than_a_segment() && !narrow.is_wider_than_a_segment());
        let six = |text| network(text).unwrap().is_wider_than_a_segment();
        assert!(six("2001:db8::/63") && !six("2001:db8::/64"));
    }

    #[test]
    fn networks_contain_what_they_say() {
        assert!(inside("127.0.0.1", "127.0.0.1"));
        assert!(!inside("127.0.0.1", "127.0.0.2"));
        assert!(inside("10.0.0.0/8", "10.255.1.1"));
        assert!(!inside("10.0.0.0/8", "11.0.0.0"));
        assert!(inside("0.0.0.0/0", "203.0.113.9"));
        assert!(!inside("0.0.0.0/0", "2001:db8::1"));
        assert!(inside("2001:db8::/32", "2001:db8:1::1"));
        assert!(inside("::/0", "2001:db8::1"));
        assert!(inside("192.0.2.0/24", "::ffff:192.0.2.7"));
        assert!(!inside("::/0", "::ffff:192.0.2.7"));
        assert!(inside("::ffff:192.0.2.0/120", "192.0.2.7") && inside("::ffff:0.0.0.0/96", "192.0.2.7"));
        assert!(!inside("::ffff:192.0.2.0/120", "192.0.3.7"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        assert_eq!(network("10.1.2.3/8"), Err(NetworkError::HostBits));
        assert_eq!(network("10.0.0.0/33"), Err(NetworkError::Prefix));
        assert_eq!(network("10.0.0.0/x"), Err(NetworkError::Prefix));
        assert_eq!(network("localhost"), Err(NetworkError::Address));
        assert_eq!(network("::/129"), Err(NetworkError::Prefix));
    }

    #[test]
    fn pieces_of_the_world_are_added_up() {
        let of = |texts: &[String]| {
            let networks: Vec<Network> = texts.iter().map(|text| network(text).unwrap()).collect();
            Network::thousandths_of_the_world(&networks)
        };
        let some = |texts: &[&str]| of(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(some(&[]), 0);
        assert_eq!(some(&["10.0.0.0/8", "127.0.0.0/8", "192.168.0.0/16", "fc00::/7", "fe80::/10", "::1"]), 0);
        assert_eq!((some(&["0.0.0.0/0"]), some(&["::/0"]), some(&["2000::/3"])), (1000, 1000, 1000));
        assert_eq!(some(&["0.0.0.0/1", "64.0.0.0/8", "128.0.0.0/2"]), 750);
        assert_eq!(some(&["2000::/4"]), 500);
        let many: Vec<String> =
            (1..=223).filter(|n| ![10, 127].contains(n)).map(|n| format!("{n}.0.0.0/8")).collect();
        assert!(of(&many) > 800, "{}", of(&many));
        let halves: Vec<String> = (0..1024).map(|n| format!("{:x}::/13", 0x2000 + n * 8)).collect();
        assert!(of(&halves) > 990, "{}", of(&halves));
        assert!(some(&["192.0.2.0/24", "198.51.0.0/16", "2001:db8::/32"]) < 1);
    }

    #[test]
    fn everybody_is_seen_also_in_pieces() {
        let all = |texts: &[&str]| {
            Network::are_everybody(&texts.iter().map(|text| network(text).unwrap()).collect::<Vec<_>>())
        };
        assert!(all(&["0.0.0.0/0"]) && all(&["::/0"]) && all(&["10.0.0.0/8", "::/1", "8000::/1"]));
        assert!(all(&["0.0.0.0/1", "128.0.0.0/1"]) && all(&["128.0.0.0/2", "0.0.0.0/1", "192.0.0.0/2"]));
        assert!(all(&["0.0.0.0/1", "10.0.0.0/8", "128.0.0.0/1"]));
        assert!(!all(&["0.0.0.0/1"]) && !all(&["128.0.0.0/1"]) && !all(&[]) && !all(&["10.0.0.0/8", "::1"]));
        assert!(!all(&["0.0.0.0/2", "128.0.0.0/1"]));
    }
}
