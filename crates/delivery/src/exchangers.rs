//! The mail exchangers of a recipient's domain: in which order they are tried (RFC 5321 §5.1), and what each must prove
//! by what the domain publishes: DANE (RFC 7672), MTA-STS (RFC 8461), or the operator's pins. Connects nowhere.

use std::cmp::Reverse;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use sealpost_mail::{Random, Timestamp, TlsFloor};

use crate::config::{DeliveryConfig, HopTls};
use crate::dane::{Associations, Tlsa};
use crate::endpoint::{Endpoint, Expected};
use crate::outcome::{DeliveryFailure, TlsLacking};
use crate::public_internet;
use crate::resolve::{DnsAnswer, DnsError, Mx, Proof, Resolver};
use crate::sts::Policy;
use crate::sts_cache::{StsAnswer, StsPolicies};
use crate::tls_session::{AppliedPolicy, Counted, Published, ResultType, TlsFailure, Trial};

/// More addresses are not tried in one attempt (RFC 5321 §5.1: at least two).
pub(crate) const MAX: usize = 8;

/// What is needed to find anybody's servers.
pub(crate) struct World<'a> {
    pub(crate) config: &'a DeliveryConfig,
    pub(crate) resolver: &'a dyn Resolver,
    pub(crate) random: &'a dyn Random,
    /// None: nobody's policy is asked for.
    pub(crate) policies: Option<&'a StsPolicies>,
    /// Is told of sessions that cannot even begin, for the report to their domain.
    pub(crate) failed: &'a (dyn Fn(&str, &AppliedPolicy, TlsFailure) + Send + Sync),
}

/// What a connection to one server must be like.
#[derive(Clone)]
struct Demand {
    floor: TlsFloor,
    expected: Expected,
    /// As what its sessions are counted; none: what holds is the operator's own.
    counted: Option<(Arc<AppliedPolicy>, Trial)>,
}

/// Why a server is left out.
enum Barred {
    /// Nobody knows now whether it publishes anything: it could be made to look as if it did not (RFC 7672 §2.1.1).
    Doubtful(String),
    /// The letter needs a server that is proven to be the domain's, and nothing proves it.
    Unproven,
    /// The domain's MTA-STS policy does not name it (RFC 8461 §5).
    Disallowed,
}

/// The servers to try for a domain, best first; never empty.
pub(crate) async fn endpoints(
    domain: &str,
    (floor, published): (TlsFloor, Published),
    world: &World<'_>,
    now: Timestamp,
) -> Result<Vec<Endpoint>, DeliveryFailure> {
    let World { config, resolver, random, policies, failed: tell } = *world;
    let endpoint = |host: &str, address: IpAddr, demand: Demand| Endpoint {
        host: host.to_owned(),
        address: SocketAddr::new(address, config.mx_port),
        certificate_name: host.to_owned(),
        tls: HopTls::StartTls,
        floor: demand.floor,
        expected: demand.expected,
        trust: config.trust.clone(),
        login: None,
        identity: None,
        counted: demand.counted.map(|(policy, trial)| Counted { domain: domain.to_owned(), policy, trial }),
    };
    let reach = |address| may_be_reached(address, config, published);
    // Where the operator asks for something, that counts whatever is told.
    let published = if floor == TlsFloor::None { published } else { Published::Counts };
    let pinned = config.domains.get(domain).and_then(|minimum| Associations::pinned(&minimum.pins));
    if let Some(address) = literal(domain) {
        refuse_ourselves(address, config)?;
        if !reach(address) {
            return Err(DeliveryFailure::Inside { address });
        }
        // Nothing is published for an address, and nobody is told of it.
        let demand = demand(floor, pinned, Vec::new(), &StsAnswer::none(), domain, domain);
        return match demand {
            Ok(demand) => {
                let demand = Demand { counted: None, ..demand };
                Ok(vec![endpoint(&address.to_string(), address, demand)])
            }
            Err(barred) => Err(barred.into()),
        };
    }
    let failed = |policy: &AppliedPolicy, failure: TlsFailure| {
        if published == Published::Counts && pinned.is_none() {
            tell(domain, policy, failure);
        }
    };
    let (hosts, proof) = match resolver.mx(domain).await {
        Ok(DnsAnswer { records, proof }) => (order(records, config, random)?, proof),
        // RFC 5321 §5.1: without MX records the domain itself is the server. Whether that is proven its addresses tell:
        // they are in the same zone.
        Err(DnsError::NoRecords) => (vec![domain.to_owned()], Proof::Signed),
        Err(DnsError::NoSuchName) => return Err(DeliveryFailure::NoSuchDomain),
        Err(DnsError::Bogus) => {
            let cause = DnsError::Bogus.to_string();
            failed(&AppliedPolicy::none(), TlsFailure::new(ResultType::DnssecInvalid, &cause));
            return Err(DeliveryFailure::Dns { cause });
        }
        Err(DnsError::Temporary(cause)) => return Err(DeliveryFailure::Dns { cause }),
    };
    let policy = match (policies, published) {
        (Some(policies), Published::Counts) if pinned.is_none() => {
            let asked = policies.of(domain, resolver, now).await;
            asked.map_err(|error| DeliveryFailure::Local { cause: error.to_string() })?
        }
        (Some(_) | None, Published::Counts | Published::PassedBy) => StsAnswer::none(),
    };
    if let Some(trouble) = &policy.trouble {
        failed(&policy.applied(), TlsFailure::new(trouble.result, &trouble.cause));
    }
    let mut found = Vec::new();
    let mut doubt = None;
    let mut barred_by = None;
    let mut inside = None;
    for host in hosts {
        let DnsAnswer { records: addresses, proof: of_host } = match resolver.exchanger(&host).await {
            Ok(answer) => answer,
            Err(DnsError::NoSuchName | DnsError::NoRecords) => continue,
            Err(error @ (DnsError::Temporary(_) | DnsError::Bogus)) => {
                doubt = Some(error.to_string());
                continue;
            }
        };
        // RFC 7672 §2.2: only down a chain that is signed from the MX records on.
        let asks_for_tlsa = pinned.is_none() && published == Published::Counts;
        let tlsa = match (asks_for_tlsa, proof, of_host) {
            (true, Proof::Signed, Proof::Signed) => match resolver.tlsa(&host, config.mx_port).await {
                Ok(records) => Ok(records),
                Err(error) => {
                    let cause = format!("the TLSA records of {host}: {error}");
                    if error == DnsError::Bogus {
                        let failure = TlsFailure::of_host(ResultType::DnssecInvalid, &host, &cause);
                        failed(&AppliedPolicy::tlsa(&[]), failure);
                    }
                    Err(Barred::Doubtful(cause))
                }
            },
            (false, _, _) | (true, Proof::Unsigned, _) | (true, _, Proof::Unsigned) => Ok(Vec::new()),
        };
        let demanded =
            tlsa.and_then(|records| demand(floor, pinned.clone(), records, &policy, &host, domain));
        let demanded = match demanded {
            Ok(demanded) if published == Published::PassedBy => Demand { counted: None, ..demanded },
            Ok(demanded) => demanded,
            Err(Barred::Doubtful(cause)) => {
                doubt = Some(cause);
                continue;
            }
            Err(other @ (Barred::Unproven | Barred::Disallowed)) => {
                let (applied, failure) = barred(&other, &policy, &host);
                failed(&applied, failure);
                barred_by = Some(other);
                continue;
            }
        };
        for address in addresses {
            match refuse_ourselves(address, config) {
                Ok(()) if reach(address) => {
                    found.push(endpoint(&host, address, demanded.clone()));
                }
                Ok(()) => inside = Some(address),
                // Servers behind ourselves in the order would send it back to us.
                Err(itself) if found.is_empty() => return Err(itself),
                Err(_itself) => return Ok(found),
            }
        }
        if found.len() >= MAX {
            found.truncate(MAX);
            break;
        }
    }
    match (found.is_empty(), doubt, barred_by, inside) {
        (false, _, _, _) => Ok(found),
        (true, Some(cause), _, _) => Err(DeliveryFailure::Dns { cause }),
        (true, None, Some(barred), _) => Err(barred.into()),
        (true, None, None, Some(address)) => Err(DeliveryFailure::Inside { address }),
        (true, None, None, None) => Err(DeliveryFailure::NoServer),
    }
}

/// What a server must prove for a letter with this floor: what the operator pinned; else what it publishes by DANE, which
/// MTA-STS does not override (RFC 8461 §2); else the domain's policy.
fn demand(
    floor: TlsFloor,
    pinned: Option<Associations>,
    published: Vec<Tlsa>,
    policy: &StsAnswer,
    host: &str,
    domain: &str,
) -> Result<Demand, Barred> {
    if let Some(pinned) = pinned {
        let expected = Expected::Match(pinned);
        return Ok(Demand { floor: TlsFloor::Verified, expected, counted: None });
    }
    if let Some(associations) = Associations::of(&published, &[host, domain]) {
        let counted = Some((Arc::new(AppliedPolicy::tlsa(&published)), Trial::Nothing));
        let expected = Expected::Match(associations);
        return Ok(Demand { floor: TlsFloor::Verified, expected, counted });
    }
    // RFC 7672 §2.2: records of which none is usable still promise TLS.
    let (floor, unusable) = match published.as_slice() {
        [] => (floor, None),
        records => {
            let applied = Arc::new(AppliedPolicy::tlsa(records));
            (floor.max(TlsFloor::Encrypted), Some((applied, Trial::UnusableTlsa)))
        }
    };
    let sts = |trial| Some((policy.applied(), trial));
    match (&policy.policy, floor) {
        (Policy::Enforce(servers), _) if servers.allow(host) => {
            let expected = Expected::Chain;
            Ok(Demand { floor: TlsFloor::Verified, expected, counted: sts(Trial::Nothing) })
        }
        (Policy::Enforce(_), _) => Err(Barred::Disallowed),
        (Policy::Testing(_) | Policy::Off, TlsFloor::Verified) => Err(Barred::Unproven),
        (Policy::Testing(servers), TlsFloor::None | TlsFloor::Encrypted) => {
            let trial = if servers.allow(host) { Trial::Certificate } else { Trial::Unnamed };
            Ok(Demand { floor, expected: Expected::Any, counted: unusable.or_else(|| sts(trial)) })
        }
        (Policy::Off, TlsFloor::None | TlsFloor::Encrypted) => {
            let counted = unusable.or_else(|| Some((Arc::new(AppliedPolicy::none()), Trial::Nothing)));
            Ok(Demand { floor, expected: Expected::Any, counted })
        }
    }
}

/// What the domain is told of a server that was left out.
fn barred(by: &Barred, policy: &StsAnswer, host: &str) -> (Arc<AppliedPolicy>, TlsFailure) {
    match by {
        Barred::Disallowed => {
            let reason = "the MTA-STS policy does not name this server";
            (policy.applied(), TlsFailure::of_host(ResultType::ValidationFailure, host, reason))
        }
        // RFC 8460 §4.3.2.1: the closest word there is.
        Barred::Unproven | Barred::Doubtful(_) => {
            let reason = "we ask for DANE, or an MTA-STS policy in force, and there is none";
            (Arc::new(AppliedPolicy::none()), TlsFailure::of_host(ResultType::DaneRequired, host, reason))
        }
    }
}

impl From<Barred> for DeliveryFailure {
    fn from(barred: Barred) -> Self {
        let below =
            |cause: &str| Self::BelowFloor { lacking: TlsLacking::NotOffered, cause: cause.to_owned() };
        match barred {
            Barred::Doubtful(cause) => Self::Dns { cause },
            Barred::Unproven => {
                below("neither DANE nor MTA-STS nor a pinned key says which servers are those of the domain")
            }
            Barred::Disallowed => below("the domain's MTA-STS policy names none of its servers"),
        }
    }
}

/// Orders the exchangers: by preference, equals shuffled (RFC 5321 §5.1), only those better than ourselves.
fn order(
    mut records: Vec<Mx>,
    config: &DeliveryConfig,
    random: &dyn Random,
) -> Result<Vec<String>, DeliveryFailure> {
    if records.iter().all(|mx| mx.host.is_empty()) {
        return Err(DeliveryFailure::NullMx);
    }
    records.retain(|mx| !mx.host.is_empty());
    let ours = |host: &str| {
        std::iter::once(&config.our_name)
            .chain(&config.our_other_names)
            .any(|name| name.eq_ignore_ascii_case(host))
    };
    if let Some(own) = records.iter().filter(|mx| ours(&mx.host)).map(|mx| mx.preference).min() {
        records.retain(|mx| mx.preference < own);
        if records.is_empty() {
            return Err(DeliveryFailure::Loop);
        }
    }
    records.sort_by_cached_key(|mx| {
        let mut raw = [0_u8; 8];
        random.fill(&mut raw);
        (mx.preference, Reverse(raw))
    });
    Ok(records.into_iter().map(|mx| mx.host).collect())
}

/// A public domain whose server is a loopback or unspecified address leads into this machine.
fn refuse_ourselves(address: IpAddr, config: &DeliveryConfig) -> Result<(), DeliveryFailure> {
    let address = address.to_canonical();
    let inside = address.is_unspecified() || (address.is_loopback() && !config.mx_loopback);
    if inside || config.our_addresses.contains(&address) { Err(DeliveryFailure::Loop) } else { Ok(()) }
}

/// Whether mail for the world may go to this address: a recipient, and whoever holds a domain, could otherwise
/// make us speak to the machines around us. Where a report goes a stranger's record says, which means none inside: not even
/// those where the operator's letters go.
fn may_be_reached(address: IpAddr, config: &DeliveryConfig, published: Published) -> bool {
    let address = address.to_canonical();
    let is_named = match published {
        Published::Counts => config.private_networks.iter().any(|network| network.contains(&address)),
        Published::PassedBy => false,
    };
    public_internet::is_public(address) || (address.is_loopback() && config.mx_loopback) || is_named
}

/// RFC 5321 §4.1.3 address literal.
fn literal(domain: &str) -> Option<IpAddr> {
    let inner = domain.strip_prefix('[')?.strip_suffix(']')?;
    match inner.strip_prefix("ipv6:") {
        Some(v6) => v6.parse().ok().map(IpAddr::V6),
        None => inner.parse().ok().map(IpAddr::V4),
    }
}

#[cfg(test)]
#[path = "exchangers_tests.rs"]
mod tests;
