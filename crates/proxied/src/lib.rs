//! The actual client of a connection: the header of the PROXY protocol, version 2. Knows no SMTP and no HTTP.
//!
//! SECURITY: the address in the header becomes the client's address, with all rights that depend on it. It is only read
//! from the networks that the operator names; a connection from these without a header is dropped, since its client
//! would have the proxy's own rights. Length and time are bounded, and not one octet after the header is read.
//!
//! <https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt>, cited as "PROXY".

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use ppp::v2::{Addresses, Command, Header, Protocol};
use sealpost_mail::Network;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::timeout;

/// How long a proxy may take. It sends the header first, so only a broken one takes longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Signature, version with command, family, length (PROXY §2.2).
const FIXED: usize = 16;
/// The twelve octets that begin no other protocol.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Limit on the part after the fixed one: addresses, and a proxy's TLS information. PROXY §2.2 expects receivers to
/// handle 536 octets in total.
const MAX_HEADER: usize = 2048;

/// The proxies of one listener.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    networks: Vec<Network>,
    others: Others,
}

/// How connections that are not from a proxy are treated, if there are proxies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Others {
    /// They get no session.
    #[default]
    Refused,
    /// The peer is the client.
    Themselves,
}

/// How a new connection is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerRole {
    /// The peer is the client.
    Itself,
    /// The peer is a proxy, which announces its client.
    Proxy,
    /// It should have come through a proxy.
    Refused,
}

/// The content of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The client's address.
    Client(IpAddr),
    /// A health check of the proxy itself (PROXY §2.2, LOCAL).
    HealthCheck,
}

/// Why a proxy's connection is dropped.
#[derive(Debug, Error)]
pub enum Silence {
    /// There was no header in time.
    #[error("no PROXY header came in time")]
    Late,
    /// The connection broke.
    #[error("the connection ended before its PROXY header did: {0}")]
    Broken(#[from] io::Error),
    /// It does not begin with a header.
    #[error("the connection does not begin with a PROXY header of version 2 (haproxy: send-proxy-v2)")]
    None,
    /// The header exceeds the limit.
    #[error("the PROXY header is too long")]
    TooLong,
    /// The header is malformed.
    #[error("the PROXY header cannot be read: {0}")]
    Unreadable(String),
    /// It announces no client with an address.
    #[error("the PROXY header names no client that called by TCP")]
    NoClient,
}

impl Proxies {
    /// These proxies, and the treatment of other peers. Without networks every peer is the client.
    #[must_use]
    pub fn new(networks: Vec<Network>, others: Others) -> Self {
        Self { networks, others }
    }

    /// How a connection from this address is treated.
    #[must_use]
    pub fn role(&self, peer: IpAddr) -> PeerRole {
        if self.networks.is_empty() {
            PeerRole::Itself
        } else if self.networks.iter().any(|network| network.contains(peer.to_canonical())) {
            PeerRole::Proxy
        } else {
            match self.others {
                Others::Refused => PeerRole::Refused,
                Others::Themselves => PeerRole::Itself,
            }
        }
    }
}

/// Reads the header and nothing after it.
///
/// # Errors
/// The connection is to be dropped without a reply, since its client is unknown.
pub async fn hear(stream: &mut (impl AsyncRead + Unpin)) -> Result<Word, Silence> {
    timeout(PATIENCE, header(stream)).await.map_err(|_elapsed| Silence::Late)?
}

async fn header(stream: &mut (impl AsyncRead + Unpin)) -> Result<Word, Silence> {
    let mut header = vec![0; FIXED];
    stream.read_exact(&mut header).await?;
    let Some((SIGNATURE, [_, _, length @ ..])) = header.split_at_checked(SIGNATURE.len()) else {
        return Err(Silence::None);
    };
    let length = length.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet));
    if length > MAX_HEADER {
        return Err(Silence::TooLong);
    }
    header.resize(FIXED + length, 0);
    stream.read_exact(header.get_mut(FIXED..).unwrap_or_default()).await?;
    read(&header)
}

/// Parses the whole header. Pure.
fn read(header: &[u8]) -> Result<Word, Silence> {
    let header = Header::try_from(header).map_err(|error| Silence::Unreadable(error.to_string()))?;
    match header.command {
        // PROXY §2.2: "the receiver must … use the real connection endpoints", whatever addresses follow.
        Command::Local => Ok(Word::HealthCheck),
        Command::Proxy => match (header.protocol, header.addresses) {
            (Protocol::Stream, Addresses::IPv4(four)) => Ok(Word::Client(IpAddr::V4(four.source_address))),
            (Protocol::Stream, Addresses::IPv6(six)) => {
                Ok(Word::Client(IpAddr::V6(six.source_address).to_canonical()))
            }
            // A client that the proxy cannot announce would be taken for the proxy.
            (
                Protocol::Stream | Protocol::Datagram | Protocol::Unspecified,
                Addresses::Unspecified | Addresses::Unix(_) | Addresses::IPv4(_) | Addresses::IPv6(_),
            ) => Err(Silence::NoClient),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::runtime::Builder;

    use super::*;

    /// `version and command`, `family and protocol`, and what follows.
    fn written(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [SIGNATURE, &[command, family], &length, rest].concat()
    }

    fn four() -> Vec<u8> {
        vec![192, 0, 2, 7, 10, 0, 0, 1, 0xc0, 0x01, 0, 25]
    }

    /// The result, and what is left for the next reader.
    fn heard(bytes: &[u8]) -> (Result<Word, Silence>, Vec<u8>) {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let mut stream = bytes;
        let word = runtime.block_on(hear(&mut stream));
        (word, stream.to_vec())
    }

    #[test]
    fn a_header_names_the_client_and_what_follows_is_untouched() {
        let bytes = [written(0x21, 0x11, &four()), b"EHLO client\r\n".to_vec()].concat();
        let (word, rest) = heard(&bytes);
        assert_eq!(word.unwrap(), Word::Client("192.0.2.7".parse().unwrap()));
        assert_eq!(rest, b"EHLO client\r\n");

        let mut six = [0; 36];
        six[..16].copy_from_slice(&"2001:db8::7".parse::<std::net::Ipv6Addr>().unwrap().octets());
        let (word, _rest) = heard(&written(0x21, 0x21, &six));
        assert_eq!(word.unwrap(), Word::Client("2001:db8::7".parse().unwrap()));

        six[..16].copy_from_slice(&"::ffff:192.0.2.7".parse::<std::net::Ipv6Addr>().unwrap().octets());
        let (word, _rest) = heard(&written(0x21, 0x21, &six));
        assert_eq!(word.unwrap(), Word::Client("192.0.2.7".parse().unwrap()), "an address has one form");
    }

    #[test]
    fn what_a_proxy_adds_is_passed_over() {
        let more = [four(), vec![0x02, 0, 3, b'a', b'.', b'b', 0x20, 0, 1, 7]].concat();
        assert!(matches!(heard(&written(0x21, 0x11, &more)).0.unwrap(), Word::Client(_)));
    }

    #[test]
    fn a_health_check_is_the_proxy_itself_whatever_it_carries() {
        assert_eq!(heard(&written(0x20, 0x00, &[])).0.unwrap(), Word::HealthCheck);
        assert_eq!(heard(&written(0x20, 0x11, &four())).0.unwrap(), Word::HealthCheck);
    }

    #[test]
    fn whoever_names_no_client_is_not_taken_for_the_proxy() {
        let unix = [0; 216];
        for (family, rest) in [(0x00, &[][..]), (0x12, &four()), (0x31, &unix), (0x01, &four())] {
            assert!(heard(&written(0x21, family, rest)).0.is_err(), "family {family:#x}");
        }
    }

    #[test]
    fn what_is_no_header_is_dropped() {
        let text = b"PROXY TCP4 192.0.2.7 10.0.0.1 49153 25\r\n";
        assert!(matches!(heard(text).0.unwrap_err(), Silence::None));
        assert!(matches!(heard(b"EHLO client.example\r\n").0.unwrap_err(), Silence::None));
        assert!(matches!(heard(&written(0x21, 0x11, &[0; MAX_HEADER + 1])).0.unwrap_err(), Silence::TooLong));
        for wrong in
            [written(0x11, 0x11, &four()), written(0x22, 0x11, &four()), written(0x21, 0x41, &four())]
        {
            assert!(matches!(heard(&wrong).0.unwrap_err(), Silence::Unreadable(_)));
        }
        let whole = written(0x21, 0x11, &four());
        for cut in 0..whole.len() {
            assert!(matches!(heard(&whole[..cut]).0.unwrap_err(), Silence::Broken(_)), "cut at {cut}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_proxy_that_says_nothing_is_waited_for_a_while() {
        let (mut near, _far) = tokio::io::duplex(64);
        assert!(matches!(hear(&mut near).await.unwrap_err(), Silence::Late));
    }

    #[test]
    fn proxies_are_those_that_are_named() {
        let networks = vec![Network::parse("10.0.0.5").unwrap()];
        let role = |proxies: &Proxies, peer: &str| proxies.role(peer.parse().unwrap());
        let strict = Proxies::new(networks.clone(), Others::Refused);
        assert_eq!(role(&strict, "::ffff:10.0.0.5"), PeerRole::Proxy);
        assert_eq!(role(&strict, "10.0.0.6"), PeerRole::Refused);
        let open = Proxies::new(networks, Others::Themselves);
        assert_eq!(role(&open, "10.0.0.6"), PeerRole::Itself);
        assert_eq!(role(&Proxies::default(), "10.0.0.5"), PeerRole::Itself);
    }

    proptest! {
        /// Any input gives an address, a health check or an error; never a panic, and never an octet too many is read.
        #[test]
        fn any_bytes_behind_the_signature_are_survived(
            command in any::<u8>(), family in any::<u8>(), rest in prop::collection::vec(any::<u8>(), 0..300),
            behind in prop::collection::vec(any::<u8>(), 0..50),
        ) {
            let (word, left) = heard(&[written(command, family, &rest), behind.clone()].concat());
            prop_assert_eq!(left, behind);
            if let Ok(Word::Client(address)) = word {
                prop_assert_eq!(command, 0x21);
                prop_assert!(address == address.to_canonical());
                prop_assert!(matches!(family, 0x11 | 0x21));
            }
        }

        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(heard(&bytes).0.is_err());
        }
    }
}
