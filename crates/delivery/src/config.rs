//! What an operator may set for delivery, already checked. Knows no file format.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use sealpost_mail::{Address, Secret, TlsFloor};
use sealpost_notice::Language;

use crate::client_certificate::ClientCertificate;
use crate::dkim::{DkimKeys, DkimScope};
use crate::resolve::NameServers;
use crate::retry::RetryPlan;
use crate::ticket::Route;

/// Everything the runner is told.
#[derive(Clone, Debug)]
pub struct DeliveryConfig {
    /// Our host name: EHLO, reports, loop detection.
    pub our_name: String,
    /// Other names we are known by: a mail exchanger of that name is ourselves.
    pub our_other_names: Vec<String>,
    /// Addresses we listen on outside: a mail exchanger there is ourselves.
    pub our_addresses: Vec<IpAddr>,
    /// Next hops by name.
    pub hops: HashMap<String, NextHop>,
    /// How reports find the way back to the sender: mostly the insurer's own server.
    pub report_route: Route,
    /// Sender shown in reports: display name and address. The envelope sender of a report is null.
    pub report_from: (String, Address),
    /// Languages of reports, one below the other.
    pub report_languages: Vec<Language>,
    /// Connections to one destination at a time.
    pub concurrency_per_destination: usize,
    /// Recipients of one letter in one transaction at most; RFC 5321 §4.5.3.1.8 lets servers stop at 100.
    pub recipients_per_transaction: usize,
    /// The longest line that is sent, without its CRLF; longer ones are broken. RFC 5321 §4.5.3.1.6 lets servers stop at 998.
    pub longest_line: usize,
    /// Connections to all destinations at a time.
    pub concurrency_total: usize,
    /// Bytes of opened letters held in memory at a time.
    pub memory_budget: usize,
    /// Legs taken from the store at a time.
    pub batch: usize,
    /// When to try again, and how long.
    pub retry: RetryPlan,
    /// How long a destination that cannot be reached is left alone at first, and at most.
    pub backoff: (Duration, Duration),
    /// Deadlines on the wire.
    pub timeouts: Timeouts,
    /// Whom MTA-STS trusts, for exchangers and for policies.
    pub trust: Trust,
    /// Whom to ask about the world's domains; DANE (RFC 7672) counts if their answers are validated.
    pub name_servers: NameServers,
    /// Whether MTA-STS policies are asked for and kept (RFC 8461), and at which port: 443 everywhere but in tests.
    pub mta_sts: Option<u16>,
    /// What the operator asks of the exchangers of some domains, by A-label.
    pub domains: HashMap<String, DomainMinimum>,
    /// Port of mail exchangers: 25 everywhere but in tests.
    pub mx_port: u16,
    /// Whether mail exchangers may be on a loopback address: never but in tests and the demo.
    pub mx_loopback: bool,
    /// Networks that are not public, but mail exchangers may be in.
    pub private_networks: Vec<IpNet>,
    /// Look into the store this often although nobody woke us: only where other processes queue legs.
    pub recheck: Option<Duration>,
    /// What signs the mail we write and change.
    pub dkim: DkimKeys,
    /// Which letters it signs.
    pub dkim_scope: DkimScope,
    /// In whose name domains are told how their servers speak TLS (RFC 8460); none: they are not told.
    pub tls_reports: Option<TlsReportTerms>,
}

/// In whose name domains are told how their servers speak TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsReportTerms {
    /// RFC 8460 §4.4 organization-name.
    pub organization: String,
    /// RFC 8460 §4.4 contact-info.
    pub contact: Address,
}

impl DeliveryConfig {
    /// The defaults around the three things that have none.
    #[must_use]
    pub fn new(our_name: &str, report_from: (String, Address), report_route: Route) -> Self {
        Self {
            our_name: our_name.to_owned(),
            our_other_names: Vec::new(),
            our_addresses: Vec::new(),
            hops: HashMap::new(),
            report_route,
            report_from,
            report_languages: Language::all().collect(),
            concurrency_per_destination: 20,
            recipients_per_transaction: 50,
            longest_line: 998,
            concurrency_total: 100,
            memory_budget: 64 * 1024 * 1024,
            batch: 256,
            retry: RetryPlan::default(),
            backoff: (Duration::from_secs(5), Duration::from_secs(600)),
            timeouts: Timeouts::default(),
            trust: Trust::WebPki,
            name_servers: NameServers::default(),
            mta_sts: None,
            domains: HashMap::new(),
            mx_port: 25,
            mx_loopback: false,
            private_networks: Vec::new(),
            recheck: None,
            dkim: DkimKeys::default(),
            dkim_scope: DkimScope::Ours,
            tls_reports: None,
        }
    }

    /// Connections to the world's servers at a time: of all of them some are kept for the operator's own, as many as one of those may
    /// have, but no more than a quarter.
    pub(crate) fn concurrency_to_world(&self) -> usize {
        let all = self.concurrency_total.max(1);
        (all - self.concurrency_per_destination.min(all / 4)).max(1)
    }

    /// Networks that are not public, and hosts with policies of MTA-STS may be in all the same, as their exchangers may.
    pub(crate) fn policy_networks(&self) -> Vec<IpNet> {
        [self.private_networks.clone(), self.report_networks()].concat()
    }

    /// The same for receivers of reports: whoever publishes a record says where they are, so none inside is meant.
    pub(crate) fn report_networks(&self) -> Vec<IpNet> {
        match self.mx_loopback {
            true => ["127.0.0.0/8", "::1/128"].iter().filter_map(|net| net.parse().ok()).collect(),
            false => Vec::new(),
        }
    }
}

/// The least that the exchangers of a domain must prove, whatever the letter and whatever the domain publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainMinimum {
    /// `Verified` is proven by DANE, MTA-STS or a pin.
    pub floor: TlsFloor,
    /// SHA-256 of the SubjectPublicKeyInfo of each key that may be shown; if there are any, nothing else counts.
    pub pins: Vec<[u8; 32]>,
}

/// A server that takes letters for us.
#[derive(Clone, Debug)]
pub struct NextHop {
    /// Host name or IP address. No MX lookup is made for it.
    pub host: String,
    /// The port of the next hop.
    pub port: u16,
    /// How TLS begins.
    pub tls: HopTls,
    /// The least every letter over this hop gets; a letter's own floor can raise it.
    pub floor: TlsFloor,
    /// Whom the `verified` floor trusts here.
    pub trust: Trust,
    /// Name in the certificate, if it is not `host`.
    pub certificate_name: Option<String>,
    /// AUTH, sent only inside TLS.
    pub login: Option<Login>,
    /// The certificate we show where it asks for one.
    pub identity: Option<ClientCertificate>,
}

impl NextHop {
    /// A hop without login that uses STARTTLS if offered.
    #[must_use]
    pub fn new(host: &str, port: u16) -> Self {
        Self {
            host: host.to_owned(),
            port,
            tls: HopTls::StartTls,
            floor: TlsFloor::None,
            trust: Trust::WebPki,
            certificate_name: None,
            login: None,
            identity: None,
        }
    }
}

/// How TLS begins on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HopTls {
    /// Never: only with floor `none`.
    Clear,
    /// RFC 3207, if the peer offers it.
    StartTls,
    /// RFC 8314 §3: from the first byte.
    Implicit,
}

/// Which certificate authorities count for the `verified` floor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Trust {
    /// The world's (Mozilla's list).
    #[default]
    WebPki,
    /// Those in this PEM file and no other.
    File(PathBuf),
}

/// AUTH PLAIN or LOGIN (RFC 4954).
#[derive(Clone, Debug)]
pub struct Login {
    /// The user name for AUTH.
    pub name: String,
    /// The password for AUTH.
    pub password: Secret<String>,
}

/// How long each step may take (RFC 5321 §4.5.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// TCP connect, and the TLS handshake.
    pub connect: Duration,
    /// Time limit for the 220 greeting (§4.5.3.2.1).
    pub greeting: Duration,
    /// Time limit for the replies to EHLO, STARTTLS and AUTH.
    pub hello: Duration,
    /// Time limit for the reply to MAIL (§4.5.3.2.2).
    pub mail: Duration,
    /// Time limit for the reply to RCPT (§4.5.3.2.3).
    pub recipient: Duration,
    /// Time limit for the reply to DATA (§4.5.3.2.4).
    pub data: Duration,
    /// §4.5.3.2.5 each block of the letter.
    pub block: Duration,
    /// §4.5.3.2.6 the answer to the final dot: long, because giving up here means duplicates.
    pub end: Duration,
    /// All replies to RCPT of one transaction together.
    pub recipients: Duration,
    /// Octets per second that the letter must reach on average once it is under way for longer than `grace`.
    pub rate: u64,
    /// How long a letter may be slower than `rate`.
    pub grace: Duration,
    /// A whole attempt up to the final dot, whatever each step may take. What the lease of a leg leaves counts if that
    /// is less.
    pub attempt: Duration,
    /// After so long a destination that failed is tried over one more connection, whatever the one on trial still
    /// waits for.
    pub trial: Duration,
    /// A kept connection without work is closed after this.
    pub idle: Duration,
    /// A connection is closed after this many letters.
    pub letters_per_connection: u32,
}

impl Default for Timeouts {
    fn default() -> Self {
        let minutes = |m: u64| Duration::from_secs(m * 60);
        Self {
            connect: Duration::from_secs(30),
            greeting: minutes(5),
            hello: minutes(5),
            mail: minutes(5),
            recipient: minutes(5),
            data: minutes(2),
            block: minutes(3),
            end: minutes(10),
            recipients: minutes(15),
            rate: 1024,
            grace: minutes(3),
            attempt: minutes(40),
            trial: Duration::from_secs(20),
            idle: Duration::from_secs(10),
            letters_per_connection: 1000,
        }
    }
}
