//! The operator's settings for delivery, already checked. Knows no file format.

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

/// The configuration of the runner.
#[derive(Clone, Debug)]
pub struct DeliveryConfig {
    /// Our host name: EHLO, reports, loop detection.
    pub our_name: String,
    /// Our other host names: a mail exchanger with one of these names is ourselves.
    pub our_other_names: Vec<String>,
    /// Our public addresses: a mail exchanger there is ourselves.
    pub our_addresses: Vec<IpAddr>,
    /// Next hops by name.
    pub hops: HashMap<String, NextHop>,
    /// The route of reports back to the sender: mostly the insurer's own server.
    pub report_route: Route,
    /// Sender shown in reports: display name and address. The envelope sender of a report is null.
    pub report_from: (String, Address),
    /// Languages of reports, one below the other.
    pub report_languages: Vec<Language>,
    /// Simultaneous connections to one destination.
    pub concurrency_per_destination: usize,
    /// Maximum number of recipients in one transaction; RFC 5321 §4.5.3.1.8 allows servers to stop at 100.
    pub recipients_per_transaction: usize,
    /// The longest line that is sent, without its CRLF; longer ones are broken. RFC 5321 §4.5.3.1.6 allows servers to stop at 998.
    pub longest_line: usize,
    /// Simultaneous connections to all destinations.
    pub concurrency_total: usize,
    /// Bytes of decrypted letters in memory at a time.
    pub memory_budget: usize,
    /// Legs leased from the store at a time.
    pub batch: usize,
    /// When to retry, and for how long.
    pub retry: RetryPlan,
    /// The first and the longest suspension of a destination that cannot be reached.
    pub backoff: (Duration, Duration),
    /// Deadlines on the wire.
    pub timeouts: Timeouts,
    /// Authorities trusted for MTA-STS, for exchangers and for policy hosts.
    pub trust: Trust,
    /// Name servers for public domains; DANE (RFC 7672) applies if their answers are validated.
    pub name_servers: NameServers,
    /// The port for MTA-STS policies (RFC 8461): 443 except in tests; `None`: MTA-STS is off.
    pub mta_sts: Option<u16>,
    /// The operator's requirements on the exchangers of some domains, by A-label.
    pub domains: HashMap<String, DomainMinimum>,
    /// Port of mail exchangers: 25 except in tests.
    pub mx_port: u16,
    /// Whether mail exchangers may be on a loopback address: only in tests and the demo.
    pub mx_loopback: bool,
    /// Non-public networks in which mail exchangers may be.
    pub private_networks: Vec<IpNet>,
    /// How often to check the store without being woken: only needed if other processes queue legs.
    pub recheck: Option<Duration>,
    /// The keys that sign the mail we write and change.
    pub dkim: DkimKeys,
    /// Which letters it signs.
    pub dkim_scope: DkimScope,
    /// Sender of TLS reports to domains (RFC 8460); `None`: no reports are sent.
    pub tls_reports: Option<TlsReportTerms>,
}

/// The sender of TLS reports to domains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsReportTerms {
    /// RFC 8460 §4.4 organization-name.
    pub organization: String,
    /// RFC 8460 §4.4 contact-info.
    pub contact: Address,
}

impl DeliveryConfig {
    /// The defaults, except for the three settings that have none.
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

    /// Simultaneous connections to public servers: some of the total are reserved for the operator's own, as many as one of those
    /// may have, but at most a quarter.
    pub(crate) fn concurrency_to_world(&self) -> usize {
        let all = self.concurrency_total.max(1);
        (all - self.concurrency_per_destination.min(all / 4)).max(1)
    }

    /// Non-public networks in which MTA-STS policy hosts may be: the same as for exchangers.
    pub(crate) fn policy_networks(&self) -> Vec<IpNet> {
        [self.private_networks.clone(), self.report_networks()].concat()
    }

    /// The same for receivers of reports: their location is set by a stranger's record, so none inside is intended.
    pub(crate) fn report_networks(&self) -> Vec<IpNet> {
        match self.mx_loopback {
            true => ["127.0.0.0/8", "::1/128"].iter().filter_map(|net| net.parse().ok()).collect(),
            false => Vec::new(),
        }
    }
}

/// The least that the exchangers of a domain must prove, whatever the letter requires and the domain publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainMinimum {
    /// `Verified` requires DANE, MTA-STS or a pin.
    pub floor: TlsFloor,
    /// SHA-256 of the SubjectPublicKeyInfo of each accepted key; if there are any, nothing else is accepted.
    pub pins: Vec<[u8; 32]>,
}

/// A server that accepts letters from us.
#[derive(Clone, Debug)]
pub struct NextHop {
    /// Host name or IP address. No MX lookup is made for it.
    pub host: String,
    /// The port of the next hop.
    pub port: u16,
    /// How TLS begins.
    pub tls: HopTls,
    /// The minimum TLS of every letter over this hop; a letter's own minimum can raise it.
    pub floor: TlsFloor,
    /// Authorities trusted for the `verified` minimum.
    pub trust: Trust,
    /// Name in the certificate, if it is not `host`.
    pub certificate_name: Option<String>,
    /// AUTH, sent only inside TLS.
    pub login: Option<Login>,
    /// The certificate we send if the server requests one.
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
    /// Never: only with minimum `none`.
    Clear,
    /// RFC 3207, if the peer offers it.
    StartTls,
    /// RFC 8314 §3: from the first byte.
    Implicit,
}

/// Which certificate authorities are trusted for the `verified` minimum.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Trust {
    /// The public ones (Mozilla's list).
    #[default]
    WebPki,
    /// Only those in this PEM file.
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
    /// Time limit for the TCP connection, and for the TLS handshake.
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
    /// §4.5.3.2.5: each block of the letter.
    pub block: Duration,
    /// §4.5.3.2.6: the reply to the final dot. Long, because giving up here means duplicates.
    pub end: Duration,
    /// All replies to RCPT of one transaction together.
    pub recipients: Duration,
    /// Average octets per second that the letter must reach after `grace`.
    pub rate: u64,
    /// How long a letter may be slower than `rate`.
    pub grace: Duration,
    /// A whole attempt up to the final dot, whatever each step may take. The rest of the leg's lease applies if it is shorter.
    pub attempt: Duration,
    /// After this time a destination that failed is tried over one more connection, even if the one on trial is still waiting.
    pub trial: Duration,
    /// A kept connection is closed after this time without work.
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
