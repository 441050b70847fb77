//! The DNS queries of delivery, behind a small trait. Besides `dns_lookup.rs` and `dns_response.rs` the only file that
//! names hickory-resolver.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::proto::dnssec::{Proof as Signature, TrustAnchors};
use hickory_resolver::proto::rr::rdata::TLSA;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use hickory_resolver::{Resolver as Hickory, TokioResolver};
use thiserror::Error;

use crate::dane::Tlsa;
use crate::dns_response::NarrowedConnections;

/// A mail exchanger record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mx {
    /// Lower is tried first.
    pub preference: u16,
    /// Host name without the final dot; empty for the null MX (RFC 7505).
    pub host: String,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DnsError {
    /// The name does not exist.
    #[error("the name does not exist")]
    NoSuchName,
    /// The name exists, but has no record of this kind.
    #[error("the name has no such record")]
    NoRecords,
    /// The answer was signed, and its signatures are invalid, or it should have been signed and was not.
    #[error("the signatures of the DNS (DNSSEC) do not hold")]
    Bogus,
    /// The name servers did not answer.
    #[error("{0}")]
    Temporary(String),
}

/// The DNSSEC status of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Signed, down from the root or a trust anchor of the operator: it was not changed in transit.
    Signed,
    /// From an unsigned zone, or not checked.
    Unsigned,
}

/// Records with their DNSSEC status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsAnswer<T> {
    /// In any order, unless stated otherwise; never empty.
    pub records: Vec<T>,
    /// The status of all of them together.
    pub proof: Proof,
}

/// Looks up names.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// Addresses of a next hop named by the operator, in the order in which to try them.
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DnsError>;

    /// MX records of a recipient's domain.
    async fn mx(&self, domain: &str) -> Result<DnsAnswer<Mx>, DnsError>;

    /// Addresses of a mail exchanger, in the order in which to try them.
    async fn exchanger(&self, host: &str) -> Result<DnsAnswer<IpAddr>, DnsError>;

    /// TLSA records of a server (RFC 7672 §2.2), signed ones only: empty if there are none, or none that are signed.
    async fn tlsa(&self, host: &str, port: u16) -> Result<Vec<Tlsa>, DnsError>;

    /// Text records, the strings of each concatenated.
    async fn texts(&self, name: &str) -> Result<Vec<String>, DnsError>;
}

/// Name servers for recipients' domains, and whether to validate their answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameServers {
    /// Queried over UDP and TCP; empty: the system's.
    pub servers: Vec<SocketAddr>,
    /// Whether signatures are checked.
    pub dnssec: Dnssec,
}

/// Whether answers about recipients' domains are validated (RFC 4035 §5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Dnssec {
    /// Not checked: nothing is [`Proof::Signed`].
    #[default]
    Off,
    /// Validated by us, from the root's keys. An answer that should be signed and is not is an error.
    Validated,
    /// Validated below the DNSKEY records in this file.
    Below(PathBuf),
}

/// The system's name servers and hosts file for next hops; those of [`NameServers`] for the world.
pub struct SystemResolver {
    hops: TokioResolver,
    world: Hickory<NarrowedConnections>,
}

impl SystemResolver {
    /// Reads the system's configuration.
    pub fn new() -> Result<Self, DnsError> {
        Self::with(&NameServers::default())
    }

    /// Reads the system's configuration and the trust anchors.
    pub fn with(asked: &NameServers) -> Result<Self, DnsError> {
        let unusable = |error: NetError| DnsError::Temporary(error.to_string());
        let mut hops = TokioResolver::builder_tokio().map_err(unusable)?;
        let options = hops.options_mut();
        options.ip_strategy = LookupIpStrategy::Ipv6AndIpv4;
        options.use_hosts_file = ResolveHosts::Always;
        let mut world = if asked.servers.is_empty() {
            Hickory::builder(NarrowedConnections::default()).map_err(unusable)?
        } else {
            let config =
                ResolverConfig::from_parts(None, Vec::new(), asked.servers.iter().map(named).collect());
            Hickory::builder_with_config(config, NarrowedConnections::default())
        };
        // The status of an answer is that of the aliases on the way to it, too. hickory's cache mixes the aliases of one
        // question into the answer to another, so it keeps none; the name servers have caches of their own.
        world.options_mut().preserve_intermediates = true;
        world.options_mut().cache_size = 0;
        world.options_mut().ip_strategy = LookupIpStrategy::Ipv6AndIpv4;
        match &asked.dnssec {
            Dnssec::Off => world.options_mut().use_hosts_file = ResolveHosts::Always,
            Dnssec::Validated => {
                // Entries of a hosts file have no signature, and would be exchangers without TLSA records.
                world.options_mut().use_hosts_file = ResolveHosts::Never;
                world.options_mut().validate = true;
            }
            Dnssec::Below(file) => {
                world.options_mut().use_hosts_file = ResolveHosts::Never;
                world = world.with_trust_anchor(Arc::new(anchors(file)?));
            }
        }
        Ok(Self { hops: hops.build().map_err(unusable)?, world: world.build().map_err(unusable)? })
    }

    /// Whether the name servers pass signatures on: the root's own records must validate, or nothing will.
    ///
    /// # Errors
    /// They do not answer, or the answer does not validate.
    pub async fn proves_the_root(&self) -> Result<Proof, DnsError> {
        self.ask(".", RecordType::SOA).await?.only(|_soa| Some(())).map(|root| root.proof)
    }

    /// The OpenPGP keys under a name (RFC 7929), each unchanged.
    ///
    /// # Errors
    /// There are none, or they cannot be looked up now.
    pub async fn openpgp_keys(&self, name: &str) -> Result<DnsAnswer<Vec<u8>>, DnsError> {
        self.ask(name, RecordType::OPENPGPKEY).await?.only(|record| {
            let RData::OPENPGPKEY(key) = &record.data else { return None };
            Some(key.public_key.clone())
        })
    }

    /// The S/MIME certificate associations under a name (RFC 8162), in the form of TLSA records.
    ///
    /// # Errors
    /// There are none, or they cannot be looked up now.
    pub async fn certificates(&self, name: &str) -> Result<DnsAnswer<Tlsa>, DnsError> {
        self.ask(name, RecordType::SMIMEA).await?.only(|record| {
            let RData::SMIMEA(certificate) = &record.data else { return None };
            Some(as_tlsa(certificate))
        })
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Result<Chain, DnsError> {
        let answer = self.world.lookup(absolute(name), kind).await.map_err(|error| dns_error(&error))?;
        Chain::of(name, &answer)
    }
}

/// One server, at its own port.
pub(crate) fn named(server: &SocketAddr) -> NameServerConfig {
    let at = |mut connection: ConnectionConfig| {
        connection.port = server.port();
        connection
    };
    NameServerConfig::new(server.ip(), true, vec![at(ConnectionConfig::udp()), at(ConnectionConfig::tcp())])
}

fn anchors(file: &Path) -> Result<TrustAnchors, DnsError> {
    let wrong = |cause: String| DnsError::Temporary(format!("{}: {cause}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let anchors: TrustAnchors = text.parse().map_err(|error| wrong(format!("{error}")))?;
    if anchors.is_empty() { Err(wrong("it holds no DNSKEY record".to_owned())) } else { Ok(anchors) }
}

fn as_tlsa(tlsa: &TLSA) -> Tlsa {
    Tlsa {
        usage: tlsa.cert_usage.into(),
        selector: tlsa.selector.into(),
        matching: tlsa.matching.into(),
        data: tlsa.cert_data.clone(),
    }
}

/// The records of a name, and the aliases that lead from it to them. Whatever else is in an answer does not count.
struct Chain(Vec<Record>);

impl Chain {
    fn of(name: &str, answer: &Lookup) -> Result<Self, DnsError> {
        let asked =
            Name::from_utf8(absolute(name)).map_err(|error| DnsError::Temporary(error.to_string()))?;
        let mut names = vec![asked];
        let mut at = 0;
        while let Some(name) = names.get(at) {
            let aliases = answer.answers().iter().filter(|record| record.name == *name);
            let targets = aliases.filter_map(|record| {
                let RData::CNAME(target) = &record.data else { return None };
                Some(target.0.clone())
            });
            let new: Vec<Name> = targets.filter(|target| !names.contains(target)).collect();
            names.extend(new);
            at += 1;
        }
        let records = answer.answers().iter().filter(|record| names.contains(&record.name));
        Ok(Self(records.cloned().collect()))
    }

    /// What `read` makes of them, or an error if that is nothing.
    fn only<T>(&self, read: impl Fn(&Record) -> Option<T>) -> Result<DnsAnswer<T>, DnsError> {
        let records: Vec<T> = self.0.iter().filter_map(read).collect();
        if records.is_empty() {
            Err(DnsError::NoRecords)
        } else {
            Ok(DnsAnswer { records, proof: self.proof() })
        }
    }

    /// The status of all of them together. Signatures have none of their own; bogus records are reported as an error
    /// before.
    fn proof(&self) -> Proof {
        let mut judged = self.0.iter().filter(|record| !record.record_type().is_rrsig());
        let signed = judged.all(|record| record.proof == Signature::Secure);
        if signed && !self.0.is_empty() { Proof::Signed } else { Proof::Unsigned }
    }
}

#[async_trait]
impl Resolver for SystemResolver {
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DnsError> {
        let answer = self.hops.lookup_ip(absolute(host)).await.map_err(|error| dns_error(&error))?;
        let addresses: Vec<IpAddr> = answer.iter().collect();
        if addresses.is_empty() { Err(DnsError::NoRecords) } else { Ok(addresses) }
    }

    async fn mx(&self, domain: &str) -> Result<DnsAnswer<Mx>, DnsError> {
        self.ask(domain, RecordType::MX).await?.only(|record| {
            let RData::MX(mx) = &record.data else { return None };
            let host = mx.exchange.to_ascii();
            let host = host.strip_suffix('.').unwrap_or(&host).to_ascii_lowercase();
            Some(Mx { preference: mx.preference, host })
        })
    }

    async fn exchanger(&self, host: &str) -> Result<DnsAnswer<IpAddr>, DnsError> {
        let answer = self.world.lookup_ip(absolute(host)).await.map_err(|error| dns_error(&error))?;
        Chain::of(host, answer.as_lookup())?.only(|record| record.data.ip_addr())
    }

    async fn tlsa(&self, host: &str, port: u16) -> Result<Vec<Tlsa>, DnsError> {
        let name = format!("_{port}._tcp.{host}");
        let answer = self.world.lookup(absolute(&name), RecordType::TLSA).await;
        if answer.as_ref().is_err_and(denies_with_too_many_iterations) {
            return Ok(Vec::new());
        }
        let chain = answer.map_err(|error| dns_error(&error)).and_then(|answer| Chain::of(&name, &answer));
        let found = chain.and_then(|chain| {
            chain.only(|record| {
                let RData::TLSA(tlsa) = &record.data else { return None };
                Some(as_tlsa(tlsa))
            })
        });
        match found {
            Ok(DnsAnswer { records, proof: Proof::Signed }) => Ok(records),
            // In a signed zone their absence is proven; a failed proof is another error.
            Ok(DnsAnswer { proof: Proof::Unsigned, .. })
            | Err(DnsError::NoSuchName | DnsError::NoRecords) => Ok(Vec::new()),
            Err(error @ (DnsError::Temporary(_) | DnsError::Bogus)) => Err(error),
        }
    }

    async fn texts(&self, name: &str) -> Result<Vec<String>, DnsError> {
        let answer = self.ask(name, RecordType::TXT).await?;
        let texts = answer.only(|record| {
            let RData::TXT(text) = &record.data else { return None };
            Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned())
        });
        texts.map(|texts| texts.records)
    }
}

/// Used if the system has no name servers: hops given by address still work.
pub(crate) struct NoResolver(pub(crate) String);

#[async_trait]
impl Resolver for NoResolver {
    async fn addresses(&self, _host: &str) -> Result<Vec<IpAddr>, DnsError> {
        Err(DnsError::Temporary(self.0.clone()))
    }

    async fn mx(&self, _domain: &str) -> Result<DnsAnswer<Mx>, DnsError> {
        Err(DnsError::Temporary(self.0.clone()))
    }

    async fn exchanger(&self, _host: &str) -> Result<DnsAnswer<IpAddr>, DnsError> {
        Err(DnsError::Temporary(self.0.clone()))
    }

    async fn tlsa(&self, _host: &str, _port: u16) -> Result<Vec<Tlsa>, DnsError> {
        Err(DnsError::Temporary(self.0.clone()))
    }

    async fn texts(&self, _name: &str) -> Result<Vec<String>, DnsError> {
        Err(DnsError::Temporary(self.0.clone()))
    }
}

/// With its final dot no search list is tried: a recipient's domain is never completed by ours.
pub(crate) fn absolute(name: &str) -> String {
    if name.ends_with('.') { name.to_owned() } else { format!("{name}.") }
}

pub(crate) fn dns_error(error: &NetError) -> DnsError {
    if is_bogus(error) || lacks_its_zone(error) {
        DnsError::Bogus
    } else if error.is_nx_domain() {
        DnsError::NoSuchName
    } else if error.is_no_records_found() {
        // SERVFAIL and REFUSED without records are reported alike; only NOERROR means that there are none.
        no_records(error)
    } else {
        DnsError::Temporary(error.to_string())
    }
}

/// Whether an answer was rejected for its signatures.
fn is_bogus(error: &NetError) -> bool {
    use hickory_resolver::net::DnsError as Semantic;
    let NetError::Dns(error) = error else { return false };
    matches!(error, Semantic::DnssecBogus)
        || matches!(error, Semantic::Nsec { proof, .. } if *proof == Signature::Bogus)
}

/// Whether an answer is a signed denial with more than 100 iterations of NSEC3: it counts as an unsigned one
/// (RFC 9276 §3.2). Believed of TLSA records alone, without which a letter goes as to an unsigned domain; not of
/// exchangers, where it would lead elsewhere.
fn denies_with_too_many_iterations(error: &NetError) -> bool {
    use hickory_resolver::net::DnsError as Semantic;
    let NetError::Dns(Semantic::Nsec { proof: Signature::Insecure, response, .. }) = error else {
        return false;
    };
    response.answers.is_empty()
}

/// Whether a signed denial does not prove which zone it is of: without that (a signed SOA) hickory looks for the wildcard
/// in the wrong place.
fn lacks_its_zone(error: &NetError) -> bool {
    use hickory_resolver::net::DnsError as Semantic;
    let NetError::Dns(Semantic::NoRecordsFound(none)) = error else { return false };
    let has = |kinds: &[RecordType]| {
        let authorities = none.authorities.iter().flat_map(|all| all.iter());
        let mut proven = authorities.filter(|record| record.proof == Signature::Secure);
        proven.any(|record| kinds.contains(&record.record_type()))
    };
    has(&[RecordType::NSEC, RecordType::NSEC3]) && !has(&[RecordType::SOA])
}

fn no_records(error: &NetError) -> DnsError {
    use hickory_resolver::net::DnsError as Semantic;
    use hickory_resolver::proto::op::ResponseCode;
    if let NetError::Dns(Semantic::NoRecordsFound(none)) = error
        && none.response_code == ResponseCode::NoError
    {
        return DnsError::NoRecords;
    }
    DnsError::Temporary(error.to_string())
}
