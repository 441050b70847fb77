//! The SMTP side of gateway.toml: listeners, logins, next hops, delivery.

use std::net::SocketAddr;
use std::path::PathBuf;

use sealpost_mail::{Address, Direction, Domain, TlsFloor};
use serde::Deserialize;
use toml::Spanned;

use super::units::{Size, Span};

/// `[[listener]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Listener {
    pub(crate) name: String,
    pub(crate) addresses: Spanned<Vec<SocketAddr>>,
    #[serde(default)]
    pub(crate) networks: Vec<Spanned<String>>,
    /// Domains that anyone may send to, with decryption of encrypted letters: this makes it a listener for
    /// outside mail.
    #[serde(default)]
    pub(crate) domains: Vec<Domain>,
    /// The list of existing recipients in `domains`; left out: all addresses.
    pub(crate) recipients: Option<Spanned<String>>,
    #[serde(default = "no")]
    pub(crate) auth: Spanned<bool>,
    #[serde(default = "no_tls")]
    pub(crate) tls: Spanned<ListenerTls>,
    pub(crate) certificate: Option<Spanned<PathBuf>>,
    pub(crate) key: Option<Spanned<PathBuf>>,
    #[serde(default)]
    pub(crate) tls_minimum: TlsMinimum,
    #[serde(default)]
    pub(crate) tls_required: bool,
    #[serde(default)]
    pub(crate) client_certificates: Vec<Spanned<String>>,
    /// Proxies that report the client's address with the PROXY protocol.
    #[serde(default)]
    pub(crate) proxy_protocol: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) without_proxy: WithoutProxy,
    /// Proxies that report the client with XCLIENT.
    #[serde(default)]
    pub(crate) xclient: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) xclient_again: XclientAgain,
    #[serde(default = "max_size")]
    pub(crate) max_size: Size,
    #[serde(default = "max_recipients")]
    pub(crate) max_recipients: usize,
    #[serde(default = "max_line")]
    pub(crate) max_line: usize,
    #[serde(default = "max_junk_commands")]
    pub(crate) max_junk_commands: u32,
    #[serde(default = "connections")]
    pub(crate) connections: usize,
    /// Left out: half of `connections`.
    pub(crate) reserved_connections: Option<Spanned<usize>>,
    #[serde(default = "connections_per_client")]
    pub(crate) connections_per_client: usize,
    #[serde(default = "idle")]
    pub(crate) idle: Span,
    #[serde(default = "session")]
    pub(crate) session: Span,
    #[serde(default = "data_time")]
    pub(crate) data_time: Span,
}

impl Listener {
    /// The direction of letters that arrive at it.
    pub(crate) fn direction(&self) -> Direction {
        match self.domains.is_empty() {
            true => Direction::Outbound,
            false => Direction::Inbound,
        }
    }
}

fn no() -> Spanned<bool> {
    Spanned::new(0..0, false)
}
fn no_tls() -> Spanned<ListenerTls> {
    Spanned::new(0..0, ListenerTls::Off)
}
fn max_size() -> Size {
    Size::mib(50)
}
fn max_recipients() -> usize {
    1000
}
fn max_line() -> usize {
    1024 * 1024
}
fn max_junk_commands() -> u32 {
    100
}
fn connections() -> usize {
    500
}
fn connections_per_client() -> usize {
    200
}
fn idle() -> Span {
    Span::secs(300)
}
fn session() -> Span {
    Span::secs(1800)
}
fn data_time() -> Span {
    Span::secs(600)
}

/// How clients are treated that do not come through a proxy, if `proxy-protocol` names some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WithoutProxy {
    #[default]
    Refuse,
    /// Under their own address.
    Take,
}

/// How a second XCLIENT in one session is treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum XclientAgain {
    /// Refused: it may come from the client itself.
    #[default]
    Refuse,
    Take,
}

/// How a listener speaks TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ListenerTls {
    #[default]
    Off,
    Starttls,
    Implicit,
}

/// The oldest TLS version a listener speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum TlsMinimum {
    #[default]
    #[serde(rename = "1.2")]
    Tls12,
    #[serde(rename = "1.3")]
    Tls13,
}

/// `[[login]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Login {
    pub(crate) name: String,
    pub(crate) password: Spanned<String>,
}

/// `[hops.NAME]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Hop {
    pub(crate) host: Spanned<String>,
    #[serde(default = "smtp_port")]
    pub(crate) port: u16,
    #[serde(default)]
    pub(crate) tls: HopTls,
    #[serde(default)]
    pub(crate) floor: Floor,
    pub(crate) ca: Option<Spanned<PathBuf>>,
    pub(crate) login: Option<String>,
    pub(crate) password_file: Option<Spanned<PathBuf>>,
    pub(crate) certificate: Option<Spanned<PathBuf>>,
    pub(crate) key: Option<Spanned<PathBuf>>,
}

fn smtp_port() -> u16 {
    25
}

/// How a next hop is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum HopTls {
    Off,
    #[default]
    Starttls,
    Implicit,
}

/// The minimum that a next hop must prove.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Floor {
    #[default]
    None,
    Encrypted,
    Verified,
}

impl From<Floor> for TlsFloor {
    fn from(floor: Floor) -> Self {
        match floor {
            Floor::None => Self::None,
            Floor::Encrypted => Self::Encrypted,
            Floor::Verified => Self::Verified,
        }
    }
}

/// `[delivery]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Delivery {
    pub(crate) route: Spanned<String>,
    pub(crate) reports: Option<Spanned<String>>,
    pub(crate) report_from: Address,
    #[serde(default = "report_name")]
    pub(crate) report_name: String,
    #[serde(default = "retry")]
    pub(crate) retry: Spanned<Vec<Span>>,
    #[serde(default = "give_up")]
    pub(crate) give_up: Span,
    #[serde(default = "delay_notice")]
    pub(crate) delay_notice: Span,
    #[serde(default = "out_connections")]
    pub(crate) connections: usize,
    #[serde(default = "out_per_destination")]
    pub(crate) connections_per_destination: usize,
    #[serde(default = "recipients_per_transaction")]
    pub(crate) recipients_per_transaction: Spanned<usize>,
    /// Longer lines are broken.
    #[serde(default = "longest_line")]
    pub(crate) max_line: Spanned<usize>,
    #[serde(default)]
    pub(crate) private_networks: Vec<Spanned<String>>,
    /// Left out: the system's.
    #[serde(default)]
    pub(crate) name_servers: Vec<SocketAddr>,
    #[serde(default)]
    pub(crate) dane: bool,
    /// Instead of the root's keys.
    pub(crate) trust_anchor: Option<Spanned<PathBuf>>,
    #[serde(default)]
    pub(crate) mta_sts: bool,
    /// Root certificates for MTA-STS and reports by https, instead of the public ones.
    pub(crate) roots: Option<Spanned<PathBuf>>,
    pub(crate) tls_reports: Option<TlsReports>,
}

/// `[delivery.tls-reports]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TlsReports {
    pub(crate) organization_name: Spanned<String>,
    pub(crate) contact: Address,
    /// Where others send reports about our own servers: used for DNS records only.
    #[serde(default)]
    pub(crate) receive_at: Vec<Spanned<String>>,
}

/// `[[delivery-minimum]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct DeliveryMinimum {
    pub(crate) domains: Spanned<Vec<Domain>>,
    #[serde(default)]
    pub(crate) tls: Floor,
    #[serde(default)]
    pub(crate) pins: Vec<Spanned<String>>,
}

fn report_name() -> String {
    "Sealpost".to_owned()
}
fn retry() -> Spanned<Vec<Span>> {
    let minutes = [1, 5, 15, 30, 60, 120, 240];
    Spanned::new(0..0, minutes.map(|m| Span::secs(m * 60)).to_vec())
}
fn give_up() -> Span {
    Span::secs(5 * 86_400)
}
fn delay_notice() -> Span {
    Span::secs(4 * 3600)
}
fn out_connections() -> usize {
    40
}
fn out_per_destination() -> usize {
    20
}
fn longest_line() -> Spanned<usize> {
    Spanned::new(0..0, 998)
}
fn recipients_per_transaction() -> Spanned<usize> {
    Spanned::new(0..0, 50)
}
