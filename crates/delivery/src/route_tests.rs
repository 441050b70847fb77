//! Next hops: looked up by address only, and wherever they are.

use std::collections::HashMap;

use async_trait::async_trait;
use sealpost_mail::{Address, SequenceRandom};

use super::*;
use crate::config::NextHop;
use crate::dane::Tlsa;
use crate::resolve::{DnsAnswer, DnsError, Mx};

/// Addresses as a table; nothing else may be looked up.
struct Table(HashMap<&'static str, Vec<IpAddr>>);

#[async_trait]
impl Resolver for Table {
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DnsError> {
        self.0.get(host).cloned().ok_or(DnsError::NoSuchName)
    }

    async fn mx(&self, domain: &str) -> Result<DnsAnswer<Mx>, DnsError> {
        panic!("{domain}")
    }

    async fn exchanger(&self, host: &str) -> Result<DnsAnswer<IpAddr>, DnsError> {
        panic!("{host}")
    }

    async fn tlsa(&self, host: &str, _port: u16) -> Result<Vec<Tlsa>, DnsError> {
        panic!("{host}")
    }

    async fn texts(&self, name: &str) -> Result<Vec<String>, DnsError> {
        panic!("{name}")
    }
}

#[tokio::test]
async fn a_next_hop_is_asked_for_addresses_only_and_may_be_on_this_machine() {
    let table = Table(HashMap::from([("relay.example", vec!["127.0.0.1".parse().unwrap()])]));
    let from = Address::parse("postmaster@gw.example").unwrap();
    let mut config = DeliveryConfig::new("gw.example", ("Sealpost".to_owned(), from), Route::Mx);
    config.hops.insert("out".to_owned(), NextHop::new("relay.example", 2525));
    config.hops.insert("six".to_owned(), NextHop::new("[::1]", 25));
    config.hops.insert("gone".to_owned(), NextHop::new("gone.example", 25));
    let random = SequenceRandom::default();
    let world =
        World { config: &config, resolver: &table, random: &random, policies: None, failed: &|_, _, _| {} };
    let hop = |name: &str| RouteKey {
        place: Destination::Hop(name.to_owned()),
        floor: TlsFloor::None,
        published: Published::Counts,
    };
    let found = endpoints(&hop("out"), &world, Timestamp(0)).await.unwrap();
    assert_eq!(found[0].address.to_string(), "127.0.0.1:2525");
    let found = endpoints(&hop("six"), &world, Timestamp(0)).await.unwrap();
    assert_eq!(
        (found[0].address.to_string(), found[0].certificate_name.as_str()),
        ("[::1]:25".to_owned(), "::1")
    );
    assert!(matches!(endpoints(&hop("gone"), &world, Timestamp(0)).await, Err(DeliveryFailure::Dns { .. })));
    assert!(matches!(
        endpoints(&hop("nope"), &world, Timestamp(0)).await,
        Err(DeliveryFailure::UnknownHop { .. })
    ));
}
