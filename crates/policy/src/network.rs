//! A client network: an address and how many of its bits count.

use std::net::IpAddr;

/// `192.0.2.0/24`, `2001:db8::/32`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) if bits.bytes().all(|b| b.is_ascii_digit()) => {
                (address, Some(bits.parse().ok()?))
            }
            Some(_) => return None,
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().ok()?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(all);
        (bits <= all).then_some(Self { address, bits })
    }

    pub(crate) fn contains(&self, peer: IpAddr) -> bool {
        match (self.address, peer.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let rest = 32 - self.bits;
                ours.to_bits().checked_shr(rest) == theirs.to_bits().checked_shr(rest)
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let rest = 128 - self.bits;
                ours.to_bits().checked_shr(rest) == theirs.to_bits().checked_shr(rest)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(network: &str, peer: &str) -> bool {
        Network::parse(network).unwrap().contains(peer.parse().unwrap())
    }

    #[test]
    fn bits_decide() {
        assert!(holds("192.0.2.0/24", "192.0.2.255"));
        assert!(!holds("192.0.2.0/24", "192.0.3.0"));
        assert!(holds("192.0.2.1", "192.0.2.1"));
        assert!(!holds("192.0.2.1", "192.0.2.2"));
        assert!(holds("0.0.0.0/0", "203.0.113.9"));
        assert!(!holds("0.0.0.0/0", "2001:db8::1"));
        assert!(holds("::/0", "2001:db8::1"));
        assert!(holds("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(!holds("2001:db8::/32", "2001:db9::1"));
        assert!(holds("127.0.0.0/8", "::ffff:127.0.0.1"));
    }

    #[test]
    fn what_is_no_network() {
        for bad in ["", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/+8", "x/8", "2001:db8::/129", "192.0.2/24"] {
            assert_eq!(Network::parse(bad), None, "{bad:?}");
        }
    }
}
