//! Which addresses are part of the public internet (IANA special-purpose registries, RFC 6890). Pure; makes no decision
//! about mail.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether a stranger's server can have this address. Documentation networks count as public: nothing answers there.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_inside = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        // "This network" (RFC 791 §3.2); Linux treats 0.0.0.0 as itself.
        || a == 0
        // Shared address space of providers (RFC 6598).
        || (a == 100 && (64..128).contains(&b))
        // Protocol assignments (RFC 6890 §2.1), among them the NAT64 discovery addresses.
        || (a == 192 && b == 0 && c == 0)
        // Benchmarks (RFC 2544).
        || (a == 198 && (b == 18 || b == 19))
        // Reserved (RFC 1112 §4).
        || a >= 240;
    !is_inside
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // Mapped (RFC 4291 §2.5.5.2) and compatible (§2.5.5.1) addresses, and with them :: and ::1.
        [0, 0, 0, 0, 0, 0xffff, high, low] => is_public_v4(v4(high, low)),
        [0, 0, 0, 0, 0, 0, ..] => false,
        // Translated: the well-known prefix of NAT64 (RFC 6052 §2.1), SIIT (RFC 2765 §2.1) and 6to4 (RFC 3056 §2).
        [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x2002, high, low, ..] => is_public_v4(v4(high, low)),
        // A site's own NAT64 (RFC 8215): only the site knows where it leads.
        [0x64, 0xff9b, 1, ..] => false,
        // Teredo (RFC 4380) leads behind a NAT.
        [0x2001, 0, ..] => false,
        // Discard-only (RFC 6666).
        [0x100, 0, 0, 0, ..] => false,
        // Unique local (RFC 4193), link-local and the former site-local (RFC 3879), multicast.
        [first, ..] => {
            (first & 0xfe00) != 0xfc00
                && (first & 0xff80) != 0xfe80
                && (first & 0xffc0) != 0xfec0
                && first < 0xff00
        }
    }
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    let [a, b] = high.to_be_bytes();
    let [c, d] = low.to_be_bytes();
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inside_is_inside_in_every_notation() {
        for inside in [
            "10.0.0.1",
            "172.16.9.9",
            "172.31.255.255",
            "192.168.1.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "0.0.0.0",
            "0.1.2.3",
            "100.64.0.1",
            "100.127.255.254",
            "192.0.0.170",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::",
            "::1",
            "::10.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:0:192.168.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::1",
            "2002:a00:1::1",
            "2002:7f00:1::",
            "2001:0:1:2:3:4:5:6",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "100::1",
            "::8.8.8.8",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for public in [
            "9.9.9.9",
            "11.0.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.1.1",
            "192.0.1.1",
            "100.63.0.1",
            "100.128.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2a00:1450::1",
            "2606:4700::1111",
            "64:ff9b::9.9.9.9",
            "2002:909:909::1",
            "::ffff:9.9.9.9",
            "2001:db8::1",
            "2001:67c::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }
}
