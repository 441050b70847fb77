//! Which exchangers are tried, in which order, what each must prove, and when none may be used.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use sealpost_mail::{Address, SequenceRandom};

use super::*;
use crate::config::DomainMinimum;

/// DNS as a table.
#[derive(Clone, Default)]
struct Table {
    mx: HashMap<&'static str, Result<Vec<Mx>, DnsError>>,
    addresses: HashMap<&'static str, Result<Vec<IpAddr>, DnsError>>,
    /// Names whose records are signed.
    signed: HashSet<&'static str>,
    tlsa: HashMap<&'static str, Result<Vec<Tlsa>, DnsError>>,
}

impl Table {
    fn answer<T>(&self, name: &str, records: Vec<T>) -> DnsAnswer<T> {
        let proof = if self.signed.contains(name) { Proof::Signed } else { Proof::Unsigned };
        DnsAnswer { records, proof }
    }
}

#[async_trait]
impl Resolver for Table {
    async fn addresses(&self, _host: &str) -> Result<Vec<IpAddr>, DnsError> {
        panic!("an exchanger is no next hop")
    }

    async fn mx(&self, domain: &str) -> Result<DnsAnswer<Mx>, DnsError> {
        let records = self.mx.get(domain).cloned().unwrap_or(Err(DnsError::NoSuchName));
        records.map(|records| self.answer(domain, records))
    }

    async fn exchanger(&self, host: &str) -> Result<DnsAnswer<IpAddr>, DnsError> {
        let records = self.addresses.get(host).cloned().unwrap_or(Err(DnsError::NoSuchName));
        records.map(|records| self.answer(host, records))
    }

    async fn tlsa(&self, host: &str, port: u16) -> Result<Vec<Tlsa>, DnsError> {
        assert_eq!(port, 25);
        self.tlsa.get(host).cloned().unwrap_or(Ok(Vec::new()))
    }

    async fn texts(&self, _name: &str) -> Result<Vec<String>, DnsError> {
        Err(DnsError::NoSuchName)
    }
}

fn config() -> DeliveryConfig {
    let from = Address::parse("postmaster@gw.example").unwrap();
    DeliveryConfig::new("gw.example", ("Sealpost".to_owned(), from), crate::ticket::Route::Mx)
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

async fn found(
    domain: &str,
    floor: TlsFloor,
    table: &Table,
    config: &DeliveryConfig,
) -> Result<Vec<Endpoint>, DeliveryFailure> {
    let random = SequenceRandom::default();
    let world = world(config, table, &random);
    endpoints(domain, (floor, Published::Counts), &world, Timestamp(0)).await
}

/// No policies and no reports.
fn world<'a>(config: &'a DeliveryConfig, resolver: &'a Table, random: &'a SequenceRandom) -> World<'a> {
    World { config, resolver, random, policies: None, failed: &|_, _, _| {} }
}

async fn tried(domain: &str, table: &Table, config: &DeliveryConfig) -> Result<Vec<String>, DeliveryFailure> {
    let found = found(domain, TlsFloor::Encrypted, table, config).await?;
    assert!(found.iter().all(|e| e.certificate_name == e.host && e.floor == TlsFloor::Encrypted));
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
    let config = config();
    let world = world(&config, &table, &random);
    let mut first = std::collections::HashSet::new();
    for _ in 0..32 {
        let found =
            endpoints("d.example", (TlsFloor::None, Published::Counts), &world, Timestamp(0)).await.unwrap();
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
    // Another exchanger of the same domain may still be public.
    table.addresses.insert("b.inside.example", at(&["192.0.2.2"]));
    assert_eq!(tried("inside.example", &table, &config()).await.unwrap(), ["b.inside.example 192.0.2.2:25"]);
    // And the operator's own networks are allowed.
    let mut own = config();
    own.private_networks = vec!["10.0.0.0/8".parse().unwrap()];
    assert_eq!(tried("[10.0.0.1]", &table, &own).await.unwrap(), ["10.0.0.1 10.0.0.1:25"]);
    assert!(inside(tried("[192.168.0.1]", &table, &own).await));
}

/// A record for a key that does not exist: only its source matters here.
fn tlsa(usage: u8) -> Vec<Tlsa> {
    vec![Tlsa { usage, selector: 1, matching: 1, data: vec![7; 32] }]
}

fn one_server() -> Table {
    let mut table = Table::default();
    table.mx.insert("d.example", mx(&[(10, "a.example")]));
    table.addresses.insert("a.example", at(&["192.0.2.1"]));
    table
}

async fn demanded(
    floor: TlsFloor,
    table: &Table,
    config: &DeliveryConfig,
) -> Result<(TlsFloor, bool), DeliveryFailure> {
    let found = found("d.example", floor, table, config).await?;
    Ok((found[0].floor, matches!(found[0].expected, Expected::Match(_))))
}

/// RFC 7672 §2.2: TLSA records apply if MX, addresses and they themselves are signed, to every letter.
#[tokio::test]
async fn signed_records_raise_the_floor_of_every_letter() {
    let mut table = one_server();
    table.tlsa.insert("a.example", Ok(tlsa(3)));
    for (signed, expected) in [
        (&[][..], (TlsFloor::None, false)),
        (&["d.example"], (TlsFloor::None, false)),
        (&["a.example"], (TlsFloor::None, false)),
        (&["d.example", "a.example"], (TlsFloor::Verified, true)),
    ] {
        table.signed = signed.iter().copied().collect();
        assert_eq!(demanded(TlsFloor::None, &table, &config()).await.unwrap(), expected, "{signed:?}");
    }
    // Unusable records still require TLS.
    table.tlsa.insert("a.example", Ok(tlsa(1)));
    assert_eq!(demanded(TlsFloor::None, &table, &config()).await.unwrap(), (TlsFloor::Encrypted, false));
    assert!(matches!(
        demanded(TlsFloor::Verified, &table, &config()).await,
        Err(DeliveryFailure::BelowFloor { lacking: TlsLacking::NotOffered, .. })
    ));
}

/// RFC 7672 §2.1.1: an attacker who suppresses the answer must not get the letter.
#[tokio::test]
async fn a_server_whose_records_nobody_knows_is_not_used() {
    let mut table = one_server();
    table.signed = ["d.example", "a.example", "b.example"].into_iter().collect();
    table.tlsa.insert("a.example", Err(DnsError::Temporary("bogus".to_owned())));
    assert!(matches!(demanded(TlsFloor::None, &table, &config()).await, Err(DeliveryFailure::Dns { .. })));
    table.mx.insert("d.example", mx(&[(10, "a.example"), (20, "b.example")]));
    table.addresses.insert("b.example", at(&["192.0.2.2"]));
    let found = found("d.example", TlsFloor::None, &table, &config()).await.unwrap();
    assert_eq!(found.iter().map(|e| e.host.as_str()).collect::<Vec<_>>(), ["b.example"]);
}

/// Names from unsigned DNS prove nothing: `verified` would only be apparent.
#[tokio::test]
async fn verified_needs_a_proof_of_whose_server_it_is() {
    let below =
        |result| matches!(result, Err(DeliveryFailure::BelowFloor { lacking: TlsLacking::NotOffered, .. }));
    let mut table = one_server();
    assert!(below(demanded(TlsFloor::Verified, &table, &config()).await));
    table.signed = ["d.example", "a.example"].into_iter().collect();
    assert!(
        below(demanded(TlsFloor::Verified, &table, &config()).await),
        "signed names alone have no certificate"
    );
    table.tlsa.insert("a.example", Ok(tlsa(2)));
    assert_eq!(demanded(TlsFloor::Verified, &table, &config()).await.unwrap(), (TlsFloor::Verified, true));
    let literal = found("[192.0.2.7]", TlsFloor::Verified, &table, &config()).await;
    assert!(matches!(literal, Err(DeliveryFailure::BelowFloor { lacking: TlsLacking::NotOffered, .. })));
}

/// The operator's pins apply to every letter, and nothing published replaces them.
#[tokio::test]
async fn a_pin_is_a_proof_for_every_letter() {
    let mut config = config();
    let minimum = DomainMinimum { floor: TlsFloor::Verified, pins: vec![[1; 32]] };
    config.domains.insert("d.example".to_owned(), minimum);
    let mut table = one_server();
    table.signed = ["d.example", "a.example"].into_iter().collect();
    table.tlsa.insert("a.example", Ok(tlsa(3)));
    for floor in [TlsFloor::None, TlsFloor::Verified] {
        let found = found("d.example", floor, &table, &config).await.unwrap();
        assert_eq!(found[0].floor, TlsFloor::Verified);
        assert_eq!(found[0].expected, Expected::Match(Associations::pinned(&[[1; 32]]).unwrap()));
    }
}

/// RFC 8461 §5 and §2: only servers that the policy names, and DANE first.
#[test]
fn a_policy_is_asked_where_dane_says_nothing() {
    let policy = sts("enforce");
    let asked = |floor, published, host| demand(floor, None, published, &policy, host, "d.example");
    for floor in [TlsFloor::None, TlsFloor::Encrypted, TlsFloor::Verified] {
        let Ok(demand) = asked(floor, Vec::new(), "a.example") else { panic!() };
        assert_eq!((demand.floor, demand.expected), (TlsFloor::Verified, Expected::Chain));
        assert!(matches!(asked(floor, Vec::new(), "b.example"), Err(Barred::Disallowed)));
        let Ok(demand) = asked(floor, tlsa(3), "b.example") else { panic!() };
        assert!(matches!(demand.expected, Expected::Match(_)));
    }
}

fn sts(mode: &str) -> StsAnswer {
    let text = format!("version: STSv1\nmode: {mode}\nmx: a.example\nmax_age: 60\n");
    let (policy, _age) = crate::sts::read(text.as_bytes()).unwrap();
    StsAnswer { policy, lines: crate::sts::lines(text.as_bytes()).into(), ..StsAnswer::none() }
}

/// RFC 8461 §5: what would have been refused is counted, and sent.
#[test]
fn a_policy_that_is_tested_refuses_nothing_and_is_looked_at() {
    let policy = sts("testing");
    let asked = |host| demand(TlsFloor::None, None, Vec::new(), &policy, host, "d.example");
    for (host, trial) in [("a.example", Trial::Certificate), ("b.example", Trial::Unnamed)] {
        let Ok(demand) = asked(host) else { panic!() };
        assert_eq!((demand.floor, demand.expected), (TlsFloor::None, Expected::Any));
        let (applied, looked) = demand.counted.unwrap();
        assert_eq!((looked, applied.servers.as_slice()), (trial, &["a.example".to_owned()][..]));
        assert!(applied.text.contains(&"mode: testing".to_owned()));
    }
}

/// RFC 8460 §5.3: a report is delivered though the domain's DANE is broken, and not counted; unless the
/// operator requires more.
#[tokio::test]
async fn a_report_passes_by_what_is_published_but_not_by_the_operator() {
    let mut table = one_server();
    table.signed = ["d.example", "a.example"].into_iter().collect();
    table.tlsa.insert("a.example", Ok(tlsa(3)));
    let (random, mut config) = (SequenceRandom::default(), config());
    for (floor, expected, counted) in
        [(TlsFloor::None, true, false), (TlsFloor::Encrypted, false, true), (TlsFloor::Verified, false, true)]
    {
        let world = world(&config, &table, &random);
        let found = endpoints("d.example", (floor, Published::PassedBy), &world, Timestamp(0)).await.unwrap();
        assert_eq!((found[0].expected == Expected::Any, found[0].counted.is_some()), (expected, counted));
    }
    config
        .domains
        .insert("d.example".to_owned(), DomainMinimum { floor: TlsFloor::Verified, pins: vec![[1; 32]] });
    let world = world(&config, &table, &random);
    let found =
        endpoints("d.example", (TlsFloor::None, Published::PassedBy), &world, Timestamp(0)).await.unwrap();
    assert_eq!(found[0].expected, Expected::Match(Associations::pinned(&[[1; 32]]).unwrap()));
}

/// RFC 8460 §3: the destination of a report is set by a stranger's record.
#[tokio::test]
async fn a_report_reaches_no_server_inside_whatever_the_operator_has_named() {
    let mut table = one_server();
    table.addresses.insert("a.example", at(&["10.0.0.1"]));
    let (random, mut config) = (SequenceRandom::default(), config());
    config.private_networks = vec!["10.0.0.0/8".parse().unwrap()];
    let minimum = || DomainMinimum { floor: TlsFloor::Encrypted, pins: Vec::new() };
    for bound in [false, true] {
        if bound {
            config.domains.insert("d.example".to_owned(), minimum());
        }
        let world = world(&config, &table, &random);
        for (domain, floor) in [
            ("d.example", TlsFloor::None),
            ("d.example", TlsFloor::Encrypted),
            ("[10.0.0.1]", TlsFloor::None),
        ] {
            let letter = endpoints(domain, (floor, Published::Counts), &world, Timestamp(0)).await;
            assert_eq!(letter.unwrap().len(), 1, "{domain}");
            let report = endpoints(domain, (floor, Published::PassedBy), &world, Timestamp(0)).await;
            assert!(matches!(report, Err(DeliveryFailure::Inside { .. })), "{domain}");
        }
    }
}

/// What prevents a session is reported, too.
#[tokio::test]
async fn what_bars_a_server_is_told_to_its_domain() {
    let mut table = one_server();
    table.signed = ["d.example", "a.example"].into_iter().collect();
    table.tlsa.insert("a.example", Err(DnsError::Bogus));
    let (random, config) = (SequenceRandom::default(), config());
    let told = std::sync::Mutex::new(Vec::new());
    let failed = |domain: &str, _policy: &AppliedPolicy, failure: TlsFailure| {
        told.lock().unwrap().push((domain.to_owned(), failure.result));
    };
    let world = World { config: &config, resolver: &table, random: &random, policies: None, failed: &failed };
    assert!(endpoints("d.example", (TlsFloor::None, Published::Counts), &world, Timestamp(0)).await.is_err());
    table.tlsa.clear();
    let world = World { config: &config, resolver: &table, random: &random, policies: None, failed: &failed };
    assert!(
        endpoints("d.example", (TlsFloor::Verified, Published::Counts), &world, Timestamp(0)).await.is_err()
    );
    let domain = "d.example".to_owned();
    let expected = [(domain.clone(), ResultType::DnssecInvalid), (domain, ResultType::DaneRequired)];
    assert_eq!(*told.lock().unwrap(), expected);
}

/// A domain can publish more than anybody wants to try: what is kept in memory, and looked up, has limits.
#[tokio::test]
async fn a_flood_of_records_is_cut_or_refused() {
    let names: Vec<&'static str> =
        (0..200).map(|n| &*Box::leak(format!("mx{n}.d.example").into_boxed_str())).collect();
    let all: Vec<String> = (0..600).map(|n| format!("192.0.{}.{}", n / 250, n % 250 + 1)).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let mut table = Table::default();
    table.mx.insert("d.example", mx(&[(10, "mx0.d.example")]));
    table.addresses.insert("mx0.d.example", at(&all));
    assert_eq!(tried("d.example", &table, &config()).await.unwrap().len(), MAX);

    // Only the last has an address.
    let records: Vec<(u16, &str)> =
        (0_u16..).zip(&names).map(|(preference, host)| (preference, *host)).collect();
    table.mx.insert("d.example", mx(&records));
    table.addresses.clear();
    table.addresses.insert("mx199.d.example", at(&["192.0.2.1"]));
    let none = tried("d.example", &table, &config()).await;
    assert!(matches!(none, Err(DeliveryFailure::NoServer)), "{none:?}");

    table.mx.insert("d.example", mx(&[(10, "mx0.d.example")]));
    table.addresses.insert("mx0.d.example", at(&["192.0.2.1"]));
    table.signed.extend(["d.example", "mx0.d.example"]);
    let record = Tlsa { usage: 3, selector: 1, matching: 1, data: vec![1; 32] };
    for (count, is_taken) in [(MAX_TLSA, true), (MAX_TLSA + 1, false)] {
        table.tlsa.insert("mx0.d.example", Ok(vec![record.clone(); count]));
        let found = found("d.example", TlsFloor::None, &table, &config()).await;
        assert_eq!(found.is_ok(), is_taken, "{count}: {found:?}");
    }
}
