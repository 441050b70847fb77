//! Which servers are tried, in which order, and when none may be.

use std::collections::HashMap;

use async_trait::async_trait;
use sealpost_mail::{Address, SequenceRandom};

use super::*;
use crate::config::NextHop;

/// DNS as a table.
#[derive(Default)]
struct Table {
    mx: HashMap<&'static str, Result<Vec<Mx>, DnsError>>,
    addresses: HashMap<&'static str, Result<Vec<IpAddr>, DnsError>>,
}

#[async_trait]
impl Resolver for Table {
    async fn mx(&self, domain: &str) -> Result<Vec<Mx>, DnsError> {
        self.mx.get(domain).cloned().unwrap_or(Err(DnsError::NoSuchName))
    }

    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DnsError> {
        self.addresses.get(host).cloned().unwrap_or(Err(DnsError::NoSuchName))
    }
}

fn config() -> DeliveryConfig {
    let from = Address::parse("postmaster@gw.example").unwrap();
    DeliveryConfig::new("gw.example", ("Sealpost".to_owned(), from), Route::Mx)
}

fn mx(records: &[(u16, &str)]) -> Result<Vec<Mx>, DnsError> {
    Ok(records
        .iter()
        .map(|(preference, host)| Mx { preference: *preference, host: (*host).to_owned() })
        .collect())
}

fn at(addresses: &[&str]) -> Result<Vec<IpAddr>, DnsError> {
    Ok(addresses.iter().map(|address| address.parse().unwrap()).collect())
}

async fn tried(domain: &str, table: &Table, config: &DeliveryConfig) -> Result<Vec<String>, DeliveryFailure> {
    let key = RouteKey { place: Destination::Domain(domain.to_owned()), floor: TlsFloor::Verified };
    let found = endpoints(&key, config, table, &SequenceRandom::default()).await?;
    assert!(found.iter().all(|e| e.certificate_name == e.host && e.floor == TlsFloor::Verified));
    Ok(found.into_iter().map(|endpoint| format!("{} {}", endpoint.host, endpoint.address)).collect())
}

#[tokio::test]
async fn lower_preference_first_and_every_address_of_each() {
    let mut table = Table::default();
    table.mx.insert("d.example", mx(&[(20, "b.example"), (10, "a.example")]));
    table.addresses.insert("a.example", at(&["2001:db8::1", "192.0.2.1"]));
    table.addresses.insert("b.example", at(&["192.0.2.2"]));
    assert_eq!(
        tried("d.example", &table, &config()).await.unwrap(),
        ["a.example [2001:db8::1]:25", "a.example 192.0.2.1:25", "b.example 192.0.2.2:25"]
    );
}

#[tokio::test]
async fn equals_take_turns() {
    let mut table = Table::default();
    table.mx.insert("d.example", mx(&[(10, "a.example"), (10, "b.example")]));
    table.addresses.insert("a.example", at(&["192.0.2.1"]));
    table.addresses.insert("b.example", at(&["192.0.2.2"]));
    let random = SequenceRandom::default();
    let key = RouteKey { place: Destination::Domain("d.example".to_owned()), floor: TlsFloor::None };
    let mut first = std::collections::HashSet::new();
    for _ in 0..32 {
        let found = endpoints(&key, &config(), &table, &random).await.unwrap();
        first.insert(found[0].host.clone());
    }
    assert_eq!(first.len(), 2);
}

/// RFC 5321 §5.1: "If an empty list of MXs is returned, the address is treated as if it was associated
/// with an implicit MX RR, with a preference of 0, pointing to that host."
#[tokio::test]
async fn without_mx_the_domain_itself_is_the_server() {
    let mut table = Table::default();
    table.mx.insert("d.example", Err(DnsError::NoRecords));
    table.addresses.insert("d.example", at(&["192.0.2.9"]));
    assert_eq!(tried("d.example", &table, &config()).await.unwrap(), ["d.example 192.0.2.9:25"]);
}

/// RFC 7505 §3: a null MX "MUST" mean that the domain accepts no mail.
#[tokio::test]
async fn a_null_mx_takes_no_mail() {
    let mut table = Table::default();
    table.mx.insert("d.example", mx(&[(0, "")]));
    table.addresses.insert("d.example", at(&["192.0.2.9"]));
    assert_eq!(tried("d.example", &table, &config()).await, Err(DeliveryFailure::NullMx));
}

/// RFC 5321 §5.1: "that relay and all MXs with equal or higher (less preferred) numbers must be excluded".
#[tokio::test]
async fn only_servers_better_than_ourselves_are_tried() {
    let mut table = Table::default();
    table.addresses.insert("a.example", at(&["192.0.2.1"]));
    table.mx.insert("d.example", mx(&[(10, "a.example"), (20, "GW.example"), (30, "c.example")]));
    assert_eq!(tried("d.example", &table, &config()).await.unwrap(), ["a.example 192.0.2.1:25"]);
    table.mx.insert("d.example", mx(&[(20, "gw.example"), (30, "a.example")]));
    assert_eq!(tried("d.example", &table, &config()).await, Err(DeliveryFailure::Loop));
}

#[tokio::test]
async fn an_exchanger_inside_this_machine_is_a_loop() {
    let mut table = Table::default();
    table.mx.insert("d.example", mx(&[(10, "a.example")]));
    for inside in ["127.0.0.1", "::1", "0.0.0.0", "::ffff:127.0.0.1", "203.0.113.5"] {
        table.addresses.insert("a.example", at(&[inside]));
        let config = DeliveryConfig { our_addresses: vec!["203.0.113.5".parse().unwrap()], ..config() };
        assert_eq!(tried("d.example", &table, &config).await, Err(DeliveryFailure::Loop), "{inside}");
    }
    assert_eq!(tried("[127.0.0.1]", &table, &config()).await, Err(DeliveryFailure::Loop));
    assert_eq!(tried("[ipv6:::1]", &table, &config()).await, Err(DeliveryFailure::Loop));
}

#[tokio::test]
async fn what_dns_does_not_know_now_is_no_reason_to_bounce() {
    let mut table = Table::default();
    let doubt = || DnsError::Temporary("SERVFAIL".to_owned());
    table.mx.insert("d.example", Err(doubt()));
    assert!(matches!(tried("d.example", &table, &config()).await, Err(DeliveryFailure::Dns { .. })));
    table.mx.insert("d.example", mx(&[(10, "a.example"), (20, "b.example")]));
    table.addresses.insert("a.example", Err(doubt()));
    assert!(matches!(tried("d.example", &table, &config()).await, Err(DeliveryFailure::Dns { .. })));
    table.addresses.insert("b.example", at(&["192.0.2.2"]));
    assert_eq!(tried("d.example", &table, &config()).await.unwrap(), ["b.example 192.0.2.2:25"]);
}

#[tokio::test]
async fn what_dns_knows_not_to_exist_is_final() {
    let mut table = Table::default();
    assert_eq!(tried("d.example", &table, &config()).await, Err(DeliveryFailure::NoSuchDomain));
    table.mx.insert("d.example", mx(&[(10, "gone.example")]));
    assert_eq!(tried("d.example", &table, &config()).await, Err(DeliveryFailure::NoServer));
}

#[tokio::test]
async fn address_literals_need_no_dns() {
    let table = Table::default();
    assert_eq!(tried("[192.0.2.7]", &table, &config()).await.unwrap(), ["192.0.2.7 192.0.2.7:25"]);
    assert_eq!(
        tried("[ipv6:2001:db8::7]", &table, &config()).await.unwrap(),
        ["2001:db8::7 [2001:db8::7]:25"]
    );
}

#[tokio::test]
async fn a_next_hop_is_asked_for_addresses_only_and_may_be_on_this_machine() {
    let mut table = Table::default();
    table.addresses.insert("relay.example", at(&["127.0.0.1"]));
    let mut config = config();
    config.hops.insert("out".to_owned(), NextHop::new("relay.example", 2525));
    config.hops.insert("six".to_owned(), NextHop::new("[::1]", 25));
    config.hops.insert("gone".to_owned(), NextHop::new("gone.example", 25));
    let random = SequenceRandom::default();
    let hop = |name: &str| RouteKey { place: Destination::Hop(name.to_owned()), floor: TlsFloor::None };
    let found = endpoints(&hop("out"), &config, &table, &random).await.unwrap();
    assert_eq!(found[0].address.to_string(), "127.0.0.1:2525");
    let found = endpoints(&hop("six"), &config, &table, &random).await.unwrap();
    assert_eq!(
        (found[0].address.to_string(), found[0].certificate_name.as_str()),
        ("[::1]:25".to_owned(), "::1")
    );
    assert!(matches!(
        endpoints(&hop("gone"), &config, &table, &random).await,
        Err(DeliveryFailure::Dns { .. })
    ));
    assert!(matches!(
        endpoints(&hop("nope"), &config, &table, &random).await,
        Err(DeliveryFailure::UnknownHop { .. })
    ));
}

#[tokio::test]
async fn mail_for_the_world_goes_to_no_private_network() {
    let mut table = Table::default();
    table.mx.insert("inside.example", mx(&[(10, "a.inside.example"), (20, "b.inside.example")]));
    table.addresses.insert("a.inside.example", at(&["10.0.0.1", "64:ff9b::169.254.169.254", "fd00::1"]));
    table.addresses.insert("b.inside.example", at(&["::ffff:192.168.1.1"]));
    let inside = |result| matches!(result, Err(DeliveryFailure::Inside { .. }));
    assert!(inside(tried("inside.example", &table, &config()).await));
    for literal in ["[10.0.0.1]", "[169.254.169.254]", "[ipv6:fd00::1]", "[ipv6:64:ff9b::a00:1]"] {
        assert!(inside(tried(literal, &table, &config()).await), "{literal}");
    }
    assert!(tried("[ipv6:::ffff:127.0.0.1]", &table, &config()).await.is_err());
    // Another exchanger of the same domain may still be outside.
    table.addresses.insert("b.inside.example", at(&["192.0.2.2"]));
    assert_eq!(tried("inside.example", &table, &config()).await.unwrap(), ["b.inside.example 192.0.2.2:25"]);
    // And the operator's own networks are no strangers.
    let mut own = config();
    own.private_networks = vec!["10.0.0.0/8".parse().unwrap()];
    assert_eq!(tried("[10.0.0.1]", &table, &own).await.unwrap(), ["10.0.0.1 10.0.0.1:25"]);
    assert!(inside(tried("[192.168.0.1]", &table, &own).await));
}
