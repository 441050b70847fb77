//! The mail exchangers of a recipient's domain: their order (RFC 5321 §5.1), and what each must prove by what the
//! domain publishes: DANE (RFC 7672), MTA-STS (RFC 8461), or the operator's pins. Opens no connection.

use std::cmp::Reverse;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use sealpost_mail::{Random, Timestamp, TlsFloor};
use tokio::time::Instant;

use crate::config::{DeliveryConfig, HopTls};
use crate::dane::{Associations, Tlsa};
use crate::endpoint::{Endpoint, Expected};
use crate::outcome::{DeliveryFailure, TlsLacking};
use crate::public_internet;
use crate::resolve::{DnsAnswer, DnsError, Mx, Proof, Resolver};
use crate::sts::Policy;
use crate::sts_cache::{StsAnswer, StsPolicies};
use crate::tls_session::{AppliedPolicy, Counted, Published, ResultType, TlsFailure, Trial};

/// Maximum number of addresses tried in one attempt (RFC 5321 §5.1: at least two).
pub(crate) const MAX: usize = 8;
/// Maximum number of exchangers that are looked up; further ones are not tried.
const MAX_HOSTS: usize = 16;
/// After this time no further exchangers are looked up: those found by then are tried.
const LOOK_UP: Duration = Duration::from_secs(60);
/// Maximum number of TLSA records of a server. More are no set of keys.
const MAX_TLSA: usize = 64;

/// The dependencies for finding a domain's servers.
pub(crate) struct World<'a> {
    pub(crate) config: &'a DeliveryConfig,
    pub(crate) resolver: &'a dyn Resolver,
    pub(crate) random: &'a dyn Random,
    /// `None`: MTA-STS is off.
    pub(crate) policies: Option<&'a StsPolicies>,
    /// Called for sessions that cannot even begin, for the report to their domain.
    pub(crate) failed: &'a (dyn Fn(&str, &AppliedPolicy, TlsFailure) + Send + Sync),
}

/// The requirements on a connection to one server.
#[derive(Clone)]
struct Demand {
    floor: TlsFloor,
    expected: Expected,
    /// How its sessions are counted; `None`: the requirements are the operator's own.
    counted: Option<(Arc<AppliedPolicy>, Trial)>,
}

/// Why a server is not used.
enum Barred {
    /// It is unknown whether it publishes TLSA records: an attacker may suppress them (RFC 7672 §2.1.1).
    Doubtful(String),
    /// The letter requires a server that is proven to be the domain's, and there is no proof.
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
    // The operator's requirements apply to reports, too.
    let published = if floor == TlsFloor::None { published } else { Published::Counts };
    let pinned = config.domains.get(domain).and_then(|minimum| Associations::pinned(&minimum.pins));
    if let Some(address) = literal(domain) {
        refuse_ourselves(address, config)?;
        if !reach(address) {
            return Err(DeliveryFailure::Inside { address });
        }
        // Nothing is published for an address literal, and there is no domain to report to.
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
        // RFC 5321 §5.1: without MX records the domain itself is the server. Whether that is proven follows from its
        // addresses: they are in the same zone.
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
    let started = Instant::now();
    for host in hosts {
        if started.elapsed() >= LOOK_UP {
            doubt = Some("it took too long".to_owned());
            break;
        }
        let DnsAnswer { records: addresses, proof: of_host } = match resolver.exchanger(&host).await {
            Ok(answer) => answer,
            Err(DnsError::NoSuchName | DnsError::NoRecords) => continue,
            Err(error @ (DnsError::Temporary(_) | DnsError::Bogus)) => {
                doubt = Some(error.to_string());
                continue;
            }
        };
        // RFC 7672 §2.2: only if the chain is signed from the MX records on.
        let asks_for_tlsa = pinned.is_none() && published == Published::Counts;
        let tlsa = match (asks_for_tlsa, proof, of_host) {
            (true, Proof::Signed, Proof::Signed) => match resolver.tlsa(&host, config.mx_port).await {
                Ok(records) if records.len() > MAX_TLSA => {
                    let cause =
                        format!("{host} has {} TLSA records, and {MAX_TLSA} are the most", records.len());
                    Err(Barred::Doubtful(cause))
                }
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
            if found.len() == MAX {
                break;
            }
            match refuse_ourselves(address, config) {
                Ok(()) if reach(address) => {
                    found.push(endpoint(&host, address, demanded.clone()));
                }
                Ok(()) => inside = Some(address),
                // Servers that come after ourselves would send it back to us.
                Err(itself) if found.is_empty() => return Err(itself),
                Err(_itself) => return Ok(found),
            }
        }
        if found.len() == MAX {
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

/// The requirements on a server for a letter with this minimum: the operator's pins; else what it publishes by DANE,
/// which MTA-STS does not override (RFC 8461 §2); else the domain's policy.
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
    // RFC 7672 §2.2: records of which none is usable still require TLS.
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

/// What is reported to the domain about a server that was not used.
fn barred(by: &Barred, policy: &StsAnswer, host: &str) -> (Arc<AppliedPolicy>, TlsFailure) {
    match by {
        Barred::Disallowed => {
            let reason = "the MTA-STS policy does not name this server";
            (policy.applied(), TlsFailure::of_host(ResultType::ValidationFailure, host, reason))
        }
        // RFC 8460 §4.3.2.1: the closest result type.
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

/// Orders the exchangers: by preference, equal ones shuffled (RFC 5321 §5.1), only those better than ourselves.
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
    Ok(records.into_iter().map(|mx| mx.host).take(MAX_HOSTS).collect())
}

/// A public domain with a loopback or unspecified address leads to this machine.
fn refuse_ourselves(address: IpAddr, config: &DeliveryConfig) -> Result<(), DeliveryFailure> {
    let address = address.to_canonical();
    let inside = address.is_unspecified() || (address.is_loopback() && !config.mx_loopback);
    if inside || config.our_addresses.contains(&address) { Err(DeliveryFailure::Loop) } else { Ok(()) }
}

/// Whether mail to the internet may go to this address: a recipient, or the owner of a domain, could otherwise make us
/// connect to internal machines. The destination of a report is set by a stranger's record, so none inside is allowed:
/// not even networks that are allowed for the operator's letters.
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
